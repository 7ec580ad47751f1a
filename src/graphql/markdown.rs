//! Markdown of connectors as HTML that a page may show: rendered, then sanitised.

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Options, Parser, html};
use std::borrow::Cow;

/// The HTML of a Markdown text, with nothing in it that runs or looks elsewhere: no script, style,
/// form or frame. Links lead out of the page and to http, https and mailto alone, never to a place
/// of the page's own host; pictures come by https, as the page's Content-Security-Policy has it.
pub fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut rendered = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut rendered, Parser::new_ext(markdown, options));
    Builder::default()
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(UrlRelative::Deny)
        .attribute_filter(|element, attribute, value| {
            let refused = element == "img" && attribute == "src" && !value.to_ascii_lowercase().starts_with("https:");
            (!refused).then_some(Cow::Borrowed(value))
        })
        .set_tag_attribute_value("a", "target", "_blank")
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean(&rendered)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::to_html;
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
        let shows = "p|h1|em|strong|code|pre|blockquote|ul|ol|li|hr|br|a|img|div|details|summary|math|mtext|span";
        let url = r#" (href|src)="(https://|mailto:)[^"]*""#;
        let text = r#" (alt|title|rel|target)="[^"]*""#;
        Regex::new(&format!("^/?({shows})({url}|{text})*$")).expect("a pattern").is_match(tag)
    }

    #[test]
    fn nothing_is_asked_of_the_pages_own_host_or_without_encryption() {
        for (markdown, html) in [
            ("[x](/signin)", "<p><a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a></p>\n"),
            ("[x](//evil.example)", "<p><a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a></p>\n"),
            ("![x](picture.png)", "<p><img alt=\"x\"></p>\n"),
            ("![x](http://example.com/x.png)", "<p><img alt=\"x\"></p>\n"),
            ("![x](https://example.com/x.png)", "<p><img src=\"https://example.com/x.png\" alt=\"x\"></p>\n"),
        ] {
            assert_eq!(to_html(markdown), html);
        }
    }
}
