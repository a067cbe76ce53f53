//! One operation a file.

pub mod abort;
pub mod advance;
pub mod create;
pub mod get;
pub mod get_internal;
pub mod list;
pub mod list_internal;
pub mod list_suspended;
pub mod resume;
pub mod resume_internal;
pub mod suspend;
pub mod suspend_internal;

use super::auth::Agent;
use super::input::Faults;
use crate::kit::{ApiState, BodyLimits};
use axum::extract::FromRef as _;
use stepwright_app::usecases::RecordView;
use stepwright_engine::ExecutionId;

/// Bytes of a body.
fn limit(state: &ApiState) -> usize {
    BodyLimits::from_ref(state).json
}

/// Reads both ids of an internal path. That the instance is the key's own was checked before.
fn ids(agent: &Agent, faults: &Faults, (instance, workflow): (&str, &str)) -> Option<ExecutionId> {
    let named = instance_id(agent, faults, instance);
    let workflow = super::input::record_id(faults, "workflow_id", workflow);
    named.and(workflow)
}

/// Reads the instance's id of an internal path.
fn instance_id(_: &Agent, faults: &Faults, instance: &str) -> Option<()> {
    super::input::record_id(faults, "instance_id", instance).map(|_| ())
}

/// What suspending says (source: contracts/hydracore.md 1A.2, Action).
fn suspended(view: &RecordView) -> String {
    let step = view.suspension().map(|suspension| suspension.step.as_str()).unwrap_or_default();
    format!("Workflow suspended at step '{step}'")
}
