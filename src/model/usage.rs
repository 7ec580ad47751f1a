//! How much of the server an account or a connector uses.

/// What went between connectors and apps within some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Callbacks that were sent, or were to be.
    pub callbacks: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Values that connectors reported.
    pub updates: u64,
}

impl Traffic {
    /// With more.
    pub fn add(&mut self, other: Self) {
        self.callbacks += other.callbacks;
        self.failures += other.failures;
        self.updates += other.updates;
    }

    /// How busy it is: callbacks and updates alike.
    #[must_use]
    pub fn total(self) -> u64 {
        self.callbacks + self.updates
    }
}

/// What is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    /// Rows of the database.
    pub rows: u64,
    /// Their bytes, without indexes and what SQLite adds.
    pub bytes: u64,
}

impl Stored {
    /// With more.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.bytes += other.bytes;
    }
}

/// How much something uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// What is stored; `None` until it was measured.
    pub stored: Option<Stored>,
    /// Since midnight, UTC.
    pub today: Traffic,
    /// Within 24 hours, to the hour.
    pub day: Traffic,
}
