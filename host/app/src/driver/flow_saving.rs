//! Around a flow's transition: entities read before it, entity sync staged after it.

use crate::App;
use crate::error::AppResult;
use crate::model::{Effects, EntitySeen, EntityWrite, Erasure, FlowContexts, FlowListing, StartKey};
use crate::usecases::fresh_flow_id;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use stepwright_engine::flow::{self, Entities, EntitySnapshot, FlowError};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Actor, Execution, ExecutionId, IdSource, RawJson, TenantId, Transition};

/// Ids of tasks, runs and schedules.
pub(crate) struct FlowIds<'a>(pub &'a dyn IdSource);

impl flow::Ids for FlowIds<'_> {
    fn fresh(&self) -> String {
        fresh_flow_id(self.0)
    }
}

/// A flow's transition, ready to be committed.
pub(crate) struct FlowMoved {
    pub transition: Transition,
    /// What a step has staged, with what the transition itself writes to entities.
    pub effects: Effects,
    /// The entities it was decided on, as stored.
    pub known: Entities,
}

impl App {
    /// What the store knows of these entities; those that do not exist are left out.
    pub(crate) async fn read_entities(
        &self,
        tenant: TenantId,
        wanted: impl IntoIterator<Item = EntityRef>,
    ) -> AppResult<Entities> {
        let mut entities = Entities::new();
        let wanted: Vec<EntityRef> = wanted.into_iter().collect();
        if wanted.is_empty() {
            return Ok(entities);
        }
        for found in self.store().entities_named(tenant, &wanted).await? {
            let attributes = found.attributes.read().unwrap_or_default();
            let entity = EntityRef { schema: found.schema, id: found.id };
            entities.insert(entity, EntitySnapshot { version: found.version, attributes });
        }
        Ok(entities)
    }

    /// Applies a command to the flow of an execution, on top of what a step has staged. `None` for an execution
    /// without a flow.
    ///
    /// # Errors
    /// `Unavailable`; the flow's refusal inside.
    pub(crate) async fn move_flow(
        &self,
        execution: &Execution,
        command: flow::Command,
        actor: &Actor,
        mut effects: Effects,
    ) -> AppResult<Result<FlowMoved, FlowError>> {
        let Some(flow) = execution.flow.as_deref() else { return Ok(Err(FlowError::NothingToDo)) };
        let named = match &command {
            flow::Command::PatchFlow(patch) => patch.contexts.iter().flatten().map(entity_of).collect(),
            _ => Vec::new(),
        };
        let mut entities = self.read_entities(execution.tenant_id, flow.entities().into_iter().chain(named)).await?;
        // Only where something is staged does the transition see anything else than what is stored.
        let stored = (!effects.entities.is_empty()).then(|| entities.clone());
        overlay(&mut entities, &effects);
        let moved = {
            let env = flow::Env {
                now: self.now(),
                actor,
                jitter: self.random().unit(),
                ids: &FlowIds(&**self.ids()),
                entities: &entities,
            };
            flow::apply(flow, command, &env)
        };
        let mut moved = match moved {
            Ok(moved) => moved,
            Err(refused) => return Ok(Err(refused)),
        };
        stage(&mut effects, execution.id, std::mem::take(&mut moved.effects), &entities, &moved.next.pins);
        let known = stored.unwrap_or(entities);
        Ok(Ok(FlowMoved { transition: execution.moved(moved), effects, known }))
    }

    /// Adds what is kept beside a flow that has gone from `before` to `next`, and the events that tell others of the
    /// entities written. Once per commit, however many commands it holds.
    pub(crate) async fn complete_effects(
        &self,
        effects: &mut Effects,
        before: &Execution,
        next: &Execution,
        known: &Entities,
    ) -> AppResult<()> {
        if let (Some(old), Some(new)) = (before.flow.as_deref(), next.flow.as_deref()) {
            if new.contexts != old.contexts {
                effects.contexts.push(contexts_of(next.id, new));
                let old: Vec<EntityRef> = old.contexts.iter().map(entity_of).collect();
                see(effects, new.contexts.iter().map(entity_of).filter(|entity| !old.contains(entity)), known);
            }
            effects.listings.extend(FlowListing::between(next.id, Some(old), new));
        }
        self.tell_of_changes(next, effects, known).await
    }
}

fn entity_of(context: &flow::Context) -> EntityRef {
    EntityRef { schema: context.entity_schema.clone(), id: context.entity_id.clone() }
}

/// The entities a flow is found by.
pub(crate) fn contexts_of(execution: ExecutionId, flow: &flow::Flow) -> FlowContexts {
    let started = StartKey::of(flow.created_at, execution);
    FlowContexts { execution, started, entities: flow.contexts.iter().map(entity_of).collect() }
}

/// A commit from which on a flow is about entities must not miss a change of one that comes between its being read and
/// the commit: whoever makes it knows of no such flow, and tells nobody. What the commit writes is guarded already.
pub(crate) fn see(effects: &mut Effects, entities: impl Iterator<Item = EntityRef>, known: &Entities) {
    for entity in entities {
        let written = effects.entities.iter().any(|write| write.entity() == entity);
        let seen = effects.seen.iter().any(|seen| seen.entity == entity);
        if let Some(version) = known.get(&entity).map(|snapshot| snapshot.version).filter(|_| !written && !seen) {
            effects.seen.push(EntitySeen { entity, version });
        }
    }
}

/// What is staged is seen by the transition it is committed with.
fn overlay(entities: &mut Entities, effects: &Effects) {
    for write in &effects.entities {
        let entity = EntityRef { schema: write.schema.clone(), id: write.id.clone() };
        let attributes = write.attributes.read().unwrap_or_default();
        entities.insert(entity, EntitySnapshot { version: write.expected + 1, attributes });
    }
}

/// Puts what a transition has to have done on top of what is staged. An entity that does not exist is not made, and an
/// attribute that has the value already is left alone, so that nobody hears of a change that is none.
pub(crate) fn stage(
    effects: &mut Effects,
    execution: ExecutionId,
    wanted: Vec<flow::Effect>,
    entities: &Entities,
    pins: &BTreeMap<String, String>,
) {
    for effect in wanted {
        let (schema, id, attribute, value) = match effect {
            flow::Effect::SyncEntity { schema, id, attribute, value } => (schema, id, attribute, value),
            flow::Effect::Erase => {
                effects.erased.push(Erasure { execution, plugins: pins.keys().cloned().collect() });
                continue;
            }
        };
        let place = effects.entities.iter().position(|write| write.schema == schema && write.id == id);
        let staged = place.map(|place| &mut effects.entities[place]);
        let known = entities.get(&EntityRef { schema: schema.clone(), id: id.clone() });
        let mut attributes: Map<String, Value> = match (&staged, known) {
            (Some(write), _) => write.attributes.read().unwrap_or_default(),
            (None, Some(snapshot)) => snapshot.attributes.clone(),
            (None, None) => continue,
        };
        if attributes.get(&attribute) == Some(&value) {
            continue;
        }
        attributes.insert(attribute, value);
        let attributes = RawJson::from(Value::Object(attributes));
        match staged {
            Some(write) => write.attributes = attributes,
            None => {
                let expected = known.map_or(0, |snapshot| snapshot.version);
                effects.entities.push(EntityWrite { schema, id, attributes, expected });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn contract() -> EntityRef {
        EntityRef { schema: "contract".into(), id: "c1".into() }
    }

    fn entities(attributes: Value) -> Entities {
        let attributes = attributes.as_object().unwrap().clone();
        Entities::new().with(contract(), EntitySnapshot { version: 3, attributes })
    }

    fn write(attribute: &str, value: Value) -> flow::Effect {
        let (schema, id) = ("contract".into(), "c1".into());
        flow::Effect::SyncEntity { schema, id, attribute: attribute.into(), value }
    }

    fn put_on(effects: &mut Effects, wanted: Vec<flow::Effect>, entities: &Entities) {
        let pins = BTreeMap::from([("acme".to_owned(), "digest".to_owned())]);
        stage(effects, ExecutionId::from_uuid(uuid::Uuid::from_u128(1)), wanted, entities, &pins);
    }

    #[test]
    fn all_writes_of_a_transition_to_one_entity_are_one_and_the_last_wins() {
        let mut effects = Effects::default();
        let sync = vec![write("status", json!("A")), write("task", json!("t")), write("status", json!("B"))];
        put_on(&mut effects, sync, &entities(json!({ "name": "n", "status": "old" })));
        assert_eq!(effects.entities.len(), 1);
        assert_eq!(effects.entities[0].expected, 3);
        let attributes = effects.entities[0].attributes.to_value();
        assert_eq!(attributes, json!({ "name": "n", "status": "B", "task": "t" }));
    }

    #[test]
    fn what_a_step_has_staged_stays_under_the_writes_of_the_flow() {
        let attributes = RawJson::from(json!({ "name": "new" }));
        let staged = EntityWrite { schema: "contract".into(), id: "c1".into(), attributes, expected: 2 };
        let mut effects = Effects { entities: vec![staged], ..Effects::default() };
        let mut known = entities(json!({ "name": "old" }));
        overlay(&mut known, &effects);
        put_on(&mut effects, vec![write("status", json!("A"))], &known);
        assert_eq!(effects.entities.len(), 1);
        assert_eq!(effects.entities[0].expected, 2);
        assert_eq!(effects.entities[0].attributes.to_value(), json!({ "name": "new", "status": "A" }));
    }

    #[test]
    fn a_missing_entity_is_not_made_and_an_equal_value_is_not_written() {
        let mut effects = Effects::default();
        put_on(&mut effects, vec![write("status", json!("A"))], &Entities::new());
        put_on(&mut effects, vec![write("status", json!("A"))], &entities(json!({ "status": "A" })));
        assert_eq!(effects.entities, []);
    }

    #[test]
    fn an_erasure_knows_whose_memory_goes_with_the_flow() {
        let mut effects = Effects::default();
        put_on(&mut effects, vec![write("gone", json!(true)), flow::Effect::Erase], &entities(json!({})));
        assert_eq!((effects.entities.len(), effects.erased[0].plugins.as_slice()), (1, &["acme".to_owned()][..]));
    }

    #[test]
    fn what_a_flow_begins_to_be_about_is_held_at_the_version_that_was_read() {
        let mut effects = Effects::default();
        let known = entities(json!({}));
        let nobody = EntityRef { schema: "contract".into(), id: "c2".into() };
        see(&mut effects, [contract(), contract(), nobody].into_iter(), &known);
        assert_eq!(effects.seen, [EntitySeen { entity: contract(), version: 3 }]);
        let attributes = RawJson::from(json!({}));
        let written = EntityWrite { schema: "contract".into(), id: "c1".into(), attributes, expected: 3 };
        let mut effects = Effects { entities: vec![written], ..Effects::default() };
        see(&mut effects, [contract()].into_iter(), &known);
        assert_eq!(effects.seen, [], "what is written is guarded already");
    }
}
