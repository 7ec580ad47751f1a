//! Constraints on things and their parts as SQL.
//!
//! Conditions speak of the tables by their own names, so a statement names each of them once.

use crate::model::constraint::{
    ActionConstraint, AttributeConstraint, ComponentConstraint, ComponentConstraints, PropertyConstraint,
    ThingConstraint, ThingConstraints,
};
use crate::model::text::spellings;
use crate::store::params::Params;
use crate::store::row::array;
use rusqlite::ToSql;

/// The conditions of one question.
#[derive(Default)]
pub(super) struct Conditions {
    sql: String,
    pub(super) params: Params,
}

impl Conditions {
    /// ` AND … AND …`, to stand behind a first condition; empty where there are none.
    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// That the column holds this, where it is said.
    pub(super) fn equal<T: Clone + ToSql + 'static>(&mut self, column: &str, wanted: Option<&T>) {
        if let Some(wanted) = wanted {
            let wanted = self.params.bind(wanted.clone());
            self.sql.push_str(&format!(" AND {column} = {wanted}"));
        }
    }

    /// That the column holds this text in either normal form, where it is said.
    fn text(&mut self, column: &str, wanted: Option<&String>) {
        match wanted.map(|wanted| spellings(wanted)).as_deref() {
            None => {}
            Some([only]) => self.equal(column, Some(only)),
            Some(several) => {
                let several: Vec<_> = several.iter().map(|one| self.params.bind(one.clone())).collect();
                self.sql.push_str(&format!(" AND {column} IN ({})", several.join(", ")));
            }
        }
    }

    fn exists(&mut self, rows: &str, conditions: impl FnOnce(&mut Self)) {
        self.sql.push_str(&format!(" AND EXISTS (SELECT 1 FROM {rows}"));
        conditions(self);
        self.sql.push(')');
    }

    /// Of a row of `things`, which is `of_subject` if there is a condition on that already.
    pub(super) fn things(&mut self, constraints: &ThingConstraints, of_subject: bool) {
        let ThingConstraints { thing, attribute, component } = constraints;
        self.thing(thing, of_subject);
        if *attribute != AttributeConstraint::default() {
            let rows = "attributes WHERE attributes.thing = things.key";
            self.exists(rows, |this| this.attribute(attribute));
        }
        if *component != ComponentConstraints::default() {
            let rows = "components WHERE components.thing = things.key";
            self.exists(rows, |this| this.components(component));
        }
    }

    /// That a component of a thing can do this, by the index of what few can.
    pub(super) fn able(&mut self, capability: &str) {
        let capability = self.params.bind(capability.to_owned());
        self.sql.push_str(&format!(
            " AND things.key IN (SELECT components.thing FROM capabilities \
             CROSS JOIN components ON components.key = capabilities.component \
             WHERE capabilities.capability = {capability})"
        ));
    }

    fn thing(&mut self, constraint: &ThingConstraint, of_subject: bool) {
        let ThingConstraint { id, name, manufacturer, display_type, main_component_id, status } = constraint;
        self.equal("things.id", id.as_ref());
        self.text("things.name", name.as_ref());
        self.text("things.manufacturer", manufacturer.as_ref());
        self.text("things.display_type", display_type.as_ref());
        self.text("things.main_component_id", main_component_id.as_ref());
        // There are three, so an end customer, a name or an ID says more: with a plus SQLite uses no index for it.
        let alone = !of_subject && name.is_none() && id.is_none();
        self.equal(if alone { "things.status" } else { "+things.status" }, status.as_ref());
    }

    /// Of a row of `attributes`.
    pub(super) fn attribute(&mut self, constraint: &AttributeConstraint) {
        self.text("attributes.name", constraint.name.as_ref());
        self.text("attributes.value", constraint.value.as_ref());
    }

    /// Of a row of `components`.
    pub(super) fn components(&mut self, constraints: &ComponentConstraints) {
        let ComponentConstraints { component, property, action } = constraints;
        self.component(component);
        if *property != PropertyConstraint::default() {
            let rows = "properties WHERE properties.component = components.key";
            self.exists(rows, |this| this.property(property));
        }
        if *action != ActionConstraint::default() {
            let rows = "actions WHERE actions.component = components.key";
            self.exists(rows, |this| this.action(action));
        }
    }

    fn component(&mut self, constraint: &ComponentConstraint) {
        self.text("components.id", constraint.id.as_ref());
        self.text("components.name", constraint.name.as_ref());
        self.text("components.component_type", constraint.component_type.as_ref());
        let of_component =
            "FROM capabilities WHERE capabilities.component = components.key AND capabilities.capability";
        match constraint.capabilities() {
            [] => {}
            [only] => {
                let only = self.params.bind(only.clone());
                self.sql.push_str(&format!(" AND EXISTS (SELECT 1 {of_component} = {only})"));
            }
            all => {
                let (list, count) = (self.params.bind(array(all)), self.params.bind(all.len()));
                self.sql.push_str(&format!(" AND (SELECT count(*) {of_component} IN rarray({list})) = {count}"));
            }
        }
    }

    /// Of a row of `properties`.
    pub(super) fn property(&mut self, constraint: &PropertyConstraint) {
        let PropertyConstraint { id, name, value, unit, kind, property_type } = constraint;
        self.equal("properties.id", id.as_ref());
        self.text("properties.name", name.as_ref());
        self.text("properties.value", value.as_ref());
        self.text("properties.unit", unit.as_ref());
        self.equal("properties.type", kind.as_ref());
        self.text("properties.property_type", property_type.as_ref());
    }

    /// Of a row of `actions`.
    pub(super) fn action(&mut self, constraint: &ActionConstraint) {
        let ActionConstraint { id, name, parameter_name, parameter_type } = constraint;
        self.equal("actions.id", id.as_ref());
        self.text("actions.name", name.as_ref());
        if parameter_name.is_some() || parameter_type.is_some() {
            self.exists("action_parameters WHERE action_parameters.action = actions.key", |this| {
                this.text("action_parameters.name", parameter_name.as_ref());
                this.equal("action_parameters.type", parameter_type.as_ref());
            });
        }
    }
}
