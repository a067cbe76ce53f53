//! What workers must do now for a flow; derived from the document, so that a crash loses nothing.

use super::automation::{ActionState, RunState};
use super::task::AgentState;
use super::{Flow, Task, TaskKind};
use crate::outcome::EntityRef;
use crate::{NodeId, RawJson};
use serde_json::Value;

/// One piece of work. Its answer is the command named at each variant, with the same `task` and `attempt`.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Ask [`super::questions`] of the condition components → [`super::Command::DecisionEvaluated`].
    Evaluate { task: NodeId, attempt: u32 },
    /// Look the automation's actions up → [`super::Command::AutomationResolved`].
    Dispatch { task: NodeId, attempt: u32, flow_id: String, execution_id: String },
    /// Run an action → [`super::Command::ActionFinished`].
    Automation(ActionWork),
    /// Start or go on with an agent → [`super::Command::AgentReported`].
    Agent {
        task: NodeId,
        attempt: u32,
        execution_id: String,
        agent_id: String,
        parameters: Option<Value>,
        /// The primary entity.
        input: Option<EntityRef>,
    },
}

/// An action to run.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionWork {
    pub task: NodeId,
    pub attempt: u32,
    /// With `action` the key under which effects outside are made only once: it stays the same over retries.
    pub execution_id: String,
    /// The action's number, from 0.
    pub action: usize,
    /// From 1.
    pub tries: u32,
    pub step_type: String,
    pub config: RawJson,
    /// The entity the automation runs on.
    pub input: EntityRef,
    /// What earlier actions of this run have put out, by number.
    pub outputs: Vec<(usize, RawJson)>,
    /// What a call-back brought.
    pub resume: Option<RawJson>,
}

impl Work {
    /// The task it belongs to.
    pub const fn task(&self) -> &NodeId {
        match self {
            Self::Evaluate { task, .. } | Self::Dispatch { task, .. } | Self::Agent { task, .. } => task,
            Self::Automation(action) => &action.task,
        }
    }

    /// The attempt its answer has to name.
    pub const fn attempt(&self) -> u32 {
        match self {
            Self::Evaluate { attempt, .. } | Self::Dispatch { attempt, .. } | Self::Agent { attempt, .. } => *attempt,
            Self::Automation(action) => action.attempt,
        }
    }
}

impl Flow {
    /// Everything a worker must do now. Runs that have begun finish even when the flow was closed meanwhile;
    /// evaluations wait for a reopening.
    pub fn work(&self) -> impl Iterator<Item = Work> + '_ {
        let deleted = self.deleted_at.is_some();
        self.tasks.iter().filter(move |_| !deleted).filter_map(|task| self.work_of(task))
    }

    /// Whether a decision is being evaluated.
    pub fn is_deciding(&self) -> bool {
        self.deleted_at.is_none() && self.tasks.iter().any(|task| self.is_evaluated(task))
    }

    fn is_evaluated(&self, task: &Task) -> bool {
        matches!(&task.kind, TaskKind::Decision(decision) if decision.asked.is_some()) && self.is_started()
    }

    fn work_of(&self, task: &Task) -> Option<Work> {
        let (id, attempt) = (task.id.clone(), task.attempt);
        match &task.kind {
            TaskKind::Manual => None,
            TaskKind::Decision(_) => self.is_evaluated(task).then_some(Work::Evaluate { task: id, attempt }),
            TaskKind::AiAgent(agent) => {
                let run = agent.run.as_ref().filter(|r| r.state == AgentState::Running)?;
                let config = agent.spec.agent_config.as_ref()?;
                Some(Work::Agent {
                    task: id,
                    attempt,
                    execution_id: run.execution_id.clone(),
                    agent_id: config.agent_id.clone(),
                    parameters: config.parameters.clone(),
                    input: self.primary(),
                })
            }
            TaskKind::Automation(automation) => {
                let run = automation.run.as_ref().filter(|r| r.state.is_open())?;
                if let RunState::Starting { .. } = run.state {
                    let flow_id = automation.spec.automation_config.flow_id.clone();
                    return Some(Work::Dispatch { task: id, attempt, flow_id, execution_id: run.execution_id.clone() });
                }
                let (action, ActionState::Running { tries, resume, .. }) = run.current()? else { return None };
                let spec = &run.actions[action].spec;
                let outputs = run.actions.iter().enumerate().filter_map(|(n, a)| match &a.state {
                    ActionState::Completed { output, .. } => Some((n, output.clone())),
                    _ => None,
                });
                Some(Work::Automation(ActionWork {
                    task: id,
                    attempt,
                    execution_id: run.execution_id.clone(),
                    action,
                    tries: *tries,
                    step_type: spec.step_type.clone(),
                    config: spec.config.clone(),
                    input: run.input.clone(),
                    outputs: outputs.collect(),
                    resume: resume.clone(),
                }))
            }
        }
    }
}
