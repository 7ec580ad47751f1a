//! Who a request is from, as far as its token says: for the turns of queries, and for the context, which finds out
//! whether the token's row still exists.

use crate::graphql::Engine;
use crate::graphql::slots::{Client, Held};
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
    pub client: Client,
}

impl Engine {
    /// The caller that sent this token from there.
    pub(super) async fn asker(
        self: &Arc<Self>,
        token: Option<&str>,
        address: Option<IpAddr>,
        held: Option<Held>,
    ) -> Asker {
        let bearer = token.map(|token| self.platform.verify(token));
        let good = bearer.as_ref().and_then(|bearer| bearer.as_ref().ok());
        let unknown = Client { party: Party::new(None, address), held };
        let client = match (self.platform.known_party(good, address), good) {
            (Some(party), _) => Client { party, ..unknown },
            (None, Some(bearer)) => self.look_up(bearer.clone(), address, unknown).await,
            (None, None) => unknown,
        };
        Asker { bearer, client }
    }

    /// The party of whoever sent this token from there.
    pub async fn party(self: &Arc<Self>, token: &str, address: Option<IpAddr>) -> Party {
        self.asker(Some(token), address, None).await.client.party
    }

    /// The account of a token is looked up once, in the turn of those that are unknown.
    async fn look_up(self: &Arc<Self>, bearer: Bearer, address: Option<IpAddr>, unknown: Client) -> Client {
        let find = move |engine: &Self, _: &_| engine.platform.find_party(&bearer, address);
        let found = self.short(unknown.clone(), find).await;
        // If something is wrong with the database, the request itself will report it.
        let party = found.ok().and_then(Result::ok).unwrap_or(unknown.party);
        Client { party, ..unknown }
    }
}
