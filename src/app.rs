//! Puts the parts together: opens the database, starts the callback pool, listens, shuts down.
//! WebSockets are told of the shutdown and waited for, within the time that requests have.
//!
//! May use every room. Used by `cli`.

mod demo;
mod notices;

use crate::config::ServeOptions;
use crate::door::{self, Connections, Entrance, Tls};
use crate::graphql::Engine;
use crate::model::error::{Error, Result};
use crate::model::id::AppId;
use crate::ops::Platform;
use crate::{callback, http, ops};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use notices::NoticeFiles;

pub use demo::{Demo, seed_history};

/// How long callbacks and requests in flight may take to end at shutdown.
const SHUTDOWN_TIME_MAX: Duration = Duration::from_secs(10);
/// Where the demo connector listens, and where it finds the hub while the server speaks TLS: a certificate need not be
/// for this machine's address, nor from an authority that the connector trusts, and nobody but this machine gets there.
const ON_LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A secret that is made during a start and kept as a hash alone.
pub enum Secret<'a> {
    /// The password of the first account.
    Password {
        /// The account's e-mail.
        email: &'a str,
        /// The password.
        password: &'a str,
    },
    /// The client secret of the demo's app.
    OfApp {
        /// The app.
        client_id: AppId,
        /// The secret.
        secret: &'a str,
    },
}

/// Shows a secret to whoever runs the server, at once.
pub type Show<'a> = &'a (dyn Fn(Secret<'_>) + Sync);

/// A server that runs.
pub struct Server {
    /// Where it listens; never nowhere.
    addresses: Vec<SocketAddr>,
    encrypted: bool,
    /// The e-mail of the account that an empty database got, with the operator's password.
    first_account: Option<String>,
    demo: Option<Demo>,
    platform: Arc<Platform>,
    pool: Arc<callback::Pool>,
    stop: watch::Sender<bool>,
    listening: JoinHandle<()>,
    maintenance: JoinHandle<()>,
}

impl Server {
    /// Starts everything, goes on with what a crash interrupted, and listens. Whatever an operator may have got wrong is
    /// found before anything is made: files are read and addresses bound before the database is opened.
    ///
    /// # Errors
    /// If a file cannot be read, an address not be listened on, or the database not be opened.
    pub async fn start(options: &ServeOptions, show: Show<'_>) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let files = NoticeFiles { notice: options.notice.clone(), imprint: options.imprint.clone() };
        notices::show(files, stopped.clone()).await?;
        let tls = read_certificate(options).await?;
        let encrypted = tls.is_some();
        let listeners = options.listen.bind().await.map_err(Error::Unavailable)?;
        let addresses = listeners.iter().map(TcpListener::local_addr).collect::<std::io::Result<Vec<_>>>();
        let addresses = addresses.map_err(Error::fault)?;
        let mut entrances: Vec<_> =
            listeners.into_iter().map(|listener| Entrance { listener, tls: tls.clone() }).collect();
        let demo = if options.demo { Some(Rehearsal::new(&mut entrances, encrypted).await?) } else { None };
        let mut settings = options.callback_settings();
        settings.services.extend(demo.as_ref().map(|demo| demo.address));
        let callbacks = tokio::task::spawn_blocking(|| callback::prepare(settings)).await.map_err(Error::fault)??;

        if !options.db.exists() {
            ops::account::check_first(&options.email, options.password.as_deref())?;
        }
        let settings = options.platform_settings();
        let opened = tokio::task::spawn_blocking(move || Platform::open(settings));
        let platform = opened.await.map_err(Error::fault)??;
        let connector = match demo {
            Some(demo) => Some(demo::connector(&platform, demo.listener, demo.hub, &options.db).await?),
            None => None,
        };
        let first_account = create_first_account(&platform, options, show).await?;
        door::make_room_for(options.door.connections as usize, options.files_beside_connections());
        if options.open_signup && options.profile.is_none() {
            tracing::warn!(
                "anyone who can reach this server may register, and the limits are those for people who know each other; \
                 for strangers, set --profile demo"
            );
        }
        if options.is_overheard() {
            // RFC 6749, sections 3.1 and 3.2: only who runs the server can have it otherwise.
            tracing::warn!(
                "whoever is between people and this server can read their passwords and tokens: give it a certificate \
                 (--tls-cert, --tls-key), or a proxy that has one and its URL (--public-url https://…)"
            );
        }
        let pool = callbacks.start(Arc::clone(&platform))?;
        platform.set_dispatcher(pool.clone());
        show_callbacks(&platform, &pool);
        ops::callback::recover(&platform).await?;

        let listening = tokio::spawn(listen(entrances, Arc::clone(&platform), options.clone(), stopped));
        let maintenance = tokio::spawn(ops::maintenance::run(Arc::clone(&platform)));
        let mut server =
            Self { addresses, encrypted, first_account, demo: None, platform, pool, stop, listening, maintenance };
        if let Some(connector) = connector {
            server.demo = Some(demo::set_up(&server.platform, connector, show).await?);
        }
        Ok(server)
    }

    /// The URL at which it is reached, if the address is a way to it.
    #[must_use]
    pub fn url(&self) -> String {
        // There is one address at least.
        self.addresses.first().map_or_else(String::new, |address| self.url_at(*address))
    }

    /// The URLs at its other addresses.
    pub fn other_urls(&self) -> impl Iterator<Item = String> {
        self.addresses.iter().skip(1).map(|address| self.url_at(*address))
    }

    fn url_at(&self, address: SocketAddr) -> String {
        format!("{}://{address}", if self.encrypted { "https" } else { "http" })
    }

    /// The e-mail of the account that an empty database got, if the operator chose its password.
    #[must_use]
    pub fn first_account(&self) -> Option<&str> {
        self.first_account.as_deref()
    }

    /// What `--demo` made.
    #[must_use]
    pub fn demo(&self) -> Option<&Demo> {
        self.demo.as_ref()
    }

    /// Stops accepting, lets what is in flight end within bounds, and closes the database.
    pub async fn stop(self) {
        // Whoever listens for it may be gone already.
        let _ = self.stop.send(true);
        let pool = Arc::clone(&self.pool);
        let callbacks = tokio::task::spawn_blocking(move || pool.shutdown(SHUTDOWN_TIME_MAX));
        let ended = tokio::join!(self.listening, callbacks);
        if let Err(error) = ended.0.and(ended.1) {
            tracing::error!(%error, "a part did not stop as it should");
        }
        if let Some(demo) = self.demo {
            demo.stop().await;
        }
        self.maintenance.abort();
        // It may be at work on another thread until then. That it was told to end is no error.
        let _ = self.maintenance.await;
        let platform = self.platform;
        if let Err(error) = tokio::task::spawn_blocking(move || platform.close()).await {
            tracing::error!(%error, "the database was not closed");
        }
        tracing::info!("stopped");
    }
}

/// How many callbacks wait and are under way, among the metrics.
fn show_callbacks(platform: &Platform, pool: &Arc<callback::Pool>) {
    // The pool's work holds the platform, which holds these.
    let (waiting, running) = (Arc::downgrade(pool), Arc::downgrade(pool));
    platform.metrics().watch("connhub_callbacks_waiting", "Callbacks that wait for their turn.", move || {
        waiting.upgrade().map_or(0, |pool| pool.waiting()) as f64
    });
    platform.metrics().watch("connhub_callbacks_running", "Callbacks that are under way.", move || {
        running.upgrade().map_or(0, |pool| pool.running()) as f64
    });
}

/// Serves until told to stop, then lets requests in flight end.
async fn listen(
    entrances: Vec<Entrance>,
    platform: Arc<Platform>,
    options: ServeOptions,
    stopped: watch::Receiver<bool>,
) {
    let engine = Arc::new(Engine::new(Arc::clone(&platform), options.limits.of_graphql()));
    let sockets = http::Sockets::new(stopped.clone(), platform.access_changes());
    let open = sockets.clone();
    platform.metrics().watch("connhub_websockets", "WebSockets that are open.", move || open.open_now() as f64);
    let connections = Connections::new(options.door.limits(&options.limits.trusted_proxy));
    let counted = connections.clone();
    platform.metrics().watch("connhub_connections", "Connections that are open.", move || counted.count() as f64);
    let clients = options.limits.of_clients(options.door.body_timeout.into(), options.is_sandbox());
    let routes = http::routes(platform, engine, sockets.clone(), options.names(), clients);
    door::serve(entrances, routes, connections.clone(), stopped).await;
    let ended = async { tokio::join!(connections.end(), sockets.closed()) };
    if tokio::time::timeout(SHUTDOWN_TIME_MAX, ended).await.is_err() {
        tracing::warn!("some requests or WebSockets did not end in time");
    }
}

/// TLS as the options have it.
async fn read_certificate(options: &ServeOptions) -> Result<Option<Tls>> {
    let Some(files) = options.door.certificate_files() else { return Ok(None) };
    tokio::task::spawn_blocking(move || Tls::new(files)).await.map_err(Error::fault)?.map(Some)
}

/// The demo connector before its start.
struct Rehearsal {
    listener: TcpListener,
    address: SocketAddr,
    /// Where it finds the platform.
    hub: SocketAddr,
}

impl Rehearsal {
    /// Listens for the connector, and for what it sends if that needs an entrance of its own.
    async fn new(entrances: &mut Vec<Entrance>, encrypted: bool) -> Result<Self> {
        if encrypted {
            entrances.push(Entrance { listener: bind_on_loopback().await?, tls: None });
        }
        let hub = if encrypted { entrances.last() } else { entrances.first() };
        let hub = hub.ok_or_else(|| Error::fault("there is no entrance"))?.listener.local_addr();
        let listener = bind_on_loopback().await?;
        let address = listener.local_addr().map_err(Error::fault)?;
        Ok(Self { listener, address, hub: hub.map_err(Error::fault)? })
    }
}

/// Listens on a free port of this machine alone.
async fn bind_on_loopback() -> Result<TcpListener> {
    let listener = TcpListener::bind(ON_LOOPBACK).await;
    listener.map_err(|error| Error::Unavailable(format!("the demo connector cannot listen on {ON_LOOPBACK}: {error}")))
}

/// Makes the first account, if there is none. Returns its e-mail if the operator chose the password.
async fn create_first_account(
    platform: &Arc<Platform>,
    options: &ServeOptions,
    show: Show<'_>,
) -> Result<Option<String>> {
    let email = options.email.as_str();
    let shown = |password: &str| show(Secret::Password { email, password });
    let made = ops::account::create_first(platform, email, options.password.as_deref(), shown).await?;
    Ok((made && options.password.is_some()).then(|| email.to_owned()))
}
