//! Every path of the demo connector on one screen. Callbacks pass the signature check here, before
//! anything looks into them. May use warp. Used by `mod`, which serves it.

use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, Method, StatusCode};
use warp::filters::path::FullPath;
use warp::{Filter, Rejection};

use super::call::Call;
use super::reply::{self, Reply};
use super::state::Subject;
use super::{Shared, actions, callbacks, message, page};

/// A callback is a configuration or an action's parameters; this is generous.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A callback whose path is known.
enum Callback {
    Installed,
    Instantiated,
    ActionRequested,
    Removed(Subject),
}

/// The whole server.
pub fn all(shared: Arc<Shared>) -> impl Filter<Extract = (Reply,), Error = Rejection> + Clone + Send + Sync + 'static {
    let query = warp::query::raw().map(Some).or(warp::any().map(|| None)).unify();
    warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |method, path: FullPath, query, headers, body| {
            let shared = Arc::clone(&shared);
            let path = path.as_str().to_owned();
            async move { route(shared, method, path, query, headers, body).await }
        })
}

async fn route(
    shared: Arc<Shared>,
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Reply {
    let segments: Vec<_> = path.split('/').skip(1).collect();
    let callback = match (method.as_str(), segments.as_slice()) {
        ("GET", [""]) => return page::home(&shared),
        ("GET", ["confirm", id]) => return page::confirmation(&shared, id),
        ("POST", ["confirm", id]) => {
            return page::confirm(Arc::clone(&shared), (*id).to_owned()).await;
        }
        ("POST", ["installations"]) => Callback::Installed,
        ("POST", ["instances"]) => Callback::Instantiated,
        ("POST", ["actions"]) => Callback::ActionRequested,
        ("DELETE", ["installations", id]) if message::is_id(id) => {
            Callback::Removed(Subject::Installation((*id).to_owned()))
        }
        ("DELETE", ["instances", id]) if message::is_id(id) => Callback::Removed(Subject::Instance((*id).to_owned())),
        ("DELETE", ["installations" | "instances", _]) => return nothing_here(),
        (_, [""] | ["confirm" | "installations" | "instances", ..] | ["actions"]) => {
            return reply::text(StatusCode::METHOD_NOT_ALLOWED, "no such method here");
        }
        _ => return nothing_here(),
    };
    let Some(body) = whole(body).await else {
        return reply::text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or broke off");
    };
    let call = Call { method, path, query, headers, body };
    serve(shared, callback, call).await
}

fn nothing_here() -> Reply {
    reply::text(StatusCode::NOT_FOUND, "the demo connector has nothing here")
}

async fn serve(shared: Arc<Shared>, callback: Callback, call: Call) -> Reply {
    let key = *shared.public_key.read();
    if let Err(disbelief) = call.verify(key) {
        tracing::warn!(path = call.path, %disbelief, "a callback was refused");
        let text = disbelief.to_string();
        return reply::refusal(StatusCode::UNAUTHORIZED, "SIGNATURE_INVALID", &text);
    }
    if call.method == Method::POST && !call.is_json() {
        let text = "the Content-Type of a callback must be application/json, exactly so";
        return reply::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, text);
    }
    match callback {
        Callback::Installed => callbacks::installed(shared, call).await,
        Callback::Instantiated => callbacks::instantiated(shared, call).await,
        Callback::ActionRequested => actions::requested(shared, call).await,
        Callback::Removed(subject) => callbacks::removed(shared, subject).await,
    }
}

/// The whole body, or nothing if it is too large or breaks off.
async fn whole(body: impl Stream<Item = Result<impl Buf, warp::Error>>) -> Option<Bytes> {
    let mut body = std::pin::pin!(body);
    let mut whole = BytesMut::new();
    while let Some(part) = body.next().await {
        let part = part.ok()?;
        if whole.len() + part.remaining() > BODY_BYTES_MAX {
            return None;
        }
        bytes::BufMut::put(&mut whole, part);
    }
    Some(whole.freeze())
}
