//! Definitions: checked as a whole when they are saved, so that a run meets no surprise that could be foreseen.

use super::Access;
use super::decisions::ids_of;
use super::definition_rules::{MAX_NODES, head_faults, schema_faults, template_faults, without_nulls};
use crate::App;
use crate::driver::cron_of;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{ComponentInfo, Listed, Paging, StepDescriptor};
use crate::ports::{CallContext, DefinitionFilter, StepCall, StoreError};
use crate::session::{MailPolicy, Session, SessionScope};
use std::sync::Arc;
use stepwright_engine::decision::Decision;
use stepwright_engine::{
    Command, Definition, DefinitionId, DefinitionStatus, Dialect, Edge, Graph, Node, NodeId, NodeKind, OnFailure,
    RawJson, RetryPolicy, StepRef, Timestamp, Trigger,
};

/// Open executions cancelled per look when a definition is deleted.
const CANCEL_PAGE: u32 = 200;

/// What a node is to do, as the author names it.
#[derive(Clone, Debug)]
pub enum NodeDraftKind {
    Manual,
    /// `<plugin>/<step>` or the bare id of a built-in.
    Step {
        step_type: String,
        config: RawJson,
    },
    /// Chooses among the edges behind it.
    Decision(Decision),
}

/// A node as the author writes it.
#[derive(Clone, Debug)]
pub struct NodeDraft {
    pub id: String,
    pub name: String,
    pub kind: NodeDraftKind,
    pub max_retries: u32,
}

/// A definition as a dialect hands it over. Faults come back with pointers `/name`, `/trigger/cron`,
/// `/nodes/<i>/config/…`, which the dialect translates to its own field names.
#[derive(Clone, Debug)]
pub struct DefinitionDraft {
    pub dialect: Dialect,
    pub name: String,
    pub description: Option<String>,
    pub status: DefinitionStatus,
    pub trigger: Trigger,
    pub timezone: Option<String>,
    pub nodes: Vec<NodeDraft>,
    pub edges: Vec<Edge>,
    pub on_failure: OnFailure,
    pub presentation: RawJson,
}

impl App {
    /// Checks and saves version 1. With an `id` (derived from an idempotency key) that exists already, the existing
    /// definition is given back.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub async fn create_definition(
        &self,
        access: &Access,
        draft: DefinitionDraft,
        id: Option<DefinitionId>,
    ) -> AppResult<Definition> {
        let now = self.now();
        let fresh = id.unwrap_or_else(|| DefinitionId::fresh(&**self.ids()));
        let definition = self.checked(access, draft, fresh, 1, now, now).await?;
        match self.store().insert_definition(&definition, self.first_tick(access, &definition)).await {
            Ok(()) => {
                if matches!(definition.trigger, Trigger::Event { .. }) {
                    self.caches().invalidate();
                }
                Ok(definition)
            }
            Err(StoreError::Duplicate(_)) if id.is_some() => self.definition(access, fresh).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Everything wrong with a draft, for callers that have found faults of their own and report all at once.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn definition_faults(&self, access: &Access, draft: DefinitionDraft) -> AppResult<Vec<FieldFault>> {
        let (now, id) = (self.now(), DefinitionId::fresh(&**self.ids()));
        match self.checked(access, draft, id, 1, now, now).await {
            Ok(_) => Ok(Vec::new()),
            Err(AppError::Invalid(faults)) => Ok(faults),
            Err(error) => Err(error),
        }
    }

    /// Checks and saves the next version; running executions stay on theirs.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Conflict` when somebody else has just saved one.
    pub async fn update_definition(
        &self,
        access: &Access,
        current: &Definition,
        draft: DefinitionDraft,
    ) -> AppResult<Definition> {
        let version = current.version + 1;
        let next = self.checked(access, draft, current.id, version, current.created_at, self.now()).await?;
        self.save_next(access, current, next).await
    }

    /// Saves the next version with another status; nothing else changes.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`.
    pub async fn set_definition_status(
        &self,
        access: &Access,
        current: &Definition,
        status: DefinitionStatus,
    ) -> AppResult<Definition> {
        if current.status == status {
            return Ok(current.clone());
        }
        let next = Definition { version: current.version + 1, status, updated_at: self.now(), ..current.clone() };
        self.save_next(access, current, next).await
    }

    async fn save_next(&self, access: &Access, current: &Definition, next: Definition) -> AppResult<Definition> {
        let next_tick = self.next_tick(access, current, &next).await?;
        let saved = self.store().update_definition(&next, next_tick).await;
        // Also when it is not known whether it was saved.
        self.caches().invalidate();
        if saved? {
            Ok(next)
        } else {
            Err(AppError::Conflict("the definition has just been changed; try again".into()))
        }
    }

    /// The current version.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn definition(&self, access: &Access, id: DefinitionId) -> AppResult<Definition> {
        self.store().definition(access.tenant_id(), id).await?.ok_or(AppError::NotFound("definition"))
    }

    /// A version, also of a deleted definition (for showing old executions).
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn definition_at(&self, access: &Access, id: DefinitionId, version: u32) -> AppResult<Arc<Definition>> {
        self.definition_version(access.tenant_id(), id, version).await?.ok_or(AppError::NotFound("definition"))
    }

    /// Current versions, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn definitions(
        &self,
        access: &Access,
        filter: &DefinitionFilter,
        page: Paging,
    ) -> AppResult<Listed<Definition>> {
        Ok(self.store().definitions(access.tenant_id(), filter, page).await?)
    }

    /// Next tick and newest run of each definition, in order.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn schedule_states(
        &self,
        access: &Access,
        definitions: &[DefinitionId],
    ) -> AppResult<Vec<(Option<Timestamp>, Option<Timestamp>)>> {
        Ok(self.store().schedule_states(access.tenant_id(), definitions).await?)
    }

    /// Deletes the definition and cancels its open executions; their history stays.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_definition(&self, access: &Access, id: DefinitionId) -> AppResult<()> {
        let tenant = access.tenant_id();
        let found = self.store().definition(tenant, id).await?;
        let deleted = self.store().delete_definition(tenant, id, self.now()).await;
        self.caches().invalidate();
        if !deleted? {
            return Err(AppError::NotFound("definition"));
        }
        // Flows hold their whole graph and go on without their template.
        if found.is_some_and(|d| d.dialect == Dialect::Epilot) {
            return Ok(());
        }
        self.cancel_open(access, id, "the workflow was deleted").await
    }

    /// Cancels the executions of a definition that have not ended.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn cancel_open(&self, access: &Access, id: DefinitionId, reason: &str) -> AppResult<()> {
        loop {
            let open = self.store().open_executions_of(access.tenant_id(), id, CANCEL_PAGE).await?;
            for execution in &open {
                let command = Command::Cancel { reason: Some(reason.to_owned()) };
                match self.command(access, *execution, command).await {
                    Ok(_) | Err(AppError::NotFound(_) | AppError::Transition(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            if open.len() < CANCEL_PAGE as usize {
                return Ok(());
            }
        }
    }

    /// The tick of the next version: the one that stands when nothing about the schedule has changed, so that an
    /// edit between a tick and its firing does not lose it.
    async fn next_tick(
        &self,
        access: &Access,
        current: &Definition,
        next: &Definition,
    ) -> AppResult<Option<Timestamp>> {
        let same =
            current.trigger == next.trigger && current.timezone == next.timezone && current.status == next.status;
        if same {
            let states = self.store().schedule_states(access.tenant_id(), &[next.id]).await?;
            return Ok(states.into_iter().next().and_then(|(tick, _)| tick));
        }
        Ok(self.first_tick(access, next))
    }

    fn first_tick(&self, access: &Access, definition: &Definition) -> Option<Timestamp> {
        let active = definition.status == DefinitionStatus::Active;
        let schedule = cron_of(definition, &access.tenant().settings.timezone).filter(|_| active)?;
        schedule.next_after(self.now())
    }

    async fn checked(
        &self,
        access: &Access,
        draft: DefinitionDraft,
        id: DefinitionId,
        version: u32,
        created_at: Timestamp,
        updated_at: Timestamp,
    ) -> AppResult<Definition> {
        let mut faults = head_faults(&draft, &access.tenant().settings.timezone);
        let mut nodes = Vec::with_capacity(draft.nodes.len());
        let ids = ids_of(&draft.nodes);
        for (i, node) in draft.nodes.into_iter().enumerate().take(MAX_NODES) {
            let retry = RetryPolicy::times(node.max_retries);
            // What stands in for a broken decision, so that edges that name its branches are not faults, too.
            let mut stand_in = NodeKind::Manual;
            let checked = match node.kind {
                NodeDraftKind::Manual => Ok(NodeKind::Manual),
                NodeDraftKind::Step { step_type, config } => {
                    self.checked_step(access, &step_type, config, draft.timezone.as_deref()).await?
                }
                NodeDraftKind::Decision(decision) => {
                    stand_in = NodeKind::Decision(decision.clone());
                    self.checked_decision(access, decision, &ids).await?
                }
            };
            let kind = checked.unwrap_or_else(|broken| {
                let below = |f: FieldFault| FieldFault::new(format!("/nodes/{i}{}", f.pointer), f.message);
                faults.extend(broken.into_iter().map(below));
                stand_in
            });
            nodes.push(Node { id: NodeId::new(node.id), name: node.name, kind, retry });
        }
        let graph = Graph { nodes, edges: draft.edges };
        if draft.dialect == Dialect::Epilot {
            faults.extend(template_faults(&draft.presentation));
            if !graph.nodes.is_empty() || !graph.edges.is_empty() || draft.trigger != Trigger::Manual {
                faults.push(FieldFault::new("", "a flow template has its graph and its triggers in its presentation"));
            }
        } else {
            faults.extend(graph.check().into_iter().map(|f| FieldFault::new(f.pointer, f.detail)));
        }
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
        Ok(Definition {
            id,
            tenant_id: access.tenant_id(),
            dialect: draft.dialect,
            version,
            name: draft.name.trim().to_owned(),
            description: draft.description,
            status: draft.status,
            trigger: draft.trigger,
            timezone: draft.timezone,
            graph,
            on_failure: draft.on_failure,
            presentation: draft.presentation,
            created_at,
            updated_at,
        })
    }

    pub(crate) async fn checked_step(
        &self,
        access: &Access,
        step_type: &str,
        config: RawJson,
        timezone: Option<&str>,
    ) -> AppResult<Result<NodeKind, Vec<FieldFault>>> {
        let Some((info, step)) = self.find_step(access, step_type).await? else {
            let message = format!("no enabled plugin provides the step type '{step_type}'");
            return Ok(Err(vec![FieldFault::new("/step_type", message)]));
        };
        match self.checked_config(access, &info, &step, config, timezone).await? {
            Ok(config) => {
                let step = StepRef { plugin: info.name.clone(), step: step.id, version: None };
                Ok(Ok(NodeKind::Step { step, config }))
            }
            Err(faults) => Ok(Err(faults)),
        }
    }

    /// The enabled plugin and step that a step type names.
    pub(crate) async fn find_step(
        &self,
        access: &Access,
        step_type: &str,
    ) -> AppResult<Option<(ComponentInfo, StepDescriptor)>> {
        let found = match step_type.rsplit_once('/') {
            None => self.builtin_of_step(step_type).map(|b| (b.info.clone(), step_type)),
            Some((plugin, step)) => match access.view.enabled(plugin) {
                None => None,
                Some(plugin) => self.info_of(access, &plugin.enablement.digest).await?.map(|info| (info, step)),
            },
        };
        Ok(found.and_then(|(info, step)| {
            let step = info.step(step).cloned()?;
            Some((info, step))
        }))
    }

    /// What the component with this digest provides.
    pub(crate) async fn info_of(&self, access: &Access, digest: &str) -> AppResult<Option<ComponentInfo>> {
        match self.builtins().iter().find(|b| b.info.digest == digest) {
            Some(builtin) => Ok(Some(builtin.info.clone())),
            None => Ok(self.store().component_info(access.tenant_id(), digest).await?),
        }
    }

    /// A config that meets the step's JSON Schema and that the step itself accepts, normalised by it.
    /// Fault pointers start with `/config`.
    pub(crate) async fn checked_config(
        &self,
        access: &Access,
        info: &ComponentInfo,
        step: &StepDescriptor,
        config: RawJson,
        timezone: Option<&str>,
    ) -> AppResult<Result<RawJson, Vec<FieldFault>>> {
        let config = without_nulls(config);
        let schema_faults = schema_faults(&step.config_schema, &config);
        if !schema_faults.is_empty() {
            return Ok(Err(schema_faults));
        }
        let call = self.detached_call(access, info, &step.id, config, RawJson::empty_object(), timezone)?;
        let _slot = self.slot(access).await;
        match self.sandbox().validate_step(call).await {
            Ok(Ok(normalised)) => Ok(Ok(normalised)),
            Ok(Err(faults)) => Ok(Err(faults
                .into_iter()
                .map(|f| FieldFault::new(format!("/config{}", f.pointer), f.message))
                .collect())),
            Err(fault) => Ok(Err(vec![FieldFault::new(
                "/config",
                format!("the step could not check its config: {} ({})", fault.reason, fault.code),
            )])),
        }
    }

    /// One of the tenant's slots for invocations, so that checking and trying out do not crowd out other tenants.
    pub(crate) async fn slot(&self, access: &Access) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let quota = access.tenant().settings.quotas.concurrent_invocations;
        self.driver().tenant_slots(access.tenant_id(), quota).acquire_owned().await.ok()
    }

    /// A call outside of any execution: checking a config, trying a step out.
    pub(crate) fn detached_call(
        &self,
        access: &Access,
        info: &ComponentInfo,
        step: &str,
        config: RawJson,
        input: RawJson,
        timezone: Option<&str>,
    ) -> AppResult<StepCall> {
        let view = &access.view;
        let now = self.now();
        let scope = SessionScope {
            tenant_id: access.tenant_id(),
            plugin: info.name.clone(),
            task: None,
            definition: None,
            ordinal: 0,
            depth: 0,
            now,
            mail: MailPolicy::of(&view.tenant),
        };
        let enabled = view.enabled(&info.name).filter(|p| p.enablement.digest == info.digest);
        let grants = enabled.map(|p| Arc::clone(&p.grants)).unwrap_or_default();
        let limits = enabled.map_or(self.config().limits, |p| p.enablement.limits.over(self.config().limits));
        let secrets = enabled.map(|p| Arc::clone(&p.secrets)).unwrap_or_default();
        Ok(StepCall {
            digest: info.digest.clone(),
            step: step.into(),
            context: CallContext {
                tenant_id: access.tenant_id(),
                environment: view.tenant.environment,
                dialect: Dialect::Platform.as_str().into(),
                execution_id: String::new(),
                definition_id: None,
                node_id: None,
                attempt: 1,
                dedupe_key: format!("try/{}", self.ids().fresh()),
                now: now.to_rfc3339_millis(),
                timezone: timezone.unwrap_or(&view.tenant.settings.timezone).to_owned(),
                actor: access.actor().label(),
            },
            config,
            input,
            resume: None,
            limits,
            secrets,
            session: Session::new(self.shared_store(), Arc::clone(self.ids()), scope, Arc::clone(&grants)),
            grants,
        })
    }
}
