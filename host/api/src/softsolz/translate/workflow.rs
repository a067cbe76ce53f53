//! The answer that shows a workflow.

use super::Spec;
use super::catalog::MAIL_STEPS;
use crate::softsolz::wire::{Warning, Workflow};
use stepwright_app::Tenant;
use stepwright_app::session::MailPolicy;
use stepwright_engine::{Definition, Timestamp};

/// A definition as this API shows it; `schedule` is its next tick and when its newest run was created.
pub(in crate::softsolz) fn workflow(
    definition: &Definition,
    schedule: (Option<Timestamp>, Option<Timestamp>),
) -> Workflow {
    let (next_run_at, last_run_at) = schedule;
    let spec = Spec::of(definition);
    Workflow {
        id: definition.id.to_string(),
        name: spec.name,
        description: spec.description,
        trigger_type: spec.trigger_type,
        cron_expression: spec.cron_expression,
        timezone: spec.timezone,
        status: spec.status,
        visibility: spec.visibility,
        shared_user_ids: spec.shared_user_ids,
        shared_role_ids: spec.shared_role_ids,
        steps: spec.steps,
        next_run_at: next_run_at.map(Timestamp::to_rfc3339_secs),
        last_run_at: last_run_at.map(Timestamp::to_rfc3339_secs),
        created_at: definition.created_at.to_rfc3339_secs(),
        updated_at: definition.updated_at.to_rfc3339_secs(),
        warnings: Vec::new(),
    }
}

/// What will fail when the workflow runs, as the tenant is set up now (source: contracts/plugins.md 4.8).
pub(in crate::softsolz) fn warnings(definition: &Definition, tenant: &Tenant) -> Vec<Warning> {
    match MailPolicy::of(tenant) {
        MailPolicy::Capture | MailPolicy::Send => return Vec::new(),
        MailPolicy::NotConfigured => {}
    }
    let nodes = definition.graph.nodes.iter().enumerate();
    nodes
        .filter(|(_, node)| MAIL_STEPS.contains(&super::spec::step_type(node)))
        .map(|(i, _)| Warning {
            code: "mail_not_configured",
            field: format!("steps[{i}]"),
            message: "no SMTP server is configured for this workspace; the step fails until one is".into(),
        })
        .collect()
}
