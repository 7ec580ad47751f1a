//! Texts that the server keeps for itself in the database.

use crate::model::error::Result;
use crate::ops::Platform;
use crate::store::{Reply, setting};
use std::sync::Arc;

/// The text under a name.
///
/// # Errors
/// Faults of the database.
pub async fn get(platform: &Arc<Platform>, name: &'static str) -> Result<Option<String>> {
    let kept = platform.read(move |view| setting::get(view, name)).await?;
    Ok(kept.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Keeps a text under a name.
///
/// # Errors
/// Faults of the database.
pub async fn set(platform: &Platform, name: &'static str, text: String) -> Result<()> {
    platform.store.write(move |transaction| setting::set(transaction, name, text.as_bytes())).await
}

/// The name of the text that the demo connector keeps.
const DEMO_STATE: &str = "demo_state";

/// The text that the demo connector keeps. Blocks for a moment.
///
/// # Errors
/// Faults of the database.
pub fn demo_state(platform: &Platform) -> Result<Option<Vec<u8>>> {
    setting::get_secret(&*platform.view()?, DEMO_STATE)
}

/// Stores the text that the demo connector keeps.
pub fn set_demo_state(platform: &Platform, text: Vec<u8>) -> Reply<()> {
    platform.store.write(move |transaction| setting::set_secret(transaction, DEMO_STATE, &text))
}
