//! The platform's webhooks: every history event of every dialect's executions, signed by the Standard Webhooks rules.

use crate::kit::signing::{hmac_sha256_base64, standard_webhooks_key};
use serde::Serialize;
use std::sync::LazyLock;
use stepwright_app::ports::WebhookProjection;
use stepwright_engine::{Definition, Dialect, EventKind, Execution, HistoryEvent, RawJson, WebhookEventId};

/// See the module.
pub struct Projection;

static KINDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| EventKind::ALL.iter().map(|kind| kind.as_str()).collect());

#[derive(Serialize)]
struct Body<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    tenant_id: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    execution_id: String,
    definition_id: String,
    definition_version: u32,
    definition_name: &'a str,
    dialect: &'static str,
    title: &'a str,
    status: &'static str,
    /// The event's number within the execution.
    seq: u64,
    actor: String,
    node: Option<&'a str>,
    detail: Option<&'a RawJson>,
}

impl WebhookProjection for Projection {
    fn dialect(&self) -> Dialect {
        Dialect::Platform
    }

    fn kinds(&self) -> &'static [&'static str] {
        &KINDS
    }

    fn project(
        &self,
        id: WebhookEventId,
        definition: &Definition,
        execution: &Execution,
        event: &HistoryEvent,
    ) -> Option<(&'static str, RawJson)> {
        let kind = event.kind.as_str();
        let body = Body {
            id: message_id(id),
            kind,
            timestamp: event.at.to_rfc3339_millis(),
            tenant_id: execution.tenant_id.to_string(),
            data: Data {
                execution_id: execution.id.to_string(),
                definition_id: execution.definition_id.to_string(),
                definition_version: execution.definition_version,
                definition_name: &definition.name,
                dialect: execution.dialect.as_str(),
                title: &execution.title,
                status: execution.status.name(),
                seq: event.seq,
                actor: event.actor.label(),
                node: event.task.and_then(|task| execution.task(task)).map(|task| task.node.as_str()),
                detail: event.detail.as_ref(),
            },
        };
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
