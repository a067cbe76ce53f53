//! The members of a body.

use super::super::wire::Fault;
use super::Faults;
use super::values::{instant, integer, text, uuid};
use serde_json::{Map, Value, json};
use stepwright_engine::Timestamp;
use stepwright_engine::record::Change;
use uuid::Uuid;

/// An object's members; what is unknown is ignored.
pub(super) struct Members<'a> {
    members: &'a Map<String, Value>,
    faults: &'a Faults,
}

impl<'a> Members<'a> {
    pub(super) fn new(members: &'a Map<String, Value>, faults: &'a Faults) -> Self {
        Self { members, faults }
    }

    fn loc(name: &str) -> [Value; 2] {
        ["body".into(), name.into()]
    }

    /// A rule of this API's own is broken.
    pub(super) fn refuse(&self, name: &str, rule: &str) {
        let msg = format!("Value error, {name} {rule}");
        let mut fault = Fault::new("value_error", Self::loc(name).to_vec(), msg).with_ctx(json!({ "error": {} }));
        if let Some(value) = self.members.get(name) {
            fault = fault.with_input(value);
        }
        self.faults.add(fault);
    }

    /// A member that must be there.
    pub(super) fn required(&self, name: &str) -> Option<&'a Value> {
        let found = self.members.get(name);
        if found.is_none() {
            let whole = Value::Object(self.members.clone());
            self.faults.add(Fault::new("missing", Self::loc(name).to_vec(), "Field required").with_input(&whole));
        }
        found
    }

    /// A member; `null` is none.
    pub(super) fn optional(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn required_text(&self, name: &str, min: usize, max: usize) -> Option<String> {
        text(self.faults, &Self::loc(name), self.required(name)?, min, max)
    }

    pub(super) fn text(&self, name: &str, max: usize) -> Option<String> {
        text(self.faults, &Self::loc(name), self.optional(name)?, 0, max)
    }

    pub(super) fn required_uuid(&self, name: &str) -> Option<Uuid> {
        uuid(self.faults, &Self::loc(name), self.required(name)?)
    }

    pub(super) fn uuid(&self, name: &str) -> Option<Uuid> {
        uuid(self.faults, &Self::loc(name), self.optional(name)?)
    }

    pub(super) fn instant(&self, name: &str) -> Option<Timestamp> {
        instant(self.faults, &Self::loc(name), self.optional(name)?)
    }

    /// A whole number from 0 to `max`.
    pub(super) fn level(&self, name: &str, max: u32) -> Option<u32> {
        let number = integer(self.faults, &Self::loc(name), self.optional(name)?, 0, Some(i128::from(max)))?;
        u32::try_from(number).ok()
    }

    /// An object; empty when there is none.
    pub(super) fn object(&self, name: &str) -> Option<Map<String, Value>> {
        match self.optional(name)? {
            Value::Object(members) => Some(members.clone()),
            other => {
                let msg = "Input should be a valid dictionary";
                self.faults.add(Fault::new("dict_type", Self::loc(name).to_vec(), msg).with_input(other));
                None
            }
        }
    }

    /// One of the words `read` knows.
    pub(super) fn word<T>(
        &self,
        name: &str,
        value: &Value,
        words: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = text(self.faults, &Self::loc(name), value, 0, usize::MAX)?;
        let found = read(&text);
        if found.is_none() {
            self.refuse(name, &format!("must be one of: {}", words.join(", ")));
        }
        found
    }

    /// What a member that may be empty changes: absent keeps, `null` clears.
    pub(super) fn change<T>(&self, name: &str, read: impl Fn(&Self) -> Option<T>) -> Change<T> {
        match self.members.get(name) {
            None => Change::Keep,
            Some(Value::Null) => Change::Clear,
            // After a fault nothing is changed at all.
            Some(_) => read(self).map_or(Change::Keep, Change::Set),
        }
    }
}
