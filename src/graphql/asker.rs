//! Who a request is from, as far as its token says: for the turns of queries, and for the context, which finds out
//! whether the token's row still exists.

use crate::graphql::Engine;
use crate::model::error::Result;
use crate::model::party::Party;
use crate::ops::auth::Bearer;
use std::net::IpAddr;
use std::sync::Arc;

/// The caller of a request.
pub struct Asker {
    /// The token that was sent, or why it is invalid.
    pub bearer: Option<Result<Bearer>>,
    /// Whose turn the request takes.
    pub party: Party,
}

impl Engine {
    /// The caller that sent this token from there.
    pub(super) async fn asker(self: &Arc<Self>, token: Option<&str>, client: Option<IpAddr>) -> Asker {
        let bearer = token.map(|token| self.platform.verify(token));
        let good = bearer.as_ref().and_then(|bearer| bearer.as_ref().ok());
        let party = match (self.platform.known_party(good, client), good) {
            (Some(party), _) => party,
            (None, Some(bearer)) => self.look_up(bearer.clone(), client).await,
            (None, None) => Party::new(None, client),
        };
        Asker { bearer, party }
    }

    /// The account of a token is looked up once, in the turn of those that are unknown.
    async fn look_up(self: &Arc<Self>, bearer: Bearer, client: Option<IpAddr>) -> Party {
        let unknown = Party::new(None, client);
        let found = self.blocking(unknown, move |engine| engine.platform.find_party(&bearer, client)).await;
        // What is wrong with the database, the request itself will report.
        found.ok().and_then(Result::ok).unwrap_or(unknown)
    }
}
