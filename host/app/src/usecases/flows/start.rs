//! Starting flows.

use super::entities::titled;
use super::{FlowView, refused};
use crate::App;
use crate::caches::TenantView;
use crate::driver::{CONDITIONS, Extra, FlowIds, MAX_DOCUMENT, condition_of, contexts_of, see, stage};
use crate::error::{AppError, AppResult};
use crate::model::{Effects, FlowListing, UsageDelta, Wake};
use crate::ports::CommitError;
use crate::usecases::{Access, flow_execution_id, fresh_flow_id};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use stepwright_engine::flow::{
    self, Assignee, Chain, ClosingReason, Context, FlowTrigger, StartFlow, TaskSpec, Template, TriggerType,
};
use stepwright_engine::{
    Actor, Definition, DefinitionId, DefinitionStatus, Dialect, Execution, ExecutionId, NewExecution, TriggerInfo,
    TriggerSource,
};

/// How often a start is tried anew because an entity changed under it, or a fresh id was taken.
const MAX_TRIES: u32 = 20;

/// How to start a flow.
#[derive(Clone, Debug)]
pub struct StartFlowArgs {
    /// The definition whose presentation is the template.
    pub template: DefinitionId,
    /// The flow's id; none takes a fresh one. A flow that has it already is given back instead of started again.
    pub external_id: Option<String>,
    /// The entities it is about; all must exist.
    pub contexts: Vec<Context>,
    /// Having no contexts is fine (V1).
    pub about_nothing: bool,
    pub trigger: FlowTrigger,
    /// Phases and tasks with other purposes are left out; empty keeps everything.
    pub purposes: Vec<String>,
    pub chain: Option<Chain>,
    /// The execution that has started it, and how deep the chain is.
    pub parent: Option<(ExecutionId, u32)>,
    /// The reasons that may be chosen for closing it; none takes the template's.
    pub configured_reasons: Option<Vec<ClosingReason>>,
    /// Besides those of the template.
    pub assigned_to: Vec<Assignee>,
}

impl StartFlowArgs {
    /// Started by a person, with nothing out of the ordinary.
    pub const fn new(template: DefinitionId, contexts: Vec<Context>) -> Self {
        Self {
            template,
            external_id: None,
            contexts,
            about_nothing: false,
            trigger: FlowTrigger { kind: TriggerType::Manual, automation_config: None, diff: None },
            purposes: Vec::new(),
            chain: None,
            parent: None,
            configured_reasons: None,
            assigned_to: Vec::new(),
        }
    }
}

/// What a template may say of itself besides being one.
#[derive(Deserialize)]
struct Named {
    id: Option<String>,
}

impl App {
    /// Starts a flow of a template; gives it with the decisions made that it begins with.
    ///
    /// # Errors
    /// `NotFound("flow template")`, `Conflict` when the template is not active, `Invalid` with the message for the
    /// client, `Quota`, `Unavailable`.
    pub async fn start_flow(&self, access: &Access, args: StartFlowArgs) -> AppResult<FlowView> {
        let started = self.start_flow_as(&access.view, access.actor(), args).await?;
        Ok(self.decided(access, &started).await.unwrap_or(started))
    }

    pub(crate) async fn start_flow_as(
        &self,
        view: &Arc<TenantView>,
        actor: Actor,
        args: StartFlowArgs,
    ) -> AppResult<FlowView> {
        let (app, view) = (self.clone(), Arc::clone(view));
        // A task of its own: a caller that goes away between the commit and the hand-over must not leave a flow that
        // is leased but driven by nobody.
        let started = tokio::spawn(async move { app.start_and_drive_flow(&view, &actor, args).await }).await;
        started.unwrap_or_else(|e| Err(AppError::Internal(format!("starting panicked: {e}"))))
    }

    async fn start_and_drive_flow(
        &self,
        view: &Arc<TenantView>,
        actor: &Actor,
        args: StartFlowArgs,
    ) -> AppResult<FlowView> {
        let tenant = view.tenant.id;
        let found = self.current_definition(tenant, args.template).await?;
        let definition = found.filter(|d| d.dialect == Dialect::Epilot).ok_or(AppError::NotFound("flow template"))?;
        if definition.status != DefinitionStatus::Active {
            return Err(AppError::Conflict(format!("the flow template is {}", definition.status.as_str())));
        }
        let template = template_of(&definition)?;
        self.check_open_quota(view).await?;
        for _ in 0..MAX_TRIES {
            let flow_id = args.external_id.clone().unwrap_or_else(|| fresh_flow_id(&**self.ids()));
            let id = flow_execution_id(tenant, &flow_id);
            if args.external_id.is_some()
                && let Some(existing) = self.store().execution(tenant, id).await?
            {
                return FlowView::of_view(self.view_of(tenant, existing).await?);
            }
            let entities = self.require_entities(tenant, &args.contexts).await?;
            let start = StartFlow {
                id: flow_id,
                flow_template_id: template_id(&definition),
                contexts: titled(args.contexts.clone(), &entities),
                about_nothing: args.about_nothing,
                trigger: args.trigger.clone(),
                purposes: args.purposes.clone(),
                chain: args.chain.clone(),
                configured_reasons: args.configured_reasons.clone().unwrap_or_else(|| template.closing_reasons.clone()),
                assigned_to: args.assigned_to.clone(),
                pins: pins(view, &template, |condition| self.builtin_of_condition(condition)),
            };
            let mut started = {
                let env = flow::Env {
                    now: self.now(),
                    actor,
                    jitter: self.random().unit(),
                    ids: &FlowIds(&**self.ids()),
                    entities: &entities,
                };
                flow::start(&template, start, &env).map_err(|error| refused(&error))?
            };
            let mut effects = Effects::default();
            stage(&mut effects, id, std::mem::take(&mut started.effects), &entities, &started.next.pins);
            let contexts = contexts_of(id, &started.next);
            see(&mut effects, contexts.entities.iter().cloned(), &entities);
            effects.contexts.push(contexts);
            effects.listings.extend(FlowListing::between(id, None, &started.next));
            let new = NewExecution {
                id,
                tenant_id: tenant,
                definition_id: definition.id,
                definition_version: definition.version,
                trigger: trigger_info(tenant, &args),
            };
            let transition = Execution::of_flow(new, started);
            self.tell_of_changes(&transition.next, &mut effects, &entities).await?;
            let place = transition.next.is_working().then(|| self.driver().try_place(tenant)).flatten();
            let wake = self.wake_of(&transition.next, place.is_some().then_some(self.config().node));
            let write = self.write(transition, 0, wake)?;
            if write.document.len() > MAX_DOCUMENT {
                return Err(AppError::invalid("", "the execution would become too large"));
            }
            let usage = UsageDelta { executions: 1, ..UsageDelta::default() };
            let extra = Extra { effects, usage, ..Extra::default() };
            let execution = match self.commit_one(view, &definition, write, extra).await {
                Ok(execution) => execution,
                Err(CommitError::Stale(_) | CommitError::EffectConflict(_)) => continue,
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(error @ CommitError::Precondition { .. }) => return Err(AppError::Internal(error.to_string())),
            };
            metrics::counter!("stepwright_executions_started_total").increment(1);
            self.driver().count_open(tenant, 1);
            match (place, wake) {
                (Some(place), Wake::Leased { .. }) => {
                    self.drive(place, Arc::clone(&definition), Arc::clone(&execution));
                }
                _ => self.driver().hint(),
            }
            return FlowView::of(Arc::unwrap_or_clone(execution), definition);
        }
        Err(AppError::Unavailable("the flow could not be started; try again".into()))
    }
}

/// The template a definition holds.
pub(super) fn template_of(definition: &Definition) -> AppResult<Template> {
    definition
        .presentation
        .read()
        .map_err(|e| AppError::Internal(format!("definition {} holds no flow template: {e}", definition.id)))
}

/// The id clients know the template by: its own `id`, else the definition's.
fn template_id(definition: &Definition) -> String {
    let named = definition.presentation.read::<Named>().ok().and_then(|named| named.id);
    named.unwrap_or_else(|| definition.id.to_string())
}

fn trigger_info(tenant: stepwright_engine::TenantId, args: &StartFlowArgs) -> TriggerInfo {
    let of_chain = args.chain.as_ref().map(|c| (flow_execution_id(tenant, &c.parent_execution_id), c.depth));
    let parent = args.parent.or(of_chain);
    let source = match (parent, args.trigger.kind) {
        (Some(_), _) => TriggerSource::Flow,
        (None, TriggerType::Manual) => TriggerSource::Manual,
        (None, TriggerType::Automatic) => TriggerSource::Event,
    };
    TriggerInfo { source, scheduled_for: None, event: None, parent }
}

/// The components the template's decisions ask, as enabled now. Automations are pinned when they are looked up.
fn pins(view: &TenantView, template: &Template, builtin: impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let digest = |plugin: String| {
        let enabled = view.enabled(&plugin)?;
        Some((plugin, enabled.enablement.digest.clone()))
    };
    plugins_of(template, builtin).into_iter().filter_map(digest).collect()
}

fn plugins_of(template: &Template, builtin: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut plugins = Vec::new();
    for task in &template.tasks {
        let TaskSpec::Decision(decision) = &task.kind else { continue };
        // Statements may be added to conditions later only through another template, but the built-in is always asked.
        plugins.push(CONDITIONS.to_owned());
        let custom = decision.conditions.iter().filter_map(|c| c.custom_condition.as_ref());
        plugins.extend(custom.filter_map(|c| condition_of(&c.component, &builtin).ok()).map(|(plugin, _)| plugin));
    }
    plugins.sort_unstable();
    plugins.dedup();
    plugins
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use stepwright_engine::{NodeId, TenantId};
    use uuid::Uuid;

    fn args() -> StartFlowArgs {
        StartFlowArgs::new(DefinitionId::from_uuid(Uuid::from_u128(1)), Vec::new())
    }

    #[test]
    fn the_plugins_of_all_decisions_are_pinned() {
        let condition = |component: &str| {
            json!({ "id": component, "branch_name": "b", "logical_operator": "AND", "statements": [],
                    "custom_condition": { "component": component, "config": {} } })
        };
        let template: Template = serde_json::from_value(json!({
            "name": "test",
            "tasks": [
                { "id": "a", "name": "a", "task_type": "MANUAL" },
                { "id": "b", "name": "b", "task_type": "DECISION",
                  "conditions": [condition("acme/rains"), condition("attribute"), condition("unknown")] },
            ],
            "edges": [],
        }))
        .unwrap();
        assert_eq!(plugins_of(&template, |_| None), ["acme", "conditions"]);
    }

    #[test]
    fn a_flow_started_by_a_flow_names_it_as_its_parent() {
        let tenant = TenantId::from_uuid(Uuid::from_u128(2));
        assert_eq!(trigger_info(tenant, &args()), TriggerInfo::manual());
        let (parent_execution_id, parent_task_id) = ("abcdefgh".to_owned(), NodeId::new("t"));
        let chain = Chain { parent_execution_id, parent_task_id, depth: 3 };
        let info = trigger_info(tenant, &StartFlowArgs { chain: Some(chain), ..args() });
        assert_eq!(info.source, TriggerSource::Flow);
        assert_eq!(info.parent, Some((flow_execution_id(tenant, "abcdefgh"), 3)));
    }
}
