//! Around a flow's transition: entities read before it, entity sync staged after it.

use crate::App;
use crate::error::AppResult;
use crate::model::{Effects, EntityWrite, FlowContexts, FlowListing, StartKey};
use crate::usecases::fresh_flow_id;
use serde_json::{Map, Value};
use stepwright_engine::flow::{self, Entities, EntitySnapshot, FlowError};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Actor, Execution, IdSource, RawJson, TenantId, Transition};

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
    /// What a step has staged, with what the transition itself writes.
    pub effects: Effects,
}

impl App {
    /// What the store knows of these entities; those that do not exist are left out.
    pub(crate) async fn read_entities(
        &self,
        tenant: TenantId,
        wanted: impl IntoIterator<Item = EntityRef>,
    ) -> AppResult<Entities> {
        let mut entities = Entities::new();
        for entity in wanted {
            if entities.get(&entity).is_none()
                && let Some(found) = self.store().entity(tenant, &entity.schema, &entity.id).await?
            {
                let attributes = found.attributes.read().unwrap_or_default();
                entities.insert(entity, EntitySnapshot { version: found.version, attributes });
            }
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
        overlay(&mut entities, &effects);
        let env = flow::Env {
            now: self.now(),
            actor,
            jitter: self.random().unit(),
            ids: &FlowIds(&**self.ids()),
            entities: &entities,
        };
        let mut moved = match flow::apply(flow, command, &env) {
            Ok(moved) => moved,
            Err(refused) => return Ok(Err(refused)),
        };
        stage_sync(&mut effects, std::mem::take(&mut moved.effects), &entities);
        if moved.next.contexts != flow.contexts {
            effects.contexts.push(contexts_of(execution.id, &moved.next));
        }
        effects.listings.extend(FlowListing::between(execution.id, Some(flow), &moved.next));
        Ok(Ok(FlowMoved { transition: execution.moved(moved), effects }))
    }
}

fn entity_of(context: &flow::Context) -> EntityRef {
    EntityRef { schema: context.entity_schema.clone(), id: context.entity_id.clone() }
}

/// The entities a flow is found by.
pub(crate) fn contexts_of(execution: stepwright_engine::ExecutionId, flow: &flow::Flow) -> FlowContexts {
    let started = StartKey::of(flow.created_at, execution);
    FlowContexts { execution, started, entities: flow.contexts.iter().map(entity_of).collect() }
}

/// What is staged is seen by the transition it is committed with.
fn overlay(entities: &mut Entities, effects: &Effects) {
    for write in &effects.entities {
        let entity = EntityRef { schema: write.schema.clone(), id: write.id.clone() };
        let attributes = write.attributes.read().unwrap_or_default();
        entities.insert(entity, EntitySnapshot { version: write.expected + 1, attributes });
    }
}

/// Puts a transition's own writes on top of what is staged. An entity that does not exist is not made, and an
/// attribute that has the value already is left alone, so that nobody hears of a change that is none.
pub(crate) fn stage_sync(effects: &mut Effects, sync: Vec<flow::Effect>, entities: &Entities) {
    for flow::Effect::SyncEntity { schema, id, attribute, value } in sync {
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

    #[test]
    fn all_writes_of_a_transition_to_one_entity_are_one_and_the_last_wins() {
        let mut effects = Effects::default();
        let sync = vec![write("status", json!("A")), write("task", json!("t")), write("status", json!("B"))];
        stage_sync(&mut effects, sync, &entities(json!({ "name": "n", "status": "old" })));
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
        stage_sync(&mut effects, vec![write("status", json!("A"))], &known);
        assert_eq!(effects.entities.len(), 1);
        assert_eq!(effects.entities[0].expected, 2);
        assert_eq!(effects.entities[0].attributes.to_value(), json!({ "name": "new", "status": "A" }));
    }

    #[test]
    fn a_missing_entity_is_not_made_and_an_equal_value_is_not_written() {
        let mut effects = Effects::default();
        stage_sync(&mut effects, vec![write("status", json!("A"))], &Entities::new());
        stage_sync(&mut effects, vec![write("status", json!("A"))], &entities(json!({ "status": "A" })));
        assert_eq!(effects.entities, []);
    }
}
