//! From bodies to templates and back. Pure.

mod carried;
mod members;
mod reasons;
mod search;
mod template;
#[cfg(test)]
mod tests;
mod v1;

pub(super) use reasons::{new_reason, reason_ids, reason_patch, reason_status};
pub(super) use search::{list_filter, search};
pub(super) use template::{Sent, flow_template, template};
pub(super) use v1::{definition, workflow_definition};
