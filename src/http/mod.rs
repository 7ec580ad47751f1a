//! The HTTP transport: decode, call one operation, reply. The whole route table is on this screen.
//!
//! May use `model` and `ops`, and in this file `graphql`, to mount it. Must not know `store` or
//! `callback`. Used by `app`, which serves [`routes`].
//!
//! There is one warp filter, which takes everything, and one match on path and method: a filter for
//! each route would try the next route where one refuses, so that a refusal of the API could end as
//! another route's answer. The path of GraphQL is also a WebSocket's: see `socket`.

mod body;
mod client;
mod cors;
mod document;
mod encoding;
mod finish;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod graphql;
mod health;
mod https;
mod hub;
mod json;
mod log;
mod login;
mod metrics;
mod negotiation;
mod notices;
mod oauth;
mod origin;
mod permits;
mod reply;
mod request;
mod socket;
#[cfg(test)]
mod tests;
mod ui;
mod wire;

use crate::graphql::{Answer, Engine, Held, Next, Outcome, Subscribed};
use crate::model::error::Error;
use crate::model::party::Party;
use crate::ops::Platform;
use body::Body;
use bytes::Buf;
use document::{Document, Keep, Kind};
use finish::ToItsEnd;
use futures_util::future::Either;
use futures_util::{Stream, StreamExt};
use http::header::X_CONTENT_TYPE_OPTIONS;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use permits::{Permit, Permits};
use reply::Refusal;
use request::{Arrival, Name, Request};
use socket::{Begun, Close, End, Happened, Identity};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tracing::Instrument;
use warp::path::FullPath;
use warp::reply::{Reply, Response};
use warp::ws::Ws;
use warp::{Filter, Rejection};

pub use client::Proxies;
pub use https::{demand_https, stay_with_https};
pub use notices::{NoticeTexts, show_notices};
pub use origin::Names;
pub use permits::RequestsMax;
pub use socket::Sockets;

/// Who is at the other end of a connection: an extension of each request, put there by whoever
/// accepts connections. Without it all clients count as one where sign-ins are slowed down.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

/// The connection that a request asks to become a WebSocket's: an extension of the request, put
/// there by whoever accepts connections. Without it there are none.
#[derive(Debug, Clone)]
pub struct Upgrade(pub hyper::upgrade::OnUpgrade);

/// That a connection is one over TLS: an extension of each request, put there by whoever accepts
/// connections.
#[derive(Debug, Clone, Copy)]
pub struct Secure;

/// That a request has no header Host and must have it, as those of HTTP/1.1 (RFC 9112, section 3.2): an
/// extension of such a request, put there by whoever accepts connections.
#[derive(Debug, Clone, Copy)]
pub struct Nameless;

/// What the operator says of clients.
#[derive(Debug, Clone)]
pub struct Clients {
    /// The proxies whose word on whom they speak for counts.
    pub proxies: Proxies,
    /// How many requests may run at once.
    pub requests: RequestsMax,
    /// Whether nobody but this machine can reach the server.
    pub sandbox: bool,
    /// How long a body may take to arrive; it has more the longer it is.
    pub body_time: Duration,
}

struct Site {
    names: Names,
    proxies: Proxies,
    permits: Arc<Permits>,
    body_time: Duration,
    platform: Arc<Platform>,
    engine: Arc<Engine>,
    /// Made when it is first asked for: the server starts without it.
    schema: OnceLock<Document>,
    sockets: Sockets,
}

impl Site {
    /// A permit for a request of the API; what else is served costs next to nothing. Nothing is ever
    /// decompressed, so that few bytes cannot become many.
    async fn enter(&self, request: &Request) -> Result<Option<Permit>, Refusal> {
        if request.is_compressed() {
            return Err(Refusal::compressed());
        }
        if !request.is_api() {
            return Ok(None);
        }
        let party = party(&self.engine, &self.permits, request.bearer(), request.client()).await;
        Ok(Some(self.permits.take(party)?))
    }

    fn schema(&self) -> &Document {
        self.schema.get_or_init(|| Document::new(crate::graphql::sdl(), Kind::PLAIN_TEXT))
    }
}

/// Everything that is served.
pub fn routes(
    platform: Arc<Platform>,
    engine: Arc<Engine>,
    sockets: Sockets,
    names: Names,
    clients: Clients,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    let Clients { proxies, requests, sandbox, body_time } = clients;
    let permits = Permits::new(requests, sandbox);
    let site =
        Arc::new(Site { names, proxies, permits, body_time, platform, engine, schema: OnceLock::new(), sockets });
    // warp panics where a request has no path, as CONNECT has none, and is asked for it. Such a
    // request is at the end of its path like one for "/", and is then taken for that.
    let path = warp::path::end().map(|| None).or(warp::path::full().map(Some)).unify();
    let query = warp::query::raw().or_else(|_: Rejection| async { Ok::<_, Infallible>((String::new(),)) });
    // What asks for a WebSocket in every way that it must.
    let handshake = warp::ws().map(Some).or_else(|_: Rejection| async { Ok::<_, Infallible>((None,)) });
    let upgrade = handshake.and(warp::ext::optional::<Upgrade>()).map(Option::zip);
    // warp rejects a name that is none, and two that differ: those are for the handler to refuse.
    let name = warp::host::optional()
        .map(|said: Option<_>| said.map_or(Name::Unsaid, Name::Said))
        .or_else(|_: Rejection| async { Ok::<_, Infallible>((Name::Unclear,)) });
    let connected = warp::ext::optional::<PeerAddress>().and(warp::ext::optional::<Secure>());
    let arrival = connected.and(warp::ext::optional::<Nameless>()).and(name).map(
        |peer: Option<PeerAddress>, secure: Option<Secure>, nameless: Option<Nameless>, name| Arrival {
            peer: peer.map(|PeerAddress(address)| address.ip()),
            secure: secure.is_some(),
            name: if nameless.is_some() { Name::Unclear } else { name },
        },
    );
    let connection = arrival.and(upgrade).map(|arrival, upgrade| (arrival, upgrade));
    // The body is there unless a filter before has taken it, and none has.
    let body = warp::body::stream().map(Some).or_else(|_: Rejection| async { Ok::<_, Infallible>((None,)) });
    warp::any()
        .map(move || Arc::clone(&site))
        .and(warp::method())
        .and(path)
        .and(query)
        .and(warp::header::headers_cloned())
        .and(connection)
        .and(body)
        .then(|site, method, path: Option<FullPath>, query, headers, connection, body| {
            let runs_to_its_end = path.as_ref().is_some_and(|path| finish::is_needed(path.as_str()));
            let handled = handle(site, method, path, query, headers, connection, body);
            if runs_to_its_end { Either::Left(ToItsEnd::new(handled)) } else { Either::Right(handled) }
        })
}

async fn handle(
    site: Arc<Site>,
    method: Method,
    path: Option<FullPath>,
    query: String,
    headers: HeaderMap,
    (mut arrival, upgrade): (Arrival, Option<(Ws, Upgrade)>),
    body: Option<impl Stream<Item = Result<impl Buf, warp::Error>> + Send + 'static>,
) -> Response {
    arrival.peer = arrival.peer.map(|peer| site.proxies.client(peer, &headers));
    let request = Request::new(method, path, query, headers, arrival);
    let access = log::Access::begin(&request);
    let count = metrics::Count::begin(site.platform.metrics(), &request);
    let chunks = pin!(futures_util::stream::iter(body).flatten().map(body::chunk));
    let mut body = Body::new(chunks, site.body_time);
    let is_of_a_program = || origin::is_of_a_program(&site.platform, &request, upgrade.is_some());
    let mut response = match (request.check_length(), site.names.check(&request, is_of_a_program)) {
        (Err(too_long), _) => too_long.answer(&request),
        (Ok(()), Err(refusal)) if !request.is_for_any_name() => refusal.answer(&request),
        _ => match site.enter(&request).await {
            Ok(permit) => route(&site, &request, &mut body, upgrade, permit).await,
            Err(refusal) if request.is_graphql() => graphql::refuse(refusal, &request, graphql::Media::of(&request)),
            Err(refusal) => refusal.answer(&request),
        },
    };
    body.drain(&request).await;
    let headers = response.headers_mut();
    headers.insert(request::REQUEST_ID, request.id.value());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if request.is_open() {
        cors::open(headers);
    }
    count.end(response.status());
    access.end(response.status());
    response
}

/// A method as the table has it: HEAD is GET without the body, which hyper leaves out.
enum Verb {
    Get,
    Post,
    Put,
    Delete,
    Other,
}

impl Verb {
    fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Get,
            Method::POST => Self::Post,
            Method::PUT => Self::Put,
            Method::DELETE => Self::Delete,
            _ => Self::Other,
        }
    }
}

/// The route table. What a path takes stands at its end, for 405 and OPTIONS. Large futures are
/// boxed, so that the future of every request is small: each layer around it moves it.
async fn route(
    site: &Site,
    request: &Request,
    body: &mut Body<'_>,
    upgrade: Option<(Ws, Upgrade)>,
    permit: Option<Permit>,
) -> Response {
    use Verb::{Get, Post};
    let platform = &site.platform;
    let segments = request.segments();
    let answered = match (segments.as_slice(), Verb::of(&request.method)) {
        (["api", "v1", "query"], verb) => match upgrade {
            Some(upgrade) => return socket(site, request, upgrade),
            None => return Box::pin(query(site, request, body, verb, permit)).await,
        },
        (["api", "schema"], Get) => Ok(site.schema().answer(request, Keep::Asking)),
        (["api", "schema"], _) => otherwise(request, "GET, HEAD, OPTIONS"),
        (
            ["api", "v1", "auth", "login" | "register" | "accept-invite"]
            | ["oauth2", "auth"]
            | ["oauth2", "auth", "decision"],
            Post,
        ) => match site.names.check_page(request) {
            Ok(()) => Ok(Box::pin(with_password(site, request, body)).await),
            Err(refusal) => Err(refusal),
        },
        (["api", "v1", "auth", "login" | "register" | "accept-invite"] | ["oauth2", "auth", "decision"], _) => {
            otherwise(request, "POST, OPTIONS")
        }
        (["oauth2", "auth"], Get) => Ok(Box::pin(oauth::ask(platform, request, &site.names.origin(request))).await),
        (["oauth2", "auth"], _) => otherwise(request, "GET, HEAD, POST, OPTIONS"),
        (["oauth2", "token"], Post) => Ok(Box::pin(oauth::token(platform, request, body)).await),
        (["oauth2", "introspect"], Post) => Ok(Box::pin(oauth::introspect(platform, request, body)).await),
        (["oauth2", "revoke"], Post) => Ok(Box::pin(oauth::revoke(platform, request, body)).await),
        (["oauth2", "token" | "introspect" | "revoke"], _) => otherwise(request, "POST, OPTIONS"),
        ([".well-known", "oauth-authorization-server"], Get) => Ok(oauth::metadata(site.names.origin(request))),
        ([".well-known", "oauth-authorization-server"], _) => otherwise(request, "GET, HEAD, OPTIONS"),
        (["api", "v1", "connectorhub", "callback", path @ ..], verb) => {
            hub_route(platform, request, body, path, verb).await
        }
        (["api" | "oauth2", ..], _) => Err(Refusal::no_such_path(request)),
        (["healthz"], Get) => Ok(health::alive()),
        (["readyz"], Get) => Ok(health::ready(platform, request).await),
        (["metrics"], Get) => metrics::answer(platform, request),
        (["healthz" | "readyz" | "metrics"], _) => otherwise(request, "GET, HEAD, OPTIONS"),
        (["healthz" | "readyz" | "metrics" | ".well-known", ..], _) => Err(Refusal::no_such_path(request)),
        (["assets", ..], Get) => Ok(ui::file(request).unwrap_or_else(|| ui::nothing(request))),
        (_, Get) => Ok(ui::file(request).unwrap_or_else(|| ui::page(request))),
        _ if ui::has(request.path()) => otherwise(request, "GET, HEAD, OPTIONS"),
        _ => Ok(ui::nothing(request)),
    };
    answered.unwrap_or_else(|refusal| refusal.answer(request))
}

/// The part of the route table that connectors use.
async fn hub_route(
    platform: &Arc<Platform>,
    request: &Request,
    body: &mut Body<'_>,
    path: &[&str],
    verb: Verb,
) -> Result<Response, Refusal> {
    use Verb::{Delete, Post, Put};
    match (path, verb) {
        (["installations", "state"], Post) => hub::report_installation(platform, request, body).await,
        (["installations", "state"], _) => otherwise(request, "POST, OPTIONS"),
        (["instances", "state"], Post) => hub::report_instance(platform, request, body).await,
        (["instances", "state"], _) => otherwise(request, "POST, OPTIONS"),
        (["instances", "things"], Post) => hub::create_thing(platform, request, body).await,
        // The slash that an empty ID leaves must not make it a thing's own path.
        (["instances", "things"] | ["instances", "things", ""], _) => otherwise(request, "POST, OPTIONS"),
        (["instances", "things", thing], Delete) => hub::delete_thing(platform, request, thing).await,
        (["instances", "things", _], _) => otherwise(request, "DELETE, OPTIONS"),
        (["instances", "things", thing, "status"], Put) => hub::set_thing_status(platform, request, body, thing).await,
        (["instances", "things", _, "status"], _) => otherwise(request, "PUT, OPTIONS"),
        (["instances", "things", thing, "components", component, "properties", property], Put | Post) => {
            hub::update_property(platform, request, body, [thing, component, property]).await
        }
        (["instances", "things", _, "components", _, "properties", _], _) => otherwise(request, "PUT, POST, OPTIONS"),
        (["instances", "actions", "requests", id], Put) => hub::end_action_request(platform, request, body, id).await,
        (["instances", "actions", "requests", _], _) => otherwise(request, "PUT, OPTIONS"),
        _ => Err(Refusal::no_such_path(request)),
    }
}

/// What a person's password or consent is sent to, by this server's own pages or by no page.
async fn with_password(site: &Site, request: &Request, body: &mut Body<'_>) -> Response {
    let (platform, issuer) = (&site.platform, site.names.origin(request));
    match request.segments().as_slice() {
        ["oauth2", "auth"] => oauth::sign_in(platform, request, body, &issuer).await,
        ["oauth2", "auth", ..] => oauth::decide(platform, request, body, &issuer).await,
        [.., "register"] => login::register(platform, request, body).await,
        [.., "accept-invite"] => login::accept_invite(platform, request, body).await,
        _ => login::sign_in(platform, request, body).await,
    }
}

/// A method that the path does not take, or the question which it does.
fn otherwise(request: &Request, allow: &'static str) -> Result<Response, Refusal> {
    if request.method == Method::OPTIONS {
        return Ok(cors::preflight(allow));
    }
    Err(Refusal::wrong_method(request, allow))
}

/// `/api/v1/query`, here and below: the only places where HTTP meets GraphQL.
async fn query(site: &Site, request: &Request, body: &mut Body<'_>, verb: Verb, permit: Option<Permit>) -> Response {
    let media = graphql::Media::of(request);
    let asked = match (verb, graphql::failed_handshake(request)) {
        (_, Some(refusal)) => Err(refusal),
        (Verb::Get | Verb::Post, None) => graphql::read(request, body).await,
        _ => match otherwise(request, "GET, HEAD, POST, OPTIONS") {
            Ok(preflight) => return preflight,
            Err(refusal) => Err(refusal),
        },
    };
    let (asked, subject) = match asked.and_then(|asked| Ok((asked, graphql::subject(request)?))) {
        Ok(read) => read,
        Err(refusal) => return graphql::refuse(refusal, request, media),
    };
    if asked.by_hash {
        let body = graphql::not_persisted(request.id.as_str());
        return graphql::answer(request, media, media.rejected(), body);
    }
    // The engine logs faults by itself; the span tells of which request.
    let span = tracing::error_span!("request", request_id = request.id.as_str());
    let Answer { outcome, body } = site
        .engine
        .execute(crate::graphql::Request {
            query: asked.query,
            operation_name: asked.operation_name,
            variables: asked.variables,
            token: request.bearer().map(str::to_owned),
            client: request.client(),
            subject,
            request_id: request.id.as_str().to_owned(),
            read_only: request.method != Method::POST,
            held: permit.map(|permit| Arc::new(permit) as Held),
        })
        .instrument(span)
        .await;
    let status = match outcome {
        Outcome::Executed => StatusCode::OK,
        Outcome::Rejected => media.rejected(),
        Outcome::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Outcome::Unauthenticated => StatusCode::UNAUTHORIZED,
        Outcome::Forbidden => StatusCode::FORBIDDEN,
        Outcome::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Outcome::Failed(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    graphql::answer(request, media, status, body)
}

/// The same path as a WebSocket.
fn socket(site: &Site, request: &Request, upgrade: (Ws, Upgrade)) -> Response {
    let (engine, permits) = (Arc::clone(&site.engine), Arc::clone(&site.permits));
    let opened = site.sockets.open(upgrade, request, OverSocket { engine, permits, client: request.client() });
    opened.unwrap_or_else(|refusal| graphql::refuse(refusal, request, graphql::Media::of(request)))
}

/// Operations of one socket.
struct OverSocket {
    engine: Arc<Engine>,
    permits: Arc<Permits>,
    client: Option<IpAddr>,
}

/// The party whose requests are counted; the account is of no interest if the client is bound by the total alone.
async fn party(engine: &Arc<Engine>, permits: &Permits, token: Option<&str>, client: Option<IpAddr>) -> Party {
    let unknown = Party::new(None, client);
    match token {
        Some(token) if !permits.is_sandbox() || unknown.address().is_some() => engine.party(token, client).await,
        _ => unknown,
    }
}

impl socket::Operations for OverSocket {
    type Live = Subscribed;

    async fn authenticate(&self, identity: &Identity) -> Result<(), Close> {
        self.engine.authenticate(identity.token(), self.client).await.map_err(|error| match error {
            Error::Unauthenticated(why) => Close::forbidden(&why),
            other => Close::internal(&other.to_string()),
        })
    }

    async fn begin(&self, asked: graphql::Asked, identity: &Identity, request_id: String) -> Begun<Subscribed> {
        let span = tracing::error_span!("request", request_id);
        let party = party(&self.engine, &self.permits, identity.token(), self.client).await;
        let permit = match self.permits.take(party) {
            Ok(permit) => permit,
            Err(error) => return Begun::Over(End::Errors(graphql::refusal_body(&error.into(), &request_id).into())),
        };
        let engine = Arc::clone(&self.engine);
        let request = crate::graphql::Request {
            query: asked.query,
            operation_name: asked.operation_name,
            variables: asked.variables,
            token: identity.token().map(str::to_owned),
            client: self.client,
            subject: identity.subject().map(str::to_owned),
            request_id,
            read_only: false,
            held: Some(Arc::new(permit)),
        };
        let begin = async {
            let prepared = match engine.prepare(request).await {
                Ok(prepared) => prepared,
                Err(answer) => return Begun::Over(end(answer)),
            };
            if prepared.is_subscription() {
                return engine.subscribe(prepared).await.map_or_else(|answer| Begun::Over(end(answer)), Begun::Live);
            }
            let run = async move { once(engine.run(prepared).await) };
            Begun::Once(Box::pin(run.instrument(tracing::Span::current())))
        };
        begin.instrument(span).await
    }
}

/// What was executed is a response, errors and all; what was not is an error of the protocol's.
fn once(Answer { outcome, body }: Answer) -> Happened {
    match outcome {
        Outcome::Rejected | Outcome::NotAllowed | Outcome::Failed(_) => {
            Happened { responses: Vec::new(), end: Some(End::Errors(body)) }
        }
        Outcome::Executed | Outcome::Unauthenticated | Outcome::Forbidden | Outcome::Unavailable => {
            Happened { responses: vec![body], end: Some(End::Complete) }
        }
    }
}

/// How a subscription ends that cannot go on: all of the socket goes with the token.
fn end(Answer { outcome, body }: Answer) -> End {
    match outcome {
        Outcome::Unauthenticated => End::Close(Close::forbidden("the token is expired or revoked; get a new one")),
        _ => End::Errors(body),
    }
}

impl socket::Events for Subscribed {
    fn cut_off(&self) -> impl Future<Output = ()> + Send + 'static {
        Subscribed::cut_off(self)
    }

    async fn next(&mut self) -> Happened {
        match Subscribed::next(self).await {
            Next::Told(responses) => Happened { responses, end: None },
            Next::Ended { told, answer } => Happened { responses: told, end: Some(end(answer)) },
            Next::TooSlow => Happened { responses: Vec::new(), end: Some(End::Close(Close::too_slow())) },
        }
    }
}
