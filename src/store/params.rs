//! What is bound to the placeholders of a statement whose text depends on what is asked for: the
//! text holds placeholders alone, so that the same kind of question is the same statement.

use rusqlite::ToSql;

/// Values in the order of their placeholders.
#[derive(Default)]
pub(super) struct Params(Vec<Box<dyn ToSql>>);

impl Params {
    /// Binds one value more, and gives its placeholder.
    pub(super) fn bind(&mut self, value: impl ToSql + 'static) -> String {
        self.0.push(Box::new(value));
        format!("?{}", self.0.len())
    }

    /// The values, as a statement takes them.
    pub(super) fn values(&self) -> Vec<&dyn ToSql> {
        self.0.iter().map(|value| &**value).collect()
    }
}
