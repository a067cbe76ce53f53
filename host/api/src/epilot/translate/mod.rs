//! From bodies to templates and back. Pure.

mod carried;
mod flow;
mod flow_members;
mod members;
mod patches;
mod reasons;
mod search;
mod start;
mod task;
mod template;
#[cfg(test)]
mod tests;
mod v1;

pub(super) use flow::{flow_execution, phase};
pub(super) use patches::{Addition, addition, flow_patch, phase_patch, task_patch};
pub(super) use reasons::{new_reason, reason_ids, reason_patch, reason_status};
pub(super) use search::{list_filter, search};
pub(super) use start::{Start, entity_of_search, start_flow};
pub(super) use task::task;
pub(super) use template::{Sent, flow_template, template};
pub(super) use v1::{
    NewStep, definition, execution_patch, execution_search, new_execution, new_step, slim_execution, step,
    step_extended, step_patch, step_search, workflow_definition, workflow_execution,
};
