//! Closing reasons.

use super::members::{list, required, without_nulls};
use crate::kit::{ApiResult, Faults, Fields};
use serde_json::Value;
use stepwright_app::ReasonStatus;
use stepwright_app::usecases::ReasonPatch;
use stepwright_engine::flow::ClosingReason;

const STATUSES: [(&str, ReasonStatus); 2] = [("ACTIVE", ReasonStatus::Active), ("INACTIVE", ReasonStatus::Inactive)];

/// Title and status of a new reason.
pub(in crate::epilot) fn new_reason(fields: &Fields<'_>) -> (String, ReasonStatus) {
    (fields.text("title"), fields.opt_choice("status", &STATUSES).unwrap_or(ReasonStatus::Active))
}

/// What is to change.
pub(in crate::epilot) fn reason_patch(fields: &Fields<'_>) -> ReasonPatch {
    ReasonPatch { title: fields.opt_text("title"), status: fields.opt_choice("status", &STATUSES) }
}

/// The status alone, which must be there.
pub(in crate::epilot) fn reason_status(fields: &Fields<'_>) -> ReasonPatch {
    required(fields, "status");
    ReasonPatch { title: None, status: fields.opt_choice("status", &STATUSES) }
}

/// The reasons a definition is to offer.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn reason_ids(body: &Value) -> ApiResult<Vec<ClosingReason>> {
    let body = without_nulls(body);
    let faults = Faults::new();
    let fields = Fields::of(&body, &faults)?;
    required(&fields, "reasons");
    let reasons = list(&fields, "reasons", &faults);
    faults.or(reasons)
}
