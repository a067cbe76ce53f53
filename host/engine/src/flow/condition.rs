//! The branches of a decision, as configured and as last evaluated.

use super::vocab::{
    AttributeOperation, AttributeType, AttributesMatch, LogicalOperator, Operator, OriginType, SourceOrigin,
    TriggerMode, ValueType,
};
use super::{Schedule, TimeUnit};
use crate::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a decision task is configured with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionSpec {
    #[serde(default = "automatic")]
    pub trigger_mode: TriggerMode,
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Whether every met branch is followed, or only the first one.
    #[serde(default = "yes")]
    pub allow_parallel_execution: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loop_config: Option<LoopConfig>,
}

const fn yes() -> bool {
    true
}

pub(super) const fn automatic() -> TriggerMode {
    TriggerMode::Automatic
}

impl DecisionSpec {
    /// The condition with this id.
    pub fn condition(&self, id: &str) -> Option<&Condition> {
        self.conditions.iter().find(|c| c.id == id)
    }

    /// Whether this branch is the way out of the loop, which no evaluation ever chooses.
    pub fn is_exit(&self, id: &str) -> bool {
        self.loop_config.as_ref().is_some_and(|l| l.exit_branch_id == id)
    }
}

/// A declared loop (source: contracts/epilot.md 2B "Loops").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopConfig {
    /// The branch that leads back.
    pub loop_branch_id: String,
    /// The branch taken instead once the loop branch was taken `max_iterations` times.
    pub exit_branch_id: String,
    /// 1 to 10.
    #[serde(default = "three")]
    pub max_iterations: u32,
    /// How often the loop branch was taken; at most `max_iterations`.
    #[serde(default)]
    pub crt_iterations: u32,
}

const fn three() -> u32 {
    3
}

/// One branch of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub id: String,
    /// At most 255 characters.
    #[serde(default)]
    pub branch_name: String,
    #[serde(default = "and")]
    pub logical_operator: LogicalOperator,
    #[serde(default)]
    pub statements: Vec<Statement>,
    /// A condition a component evaluates; combined with the statements by `logical_operator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_condition: Option<CustomCondition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluated_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_met: Option<bool>,
}

const fn and() -> LogicalOperator {
    LogicalOperator::And
}

impl Condition {
    /// Whether there is anything to evaluate.
    pub const fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.custom_condition.is_none()
    }
}

/// A condition of a tenant's component (extension member).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomCondition {
    /// `<plugin>/<condition>`, or the bare id of a built-in one.
    pub component: String,
    #[serde(default)]
    pub config: Value,
}

/// A comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub source: Source,
    pub operator: Operator,
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_type: Option<ValueType>,
}

/// What a statement compares (source: seed 002 `EvaluationSource`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The task whose output is meant, for [`SourceOrigin::Action`]; a template id or an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<SourceOrigin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_type: Option<OriginType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// An attribute, or a dotted path inside one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_type: Option<AttributeType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_repeatable: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_operation: Option<AttributeOperation>,
    /// At most 10; instead of `attribute`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes_match: Option<AttributesMatch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_sub_field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_offset: Option<DateOffset>,
}

/// Moves a date before it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateOffset {
    #[serde(default)]
    pub amount: i64,
    /// Days, months or years.
    #[serde(default = "days")]
    pub unit: TimeUnit,
}

const fn days() -> TimeUnit {
    TimeUnit::Days
}
