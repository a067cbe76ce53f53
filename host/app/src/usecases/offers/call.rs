//! Calling an offered tool: an execution is started.

use super::list::is_offered;
use super::{lone_definition, workflow_of, workflow_schema};
use crate::App;
use crate::driver::StartRequest;
use crate::error::{AppError, AppResult, FieldFault};
use crate::ports::CommitError;
use crate::usecases::{Access, StartArgs, StartFlowArgs, flow_execution_id, schema_faults};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::flow::Context;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{
    Definition, Dialect, ExecutionId, Node, NodeId, NodeKind, RawJson, RetryPolicy, StepRef, TriggerInfo,
};

/// The only node of an execution of one step.
const NODE: &str = "step";

/// Arguments of a workflow, checked by its schema.
#[derive(Deserialize)]
struct WorkflowArguments {
    input: Option<RawJson>,
    entity: Option<EntityRef>,
}

impl App {
    /// Starts what the tool is for.
    ///
    /// # Errors
    /// `NotFound("tool")`, `Invalid` with pointers into the arguments, `Conflict`, `Quota`, `Unavailable`.
    pub async fn call_offer(&self, access: &Access, name: &str, arguments: RawJson) -> AppResult<ExecutionId> {
        match workflow_of(name) {
            Some(id) => {
                let definition = self.current_definition(access.tenant_id(), id).await?;
                let definition = definition.filter(|d| is_offered(d)).ok_or(AppError::NotFound("tool"))?;
                self.call_workflow(access, &definition, &arguments).await
            }
            None => self.call_step(access, name, arguments).await,
        }
    }

    async fn call_workflow(
        &self,
        access: &Access,
        definition: &Definition,
        arguments: &RawJson,
    ) -> AppResult<ExecutionId> {
        let faults = schema_faults(&RawJson::from(workflow_schema(definition)), arguments);
        if !faults.is_empty() {
            return Err(AppError::Invalid(in_arguments(faults)));
        }
        let read = arguments.read::<WorkflowArguments>();
        let WorkflowArguments { input, entity } = read.map_err(|error| AppError::invalid("", error.to_string()))?;
        if definition.dialect == Dialect::Epilot {
            let about = entity.ok_or_else(|| AppError::invalid("/entity", "is required"))?;
            let about = Context { is_primary: true, ..Context::new(about.schema, about.id) };
            let view = self.start_flow(access, StartFlowArgs::new(definition.id, vec![about])).await?;
            return Ok(flow_execution_id(access.tenant_id(), &view.flow.id));
        }
        if let Some(entity) = &entity
            && self.store().entity(access.tenant_id(), &entity.schema, &entity.id).await?.is_none()
        {
            return Err(AppError::invalid("/entity/id", "there is no such entity"));
        }
        let args = StartArgs {
            input: input.unwrap_or_else(RawJson::empty_object),
            entity,
            derive_id: None,
            begin: true,
            min_interval: None,
            dialect: None,
        };
        let started = self.start(access, definition.id, args, Duration::ZERO).await?;
        Ok(started.view.execution.id)
    }

    async fn call_step(&self, access: &Access, name: &str, arguments: RawJson) -> AppResult<ExecutionId> {
        let offers = self.step_offers(access).await?;
        let found = offers.into_iter().find(|step| step.offer.name == name).ok_or(AppError::NotFound("tool"))?;
        let plugin = found.plugin;
        let enabled = access.view.enabled(&plugin).ok_or(AppError::NotFound("tool"))?;
        let info = self.info_of(access, &enabled.enablement.digest).await?.ok_or(AppError::NotFound("tool"))?;
        let config = match self.checked_config(access, &info, &found.step, arguments, None).await? {
            Ok(config) => config,
            Err(faults) => return Err(AppError::Invalid(in_arguments(faults))),
        };
        let node = Node {
            id: NodeId::new(NODE),
            name: found.offer.title.clone(),
            kind: NodeKind::Step { step: StepRef { plugin, step: found.step.id, version: None }, config },
            retry: RetryPolicy::times(0),
        };
        self.check_open_quota(&access.view).await?;
        let id = ExecutionId::fresh(&**self.ids());
        let request = StartRequest {
            id,
            title: found.offer.title,
            trigger: TriggerInfo::manual(),
            input: RawJson::empty_object(),
            entity: None,
            actor: access.actor(),
            begin: true,
            preconditions: Vec::new(),
            dialect: None,
        };
        let definition = Arc::new(lone_definition(access.tenant_id(), node));
        match self.start_execution(&access.view, &definition, request).await {
            Ok(_) => Ok(id),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(error) => Err(AppError::Internal(error.to_string())),
        }
    }
}

/// Faults in a config as faults in a tool's arguments.
fn in_arguments(faults: Vec<FieldFault>) -> Vec<FieldFault> {
    let inside = |fault: FieldFault| {
        let pointer = fault.pointer.strip_prefix("/config").map(str::to_owned).unwrap_or(fault.pointer);
        FieldFault::new(pointer, fault.message)
    };
    faults.into_iter().map(inside).collect()
}
