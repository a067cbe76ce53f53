use stepwright_engine::{Definition, Dialect, Execution, HistoryEvent, RawJson, Timestamp, WebhookEventId};

/// How a dialect shows history to webhook endpoints. Implemented by each dialect; pure.
pub trait WebhookProjection: Send + Sync {
    /// Which endpoints and executions it speaks for.
    fn dialect(&self) -> Dialect;
    /// The event types it can produce, for validating subscriptions.
    fn kinds(&self) -> &'static [&'static str];
    /// Those among [`Self::kinds`] that tell of events emitted inside the tenant, not of executions.
    fn event_kinds(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whole body of the webhook for an emitted event; `None` when the dialect does not show it.
    fn project_event(&self, _id: WebhookEventId, _kind: &str, _data: &RawJson, _at: Timestamp) -> Option<RawJson> {
        None
    }
    /// Type and whole body of the webhook for one history event; `None` when the dialect does not show it.
    fn project(
        &self,
        id: WebhookEventId,
        definition: &Definition,
        execution: &Execution,
        event: &HistoryEvent,
    ) -> Option<(&'static str, RawJson)>;
    /// Headers (name, value) that sign `body` sent at `at_secs` (Unix time) with every valid secret, the current first.
    fn sign(&self, id: WebhookEventId, kind: &str, body: &str, at_secs: i64, secrets: &[&str])
    -> Vec<(String, String)>;
}
