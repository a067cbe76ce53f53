//! An AI agent's task: begins its run, lets the agent go on, and tells the flow what has come of it.

use super::agent_wakes::is_at_it;
use super::flow_work::Worker;
use super::held::retrying;
use super::invoke::BUSY;
use crate::agents::RunHost;
use crate::error::AppResult;
use crate::model::{Agent, AgentDescriptor, AgentRun, RunStatus};
use crate::ports::{AgentConclusion, StoreError};
use serde_json::{Value, json};
use stepwright_engine::agent::{Dimension, RunFault};
use stepwright_engine::flow::{AgentReport, Flow};
use stepwright_engine::{AgentRunId, Fault, Metering, NodeId, RawJson};

/// What the flow asks for.
pub(super) struct AgentWork {
    pub task: NodeId,
    pub attempt: u32,
    /// Of the run.
    pub run: String,
    /// What the task names.
    pub agent: String,
    pub parameters: Option<Value>,
}

/// What came of one try.
pub(super) enum Tried {
    Report(AgentReport),
    /// Nobody waits for it any more, or somebody else does it.
    Nobody,
    /// The host was not able to.
    Again,
}

impl Worker {
    /// What to tell the flow; none when somebody else will.
    pub(super) async fn agent(&self, flow: &Flow, work: &AgentWork, metering: &mut Metering) -> Option<AgentReport> {
        loop {
            match self.try_agent(flow, work, metering).await {
                Ok(Tried::Report(report)) => return Some(report),
                Ok(Tried::Nobody) => return None,
                Ok(Tried::Again) => self.pause().await,
                Err(error) => {
                    tracing::error!(run = work.run, %error, "an agent's run cannot go on");
                    return Some(AgentReport::Failed(Fault::permanent("INTERNAL_ERROR", error.to_string())));
                }
            }
        }
    }

    async fn try_agent(&self, flow: &Flow, work: &AgentWork, metering: &mut Metering) -> AppResult<Tried> {
        let tenant = self.execution.tenant_id;
        let read = || async { Ok(self.app.store().run(tenant, &work.run).await?) };
        let run = match retrying(read).await? {
            Some(run) => run,
            None => match self.begin_run(flow, work).await? {
                Ok(run) => run,
                Err(fault) => return Ok(Tried::Report(AgentReport::Failed(fault))),
            },
        };
        if let Some(report) = report_of(&run.status) {
            return Ok(Tried::Report(report));
        }
        if !flow.tasks.iter().any(|task| task.id == work.task && is_at_it(task.status)) {
            self.app.cancel_agent_run(run).await?;
            return Ok(Tried::Report(AgentReport::Cancelled));
        }
        let read = || async { Ok(self.app.store().journal(tenant, &run.id).await?) };
        let Some(stored) = retrying(read).await? else { return Ok(Tried::Nobody) };
        self.activate(run, stored, metering).await
    }

    /// Pins everything the run must not see change.
    async fn begin_run(&self, flow: &Flow, work: &AgentWork) -> AppResult<Result<AgentRun, Fault>> {
        let (app, view, tenant) = (&self.app, &self.view, self.execution.tenant_id);
        let read = || async { Ok(app.store().agent(tenant, &work.agent).await?) };
        let Some(agent) = retrying(read).await? else {
            let reason = format!("there is no agent '{}'", work.agent);
            return Ok(Err(Fault::permanent("INTERNAL_ERROR", reason).with_info(json!({ "reason": "UNKNOWN_AGENT" }))));
        };
        let Some(enabled) = view.enabled(&agent.plugin) else {
            let reason = format!("plugin '{}' is not enabled", agent.plugin);
            return Ok(Err(Fault::permanent("PLUGIN_DISABLED", reason)));
        };
        let digest = flow.pins.get(&agent.plugin).unwrap_or(&enabled.enablement.digest).clone();
        let Some(described) = self.described(&agent, &digest).await? else {
            let reason = format!("plugin '{}' has no agent '{}' any more", agent.plugin, agent.agent);
            return Ok(Err(Fault::permanent("INTERNAL_ERROR", reason).with_info(json!({ "reason": "UNKNOWN_AGENT" }))));
        };
        let config = with_parameters(&agent.config, work.parameters.as_ref());
        let limits = enabled.enablement.limits.over(app.config().limits);
        let config = loop {
            match app.sandbox().validate_agent(&digest, &agent.agent, &config, limits).await {
                Ok(Ok(config)) => break config,
                Ok(Err(faults)) => {
                    let said: Vec<String> = faults.iter().map(|f| format!("{}: {}", f.pointer, f.message)).collect();
                    let reason = format!("the task's parameters do not fit the agent: {}", said.join("; "));
                    return Ok(Err(
                        Fault::permanent("INTERNAL_ERROR", reason).with_info(json!({ "reason": "INVALID_PARAMETERS" }))
                    ));
                }
                Err(fault) if fault.code == BUSY => self.pause().await,
                Err(fault) => return Ok(Err(RunFault::GuestError(fault).fault())),
            }
        };
        let now = app.now();
        let run = AgentRun {
            tenant_id: tenant,
            id: work.run.clone(),
            key: AgentRunId::fresh(&**app.ids()),
            execution: self.execution.id,
            task: work.task.clone(),
            attempt: work.attempt,
            agent,
            digest,
            outcomes: described.outcomes,
            config,
            input: RawJson::from(input_of(flow, &work.task)),
            actor: self.execution.trigger.source.as_str().into(),
            status: RunStatus::Running,
            held: None,
            began_at: now,
            updated_at: now,
        };
        let insert = || async {
            match app.store().insert_run(&run).await {
                Ok(()) => Ok(true),
                // Another node was faster; its run counts.
                Err(StoreError::Duplicate(_)) => Ok(false),
                Err(error) => Err(error.into()),
            }
        };
        if retrying(insert).await? {
            return Ok(Ok(run));
        }
        let read = || async { Ok(app.store().run(tenant, &work.run).await?) };
        Ok(retrying(read).await?.ok_or_else(|| Fault::permanent("INTERNAL_ERROR", "the run is gone")))
    }

    async fn described(&self, agent: &Agent, digest: &str) -> AppResult<Option<AgentDescriptor>> {
        if let Some(builtin) = self.app.builtins().iter().find(|b| b.info.digest == digest) {
            return Ok(builtin.info.agent(&agent.agent).cloned());
        }
        let read = || async { Ok(self.app.store().component_info(self.execution.tenant_id, digest).await?) };
        Ok(retrying(read).await?.and_then(|info| info.agent(&agent.agent).cloned()))
    }
}

pub(super) fn concluded(host: &RunHost, conclusion: AgentConclusion) -> RunStatus {
    if let Err(fault) = host.check_ended() {
        return RunStatus::Failed(fault);
    }
    let AgentConclusion { outcome, response, output, entities } = conclusion;
    let outcomes = &host.run.outcomes;
    match &outcome {
        Some(named) if !outcomes.contains(named) => {
            let known = outcomes.join(", ");
            return RunStatus::Failed(RunFault::InvalidOutput(format!("'{named}' is none of its outcomes ({known})")));
        }
        Some(_) | None => {}
    }
    RunStatus::Completed { outcome, response, output, entities }
}

/// Why an agent has failed: the last thing it was refused, if there is one.
pub(super) fn failure(host: &RunHost, fault: Fault) -> RunFault {
    match (fault.code.as_str(), &host.refused) {
        ("LIMIT_WALL_TIME", _) => RunFault::BudgetExhausted(Dimension::WallMs),
        ("LIMIT_FUEL", _) => RunFault::BudgetExhausted(Dimension::Fuel),
        (_, Some(refused)) => refused.clone(),
        ("INVALID_OUTPUT" | "LIMIT_OUTPUT", None) => RunFault::InvalidOutput(fault.reason),
        (_, None) => RunFault::GuestError(fault),
    }
}

/// What a run that has ended tells its flow; none while it goes on.
pub(super) fn report_of(status: &RunStatus) -> Option<AgentReport> {
    match status {
        RunStatus::Running | RunStatus::Waiting => None,
        RunStatus::Completed { outcome, output, entities, .. } => Some(AgentReport::Completed {
            outcome: outcome.clone(),
            output: output.to_value(),
            entities: entities.clone(),
        }),
        RunStatus::Failed(fault) => Some(AgentReport::Failed(fault.fault())),
        RunStatus::Cancelled => Some(AgentReport::Cancelled),
    }
}

/// The task's parameters laid over the agent's config, member by member.
fn with_parameters(config: &RawJson, parameters: Option<&Value>) -> RawJson {
    let Some(Value::Object(parameters)) = parameters else { return config.clone() };
    let mut whole: serde_json::Map<String, Value> = config.read().unwrap_or_default();
    whole.extend(parameters.iter().map(|(name, value)| (name.clone(), value.clone())));
    RawJson::from(Value::Object(whole))
}

/// What the run is about (source: contracts/plugins.md 4.3 `input`).
fn input_of(flow: &Flow, task: &NodeId) -> Value {
    let contexts: Vec<Value> = flow
        .contexts
        .iter()
        .map(|c| json!({ "entity_id": c.entity_id, "entity_schema": c.entity_schema, "is_primary": c.is_primary }))
        .collect();
    let mut input = json!({ "workflow_execution_id": flow.id, "task_id": task, "flow_context": contexts });
    if let Some(primary) = flow.primary() {
        input["entity_id"] = primary.id.into();
        input["entity_schema"] = primary.schema.into();
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_lie_over_the_config() {
        let config = RawJson::from(json!({"schema": "partner", "limit": 3}));
        let whole = with_parameters(&config, Some(&json!({"limit": 5})));
        assert_eq!(whole.to_value(), json!({"schema": "partner", "limit": 5}));
        assert_eq!(with_parameters(&config, Some(&json!("odd"))), config);
        assert_eq!(with_parameters(&config, None), config);
    }
}
