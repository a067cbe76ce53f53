//! Work of flows: conditions to ask, automations to look up, actions to run. Each gives the command that answers it.

use super::flow_agent::AgentWork;
use super::held::retrying;
use super::invoke::{BUSY, outcome_name, pinned};
use super::saving::call_input;
use crate::App;
use crate::caches::TenantView;
use crate::model::Automation;
use crate::ports::{CallContext, ConditionCall, ConditionQuestion, StepCall, StepResult};
use crate::session::{MailPolicy, Session, SessionScope, TaskKey};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::flow::{self, ActionSpec, ActionWork, Command, Flow, Question, Resolved, Work};
use stepwright_engine::{Definition, Execution, Fault, Metering, NodeId, Outcome, RetryPolicy};

/// The plugin whose condition compares attributes.
pub(crate) const CONDITIONS: &str = "conditions";

/// How often an action is run again after a fault that may pass.
const ACTION_RETRIES: u32 = 3;

/// What came of a piece of work.
pub(super) struct Answer {
    pub task: NodeId,
    pub attempt: u32,
    /// None when nobody waits for it any more.
    pub command: Option<Command>,
    pub metering: Metering,
    /// Steps to bill.
    pub steps: u64,
    /// Present when the command may be committed with what the step has staged.
    pub session: Option<Session>,
}

/// Questions to one plugin, each with its place among all questions of the decision.
#[derive(Debug)]
pub(super) struct Group {
    pub plugin: String,
    pub places: Vec<usize>,
    pub questions: Vec<ConditionQuestion>,
}

/// A flow being worked on, with all that its calls need.
#[derive(Clone)]
pub(super) struct Worker {
    pub app: App,
    pub view: Arc<TenantView>,
    pub definition: Arc<Definition>,
    pub execution: Arc<Execution>,
}

impl Worker {
    /// Does one piece of work.
    pub(super) async fn work(self, work: Work) -> Answer {
        let (task, attempt) = (work.task().clone(), work.attempt());
        let mut answer =
            Answer { task, attempt, command: None, metering: Metering::default(), steps: 0, session: None };
        let Some(flow) = self.execution.flow.as_deref() else { return answer };
        match work {
            Work::Evaluate { task, attempt } => {
                let result = self.evaluate(flow, &task, attempt, &mut answer.metering).await;
                answer.command = result.map(|result| Command::DecisionEvaluated { task, attempt, result });
            }
            Work::Dispatch { task, attempt, flow_id, execution_id: _ } => {
                let found = self.resolve(&flow_id).await;
                answer.command = Some(Command::AutomationResolved { task, attempt, found });
            }
            Work::Automation(action) => {
                answer.steps = 1;
                let (outcome, session) = self.act(flow, &action, &mut answer.metering).await;
                // A step is a transaction: what a failed one has staged is dropped here.
                answer.session = session.filter(|_| !matches!(outcome, Outcome::Failed(_)));
                let ActionWork { task, attempt, .. } = action;
                answer.command = Some(Command::ActionFinished { task, attempt, outcome });
            }
            Work::Agent { task, attempt, execution_id, agent_id, parameters, input: _ } => {
                let asked = AgentWork { task: task.clone(), attempt, run: execution_id, agent: agent_id, parameters };
                let report = self.agent(flow, &asked, &mut answer.metering).await;
                answer.command = report.map(|report| Command::AgentReported { task, attempt, report });
            }
        }
        answer
    }

    /// A short while, spread so that those who clashed do not meet again.
    pub(super) async fn pause(&self) {
        let wait = Duration::from_millis(50 + (self.app.random().unit() * 950.0) as u64);
        tokio::time::sleep(wait).await;
    }

    pub(super) fn context(&self, task: &NodeId, attempt: u32, dedupe_key: String) -> CallContext {
        let (tenant, definition) = (&self.view.tenant, &self.definition);
        CallContext {
            tenant_id: tenant.id,
            environment: tenant.environment,
            dialect: self.execution.dialect.as_str().into(),
            execution_id: self.execution.id.to_string(),
            definition_id: Some(definition.id.to_string()),
            node_id: Some(task.to_string()),
            attempt,
            dedupe_key,
            now: self.app.now().to_rfc3339_millis(),
            timezone: definition.timezone.as_ref().unwrap_or(&tenant.settings.timezone).clone(),
            actor: self.execution.trigger.source.as_str().into(),
        }
    }

    pub(super) async fn slot(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let quota = self.view.tenant.settings.quotas.concurrent_invocations;
        // Never closed, so waiting can only end with a slot.
        self.app.driver().tenant_slots(self.view.tenant.id, quota).acquire_owned().await.ok()
    }

    /// `None` when the decision waits for no evaluation any more.
    async fn evaluate(
        &self,
        flow: &Flow,
        task: &NodeId,
        attempt: u32,
        metering: &mut Metering,
    ) -> Option<Result<Vec<flow::Verdict>, Fault>> {
        let read = || self.app.read_entities(self.execution.tenant_id, flow.entities());
        let entities = match retrying(read).await {
            Ok(entities) => entities,
            Err(error) => return Some(Err(Fault::permanent("INTERNAL", error.to_string()))),
        };
        let questions = flow::questions(flow, task, &entities).ok()?;
        Some(self.ask_all(&flow.pins, task, attempt, questions, metering).await)
    }

    /// Asks every question of a decision, in one call for each plugin; the verdicts come in the order of the questions.
    pub(super) async fn ask_all(
        &self,
        pins: &BTreeMap<String, String>,
        task: &NodeId,
        attempt: u32,
        questions: Vec<Question>,
        metering: &mut Metering,
    ) -> Result<Vec<flow::Verdict>, Fault> {
        let mut verdicts = vec![None; questions.len()];
        for Group { plugin, places, questions } in grouped(questions, |id| self.app.builtin_of_condition(id))? {
            let answers = self.ask(pins, task, attempt, &plugin, questions, metering).await?;
            if answers.len() != places.len() {
                let reason = format!("plugin '{plugin}' has not answered every question");
                return Err(Fault::permanent("INVALID_VERDICTS", reason));
            }
            for (place, verdict) in places.into_iter().zip(answers) {
                verdicts[place] = Some(verdict);
            }
        }
        Ok(verdicts.into_iter().flatten().collect())
    }

    async fn ask(
        &self,
        pins: &BTreeMap<String, String>,
        task: &NodeId,
        attempt: u32,
        plugin: &str,
        questions: Vec<ConditionQuestion>,
        metering: &mut Metering,
    ) -> Result<Vec<flow::Verdict>, Fault> {
        let enabled = self.view.enabled(plugin);
        let enabled =
            enabled.ok_or_else(|| Fault::permanent("PLUGIN_DISABLED", format!("plugin '{plugin}' is not enabled")))?;
        // A decision added while the flow runs may ask a plugin that was not pinned at the start.
        let digest = pins.get(plugin).unwrap_or(&enabled.enablement.digest);
        loop {
            let slot = self.slot().await;
            let call = ConditionCall {
                digest: digest.clone(),
                context: self.context(task, attempt, format!("{}/{task}:{attempt}", self.execution.id)),
                questions: questions.clone(),
                limits: enabled.enablement.limits.over(self.app.config().limits),
            };
            let evaluated = self.app.sandbox().evaluate(call).await;
            drop(slot);
            metering.add(&evaluated.metering);
            for line in &evaluated.logs {
                tracing::debug!(target: "stepwright::guest", execution = %self.execution.id, task = %task, plugin, level = ?line.level, "{}", line.message);
            }
            match evaluated.verdicts {
                Ok(verdicts) => {
                    let verdict = |v: crate::ports::Verdict| flow::Verdict { met: v.met, explain: v.explain };
                    return Ok(verdicts.into_iter().map(verdict).collect());
                }
                // That the host was too busy is not the condition's fault.
                Err(fault) if fault.code == BUSY => self.pause().await,
                Err(fault) => return Err(fault),
            }
        }
    }

    async fn resolve(&self, flow_id: &str) -> Resolved {
        let found = retrying(|| async { Ok(self.app.store().automation(self.execution.tenant_id, flow_id).await?) });
        match found.await {
            Ok(Some(automation)) if self.is_hot(&automation).await => Resolved::Hot,
            Ok(Some(automation)) => resolved(automation, |plugin| {
                self.view.enabled(plugin).map(|enabled| enabled.enablement.digest.clone())
            }),
            Ok(None) => Resolved::Unknown,
            Err(error) => {
                tracing::error!(execution = %self.execution.id, flow_id, %error, "an automation cannot be read");
                Resolved::Unknown
            }
        }
    }

    /// Counts a run; whether it is one too many.
    async fn is_hot(&self, automation: &Automation) -> bool {
        let Some(most) = automation.max_executions else { return false };
        let (tenant, now) = (automation.tenant_id, self.app.now());
        let count = || async { Ok(self.app.store().count_automation_run(tenant, &automation.flow_id, now).await?) };
        match retrying(count).await {
            Ok(runs) => runs > u64::from(most),
            Err(error) => {
                tracing::error!(execution = %self.execution.id, flow_id = automation.flow_id, %error, "a run cannot be counted");
                false
            }
        }
    }

    async fn act(&self, flow: &Flow, action: &ActionWork, metering: &mut Metering) -> (Outcome, Option<Session>) {
        loop {
            let slot = self.slot().await;
            let call = match self.step_call(flow, action) {
                Ok(call) => call,
                Err(fault) => return (Outcome::Failed(fault), None),
            };
            let step = call.step.clone();
            let StepResult { outcome, metering: used, logs, session } = self.app.sandbox().run_step(call).await;
            drop(slot);
            metering.add(&used);
            for line in &logs {
                tracing::debug!(target: "stepwright::guest", execution = %self.execution.id, task = %action.task, step, level = ?line.level, "{}", line.message);
            }
            // Neither that the host was too busy nor a race with another execution is the step's fault.
            let again = matches!(&outcome, Outcome::Failed(fault) if fault.code == BUSY || (fault.retryable && session.raced()));
            if again {
                drop(session);
                self.pause().await;
                continue;
            }
            metrics::counter!("stepwright_steps_total", "outcome" => outcome_name(&outcome)).increment(1);
            metrics::histogram!("stepwright_step_seconds").record(used.wall_us as f64 / 1e6);
            return (outcome, Some(session));
        }
    }

    fn step_call(&self, flow: &Flow, action: &ActionWork) -> Result<StepCall, Fault> {
        let (execution, view) = (&*self.execution, &*self.view);
        let unknown = || {
            let reason = format!("no enabled plugin provides the step type '{}'", action.step_type);
            Fault::permanent("UNKNOWN_STEP", reason)
        };
        let (plugin, step) = match action.step_type.rsplit_once('/') {
            Some((plugin, step)) => (plugin.to_owned(), step.to_owned()),
            None => {
                let builtin = self.app.builtin_of_step(&action.step_type).ok_or_else(unknown)?;
                (builtin.info.name.clone(), action.step_type.clone())
            }
        };
        let (enabled, digest) = pinned(view, &flow.pins, &plugin)?;
        let outputs = action.outputs.iter().map(|(number, output)| (number.to_string(), output));
        let input = call_input(execution, outputs, Some(&action.input))
            .map_err(|e| Fault::permanent("INTERNAL", e.to_string()))?;
        let key = TaskKey::of_action(&action.execution_id, action.action);
        let dedupe_key = format!("{}/{key}", execution.id);
        let scope = SessionScope {
            tenant_id: execution.tenant_id,
            plugin,
            task: Some((execution.id, key)),
            definition: Some(self.definition.id),
            ordinal: u64::from(action.attempt),
            depth: execution.trigger.parent.map_or(0, |(_, depth)| depth),
            now: self.app.now(),
            mail: MailPolicy::of(&view.tenant),
        };
        let grants = Arc::clone(&enabled.grants);
        Ok(StepCall {
            digest,
            step,
            context: self.context(&action.task, action.tries, dedupe_key),
            config: action.config.clone(),
            input,
            resume: action.resume.clone(),
            limits: enabled.enablement.limits.over(self.app.config().limits),
            secrets: Arc::clone(&enabled.secrets),
            session: Session::new(self.app.shared_store(), Arc::clone(self.app.ids()), scope, Arc::clone(&grants)),
            grants,
        })
    }
}

impl App {
    /// The built-in plugin that provides the condition with this bare id.
    pub(crate) fn builtin_of_condition(&self, condition: &str) -> Option<String> {
        let provides = |info: &crate::model::ComponentInfo| info.conditions.iter().any(|c| c == condition);
        self.builtins().iter().find(|b| provides(&b.info)).map(|b| b.info.name.clone())
    }
}

/// The plugin and the condition within it that a question or a template names.
pub(crate) fn condition_of(
    component: &str,
    builtin: impl Fn(&str) -> Option<String>,
) -> Result<(String, String), Fault> {
    if component == flow::BUILT_IN {
        return Ok((CONDITIONS.into(), flow::BUILT_IN.into()));
    }
    match component.rsplit_once('/') {
        Some((plugin, condition)) => Ok((plugin.into(), condition.into())),
        None => match builtin(component) {
            Some(plugin) => Ok((plugin, component.into())),
            None => Err(Fault::permanent("UNKNOWN_CONDITION", format!("no plugin provides '{component}'"))),
        },
    }
}

/// Questions by the plugin that answers them, in the order in which plugins are first named.
fn grouped(questions: Vec<Question>, builtin: impl Fn(&str) -> Option<String>) -> Result<Vec<Group>, Fault> {
    let mut groups: Vec<Group> = Vec::new();
    for (place, question) in questions.into_iter().enumerate() {
        let (plugin, condition) = condition_of(&question.component, &builtin)?;
        let question = ConditionQuestion { condition, config: question.config, operands: question.operands };
        let number = groups.iter().position(|group| group.plugin == plugin).unwrap_or_else(|| {
            groups.push(Group { plugin, places: Vec::new(), questions: Vec::new() });
            groups.len() - 1
        });
        groups[number].places.push(place);
        groups[number].questions.push(question);
    }
    Ok(groups)
}

/// An automation's actions as a run takes them over, with the components they run on.
fn resolved(automation: Automation, digest: impl Fn(&str) -> Option<String>) -> Resolved {
    let mut pins = BTreeMap::new();
    let mut actions = Vec::with_capacity(automation.actions.len());
    for action in automation.actions {
        if let Some(digest) = digest(&action.step.plugin) {
            pins.insert(action.step.plugin.clone(), digest);
        }
        actions.push(ActionSpec {
            step_type: format!("{}/{}", action.step.plugin, action.step.step),
            name: None,
            config: action.config,
            allow_failure: action.allow_failure,
            retry: RetryPolicy::times(ACTION_RETRIES),
        });
    }
    Resolved::Found { actions, pins }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AutomationAction;
    use serde_json::json;
    use stepwright_engine::{AutomationId, RawJson, StepRef, TenantId, Timestamp};

    fn question(component: &str, value: i64) -> Question {
        let operand = flow::Operand {
            values: vec![RawJson::from(json!(value))],
            attribute_type: "number".into(),
            repeatable: false,
            present: true,
            diff: None,
        };
        Question { component: component.into(), config: RawJson::from(json!({ "n": value })), operands: vec![operand] }
    }

    #[test]
    fn questions_are_grouped_by_plugin_and_keep_their_places() {
        let asked = ["attribute", "acme/weather/rains", "attribute", "acme/weather/snows", "other/x", "is-new"];
        let questions = asked.iter().zip(0..).map(|(component, n)| question(component, n)).collect();
        let groups = grouped(questions, |id| (id == "is-new").then(|| "more".into())).unwrap();
        let shown: Vec<(&str, &[usize], Vec<&str>)> = groups
            .iter()
            .map(|g| (&*g.plugin, &*g.places, g.questions.iter().map(|q| &*q.condition).collect()))
            .collect();
        assert_eq!(
            shown,
            [
                ("conditions", &[0, 2][..], vec!["attribute", "attribute"]),
                ("acme/weather", &[1, 3][..], vec!["rains", "snows"]),
                ("other", &[4][..], vec!["x"]),
                ("more", &[5][..], vec!["is-new"]),
            ]
        );
        assert_eq!(groups[0].questions[1].config.to_value(), json!({ "n": 2 }));
        assert_eq!(groups[0].questions[1].operands[0].values[0].to_value(), json!(2));
    }

    #[test]
    fn a_condition_nobody_provides_is_a_fault() {
        let fault = grouped(vec![question("nothing", 0)], |_| None).unwrap_err();
        assert_eq!(fault.code, "UNKNOWN_CONDITION");
    }

    #[test]
    fn an_automation_is_taken_over_with_the_digests_enabled_now() {
        let action = |plugin: &str, allow_failure| AutomationAction {
            step: StepRef { plugin: plugin.into(), step: "send".into(), version: None },
            config: RawJson::empty_object(),
            allow_failure,
            custom: false,
        };
        let automation = Automation {
            id: AutomationId::from_uuid(uuid::Uuid::from_u128(1)),
            tenant_id: TenantId::from_uuid(uuid::Uuid::from_u128(2)),
            flow_id: "greet".into(),
            name: "Greets".into(),
            actions: vec![action("mail", false), action("gone", true)],
            max_executions: None,
            version: 1,
            created_at: Timestamp::from_secs(0),
            updated_at: Timestamp::from_secs(0),
        };
        let digest = |plugin: &str| (plugin == "mail").then(|| "ab".to_owned());
        let Resolved::Found { actions, pins } = resolved(automation, digest) else { panic!("it was found") };
        assert_eq!(pins, [("mail".to_owned(), "ab".to_owned())].into());
        let shown: Vec<_> = actions.iter().map(|a| (&*a.step_type, a.allow_failure)).collect();
        assert_eq!(shown, [("mail/send", false), ("gone/send", true)]);
    }
}
