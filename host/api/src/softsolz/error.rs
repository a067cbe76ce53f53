//! Refusals: `{"error": {"code", "message", "details"}}` (source: contracts/softsolz.md 1C.1).

use super::wire::{ErrorBody, ErrorDetail};
use crate::kit::fields::field_name;
use crate::kit::{ApiError, Custom, reply};
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use stepwright_app::{AppError, FieldFault};

/// Another tenant's workflow, an unknown one, and a text that is no id: one answer.
pub(super) const NO_WORKFLOW: ApiError = ApiError::App(AppError::NotFound("workflow"));
/// Another tenant's run, an unknown one, and a text that is no id: one answer.
pub(super) const NO_RUN: ApiError = ApiError::App(AppError::NotFound("run"));

/// A paused workflow runs neither by schedule nor by hand.
pub(super) fn workflow_paused() -> ApiError {
    ApiError::Custom(Box::new(Custom {
        status: StatusCode::CONFLICT,
        code: "workflow_paused",
        message: "the workflow is paused; resume it first".into(),
        details: None,
        retry_after_secs: None,
    }))
}

/// The error in this dialect's shape.
pub(super) fn render(error: &ApiError) -> Response {
    let status = match error {
        ApiError::Invalid(_) | ApiError::App(AppError::Invalid(_)) => StatusCode::BAD_REQUEST,
        other => other.status(),
    };
    let (code, mut details) = code_and_details(error);
    if let Some(seconds) = error.retry_after_secs() {
        details.insert("retry_after_seconds".into(), json!(seconds));
    }
    let message = match error {
        ApiError::Invalid(faults) => told(faults),
        // What has gone between two looks reads like what never was.
        ApiError::App(AppError::NotFound("definition")) => NO_WORKFLOW.public_text(),
        ApiError::App(AppError::NotFound("execution")) => NO_RUN.public_text(),
        other => other.public_text(),
    };
    let mut response = reply::json(status, &ErrorBody { error: ErrorDetail { code, message, details } });
    reply::retry_after(error, &mut response);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn code_and_details(error: &ApiError) -> (&'static str, Map<String, Value>) {
    let fields = |faults: &[FieldFault]| of([("fields", faults.iter().map(field).collect())]);
    match error {
        ApiError::NoRoute | ApiError::App(AppError::NotFound(_)) => ("not_found", Map::new()),
        ApiError::MethodNotAllowed => ("method_not_allowed", Map::new()),
        ApiError::Unauthenticated(_) => ("invalid_api_key", Map::new()),
        ApiError::MissingScope(scopes) => ("insufficient_scope", of([("required_scopes", json!(scopes))])),
        ApiError::Forbidden(_) | ApiError::AddressNotAllowed | ApiError::App(AppError::Forbidden(_)) => {
            ("forbidden", Map::new())
        }
        ApiError::RateLimited { .. } => ("rate_limit_exceeded", Map::new()),
        ApiError::TooLarge { .. } => ("payload_too_large", Map::new()),
        ApiError::UnsupportedType { .. } => ("unsupported_media_type", Map::new()),
        ApiError::Malformed { .. } => ("validation_failed", fields(&[FieldFault::new("", error.public_text())])),
        ApiError::BadIdempotencyKey => (
            "validation_failed",
            fields(&[FieldFault::new("/Idempotency-Key", "must be 1 to 255 visible ASCII characters")]),
        ),
        ApiError::Invalid(faults) | ApiError::App(AppError::Invalid(faults)) => ("validation_failed", fields(faults)),
        ApiError::IdempotencyMismatch => ("idempotency_key_conflict", Map::new()),
        ApiError::IdempotencyRunning => ("idempotency_key_in_use", Map::new()),
        ApiError::App(AppError::RecentRun { last_run, .. }) => {
            ("run_recently_started", of([("last_run_id", json!(last_run))]))
        }
        ApiError::App(AppError::Conflict(_) | AppError::Foreign(_) | AppError::Transition(_)) => {
            ("conflict", Map::new())
        }
        ApiError::App(AppError::Quota(_)) => ("quota_exceeded", Map::new()),
        ApiError::App(AppError::Unavailable(_)) => ("service_unavailable", Map::new()),
        ApiError::App(AppError::Internal(_)) | ApiError::Panic => ("internal_error", Map::new()),
        ApiError::Custom(custom) => {
            (custom.code, custom.details.as_ref().and_then(Value::as_object).cloned().unwrap_or_default())
        }
    }
}

fn of<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The message tells the first fault, `details.fields` all of them.
fn told(faults: &[FieldFault]) -> String {
    match faults {
        [] => "the request breaks rules".into(),
        [only] => format!("{} {}", field_name(&only.pointer), only.message),
        [first, rest @ ..] => format!("{} {} (and {} more)", field_name(&first.pointer), first.message, rest.len()),
    }
}

fn field(fault: &FieldFault) -> Value {
    json!({ "field": field_name(&fault.pointer), "message": fault.message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::AuthFault;
    use http_body_util::BodyExt as _;
    use stepwright_engine::ExecutionId;
    use uuid::Uuid;

    async fn body(response: Response) -> Value {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn pointers_become_field_names() {
        for (pointer, field) in [
            ("/name", "name"),
            ("/steps/0/step_config/to/1", "steps[0].step_config.to[1]"),
            ("/steps/2/step_config/a~1b~0c", "steps[2].step_config.a/b~c"),
            ("", "body"),
        ] {
            assert_eq!(field_name(pointer), field, "{pointer}");
        }
    }

    #[tokio::test]
    async fn every_refusal_has_its_status_and_code_and_details_are_an_object() {
        let recent = AppError::RecentRun { window_secs: 30, retry_after_secs: 12, last_run: None };
        for (error, status, code) in [
            (ApiError::NoRoute, 404, "not_found"),
            (ApiError::MethodNotAllowed, 405, "method_not_allowed"),
            (ApiError::Unauthenticated(AuthFault::Missing), 401, "invalid_api_key"),
            (ApiError::Unauthenticated(AuthFault::Invalid), 401, "invalid_api_key"),
            (ApiError::MissingScope(&["service.workflows.runs.view"]), 403, "insufficient_scope"),
            (ApiError::RateLimited { retry_after_secs: 3, limit: 60 }, 429, "rate_limit_exceeded"),
            (ApiError::TooLarge { limit: 1 }, 413, "payload_too_large"),
            (ApiError::UnsupportedType { expected: "application/json" }, 415, "unsupported_media_type"),
            (ApiError::malformed("invalid JSON"), 400, "validation_failed"),
            (ApiError::invalid("/name", "is required"), 400, "validation_failed"),
            (ApiError::BadIdempotencyKey, 400, "validation_failed"),
            (ApiError::IdempotencyMismatch, 409, "idempotency_key_conflict"),
            (ApiError::IdempotencyRunning, 409, "idempotency_key_in_use"),
            (ApiError::App(recent), 409, "run_recently_started"),
            (workflow_paused(), 409, "workflow_paused"),
            (ApiError::App(AppError::Conflict("changed".into())), 409, "conflict"),
            (ApiError::App(AppError::Unavailable("locked".into())), 503, "service_unavailable"),
            (ApiError::App(AppError::Internal("broken row".into())), 500, "internal_error"),
            (ApiError::Panic, 500, "internal_error"),
        ] {
            let response = render(&error);
            assert_eq!(response.status().as_u16(), status, "{error:?}");
            let body = body(response).await;
            assert_eq!(body["error"]["code"], code, "{error:?}");
            assert!(body["error"]["details"].is_object(), "{error:?}");
            assert!(!body.to_string().contains("locked") && !body.to_string().contains("broken row"));
        }
    }

    #[tokio::test]
    async fn a_run_too_soon_says_when_to_come_back_and_which_run_was_the_last() {
        let last_run = Some(ExecutionId::from_uuid(Uuid::from_u128(7)));
        let response = render(&ApiError::App(AppError::RecentRun { window_secs: 30, retry_after_secs: 12, last_run }));
        assert_eq!(response.headers()["retry-after"], "12");
        let details = json!({ "retry_after_seconds": 12, "last_run_id": "00000000-0000-0000-0000-000000000007" });
        assert_eq!(body(response).await["error"]["details"], details);
    }

    #[tokio::test]
    async fn too_many_requests_carry_the_seconds_the_vendors_client_reads() {
        let response = render(&ApiError::RateLimited { retry_after_secs: 3, limit: 60 });
        assert_eq!(response.headers()["retry-after"], "3");
        assert_eq!(body(response).await["error"]["details"], json!({ "retry_after_seconds": 3 }));
    }

    #[tokio::test]
    async fn a_validation_refusal_lists_every_field() {
        let faults =
            vec![FieldFault::new("/name", "is required"), FieldFault::new("/steps/0/step_type", "is required")];
        assert_eq!(
            body(render(&ApiError::Invalid(faults))).await,
            json!({ "error": {
                "code": "validation_failed",
                "message": "name is required (and 1 more)",
                "details": { "fields": [
                    { "field": "name", "message": "is required" },
                    { "field": "steps[0].step_type", "message": "is required" },
                ] },
            } })
        );
    }

    #[tokio::test]
    async fn what_does_not_exist_is_told_without_its_id() {
        let expected = json!({ "error": { "code": "not_found", "message": "workflow not found", "details": {} } });
        for error in [NO_WORKFLOW, ApiError::App(AppError::NotFound("definition"))] {
            assert_eq!(body(render(&error)).await, expected);
        }
    }
}
