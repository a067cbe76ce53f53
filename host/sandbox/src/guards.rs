//! Asking guards: deterministic, without any capability.

use crate::bindings::guards as wit;
use crate::faults::{COMPONENT_UNUSABLE, invalid_output, output_too_large};
use crate::json;
use crate::limits::clamp;
use crate::outcome;
use crate::sandbox::{WasmSandbox, context};
use std::sync::Arc;
use stepwright_app::ports::{GuardCall, GuardDecision, GuardedTransition};
use stepwright_app::{CapabilitySet, InvocationLimits};
use stepwright_engine::Fault;

/// Bytes of a denial's code.
const MAX_CODE: usize = 64;
/// Bytes of a denial's reason.
const MAX_REASON: usize = 4 << 10;

impl WasmSandbox {
    pub(crate) async fn ask_guard(&self, call: GuardCall) -> Result<GuardDecision, Fault> {
        let loaded = self.deterministic.component(&call.digest, &CapabilitySet::new()).await?;
        if loaded.guards.is_none() {
            return Err(Fault::permanent(COMPONENT_UNUSABLE, "the component has no guards"));
        }
        let limits = clamp(call.limits, self.ceilings);
        let (context, transition) = (Arc::new(context(call.context, &limits)), transition(call.guard, call.transition));
        let ended = self
            .deterministic
            .caller
            .call_ready(&loaded, &limits, context, |store, exports, context| {
                Box::pin(async move {
                    let Some(guards) = exports.guards else { unreachable!("the component has them") };
                    guards.call_check(store, &context, &transition).await
                })
            })
            .await;
        let decision = ended.result.and_then(|answer| decision(answer, &limits));
        let outcome = match &decision {
            Ok(GuardDecision::Allow | GuardDecision::AllowWith { .. }) => "allowed",
            Ok(GuardDecision::Deny { .. }) => "denied",
            Err(_) => "failed",
        };
        metrics::counter!("stepwright_sandbox_guards_total", "outcome" => outcome).increment(1);
        decision
    }
}

fn transition(guard: String, from: GuardedTransition) -> wit::Transition {
    wit::Transition {
        guard,
        action: from.action,
        actor: from.actor,
        actor_kind: from.actor_kind,
        from_status: from.from_status,
        to_status: from.to_status,
        from_stage: from.from_stage,
        to_stage: from.to_stage,
        workflow_type: from.workflow_type,
        config: from.config.as_str().to_owned(),
        patch: from.patch.as_str().to_owned(),
        record: from.record.as_str().to_owned(),
        history: from.history.iter().map(|event| event.as_str().to_owned()).collect(),
    }
}

fn decision(answer: wit::Decision, limits: &InvocationLimits) -> Result<GuardDecision, Fault> {
    Ok(match answer {
        wit::Decision::Allow => GuardDecision::Allow,
        wit::Decision::AllowWith(amendment) => {
            let state_patch = match amendment.state_patch {
                Some(text) if text.len() > limits.output as usize => return Err(output_too_large(limits, text.len())),
                Some(text) => {
                    let wrong = |why| invalid_output(format!("the state patch is wrong: {why}"));
                    Some(json::checked_object(text).map_err(wrong)?)
                }
                None => None,
            };
            let next_action_at = amendment.next_action_at;
            if let Some(text) = &next_action_at {
                outcome::instant(text, "next-action-at")?;
            }
            GuardDecision::AllowWith { state_patch, next_action_at, escalation_level: amendment.escalation_level }
        }
        wit::Decision::Deny(denial) => GuardDecision::Deny {
            code: outcome::cut(denial.code, MAX_CODE),
            reason: outcome::cut(denial.reason, MAX_REASON),
        },
    })
}
