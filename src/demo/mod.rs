//! The built-in demo connector.
