//! Running agents: deterministic, with nothing but what their host answers.

use crate::bindings::{agents as wit, types};
use crate::call::Setup;
use crate::faults::{COMPONENT_UNUSABLE, invalid_output, output_too_large};
use crate::frozen::Frozen;
use crate::json;
use crate::limits::clamp;
use crate::outcome;
use crate::sandbox::{WasmSandbox, context};
use std::sync::Arc;
use stepwright_app::ports::{AgentCall, AgentConclusion, AgentEnded};
use stepwright_app::{CapabilitySet, FieldFault, InvocationLimits};
use stepwright_engine::{Fault, Metering, RawJson};

/// Bytes of a response.
const MAX_RESPONSE: usize = 64 << 10;
/// Entities a conclusion may name.
const MAX_ENTITIES: usize = 1_000;

impl WasmSandbox {
    pub(crate) async fn run_agent_call(&self, call: AgentCall) -> AgentEnded {
        let AgentCall { digest, agent, context: about, config, limits, host } = call;
        let nothing =
            |fault, host| AgentEnded { result: Err(fault), metering: Metering::default(), logs: Vec::new(), host };
        let loaded = match self.agents.component(&digest, &CapabilitySet::new()).await {
            Ok(loaded) => loaded,
            Err(fault) => return nothing(fault, host),
        };
        let Some(indices) = loaded.agents.clone() else { return nothing(no_agents(), host) };
        let limits = clamp(limits, self.ceilings);
        let context = Arc::new(context(about, &limits));
        let setup = Setup {
            session: None,
            agent: Some(host),
            grants: Arc::default(),
            secrets: Arc::default(),
            limits,
            frozen: Some(Frozen::Call(Arc::clone(&context))),
        };
        let call = wit::Call { agent, context: types::Context::clone(&context), config: config.as_str().to_owned() };
        let ended = self
            .agents
            .caller
            .call(&loaded, setup, |store, instance| {
                Box::pin(async move {
                    let agents = indices.load(&mut *store, &instance)?;
                    agents.call_handle(store, &call).await
                })
            })
            .await;
        let Some(host) = ended.agent else { unreachable!("a call gives back the host that it was given") };
        let result = ended.result.and_then(|answer| conclusion(answer, &limits));
        let outcome = if result.is_ok() { "concluded" } else { "stopped" };
        metrics::counter!("stepwright_sandbox_agents_total", "outcome" => outcome).increment(1);
        AgentEnded { result, metering: ended.metering, logs: ended.logs, host }
    }

    pub(crate) async fn check_agent(
        &self,
        digest: &str,
        agent: &str,
        config: &RawJson,
        limits: InvocationLimits,
    ) -> Result<Result<RawJson, Vec<FieldFault>>, Fault> {
        let loaded = self.agents.component(digest, &CapabilitySet::new()).await?;
        let indices = loaded.agents.clone().ok_or_else(no_agents)?;
        let limits = clamp(limits, self.ceilings);
        let (agent, config) = (agent.to_owned(), config.as_str().to_owned());
        let ended = self
            .agents
            .caller
            .call(&loaded, Setup::bare(limits), |store, instance| {
                Box::pin(async move {
                    let agents = indices.load(&mut *store, &instance)?;
                    agents.call_validate(store, &agent, &config).await
                })
            })
            .await;
        outcome::validation(ended.result?, &limits)
    }
}

fn conclusion(
    answer: Result<wit::Conclusion, types::Fault>,
    limits: &InvocationLimits,
) -> Result<AgentConclusion, Fault> {
    let given = answer.map_err(|fault| outcome::fault(fault, limits).unwrap_or_else(|wrong| wrong))?;
    let size = given.output.len();
    if size > limits.output as usize {
        return Err(output_too_large(limits, size));
    }
    if given.entities.len() > MAX_ENTITIES {
        let have = given.entities.len();
        return Err(invalid_output(format!(
            "the conclusion names {have} entities, at most {MAX_ENTITIES} are allowed"
        )));
    }
    let output = json::checked(given.output).map_err(|why| invalid_output(format!("the output is not JSON: {why}")))?;
    Ok(AgentConclusion {
        outcome: given.outcome.map(|text| outcome::cut(text, 64)),
        response: outcome::cut(given.response, MAX_RESPONSE),
        output,
        entities: given.entities.into_iter().map(Into::into).collect(),
    })
}

fn no_agents() -> Fault {
    Fault::permanent(COMPONENT_UNUSABLE, "the component has no agents")
}
