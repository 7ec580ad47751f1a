//! Conditions on points of a history as SQL.

use crate::model::filter::{Comparison, Condition};
use crate::model::history::HistoricValue;
use crate::model::thing::PropertyKey;
use crate::model::time::Timestamp;
use crate::store::params::Params;
use rusqlite::ToSql;
use rusqlite::types::Value;
use std::rc::Rc;

/// The text behind WHERE and what is bound to its placeholders.
pub(super) struct Where {
    sql: String,
    params: Params,
}

impl Where {
    /// A property's points between two times, both included, that meet the condition.
    pub(super) fn new(property: PropertyKey, from: Timestamp, to: Timestamp, condition: Option<&Condition>) -> Self {
        let mut this = Self { sql: String::new(), params: Params::default() };
        let (property, from, to) = (this.bind(property), this.bind(from), this.bind(to));
        this.sql = format!("property = {property} AND at BETWEEN {from} AND {to}");
        if let Some(condition) = condition {
            this.sql.push_str(" AND ");
            this.add(condition);
        }
        this
    }

    /// Binds one value more, and gives its placeholder.
    pub(super) fn bind(&mut self, value: impl ToSql + 'static) -> String {
        self.params.bind(value)
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn params(&self) -> Vec<&dyn ToSql> {
        self.params.values()
    }

    fn add(&mut self, condition: &Condition) {
        match condition {
            Condition::All(conditions) => self.add_all(conditions, " AND ", "TRUE"),
            Condition::Any(conditions) => self.add_all(conditions, " OR ", "FALSE"),
            Condition::Compare(comparison, value) => {
                let operator = match comparison {
                    Comparison::Eq => "=",
                    Comparison::Neq => "<>",
                    Comparison::Gt => ">",
                    Comparison::Gte => ">=",
                    Comparison::Lt => "<",
                    Comparison::Lte => "<=",
                };
                let value = self.bind(value.clone());
                self.sql.push_str(&format!("value {operator} {value}"));
            }
            Condition::OneOf(values) => {
                let values: Vec<Value> = values.iter().map(to_value).collect();
                let values = self.bind(Rc::new(values));
                self.sql.push_str(&format!("value IN rarray({values})"));
            }
            Condition::Like(pattern) => {
                let pattern = self.bind(pattern.to_string());
                self.sql.push_str(&format!("is_like(value, {pattern})"));
            }
        }
    }

    fn add_all(&mut self, conditions: &[Condition], between: &str, none: &str) {
        self.sql.push('(');
        for (index, condition) in conditions.iter().enumerate() {
            if index > 0 {
                self.sql.push_str(between);
            }
            self.add(condition);
        }
        if conditions.is_empty() {
            self.sql.push_str(none);
        }
        self.sql.push(')');
    }
}

fn to_value(value: &HistoricValue) -> Value {
    match value {
        HistoricValue::Number(number) => Value::Real(*number),
        HistoricValue::Boolean(truth) => Value::Integer((*truth).into()),
        HistoricValue::Text(text) => Value::Text(text.clone()),
    }
}
