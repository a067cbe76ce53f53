//! Asking condition plugins: deterministic, without any capability, all questions of a decision in one call.

use crate::bindings::{conditions as wit, types};
use crate::call::Setup;
use crate::faults::{COMPONENT_UNUSABLE, invalid_output};
use crate::limits::clamp;
use crate::outcome;
use crate::sandbox::{WasmSandbox, context};
use std::sync::Arc;
use stepwright_app::ports::{ConditionCall, ConditionQuestion, Evaluated, Verdict};
use stepwright_app::{CapabilitySet, FieldFault, InvocationLimits};
use stepwright_engine::flow::Operand;
use stepwright_engine::{Fault, Metering, RawJson};

/// Characters of an explanation.
const MAX_EXPLAIN: usize = 2_000;

impl WasmSandbox {
    pub(crate) fn ask_conditions(&self, call: ConditionCall) -> impl Future<Output = Evaluated> {
        let ConditionCall { digest, context: about, questions, limits } = call;
        let limits = clamp(limits, self.ceilings);
        let asked = questions.len();
        let context = Arc::new(context(about, &limits));
        let questions = statements(questions);
        // Only now, as what a future holds is moved several times before it runs.
        async move {
            let nothing = |fault| Evaluated { verdicts: Err(fault), metering: Metering::default(), logs: Vec::new() };
            let loaded = match self.deterministic.component(&digest, &CapabilitySet::new()).await {
                Ok(loaded) if loaded.conditions.is_some() => loaded,
                Ok(_) => return nothing(no_conditions()),
                Err(fault) => return nothing(fault),
            };
            let ended = self
                .deterministic
                .caller
                .call_ready(&loaded, &limits, context, |store, exports, context| {
                    Box::pin(async move {
                        let Some(conditions) = exports.conditions else { unreachable!("the component has them") };
                        conditions.call_evaluate(store, &context, &questions).await
                    })
                })
                .await;
            let verdicts = ended.result.and_then(|answer| verdicts(answer, asked, &limits));
            let outcome = if verdicts.is_ok() { "evaluated" } else { "failed" };
            metrics::counter!("stepwright_sandbox_evaluations_total", "outcome" => outcome).increment(1);
            Evaluated { verdicts, metering: ended.metering, logs: ended.logs }
        }
    }

    pub(crate) async fn check_condition(
        &self,
        digest: &str,
        condition: &str,
        config: &RawJson,
        limits: InvocationLimits,
    ) -> Result<Result<RawJson, Vec<FieldFault>>, Fault> {
        let loaded = self.deterministic.component(digest, &CapabilitySet::new()).await?;
        let indices = loaded.conditions.clone().ok_or_else(no_conditions)?;
        let limits = clamp(limits, self.ceilings);
        let (condition, config) = (condition.to_owned(), config.as_str().to_owned());
        let setup = Setup::bare(limits);
        let ended = self
            .deterministic
            .caller
            .call(&loaded, setup, |store, instance| {
                Box::pin(async move {
                    let conditions = indices.load(&mut *store, &instance)?;
                    conditions.call_validate(store, &condition, &config).await
                })
            })
            .await;
        outcome::validation(ended.result?, &limits)
    }
}

fn statements(questions: Vec<ConditionQuestion>) -> Vec<wit::Statement> {
    let operand = |operand: Operand| wit::Operand {
        values: operand.values.into_iter().map(RawJson::into_text).collect(),
        attribute_type: operand.attribute_type,
        repeatable: operand.repeatable,
        present: operand.present,
        diff: operand.diff,
    };
    let statement = |question: ConditionQuestion| wit::Statement {
        condition: question.condition,
        config: question.config.into_text(),
        operands: question.operands.into_iter().map(operand).collect(),
    };
    questions.into_iter().map(statement).collect()
}

fn verdicts(
    answer: Result<Vec<wit::Verdict>, types::Fault>,
    asked: usize,
    limits: &InvocationLimits,
) -> Result<Vec<Verdict>, Fault> {
    let given = answer.map_err(|fault| outcome::fault(fault, limits).unwrap_or_else(|wrong| wrong))?;
    if given.len() != asked {
        return Err(invalid_output(format!("{} verdicts came for {asked} questions", given.len())));
    }
    let verdict =
        |verdict: wit::Verdict| Verdict { met: verdict.met, explain: outcome::cut(verdict.explain, MAX_EXPLAIN) };
    Ok(given.into_iter().map(verdict).collect())
}

fn no_conditions() -> Fault {
    Fault::permanent(COMPONENT_UNUSABLE, "the component has no conditions")
}
