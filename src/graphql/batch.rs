//! Children loaded for a whole page of parents at once: the first parent that is asked for its
//! child loads those of all its siblings with one query, so that no query stands in a loop.

use crate::graphql::context::Context;
use crate::graphql::error::Answered;
use crate::model::error::Result;
use crate::ops::View;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

/// The children of one kind of some parents.
pub struct Batch<Key, Child> {
    parents: Arc<[Key]>,
    children: OnceLock<HashMap<Key, Child>>,
}

impl<Key: Eq + Hash, Child> Batch<Key, Child> {
    /// Children of these parents, to be loaded when the first is asked for.
    pub fn new(parents: Arc<[Key]>) -> Self {
        Self { parents, children: OnceLock::new() }
    }

    /// Children that are known already.
    pub fn loaded(children: HashMap<Key, Child>) -> Self {
        Self { parents: Arc::new([]), children: OnceLock::from(children) }
    }

    /// The child under a key; `load` gets all keys.
    pub fn get(
        &self,
        context: &Context,
        key: &Key,
        load: impl Fn(&View, &[Key]) -> Result<HashMap<Key, Child>>,
    ) -> Answered<Option<&Child>> {
        if self.children.get().is_none() {
            let loaded = context.read(|view| load(view, &self.parents))?;
            // Fields of a query are resolved one after another, so nobody was faster.
            let _ = self.children.set(loaded);
        }
        Ok(self.children.get().and_then(|children| children.get(key)))
    }
}

/// Lists of children of some parents that depend on arguments; loaded once for each set of them.
pub struct ArgumentBatch<Key, Arguments, Child> {
    parents: Arc<[Key]>,
    loaded: Mutex<HashMap<Arguments, Lists<Key, Child>>>,
}

/// The lists of all parents for one set of arguments.
type Lists<Key, Child> = Arc<HashMap<Key, Vec<Child>>>;

impl<Key: Eq + Hash, Arguments: Eq + Hash, Child: Clone> ArgumentBatch<Key, Arguments, Child> {
    /// Lists of children of these parents.
    pub fn new(parents: Arc<[Key]>) -> Self {
        Self { parents, loaded: Mutex::default() }
    }

    /// The list under a key; `load` gets all keys.
    pub fn get(
        &self,
        context: &Context,
        key: &Key,
        arguments: Arguments,
        load: impl Fn(&View, &[Key], &Arguments) -> Result<HashMap<Key, Vec<Child>>>,
    ) -> Answered<Vec<Child>> {
        let known = self.loaded.lock().get(&arguments).cloned();
        let lists = match known {
            Some(lists) => lists,
            None => {
                let lists = Arc::new(context.read(|view| load(view, &self.parents, &arguments))?);
                self.loaded.lock().insert(arguments, Arc::clone(&lists));
                lists
            }
        };
        let list = lists.get(key);
        context.take_rows(list.map_or(0, Vec::len))?;
        Ok(list.cloned().unwrap_or_default())
    }
}

/// Groups rows into lists by a key.
pub fn group<Key: Eq + Hash, Row>(rows: Vec<Row>, key: impl Fn(&Row) -> Key) -> HashMap<Key, Vec<Row>> {
    let mut groups: HashMap<Key, Vec<Row>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}
