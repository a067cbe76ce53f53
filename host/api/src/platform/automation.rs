//! An automation as it comes in.

use crate::kit::{ApiResult, Fields, JsonBody};
use serde_json::Value;
use stepwright_app::usecases::{ActionDraft, AutomationDraft};
use utoipa::ToSchema;

/// An automation to be made or to stand instead of the present one.
#[derive(ToSchema)]
#[schema(as = AutomationDraft)]
#[expect(dead_code, reason = "describes the body; `read_automation` reads it member by member")]
pub struct AutomationBody {
    /// What tasks name it by; made up when absent. 1 to 64 letters, digits, `-`, `_`, `.` and `:`.
    id: Option<String>,
    name: String,
    /// 1 to 50, run one after the other.
    actions: Vec<ActionBody>,
    /// Runs within an hour; what comes more is stopped as hot. Without it there is no limit.
    max_executions: Option<u32>,
}

/// One step.
#[derive(ToSchema)]
#[schema(as = AutomationActionDraft)]
#[expect(dead_code, reason = "describes the body; `read_automation` reads it member by member")]
struct ActionBody {
    /// `<plugin name>/<step id>`, the bare id of a built-in (`send-email`, `map-entity`, `trigger-webhook`,
    /// `trigger-workflow` and the like), or `custom-action`, whose config is `{"component": "<plugin name>/<step id>",
    /// "config": {…}}`.
    step_type: String,
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    /// Whether the actions behind it run although it has failed.
    allow_failure: Option<bool>,
}

/// Reads a body, with every fault of its form at once.
///
/// # Errors
/// `Invalid`, `Malformed`.
pub fn read_automation(body: &JsonBody) -> ApiResult<AutomationDraft> {
    body.read(|f| {
        if f.get("actions").is_none() {
            f.fault("actions", "is required");
        }
        let actions = f.object_items("actions").into_iter().flatten().map(|action| read_action(&action)).collect();
        let max_executions = f.opt_u32("max_executions");
        AutomationDraft { flow_id: f.opt_text("id"), name: f.text("name"), actions, max_executions }
    })
}

fn read_action(action: &Fields<'_>) -> ActionDraft {
    ActionDraft {
        step_type: action.text("step_type"),
        config: action.raw_object("config"),
        allow_failure: action.opt_bool("allow_failure").unwrap_or(false),
    }
}
