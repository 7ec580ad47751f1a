//! Rules for secrets that operators choose. The errors never repeat a secret.
//!
//! Used by [`super`].

/// The fewest characters of the token for metrics: no shorter one withstands guessing.
const METRICS_TOKEN_CHARACTERS_MIN: usize = 16;
/// The fewest bytes of the key that signs tokens: as many as HMAC-SHA-256 uses (RFC 7518, section 3.2).
const SECRET_BYTES_MIN: usize = 32;
/// The fewest different characters of either. Random ones of this length have fewer than once in ten million times,
/// even of digits alone; what a hand on one key has typed has one.
const DIFFERENT_MIN: usize = 6;
/// The same of a token that may be half as long.
const DIFFERENT_IN_TOKEN_MIN: usize = 4;

/// How to make one.
const HOW: &str = "`openssl rand -hex 32` prints a good one";

/// The token with which metrics may be read.
pub(super) fn metrics_token(text: &str) -> Result<String, String> {
    // RFC 9110, section 5.5, and RFC 6750: what an Authorization header can hold after "Bearer ".
    if !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Err(format!("it must consist of ASCII characters, because it is sent in a header; {HOW}"));
    }
    if text.len() < METRICS_TOKEN_CHARACTERS_MIN {
        return Err(format!("it must be {METRICS_TOKEN_CHARACTERS_MIN} characters long or more; {HOW}"));
    }
    varied(text, DIFFERENT_IN_TOKEN_MIN)
}

/// The key that signs tokens.
pub(super) fn signing_key(text: &str) -> Result<String, String> {
    if text.len() < SECRET_BYTES_MIN {
        return Err(format!("it must be {SECRET_BYTES_MIN} characters long or more; {HOW}"));
    }
    varied(text, DIFFERENT_MIN)
}

fn varied(text: &str, min: usize) -> Result<String, String> {
    let different = text.chars().collect::<std::collections::HashSet<_>>().len();
    if different < min {
        return Err(format!("it has too few different characters, so it is easy to guess; {HOW}"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_can_be_guessed_or_not_be_sent_is_refused_and_not_repeated() {
        let long = "x".repeat(32);
        for bad in ["short", &long, &" ".repeat(32), &"ab".repeat(16), &"0".repeat(64)] {
            let refused = signing_key(bad).expect_err(bad);
            assert!(!refused.contains(bad), "{refused}");
        }
        for good in
            ["a secret of at least thirty-two characters", "0123456789abcdef0123456789abcdef", &"tüv98z".repeat(5)]
        {
            assert!(signing_key(good).is_ok(), "{good}");
        }
        for bad in ["short", "schlüssel-für-alles", &"x".repeat(16), "a token of metrics\n"] {
            let refused = metrics_token(bad).expect_err(bad);
            assert!(!refused.contains(bad), "{refused}");
        }
        for good in ["0123456789abcdef", "correct horse battery", "dGhlIHRva2VuIG9mIG1ldHJpY3M="] {
            assert!(metrics_token(good).is_ok(), "{good}");
        }
    }
}
