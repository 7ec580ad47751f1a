//! Accounts, apps, grants and tokens.

use crate::graphql::batch::{Batch, group};
use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::id::ID;
use crate::graphql::list::List;
use crate::graphql::scalars::{Scalar, Time};
use crate::graphql::types::connector::ConnectorInstallation;
use crate::graphql::types::operator::AccountRole;
use crate::model::account::Account;
use crate::model::app as model;
use crate::model::grant::NamedGrant;
use crate::model::id::AppId;
use crate::ops::account as ops_account;
use crate::ops::app as ops;
use crate::ops::installation;
use juniper::graphql_object;
use std::sync::Arc;

/// What a sign-in page needs to know.
pub struct About(pub ops_account::About);

#[graphql_object(context = Context, scalar = Scalar)]
impl About {
    /// connhub's own.
    fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    /// Whether anybody may register, by POST /api/v1/auth/register.
    fn open_signup(&self) -> bool {
        self.0.open_signup
    }

    /// The e-mail of the account whose password was made up and printed once, at the first start.
    /// Null where there is none, and where others than people at the server's machine can ask.
    fn generated_account(&self) -> Option<&str> {
        self.0.generated_account.as_deref()
    }
}

/// Who is signed in.
pub struct Profile(pub Account);

#[graphql_object(context = Context, scalar = Scalar)]
impl Profile {
    fn id(&self) -> ID {
        ID::new(self.0.id.to_string())
    }

    fn email(&self) -> &str {
        &self.0.email
    }

    fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether this account's owner also runs the server.
    fn role(&self) -> AccountRole {
        self.0.role.into()
    }

    /// The URL of a picture; connhub keeps none.
    fn image(&self) -> Option<&str> {
        None
    }
}

/// What a developer builds for end customers; also called service.
#[derive(Clone)]
pub struct App {
    row: model::App,
    installations: Arc<Batch<AppId, Vec<ConnectorInstallation>>>,
}

impl App {
    /// A page of them.
    pub fn page(rows: Vec<model::App>) -> Vec<Self> {
        let installations = Arc::new(Batch::new(rows.iter().map(|row| row.id).collect()));
        rows.into_iter().map(|row| Self { row, installations: Arc::clone(&installations) }).collect()
    }

    /// A single one.
    pub fn one(row: model::App) -> Self {
        let installations = Arc::new(Batch::new(Arc::new([row.id])));
        Self { row, installations }
    }
}

#[graphql_object(context = Context, scalar = Scalar)]
impl App {
    /// Also its OAuth2 client ID.
    fn id(&self) -> ID {
        ID::new(self.row.id.to_string())
    }

    fn name(&self) -> &str {
        &self.row.name
    }

    fn redirect_uris(&self) -> &[String] {
        &self.row.redirect_uris
    }

    /// Whether it has a secret. One that runs in a browser or on a phone has none and gets tokens by the
    /// authorization code flow with PKCE alone.
    fn has_secret(&self) -> bool {
        self.row.has_secret
    }

    fn created_at(&self) -> Time {
        Time(self.row.created_at)
    }

    fn installations(&self, context: &Context) -> Answered<List<&[ConnectorInstallation]>> {
        let found = self.installations.get(context, &self.row.id, |view, ids| {
            let rows = installation::of_apps(view, ids)?;
            let groups = group(rows, |row| row.app);
            Ok(groups.into_iter().map(|(app, rows)| (app, ConnectorInstallation::page(rows))).collect())
        })?;
        let list = found.map_or_else(Default::default, Vec::as_slice);
        context.take_rows(list.len())?;
        Ok(List(list))
    }
}

/// The secret is shown once: only its hash is kept.
pub struct AppCredentials(pub ops::AppCredentials);

#[graphql_object(context = Context, scalar = Scalar)]
impl AppCredentials {
    fn app(&self) -> App {
        App::one(self.0.app.clone())
    }

    fn client_id(&self) -> ID {
        ID::new(self.0.app.id.to_string())
    }

    /// Empty for an app that has none.
    fn client_secret(&self) -> &str {
        self.0.secret.as_deref().unwrap_or_default()
    }
}

/// What a developer lets another app do for one of their own, by the authorization code flow.
pub struct Grant(pub NamedGrant);

#[graphql_object(context = Context, scalar = Scalar)]
impl Grant {
    fn id(&self) -> ID {
        ID::new(self.0.grant.id.to_string())
    }

    /// The app that acts.
    fn client_id(&self) -> ID {
        ID::new(self.0.grant.client.to_string())
    }

    fn client_name(&self) -> &str {
        &self.0.client_name
    }

    /// The developer's app that it acts for.
    fn app_id(&self) -> ID {
        ID::new(self.0.grant.app.to_string())
    }

    fn app_name(&self) -> &str {
        &self.0.app_name
    }

    /// Separated by blanks; offline means that it goes on until it is revoked or not used for long.
    fn scope(&self) -> String {
        self.0.grant.permission.to_string()
    }

    /// The scope in words for its developer, as the page of the consent says it; each goes on after “It can”.
    fn permissions(&self) -> Vec<&'static str> {
        self.0.grant.permission.words()
    }

    fn created_at(&self) -> Time {
        Time(self.0.grant.created_at)
    }

    /// When tokens were given last.
    fn used_at(&self) -> Time {
        Time(self.0.grant.used_at)
    }

    /// When it ends by itself, if no more tokens are asked for until then.
    fn expires_at(&self) -> Time {
        Time(self.0.grant.expires_at)
    }
}

/// A token for a developer.
pub struct DeveloperToken(pub ops_account::IssuedToken);

#[graphql_object(context = Context, scalar = Scalar)]
impl DeveloperToken {
    fn access_token(&self) -> &str {
        &self.0.token
    }

    fn token_type(&self) -> &str {
        "bearer"
    }

    /// Seconds.
    fn expires_in(&self) -> i32 {
        i32::try_from(self.0.expires_in).unwrap_or(i32::MAX)
    }

    fn scope(&self) -> &str {
        &self.0.scope
    }
}

/// A token for an app.
pub struct ServiceToken(pub ops_account::IssuedToken);

#[graphql_object(context = Context, scalar = Scalar)]
impl ServiceToken {
    fn access_token(&self) -> &str {
        &self.0.token
    }

    fn token_type(&self) -> &str {
        "bearer"
    }

    /// Seconds.
    fn expires_in(&self) -> i32 {
        i32::try_from(self.0.expires_in).unwrap_or(i32::MAX)
    }

    /// Separated by blanks.
    fn scope(&self) -> &str {
        &self.0.scope
    }
}
