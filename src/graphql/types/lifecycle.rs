//! States of installations and instances, their details and further steps.

use crate::graphql::context::Context;
use crate::graphql::scalars::{Json, Scalar};
use crate::model::lifecycle::{self, FurtherStepKind, Standing, State};
use juniper::{GraphQLEnum, graphql_object};

/// The states of installations and of instances are the same but for their name.
macro_rules! states {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
        #[graphql(scalar = Scalar)]
        pub enum $name {
            /// Stored, and the connector's answer is awaited.
            Initialized,
            /// Ready for use.
            Complete,
            /// The connector has more to do, or the user has: see `furtherStep`.
            Ongoing,
            /// The connector refused: see `stateDetails`.
            Failed,
            /// The connector did not answer as it must: see `stateDetails`.
            // `Error` alone would clash with the derived code's associated types.
            #[graphql(name = "ERROR")]
            ErrorState,
            /// The platform's own fault: see `stateDetails`.
            InternalError,
            /// Being removed.
            RemovalOngoing,
        }

        impl From<State> for $name {
            fn from(state: State) -> Self {
                match state {
                    State::Initialized => Self::Initialized,
                    State::Complete => Self::Complete,
                    State::Ongoing => Self::Ongoing,
                    State::Failed => Self::Failed,
                    State::Error => Self::ErrorState,
                    State::InternalError => Self::InternalError,
                    State::RemovalOngoing => Self::RemovalOngoing,
                }
            }
        }
    )*};
}
states! {
    /// Where an installation stands.
    ConnectorInstallationState;
    /// Where an instance stands.
    ConnectorInstanceState;
}

/// What the content of a further step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
#[graphql(scalar = Scalar)]
pub enum FurtherStepType {
    /// Plain text to show.
    Text,
    /// Markdown to show.
    Markdown,
    /// A URL to lead the user to.
    Redirect,
}

/// What a user has to do before an installation or instance becomes complete.
pub struct FurtherStep<'a>(pub &'a lifecycle::FurtherStep);

#[graphql_object(context = Context, scalar = Scalar, name = "FurtherStep")]
impl FurtherStep<'_> {
    #[graphql(name = "type")]
    fn kind(&self) -> FurtherStepType {
        match self.0.kind {
            FurtherStepKind::Text => FurtherStepType::Text,
            FurtherStepKind::Markdown => FurtherStepType::Markdown,
            FurtherStepKind::Redirect => FurtherStepType::Redirect,
        }
    }

    /// The text, the Markdown or the URL.
    fn content(&self) -> &str {
        &self.0.content
    }

    /// The content as sanitised HTML of at most 64 KiB, for MARKDOWN; null otherwise. HTML within the Markdown is left out, and
    /// images are links, so that showing it loads nothing from elsewhere.
    fn content_html(&self) -> Option<&str> {
        self.0.html.as_deref()
    }
}

/// What the connector, or the platform, says about a state.
pub fn details(standing: &Standing) -> Option<Json> {
    standing.details.as_ref().and_then(|details| Json::new(details.as_str()))
}
