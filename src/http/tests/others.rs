//! What is neither the hub nor the page: GraphQL over HTTP, tokens, health, CORS.

use super::{EMAIL, PASSWORD, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::json;

const QUERY: &str = "/api/v1/query";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test(flavor = "multi_thread")]
async fn graphql_over_http() {
    let server = Server::start().await;
    let graphql = ("accept", "application/graphql-response+json");
    let post = format!("POST {QUERY}");
    let typename = r#"{"query": "{ __typename }"}"#;
    for (line, headers, body, status) in [
        (post.as_str(), vec![JSON], typename, 200),
        (&post, vec![JSON, graphql], typename, 200),
        (&post, vec![JSON], r#"{"query": "{"}"#, 200),
        (&post, vec![JSON, graphql], r#"{"query": "{"}"#, 400),
        (&post, vec![JSON], "{", 400),
        (&post, vec![JSON], "", 400),
        (&post, vec![JSON], r#"[{"query": "{ __typename }"}]"#, 400),
        (&post, vec![("content-type", "text/plain")], typename, 415),
        (&post, vec![], typename, 415),
        ("GET /api/v1/query?query=%7B__typename%7D", vec![], "", 200),
        ("HEAD /api/v1/query?query=%7B__typename%7D", vec![], "", 200),
        ("GET /api/v1/query?query=mutation%7B__typename%7D", vec![graphql], "", 405),
        ("GET /api/v1/query", vec![], "", 400),
        ("PUT /api/v1/query", vec![JSON], typename, 405),
        (&post, vec![JSON, ("x-external-subject-id", "a"), ("x-external-subject-id", "b")], typename, 400),
    ] {
        let answer = server.send(line, &headers, body).await;
        assert_eq!(answer.status.as_u16(), status, "{line} {headers:?} {body} {answer:?}");
        let kind = if headers.contains(&graphql) { graphql.1 } else { JSON.1 };
        assert_eq!(answer.header("content-type"), format!("{kind}; charset=utf-8"));
        if status >= 400 {
            let error = &answer.json()["errors"][0];
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
            assert_eq!(error["extensions"]["status"], status, "{error}");
            assert_eq!(error["extensions"]["requestId"], answer.header("x-request-id"));
        }
    }
    let put = server.send("PUT /api/v1/query", &[], "").await;
    assert_eq!(put.header("allow"), "GET, HEAD, POST, OPTIONS");
    let large = server.send(&post, &[JSON], " ".repeat(1024 * 1024 + 1)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_without_permission() {
    let server = Server::start().await;
    let body = r#"{"query": "{ apps { id } }"}"#;
    let line = format!("POST {QUERY}");
    let none = server.send(&line, &[JSON], body).await;
    assert_eq!((none.status.as_u16(), none.header("www-authenticate")), (401, r#"Bearer realm="connhub""#));
    let bad = server.json(&line, "x", body).await;
    assert_eq!((bad.status.as_u16(), bad.header("www-authenticate")), (401, r#"Bearer error="invalid_token""#));
    let other = server.json(&line, &server.instance, body).await;
    let challenge = other.header("www-authenticate");
    assert_eq!((other.status.as_u16(), challenge), (403, r#"Bearer error="insufficient_scope""#));
    let good = server.json(&line, &server.developer, body).await;
    assert_eq!((good.status.as_u16(), &good.json()["data"]["apps"][0]["id"]), (200, &json!(server.client.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in() {
    let server = Server::start().await;
    let line = "POST /api/v1/auth/login";
    let credentials = |password: &str| json!({"email": EMAIL, "password": password}).to_string();
    let good = server.send(line, &[JSON], credentials(PASSWORD)).await;
    assert_eq!((good.status.as_u16(), good.header("cache-control")), (200, "no-store"));
    let body = good.json();
    assert_eq!((&body["token_type"], &body["scope"]), (&json!("bearer"), &json!("connctd.core")));
    assert_eq!(body["expires_in"], 600);
    assert!(body["access_token"].as_str().is_some_and(|token| server.platform.verify(token).is_ok()));
    let empty = server.send(line, &[JSON], r#"{"email": 1}"#).await;
    assert_eq!(empty.json()["violations"].as_array().map(Vec::len), Some(2));
    for _ in 0..5 {
        let wrong = server.send(line, &[JSON], credentials("another password")).await;
        assert_eq!((wrong.status.as_u16(), wrong.header("cache-control")), (401, "no-store"));
        assert_eq!(wrong.json()["error"], "UNAUTHORIZED");
    }
    let slowed = server.send(line, &[JSON], credentials(PASSWORD)).await;
    assert_eq!((slowed.status.as_u16(), slowed.json()["error"].as_str()), (429, Some("TOO_MANY_REQUESTS")));
    assert!(slowed.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds <= 61));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_for_apps() {
    let server = Server::start().await;
    let (id, secret) = &server.client;
    let basic = |id: &str, secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let (good, bad) = (basic(id, secret), basic(id, "wrong"));
    let (good, bad) = (("authorization", good.as_str()), ("authorization", bad.as_str()));
    let in_form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let grant = "grant_type=client_credentials";
    for (headers, body, status, error) in [
        (vec![FORM, good], grant, 200, None),
        (vec![FORM, good], "grant_type=client_credentials&scope=connctd.things.read", 200, None),
        (vec![FORM], in_form.as_str(), 200, None),
        (vec![FORM, good], &in_form, 400, Some("invalid_request")),
        (vec![FORM, bad], grant, 401, Some("invalid_client")),
        (vec![FORM, ("authorization", "Basic !")], grant, 401, Some("invalid_client")),
        (vec![FORM], grant, 401, Some("invalid_client")),
        (vec![FORM, good], "grant_type=client_credentials&scope=x%22y", 400, Some("invalid_scope")),
        (vec![FORM, good], "grant_type=password", 400, Some("unsupported_grant_type")),
        (vec![FORM, good], "grant_type=client_credentials&grant_type=a", 400, Some("invalid_request")),
        (vec![FORM, good], "grant_type=", 400, Some("invalid_request")),
        (vec![FORM, good], "", 400, Some("invalid_request")),
        (vec![FORM, good], "%=%", 400, Some("invalid_request")),
        (vec![JSON, good], "{}", 400, Some("invalid_request")),
    ] {
        let answer = server.send("POST /oauth2/token", &headers, body.to_owned()).await;
        let json = answer.json();
        assert_eq!((answer.status.as_u16(), json["error"].as_str()), (status, error), "{headers:?} {body}");
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
        let challenge = if status == 401 { "Basic realm=\"connhub\"" } else { "" };
        assert_eq!(answer.header("www-authenticate"), challenge);
        assert_eq!(json["token_type"].as_str(), error.is_none().then_some("bearer"));
    }
    assert_eq!(server.send("GET /oauth2/token", &[], "").await.header("allow"), "POST, OPTIONS");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_cors_and_request_ids() {
    let server = Server::start().await;
    let alive = server.send("GET /healthz", &[], "").await;
    assert_eq!((alive.status.as_u16(), &alive.body[..]), (200, &b"ok\n"[..]));
    let ready = server.send("GET /readyz", &[], "").await;
    assert_eq!((ready.status.as_u16(), ready.json()), (200, json!({"status": "ready"})));
    let asked = [("origin", "https://a.example"), ("access-control-request-method", "POST")];
    let preflight = server.send(&format!("OPTIONS {QUERY}"), &asked, "").await;
    assert_eq!((preflight.status.as_u16(), preflight.header("access-control-allow-origin")), (204, "*"));
    assert_eq!(preflight.header("access-control-allow-methods"), "GET, HEAD, POST, OPTIONS");
    assert!(preflight.header("access-control-allow-headers").contains("Authorization"));
    assert!(preflight.header("access-control-max-age").parse::<u32>().is_ok());
    assert_eq!(server.send("OPTIONS /api/nowhere", &asked, "").await.status, StatusCode::NOT_FOUND);
    let kept = server.send("GET /api/nowhere", &[("x-request-id", "my-id.1")], "").await;
    assert_eq!((kept.header("x-request-id"), &kept.json()["requestId"]), ("my-id.1", &json!("my-id.1")));
    assert_eq!(kept.header("access-control-expose-headers"), "X-Request-Id, Retry-After, WWW-Authenticate, Allow");
    let replaced = server.send("GET /healthz", &[("x-request-id", "a b")], "").await;
    assert_eq!(replaced.header("x-request-id").len(), 16);
}
