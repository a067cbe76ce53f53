//! `PUT /workflows/{id}`: what is absent stays as it is, and the rules hold for the result.

use super::{Catalog, Faults, Spec, members, rules};
use crate::kit::ApiResult;
use serde_json::Value;
use stepwright_engine::Definition;

/// The workflow as the body changes it, with everything that is wrong with the result.
///
/// # Errors
/// `Invalid` when the body is no object.
pub(in crate::softsolz) fn update(
    current: &Definition,
    body: &Value,
    catalog: &Catalog<'_>,
) -> ApiResult<(Spec, Faults)> {
    let mut spec = Spec::of(current);
    let mut faults = members::overlay(&mut spec, body)?;
    rules::check(&spec, catalog, &mut faults);
    Ok((spec, faults))
}

/// Refuses a body that no workflow could be updated with.
///
/// # Errors
/// `Invalid` with every member that cannot be read.
pub(in crate::softsolz) fn readable(body: &Value) -> ApiResult<()> {
    members::overlay(&mut Spec::unstated(), body)?.or(())
}
