use crate::kit::time::millis;
use serde::Serialize;
use stepwright_app::GuardBinding;
use stepwright_engine::{RawJson, Timestamp};
use utoipa::ToSchema;

/// A guard bound to the tenant's HydraCore records of one type.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardBinding)]
pub struct GuardView {
    workflow_type: &'static str,
    plugin: String,
    /// The guard's id within the plugin.
    guard: String,
    #[schema(value_type = Object)]
    config: RawJson,
    /// Whether transitions go through when the guard cannot answer.
    fail_open: bool,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// All bindings of a tenant: there is at most one per type.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardBindings)]
pub struct GuardsView {
    data: Vec<GuardView>,
}

impl GuardsView {
    /// The view of these.
    pub fn of(bindings: &[GuardBinding]) -> Self {
        Self { data: bindings.iter().cloned().map(GuardView::from).collect() }
    }
}

impl From<GuardBinding> for GuardView {
    fn from(binding: GuardBinding) -> Self {
        Self {
            workflow_type: binding.workflow_type.as_str(),
            plugin: binding.plugin,
            guard: binding.guard,
            config: binding.config,
            fail_open: binding.fail_open,
            updated_at: binding.updated_at,
        }
    }
}
