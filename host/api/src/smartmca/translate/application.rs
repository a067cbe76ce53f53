//! The three calls that move applications (source: contracts/smartmca.md 1D.2, "Convenience endpoints").

use crate::kit::{ApiResult, Faults, Fields};
use crate::smartmca::ids;
use serde_json::{Map, Value, json};
use stepwright_app::usecases::{ApplicationChange, ApplicationChanged};
use stepwright_engine::application::Stage;

/// Characters of a status.
const MAX_STATUS: usize = 64;
/// Characters of a reason or a note.
const MAX_REASON: usize = 2_000;
/// Characters of a user's id.
const MAX_USER: usize = 200;

/// What is asked for, and why.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::smartmca) struct Asked {
    pub change: ApplicationChange,
    pub reason: Option<String>,
}

/// `{status, reason?}`; `newStatus` is another spelling.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::smartmca) fn change_status(body: &Value) -> ApiResult<Asked> {
    let faults = Faults::new();
    let fields = Fields::of(body, &faults)?;
    let status = required(&fields, "status", "newStatus", MAX_STATUS);
    let reason = reason(&fields, "reason");
    faults.or(Asked { change: ApplicationChange::Status(status), reason })
}

/// `{stage?, reason?}`; `targetStage` is another spelling.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::smartmca) fn advance_stage(body: &Value) -> ApiResult<Asked> {
    let faults = Faults::new();
    let fields = Fields::of(body, &faults)?;
    let choices = Stage::ALL.map(|stage| (stage.as_str(), stage));
    let name = spelling(&fields, "stage", "targetStage");
    let stage = fields.opt_choice(name, &choices);
    let reason = reason(&fields, "reason");
    faults.or(Asked { change: ApplicationChange::Stage(stage), reason })
}

/// `{underwriterId, note?}`; `userId` is another spelling.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::smartmca) fn assign_underwriter(body: &Value) -> ApiResult<Asked> {
    let faults = Faults::new();
    let fields = Fields::of(body, &faults)?;
    let user = required(&fields, "underwriterId", "userId", MAX_USER);
    let reason = reason(&fields, "note");
    faults.or(Asked { change: ApplicationChange::Underwriter(user), reason })
}

/// The spelling that was used; the documented one leads.
fn spelling(fields: &Fields<'_>, name: &'static str, other: &'static str) -> &'static str {
    if fields.get(name).is_none() && fields.get(other).is_some() { other } else { name }
}

fn required(fields: &Fields<'_>, name: &'static str, other: &'static str, most: usize) -> String {
    let name = spelling(fields, name, other);
    let text = fields.text(name);
    let given = fields.get(name).is_some_and(Value::is_string);
    if given && !(1..=most).contains(&text.trim().chars().count()) {
        fields.fault(name, format!("must have 1 to {most} characters"));
    }
    text.trim().to_owned()
}

fn reason(fields: &Fields<'_>, name: &str) -> Option<String> {
    let reason = fields.opt_text(name).filter(|text| !text.is_empty());
    if reason.as_ref().is_some_and(|text| text.chars().count() > MAX_REASON) {
        fields.fault(name, format!("must have at most {MAX_REASON} characters"));
    }
    reason
}

/// The answer to each of them.
pub(in crate::smartmca) fn changed(id: &str, change: &ApplicationChange, done: &ApplicationChanged) -> Value {
    let (previous, current, what) = match change {
        ApplicationChange::Status(_) => ("previousStatus", "status", "status changed to"),
        ApplicationChange::Stage(_) => ("previousStage", "stage", "advanced to"),
        ApplicationChange::Underwriter(_) => ("previousUnderwriterId", "underwriterId", "assigned to"),
    };
    let executions: Vec<String> = done.executions.iter().map(|id| ids::execution_id(*id)).collect();
    let mut shown = Map::new();
    shown.insert("applicationId".into(), id.into());
    shown.insert(previous.into(), json!(done.previous));
    shown.insert(current.into(), done.current.clone().into());
    shown.insert("executionIds".into(), json!(executions));
    shown.insert("message".into(), format!("Application {what} \"{}\"", done.current).into());
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::ApiError;

    fn refused(asked: ApiResult<Asked>) -> Vec<String> {
        match asked {
            Err(ApiError::Invalid(faults)) => faults.into_iter().map(|f| f.pointer).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_spellings_are_read() {
        let asked = |change| Asked { change, reason: Some("why".into()) };
        let status = asked(ApplicationChange::Status("docs".into()));
        assert_eq!(change_status(&json!({"status": " docs ", "reason": "why"})).unwrap(), status);
        assert_eq!(change_status(&json!({"newStatus": "docs", "reason": "why"})).unwrap(), status);
        let stage = asked(ApplicationChange::Stage(Some(Stage::OfferOut)));
        assert_eq!(advance_stage(&json!({"stage": "offerOut", "reason": "why"})).unwrap(), stage);
        assert_eq!(advance_stage(&json!({"targetStage": "offerOut", "reason": "why"})).unwrap(), stage);
        let user = asked(ApplicationChange::Underwriter("u-1".into()));
        assert_eq!(assign_underwriter(&json!({"underwriterId": "u-1", "note": "why"})).unwrap(), user);
        assert_eq!(assign_underwriter(&json!({"userId": "u-1", "note": "why"})).unwrap(), user);
        assert_eq!(advance_stage(&json!({})).unwrap().change, ApplicationChange::Stage(None));
    }

    #[test]
    fn every_fault_is_told_where_it_stands() {
        assert_eq!(refused(change_status(&json!({}))), ["/status"]);
        assert_eq!(refused(change_status(&json!({"newStatus": ""}))), ["/newStatus"]);
        assert_eq!(refused(change_status(&json!({"status": "x".repeat(65), "reason": 7}))), ["/status", "/reason"]);
        assert_eq!(refused(advance_stage(&json!({"stage": "offer_out"}))), ["/stage"]);
        assert_eq!(refused(advance_stage(&json!({"targetStage": 3}))), ["/targetStage"]);
        assert_eq!(refused(assign_underwriter(&json!({"underwriterId": 5}))), ["/underwriterId"]);
        assert_eq!(refused(assign_underwriter(&json!({}))), ["/underwriterId"]);
        assert_eq!(refused(change_status(&json!("x"))), [""]);
    }
}
