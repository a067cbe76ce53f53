//! Decisions: asking for an evaluation, taking its verdicts, choosing branches, going round loops.

use super::Work;
use crate::flow::task::{Asked, Chosen};
use crate::flow::vocab::{TaskStatus, TriggerMode};
use crate::flow::{DecisionTask, Edge, EntityDiff, FlowError, FlowEvent, TaskError, Verdict};
use crate::{Fault, NodeId};
use serde_json::json;

/// Whether a decision that has chosen so follows this edge. An edge that belongs to no branch is always followed.
pub(super) fn takes(chosen: &Chosen, edge: &Edge) -> bool {
    if edge.none_met {
        return chosen.none_met;
    }
    edge.condition_id.as_ref().is_none_or(|id| chosen.conditions.contains(id))
}

impl Work<'_> {
    /// Asks a worker to evaluate the conditions.
    pub(super) fn ask(&mut self, number: usize, diff: Option<EntityDiff>) {
        let now = self.env.now;
        self.clear_schedule(number);
        let task = self.task_mut(number);
        task.attempt += 1;
        task.awaits_start = false;
        let Some(decision) = task.decision_mut() else { return };
        decision.asked = Some(Asked { since: now, diff });
        // One that waits for its conditions goes on waiting while they are looked at again.
        if self.task(number).status != TaskStatus::ConditionPending {
            self.set_status(number, TaskStatus::InProgress, None);
        }
    }

    pub(super) fn decision_evaluated(
        &mut self,
        id: &NodeId,
        attempt: u32,
        result: Result<Vec<Verdict>, Fault>,
    ) -> Result<(), FlowError> {
        let number = self.number(id)?;
        let now = self.env.now;
        let default = DefaultBranch::of(self.next.edges.iter().filter(|e| &e.from_id == id));
        let task = self.task_mut(number);
        let stale = FlowError::StaleAttempt { task: id.clone(), attempt };
        let awaited = task.attempt == attempt;
        let Some(decision) = task.decision_mut().filter(|d| awaited && d.asked.is_some()) else { return Err(stale) };
        let verdicts = match result {
            Ok(verdicts) => verdicts,
            Err(fault) => {
                self.fail(number, fault.into());
                return Ok(());
            }
        };
        let Some(met) = crate::flow::operands::judge(&decision.spec, &default.conditions, &verdicts) else {
            self.fail(
                number,
                TaskError::new("INVALID_VERDICTS", "the number of verdicts is not that of the statements"),
            );
            return Ok(());
        };
        decision.asked = None;
        for (condition, met) in decision.spec.conditions.iter_mut().zip(&met) {
            condition.is_met = *met;
            condition.evaluated_at = met.is_some().then_some(now);
        }
        let mut conditions: Vec<String> =
            decision.spec.conditions.iter().filter(|c| c.is_met == Some(true)).map(|c| c.id.clone()).collect();
        if !decision.spec.allow_parallel_execution {
            conditions.truncate(1);
        }
        let chosen = match (conditions.is_empty(), default.exists) {
            (false, _) => Some(Chosen { conditions, none_met: false }),
            (true, true) => Some(Chosen { conditions, none_met: true }),
            (true, false) => None,
        };
        let explain: Vec<&str> = verdicts.iter().map(|v| v.explain.as_str()).collect();
        let detail = json!({ "chosen": chosen, "explain": explain });
        self.record(FlowEvent::DecisionEvaluated, Some(number), Some(detail));
        match chosen {
            Some(chosen) => self.decide(number, chosen, TaskStatus::Completed),
            None => self.set_status(number, TaskStatus::ConditionPending, None),
        }
        Ok(())
    }

    /// The decision is made.
    pub(super) fn decide(&mut self, number: usize, chosen: Chosen, to: TaskStatus) {
        self.abandon(number);
        if let Some(decision) = self.task_mut(number).decision_mut() {
            decision.chosen = Some(chosen);
        }
        self.finish(number, to, None);
    }

    /// The branch somebody asks for when completing or skipping a decision by hand.
    ///
    /// # Errors
    /// When the branch is missing, unknown, or not for people to choose.
    pub(super) fn chosen_by_hand(
        &self,
        number: usize,
        to: TaskStatus,
        condition: Option<&str>,
    ) -> Result<Chosen, FlowError> {
        let task = self.task(number);
        let Some(DecisionTask { spec, .. }) = task.decision() else { return Ok(Chosen::default()) };
        let default = DefaultBranch::of(self.next.edges.iter().filter(|e| e.from_id == task.id));
        if let Some(id) = condition {
            let overridable = matches!(task.status, TaskStatus::ConditionPending | TaskStatus::Failed);
            if spec.trigger_mode == TriggerMode::Automatic && !overridable {
                return Err(FlowError::invalid("next_condition_id is not for automatic decisions"));
            }
            if default.conditions.iter().any(|c| c == id) {
                return Ok(Chosen { conditions: Vec::new(), none_met: true });
            }
            return match spec.condition(id) {
                Some(_) => Ok(Chosen { conditions: vec![id.to_owned()], none_met: false }),
                None => Err(FlowError::invalid(format!("Invalid next_condition_id '{id}'"))),
            };
        }
        if to == TaskStatus::Skipped && default.exists {
            return Ok(Chosen { conditions: Vec::new(), none_met: true });
        }
        Err(FlowError::invalid("next_condition_id is required"))
    }

    /// Before a decision is followed: counts a turn of its loop, or takes the exit once all turns are used up.
    pub(super) fn count_loop(&mut self, number: usize) {
        let Some(decision) = self.task_mut(number).decision_mut() else { return };
        let (Some(config), Some(chosen)) = (&mut decision.spec.loop_config, &mut decision.chosen) else { return };
        if !chosen.conditions.contains(&config.loop_branch_id) {
            return;
        }
        if config.crt_iterations < config.max_iterations {
            config.crt_iterations += 1;
            let detail = json!({ "crt_iterations": config.crt_iterations, "max_iterations": config.max_iterations });
            self.record(FlowEvent::LoopTaken, Some(number), Some(detail));
        } else {
            let exit = config.exit_branch_id.clone();
            chosen.conditions.retain(|id| *id != config.loop_branch_id && *id != exit);
            chosen.conditions.push(exit);
        }
    }

    /// After a loop branch was chosen: everything in the loop's body starts over, inner counters included.
    pub(super) fn turn_loop(&mut self, number: usize) {
        let loop_branch = self.task(number).decision().and_then(|d| {
            let branch = &d.spec.loop_config.as_ref()?.loop_branch_id;
            d.chosen.as_ref()?.conditions.contains(branch).then_some(())
        });
        if loop_branch.is_none() {
            return;
        }
        let body = self.graph.loops().into_iter().find(|(decision, _)| *decision == number);
        for member in body.map(|(_, body)| body).unwrap_or_default() {
            self.reset(member, member != number);
        }
    }
}

/// The default branch of a decision: its edges, and the conditions that only name them.
pub(in crate::flow) struct DefaultBranch {
    pub exists: bool,
    pub conditions: Vec<String>,
}

impl DefaultBranch {
    pub fn of<'a>(edges: impl Iterator<Item = &'a Edge>) -> Self {
        let default: Vec<&Edge> = edges.filter(|e| e.none_met).collect();
        Self {
            exists: !default.is_empty(),
            conditions: default.iter().filter_map(|e| e.condition_id.clone()).collect(),
        }
    }
}
