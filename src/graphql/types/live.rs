//! What subscriptions tell, where it is no noun of its own.

use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::graphql::id::ID;
use crate::graphql::scalars::{Scalar, Time};
use crate::graphql::types::connector::{ConnectorInstallation, ConnectorInstance};
use crate::graphql::types::thing::Thing;
use crate::model::error::Error;
use crate::model::id::{InstallationId, InstanceId};
use crate::ops::live::PropertyChange;
use crate::ops::thing;
use juniper::graphql_object;

/// A value that a connector reported for a property of a thing.
pub struct ThingPropertyChange(pub PropertyChange);

#[graphql_object(context = Context, scalar = Scalar)]
impl ThingPropertyChange {
    fn thing_id(&self) -> ID {
        ID::new(self.0.thing.to_string())
    }

    fn component_id(&self) -> ID {
        ID::new(self.0.component.clone())
    }

    fn property_id(&self) -> ID {
        ID::new(self.0.property.clone())
    }

    /// Always a string, as the connector wrote it.
    fn value(&self) -> &str {
        &self.0.value
    }

    /// When the value was so.
    fn timestamp(&self) -> Time {
        Time(self.0.at)
    }

    /// Whether it became the property's current value. Else it is a point of the past that arrived
    /// late: a newer one was known.
    fn current(&self) -> bool {
        self.0.current
    }

    /// The thing as it stands when this is told.
    fn thing(&self, context: &Context) -> Answered<Thing> {
        let found = context.read(|view| thing::of_requests(view, &[self.0.thing]))?;
        Ok(Thing::page(found).pop().ok_or_else(|| Error::not_found("thing", self.0.thing))?)
    }
}

/// An installation that changed, or that is gone.
pub struct ConnectorInstallationChange {
    /// Which.
    pub id: InstallationId,
    /// As it stands after the change.
    pub installation: Option<ConnectorInstallation>,
}

#[graphql_object(context = Context, scalar = Scalar)]
impl ConnectorInstallationChange {
    fn installation_id(&self) -> ID {
        ID::new(self.id.to_string())
    }

    /// As it stood after the change; null once it is gone.
    fn installation(&self) -> Option<&ConnectorInstallation> {
        self.installation.as_ref()
    }
}

/// An instance that changed, or that is gone.
pub struct ConnectorInstanceChange {
    /// What it is an instance of.
    pub installation: InstallationId,
    /// Which.
    pub id: InstanceId,
    /// As it stands after the change.
    pub instance: Option<ConnectorInstance>,
}

#[graphql_object(context = Context, scalar = Scalar)]
impl ConnectorInstanceChange {
    fn installation_id(&self) -> ID {
        ID::new(self.installation.to_string())
    }

    fn instance_id(&self) -> ID {
        ID::new(self.id.to_string())
    }

    /// As it stood after the change; null once it is gone.
    fn instance(&self) -> Option<&ConnectorInstance> {
        self.instance.as_ref()
    }
}
