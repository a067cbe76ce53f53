//! One activation of an agent's run: its budget is held, the agent goes on until it ends or has to wait, and what has
//! become of it is written.

use super::agent_budget::{Held, settlement};
use super::flow_agent::{Tried, concluded, failure, report_of};
use super::flow_work::Worker;
use super::invoke::BUSY;
use crate::agents::{Around, Halted, RunHost};
use crate::error::{AppError, AppResult};
use crate::model::{AgentRun, HeldBudget, InvocationLimits, JournalWrite, RunStatus, StoredJournal};
use crate::ports::{AgentCall, AgentEnded, CallContext, JournalError, StoreError};
use std::sync::Arc;
use stepwright_engine::Metering;
use stepwright_engine::agent::{Amounts, Hash};
use stepwright_engine::flow::AgentReport;
use tracing::Instrument as _;

impl Worker {
    /// Lets the agent go on until it ends or has to wait.
    pub(super) async fn activate(
        &self,
        run: AgentRun,
        stored: StoredJournal,
        metering: &mut Metering,
    ) -> AppResult<Tried> {
        let Held { run, budget, spent } = match self.hold(run, &stored).await? {
            Ok(held) => held,
            Err(tried) => return Ok(tried),
        };
        let around = Around {
            app: self.app.clone(),
            view: Arc::clone(&self.view),
            definition: Arc::clone(&self.definition),
            execution: Arc::clone(&self.execution),
        };
        let head = stored.head;
        let host = match RunHost::new(around, run.clone(), stored, spent) {
            Ok(host) => host,
            Err(fault) => return self.end(run, head, RunStatus::Failed(fault), Amounts::default()).await,
        };
        let call = AgentCall {
            digest: run.digest.clone(),
            agent: run.agent.agent.clone(),
            context: CallContext {
                // The same whenever it is taken up again.
                now: run.began_at.to_rfc3339_millis(),
                actor: run.actor.clone(),
                ..self.context(&run.task, 1, format!("{}/{}", self.execution.id, run.id))
            },
            config: run.config.clone(),
            limits: InvocationLimits {
                wall_ms: u32::try_from(budget.wall_ms).unwrap_or(u32::MAX),
                fuel: budget.fuel,
                ..self.app.agent_limits(&self.view, &run)
            },
            host: Box::new(host),
        };
        let slot = self.slot().await;
        let AgentEnded { result, metering: used, logs, host } = self.alive(&run, call).await;
        drop(slot);
        metering.add(&used);
        for line in &logs {
            tracing::debug!(target: "stepwright::guest", execution = %self.execution.id, run = run.id, level = ?line.level, "{}", line.message);
        }
        let Ok(host) = host.into_any().downcast::<RunHost>() else {
            return Err(AppError::Internal("the agent's host was exchanged".into()));
        };
        let wall_ms = used.wall_us.div_ceil(1_000).min(budget.wall_ms);
        let more = Amounts { wall_ms, fuel: used.fuel.min(budget.fuel), ..Amounts::default() };
        let status = match (&host.halted, result) {
            (Some(Halted::Waiting), _) => RunStatus::Waiting,
            (Some(Halted::Stale), _) => return Ok(Tried::Nobody),
            (Some(Halted::Unavailable(reason)), _) => {
                tracing::warn!(run = run.id, reason, "an agent's run is tried again");
                return Ok(Tried::Again);
            }
            (Some(Halted::Failed(fault)), _) => RunStatus::Failed(fault.clone()),
            (None, Ok(conclusion)) => concluded(&host, conclusion),
            (None, Err(fault)) if fault.code == BUSY => {
                let run = AgentRun { held: None, ..host.run.clone() };
                let given_back = settlement(&run, &budget, Amounts::default());
                self.settle(&run, host.head(), given_back).await?;
                return Ok(Tried::Again);
            }
            (None, Err(fault)) => RunStatus::Failed(failure(&host, fault)),
        };
        let (run, head) = (host.run.clone(), host.head());
        self.end(run, head, status, more).await
    }

    /// Runs the agent, and shows every now and then that somebody still does.
    async fn alive(&self, run: &AgentRun, call: AgentCall) -> AgentEnded {
        let span = crate::agents::invoke_agent(&run.agent.name, &run.id);
        let running = self.app.sandbox().run_agent(call).instrument(span);
        // Both go on at any time: the run may hold what the sign of life waits for, the only connection that writes.
        let beating = async {
            loop {
                tokio::time::sleep(HeldBudget::BEAT).await;
                // Without it the run is charged less should this host die, no more.
                if let Err(error) = self.app.store().beat_run(run.tenant_id, &run.id, self.app.now()).await {
                    tracing::debug!(run = run.id, %error, "a sign of life was not written");
                }
            }
        };
        tokio::select! {
            ended = running => ended,
            never = beating => never,
        }
    }

    /// Writes what has become of the run, and tells it.
    pub(super) async fn end(&self, run: AgentRun, head: Hash, status: RunStatus, used: Amounts) -> AppResult<Tried> {
        let report = match &status {
            RunStatus::Waiting => Tried::Report(AgentReport::WaitingApproval),
            ended => match report_of(ended) {
                Some(report) => Tried::Report(report),
                None => Tried::Again,
            },
        };
        let waits = matches!(status, RunStatus::Waiting);
        metrics::counter!("stepwright_agent_runs_total", "status" => status.word()).increment(1);
        let spends = run.held.as_ref().map(|held| settlement(&run, held, used)).unwrap_or_default();
        let write = JournalWrite {
            next: Some(Box::new(AgentRun { status, held: None, updated_at: self.app.now(), ..run.clone() })),
            wake_at: (!waits).then_some(None),
            spends,
            ..JournalWrite::nothing(&run, head)
        };
        if self.written(&write).await? { Ok(report) } else { Ok(Tried::Nobody) }
    }

    /// Books for a run what it has used, and keeps the run as it is given.
    pub(super) async fn settle(&self, run: &AgentRun, head: Hash, spends: Vec<crate::model::Spend>) -> AppResult<bool> {
        let next = Some(Box::new(run.clone()));
        self.written(&JournalWrite { next, spends, ..JournalWrite::nothing(run, head) }).await
    }

    /// Writes what no limit refuses, as soon as the store answers; `false` when somebody else works on the run.
    async fn written(&self, write: &JournalWrite) -> AppResult<bool> {
        loop {
            match self.app.store().write_journal(write).await {
                Ok(()) => return Ok(true),
                Err(JournalError::Stale) => return Ok(false),
                Err(JournalError::Store(StoreError::Unavailable(_))) => self.pause().await,
                Err(error) => return Err(AppError::Internal(error.to_string())),
            }
        }
    }
}
