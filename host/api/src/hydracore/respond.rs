//! Answers. A record's history is written from the texts it is stored as, since it may be long and grows with every
//! call.

use super::wire::{ActionBody, RecordBody, SuspendedBody};
use crate::kit::{ApiError, ApiResult, reply};
use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use stepwright_app::AppError;
use stepwright_app::usecases::{RecordPage, RecordView};

/// A record.
pub(super) fn record(status: StatusCode, view: &RecordView) -> ApiResult {
    Ok(json(status, record_text(view)?))
}

/// A page of records.
pub(super) fn page(page: u64, per_page: u32, listed: &RecordPage) -> ApiResult {
    let total = listed.total;
    let records = joined(listed.items.iter().map(record_text))?;
    Ok(json(
        StatusCode::OK,
        format!(r#"{{"page":{page},"per_page":{per_page},"total":{total},"workflows":[{records}]}}"#),
    ))
}

/// Suspended records, not wrapped (source: contracts/hydracore.md, H8).
pub(super) fn suspended(listed: &[RecordView]) -> ApiResult {
    let records = joined(listed.iter().map(|view| {
        let Some(suspension) = view.suspension() else { return record_text(view) };
        let body = SuspendedBody {
            record: body_of(view)?,
            suspended_step: &suspension.step,
            suspended_at: suspension.at,
            suspended_payload: suspension.payload.as_ref(),
        };
        with_history(view, &body)
    }))?;
    Ok(json(StatusCode::OK, format!("[{records}]")))
}

/// What an action has done.
pub(super) fn action(view: &RecordView, message: impl Into<String>) -> ApiResult {
    let record = record_of(view)?;
    let body = ActionBody {
        id: view.execution().id.to_string(),
        message: message.into(),
        status: record.status.name().as_str(),
    };
    Ok(reply::ok(&body))
}

fn json(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn joined(texts: impl Iterator<Item = ApiResult<String>>) -> ApiResult<String> {
    let texts: Vec<String> = texts.collect::<ApiResult<_>>()?;
    Ok(texts.join(","))
}

fn record_text(view: &RecordView) -> ApiResult<String> {
    with_history(view, &body_of(view)?)
}

/// The body's text with the history as its first member.
fn with_history(view: &RecordView, body: &impl Serialize) -> ApiResult<String> {
    let rest = serde_json::to_string(body).map_err(|e| AppError::Internal(format!("a record: {e}")))?;
    let events: Vec<(String, &str)> = view
        .history()
        .filter_map(|event| Some((event.at.to_rfc3339_secs(), event.detail.as_ref()?.as_str())))
        .collect();
    let size = events.iter().map(|(at, detail)| at.len() + detail.len() + 16).sum::<usize>();
    let mut text = String::with_capacity(rest.len() + size + 16);
    text.push_str(r#"{"history":["#);
    for (place, (at, detail)) in events.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        // An entry is an object with members, so its text goes on behind the brace.
        text.push_str(r#"{"at":""#);
        text.push_str(at);
        text.push_str(r#"","#);
        text.push_str(&detail[1..]);
    }
    text.push_str("],");
    text.push_str(&rest[1..]);
    Ok(text)
}

fn record_of(view: &RecordView) -> ApiResult<&stepwright_engine::record::Record> {
    view.record().ok_or(ApiError::App(AppError::NotFound("workflow")))
}

pub(super) fn body_of(view: &RecordView) -> ApiResult<RecordBody<'_>> {
    let (execution, record) = (view.execution(), record_of(view)?);
    Ok(body(execution, record))
}

/// The record as its dialect shows it, the history aside.
pub(super) fn body<'a>(
    execution: &'a stepwright_engine::Execution,
    record: &'a stepwright_engine::record::Record,
) -> RecordBody<'a> {
    RecordBody {
        approver_id: record.approver_id.map(|id| id.uuid()),
        assigned_to: record.assigned_to.as_deref(),
        completed_at: record.status.ended_at(),
        created_at: record.created_at,
        customer_id: record.customer_id.uuid(),
        escalation_level: record.escalation_level,
        expires_at: record.expires_at,
        history: (),
        id: execution.id.uuid(),
        instance_id: execution.instance_id.map(|id| id.uuid()),
        last_action_at: record.last_action_at,
        next_action_at: record.next_action_at,
        reference: record.reference.as_deref(),
        stage: record.stage.as_deref(),
        status: record.status.name().as_str(),
        tenant_id: execution.tenant_id.uuid(),
        title: record.title.as_deref(),
        updated_at: record.updated_at,
        workflow_state: &record.state,
        workflow_type: record.workflow_type.as_str(),
    }
}
