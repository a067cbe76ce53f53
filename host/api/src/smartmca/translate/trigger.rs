//! `POST /workflows/trigger`.

use crate::kit::{ApiResult, Faults, Fields};
use serde_json::Value;
use stepwright_engine::outcome::EntityRef;

/// The most bytes of an entity's type or id, as the entity store has it.
const MAX_NAME: usize = 200;

/// What to run on what.
#[derive(Debug, PartialEq)]
pub(in crate::smartmca) struct Trigger {
    /// As sent; it may be no id at all.
    pub workflow: String,
    pub entity: EntityRef,
}

/// Reads a body.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::smartmca) fn trigger(body: &Value) -> ApiResult<Trigger> {
    let faults = Faults::new();
    let fields = Fields::of(body, &faults)?;
    let workflow = filled(&fields, "workflowType", usize::MAX);
    let schema = filled(&fields, "entityType", MAX_NAME);
    let id = filled(&fields, "entityId", MAX_NAME);
    faults.or(Trigger { workflow, entity: EntityRef { schema, id } })
}

fn filled(fields: &Fields<'_>, name: &str, most: usize) -> String {
    let text = fields.text(name);
    if text.is_empty() && fields.get(name).is_some_and(Value::is_string) {
        fields.fault(name, "must not be empty");
    }
    if text.len() > most {
        fields.fault(name, format!("must have at most {most} bytes"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::ApiError;
    use serde_json::json;

    fn refused(body: &Value) -> Vec<String> {
        match trigger(body) {
            Err(ApiError::Invalid(faults)) => faults.into_iter().map(|f| f.pointer).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_member_is_required_and_every_fault_is_told() {
        assert_eq!(refused(&json!({})), ["/workflowType", "/entityType", "/entityId"]);
        assert_eq!(
            refused(&json!({"workflowType": 7, "entityType": "", "entityId": null})),
            ["/workflowType", "/entityType", "/entityId"]
        );
        assert_eq!(
            refused(&json!({"workflowType": "wf_1", "entityType": "deal", "entityId": "x".repeat(201)})),
            ["/entityId"]
        );
        assert_eq!(refused(&json!([])), [""]);
    }

    #[test]
    fn unknown_members_are_ignored() {
        let body = json!({"workflowType": "wf_1", "entityType": "deal", "entityId": "d", "priority": 1});
        assert_eq!(trigger(&body).unwrap().entity, EntityRef { schema: "deal".into(), id: "d".into() });
    }
}
