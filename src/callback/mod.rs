//! Sends callbacks to connectors.
