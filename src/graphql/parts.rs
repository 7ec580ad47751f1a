//! Parts of the things on one page that are like something: of stored things they are asked of the
//! database, for all things of the page at once; of deleted ones they are what was read before.

use crate::graphql::batch::ArgumentBatch;
use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::model::error::Result;
use crate::ops::View;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Parts of one kind of some wholes.
pub enum Parts<Key, Constraint, Part> {
    /// Of wholes that are in the database.
    Stored(ArgumentBatch<Key, Constraint, Part>),
    /// Of wholes that were.
    Deleted(HashMap<Key, Vec<Part>>),
}

impl<Key: Eq + Hash, Constraint: Eq + Hash, Part: Clone> Parts<Key, Constraint, Part> {
    /// Parts of these stored wholes.
    pub fn stored(wholes: Arc<[Key]>) -> Self {
        Self::Stored(ArgumentBatch::new(wholes))
    }

    /// Those of one whole that are like this.
    pub fn get(
        &self,
        context: &Context,
        key: &Key,
        constraint: Constraint,
        load: impl Fn(&View, &[Key], &Constraint) -> Result<HashMap<Key, Vec<Part>>>,
        is_like: impl Fn(&Constraint, &Part) -> bool,
    ) -> Answered<Vec<Part>> {
        match self {
            Self::Stored(batch) => batch.get(context, key, constraint, load),
            Self::Deleted(_) => {
                Ok(self.deleted(key).iter().filter(|part| is_like(&constraint, part)).cloned().collect())
            }
        }
    }

    /// All parts of a deleted whole.
    pub fn deleted(&self, key: &Key) -> &[Part] {
        match self {
            Self::Stored(_) => &[],
            Self::Deleted(parts) => parts.get(key).map_or(&[], Vec::as_slice),
        }
    }
}

/// The same lists, with something made of each row.
pub fn each<Key: Eq + Hash, Row, Node>(
    lists: HashMap<Key, Vec<Row>>,
    node: impl Fn(Row) -> Node,
) -> HashMap<Key, Vec<Node>> {
    lists.into_iter().map(|(key, rows)| (key, rows.into_iter().map(&node).collect())).collect()
}
