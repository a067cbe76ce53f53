//! A plugin as a whole: what `plugin!` implements and the component exports.

use crate::agent::AgentEntry;
use crate::bindings::agents::exports::stepwright::agent::agents;
use crate::bindings::conditions::exports::stepwright::condition::conditions;
use crate::bindings::guards::exports::stepwright::guard::guards;
use crate::bindings::manifest::exports::stepwright::plugin::manifest;
use crate::bindings::steps::exports::stepwright::step::steps;
use crate::bindings::types;
use crate::condition::ConditionEntry;
use crate::guard::{self, GuardEntry};
use crate::step::{self, StepEntry};
use crate::{Context, Fault, FieldError, Input};

/// Who a plugin is and what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// `[a-z][a-z0-9-]{0,63}` or `<namespace>/<name>` of two such parts.
    pub name: &'static str,
    /// Semantic version.
    pub version: &'static str,
    /// What the plugin is for.
    pub description: &'static str,
    /// Hosts of outgoing HTTP: `api.example.com`, `api.example.com:8443` or `*.example.com`.
    pub hosts: &'static [&'static str],
    /// Datasets by name, and whether they are written to.
    pub datasets: &'static [(&'static str, bool)],
    /// Names of secrets it wants to use.
    pub secrets: &'static [&'static str],
}

/// Implemented by `plugin!` for a type called `Plugin`.
pub trait Plugin {
    /// Who it is and what it asks for.
    const MANIFEST: Manifest;
    /// Its steps.
    const STEPS: &'static [StepEntry];
    /// Its conditions.
    const CONDITIONS: &'static [ConditionEntry];
    /// Its guards.
    const GUARDS: &'static [GuardEntry];
    /// Its agents.
    const AGENTS: &'static [AgentEntry];
}

/// What the component exports for a plugin.
#[derive(Debug)]
pub struct Exports<P>(std::marker::PhantomData<P>);

impl<P: Plugin> manifest::Guest for Exports<P> {
    fn describe() -> manifest::Manifest {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let dataset = |&(name, write): &(&str, bool)| manifest::DatasetRequest { name: name.to_owned(), write };
        manifest::Manifest {
            name: P::MANIFEST.name.to_owned(),
            version: P::MANIFEST.version.to_owned(),
            description: P::MANIFEST.description.to_owned(),
            hosts: own(P::MANIFEST.hosts),
            datasets: P::MANIFEST.datasets.iter().map(dataset).collect(),
            secrets: own(P::MANIFEST.secrets),
        }
    }
}

impl<P: Plugin> steps::Guest for Exports<P> {
    fn describe() -> Vec<steps::Descriptor> {
        P::STEPS.iter().map(StepEntry::descriptor).collect()
    }

    fn validate(step: String, config: String, context: Context) -> Result<String, Vec<FieldError>> {
        match P::STEPS.iter().find(|entry| entry.info.id == step) {
            Some(entry) => entry.validate(&config, &context),
            None => Err(vec![FieldError::new("", format!("this plugin has no step `{step}`"))]),
        }
    }

    fn run(call: steps::Call) -> steps::Outcome {
        let result = match P::STEPS.iter().find(|entry| entry.info.id == call.step) {
            Some(entry) => Input::from_text(&call.input, call.resume)
                .and_then(|input| entry.run(&call.context, &call.config, input)),
            None => Err(Fault::unknown("step", &call.step)),
        };
        step::to_wit(result)
    }
}

impl<P: Plugin> conditions::Guest for Exports<P> {
    fn describe() -> Vec<conditions::Descriptor> {
        P::CONDITIONS.iter().map(ConditionEntry::descriptor).collect()
    }

    fn validate(condition: String, config: String) -> Result<String, Vec<FieldError>> {
        match P::CONDITIONS.iter().find(|entry| entry.info.id == condition) {
            Some(entry) => entry.validate(&config),
            None => Err(vec![FieldError::new("", format!("this plugin has no condition `{condition}`"))]),
        }
    }

    fn evaluate(
        context: Context,
        statements: Vec<conditions::Statement>,
    ) -> Result<Vec<conditions::Verdict>, types::Fault> {
        let verdict = |statement: conditions::Statement| -> Result<conditions::Verdict, Fault> {
            let entry = P::CONDITIONS.iter().find(|entry| entry.info.id == statement.condition);
            let entry = entry.ok_or_else(|| Fault::unknown("condition", &statement.condition))?;
            let verdict = entry.evaluate(&context, &statement.config, &statement.operands)?;
            Ok(conditions::Verdict { met: verdict.met, explain: verdict.explain })
        };
        statements.into_iter().map(|statement| verdict(statement).map_err(Into::into)).collect()
    }
}

impl<P: Plugin> guards::Guest for Exports<P> {
    fn describe() -> Vec<guards::Descriptor> {
        P::GUARDS.iter().map(GuardEntry::descriptor).collect()
    }

    fn check(context: Context, transition: guards::Transition) -> guards::Decision {
        let deny =
            |code: &str, reason: String| guards::Decision::Deny(guards::Denial { code: code.to_owned(), reason });
        let Some(entry) = P::GUARDS.iter().find(|entry| entry.info.id == transition.guard) else {
            return deny(Fault::UNKNOWN_ID, format!("this plugin has no guard `{}`", transition.guard));
        };
        match guard::transition(&transition) {
            Ok(typed) => guard::to_wit((entry.check)(&context, &typed)),
            Err(error) => deny(Fault::INVALID_INPUT, error.to_string()),
        }
    }
}

impl<P: Plugin> agents::Guest for Exports<P> {
    fn describe() -> Vec<agents::Descriptor> {
        P::AGENTS.iter().map(AgentEntry::descriptor).collect()
    }

    fn validate(agent: String, config: String) -> Result<String, Vec<FieldError>> {
        match P::AGENTS.iter().find(|entry| entry.info.id == agent) {
            Some(entry) => entry.validate(&config),
            None => Err(vec![FieldError::new("", format!("this plugin has no agent `{agent}`"))]),
        }
    }

    fn handle(call: agents::Call) -> Result<agents::Conclusion, types::Fault> {
        let entry = P::AGENTS.iter().find(|entry| entry.info.id == call.agent);
        let entry = entry.ok_or_else(|| types::Fault::from(Fault::unknown("agent", &call.agent)))?;
        let concluded = entry.run(&call.context, &call.config)?;
        Ok(agents::Conclusion {
            outcome: concluded.outcome,
            response: concluded.response,
            output: concluded.output,
            entities: concluded.entities,
        })
    }
}
