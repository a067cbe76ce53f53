//! Flows: graphs of tasks that people, automations, decisions and agents work on (source: contracts/epilot.md).
//!
//! A [`Template`] is what can be started, [`start`] makes a [`Flow`] of it, and [`apply`] is the one pure function that
//! changes a flow. A flow holds its whole graph, so nothing else is needed after the start. Asynchronous work is data
//! in the document: [`Flow::work`] tells what workers must do now, [`Flow::next_due`] when to come back, and every
//! answer is a [`Command`] that names the attempt it answers.

mod apply;
mod automation;
mod bridge;
mod command;
mod condition;
mod entity;
mod error;
mod event;
mod graph;
mod in_entity;
mod loops;
mod operands;
mod parts;
mod pending;
mod schedule;
mod start;
mod state;
mod task;
pub mod template;
#[cfg(test)]
mod tests;
mod time_math;
pub mod vocab;

pub use apply::{Env, HEAL_AFTER, HOLDING_OUTCOMES, Ids, MOST_HEALS, Transition, apply, check_contexts, is_allowed};
pub use automation::{ActionRun, ActionSpec, ActionState, AutomationRun, RunState};
pub use command::{AgentReport, Command, FlowPatch, NewTask, PhasePatch, Place, Resolved, TaskPatch};
pub use condition::{Condition, CustomCondition, DateOffset, DecisionSpec, LoopConfig, Source, Statement};
pub use entity::{Entities, EntityDiff, EntitySnapshot};
pub use error::{FlowError, FlowErrorKind};
pub use event::{Effect, FlowEvent, FlowHistory};
pub use in_entity::{PhaseInEntity, WorkflowInEntity};
pub use operands::{BUILT_IN, Operand, Question, Verdict, compare, questions};
pub use parts::{
    Assignee, ClosingReason, Context, Due, DueAnchor, DueDateConfig, Edge, EntitySync, Requirement, SyncFilter,
    SyncTarget, SyncTrigger, SyncValue, TaskError, V1Sync,
};
pub use pending::{ActionWork, Work};
pub use schedule::{Origin, Reference, Schedule, ScheduleState};
pub use start::{StartFlow, start};
pub use state::{Chain, Closing, Current, DEEPEST_CHAIN, Flow, FlowStatus, FlowTrigger, LoopInfo, Phase};
pub use task::{
    AgentRun, AgentState, AgentTask, Analytics, Asked, AutomationTask, Chosen, DecisionTask, Task, TaskKind,
};
pub use template::{
    AgentConfig, AgentSpec, AutomationConfig, AutomationSpec, Description, InputContext, LimitWarning, TaskSpec,
    Template, TemplateFault, TemplatePhase, TemplateTask, TemplateTrigger, TriggerKind,
};
pub use time_math::{parse_date, shift};
pub use vocab::{PhaseStatus, StatusName, SyncEvent, TaskStatus, TaskType, TimeUnit, TriggerMode, TriggerType};
