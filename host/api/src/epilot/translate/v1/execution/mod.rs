//! V1 executions and steps: the flow, shown as sections and steps in a row.

mod read;
mod search;
mod show;

pub(in crate::epilot) use read::{NewStep, execution_patch, new_execution, new_step, step_patch};
pub(in crate::epilot) use search::{execution_search, step_search};
pub(in crate::epilot) use show::{slim_execution, step, step_extended, workflow_execution};
