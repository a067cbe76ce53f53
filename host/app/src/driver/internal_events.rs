//! Events the host emits for itself, through the same durable table as those of guests: an entity of a flow has
//! changed, a flow is to be started. Written with the commit that causes them, so a crash loses none.

use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::{Effects, Emitted, EntityWrite};
use crate::session::{StagedFlow, StagedStart};
use crate::usecases::StartFlowArgs;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use stepwright_engine::flow::{Chain, Command, Context, Entities, EntityDiff, FlowTrigger, TriggerType};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Actor, DefinitionId, EmittedEventId, Execution, ExecutionId, NodeId, RawJson};

/// Guests' events are dotted lower case, so that none can be taken for these.
const ENTITY_CHANGED: &str = "$entity_changed";
const START_FLOW: &str = "$start_flow";

/// Flows told of a change in one look.
const PAGE: u32 = 200;

/// A flow that a step wants started.
#[derive(Debug, Serialize, Deserialize)]
struct FlowStart {
    template: DefinitionId,
    flow: String,
    contexts: Vec<Context>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    purposes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chain: Option<Chain>,
}

/// What tells others of the entities that a commit writes.
#[derive(Default)]
pub(super) struct Told {
    events: Vec<Emitted>,
    /// Entities without flows that would have to be told.
    untold: Vec<EntityRef>,
}

impl Told {
    pub(super) fn add_to(self, effects: &mut Effects) {
        effects.emitted.extend(self.events);
        effects.untold.extend(self.untold);
    }
}

impl App {
    /// Adds the events that tell the flows about entities a commit of `source` writes, and whoever wants to know of such
    /// entities. What is `known` of them is not read again.
    pub(crate) async fn tell_of_changes(
        &self,
        source: &Execution,
        effects: &mut Effects,
        known: &Entities,
    ) -> AppResult<()> {
        self.told_of_changes(source, effects, known).await?.add_to(effects);
        Ok(())
    }

    /// What [`Self::tell_of_changes`] adds.
    pub(super) async fn told_of_changes(
        &self,
        source: &Execution,
        effects: &Effects,
        known: &Entities,
    ) -> AppResult<Told> {
        let mut told = Told::default();
        if effects.entities.is_empty() {
            return Ok(told);
        }
        let tenant = source.tenant_id;
        let view = self.tenant_view(tenant).await?;
        let depth = source.trigger.parent.map_or(0, |(_, depth)| depth);
        let written: Vec<EntityRef> = effects.entities.iter().map(EntityWrite::entity).collect();
        let mut with_flows = self.store().entities_with_open_flows(tenant, &written).await?;
        // A flow that is opened again is open by the time its commit is judged. One that begins is found by its entities
        // only from then on.
        let own = source.flow.as_deref().filter(|flow| flow.is_started() && source.version > 1);
        with_flows.extend(own.into_iter().flat_map(|flow| {
            flow.contexts.iter().map(|c| EntityRef { schema: c.entity_schema.clone(), id: c.entity_id.clone() })
        }));
        let wanted = |write: &EntityWrite| view.as_ref().filter(|view| self.wants_events_of(view, &write.schema));
        let is_known = |write: &EntityWrite, entity: &EntityRef| {
            known.get(entity).is_some_and(|snapshot| snapshot.version == write.expected)
        };
        let unknown: Vec<EntityRef> = effects
            .entities
            .iter()
            .zip(&written)
            .filter(|(write, entity)| with_flows.contains(entity) || wanted(write).is_some())
            .filter(|(write, entity)| write.expected > 0 && !is_known(write, entity))
            .map(|(_, entity)| entity.clone())
            .collect();
        // Should the version differ, the commit does not go through.
        let read = self.read_entities(tenant, unknown).await?;
        for (write, entity) in effects.entities.iter().zip(written) {
            let has_flows = with_flows.contains(&entity);
            if !has_flows {
                told.untold.push(entity.clone());
            }
            let source_of = if is_known(write, &entity) { known } else { &read };
            let before = source_of.get(&entity).map(|snapshot| &snapshot.attributes);
            if has_flows {
                told.events.extend(self.change_event(source.id, write, before)?);
            }
            if let Some(view) = wanted(write) {
                let events = self.wanted_entity_events(view, write, before);
                told.events.extend(events.into_iter().map(|event| self.emitted(event, source.id, depth)));
            }
        }
        Ok(told)
    }

    /// The event that tells the flows about an entity of a change, when something changes.
    pub(crate) fn change_event(
        &self,
        source: ExecutionId,
        write: &EntityWrite,
        before: Option<&Map<String, Value>>,
    ) -> AppResult<Option<Emitted>> {
        let after = write.attributes.read().unwrap_or_default();
        self.changed(source, write.entity(), before.unwrap_or(&Map::new()), &after)
    }

    /// The event that tells the flows about an entity that it is gone.
    pub(crate) fn deletion_event(
        &self,
        source: ExecutionId,
        entity: EntityRef,
        before: &Map<String, Value>,
    ) -> AppResult<Option<Emitted>> {
        self.changed(source, entity, before, &Map::new())
    }

    fn changed(
        &self,
        source: ExecutionId,
        entity: EntityRef,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> AppResult<Option<Emitted>> {
        match diff(entity, before, after) {
            Some(diff) => self.event(ENTITY_CHANGED, &diff, source, 0).map(Some),
            None => Ok(None),
        }
    }

    /// The starts of flows among those a step has staged, as events, and the other starts.
    pub(crate) fn flow_starts(
        &self,
        parent: &Execution,
        task: Option<&NodeId>,
        starts: Vec<StagedStart>,
    ) -> (Vec<Emitted>, Vec<StagedStart>) {
        let mut events = Vec::new();
        let mut others = Vec::new();
        for staged in starts {
            let Some(StagedFlow { id, contexts, purposes }) = staged.flow.clone() else {
                others.push(staged);
                continue;
            };
            let chain = parent.flow.as_deref().zip(task).and_then(|(flow, task)| flow.child_chain(task).ok());
            let start = FlowStart { template: staged.definition.id, flow: id, contexts, purposes, chain };
            match self.event(START_FLOW, &start, parent.id, staged.depth) {
                Ok(event) => events.push(event),
                Err(error) => tracing::error!(execution = %parent.id, %error, "a flow cannot be started"),
            }
        }
        (events, others)
    }

    fn event(&self, kind: &str, data: &impl Serialize, source: ExecutionId, depth: u32) -> AppResult<Emitted> {
        let data = RawJson::of(data).map_err(|e| AppError::Internal(format!("an event does not serialize: {e}")))?;
        Ok(Emitted { id: EmittedEventId::fresh(&**self.ids()), kind: kind.into(), data, source, depth })
    }

    /// Does what an event of the host's own asks for; `false` when it is not one.
    ///
    /// # Errors
    /// `Unavailable`; the event stays and is handled again. Whatever else goes wrong is logged and does not hold up
    /// the events behind it.
    pub(super) async fn handle_internal(&self, view: &Arc<TenantView>, event: &Emitted) -> AppResult<bool> {
        let done = match event.kind.as_str() {
            ENTITY_CHANGED => match event.data.read() {
                Ok(diff) => self.tell_flows(view, diff).await,
                Err(error) => Err(AppError::Internal(error.to_string())),
            },
            START_FLOW => match event.data.read() {
                Ok(start) => self.start_staged_flow(view, event, start).await,
                Err(error) => Err(AppError::Internal(error.to_string())),
            },
            _ => return Ok(false),
        };
        match done {
            Ok(()) => {}
            Err(error @ AppError::Unavailable(_)) => return Err(error),
            Err(error) => tracing::error!(event = %event.id, kind = event.kind, %error, "an event came to nothing"),
        }
        Ok(true)
    }

    async fn tell_flows(&self, view: &Arc<TenantView>, diff: EntityDiff) -> AppResult<()> {
        let (tenant, EntityRef { schema, id }) = (view.tenant.id, &diff.entity);
        let mut after = None;
        loop {
            let flows = self.store().open_flows_of(tenant, schema, id, after, PAGE).await?;
            for flow in &flows {
                let command = Command::EntityChanged { diff: diff.clone() };
                match self.apply_to_flow(view, Actor::System, *flow, command).await {
                    Ok(_) => {}
                    Err(error @ AppError::Unavailable(_)) => return Err(error),
                    // One that cannot take it must not keep it from the others.
                    Err(error) => tracing::debug!(execution = %flow, %error, "a flow has not taken a change"),
                }
            }
            after = flows.last().copied();
            if flows.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    async fn start_staged_flow(&self, view: &Arc<TenantView>, event: &Emitted, start: FlowStart) -> AppResult<()> {
        let FlowStart { template, flow, contexts, purposes, chain } = start;
        let trigger = FlowTrigger { kind: TriggerType::Automatic, automation_config: None, diff: None };
        let args = StartFlowArgs {
            external_id: Some(flow),
            chain,
            trigger,
            purposes,
            parent: Some((event.source, event.depth)),
            ..StartFlowArgs::new(template, contexts)
        };
        self.start_flow_as(view, Actor::System, args).await.map(drop)
    }
}

/// What a change does to the attributes; `None` when it does nothing.
fn diff(entity: EntityRef, before: &Map<String, Value>, after: &Map<String, Value>) -> Option<EntityDiff> {
    let only = |one: &Map<String, Value>, other: &Map<String, Value>| -> BTreeSet<String> {
        one.keys().filter(|key| !other.contains_key(*key)).cloned().collect()
    };
    let updated = after.iter().filter(|(key, value)| before.get(*key).is_some_and(|old| old != *value));
    let diff = EntityDiff {
        entity,
        added: only(after, before),
        updated: updated.map(|(key, _)| key.clone()).collect(),
        deleted: only(before, after),
    };
    let nothing = diff.added.is_empty() && diff.updated.is_empty() && diff.deleted.is_empty();
    (!nothing).then_some(diff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn attributes(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_change_tells_what_was_added_updated_and_deleted() {
        let entity = EntityRef { schema: "deal".into(), id: "1".into() };
        let before = attributes(json!({ "same": 1, "other": 1, "gone": 1 }));
        let after = attributes(json!({ "same": 1, "other": 2, "new": 1 }));
        let found = diff(entity.clone(), &before, &after).unwrap();
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<String>>();
        assert_eq!((found.added, found.updated, found.deleted), (set(&["new"]), set(&["other"]), set(&["gone"])));
        assert_eq!(diff(entity, &before, &before), None);
    }
}
