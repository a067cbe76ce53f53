//! The step types of this API: eight built-ins (source: contracts/plugins.md 4.7). Others exist, but not here.

use crate::softsolz::wire::{CatalogItem, StepPurpose};
use stepwright_app::{App, StepCategory, StepDescriptor};

/// Sends mail: what it sends must be said by it or by a summary before it.
pub(super) const SEND_EMAIL: &str = "send_email";
const SEND_INVOICE_REMINDER: &str = "send_invoice_reminder";
/// Steps that need a mail server.
pub(super) const MAIL_STEPS: [&str; 2] = [SEND_EMAIL, SEND_INVOICE_REMINDER];
/// The step types, in the order of the catalogue.
const STEP_TYPES: [&str; 8] = [
    SEND_EMAIL,
    "create_notification",
    SEND_INVOICE_REMINDER,
    "generate_recurring_invoice",
    "mark_invoices_overdue",
    "invoicing_ar_summary",
    "forms_submission_digest",
    "payments_summary",
];

/// The step types with what their plugins say of them.
pub(in crate::softsolz) struct Catalog<'a>(Vec<&'a StepDescriptor>);

impl<'a> Catalog<'a> {
    /// The catalogue of this host.
    pub(in crate::softsolz) fn of(app: &'a App) -> Self {
        Self::pick(app.builtins().iter().flat_map(|b| &b.info.steps))
    }

    /// The eight out of all descriptors.
    pub(super) fn pick(steps: impl Iterator<Item = &'a StepDescriptor> + Clone) -> Self {
        Self(STEP_TYPES.iter().filter_map(|id| steps.clone().find(|s| s.id == *id)).collect())
    }

    /// The step type with this name.
    pub(super) fn get(&self, step_type: &str) -> Option<&'a StepDescriptor> {
        self.0.iter().copied().find(|s| s.id == step_type)
    }

    /// All names, for messages.
    pub(super) fn choices(&self) -> String {
        self.0.iter().map(|s| s.id.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The names of those that deliver, for messages.
    pub(super) fn deliveries(&self) -> String {
        self.0.iter().filter(|s| s.delivers).map(|s| s.id.as_str()).collect::<Vec<_>>().join(" or ")
    }

    /// The catalogue on the wire.
    pub(in crate::softsolz) fn items(&self) -> Vec<CatalogItem> {
        self.0
            .iter()
            .map(|step| CatalogItem {
                step_type: step.id.clone(),
                name: step.title.clone(),
                description: step.description.clone(),
                category: purpose(step.category),
                requires_delivery: step.requires_delivery,
                config_schema: step.config_schema.clone(),
            })
            .collect()
    }
}

/// The catalogue knows three purposes; what only other APIs tell apart acts.
const fn purpose(category: StepCategory) -> StepPurpose {
    match category {
        StepCategory::Summary => StepPurpose::Summary,
        StepCategory::Delivery => StepPurpose::Delivery,
        StepCategory::Action | StepCategory::Integration | StepCategory::Logic => StepPurpose::Action,
    }
}
