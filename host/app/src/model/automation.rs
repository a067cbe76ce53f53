use serde::{Deserialize, Serialize};
use stepwright_engine::{AutomationId, RawJson, StepRef, TenantId, Timestamp};

/// One step of an automation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AutomationAction {
    pub step: StepRef,
    /// Checked and normalised by the step.
    pub config: RawJson,
    /// Whether the actions behind it run although it has failed.
    pub allow_failure: bool,
    /// It was written as a `custom-action` that names the step, and is shown so.
    #[serde(default)]
    pub custom: bool,
}

/// An ordered list of steps, run by tasks that name it (source: contracts/plugins.md 4.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Automation {
    pub id: AutomationId,
    pub tenant_id: TenantId,
    /// What tasks name it by (epilot's `flow_id`), unique in the tenant.
    pub flow_id: String,
    /// For people.
    pub name: String,
    pub actions: Vec<AutomationAction>,
    /// Runs within an hour; what comes more is stopped as hot. None: as many as there are.
    #[serde(default)]
    pub max_executions: Option<u32>,
    /// From 1, one more per replacement.
    pub version: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
