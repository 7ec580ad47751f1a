//! The route table in use, without a socket: a platform on a temporary file, a connector that is
//! only pretended, and requests as hyper hands them over.

mod hub;
mod others;
mod page;

use super::{Engine, Names, PeerAddress, Sockets, routes};
use crate::model::app::AppProfile;
use crate::model::callback::{Attempt, Line, Message, Outcome, PendingCallback};
use crate::model::instance::ExternalSubject;
use crate::model::lifecycle::{Standing, State};
use crate::model::publication::{CallbackUrls, Mode, PublicationProfile};
use crate::model::url::CallbackUrlPolicy;
use crate::ops::dispatch::{Dispatcher, QueueFull};
use crate::ops::{self, Platform, Settings};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use serde_json::Value;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tempfile::TempDir;

/// Sockets of a server that does not stop.
fn sockets() -> Sockets {
    Sockets::new(tokio::sync::watch::channel(false).1, tokio::sync::watch::channel(None).1)
}

/// Clients without a proxy, and room for all of them.
fn clients() -> super::Clients {
    let requests = super::RequestsMax { account: 100, address: 100, total: 100 };
    super::Clients { proxies: super::Proxies::default(), requests, sandbox: true, body_time: Duration::from_secs(10) }
}

const EMAIL: &str = "developer@localhost";
const PASSWORD: &str = "a long password";
const FUTURE_BYTES_MAX: usize = 3 * 1024 + 512;

type Sent = http::Request<Full<Bytes>>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A server, and one of everything that asks it.
struct Server {
    send: Box<dyn Fn(Sent) -> Answering>,
    platform: Arc<Platform>,
    client: (String, String),
    developer: String,
    service: String,
    installation: String,
    instance: String,
    /// How large the future is that answers a request.
    future_bytes: usize,
    _directory: TempDir,
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("visible ASCII"))
    }
}

impl Server {
    async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let platform = tokio::task::block_in_place(|| Platform::open(settings(&directory))).expect("a database");
        let tokens = Arc::new(Mutex::new(Vec::new()));
        let connector = PretendedConnector { platform: Arc::downgrade(&platform), tokens: Arc::clone(&tokens) };
        platform.set_dispatcher(Arc::new(connector));
        ops::account::create_first(&platform, EMAIL, Some(PASSWORD), |_| {}).await.expect("an account");
        let address = SocketAddr::from(([127, 0, 0, 1], 1)).ip();
        let signed_in = ops::account::sign_in(&platform, EMAIL.to_owned(), PASSWORD.to_owned(), address).await;
        let developer = signed_in.expect("signed in").token;
        let (client, service) = instantiated(&platform, &developer).await;
        let [installation, instance] = <[String; 2]>::try_from(std::mem::take(&mut *tokens.lock())).expect("two");
        let engine = Arc::new(Engine::new(Arc::clone(&platform), Default::default()));
        let filter = routes(Arc::clone(&platform), engine, sockets(), Names::default(), clients());
        let served = TowerToHyperService::new(warp::service(filter));
        let idle = served.call(Sent::new(Full::default()));
        let future_bytes = std::mem::size_of_val(&idle);
        let send = Box::new(move |request: Sent| -> Answering {
            let served = served.clone();
            Box::pin(async move {
                let response = served.call(request).await.expect("never an error");
                let (parts, body) = response.into_parts();
                let body = body.collect().await.expect("a body of ours").to_bytes();
                Answer { status: parts.status, headers: parts.headers, body }
            })
        });
        Self { send, platform, client, developer, service, installation, instance, future_bytes, _directory: directory }
    }

    /// Sends a request whose first lines look like curl's: `PUT /path`, then headers, then the body.
    async fn send(&self, line: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let (method, path) = line.split_once(' ').expect("a method and a path");
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer = PeerAddress(SocketAddr::from(([127, 0, 0, 1], 1)));
        let request = request.extension(peer).body(Full::new(body.into())).expect("a request");
        (self.send)(request).await
    }

    /// Sends JSON with a token.
    async fn json(&self, line: &str, token: &str, body: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        self.send(line, &headers, body.to_owned()).await
    }
}

/// Each layer moves the future before it polls it, so a large one costs every request several copies.
#[tokio::test(flavor = "multi_thread")]
async fn the_future_of_a_request_is_small() {
    let server = Server::start().await;
    assert!(server.future_bytes <= FUTURE_BYTES_MAX, "{} bytes", server.future_bytes);
}

fn settings(directory: &TempDir) -> Settings {
    Settings {
        database: directory.path().join("connhub.db"),
        readers: 4,
        query_time: Duration::from_secs(20),
        sandbox: true,
        open_signup: true,
        accounts: None,
        key_file: None,
        account_idle: None,
        disk_low: 0,
        secret: None,
        metrics_token: None,
        callback_urls: CallbackUrlPolicy::default(),
        action_deadline: Duration::from_secs(60),
        developer_token_lifetime: Duration::from_secs(600),
        service_token_lifetime: Duration::from_secs(600),
        refresh_token_lifetime: Duration::from_secs(600),
        quotas: ops::Quotas::default(),
        history_age: None,
        callback_log_age: Duration::from_secs(600),
        callback_log_entries: 100,
        action_request_age: Duration::from_secs(600),
        action_requests_kept: 100,
    }
}

/// Publishes, makes an app, installs and instantiates; the app's credentials and a token of it.
async fn instantiated(platform: &Arc<Platform>, developer: &str) -> ((String, String), String) {
    let caller = |token: &str| {
        let bearer = platform.verify(token).expect("a good token");
        ops::auth::caller(&platform.view().expect("a view"), &bearer).expect("a caller")
    };
    let developer = caller(developer).developer().expect("a developer").clone();
    let url = || "https://connector.example.com/".to_owned();
    let profile = PublicationProfile {
        name: "Lamp".to_owned(),
        logo_url: None,
        home_url: None,
        description: "A lamp".to_owned(),
        requirements: None,
        mode: Mode::Private,
        active: true,
        tags: Vec::new(),
        installation_parameters: Vec::new(),
        instance_parameters: Vec::new(),
        callback_urls: CallbackUrls { installation: url(), instance: url(), action: url() },
    };
    let publication = ops::publication::publish(platform, &developer, profile).await.expect("published");
    let profile = AppProfile { name: "App".to_owned(), redirect_uris: Vec::new() };
    let credentials = ops::app::create(platform, &developer, profile, true).await.expect("an app");
    let app = credentials.app.id;
    let installed = ops::installation::install(platform, &developer, app, publication.id, Vec::new()).await;
    let client = (app.to_string(), credentials.secret.expect("a secret"));
    let token = ops::app::service_token(platform, &platform.view().expect("a view"), &developer, app, &[]);
    let token = token.expect("a token").token;
    let service = caller(&token).service(crate::model::token::Scope::Connector).expect("an app").clone();
    let subject = ExternalSubject::default_subject();
    let installation = installed.expect("installed").id;
    ops::instance::instantiate(platform, &service, subject, installation, Vec::new()).await.expect("instantiated");
    (client, token)
}

/// Answers every callback with "complete" and keeps the tokens that it was given.
struct PretendedConnector {
    platform: Weak<Platform>,
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Dispatcher for PretendedConnector {
    fn reserve(&self, _: Line, _: usize) -> Result<(), QueueFull> {
        Ok(())
    }

    fn release(&self, _: Line, _: usize) {}

    fn submit(&self, callback: PendingCallback, _: bool) {
        let (platform, tokens) = (self.platform.upgrade().expect("still open"), Arc::clone(&self.tokens));
        std::thread::spawn(move || {
            let composed = ops::callback::compose(&platform, callback.id).expect("readable");
            let ops::callback::Composed::Outgoing(outgoing) = composed else { panic!("it is to be sent") };
            match outgoing.message {
                Message::Installation { token, .. } | Message::Instance { token, .. } => tokens.lock().push(token),
                other => panic!("nothing else is asked of it: {:?}", other.kind()),
            }
            let attempt = Attempt {
                sent_at: ops::now(),
                duration: Duration::ZERO,
                method: "POST".to_owned(),
                url: outgoing.callback_url.clone(),
                signed_url: outgoing.callback_url,
                request_headers: Vec::new(),
                request_body: String::new(),
                response: None,
                error: None,
            };
            let standing = Standing { state: State::Complete, details: None, further_step: None };
            let settled = ops::callback::settle(&platform, callback.id, attempt, Outcome::Standing(standing));
            settled.wait().expect("settled");
        });
    }
}
