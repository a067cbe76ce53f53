//! Webhooks of this dialect (source: contracts/smartmca.md, "Webhooks").

use super::translate;
use super::wire::ExecutionItem;
use crate::kit::signing::hmac_sha256_hex;
use serde::Serialize;
use stepwright_app::face::Face;
use stepwright_app::ports::WebhookProjection;
use stepwright_engine::{Definition, Dialect, EventKind, Execution, HistoryEvent, RawJson, Timestamp, WebhookEventId};

const COMPLETED: &str = "workflow.execution.completed";
const FAILED: &str = "workflow.execution.failed";
/// Of applications and deals.
const ENTITIES: [&str; 6] = [
    "application.created",
    "application.stage_changed",
    "application.status_changed",
    "application.updated",
    "deal.created",
    "deal.updated",
];
const KINDS: [&str; 8] =
    [ENTITIES[0], ENTITIES[1], ENTITIES[2], ENTITIES[3], ENTITIES[4], ENTITIES[5], COMPLETED, FAILED];

/// Shows executions of native definitions, applications and deals to SmartMCA webhook endpoints.
pub struct Projection;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a, T> {
    event_id: String,
    event_type: &'a str,
    created_at: String,
    data: T,
}

impl WebhookProjection for Projection {
    fn dialect(&self) -> Dialect {
        Dialect::Smartmca
    }

    fn kinds(&self) -> &'static [&'static str] {
        &KINDS
    }

    fn event_kinds(&self) -> &'static [&'static str] {
        &ENTITIES
    }

    fn project_event(&self, id: WebhookEventId, kind: &str, data: &RawJson, at: Timestamp) -> Option<RawJson> {
        ENTITIES.contains(&kind).then(|| body(id, kind, at, data))?
    }

    fn project(
        &self,
        id: WebhookEventId,
        definition: &Definition,
        execution: &Execution,
        event: &HistoryEvent,
    ) -> Option<(&'static str, RawJson)> {
        let kind = kind_of(event.kind)?;
        let data: ExecutionItem = translate::item_of(Face::new(execution, definition));
        body(id, kind, event.at, data).map(|body| (kind, body))
    }

    fn sign(&self, id: WebhookEventId, _: &str, body: &str, at_secs: i64, secrets: &[&str]) -> Vec<(String, String)> {
        let time = at_secs.to_string();
        let sign = |secret: &&str| {
            let code = hmac_sha256_hex(secret.as_bytes(), &[time.as_bytes(), b".", body.as_bytes()]);
            format!("sha256={code}")
        };
        let mut headers =
            vec![("X-SmartMCA-Timestamp".into(), time.clone()), ("X-SmartMCA-Event-Id".into(), event_id(id))];
        // One signature is what receivers compare with; while a secret is being changed, the old one has a place of
        // its own.
        let names = ["X-SmartMCA-Signature", "X-SmartMCA-Signature-Previous"];
        headers.extend(names.into_iter().zip(secrets).map(|(name, secret)| (name.to_owned(), sign(secret))));
        headers
    }
}

/// The event's id on the wire, the same in body and header.
fn event_id(id: WebhookEventId) -> String {
    format!("evt_{}", id.uuid())
}

fn body(id: WebhookEventId, event_type: &str, at: Timestamp, data: impl Serialize) -> Option<RawJson> {
    let body = Body { event_id: event_id(id), event_type, created_at: at.to_rfc3339_millis(), data };
    RawJson::of(&body).ok()
}

/// The event type that shows this line of history, if one does.
const fn kind_of(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::ExecutionCompleted => Some(COMPLETED),
        EventKind::ExecutionFailed => Some(FAILED),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    const ID: WebhookEventId = WebhookEventId::from_uuid(Uuid::from_u128(7));

    #[test]
    fn the_signature_is_over_time_and_body_with_the_secret_as_it_is() {
        let headers = Projection.sign(ID, COMPLETED, "{}", 1_800_000_000, &["whsec_new", "whsec_old"]);
        let code = |secret: &str| hmac_sha256_hex(secret.as_bytes(), &[b"1800000000.{}"]);
        let expected = [
            ("X-SmartMCA-Timestamp", "1800000000".to_owned()),
            ("X-SmartMCA-Event-Id", "evt_00000000-0000-0000-0000-000000000007".to_owned()),
            ("X-SmartMCA-Signature", format!("sha256={}", code("whsec_new"))),
            ("X-SmartMCA-Signature-Previous", format!("sha256={}", code("whsec_old"))),
        ];
        assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn an_event_is_told_with_its_data_and_others_are_not_told() {
        let data = RawJson::from(json!({"stage": "funded"}));
        let at = Timestamp::from_secs(1_800_000_000);
        let body = Projection.project_event(ID, "application.stage_changed", &data, at).unwrap().to_value();
        assert_eq!(
            body,
            json!({
                "eventId": "evt_00000000-0000-0000-0000-000000000007",
                "eventType": "application.stage_changed",
                "createdAt": "2027-01-15T08:00:00.000Z",
                "data": {"stage": "funded"},
            })
        );
        assert!(Projection.project_event(ID, "contact.updated", &data, at).is_none());
    }
}
