//! What events start, and how much of it one cause may lead to.
//!
//! What starts by an event may change the very entity the event was about, and so start itself again. The chain's depth
//! ends that where every run changes the entity once; where it does so twice, the runs would double with every link.
//! Therefore whatever one cause leads to starts a definition on an entity at most [`MOST_STARTS`] times: often enough
//! for an application that is led through all of its stages, and few enough for a mistake to be found in the list of
//! executions, each of which names the cause and its number. Nothing has to be counted for that: the number is part of
//! the execution's id.

use super::starting::StartRequest;
use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::Emitted;
use crate::ports::CommitError;
use crate::session::MAX_CHAIN_DEPTH;
use crate::usecases::derived_id;
use serde_json::json;
use std::sync::Arc;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Actor, Definition, Execution, ExecutionId, RawJson, TenantId, TriggerInfo, TriggerSource};

/// Starts of one definition on one entity that one cause may lead to.
pub(crate) const MOST_STARTS: u32 = 10;

/// What an execution says of the event that has started it.
#[derive(serde::Deserialize)]
struct StartedBy {
    id: String,
    /// The first event of the chain; missing in executions that an event of its own has started.
    #[serde(default)]
    root: Option<String>,
}

fn started_by(execution: &Execution) -> Option<StartedBy> {
    execution.trigger.event.as_ref()?.read().ok()
}

impl App {
    /// The first event of the chain an event belongs to: itself, unless what has emitted it was started by one, however
    /// indirectly.
    pub(super) async fn root_of(&self, tenant: TenantId, event: &Emitted) -> AppResult<String> {
        let mut source = event.source;
        // Without a depth nothing stands above it.
        let links = if event.depth == 0 { 0 } else { MAX_CHAIN_DEPTH };
        for _ in 0..links {
            if source == Emitted::NOBODY {
                break;
            }
            let Some(execution) = self.store().execution(tenant, source).await? else { break };
            if let Some(StartedBy { id, root }) = started_by(&execution) {
                return Ok(root.unwrap_or(id));
            }
            let Some((parent, _)) = execution.trigger.parent else { break };
            source = parent;
        }
        Ok(event.id.to_string())
    }

    /// Starts a definition by an event, unless it has been already or its cause has led to enough.
    ///
    /// # Errors
    /// `Unavailable`; whoever tries again starts nothing twice.
    pub(super) async fn start_by_event(
        &self,
        view: &Arc<TenantView>,
        definition: &Arc<Definition>,
        event: &Emitted,
        root: &str,
        entity: Option<&EntityRef>,
    ) -> AppResult<()> {
        let this = event.id.to_string();
        let (schema, entity_id) = entity.map_or(("", ""), |entity| (entity.schema.as_str(), entity.id.as_str()));
        let of = definition.id.to_string();
        for nth in 1..=MOST_STARTS {
            let id = derived_id(&["event-start", root, &of, schema, entity_id, &nth.to_string()]);
            // Lost to another host, it is looked at again.
            loop {
                if let Some(there) = self.store().execution(definition.tenant_id, id).await? {
                    match started_by(&there).is_some_and(|by| by.id == this) {
                        // The same event starts the same definition once, however often the loop dies on the way.
                        true => return Ok(()),
                        false => break,
                    }
                }
                match self.start_execution(view, definition, request(id, definition, event, root, nth, entity)).await {
                    Ok(_) => return Ok(()),
                    Err(CommitError::Stale(_)) => {}
                    Err(CommitError::Store(error)) => return Err(error.into()),
                    Err(error) => return Err(AppError::Internal(error.to_string())),
                }
            }
        }
        metrics::counter!("stepwright_event_starts_refused_total").increment(1);
        tracing::warn!(
            event = %event.id, kind = event.kind, root, definition = %definition.id, schema, entity = entity_id,
            "event starts nothing: its cause has started the definition on this entity {MOST_STARTS} times"
        );
        Ok(())
    }
}

fn request(
    id: ExecutionId,
    definition: &Definition,
    event: &Emitted,
    root: &str,
    nth: u32,
    entity: Option<&EntityRef>,
) -> StartRequest {
    let shown = json!({
        "id": event.id, "type": event.kind, "data": event.data, "root": root, "start": nth, "most_starts": MOST_STARTS,
    });
    StartRequest {
        id,
        title: definition.name.clone(),
        trigger: TriggerInfo {
            source: TriggerSource::Event,
            scheduled_for: None,
            event: Some(RawJson::from(shown)),
            // The depth counts also where no execution has caused the first event.
            parent: Some((event.source, event.depth + 1)),
        },
        input: event.data.clone(),
        entity: entity.cloned(),
        actor: Actor::System,
        begin: false,
        preconditions: Vec::new(),
        dialect: None,
    }
}
