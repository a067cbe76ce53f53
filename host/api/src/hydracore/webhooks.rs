//! Webhooks of this dialect: Standard Webhooks with a symmetric signature (source: contracts/smartmca.md, "HydraCore: no
//! outbound webhook in the seeds; offer Standard Webhooks").

use super::respond::body;
use super::wire::RecordBody;
use crate::kit::signing::{hmac_sha256_base64, standard_webhooks_key};
use serde::Serialize;
use stepwright_app::ports::WebhookProjection;
use stepwright_engine::{Definition, Dialect, EventKind, Execution, HistoryEvent, RawJson, WebhookEventId};

const KINDS: [&str; 11] = [
    "workflow.created",
    "workflow.updated",
    "workflow.paused",
    "workflow.suspended",
    "workflow.resumed",
    "workflow.completed",
    "workflow.cancelled",
    "workflow.failed",
    "workflow.expired",
    "workflow.guard_denied",
    "workflow.next_action_due",
];

/// Shows the history of records to HydraCore webhook endpoints.
pub struct Projection;

#[derive(Serialize)]
struct Body<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    /// The record after the event, without its history.
    workflow: RecordBody<'a>,
    /// The line of history; of a next action that is due, its instant.
    event: Option<&'a RawJson>,
}

impl WebhookProjection for Projection {
    fn dialect(&self) -> Dialect {
        Dialect::Hydracore
    }

    fn kinds(&self) -> &'static [&'static str] {
        &KINDS
    }

    fn project(
        &self,
        id: WebhookEventId,
        _: &Definition,
        execution: &Execution,
        event: &HistoryEvent,
    ) -> Option<(&'static str, RawJson)> {
        let record = execution.record.as_deref()?;
        let kind = kind_of(event.kind)?;
        let data = Data { workflow: body(execution, record), event: event.detail.as_ref() };
        let body = Body { id: message_id(id), kind, timestamp: event.at.to_rfc3339_secs(), data };
        RawJson::of(&body).ok().map(|body| (kind, body))
    }

    fn sign(&self, id: WebhookEventId, _: &str, body: &str, at_secs: i64, secrets: &[&str]) -> Vec<(String, String)> {
        let (id, at) = (message_id(id), at_secs.to_string());
        let sign = |secret: &&str| {
            let parts = [id.as_bytes(), b".", at.as_bytes(), b".", body.as_bytes()];
            format!("v1,{}", hmac_sha256_base64(&standard_webhooks_key(secret), &parts))
        };
        let signatures: Vec<String> = secrets.iter().map(sign).collect();
        vec![
            ("webhook-id".into(), id),
            ("webhook-timestamp".into(), at),
            ("webhook-signature".into(), signatures.join(" ")),
        ]
    }
}

/// The event's id on the wire, the same in body and header.
fn message_id(id: WebhookEventId) -> String {
    format!("msg_{}", id.uuid().simple())
}

/// The event type that shows this line of history, if one does.
const fn kind_of(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::ExecutionCreated => Some("workflow.created"),
        EventKind::RecordChanged => Some("workflow.updated"),
        EventKind::ExecutionPaused => Some("workflow.paused"),
        EventKind::ExecutionSuspended => Some("workflow.suspended"),
        EventKind::ExecutionResumed => Some("workflow.resumed"),
        EventKind::ExecutionCompleted => Some("workflow.completed"),
        EventKind::ExecutionCancelled => Some("workflow.cancelled"),
        EventKind::ExecutionFailed => Some("workflow.failed"),
        EventKind::ExecutionExpired => Some("workflow.expired"),
        EventKind::RecordDenied => Some("workflow.guard_denied"),
        EventKind::RecordDue => Some("workflow.next_action_due"),
        EventKind::ExecutionStarted
        | EventKind::ExecutionRetried
        | EventKind::TaskCompleted
        | EventKind::TaskSkipped
        | EventKind::TaskRetrying
        | EventKind::TaskDeferred
        | EventKind::TaskWaiting
        | EventKind::TaskResumed
        | EventKind::TaskFailed
        | EventKind::FlowChanged => None,
    }
}
