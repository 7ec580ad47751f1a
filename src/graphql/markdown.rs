//! Markdown of connectors as HTML that a page may show: rendered, then sanitised.

use pulldown_cmark::{Options, Parser, html};

/// The HTML of a Markdown text, with nothing in it that runs or looks elsewhere: no script, style,
/// form or frame; links and pictures to http and https alone.
pub fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut rendered = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut rendered, Parser::new_ext(markdown, options));
    ammonia::Builder::default()
        .url_schemes(["http", "https", "mailto"].into())
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean(&rendered)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::to_html;

    #[test]
    fn ordinary_markdown_is_rendered() {
        let html = to_html("# Hi\n\n- *one*\n- [two](https://example.com)\n");
        assert!(html.contains("<h1>Hi</h1>") && html.contains("<em>one</em>"), "{html}");
        assert!(html.contains(r#"<a href="https://example.com" rel="noopener noreferrer nofollow">two</a>"#), "{html}");
    }

    #[test]
    fn known_attacks_come_to_nothing() {
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
        ] {
            let html = to_html(attack).to_lowercase();
            for bad in [
                "<script",
                "onerror",
                "onload",
                "href=\"javascript",
                "<iframe",
                "<style",
                "<form",
                "style=",
                "<object",
                "<embed",
                "<base",
                "<meta",
                "<svg",
                "href=\"data",
                "src=\"javascript",
            ] {
                assert!(!html.contains(bad), "{attack} became {html}");
            }
        }
    }
}
