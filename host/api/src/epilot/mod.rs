//! The epilot workflow API (source: contracts/epilot.md).
//!
//! A flow template is a definition whose presentation is the flow engine's template; a V1 definition is the same thing
//! shown as sections and steps. Members that are unset are left out, never `null`; refusals are `{"message"}`.

mod auth;
mod error;
mod handlers;
mod translate;
mod wire;

use crate::endpoint;
use crate::kit::{ApiError, Endpoint, RequestInfo, Wire};
use axum::response::Response;
use stepwright_engine::Dialect;

/// The dialect.
pub struct Epilot;

impl Wire for Epilot {
    fn dialect(&self) -> Dialect {
        Dialect::Epilot
    }

    fn about(&self) -> (&'static str, &'static str) {
        let introduction = "Flow templates, V1 workflow definitions, the catalogue of closing reasons, and executions. Keys start \
            `ep_` and are sent as bearer tokens; `x-epilot-org-id` may name the tenant the key belongs to and no other. \
            Refusals are `{\"message\": …}`.";
        ("epilot workflow API", introduction)
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        vec![
            endpoint!(handlers::templates::list),
            endpoint!(handlers::templates::create),
            endpoint!(handlers::templates::search),
            endpoint!(handlers::templates::get),
            endpoint!(handlers::templates::replace),
            endpoint!(handlers::templates::delete),
            endpoint!(handlers::templates::duplicate),
            endpoint!(handlers::definitions::list),
            endpoint!(handlers::definitions::create),
            endpoint!(handlers::definitions::get),
            endpoint!(handlers::definitions::replace),
            endpoint!(handlers::definitions::delete),
            endpoint!(handlers::definitions::closing_reasons),
            endpoint!(handlers::definitions::set_closing_reasons),
            endpoint!(handlers::closing_reasons::list),
            endpoint!(handlers::closing_reasons::create),
            endpoint!(handlers::closing_reasons::get_v1),
            endpoint!(handlers::closing_reasons::change_status),
            endpoint!(handlers::closing_reasons::get),
            endpoint!(handlers::closing_reasons::update),
            endpoint!(handlers::closing_reasons::delete),
            endpoint!(handlers::max_allowed),
            endpoint!(handlers::flows::start),
            endpoint!(handlers::flows::get),
            endpoint!(handlers::flows::patch),
            endpoint!(handlers::flows::delete),
            endpoint!(handlers::flows::search),
            endpoint!(handlers::flows::add_task),
            endpoint!(handlers::flows::patch_task),
            endpoint!(handlers::flows::execute_task),
            endpoint!(handlers::flows::run_automation),
            endpoint!(handlers::flows::reconcile_automation),
            endpoint!(handlers::flows::cancel_task_schedule),
            endpoint!(handlers::flows::run_schedule_now),
            endpoint!(handlers::flows::cancel_schedule),
            endpoint!(handlers::flows::patch_phase),
            endpoint!(handlers::executions_v1::list),
            endpoint!(handlers::executions_v1::create),
            endpoint!(handlers::executions_v1::search),
            endpoint!(handlers::executions_v1::search_steps),
            endpoint!(handlers::executions_v1::get),
            endpoint!(handlers::executions_v1::update),
            endpoint!(handlers::executions_v1::delete),
            endpoint!(handlers::executions_v1::closing_reasons),
            endpoint!(handlers::executions_v1::create_step),
            endpoint!(handlers::executions_v1::update_step),
            endpoint!(handlers::executions_v1::delete_step),
        ]
    }

    fn render(&self, error: &ApiError, _: &RequestInfo) -> Response {
        error::render(error)
    }

    fn scopes(&self) -> Option<&'static [&'static str]> {
        Some(&auth::GRANTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{openapi, routes_of};
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// Source: contracts/epilot.md 1B.3, 1B.4 and 6.1.
    #[test]
    fn exactly_the_operations_of_the_contract_are_served() {
        let expected = BTreeSet::from([
            "GET /v2/flows/templates listFlowTemplates",
            "POST /v2/flows/templates createFlowTemplate",
            "POST /v2/flows/templates:search searchFlowTemplates",
            "GET /v2/flows/templates/{flowId} getFlowTemplate",
            "PUT /v2/flows/templates/{flowId} updateFlowTemplate",
            "DELETE /v2/flows/templates/{flowId} deleteFlowTemplate",
            "POST /v2/flows/templates/{flowId}/duplicate duplicateFlowTemplate",
            "GET /v1/workflows/definitions getDefinitions",
            "POST /v1/workflows/definitions createDefinition",
            "GET /v1/workflows/definitions/{definitionId} getDefinition",
            "PUT /v1/workflows/definitions/{definitionId} updateDefinition",
            "DELETE /v1/workflows/definitions/{definitionId} deleteDefinition",
            "GET /v1/workflows/definitions/{definitionId}/closing-reasons getWorkflowClosingReasons",
            "PATCH /v1/workflows/definitions/{definitionId}/closing-reasons setWorkflowClosingReasons",
            "GET /v1/workflows/closing-reasons getAllClosingReasons",
            "POST /v1/workflows/closing-reasons createClosingReason",
            "GET /v1/workflows/closing-reasons/{reasonId} getClosingReasonV1",
            "PATCH /v1/workflows/closing-reasons/{reasonId} changeReasonStatus",
            "GET /v2/workflows/closing-reasons/{reasonId} getClosingReason",
            "PATCH /v2/workflows/closing-reasons/{reasonId} updateClosingReason",
            "DELETE /v2/workflows/closing-reasons/{reasonId} deleteClosingReason",
            "GET /v1/workflows/limits/max-allowed getMaxAllowedLimit",
            "POST /v2/flows/executions startFlowExecution",
            "POST /v2/flows/executions:search searchFlowExecutions",
            "GET /v2/flows/executions/{execution_id} getFlowExecution",
            "PATCH /v2/flows/executions/{execution_id} patchFlowExecution",
            "DELETE /v2/flows/executions/{execution_id} deleteFlowExecution",
            "PATCH /v2/flows/executions/{execution_id}/phases/{phase_id} patchPhase",
            "POST /v2/flows/executions/{execution_id}/tasks addTask",
            "PATCH /v2/flows/executions/{execution_id}/tasks/{task_id} patchTask",
            "POST /v2/flows/executions/{execution_id}/tasks/{task_id}/automation:run runTaskAutomation",
            "POST /v2/flows/executions/{execution_id}/tasks/{task_id}/execute executeTask",
            "POST /v2/flows/executions/{execution_id}/tasks/{task_id}/reconcile-automation reconcileAutomationTask",
            "DELETE /v2/flows/executions/{execution_id}/tasks/{task_id}/schedule cancelTaskSchedule",
            "POST /v2/flows/executions/{execution_id}/tasks/{task_id}/schedule/run-now runTaskScheduleNow",
            "POST /v2/flows/executions/{execution_id}/schedules/{schedule_id} cancelSchedule",
            "GET /v1/workflows/executions getExecutions",
            "POST /v1/workflows/executions createExecution",
            "POST /v1/workflows/executions/search searchExecutions",
            "POST /v1/workflows/executions/steps/search searchSteps",
            "GET /v1/workflows/executions/{executionId} getExecution",
            "PATCH /v1/workflows/executions/{executionId} updateExecution",
            "DELETE /v1/workflows/executions/{executionId} deleteExecution",
            "GET /v1/workflows/executions/{executionId}/closing-reasons getClosingReasonExecution",
            "POST /v1/workflows/executions/{executionId}/steps createStep",
            "PATCH /v1/workflows/executions/{executionId}/steps/{stepId} updateStep",
            "DELETE /v1/workflows/executions/{executionId}/steps/{stepId} deleteStep",
        ]);
        let served = routes_of(&[&Epilot]);
        let names: Vec<String> = served.iter().map(|r| format!("{} {} {}", r.method, r.path, r.operation)).collect();
        assert_eq!(names.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
        assert_eq!(names.len(), expected.len());
    }

    #[test]
    fn the_document_names_the_members_of_the_wire() {
        let document: Value = serde_json::from_str(&openapi::document(&Epilot)).unwrap();
        let schemas = &document["components"]["schemas"];
        for (schema, member) in [
            ("FlowTemplate", "additional_triggers"),
            ("FlowTemplate", "singleClosingReasonSelection"),
            ("WorkflowDefinition", "enableECPWorkflow"),
            ("ClosingReason", "lastUpdateTime"),
            ("MaxAllowedLimit", "currentNoOfWorkflows"),
            ("WorkflowExecution", "configuredClosingReasonSnapshot"),
            ("WorkflowStep", "statusLastUpdated"),
            ("UpdateStepReq", "assignedToInProgress"),
            ("ErrorResp", "message"),
            ("FlowExecution", "_execution_chain"),
            ("FlowExecution", "crt_tasks"),
            ("AutomationInfo", "heal_attempts"),
            ("PatchTaskReq", "next_condition_id"),
            ("Phase", "loop_config"),
        ] {
            assert!(schemas[schema]["properties"][member].is_object(), "{schema}.{member}");
        }
    }
}
