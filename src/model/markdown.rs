//! Markdown of connectors as HTML that a page may show: bounded, rendered, then sanitised.
//!
//! Used by [`super::lifecycle`], which renders a further step once, when it is made, and by `store` for the steps of older
//! databases.

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd, html};
use std::cell::Cell;
use std::fmt::{self, Write};

/// The longest HTML, in bytes; instructions for people are a fraction of it. Lists of 1,000 instances hold all of theirs.
pub const HTML_BYTES_MAX: usize = 64 * 1024;
/// How deep elements may be nested; what is deeper is shown without its formatting.
const DEPTH_MAX: usize = 16;
/// What sanitising adds to a link, in bytes.
const LINK_BYTES: usize = 80;
/// What sanitising adds to a no-break space, which it writes as `&nbsp;`, in bytes.
const NO_BREAK_SPACE_BYTES: usize = 4;
/// The longest closing tag, in bytes: where there is too much, sanitising closes what is open.
const CLOSING_BYTES: usize = 16;
const SHORTENED: &str = "<p>… (shortened)</p>";

/// The HTML of a Markdown text, with nothing in it that runs or loads: no script, style, form or frame, and no image, from
/// whose server its publisher would learn who looks at the page. An image is a link to it instead, which is loaded on a
/// click. Links open a new page and go to http, https and mailto alone, never to a path of the page's own host.
///
/// HTML in the text is left out: a browser's parser, and the sanitiser's, repair unclosed elements at a cost that is the
/// product of their number and that of the blocks after them.
#[must_use]
pub fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let left = Cell::new(HTML_BYTES_MAX - SHORTENED.len() - DEPTH_MAX * CLOSING_BYTES);
    let mut rendered = Bounded { html: String::new(), left: &left };
    let whole = html::write_html_fmt(&mut rendered, shown(Parser::new_ext(markdown, options), &left)).is_ok();
    let mut html = Builder::default()
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(UrlRelative::Deny)
        .rm_tags(["img"])
        .set_tag_attribute_value("a", "target", "_blank")
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean(&rendered.html)
        .to_string();
    if !whole {
        html.push_str(SHORTENED);
    }
    html
}

/// HTML until there is too much of it.
struct Bounded<'a> {
    html: String,
    left: &'a Cell<usize>,
}

impl Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let bytes = text.len() + NO_BREAK_SPACE_BYTES * text.matches('\u{a0}').count();
        let left = self.left.get().checked_sub(bytes).ok_or(fmt::Error)?;
        self.left.set(left);
        self.html.push_str(text);
        Ok(())
    }
}

/// The events that are shown: without HTML, images as links, and no deeper than is allowed.
fn shown<'a>(events: impl Iterator<Item = Event<'a>>, left: &Cell<usize>) -> impl Iterator<Item = Event<'a>> {
    let mut depth = 0;
    // How deep the link is that is open: there is none within another.
    let mut link = None;
    let charge = move || left.set(left.get().saturating_sub(LINK_BYTES));
    let shown = move |event| match event {
        Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {
            [None, None]
        }
        Event::Start(tag) => {
            depth += 1;
            match tag {
                _ if depth > DEPTH_MAX => [None, None],
                Tag::Link { .. } | Tag::Image { .. } if link.is_some() => [None, None],
                Tag::Link { .. } => {
                    link = Some(depth);
                    charge();
                    [Some(Event::Start(tag)), None]
                }
                Tag::Image { dest_url, title, id, .. } => {
                    link = Some(depth);
                    charge();
                    let tag = Tag::Link { link_type: LinkType::Inline, dest_url, title, id };
                    [Some(Event::Start(tag)), Some(Event::Text("Image: ".into()))]
                }
                _ => [Some(Event::Start(tag)), None],
            }
        }
        Event::End(end) => {
            let at = depth;
            depth -= 1;
            match end {
                _ if at > DEPTH_MAX => [None, None],
                TagEnd::Link | TagEnd::Image if link != Some(at) => [None, None],
                TagEnd::Link | TagEnd::Image => {
                    link = None;
                    [Some(Event::End(TagEnd::Link)), None]
                }
                _ => [Some(Event::End(end)), None],
            }
        }
        other => [Some(other), None],
    };
    events.flat_map(shown).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn ordinary_markdown_is_rendered() {
        let html = to_html("# Hi\n\n- *one*\n- [two](https://example.com)\n");
        assert!(html.contains("<h1>Hi</h1>") && html.contains("<em>one</em>"), "{html}");
        assert!(
            html.contains(
                r#"<a href="https://example.com" target="_blank" rel="noopener noreferrer nofollow">two</a>"#
            ),
            "{html}"
        );
    }

    #[test]
    fn known_attacks_come_to_nothing() {
        let tags = Regex::new("<([^<>]*)>").expect("a pattern");
        for attack in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "![x](javascript:alert(1))",
            "<svg onload=alert(1)>",
            "<iframe src=https://evil.example></iframe>",
            "<a href=\"java&#x0A;script:alert(1)\">x</a>",
            "<style>*{display:none}</style>",
            "<form action=https://evil.example><input></form>",
            "<math><mtext></p><img src=x onerror=alert(1)>",
            "<div style=\"background:url(javascript:alert(1))\">x</div>",
            "<object data=x></object><embed src=x>",
            "<base href=https://evil.example>",
            "<meta http-equiv=refresh content=0>",
            "[x](vbscript:msgbox(1))",
            "[x](&#106;avascript:alert(1))",
            "[x]( javascript:alert(1))",
            "[x][a]\n\n[a]: javascript:alert(1)",
            "<javascript:alert(1)>",
            "<a href=\"\u{1}javascript:alert(1)\">x</a>",
            "<svg><animate onbegin=alert(1) attributeName=x></svg>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">",
            "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
            "<details open ontoggle=alert(1)>x</details>",
            "<template><script>alert(1)</script></template>",
            "<textarea><img title=\"</textarea><script>alert(1)</script>\"></textarea>",
            "```\n</code></pre><script>alert(1)</script>\n```",
            "`<script>alert(1)</script>`",
            "![x\" onerror=\"alert(1)](https://example.com/x.png)",
            "[x](https://example.com/\"onclick=\"alert(1))",
            "<a href=https://example.com ping=https://evil.example>x</a>",
            "<video><source onerror=alert(1)></video>",
            "<input autofocus onfocus=alert(1)>",
            "<img srcset=\"https://evil.example 1x\">",
        ] {
            let html = to_html(attack);
            for tag in tags.captures_iter(&html) {
                assert!(is_harmless(&tag[1]), "{attack} became {html}");
            }
        }
    }

    /// Whether a tag is one of those that show something, with attributes that cannot do anything.
    fn is_harmless(tag: &str) -> bool {
        let shows = "p|h1|em|strong|code|pre|blockquote|ul|ol|li|hr|br|a|div|details|summary|math|mtext|span";
        let url = r#" (href)="(https://|mailto:)[^"]*""#;
        let text = r#" (alt|title|rel|target)="[^"]*""#;
        Regex::new(&format!("^/?({shows})({url}|{text})*$")).expect("a pattern").is_match(tag)
    }

    #[test]
    fn nothing_is_asked_of_the_pages_own_host() {
        for (markdown, html) in [
            ("[x](/signin)", "<p><a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a></p>\n"),
            ("[x](//evil.example)", "<p><a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a></p>\n"),
        ] {
            assert_eq!(to_html(markdown), html);
        }
    }

    #[test]
    fn an_image_is_a_link_that_loads_nothing_until_it_is_opened() {
        let link = |url: &str, text: &str| {
            format!("<a href=\"{url}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">{text}</a>")
        };
        let image = link("https://example.com/x.png", "Image: x");
        for (markdown, html) in [
            ("![x](https://example.com/x.png)", image.clone()),
            ("![x][i]\n\n[i]: https://example.com/x.png", image.clone()),
            ("**![x](https://example.com/x.png)**", format!("<strong>{image}</strong>")),
            ("![](http://example.com/x.png)", link("http://example.com/x.png", "Image: ")),
            ("[![x](https://evil.example/x.png)](https://h/)", link("https://h/", "x")),
            ("![x [y](https://h/) z](https://example.com/x.png)", link("https://example.com/x.png", "Image: x y z")),
            ("<img src=https://evil.example/x.png>x", "x".to_owned()),
        ] {
            assert_eq!(to_html(markdown), format!("<p>{html}</p>\n"), "{markdown}");
        }
        for odd in ["![x](picture.png)", "![x](//evil.example/x.png)", "![x](data:image/png;base64,AAAA)"] {
            let html = to_html(odd);
            assert!(!html.contains("evil") && !html.contains("img") && !html.contains("href"), "{html}");
        }
    }

    #[test]
    fn html_in_markdown_is_left_out_and_the_text_beside_it_stays() {
        for (markdown, html) in [
            ("a <b>bold</b> word", "<p>a bold word</p>\n"),
            ("<div>\n\n*one*\n\n</div>", "<p><em>one</em></p>\n"),
            ("1 < 2 && 3 > 2", "<p>1 &lt; 2 &amp;&amp; 3 &gt; 2</p>\n"),
            ("`<b>`", "<p><code>&lt;b&gt;</code></p>\n"),
        ] {
            assert_eq!(to_html(markdown), html);
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_shown_without_its_formatting() {
        let html = to_html(&format!("{}deep", "> ".repeat(1_000)));
        assert_eq!(html.matches("<blockquote>").count(), DEPTH_MAX);
        assert!(html.contains("deep"), "{html}");
    }

    /// Texts of the 64 KiB that a response may have, made to cost more than they say: some of them took minutes, or memory
    /// until there was none left.
    #[test]
    fn no_text_becomes_long_or_takes_long() {
        let full = |piece: &str| piece.repeat(64 * 1024 / piece.len());
        let half = |one: &str, other: &str| one.repeat(32 * 1024 / one.len()) + &other.repeat(32 * 1024 / other.len());
        let columns = 4_000;
        let table = format!("{}\n{}\n{}", "|a".repeat(columns), "|-".repeat(columns), "|\n".repeat(20_000));
        let attacks = [
            // The one that was found: formatting elements that are never closed, then blocks that each repeat them.
            half("<b><i><font color=red>", "\n\nx"),
            half("<a href=https://h/><b>", "\n\n- x"),
            half("<table><tr><td><b>", "\n\n> x"),
            half("<nobr><u>", "<p>"),
            half("*a **b ", "\n\nx"),
            half("~~a ~~b *", "\n\nx"),
            full("> "),
            full("- "),
            full("1. "),
            (0..350).map(|depth| format!("{}- x\n", " ".repeat(depth))).collect(),
            full("*_"),
            full("**a "),
            half("*", "a*"),
            full("["),
            full("!["),
            full("[a]("),
            full("![a](<b"),
            half("[", "](https://h/)"),
            full("[](mailto:)"),
            full("<https://h/>"),
            full("<a:b>"),
            full("&amp;"),
            full("\""),
            full("<"),
            full("\u{a0}"),
            full("&nbsp;"),
            full("`"),
            (1..360).map(|length| "`".repeat(length) + "a").collect(),
            full("\\"),
            full("\n"),
            full("# "),
            full("-\n"),
            full("***\n"),
            full("~~~\n"),
            full("    \t\n"),
            full("a\n="),
            table,
            format!("|{}\n|{}\n", "a|".repeat(9_000), "-|".repeat(9_000)),
            format!("[a]: https://h/{}\n\n{}", "x".repeat(30_000), "[a] ".repeat(8_000)),
            full("[a]: b\n"),
            full("[^a]: b\n[^a]\n"),
            full("<!--"),
            full("<![CDATA["),
            full("<?"),
            full("<x y="),
            full("\0"),
        ];
        for attack in attacks {
            let html = to_html(&attack);
            let beginning: String = attack.chars().take(40).collect();
            assert!(html.len() <= HTML_BYTES_MAX, "{beginning:?} became {} bytes", html.len());
        }
    }

    #[test]
    fn what_is_left_out_at_the_end_is_said() {
        let html = to_html(&"- a\n".repeat(16_000));
        assert!(html.len() > HTML_BYTES_MAX / 2 && html.ends_with(SHORTENED), "{} bytes", html.len());
        assert!(!to_html("- a\n").contains("shortened"));
    }
}
