//! The parts of a flow: apps as clients, and a person with a browser that has no scripts, who takes
//! the forms out of the pages as they are.

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::{Request, Response, escaped};
use crate::users::{Answer, Developer, graphql};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

pub const AUTHORIZE: &str = "/oauth2/auth";
pub const TOKEN: &str = "/oauth2/token";
pub const INTROSPECT: &str = "/oauth2/introspect";
pub const REVOKE: &str = "/oauth2/revoke";
/// Where the clients want to be led back to.
pub const REDIRECT: &str = "https://client.example/callback";
/// The example of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// More seconds than a repeat of a request may take.
pub const NOT_AT_ONCE: i64 = 11;
/// What the flows ask for where the scope does not matter.
pub const SCOPE: &str = "connctd.things.read offline";

/// A developer with an app, and two apps of somebody else that want to act for it: one with a secret
/// and one without.
pub struct Scene {
    pub server: Arc<Server>,
    pub developer: Developer,
    /// The developer's app.
    pub app: String,
    /// Whose the clients are.
    pub stranger: Developer,
    pub client: Client,
    pub public: Client,
}

/// An app as an OAuth 2.0 client.
#[derive(Clone)]
pub struct Client {
    pub server: Arc<Server>,
    pub id: String,
    pub secret: Option<String>,
}

/// What a client got at the token endpoint.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: Option<String>,
    pub scope: String,
}

impl Scene {
    pub fn new() -> Self {
        Self::on(Server::start())
    }

    pub fn on(server: Arc<Server>) -> Self {
        let developer = Developer::sign_in(&server);
        let stranger = Developer::stranger(&server);
        let app = register(&developer, &[], true).id;
        let client = register(&stranger, &[REDIRECT], true);
        let public = register(&stranger, &[REDIRECT], false);
        Self { server, developer, app, stranger, client, public }
    }

    /// Follows a link to the authorization endpoint.
    pub fn open(&self, asked: &Asked) -> Response {
        self.server.send(&Request::get(&asked.target()))
    }

    /// Signs in with the form of the page that the link leads to.
    #[track_caller]
    pub fn sign_in(&self, asked: &Asked, email: &str, password: &str) -> Response {
        let form = Form::of(&self.open(asked).expect(200));
        self.server.send(&form.filled(&[("email", email), ("password", password)]))
    }

    /// The developer signs in, and is asked.
    #[track_caller]
    pub fn question(&self, asked: &Asked) -> Form {
        Form::of(&self.sign_in(asked, EMAIL, PASSWORD).expect(200))
    }

    /// The developer allows what is asked, for their app.
    #[track_caller]
    pub fn allow(&self, asked: &Asked) -> Landing {
        let form = self.question(asked);
        Landing::of(&self.server.send(&form.filled(&[("decision", "allow"), ("app", &self.app)])))
    }

    /// The code for what a client asks.
    #[track_caller]
    pub fn code(&self, asked: &Asked) -> String {
        let landing = self.allow(asked);
        landing.get("code").unwrap_or_else(|| panic!("no code: {landing:?}"))
    }

    /// The whole flow of a client.
    #[track_caller]
    pub fn tokens(&self, client: &Client) -> Tokens {
        let code = self.code(&Asked::of(client));
        Tokens::of(&client.redeem(&code))
    }

    /// Whether the platform takes a token for reading things.
    pub fn reads(&self, token: &str) -> bool {
        let answer = self.ask_things(token);
        assert!(answer.status == 200 || (answer.status, answer.code()) == (401, "UNAUTHENTICATED"), "{answer:?}");
        answer.status == 200
    }

    pub fn ask_things(&self, token: &str) -> Answer {
        graphql(&self.server, Some(token), None, "{ things { id } }", json!({}))
    }

    /// Lets so many seconds pass for all grants: what would be over then is over.
    pub fn seconds_pass(&self, seconds: i64) {
        let pass =
            "UPDATE grants SET expires_at = expires_at - ?1, created_at = created_at - ?1, used_at = used_at - ?1";
        self.server.sql().execute(pass, [seconds * 1_000_000]).expect("grants");
    }

    /// How many grants there are.
    pub fn grants(&self) -> i64 {
        self.server.sql().query_row("SELECT count(*) FROM grants", [], |row| row.get(0)).expect("a number")
    }
}

/// Makes an app with these redirect URIs. RFC 6749, section 10.1: one that can keep no secret must not get one.
#[track_caller]
pub fn register(developer: &Developer, redirect_uris: &[&str], has_secret: bool) -> Client {
    let document = "mutation($uris: [String!], $secret: Boolean) {
        createApp(name: \"A client & more\", redirectUris: $uris, hasSecret: $secret) { clientId clientSecret } }";
    let made = developer.graphql(document, json!({ "uris": redirect_uris, "secret": has_secret })).field().clone();
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    let secret = Some(text("clientSecret")).filter(|secret| !secret.is_empty());
    assert_eq!(secret.is_some(), has_secret);
    Client { server: Arc::clone(&developer.server), id: text("clientId"), secret }
}

impl Client {
    /// A form to an endpoint, with what shows who the client is: HTTP Basic, or its ID where it has no
    /// secret.
    pub fn form(&self, endpoint: &str, fields: &[(&str, &str)]) -> Request {
        match &self.secret {
            Some(secret) => Request::post(endpoint).form(fields).header("Authorization", basic(&self.id, secret)),
            None => Request::post(endpoint).form(&[fields, &[("client_id", self.id.as_str())]].concat()),
        }
    }

    pub fn send(&self, endpoint: &str, fields: &[(&str, &str)]) -> Response {
        self.server.send(&self.form(endpoint, fields))
    }

    /// Redeems a code of [`Asked::of`].
    pub fn redeem(&self, code: &str) -> Response {
        self.redeem_with(code, &[("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)])
    }

    /// Redeems a code with what is said beside it.
    pub fn redeem_with(&self, code: &str, fields: &[(&str, &str)]) -> Response {
        self.send(TOKEN, &[&[("grant_type", "authorization_code"), ("code", code)], fields].concat())
    }

    pub fn refresh(&self, token: &str) -> Response {
        self.send(TOKEN, &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// What introspection tells.
    #[track_caller]
    pub fn introspect(&self, token: &str) -> Value {
        self.send(INTROSPECT, &[("token", token)]).expect(200).json()
    }

    pub fn revoke(&self, token: &str) -> Response {
        self.send(REVOKE, &[("token", token)])
    }
}

impl Tokens {
    #[track_caller]
    pub fn of(response: &Response) -> Self {
        let body = response.clone().expect(200).json();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        Self {
            access: text("access_token").expect("an access token"),
            refresh: text("refresh_token"),
            scope: text("scope").expect("a scope"),
        }
    }

    #[track_caller]
    pub fn refresh(&self) -> &str {
        self.refresh.as_deref().expect("a refresh token")
    }
}

/// `Authorization` with these, which need no escaping.
pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Asserts an error as RFC 6749 (section 5.2) has it.
#[track_caller]
pub fn assert_error(response: &Response, status: u16, error: &str) {
    assert_eq!(response.status, status, "{response:?}");
    let body = response.json();
    assert_eq!(body["error"], error, "{response:?}");
    assert!(is_description(body["error_description"].as_str().expect("a description")), "{body}");
    assert_eq!(response.header("Cache-Control"), Some("no-store"));
    assert_eq!(response.header("WWW-Authenticate").is_some(), status == 401, "{response:?}");
}

/// Whether a text has the characters that RFC 6749 (sections 4.1.2.1 and 5.2) leaves to descriptions.
pub fn is_description(text: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    !text.is_empty() && text.bytes().all(allowed)
}

/// An authorization request.
#[derive(Clone, Debug)]
pub struct Asked(Vec<(String, String)>);

impl Asked {
    /// What a client asks for, with everything that it may say.
    pub fn of(client: &Client) -> Self {
        Self::default()
            .with("response_type", "code")
            .with("client_id", &client.id)
            .with("redirect_uri", REDIRECT)
            .with("scope", SCOPE)
            .with("state", "xyz")
            .with("code_challenge", CHALLENGE)
            .with("code_challenge_method", "S256")
    }

    fn default() -> Self {
        Self(Vec::new())
    }

    /// With this parameter, instead of what it was.
    pub fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// With one parameter more, be it there or not.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(given, _)| given != name);
        self
    }

    pub fn target(&self) -> String {
        let pairs: Vec<_> =
            self.0.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        format!("{AUTHORIZE}?{}", pairs.join("&"))
    }
}

/// The form of a page.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    /// The names and values as the page has them; of radio buttons and buttons, every one.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The only form of a page.
    #[track_caller]
    pub fn of(page: &Response) -> Self {
        let html = page.text();
        assert_eq!(html.matches("<form").count(), 1, "{html}");
        let form = html.split_once("<form").expect("a form").1.split_once("</form>").expect("its end").0;
        let action = attribute(form.split_once('>').expect("a tag").0, "action").expect("an action");
        let tags = form.split('<').skip(1).filter(|tag| tag.starts_with("input") || tag.starts_with("button"));
        let field = |tag: &str| {
            let tag = tag.split_once('>')?.0;
            Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
        };
        Self { action, fields: tags.filter_map(field).collect() }
    }

    /// The values that a field may have.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The form with these fields filled in, and what is hidden in it.
    #[track_caller]
    pub fn filled(&self, fields: &[(&str, &str)]) -> Request {
        for (name, _) in fields {
            assert!(self.fields.iter().any(|(given, _)| given == name), "no field {name} in {self:?}");
        }
        let left = self.fields.iter().filter(|(name, _)| !fields.iter().any(|(given, _)| given == name));
        let left: Vec<_> = left.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Request::post(&self.action).form(&[&left, fields].concat())
    }
}

/// An attribute of a tag, unescaped.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0;
    Some(value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}

/// Where a browser was led to.
#[derive(Debug)]
pub struct Landing(pub Url);

impl Landing {
    /// By a redirect to the client. It is 303, and nobody keeps it.
    #[track_caller]
    pub fn of(response: &Response) -> Self {
        assert_eq!(response.status, 303, "{response:?}");
        assert_eq!(response.header("Cache-Control"), Some("no-store"));
        let location = response.header("Location").expect("a location");
        Self(Url::parse(location).expect("an absolute URL"))
    }

    /// A parameter of the answer, which stands once.
    #[track_caller]
    pub fn get(&self, name: &str) -> Option<String> {
        let mut values = self.0.query_pairs().filter(|(given, _)| given == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        assert!(values.next().is_none(), "{name} stands twice: {}", self.0);
        value
    }

    /// Asserts that the client is told this error, and gets nothing else.
    #[track_caller]
    pub fn assert_error(&self, error: &str) {
        assert_eq!(self.get("error").as_deref(), Some(error), "{}", self.0);
        assert!(is_description(&self.get("error_description").expect("a description")), "{}", self.0);
        assert_eq!(self.get("code"), None);
    }
}
