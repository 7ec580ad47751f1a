//! Connector installations: one app's use of one publication.

use crate::model::id::{AccountId, AppId, InstallationId, PublicationId};
use crate::model::lifecycle::Standing;
use crate::model::time::Timestamp;
use crate::model::token::KeyId;

/// A connector installation. An app has at most one of a publication (platform documentation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Its identifier.
    pub id: InstallationId,
    /// The app that it is for.
    pub app: AppId,
    /// The account of the app.
    pub owner: AccountId,
    /// The publication that it uses.
    pub publication: PublicationId,
    /// Where it stands.
    pub standing: Standing,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The key that signed its connector's token; `None` for one from before keys had names.
    pub token_key: Option<KeyId>,
}
