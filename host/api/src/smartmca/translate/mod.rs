//! From bodies to calls, from definitions and executions to answers. Pure.

mod application;
mod execution;
mod trigger;
mod workflow;

pub(super) use application::{Asked, advance_stage, assign_underwriter, change_status, changed};
pub(super) use execution::{core_statuses, detail, item, item_of, triggered};
pub(super) use trigger::{Trigger, trigger};
pub(super) use workflow::{summary, type_detail};
