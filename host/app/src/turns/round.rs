//! A batch of turns on its way: the state they are applied to, and what they leave behind.

use super::{SharedHistory, Taken};
use crate::model::{Effects, RecordListing, WebhookEvent};
use crate::usecases::ExecutionView;
use std::sync::Arc;
use stepwright_engine::flow::Entities;
use stepwright_engine::{Definition, EndpointId, Execution, HistoryEvent};

/// An execution as the leader remembers it.
#[derive(Clone)]
pub(super) struct Held {
    pub execution: Arc<Execution>,
    pub definition: Arc<Definition>,
    /// Of records only, and whole: as long as `history_seq`.
    pub history: SharedHistory,
}

/// A batch being applied.
pub(super) struct Round {
    pub base: Held,
    /// What the turns so far have made of it.
    pub current: Arc<Execution>,
    pub history: SharedHistory,
    pub events: Vec<HistoryEvent>,
    pub effects: Effects,
    /// The entities that flows were decided on, as stored.
    pub known: Entities,
    pub webhooks: Vec<(WebhookEvent, Vec<EndpointId>)>,
}

impl Round {
    pub(super) fn new(base: Held) -> Self {
        let (current, history) = (Arc::clone(&base.execution), Arc::clone(&base.history));
        let (events, webhooks) = (Vec::new(), Vec::new());
        Self { base, current, history, events, effects: Effects::default(), known: Entities::new(), webhooks }
    }

    /// Whether there is something to commit.
    pub(super) fn has_moved(&self) -> bool {
        self.current.version != self.base.execution.version
    }

    /// Goes on to the next state.
    pub(super) fn push(
        &mut self,
        transition: stepwright_engine::Transition,
        webhooks: Vec<(WebhookEvent, Vec<EndpointId>)>,
    ) {
        let stepwright_engine::Transition { next, events } = transition;
        if next.record.is_some() {
            Arc::make_mut(&mut self.history).extend(events.iter().cloned().map(Arc::new));
        }
        self.events.extend(events);
        self.webhooks.extend(webhooks);
        self.current = Arc::new(next);
    }

    /// The state as one turn sees it.
    pub(super) fn taken(&self) -> Taken {
        let (execution, definition) = (Arc::clone(&self.current), Arc::clone(&self.base.definition));
        Taken { view: ExecutionView { execution, definition }, history: Arc::clone(&self.history) }
    }

    /// What lists must be told of the record, if its status has moved.
    pub(super) fn listing(&self) -> Option<RecordListing> {
        let before = self.base.execution.record.as_deref()?;
        let listing = RecordListing::of(&self.current, Some(before.status.name()))?;
        (listing.before != Some(listing.status)).then_some(listing)
    }
}
