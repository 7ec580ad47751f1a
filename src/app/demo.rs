//! `serve --demo`: the demo connector, published, installed and instantiated for a demo app.
//!
//! What the connector knows is kept in the database, so that a backup has it too. All of it is made once. At later starts the connector listens somewhere else, so its
//! publication's callback URLs are brought up to date.

use crate::app::{Secret, Show};
use crate::demo::{self, DemoConnector, Keep, StateFile};
use crate::model::app::AppProfile;
use crate::model::constraint::AttributeConstraint;
use crate::model::error::{Error, Result};
use crate::model::id::{AppId, InstallationId, InstanceId, PublicationId};
use crate::model::instance::ExternalSubject;
use crate::model::parameter::{DisplayType, Parameter};
use crate::model::publication::{CallbackUrls, Mode, Publication, PublicationProfile};
use crate::model::token::Scope;
use crate::model::value::ValueType;
use crate::ops::account::IssuedToken;
use crate::ops::caller::{Caller, Developer};
use crate::ops::{Platform, account, app, auth, installation, instance, past, publication, setting};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::{fs, io};
use tokio::net::TcpListener;

/// Under which name the database keeps what the demo made.
const SETTING: &str = "demo";

/// What `--demo` made, and the connector that runs.
pub struct Demo {
    connector: DemoConnector,
    /// The demo app's client ID.
    pub client_id: AppId,
    /// Its secret, where the app was made at this start: only its hash is kept.
    pub client_secret: Option<String>,
    /// The demo connector's publication.
    pub publication: PublicationId,
}

impl Demo {
    /// Where the connector listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.connector.address()
    }

    /// Stops the connector.
    pub async fn stop(self) {
        self.connector.stop().await;
    }
}

/// Fills in the past of the demo's things, in a database that a server may be at work on. Blocks.
///
/// # Errors
/// If there is no such database or no demo in it, or there would be too many points.
pub fn seed_history(database: &Path, span: past::Span) -> Result<past::Filled> {
    let none = |what: &str| {
        let file = database.display();
        Error::NotFound(format!("{what} {file}: run `connhub serve --demo --db {file}` first, which makes the demo"))
    };
    if !database.exists() {
        return Err(none("there is no database"));
    }
    let (name, value) = demo::ORIGIN;
    let marked = AttributeConstraint { name: Some(name.to_owned()), value: Some(value.to_owned()) };
    let app_of = |kept: &str| parse(kept).map(|(client_id, _)| client_id);
    past::fill(database, SETTING, app_of, marked, span, demo::value_at)
        .and_then(|filled| filled.ok_or_else(|| none("there are no things of the demo in")))
}

/// Starts the demo connector.
///
/// # Errors
/// If what it kept cannot be read.
pub(super) async fn connector(
    platform: &Arc<Platform>,
    listener: TcpListener,
    server: SocketAddr,
    database: &Path,
) -> Result<DemoConnector> {
    take_over(platform, &state_file(database)).await?;
    let config = demo::Config {
        hub: format!("http://{}", reachable(server)),
        public_key: None,
        state: Some(Arc::new(InDatabase(Arc::downgrade(platform)))),
    };
    DemoConnector::start(vec![listener], config).map_err(|error| Error::Unavailable(error.to_string()))
}

/// Keeps what the demo connector knows. It must not hold the platform, which is closed when the connector has stopped.
struct InDatabase(Weak<Platform>);

impl InDatabase {
    fn platform(&self) -> io::Result<Arc<Platform>> {
        self.0.upgrade().ok_or_else(|| io::Error::other("the server has stopped"))
    }
}

impl Keep for InDatabase {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        setting::demo_state(&*self.platform()?).map_err(io::Error::other)
    }

    fn store(&self, text: &[u8]) -> io::Result<()> {
        setting::set_demo_state(&*self.platform()?, text.to_owned()).wait().map_err(io::Error::other)
    }

    fn name(&self) -> String {
        "the database".to_owned()
    }
}

/// Takes what the connector of an older connhub kept in a file beside the database, which backups do not have.
async fn take_over(platform: &Arc<Platform>, file: &Path) -> Result<()> {
    let unreadable = |error: io::Error| {
        Error::Unavailable(format!("the demo connector's state file {} cannot be read: {error}", file.display()))
    };
    let Some(text) = StateFile::new(file.to_owned()).load().map_err(unreadable)? else { return Ok(()) };
    if setting::demo_state(platform)?.is_none() {
        demo::check_state(&file.display().to_string(), &text).map_err(unreadable)?;
        setting::set_demo_state(platform, text).await?;
    }
    match fs::remove_file(file) {
        Ok(()) => tracing::info!(file = %file.display(), "the demo connector's state is in the database now"),
        Err(error) => tracing::warn!(%error, file = %file.display(), "a state file that is not needed any more stays"),
    }
    Ok(())
}

/// Sees to it that the demo connector is published, installed and instantiated. The server must
/// answer already: the connector creates its things while it is instantiated. The app's secret is shown as soon as it
/// exists, because the rest may fail.
///
/// # Errors
/// If the database cannot be written.
pub(super) async fn set_up(platform: &Arc<Platform>, connector: DemoConnector, show: Show<'_>) -> Result<Demo> {
    let developer = operator(platform).await?;
    let known = setting::get(platform, SETTING).await?.and_then(|kept| parse(&kept));
    let urls = callback_urls(connector.address());
    if let Some((client_id, publication)) = known
        && let Some(published) = bring_up_to_date(platform, &developer, publication, urls.clone()).await?
    {
        connector.set_public_key(published.public_key);
        return Ok(Demo { connector, client_id, client_secret: None, publication });
    }
    let published = publication::publish(platform, &developer, profile(urls)).await?;
    connector.set_public_key(published.public_key);
    let profile = AppProfile { name: "Demo app".to_owned(), redirect_uris: Vec::new() };
    let credentials = app::create(platform, &developer, profile, true).await?;
    let (client_id, publication) = (credentials.app.id, published.id);
    if let Some(secret) = &credentials.secret {
        show(Secret::OfApp { client_id, secret });
    }
    setting::set(platform, SETTING, format!("{client_id} {publication}")).await?;
    let installation = installation::install(platform, &developer, client_id, publication, Vec::new()).await?;
    instantiate(platform, &developer, client_id, installation.id).await?;
    Ok(Demo { connector, client_id, client_secret: credentials.secret, publication })
}

/// The developer on whose behalf the demo is set up: whoever runs the server.
async fn operator(platform: &Arc<Platform>) -> Result<Developer> {
    let token = account::operator_token(platform).await?;
    match caller(platform, token).await? {
        Caller::Developer(developer) => Ok(developer),
        _ => Err(Error::fault("the operator's token is no developer token")),
    }
}

async fn caller(platform: &Arc<Platform>, token: IssuedToken) -> Result<Caller> {
    let platform = Arc::clone(platform);
    let found = tokio::task::spawn_blocking(move || {
        let bearer = platform.verify(&token.token)?;
        let view = platform.view()?;
        auth::caller(&view, &bearer)
    });
    found.await.map_err(Error::fault)?
}

async fn instantiate(
    platform: &Arc<Platform>,
    developer: &Developer,
    app: AppId,
    installation: InstallationId,
) -> Result<InstanceId> {
    let (issuing, developer) = (Arc::clone(platform), developer.clone());
    let token =
        tokio::task::spawn_blocking(move || app::service_token(&issuing, &issuing.view()?, &developer, app, &[]));
    let caller = caller(platform, token.await.map_err(Error::fault)??).await?;
    let subject = ExternalSubject::default_subject();
    let service = caller.service(Scope::Connector)?;
    Ok(instance::instantiate(platform, service, subject, installation, Vec::new()).await?.id)
}

/// Gives the publication of an earlier start the connector's present address; `None` if its owner
/// removed it meanwhile.
async fn bring_up_to_date(
    platform: &Arc<Platform>,
    developer: &Developer,
    publication: PublicationId,
    urls: CallbackUrls,
) -> Result<Option<Publication>> {
    let moved = publication::update(platform, developer, publication, |profile| PublicationProfile {
        callback_urls: urls,
        ..profile
    });
    match moved.await {
        Ok(publication) => Ok(Some(publication)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// An address that listens everywhere is reached on loopback.
fn reachable(server: SocketAddr) -> SocketAddr {
    let ip = match server.ip() {
        ip if !ip.is_unspecified() => ip,
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    SocketAddr::new(ip, server.port())
}

/// Where the connector of an older connhub kept its state.
fn state_file(database: &Path) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".demo-connector.json");
    database.with_file_name(name)
}

fn parse(kept: &str) -> Option<(AppId, PublicationId)> {
    let (app, publication) = kept.split_once(' ')?;
    Some((app.parse().ok()?, publication.parse().ok()?))
}

fn callback_urls(address: SocketAddr) -> CallbackUrls {
    let urls = demo::callback_urls(address);
    CallbackUrls { installation: urls.installation, instance: urls.instance, action: urls.action }
}

fn profile(callback_urls: CallbackUrls) -> PublicationProfile {
    let description = demo::description();
    PublicationProfile {
        name: description.name.to_owned(),
        logo_url: None,
        home_url: None,
        description: description.description.to_owned(),
        requirements: Some(description.requirements.to_owned()),
        mode: Mode::Public,
        active: true,
        tags: description.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        installation_parameters: description.installation_parameters.into_iter().map(parameter).collect(),
        instance_parameters: description.instance_parameters.into_iter().map(parameter).collect(),
        callback_urls,
    }
}

fn parameter(parameter: demo::Parameter) -> Parameter {
    Parameter {
        id: parameter.id.to_owned(),
        name: parameter.name.to_owned(),
        required: parameter.required,
        description: parameter.description,
        value_type: match parameter.value_type {
            demo::ValueType::String => ValueType::String,
            demo::ValueType::Number => ValueType::Number,
            demo::ValueType::Boolean => ValueType::Boolean,
        },
        display_type: match parameter.display_type {
            demo::DisplayType::Plain => DisplayType::Plain,
            demo::DisplayType::Password => DisplayType::Password,
        },
        validation_expression: parameter.validation_expression,
    }
}
