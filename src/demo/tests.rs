//! The whole demo connector over real sockets, between a platform that signs and a hub that takes
//! notes. May use everything in this room.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};
use warp::Filter;

use super::{Config, DemoConnector, Keep, StateFile};

const DATE: &str = "Mon, 23 Nov 2026 09:00:00 GMT";
const PATIENCE: Duration = Duration::from_secs(10);

/// Path and body of each hub call, in order.
type Notes = Arc<Mutex<Vec<(String, Value)>>>;

/// A hub that believes everybody and notes what it is told.
async fn hub() -> (String, Notes) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let notes = Notes::default();
    let pad = Arc::clone(&notes);
    let routes = warp::path::full().and(warp::body::json()).map(move |path: warp::path::FullPath, body: Value| {
        let path = path.as_str().replace("/api/v1/connectorhub/callback", "");
        let mut pad = pad.lock();
        pad.push((path.clone(), body));
        if path == "/instances/things" {
            let id = format!("thing-{}", pad.len());
            (StatusCode::CREATED, json!({ "id": id }).to_string())
        } else {
            (StatusCode::NO_CONTENT, String::new())
        }
    });
    let replies = routes.map(|(status, body)| warp::reply::with_status(body, status));
    tokio::spawn(warp::serve(replies).incoming(listener).run());
    (base, notes)
}

/// The platform's side of callbacks.
#[derive(Clone)]
struct Platform {
    key: SigningKey,
    host: String,
}

impl Platform {
    fn new() -> Self {
        Self { key: SigningKey::from_bytes(&[9; 32]), host: String::new() }
    }

    async fn start(&mut self, hub: String, state_file: Option<std::path::PathBuf>) -> DemoConnector {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = state_file.map(|file| Arc::new(StateFile::new(file)) as Arc<dyn Keep>);
        let demo = DemoConnector::start(vec![listener], Config { hub, public_key: None, state }).unwrap();
        self.host = demo.address().to_string();
        demo
    }

    async fn call(&self, method: &'static str, path: &str, body: Option<Value>) -> (u16, String) {
        let (platform, path) = (self.clone(), path.to_owned());
        tokio::task::spawn_blocking(move || platform.call_blocking(method, &path, body)).await.unwrap()
    }

    fn call_blocking(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let host = &self.host;
        let text = body.as_ref().map(Value::to_string).unwrap_or_default();
        let payload = format!("(method):{method}\r\n(url):https://{host}{path}\r\n(Date):{DATE}\r\n(body):{text}");
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://{host}{path}"))
            .header("Date", DATE)
            .header("Signature", STANDARD.encode(self.key.sign(payload.as_bytes()).to_bytes()));
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.max_redirects(0).build().new_agent();
        let mut response = agent.run(request.body(text).unwrap()).unwrap();
        let body = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), body)
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what} in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn install(id: &str, answer: &str) -> Value {
    json!({ "id": id, "token": format!("token-{id}"), "state": 1, "configuration": [
        { "id": "answer", "value": answer }, { "id": "completeSeconds", "value": "0.1" },
    ] })
}

fn instantiate(id: &str) -> Value {
    json!({ "id": id, "installation_id": "i", "token": "t", "state": 1, "configuration": [] })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_lives_through_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = Some(folder.path().join("state.json"));
    let (hub, notes) = hub().await;
    let mut platform = Platform::new();
    let key = platform.key.verifying_key().to_bytes();

    let demo = platform.start(hub.clone(), file.clone()).await;
    let (status, body) = platform.call("POST", "/instances", Some(instantiate("a"))).await;
    assert_eq!(status, 401, "it has no key yet: {body}");
    demo.set_public_key(key);
    let (status, _) = platform.call("POST", "/instances", Some(instantiate("a"))).await;
    assert_eq!(status, 201);
    assert_eq!(notes.lock()[0].1["thing"]["name"], "Demo lamp");
    demo.stop().await;

    let demo = platform.start(hub, file).await;
    demo.set_public_key(key);
    let action = json!({ "id": "r", "thingId": "thing-1", "componentId": "lamp",
        "actionId": "setBrightness", "status": "PENDING", "parameters": { "brightness": "42.50" } });
    let (status, _) = platform.call("POST", "/actions", Some(action)).await;
    assert_eq!(status, 204);
    let told = |path: &str| {
        let notes = notes.lock();
        notes.iter().rfind(|note| note.0 == path).map(|note| note.1.clone())
    };
    let brightness = "/instances/things/thing-1/components/lamp/properties/brightness";
    assert_eq!(told(brightness).unwrap()["value"], "42.50");
    let temperature = "/instances/things/thing-2/components/station/properties/temperature";
    until("weather", || told(temperature).is_some()).await;

    let (status, _) = platform.call("DELETE", "/instances/a", None).await;
    assert_eq!(status, 204);
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_ongoing_ends_by_itself() {
    let (hub, notes) = hub().await;
    let mut platform = Platform::new();
    let demo = platform.start(hub, None).await;
    demo.set_public_key(platform.key.verifying_key().to_bytes());
    for (answer, state) in [("text", 2), ("failing-later", 4)] {
        notes.lock().clear();
        let body = install(answer, answer);
        let (status, _) = platform.call("POST", "/installations", Some(body)).await;
        assert_eq!(status, 202);
        until(answer, || !notes.lock().is_empty()).await;
        assert_eq!(notes.lock()[0].0, "/installations/state");
        assert_eq!(notes.lock()[0].1["state"], state);
    }
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_answer_delays_neither_others_nor_the_end() {
    let (hub, _) = hub().await;
    let mut platform = Platform::new();
    let demo = platform.start(hub, None).await;
    demo.set_public_key(platform.key.verifying_key().to_bytes());
    let waiting = demo.stop.receiver_count();
    let slow = platform.clone();
    let slow = tokio::spawn(async move {
        let body = install("slow", "too-slow");
        slow.call("POST", "/installations", Some(body)).await.0
    });
    // Whoever answers slowly listens for the stop meanwhile.
    until("slow call", || demo.stop.receiver_count() > waiting).await;
    let (status, _) = platform.call("POST", "/installations", Some(install("i", "at-once"))).await;
    assert_eq!(status, 201);
    assert!(!slow.is_finished());

    let started = Instant::now();
    demo.stop().await;
    assert!(started.elapsed() < PATIENCE);
    assert_eq!(slow.await.unwrap(), 504);
}
