//! The identifiers of all nouns: UUIDs, a type of its own for each noun so that they cannot be mixed up.
//!
//! Used by every room. An identifier from outside that is no UUID names nothing, so transports
//! treat a failed `parse` as "not found".

use crate::model::time::Timestamp;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The text is no identifier of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $make:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// Stands before all others; names nothing.
            pub const MIN: Self = Self(Uuid::nil());
            /// Stands after all others; names nothing.
            pub const MAX: Self = Self(Uuid::max());

            /// A new identifier that no other noun has.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::$make())
            }

            /// The 16 bytes, as the store keeps them.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// From the 16 bytes that the store keeps.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            /// Takes the hyphenated form alone: one noun, one spelling (in either case).
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if text.len() != uuid::fmt::Hyphenated::LENGTH {
                    return Err(NotAnId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }
    )*};
}

// Version 7 where lists are shown in the order of creation: the identifier is the order.
ids! {
    /// A developer's account.
    AccountId now_v7;
    /// An app, also its OAuth2 client ID.
    AppId now_v7;
    /// A connector publication; the platform's documentation calls it connector ID.
    PublicationId now_v7;
    /// A connector installation.
    InstallationId now_v7;
    /// A connector instance.
    InstanceId now_v7;
    /// A thing; version 4, as the platform documents it.
    ThingId new_v4;
    /// An action request.
    ActionRequestId now_v7;
    /// One callback to a connector.
    CallbackId now_v7;
    /// What a developer lets another app do.
    GrantId now_v7;
    /// An invitation to have an account.
    InviteId now_v7;
    /// One token; the claim `jti`.
    TokenId new_v4;
}

/// Identifiers that say when they were made.
macro_rules! timed {
    ($($name:ident),*) => {$(
        impl $name {
            /// An identifier that is before all that were made from this time on, and after all older ones.
            #[must_use]
            pub fn first_of(at: Timestamp) -> Self {
                // Version 7 begins with 48 bits of milliseconds.
                let millis = u64::try_from(at.micros() / 1_000).unwrap_or(0);
                let mut bytes = [0; 16];
                bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
                Self::from_bytes(bytes)
            }
        }
    )*};
}
timed!(ActionRequestId, CallbackId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_identifier_of_a_time_splits_older_from_newer_ones() {
        let id = CallbackId::generate();
        let (seconds, nanos) = id.0.get_timestamp().map(|t| t.to_unix()).expect("version 7 has a time");
        let millis = i64::try_from(seconds).expect("not that far") * 1_000 + i64::from(nanos) / 1_000_000;
        assert!(CallbackId::first_of(Timestamp::from_micros(millis * 1_000)) < id);
        assert!(CallbackId::first_of(Timestamp::from_micros((millis + 1) * 1_000)) > id);
    }

    #[test]
    fn text_form_is_at_most_36_characters_and_comes_back() {
        let id = ThingId::generate();
        let text = id.to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(text.parse(), Ok(id));
    }

    #[test]
    fn other_spellings_name_nothing() {
        for text in ["", "1", "67e5504410b1426f9247bb680e5fe0c8", "{67e55044-10b1-426f-9247-bb680e5fe0c8}"] {
            assert_eq!(text.parse::<ThingId>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn identifiers_of_lists_sort_by_creation() {
        let ids: Vec<_> = (0..1000).map(|_| InstanceId::generate()).collect();
        assert!(ids.is_sorted());
    }
}
