//! What a new execution is asked to be.

use super::flow_members::{contexts, some_text};
use crate::kit::{ApiResult, Faults, Fields};
use serde_json::Value;
use stepwright_engine::flow::{Context, FlowTrigger, TriggerType};
use stepwright_engine::outcome::EntityRef;

/// A start as a client asks for it.
#[derive(Debug, PartialEq)]
pub(in crate::epilot) struct Start {
    pub template: String,
    pub contexts: Vec<Context>,
    pub trigger: FlowTrigger,
    pub purposes: Vec<String>,
}

/// Reads a `StartFlowReq`.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn start_flow(body: &Value) -> ApiResult<Start> {
    let faults = Faults::new();
    let fields = Fields::of(body, &faults)?;
    let template = fields.text("flow_template_id");
    let contexts = match contexts(&fields) {
        None => {
            fields.fault("contexts", "is required");
            Vec::new()
        }
        Some(contexts) => contexts,
    };
    let start = Start { template, contexts, trigger: trigger(&fields), purposes: fields.texts("purposes") };
    faults.or(start)
}

fn trigger(fields: &Fields<'_>) -> FlowTrigger {
    let mut trigger = FlowTrigger { kind: TriggerType::Manual, automation_config: None, diff: None };
    let Some(fields) = fields.opt_object("trigger") else { return trigger };
    let kinds = [("MANUAL", TriggerType::Manual), ("AUTOMATIC", TriggerType::Automatic)];
    trigger.kind = fields.opt_choice("type", &kinds).unwrap_or(TriggerType::Manual);
    if let Some(config) = fields.opt_object("automation_config") {
        config.text("flow_id");
    }
    trigger.automation_config = fields.get("automation_config").map(super::members::without_nulls);
    trigger
}

/// Reads a `SearchFlowsReq`.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn entity_of_search(body: &Value) -> ApiResult<EntityRef> {
    let faults = Faults::new();
    let fields = Fields::of(body, &faults)?;
    let entity = EntityRef { id: some_text(&fields, "entity_id"), schema: some_text(&fields, "entity_schema") };
    faults.or(entity)
}
