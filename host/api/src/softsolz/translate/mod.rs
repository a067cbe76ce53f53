//! From bodies to definitions, from definitions and executions to answers. Pure.

mod catalog;
mod create;
mod faults;
mod members;
mod rules;
mod run;
mod spec;
#[cfg(test)]
mod tests;
mod update;
mod workflow;

pub(super) use catalog::Catalog;
pub(super) use create::create;
pub(super) use faults::{Faults, in_own_words};
pub(super) use run::{core_statuses, run, run_error, run_status, run_trigger, step_error, task_step_type};
pub(super) use spec::{Spec, core_definition_statuses};
pub(super) use update::{readable, update};
pub(super) use workflow::{warnings, workflow};
