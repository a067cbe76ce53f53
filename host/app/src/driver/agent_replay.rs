//! Running an agent's run again from its journal alone, to see whether it comes to the same.

use super::flow_agent::{concluded, failure};
use crate::App;
use crate::agents::{Around, Halted, RunHost};
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::{AgentRun, InvocationLimits, RunStatus, StoredJournal};
use crate::ports::{AgentCall, AgentEnded, CallContext};
use std::sync::Arc;
use stepwright_engine::agent::{Amounts, Hash, RunFault};
use stepwright_engine::{Definition, Execution};

/// Milliseconds it may take: nothing is waited for.
const WALL_MS: u32 = 60_000;

/// What came of it.
pub(crate) struct Replayed {
    pub status: RunStatus,
    pub calls: u32,
    pub head: Hash,
}

impl App {
    /// Limits of what an agent's run has no budget of.
    pub(super) fn agent_limits(&self, view: &TenantView, run: &AgentRun) -> InvocationLimits {
        let (enabled, limits) = (view.enabled(&run.agent.plugin), self.config().limits);
        enabled.map_or(limits, |enabled| enabled.enablement.limits.over(limits))
    }

    /// Runs it again.
    pub(crate) async fn replay(
        &self,
        view: &Arc<TenantView>,
        definition: Arc<Definition>,
        execution: Arc<Execution>,
        run: AgentRun,
        stored: StoredJournal,
    ) -> AppResult<Replayed> {
        let head = stored.head;
        let context = CallContext {
            tenant_id: run.tenant_id,
            environment: view.tenant.environment,
            dialect: execution.dialect.as_str().into(),
            execution_id: execution.id.to_string(),
            definition_id: Some(definition.id.to_string()),
            node_id: Some(run.task.to_string()),
            attempt: 1,
            dedupe_key: format!("{}/{}", execution.id, run.id),
            now: run.began_at.to_rfc3339_millis(),
            timezone: definition.timezone.as_ref().unwrap_or(&view.tenant.settings.timezone).clone(),
            actor: run.actor.clone(),
        };
        let around = Around { app: self.clone(), view: Arc::clone(view), definition, execution };
        let host = match RunHost::new(around, run.clone(), stored, Amounts::default()) {
            Ok(host) => host.replaying(),
            Err(fault) => return Ok(Replayed { status: RunStatus::Failed(fault), calls: 0, head }),
        };
        // No activation had more of it.
        let fuel = run.agent.budget.of_run().fuel.unwrap_or(self.config().ceilings.fuel);
        let limits = InvocationLimits { wall_ms: WALL_MS, fuel, ..self.agent_limits(view, &run) };
        let (digest, agent, config) = (run.digest.clone(), run.agent.agent.clone(), run.config.clone());
        let call = AgentCall { digest, agent, context, config, limits, host: Box::new(host) };
        let AgentEnded { result, host, .. } = self.sandbox().run_agent(call).await;
        let Ok(host) = host.into_any().downcast::<RunHost>() else {
            return Err(AppError::Internal("the agent's host was exchanged".into()));
        };
        let status = match (&host.halted, result) {
            (Some(Halted::Failed(fault)), _) => RunStatus::Failed(fault.clone()),
            (Some(Halted::Waiting | Halted::Stale | Halted::Unavailable(_)), _) => {
                RunStatus::Failed(RunFault::JournalDiverged("it waits for something that is not recorded".into()))
            }
            (None, Ok(conclusion)) => concluded(&host, conclusion),
            (None, Err(fault)) => RunStatus::Failed(failure(&host, fault)),
        };
        Ok(Replayed { status, calls: host.calls_made(), head })
    }
}
