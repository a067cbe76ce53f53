//! Tasks of executions as they go over the wire, by type (source: seed 002 `Task`).

use super::flow::AnalyticsView;
use crate::kit::time::{millis, opt_millis};
use serde::Serialize;
use serde_json::Value;
use stepwright_engine::flow::vocab::LogicalOperator;
use stepwright_engine::flow::{
    AgentConfig, Assignee, CustomCondition, Description, DueDateConfig, InputContext, LoopConfig, LoopInfo,
    Requirement, Schedule, Statement, TaskStatus, TriggerMode,
};
use stepwright_engine::{NodeId, Timestamp};
use utoipa::ToSchema;

/// A task.
#[derive(Serialize, ToSchema)]
#[schema(as = Task)]
pub(in crate::epilot) struct TaskView {
    #[schema(value_type = String)]
    pub id: NodeId,
    #[schema(value_type = String)]
    pub template_id: NodeId,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub description: Option<Description>,
    /// `PENDING`, `IN_PROGRESS`, `COMPLETED`, `SKIPPED`, `SCHEDULED`, `CONDITION_PENDING`, `WAITING_FOR_CONFIRMATION`,
    /// `ON_HOLD` or `FAILED`.
    #[schema(value_type = String)]
    pub status: TaskStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub journey: Option<Value>,
    /// An instant, or a floating day without an offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub due_date_config: Option<DueDateConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub requirements: Vec<Requirement>,
    /// User ids or `{variable, value}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Value>)]
    pub assigned_to: Vec<Assignee>,
    pub analytics: AnalyticsView,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    pub manually_created: bool,
    pub enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub ecp: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub installer: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub partner: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub phase_id: Option<NodeId>,
    /// Why a decision without a schedule has failed: JSON text `{error_code, error_reason, error_info}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_reason: Option<String>,
    #[serde(flatten)]
    pub kind: KindView,
}

/// What a task does, by `task_type`.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskKind)]
#[serde(tag = "task_type", rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::epilot) enum KindView {
    Manual(ManualView),
    Automation(AutomationView),
    Decision(DecisionView),
    AiAgent(AgentView),
}

/// A task for people.
#[derive(Serialize, ToSchema)]
#[schema(as = ManualTask)]
pub(in crate::epilot) struct ManualView {
    /// The counter of the loop the task stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub loop_config: Option<LoopInfo>,
}

/// A task that runs an automation.
#[derive(Serialize, ToSchema)]
#[schema(as = AutomationTask)]
pub(in crate::epilot) struct AutomationView {
    pub automation_config: AutomationInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automation_execution_id: Option<String>,
    /// `manual` or `automatic`.
    #[schema(value_type = String)]
    pub trigger_mode: TriggerMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub loop_config: Option<LoopInfo>,
}

/// An automation and its last run.
#[derive(Serialize, ToSchema)]
pub(in crate::epilot) struct AutomationInfo {
    /// The automation's id.
    pub flow_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    /// `starting`, `in_progress`, `paused`, `scheduled`, `success`, `skipped`, `failed`, `cancelled` or `hot`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_status: Option<&'static str>,
    /// JSON text `{error_code, error_reason, error_info}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub input_context: Option<InputContext>,
    /// How often the host has started it because nothing else did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heal_attempts: Option<u32>,
    #[serde(serialize_with = "opt_millis", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_heal_attempted_at: Option<Timestamp>,
}

/// A task that chooses among branches.
#[derive(Serialize, ToSchema)]
#[schema(as = DecisionTask)]
pub(in crate::epilot) struct DecisionView {
    #[schema(value_type = String)]
    pub trigger_mode: TriggerMode,
    pub conditions: Vec<ConditionView>,
    pub allow_parallel_execution: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleView>,
    /// The loop the decision itself turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub loop_config: Option<LoopConfig>,
}

/// A branch of a decision.
#[derive(Serialize, ToSchema)]
#[schema(as = Condition)]
pub(in crate::epilot) struct ConditionView {
    pub id: String,
    pub branch_name: String,
    /// `AND` or `OR`.
    #[schema(value_type = String)]
    pub logical_operator: LogicalOperator,
    #[schema(value_type = Vec<Object>)]
    pub statements: Vec<Statement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub custom_condition: Option<CustomCondition>,
    #[serde(serialize_with = "opt_millis", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub evaluated_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_met: Option<bool>,
}

/// When a task runs. `schedule_id` and `scheduled_at` stand here while it waits for the instant.
#[derive(Serialize, ToSchema)]
#[schema(as = ActionSchedule)]
pub(in crate::epilot) struct ScheduleView {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub spec: Schedule,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_id: Option<String>,
    #[serde(serialize_with = "opt_millis", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub scheduled_at: Option<Timestamp>,
    /// JSON text `{error_code, error_reason, error_info}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_reason: Option<String>,
}

/// A task that an AI agent works on.
#[derive(Serialize, ToSchema)]
#[schema(as = AiAgentTask)]
pub(in crate::epilot) struct AgentView {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub agent_config: Option<AgentConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_execution: Option<AgentExecutionInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_execution_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub loop_config: Option<LoopInfo>,
}

/// An agent's last run.
#[derive(Serialize, ToSchema)]
pub(in crate::epilot) struct AgentExecutionInfo {
    pub execution_id: String,
    /// `running`, `waiting_approval`, `completed`, `failed` or `cancelled`.
    pub execution_status: &'static str,
    /// JSON text `{error_code, error_reason, error_info}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}
