//! What a client likes best: the lists with weights of `Accept` and `Accept-Encoding` (RFC 9110,
//! section 12).
//!
//! May use nothing of ours. Used by the handlers of this room.

/// The members of such a list, whose lines these are, each with its weight: from 0, which means
/// "never", to 1, which is also that of a member without one. A weight that is none counts as 0.
pub(super) fn weighted<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (&'a str, f32)> {
    lines.flat_map(|line| line.split(',')).map(|member| {
        let mut parts = member.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        (name, weight.map_or(1.0, of))
    })
}

fn of(text: &str) -> f32 {
    text.parse().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0)
}

/// Whether these lines of `Accept` name HTML, as those of a browser do that opens a page, and not
/// those of a script or a picture.
pub(super) fn wants_html<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    weighted(lines).any(|(media, weight)| weight > 0.0 && media.eq_ignore_ascii_case("text/html"))
}

/// Whether gzip suits whoever sent these lines of `Accept-Encoding` at least as well as nothing.
pub(super) fn wants_gzip<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    for (coding, weight) in weighted(lines) {
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            gzip = Some(weight);
        } else if coding.eq_ignore_ascii_case("identity") {
            identity = Some(weight);
        } else if coding == "*" {
            any = Some(weight);
        }
    }
    gzip.or(any).is_some_and(|weight| weight > 0.0 && weight >= identity.unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::iter::{empty, once};

    #[test]
    fn gzip_is_for_those_who_name_it_and_not_for_those_who_rule_it_out() {
        for (accepts, wanted) in [
            ("gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("deflate, GZIP;q=0.5", true),
            ("x-gzip", true),
            ("*", true),
            ("br;q=1.0, *;q=0.1", true),
            ("gzip; q=1.000, identity;q=0.5", true),
            ("", false),
            ("br", false),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip ; Q=0.000, *", false),
            ("*;q=0", false),
            ("gzip;q=0.5, identity", false),
            ("gzip;q=x", false),
            ("gzip;q=nan", false),
            ("gzip;q=-1", false),
            ("gzipped", false),
        ] {
            assert_eq!(wants_gzip(once(accepts)), wanted, "{accepts}");
        }
        assert!(wants_gzip(["br", "gzip"].into_iter()));
        assert!(!wants_gzip(empty()));
    }

    #[test]
    fn a_page_is_for_those_who_name_html() {
        for (accept, wanted) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/json, Text/HTML; charset=utf-8; q=0.1", true),
            ("*/*", false),
            ("text/*", false),
            ("image/avif,image/webp,*/*", false),
            ("text/html;q=0", false),
            ("text/html5", false),
            ("", false),
        ] {
            assert_eq!(wants_html(once(accept)), wanted, "{accept}");
        }
    }
}
