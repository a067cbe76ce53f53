//! Reading a JSON object's members, collecting every fault instead of stopping at the first.

use super::time::parse_instant;
use super::{ApiError, ApiResult};
use serde_json::{Map, Value};
use std::cell::RefCell;
use stepwright_app::FieldFault;
use stepwright_engine::{RawJson, Timestamp};

/// The faults found so far. Not kept across an `await`.
#[derive(Default)]
pub struct Faults(RefCell<Vec<FieldFault>>);

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn add(&self, pointer: impl Into<String>, message: impl Into<String>) {
        self.0.borrow_mut().push(FieldFault::new(pointer, message));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<FieldFault> {
        self.0.into_inner()
    }

    /// `value` when there are none.
    ///
    /// # Errors
    /// `Invalid` with all of them.
    pub fn or<T>(self, value: T) -> ApiResult<T> {
        if self.is_empty() { Ok(value) } else { Err(ApiError::Invalid(self.into_vec())) }
    }
}

/// An object being read. A member that is `null` counts as absent.
#[derive(Clone)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    at: String,
    faults: &'a Faults,
}

impl<'a> Fields<'a> {
    /// The body's members.
    ///
    /// # Errors
    /// `Invalid` when the body is no object.
    pub fn of(body: &'a Value, faults: &'a Faults) -> ApiResult<Self> {
        match body.as_object() {
            Some(object) => Ok(Self { object, at: String::new(), faults }),
            None => Err(ApiError::invalid("", "must be an object")),
        }
    }

    /// The members of an object at `at`; a fault and `None` when it is no object.
    pub fn at(value: &'a Value, at: String, faults: &'a Faults) -> Option<Self> {
        match value.as_object() {
            Some(object) => Some(Self { object, at, faults }),
            None => {
                faults.add(at, "must be an object");
                None
            }
        }
    }

    /// The JSON pointer of a member.
    pub fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.at, name.replace('~', "~0").replace('/', "~1"))
    }

    /// A fault at a member.
    pub fn fault(&self, name: &str, message: impl Into<String>) {
        self.faults.add(self.pointer(name), message);
    }

    /// The member, unless absent or `null`.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|v| !v.is_null())
    }

    /// Whether the member stands there, `null` included.
    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// Whether the member stands there as `null`.
    pub fn is_null(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(Value::is_null)
    }

    /// A fault at a pointer below this object.
    pub fn fault_at(&self, pointer: String, message: impl Into<String>) {
        self.faults.add(pointer, message);
    }

    /// The names of all members.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.object.keys().map(String::as_str)
    }

    /// A fault for every member not listed.
    pub fn only(&self, known: &[&str]) {
        for name in self.names().filter(|n| !known.contains(n)) {
            self.fault(name, format!("is unknown; known are {}", known.join(", ")));
        }
    }

    /// A text that must be there; "" after a fault.
    pub fn text(&self, name: &str) -> String {
        if self.get(name).is_none() {
            self.fault(name, "is required");
        }
        self.opt_text(name).unwrap_or_default()
    }

    /// A text.
    pub fn opt_text(&self, name: &str) -> Option<String> {
        self.typed(name, "must be a text", |v| v.as_str().map(str::to_owned))
    }

    /// `true` or `false`.
    pub fn opt_bool(&self, name: &str) -> Option<bool> {
        self.typed(name, "must be true or false", Value::as_bool)
    }

    /// A whole number from 0 to `max`.
    pub fn opt_u64(&self, name: &str, max: u64) -> Option<u64> {
        self.typed(name, &format!("must be a whole number from 0 to {max}"), |v| v.as_u64().filter(|n| *n <= max))
    }

    /// A whole number that fits.
    pub fn opt_u32(&self, name: &str) -> Option<u32> {
        self.opt_u64(name, u64::from(u32::MAX)).and_then(|n| u32::try_from(n).ok())
    }

    /// An RFC 3339 instant.
    pub fn opt_instant(&self, name: &str) -> Option<Timestamp> {
        self.typed(name, "must be an instant (RFC 3339)", |v| parse_instant(v.as_str()?))
    }

    /// One of these words.
    pub fn opt_choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let message = format!("must be one of {}", words.join(", "));
        self.typed(name, &message, |v| choices.iter().find(|(word, _)| v.as_str() == Some(word)).map(|(_, t)| *t))
    }

    /// An array of texts; empty when absent.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let items = self.items(name);
        let text = |(at, value): (String, &Value)| match value.as_str() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.faults.add(at, "must be a text");
                None
            }
        };
        items.into_iter().filter_map(text).collect()
    }

    /// An array's items with their pointers; empty when absent.
    pub fn items(&self, name: &str) -> Vec<(String, &'a Value)> {
        let Some(value) = self.get(name) else { return Vec::new() };
        match value.as_array() {
            Some(items) => {
                let at = self.pointer(name);
                items.iter().enumerate().map(|(i, item)| (format!("{at}/{i}"), item)).collect()
            }
            None => {
                self.fault(name, "must be an array");
                Vec::new()
            }
        }
    }

    /// An array's objects, `None` with a fault for every item that is none; empty when absent.
    pub fn object_items(&self, name: &str) -> Vec<Option<Fields<'a>>> {
        self.items(name).into_iter().map(|(at, item)| Fields::at(item, at, self.faults)).collect()
    }

    /// An object's members.
    pub fn opt_object(&self, name: &str) -> Option<Fields<'a>> {
        Fields::at(self.get(name)?, self.pointer(name), self.faults)
    }

    /// An object as text to carry on; the empty one when absent.
    pub fn raw_object(&self, name: &str) -> RawJson {
        match self.get(name) {
            Some(value @ Value::Object(_)) => RawJson::from(value),
            Some(_) => {
                self.fault(name, "must be an object");
                RawJson::empty_object()
            }
            None => RawJson::empty_object(),
        }
    }

    /// Any member by a reader of one's own.
    pub fn typed<T>(&self, name: &str, message: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.get(name)?;
        let read = read(value);
        if read.is_none() {
            self.fault(name, message);
        }
        read
    }
}

/// A pointer as people write places: `steps[0].step_config.to`; `body` for the whole.
pub fn field_name(pointer: &str) -> String {
    let mut name = String::new();
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        if !name.is_empty() && !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit()) {
            name.push_str(&format!("[{segment}]"));
        } else {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(&segment);
        }
    }
    if name.is_empty() { "body".into() } else { name }
}
