//! Who answered, and what to do about it.

use super::*;
use crate::callback::client::End;

const OVER_HTTP: Asked<'_> = Asked { scheme: "http", authority: "127.0.0.1:8080", signed_scheme: "https" };
const OVER_HTTPS: Asked<'_> = Asked { scheme: "https", authority: "connector.example", signed_scheme: "https" };
const ACTUAL: Asked<'_> = Asked { scheme: "http", authority: "127.0.0.1:8080", signed_scheme: "http" };

const NGINX_PAGE: &str = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 Forbidden</h1>\
    </center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";

fn advice(asked: Asked<'_>, status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let header = |(name, value): &(&str, &str)| Header { name: (*name).to_owned(), value: (*value).to_owned() };
    let headers = headers.iter().map(header).collect();
    let received = Received { status, headers, body: body.as_bytes().to_vec(), end: End::Whole };
    Origin::of(&received, body, asked).advice()
}

/// The positions of these in a text, all of which must be there.
fn order(text: &str, parts: &[&str]) -> Vec<usize> {
    parts.iter().map(|part| text.find(part).unwrap_or_else(|| panic!("no {part:?} in {text:?}"))).collect()
}

#[test]
fn the_causes_of_a_refused_signature_are_in_the_order_of_what_was_observed() {
    let key = "a public key other than this publication's";
    for (asked, headers, body, parts) in [
        // Caddy in front, plain http: it says X-Forwarded-Proto: http.
        (
            OVER_HTTP,
            vec![("server", "Caddy")],
            "Bad signature",
            vec!["1. Caddy may have told", "--sign-actual-scheme", "Host", key],
        ),
        (OVER_HTTP, vec![("via", "1.1 Caddy")], "", vec!["1. Caddy may have told", "Host", key]),
        // nginx with its default Host.
        (
            OVER_HTTP,
            vec![("server", "nginx/1.22.1")],
            "Bad signature",
            vec!["1. a proxy", "$http_host", "--sign-actual-scheme", key],
        ),
        (OVER_HTTPS, vec![("Server", "openresty")], "", vec!["1. a proxy changed the Host", "https,http", key]),
        // Nothing is known of what is in front.
        (
            OVER_HTTPS,
            vec![],
            r#"{"error":"BAD_SIGNATURE"}"#,
            vec![
                "1. a proxy changed the Host",
                "2. a proxy sent an X-Forwarded-Proto",
                "3. a proxy changed the path",
                "4. the connector verifies",
            ],
        ),
        // The scheme is signed as it is, which the SDK does not expect.
        (ACTUAL, vec![], "Bad signature", vec!["Host", "without --sign-actual-scheme", key]),
        // A tunnel's page.
        (
            OVER_HTTPS,
            vec![("ngrok-error-code", "ERR_NGROK_3200")],
            "<!DOCTYPE html><html><title>x</title>",
            vec!["1. ngrok in front", "Host", key],
        ),
        (
            OVER_HTTPS,
            vec![("content-type", "text/html; charset=utf-8")],
            "<h1>no</h1>",
            vec!["1. a tunnel or proxy", "Host", key],
        ),
        // A framework's own page is the connector's.
        (
            OVER_HTTPS,
            vec![("content-type", "text/html; charset=utf-8"), ("x-powered-by", "Express")],
            "<!DOCTYPE html><pre>SyntaxError</pre>",
            vec!["1. the connector's web framework answered", "Host", key],
        ),
    ] {
        let advice = advice(asked, 400, &headers, body);
        let found = order(&advice, &parts);
        assert!(found.is_sorted(), "{parts:?} in {advice}");
        assert!(!advice.to_lowercase().contains("<!doctype"), "{advice}");
    }
}

#[test]
fn advice_about_the_scheme_does_not_go_round_in_circles() {
    // Behind a proxy that sends `https,http`, neither setting of connhub helps: the header must change.
    for asked in [OVER_HTTP, ACTUAL, OVER_HTTPS] {
        for headers in [&[("server", "Caddy")][..], &[("server", "nginx")], &[]] {
            let advice = advice(asked, 400, headers, "Bad signature");
            assert!(advice.contains("`https,http`") && advice.contains("exactly `https`"), "{advice}");
        }
    }
    // Only a header that cannot change needs the other setting.
    assert!(advice(OVER_HTTP, 400, &[], "").contains("if it can only send `http`, start connhub with"));
}

#[test]
fn a_proxy_that_changes_the_path_is_among_the_causes() {
    for (server, how) in [("nginx", "proxy_pass"), ("Caddy", "handle_path"), ("Apache", "ProxyPass"), ("", "prefix")] {
        let advice = advice(OVER_HTTPS, 400, &[("server", server)], "");
        assert!(advice.contains("a proxy changed the path") && advice.contains(how), "{advice}");
    }
}

#[test]
fn a_refused_signature_is_recognised_by_what_is_said_of_it() {
    for (status, body) in [
        (400, r#"{"error":"BAD_SIGNATURE"}"#),
        (401, "signature verification failed"),
        (403, "bad signature"),
        (403, r#"{"message":"The request signature we calculated does not match the signature you provided"}"#),
        (403, r#"{"error":{"code":"SignatureDoesNotMatch"}}"#),
        (403, "Missing Signature header"),
        (422, r#"{"error":"invalid-signature"}"#),
        (500, "crypto: could not verify the Ed25519 signature"),
        (403, "Signature"),
    ] {
        let advice = advice(OVER_HTTPS, status, &[], body);
        assert!(advice.contains("the signature; the likely causes, most likely first: 1. "), "{body}: {advice}");
    }
    for (status, body) in [
        (403, "signature_style is too long"),
        (403, "the signature dish is sold out"),
        (403, r#"{"signature":"x","message":"not yours"}"#),
        (403, "designature failed"),
        (500, "no lamp"),
    ] {
        let advice = advice(OVER_HTTPS, status, &[], body);
        assert!(!advice.contains("the likely causes"), "{body}: {advice}");
    }
}

#[test]
fn a_demand_for_a_client_certificate_is_recognised() {
    let nginx = "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n<body>\r\n\
                 <center><h1>400 Bad Request</h1></center>\r\n<center>No required SSL certificate was sent</center>";
    for (status, headers, body, how) in [
        (400, vec![("server", "nginx/1.22.1")], nginx, "nginx in front of the connector demands a client certificate"),
        (400, vec![], "<html><title>400 The SSL certificate error</title>", "or a proxy in front of it, demands"),
        (496, vec![("server", "nginx")], nginx, "ssl_verify_client off"),
        (403, vec![], "<html>requires your browser to have a Secure Sockets Layer (SSL) client certificate", "demands"),
        (401, vec![], r#"{"error":"client certificate required"}"#, "the Signature header proves who calls"),
    ] {
        let advice = advice(OVER_HTTPS, status, &headers, body);
        assert!(advice.contains(how) && !advice.contains("likely causes"), "{advice}");
    }
    assert!(!advice(OVER_HTTP, 400, &[], nginx).contains("demands"), "there are none without TLS");
}

#[test]
fn plain_texts_of_tunnels_are_theirs() {
    let error = ("ngrok-error-code", "ERR_NGROK_3200");
    let offline = "The endpoint a.ngrok-free.app is offline.\r\n\r\nERR_NGROK_3200\r\n";
    let text = ("content-type", "text/plain");
    for (status, headers, body, part) in [
        (404, vec![text, error], offline, "ngrok in front of the connector probably answered"),
        (404, vec![text], offline, "check that the tunnel runs"),
        (404, vec![text], "Tunnel a.ngrok.io not found\r\n", "ngrok in front"),
        (429, vec![error], "", "ngrok in front of the connector probably answered"),
        (403, vec![error], "ERR_NGROK_6024", "ngrok in front of the connector probably answered"),
        (400, vec![error], "ERR_NGROK_3004", "1. ngrok in front"),
        (502, vec![text], "dial tcp: connection refused\r\nERR_NGROK_8012", "ngrok, in front, could not reach"),
        (503, vec![("x-localtunnel-status", "Tunnel Unavailable")], "503 - Tunnel Unavailable", "localtunnel, in"),
        (503, vec![], "upstream connect error or disconnect/reset before headers", "Envoy, in front, could not"),
    ] {
        let advice = advice(OVER_HTTPS, status, &headers, body);
        assert!(advice.contains(part), "{status} {body}: {advice}");
    }
    // Through a tunnel comes what the connector itself says, too.
    let own = advice(OVER_HTTPS, 404, &[("ngrok-trace-id", "1")], "no such page");
    assert_eq!(own, "check the callback URL's path in the publication");
}

#[test]
fn a_connector_that_says_what_is_wrong_comes_first() {
    let advice = advice(OVER_HTTPS, 400, &[], r#"{"message":"country is missing"}"#);
    assert!(advice.starts_with("correct what the connector says is wrong"), "{advice}");
}

#[test]
fn who_answered_is_recognised_by_headers_pages_and_hosts() {
    let tunnel = |authority| Asked { authority, ..OVER_HTTPS };
    for (asked, status, headers, body, part) in [
        (OVER_HTTPS, 403, vec![], NGINX_PAGE, "nginx in front of the connector probably answered"),
        (OVER_HTTPS, 403, vec![("cf-ray", "1-FRA")], "<!doctype html>Access denied", "Cloudflare in front"),
        (OVER_HTTPS, 401, vec![], "<HTML><h1>Log in</h1>", "a tunnel or proxy in front"),
        (OVER_HTTPS, 404, vec![], "<html>Tunnel not found, ngrok</html>", "ngrok in front"),
        (tunnel("a.ngrok-free.app"), 200, vec![], "<!DOCTYPE html><p>You are about to visit", "ngrok in front"),
        (
            tunnel("a.loca.lt:443"),
            511,
            vec![],
            "<!DOCTYPE html><title>Tunnel website ahead!</title>",
            "localtunnel in front",
        ),
        (tunnel("a.trycloudflare.com"), 530, vec![], "error code: 1033", "Cloudflare, in front, could not reach"),
        (OVER_HTTPS, 502, vec![("server", "Caddy")], "", "Caddy, in front, could not reach the connector"),
        (OVER_HTTPS, 502, vec![("server", "nginx")], NGINX_PAGE, "nginx, in front, could not reach the connector"),
        (
            OVER_HTTPS,
            503,
            vec![],
            "<html><body><h1>503</h1>\nNo server is available to handle this request.",
            "HAProxy, in front",
        ),
        (
            OVER_HTTP,
            400,
            vec![("server", "nginx")],
            "<html><center>The plain HTTP request was sent to HTTPS port",
            "https://",
        ),
        (OVER_HTTP, 400, vec![], "Client sent an HTTP request to an HTTPS server.\n", "https://"),
        (OVER_HTTPS, 403, vec![], "", "the connector's own log"),
        (OVER_HTTPS, 302, vec![], "", "redirects are not followed"),
        (OVER_HTTPS, 404, vec![], "", "check the callback URL's path"),
        (OVER_HTTPS, 200, vec![], "OK", "a connector answers 201"),
        (OVER_HTTPS, 500, vec![], "", "look into the connector's own log"),
    ] {
        let advice = advice(asked, status, &headers, body);
        assert!(advice.contains(part), "{status} {body}: {advice}");
        assert!(!advice.contains("knows why") && !advice.contains('<'), "{advice}");
    }
}

#[test]
fn pages_are_told_from_other_bodies_and_have_a_title() {
    let page = |headers: &[(&str, &str)], body: &str| {
        let header = |(name, value): &(&str, &str)| Header { name: (*name).to_owned(), value: (*value).to_owned() };
        let headers = headers.iter().map(header).collect();
        let received = Received { status: 400, headers, body: Vec::new(), end: End::Whole };
        Origin::of(&received, body, OVER_HTTPS).page()
    };
    let titled = |title: &str| Some(format!("an HTML page titled \"{title}\""));
    assert_eq!(page(&[], NGINX_PAGE), titled("403 Forbidden"));
    assert_eq!(page(&[], "\n<!DocType HTML><body><h1 class=x>Cannot  POST\n/p</h1>"), titled("Cannot POST /p"));
    assert_eq!(page(&[], "<html><title></title>"), Some("an HTML page".to_owned()));
    assert_eq!(page(&[("Content-Type", "text/html")], "<p>no</p>"), Some("an HTML page".to_owned()));
    for body in ["", "no", r#"{"a":"<html>"}"#, "<xml/>", "<ht"] {
        assert_eq!(page(&[], body), None, "{body}");
    }
    assert_eq!(page(&[("content-type", "text/html")], r#"{"error":"no"}"#), None);
}
