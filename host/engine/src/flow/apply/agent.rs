//! AI agents: starting, and what they report.

use super::Work;
use crate::NodeId;
use crate::flow::task::{AgentRun, AgentState};
use crate::flow::vocab::TaskStatus;
use crate::flow::{AgentReport, FlowError, FlowEvent, TaskError};
use serde_json::json;

/// Outcomes with which a finished agent holds the flow at its task (source: contracts/epilot.md 2B "AI agent").
pub const HOLDING_OUTCOMES: [&str; 2] = ["no_eligible_partner", "missing_input"];

impl Work<'_> {
    pub(super) fn start_agent(&mut self, number: usize) {
        let execution_id = self.env.ids.fresh();
        let task = self.task_mut(number);
        task.awaits_start = false;
        let Some(agent) = task.agent_mut() else { return };
        if agent.spec.agent_config.is_none() {
            return self.fail(number, TaskError::new("AGENT_NOT_CONFIGURED", "the task names no agent"));
        }
        let run = AgentRun {
            execution_id: execution_id.clone(),
            state: AgentState::Running,
            outcome: None,
            output: None,
            entities: Vec::new(),
        };
        agent.run = Some(run);
        task.attempt += 1;
        self.record(FlowEvent::AgentStarted, Some(number), Some(json!({ "execution_id": execution_id })));
        self.set_status(number, TaskStatus::InProgress, None);
    }

    pub(super) fn agent_reported(&mut self, id: &NodeId, attempt: u32, report: AgentReport) -> Result<(), FlowError> {
        let number = self.number(id)?;
        let now = self.env.now;
        let follows = matches!(self.task(number).status, TaskStatus::InProgress | TaskStatus::WaitingForConfirmation);
        let task = self.task_mut(number);
        let awaited = task.attempt == attempt;
        let run = task.agent_mut().and_then(|a| a.run.as_mut()).filter(|r| awaited && r.state.is_open());
        let run = run.ok_or_else(|| FlowError::StaleAttempt { task: id.clone(), attempt })?;
        let to = match report {
            AgentReport::WaitingApproval => {
                run.state = AgentState::WaitingApproval;
                Ok(TaskStatus::WaitingForConfirmation)
            }
            AgentReport::Running => {
                run.state = AgentState::Running;
                Ok(TaskStatus::InProgress)
            }
            AgentReport::Completed { outcome, output, entities } => {
                let holds = outcome.as_deref().is_some_and(|o| HOLDING_OUTCOMES.contains(&o));
                run.state = AgentState::Completed { at: now };
                run.outcome = outcome;
                run.output = Some(output).filter(|o| !o.is_null());
                run.entities = entities;
                Ok(if holds { TaskStatus::OnHold } else { TaskStatus::Completed })
            }
            AgentReport::Failed(fault) => {
                let error = TaskError::from(fault);
                run.state = AgentState::Failed { at: now, error: error.clone() };
                Err(error)
            }
            AgentReport::Cancelled => {
                run.state = AgentState::Cancelled { at: now };
                Ok(TaskStatus::Skipped)
            }
        };
        if !run.state.is_open() {
            let detail = json!({ "execution_status": run.state.name(), "outcome": run.outcome });
            self.record(FlowEvent::AgentEnded, Some(number), Some(detail));
        }
        // Somebody who has put the task elsewhere meanwhile wins.
        match to {
            _ if !follows => {}
            Err(error) => self.fail(number, error),
            Ok(to @ (TaskStatus::Completed | TaskStatus::Skipped)) => self.finish(number, to, None),
            Ok(to) => self.set_status(number, to, None),
        }
        Ok(())
    }
}
