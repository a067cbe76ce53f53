//! Everything that is wrong with a request, gathered from three places: members that cannot be read, rules of this
//! API, rules of the application. Pointers are this API's own: `/steps/0/step_config/to`.

use crate::kit::{self, ApiError, ApiResult};
use stepwright_app::FieldFault;

/// Broken rules in the order they were met.
#[derive(Clone, Debug, Default)]
pub(in crate::softsolz) struct Faults(Vec<FieldFault>);

impl From<kit::Faults> for Faults {
    fn from(faults: kit::Faults) -> Self {
        Self(faults.into_vec())
    }
}

impl Faults {
    /// Notes a broken rule, unless that only follows from a fault of the same place noted before.
    pub(super) fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        let pointer = pointer.into();
        if !self.concerns(&pointer) {
            self.0.push(FieldFault::new(pointer, message));
        }
    }

    /// Whether the place, or one it lies in, is known to be faulty.
    pub(super) fn concerns(&self, pointer: &str) -> bool {
        let lies_in =
            |outer: &str| pointer.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.0.iter().any(|fault| lies_in(&fault.pointer))
    }

    pub(in crate::softsolz) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what the application has found, leaving out what follows from the faults noted here.
    #[must_use]
    pub(in crate::softsolz) fn with_found(self, found: Vec<FieldFault>) -> Self {
        let new: Vec<_> = in_own_words(found).into_iter().filter(|f| !self.concerns(&f.pointer)).collect();
        Self(self.0.into_iter().chain(new).collect())
    }

    /// The faults themselves.
    pub(in crate::softsolz) fn into_vec(self) -> Vec<FieldFault> {
        self.0
    }

    /// `value` when there are none.
    ///
    /// # Errors
    /// `Invalid` with all of them.
    pub(in crate::softsolz) fn or<T>(self, value: T) -> ApiResult<T> {
        if self.is_empty() { Ok(value) } else { Err(ApiError::Invalid(self.0)) }
    }
}

/// The application's faults with this API's pointers.
pub(in crate::softsolz) fn in_own_words(found: Vec<FieldFault>) -> Vec<FieldFault> {
    found.into_iter().map(|f| FieldFault { pointer: own_pointer(&f.pointer), ..f }).collect()
}

/// The member of this API's body that a place in a definition draft was made from.
fn own_pointer(pointer: &str) -> String {
    let mut segments = pointer.splitn(5, '/').skip(1);
    match (segments.next(), segments.next(), segments.next(), segments.next()) {
        (Some("trigger"), Some("cron"), ..) => "/cron_expression".into(),
        (Some("trigger"), ..) => "/trigger_type".into(),
        (Some("edges"), ..) | (Some("nodes"), None, ..) => "/steps".into(),
        (Some("nodes"), Some(i), Some("config"), None) => format!("/steps/{i}/step_config"),
        (Some("nodes"), Some(i), Some("config"), Some(inner)) => format!("/steps/{i}/step_config/{inner}"),
        (Some("nodes"), Some(i), Some("step_type"), _) => format!("/steps/{i}/step_type"),
        (Some("nodes"), Some(i), ..) => format!("/steps/{i}"),
        _ => pointer.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_definition_become_members_of_the_body() {
        for (pointer, own) in [
            ("/name", "/name"),
            ("/timezone", "/timezone"),
            ("/trigger/cron", "/cron_expression"),
            ("/trigger/event", "/trigger_type"),
            ("/nodes", "/steps"),
            ("/nodes/0/config/to", "/steps/0/step_config/to"),
            ("/nodes/2/config/to/1", "/steps/2/step_config/to/1"),
            ("/nodes/2/config", "/steps/2/step_config"),
            ("/nodes/1/config/a~1b~0c", "/steps/1/step_config/a~1b~0c"),
            ("/nodes/1/step_type", "/steps/1/step_type"),
            ("/nodes/1/id", "/steps/1"),
            ("/edges/3/from", "/steps"),
            ("", ""),
        ] {
            assert_eq!(own_pointer(pointer), own, "{pointer}");
        }
    }

    #[test]
    fn what_follows_from_a_known_fault_is_not_told_again() {
        let mut faults = Faults::default();
        faults.add("/steps/1/step_config", "must be an object");
        faults.add("/name", "is required");
        faults.add("/name", "must have 1 to 120 characters");
        let faults = faults.with_found(vec![
            FieldFault::new("/nodes/1/config/to", "is required"),
            FieldFault::new("/nodes/10/config/to", "is required"),
            FieldFault::new("/name", "must have 1 to 200 characters"),
            FieldFault::new("/nodes/2/config", "first"),
            FieldFault::new("/nodes/2/config", "second"),
        ]);
        let pointers: Vec<String> = faults.into_vec().into_iter().map(|f| f.pointer).collect();
        let expected = [
            "/steps/1/step_config",
            "/name",
            "/steps/10/step_config/to",
            "/steps/2/step_config",
            "/steps/2/step_config",
        ];
        assert_eq!(pointers, expected);
    }
}
