//! Events about entities: `deal.created`, `deal.updated`, `application.stage_changed` … They start native definitions
//! and go to webhook endpoints, and are made only where somebody wants them.

use crate::App;
use crate::caches::TenantView;
use crate::error::AppResult;
use crate::model::{Emitted, EntityWrite, WebhookEvent};
use serde_json::{Map, Value, json};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{EmittedEventId, EndpointId, ExecutionId, RawJson, Timestamp, WebhookEventId};

/// The schema whose stage and status are events of their own.
pub(crate) const APPLICATION: &str = "application";
/// The attributes they stand in.
pub(crate) const STAGE: &str = "stage";
pub(crate) const STATUS: &str = "status";

/// An event about an entity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EntityEvent {
    pub kind: String,
    pub data: Map<String, Value>,
}

/// What a write means; nothing when it changes nothing.
pub(crate) fn entity_events(write: &EntityWrite, before: Option<&Map<String, Value>>) -> Vec<EntityEvent> {
    let after: Map<String, Value> = write.attributes.read().unwrap_or_default();
    let data = |changed: Vec<&String>| {
        let previous: Map<String, Value> =
            changed.iter().filter_map(|name| Some(((*name).clone(), before?.get(*name)?.clone()))).collect();
        let shown = json!({
            "entityType": write.schema,
            "entityId": write.id,
            "version": write.expected + 1,
            "changed": changed,
            "previous": previous,
            "attributes": after,
        });
        match shown {
            Value::Object(shown) => shown,
            _ => Map::new(),
        }
    };
    let event = |what: &str, data| EntityEvent { kind: format!("{}.{what}", write.schema), data };
    let Some(before) = before else { return vec![event("created", data(after.keys().collect()))] };
    let differs = |name: &&String| before.get(*name) != after.get(*name);
    let mut changed: Vec<&String> = after.keys().chain(before.keys().filter(|k| !after.contains_key(*k))).collect();
    changed.retain(differs);
    let mut events = Vec::new();
    if write.schema == APPLICATION {
        for (attribute, what, previously) in
            [(STAGE, "stage_changed", "previousStage"), (STATUS, "status_changed", "previousStatus")]
        {
            if !changed.iter().any(|name| *name == attribute) {
                continue;
            }
            let mut data = data(changed.clone());
            data.insert("applicationId".into(), write.id.clone().into());
            data.insert(previously.into(), before.get(attribute).cloned().unwrap_or_default());
            data.insert(attribute.into(), after.get(attribute).cloned().unwrap_or_default());
            events.push(event(what, data));
        }
        changed.retain(|name| ![STAGE, STATUS].contains(&name.as_str()));
    }
    if !changed.is_empty() {
        events.push(event("updated", data(changed)));
    }
    events
}

/// The entity an event is about, as its data names it.
pub(super) fn entity_of(data: &Value) -> Option<EntityRef> {
    let text = |name: &str| data.get(name)?.as_str().map(str::to_owned);
    Some(EntityRef { schema: text("entityType")?, id: text("entityId")? })
}

impl App {
    /// Events about what is written that somebody wants.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn wanted_entity_events(
        &self,
        view: &TenantView,
        write: &EntityWrite,
    ) -> AppResult<Vec<EntityEvent>> {
        if !self.wants_events_of(view, &write.schema) {
            return Ok(Vec::new());
        }
        // Should the version differ, the commit does not go through.
        let before = self.store().entity(view.tenant.id, &write.schema, &write.id).await?;
        let before: Option<Map<String, Value>> = before.map(|entity| entity.attributes.read().unwrap_or_default());
        let mut events = entity_events(write, before.as_ref());
        events.retain(|event| view.starts_by(&event.kind) || self.is_wanted_outside(view, &event.kind));
        Ok(events)
    }

    /// Whether anything that happens to entities of this schema may be wanted.
    pub(crate) fn wants_events_of(&self, view: &TenantView, schema: &str) -> bool {
        let about = |kind: &str| kind.strip_prefix(schema).is_some_and(|rest| rest.starts_with('.'));
        let mut outside =
            view.endpoints.iter().filter_map(|e| self.projection(e.dialect)).flat_map(|p| p.event_kinds());
        view.event_triggers.iter().any(|kind| about(kind)) || outside.any(|kind| about(kind))
    }

    fn is_wanted_outside(&self, view: &TenantView, kind: &str) -> bool {
        view.endpoints.iter().any(|endpoint| {
            let known = self.projection(endpoint.dialect).is_some_and(|p| p.event_kinds().contains(&kind));
            known && endpoint.wants(endpoint.dialect, kind)
        })
    }

    /// The event as it is kept until somebody handles it.
    pub(crate) fn emitted(&self, event: EntityEvent, source: ExecutionId, depth: u32) -> Emitted {
        let data = RawJson::from(Value::Object(event.data));
        Emitted { id: EmittedEventId::fresh(&**self.ids()), kind: event.kind, data, source, depth }
    }

    /// The webhooks an event gives rise to.
    pub(crate) fn webhooks_of_event(
        &self,
        view: &TenantView,
        kind: &str,
        data: &RawJson,
        at: Timestamp,
    ) -> Vec<(WebhookEvent, Vec<EndpointId>)> {
        let mut webhooks = Vec::new();
        for projection in self.projections() {
            let dialect = projection.dialect();
            let wanting: Vec<EndpointId> =
                view.endpoints.iter().filter(|e| e.wants(dialect, kind)).map(|e| e.id).collect();
            if wanting.is_empty() {
                continue;
            }
            let id = WebhookEventId::fresh(&**self.ids());
            if let Some(body) = projection.project_event(id, kind, data, at) {
                let tenant_id = view.tenant.id;
                let event = WebhookEvent { id, tenant_id, dialect, kind: kind.to_owned(), body, created_at: at };
                webhooks.push((event, wanting));
            }
        }
        webhooks
    }
}

impl TenantView {
    /// Whether an active definition starts by such events.
    pub(crate) fn starts_by(&self, kind: &str) -> bool {
        let every = kind.rsplit_once('.').map_or(kind, |(prefix, _)| prefix);
        self.event_triggers.iter().any(|t| t == kind || t.strip_suffix(".*") == Some(every))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(schema: &str, before: Option<Value>, after: Value) -> Vec<EntityEvent> {
        let attributes = RawJson::from(after);
        let write = EntityWrite { schema: schema.into(), id: "x".into(), attributes, expected: 3 };
        entity_events(&write, before.as_ref().and_then(Value::as_object))
    }

    fn kinds(events: &[EntityEvent]) -> Vec<&str> {
        events.iter().map(|e| e.kind.as_str()).collect()
    }

    #[test]
    fn a_change_is_told_by_its_kind_and_nothing_by_none() {
        let made = events("deal", None, json!({"amount": 1}));
        assert_eq!(kinds(&made), ["deal.created"]);
        let changed = events("deal", Some(json!({"amount": 1, "old": 2})), json!({"amount": 5, "new": 3}));
        assert_eq!(kinds(&changed), ["deal.updated"]);
        let data = &changed[0].data;
        assert_eq!(data["changed"], json!(["amount", "new", "old"]));
        assert_eq!(data["previous"], json!({"amount": 1, "old": 2}));
        assert_eq!((&data["entityType"], &data["version"]), (&json!("deal"), &json!(4)));
        assert!(events("deal", Some(json!({"amount": 1})), json!({"amount": 1})).is_empty());
    }

    #[test]
    fn an_applications_stage_and_status_are_events_of_their_own() {
        let before = json!({"stage": "draft", "status": "new", "amount": 1});
        let moved =
            events("application", Some(before.clone()), json!({"stage": "funded", "status": "new", "amount": 1}));
        assert_eq!(kinds(&moved), ["application.stage_changed"]);
        assert_eq!((&moved[0].data["previousStage"], &moved[0].data["stage"]), (&json!("draft"), &json!("funded")));
        assert_eq!(moved[0].data["applicationId"], "x");
        let all = events("application", Some(before), json!({"stage": "funded", "status": "old"}));
        assert_eq!(kinds(&all), ["application.stage_changed", "application.status_changed", "application.updated"]);
        assert_eq!(all[2].data["changed"], json!(["amount"]));
    }
}
