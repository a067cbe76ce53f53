//! Time and fuel of an activation: held before it begins, at the levels of run, flow and day, and settled when it ends.
//!
//! What is held counts as spent meanwhile, so that many runs at once cannot use together what only one of them may.

use super::flow_agent::Tried;
use super::flow_work::Worker;
use super::held::retrying;
use crate::agents::{levels, today};
use crate::error::{AppError, AppResult};
use crate::model::{AgentRun, BudgetKey, HeldBudget, JournalWrite, RunStatus, Spend, StoredJournal};
use crate::ports::{JournalError, StoreError};
use std::time::Duration;
use stepwright_engine::agent::{Amounts, Dimension, Limits, RunFault};

/// The longest one activation may take (source: contracts/plugins.md 4.3).
const MAX_WALL_MS: u64 = 300_000;
/// How often it is looked again whether another run has given back what it held, and how long between two looks.
const MAX_LOOKS: u32 = 25;
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A run whose next activation has its budget.
pub(super) struct Held {
    pub run: AgentRun,
    pub budget: HeldBudget,
    /// By the run, before.
    pub spent: Amounts,
}

/// What was held is given back, and what was used is booked; never refused.
pub(super) fn settlement(run: &AgentRun, held: &HeldBudget, used: Amounts) -> Vec<Spend> {
    let keys = [BudgetKey::Run(run.id.clone()), BudgetKey::Flow(run.execution), BudgetKey::Day(held.day.clone())];
    let spend = |key| Spend { key, more: used, back: held.amounts(), limits: Limits::default() };
    keys.into_iter().map(spend).collect()
}

impl Worker {
    /// Takes what there is for the next activation, or ends the run because there is nothing.
    pub(super) async fn hold(&self, run: AgentRun, stored: &StoredJournal) -> AppResult<Result<Held, Tried>> {
        let head = stored.head;
        let mut run = run;
        if let Some(held) = run.held.take() {
            // Its host has died: what it can have used at most is used.
            let spends = settlement(&run, &held, held.at_most(stored.beat_at));
            if !self.settle(&run, head, spends).await? {
                return Ok(Err(Tried::Nobody));
            }
        }
        let mut looks = 0;
        loop {
            let day = today(&self.app);
            let levels = levels(&self.view, &run, &day);
            let keys = levels.clone().map(|(key, _)| key);
            let read = || async { Ok(self.app.store().spent(run.tenant_id, &keys).await?) };
            let spent = retrying(read).await?;
            let left = |dimension| {
                let all = levels.iter().zip(&spent);
                all.filter_map(|((_, limits), spent)| limits.left(spent, dimension)).min()
            };
            let budget = HeldBudget {
                wall_ms: left(Dimension::WallMs).unwrap_or(MAX_WALL_MS).min(MAX_WALL_MS),
                fuel: left(Dimension::Fuel).unwrap_or(self.app.agent_limits(&self.view, &run).fuel),
                at: self.app.now(),
                day: day.clone(),
            };
            let nothing = match (budget.wall_ms, budget.fuel) {
                (0, _) => Some(Dimension::WallMs),
                (_, 0) => Some(Dimension::Fuel),
                _ => None,
            };
            let own = spent.first().copied().unwrap_or_default();
            if let Some(dimension) = nothing {
                // What only this run spends from, nobody gives back.
                let alone = run.agent.budget.of_run().left(&own, dimension) == Some(0);
                if alone || looks >= MAX_LOOKS {
                    let failed = RunStatus::Failed(RunFault::BudgetExhausted(dimension));
                    return Ok(Err(self.end(run, head, failed, Amounts::default()).await?));
                }
                looks += 1;
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            }
            let more = budget.amounts();
            let spend = |(key, limits)| Spend { key, more, back: Amounts::default(), limits };
            let next = AgentRun { held: Some(budget.clone()), ..run.clone() };
            let write = JournalWrite {
                next: Some(Box::new(next.clone())),
                spends: levels.into_iter().map(spend).collect(),
                ..JournalWrite::nothing(&run, head)
            };
            match self.app.store().write_journal(&write).await {
                Ok(()) => return Ok(Ok(Held { run: next, budget, spent: own })),
                Err(JournalError::Stale) => return Ok(Err(Tried::Nobody)),
                // Somebody was faster; what is left now is looked at again.
                Err(JournalError::Exhausted { .. }) => {}
                Err(JournalError::Store(StoreError::Unavailable(_))) => self.pause().await,
                Err(error) => return Err(AppError::Internal(error.to_string())),
            }
        }
    }
}
