//! Applications: entities of one schema that go through stages (source: contracts/smartmca.md 1D.2).
//!
//! A change writes the entity, an audit line, the webhooks, and the executions it starts as one commit.

use super::entity_changes::{Change, attributes_of};
use super::{Access, derived_id, derived_uuid};
use crate::App;
use crate::driver::{APPLICATION, EntityEvent, STAGE, STATUS, entity_events};
use crate::error::{AppError, AppResult};
use crate::model::{Commit, Effects, Emitted, Entity, EntityAudit, EntityWrite, ExecutionWrite, Profile, UsageDelta};
use serde_json::{Map, Value, json};
use stepwright_engine::application::Stage;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{ExecutionId, RawJson, TriggerInfo, TriggerSource};
use uuid::Uuid;

/// The attribute that names who underwrites.
const UNDERWRITER: &str = "underwriterId";

/// What is to become of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationChange {
    /// One of the tenant's, where it has a list of them.
    Status(String),
    /// To this stage, or one step along the line.
    Stage(Option<Stage>),
    Underwriter(String),
}

/// What has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationChanged {
    pub previous: Option<String>,
    pub current: String,
    /// What has been started by it.
    pub executions: Vec<ExecutionId>,
}

/// A change that is legal as the application stands.
struct Move {
    attribute: &'static str,
    action: &'static str,
    from: Option<String>,
    to: String,
}

impl App {
    /// Changes an application. With `derive_id` (parts of an idempotency key) a change that was made already is not
    /// made again.
    ///
    /// # Errors
    /// `NotFound("application")`, `Invalid` at `/status`, `Conflict` when the stage cannot be left or reached.
    pub async fn change_application(
        &self,
        access: &Access,
        id: &str,
        change: &ApplicationChange,
        reason: Option<String>,
        derive_id: Option<Vec<String>>,
    ) -> AppResult<ApplicationChanged> {
        let tenant = access.tenant_id();
        let request = match &derive_id {
            Some(parts) => derived_uuid(&parts.iter().map(String::as_str).collect::<Vec<_>>()),
            None => self.ids().fresh(),
        };
        if derive_id.is_some()
            && let Some(made) = self.store().entity_audit(tenant, request).await?
        {
            return Ok(ApplicationChanged { previous: made.from, current: made.to, executions: made.executions });
        }
        let moving = Moving { access, id, change, reason, request };
        let made = self.change_entity(tenant, APPLICATION, id, &moving).await?;
        made.ok_or_else(|| AppError::Internal("a change of an application came to nothing".into()))
    }

    /// What has been done to an entity by calls that mean something, oldest first, behind the version `after`.
    ///
    /// # Errors
    /// `NotFound("entity")`.
    pub async fn entity_audits(
        &self,
        access: &Access,
        schema: &str,
        id: &str,
        after: u64,
        limit: u32,
    ) -> AppResult<crate::model::Listed<EntityAudit>> {
        self.entity(access, schema, id).await?;
        Ok(self.store().entity_audits(access.tenant_id(), schema, id, after, limit).await?)
    }

    fn decide_move(
        &self,
        access: &Access,
        change: &ApplicationChange,
        attributes: &Map<String, Value>,
    ) -> AppResult<Move> {
        let text = |name: &str| attributes.get(name).and_then(Value::as_str).map(str::to_owned);
        match change {
            ApplicationChange::Status(status) => {
                let known = &access.tenant().settings.applications.statuses;
                if !known.is_empty() && !known.contains(status) {
                    return Err(AppError::invalid("/status", format!("must be one of {}", known.join(", "))));
                }
                let to = status.clone();
                Ok(Move { attribute: STATUS, action: "status_changed", from: text(STATUS), to })
            }
            ApplicationChange::Underwriter(user) => {
                let to = user.clone();
                Ok(Move { attribute: UNDERWRITER, action: "underwriter_assigned", from: text(UNDERWRITER), to })
            }
            ApplicationChange::Stage(wanted) => {
                let from = text(STAGE);
                let stands = match from.as_deref() {
                    // An application nobody has moved yet.
                    None | Some("") => Stage::Draft,
                    Some(name) => Stage::parse(name).ok_or_else(|| {
                        AppError::Conflict(format!("the application's stage '{name}' is none that can be left"))
                    })?,
                };
                let to = stands.advance(*wanted).map_err(|error| AppError::Conflict(error.to_string()))?;
                let from = Some(stands.as_str().to_owned());
                Ok(Move { attribute: STAGE, action: "stage_changed", from, to: to.as_str().to_owned() })
            }
        }
    }

    /// Executions of the definitions that the events start, ready to be committed.
    async fn starts_by(
        &self,
        access: &Access,
        events: &[EntityEvent],
        request: Uuid,
        application: &str,
    ) -> AppResult<Vec<ExecutionWrite>> {
        let mut writes = Vec::new();
        for event in events.iter().filter(|event| access.view.starts_by(&event.kind)) {
            if let Err(error) = self.check_open_quota(&access.view).await {
                tracing::warn!(tenant = %access.tenant_id(), kind = event.kind, %error, "an event starts nothing");
                break;
            }
            let entity = EntityRef { schema: APPLICATION.into(), id: application.into() };
            let data = Value::Object(event.data.clone());
            for definition in self.store().definitions_for_event(access.tenant_id(), &event.kind).await? {
                if !self.may_start(&definition, &data, Some(&entity)).await? {
                    continue;
                }
                let id = derived_id(&[&request.to_string(), &event.kind, &definition.id.to_string()]);
                let shown = json!({ "id": request, "type": event.kind, "data": data });
                let trigger = TriggerInfo {
                    source: TriggerSource::Event,
                    scheduled_for: None,
                    event: Some(RawJson::from(shown)),
                    parent: None,
                };
                let input = RawJson::from(&data);
                let write = self.queued(&access.view, &definition, id, trigger, input, Some(entity.clone()))?;
                writes.push(write);
            }
        }
        Ok(writes)
    }

    /// Whether an event with this data, about this entity, starts the definition.
    pub(crate) async fn may_start(
        &self,
        definition: &stepwright_engine::Definition,
        data: &Value,
        entity: Option<&EntityRef>,
    ) -> AppResult<bool> {
        let profile = Profile::of(definition);
        let other = profile.entity_type.as_ref().is_some_and(|wanted| entity.is_none_or(|e| e.schema != *wanted));
        if other || !profile.matches(data) {
            return Ok(false);
        }
        match entity {
            Some(entity) if profile.singleton => self.is_idle_on(definition, entity).await,
            _ => Ok(true),
        }
    }
}

/// A change of an application on its way.
struct Moving<'a> {
    access: &'a Access,
    id: &'a str,
    change: &'a ApplicationChange,
    reason: Option<String>,
    /// Of the audit line; ids of what is started are derived from it.
    request: Uuid,
}

impl Change for Moving<'_> {
    type Made = ApplicationChanged;

    async fn make(&self, app: &App, current: Option<Entity>) -> AppResult<Option<(Commit, ApplicationChanged)>> {
        let (access, id) = (self.access, self.id);
        let (tenant, now) = (access.tenant_id(), app.now());
        let entity = current.ok_or(AppError::NotFound("application"))?;
        let before = attributes_of(&entity);
        let Move { attribute, action, from, to } = app.decide_move(access, self.change, &before)?;
        let mut after = before.clone();
        after.insert(attribute.into(), to.clone().into());
        let attributes = RawJson::from(Value::Object(after));
        let write = EntityWrite { schema: APPLICATION.into(), id: id.into(), attributes, expected: entity.version };
        let events: Vec<EntityEvent> = entity_events(&write, Some(&before))
            .into_iter()
            .map(|mut event| {
                event.data.insert("reason".into(), json!(self.reason));
                event.data.insert("actor".into(), access.actor().label().into());
                event
            })
            .collect();
        let executions = app.starts_by(access, &events, self.request, id).await?;
        let started: Vec<ExecutionId> = executions.iter().map(|write| write.next.id).collect();
        let audit = EntityAudit {
            id: self.request,
            schema: APPLICATION.into(),
            entity: id.into(),
            version: entity.version + 1,
            at: now,
            actor: access.actor(),
            action: action.into(),
            from: from.clone(),
            to: to.clone(),
            reason: self.reason.clone(),
            executions: started.clone(),
        };
        let has_flows = app.has_open_flow(tenant, APPLICATION, id).await?;
        let told = match has_flows {
            true => app.change_event(Emitted::NOBODY, &write, Some(&before))?,
            false => None,
        };
        let mut webhooks = Vec::new();
        for event in events {
            let data = RawJson::from(Value::Object(event.data));
            webhooks.extend(app.webhooks_of_event(&access.view, &event.kind, &data, now));
        }
        let usage = UsageDelta { executions: executions.len() as u64, ..UsageDelta::default() };
        let effects = Effects {
            untold: (!has_flows).then(|| write.entity()).into_iter().collect(),
            entities: vec![write],
            emitted: told.into_iter().collect(),
            audits: vec![audit],
            ..Effects::default()
        };
        let commit = Commit { executions, webhooks, usage, ..app.commit_of(tenant, effects) };
        Ok(Some((commit, ApplicationChanged { previous: from, current: to, executions: started })))
    }
}
