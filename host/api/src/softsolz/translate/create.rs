//! `POST /workflows`.

use super::{Catalog, Faults, Spec, members, rules};
use crate::kit::ApiResult;
use serde_json::Value;

/// The workflow a body states, with everything that is wrong with it.
///
/// # Errors
/// `Invalid` when the body is no object.
pub(in crate::softsolz) fn create(body: &Value, catalog: &Catalog<'_>) -> ApiResult<(Spec, Faults)> {
    let mut spec = Spec::unstated();
    let mut faults = members::overlay(&mut spec, body)?;
    for required in ["name", "steps"] {
        if body.get(required).is_none_or(Value::is_null) {
            faults.add(format!("/{required}"), "is required");
        }
    }
    rules::check(&spec, catalog, &mut faults);
    Ok((spec, faults))
}
