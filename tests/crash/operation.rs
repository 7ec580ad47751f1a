//! What a client may ask for.

use uuid::Uuid;

/// Something asked for, with the only things that it may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// The app installs a publication.
    Install { publication: Uuid },
    /// The connector reports an installation that was ONGOING as COMPLETE.
    ReportInstallation { installation: Uuid },
    /// The app instantiates an installation for a subject.
    Instantiate { installation: Uuid, subject: String },
    /// The connector reports an instance that was ONGOING as COMPLETE.
    ReportInstance { instance: Uuid },
    /// The connector creates a thing.
    CreateThing { instance: Uuid },
    /// The connector reports a value.
    Update { thing: Uuid, at: i64, value: i64 },
    /// The app requests a thing's action.
    Act { thing: Uuid },
    /// The connector ends an action request that was PENDING.
    End { action: Uuid, status: &'static str },
    /// The app cancels an action request that was PENDING.
    Cancel { action: Uuid },
    /// The app removes an instance.
    RemoveInstance { instance: Uuid },
    /// The developer removes an installation with its instances.
    RemoveInstallation { installation: Uuid },
}

impl Operation {
    /// What it is called in the table of figures.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Install { .. } => "install",
            Self::ReportInstallation { .. } => "report an installation's state",
            Self::Instantiate { .. } => "instantiate",
            Self::ReportInstance { .. } => "report an instance's state",
            Self::CreateThing { .. } => "create a thing",
            Self::Update { .. } => "update a property",
            Self::Act { .. } => "request an action",
            Self::End { .. } => "end an action",
            Self::Cancel { .. } => "cancel an action",
            Self::RemoveInstance { .. } => "remove an instance",
            Self::RemoveInstallation { .. } => "remove an installation",
        }
    }
}
