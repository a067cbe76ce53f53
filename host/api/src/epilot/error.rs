//! Refusals: `{"message"}` and nothing else (source: contracts/epilot.md 1B.1).

use super::wire::ErrorBody;
use crate::kit::fields::field_name;
use crate::kit::{ApiError, ApiResult, Custom, reply};
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use stepwright_app::{AppError, AppResult, FieldFault};

/// Faults told in one message.
const MOST_TOLD: usize = 20;

/// Another tenant's template, an unknown one, and a text that is no id: one answer.
pub(super) fn template<T>(found: AppResult<T>, id: &str) -> ApiResult<T> {
    told_by_id(found, "template", "Definition", id)
}

/// Another tenant's closing reason and an unknown one: one answer.
pub(super) fn closing_reason<T>(found: AppResult<T>, id: &str) -> ApiResult<T> {
    told_by_id(found, "closing reason", "Closing reason", id)
}

/// What the operations on executions refuse: the message alone, 400 for what a state does not allow, and for templates
/// and entities that do not exist (source: contracts/epilot.md 1B.1).
pub(super) fn execution<T>(done: AppResult<T>) -> ApiResult<T> {
    done.map_err(|error| match error {
        AppError::NotFound("flow template") => bad_request("Invalid flow_template_id (template not found)".into()),
        AppError::Conflict(text) => bad_request(text),
        AppError::Invalid(faults) => bad_request(told(&faults, |fault| match fault.pointer.as_str() {
            "" => fault.message.clone(),
            place => format!("{}: {}", field_name(place), fault.message),
        })),
        other => other.into(),
    })
}

/// What is wrong with a request, without a word before it.
pub(super) fn request<T>(read: ApiResult<T>) -> ApiResult<T> {
    read.map_err(|error| match error {
        ApiError::Invalid(faults) => bad_request(told(&faults, named)),
        other => other,
    })
}

fn bad_request(message: String) -> ApiError {
    ApiError::Custom(Box::new(Custom {
        status: StatusCode::BAD_REQUEST,
        code: "bad_request",
        message,
        details: None,
        retry_after_secs: None,
    }))
}

fn told_by_id<T>(found: AppResult<T>, thing: &str, name: &str, id: &str) -> ApiResult<T> {
    found.map_err(|error| match error {
        AppError::NotFound(what) if what == thing => ApiError::Custom(Box::new(Custom {
            status: StatusCode::NOT_FOUND,
            code: "not_found",
            message: format!("{name} with id '{id}' not found"),
            details: None,
            retry_after_secs: None,
        })),
        other => other.into(),
    })
}

/// The error in this dialect's shape. What a state does not allow is 400 here, too.
pub(super) fn render(error: &ApiError) -> Response {
    let status = match error {
        ApiError::Invalid(_) | ApiError::App(AppError::Invalid(_) | AppError::Transition(_) | AppError::Quota(_)) => {
            StatusCode::BAD_REQUEST
        }
        other => other.status(),
    };
    let message = match error {
        ApiError::NoRoute => "Not found".into(),
        ApiError::MethodNotAllowed => "Method not allowed".into(),
        ApiError::Unauthenticated(_) => "Unauthorized".into(),
        ApiError::MissingScope(_)
        | ApiError::Forbidden(_)
        | ApiError::AddressNotAllowed
        | ApiError::App(AppError::Forbidden(_)) => "Forbidden".into(),
        ApiError::App(AppError::Internal(_)) | ApiError::Panic => "Internal server error".into(),
        ApiError::Invalid(faults) | ApiError::App(AppError::Invalid(faults)) => {
            format!("Validation failed: {}", told(faults, named))
        }
        ApiError::App(AppError::NotFound(what)) => capitalised(&format!("{what} not found")),
        other => other.public_text(),
    };
    let mut response = reply::json(status, &ErrorBody { message });
    reply::retry_after(error, &mut response);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn told(faults: &[FieldFault], text: impl Fn(&FieldFault) -> String) -> String {
    let mut texts: Vec<String> = faults.iter().take(MOST_TOLD).map(text).collect();
    if faults.len() > MOST_TOLD {
        texts.push(format!("and {} more", faults.len() - MOST_TOLD));
    }
    texts.join("; ")
}

fn named(fault: &FieldFault) -> String {
    format!("{} {}", field_name(&fault.pointer), fault.message)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::AuthFault;
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};

    async fn body(response: Response) -> Value {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn every_refusal_is_a_message_and_nothing_else() {
        let missing = template::<()>(Err(AppError::NotFound("template")), "a/b").unwrap_err();
        let reason = closing_reason::<()>(Err(AppError::NotFound("closing reason")), "r").unwrap_err();
        for (error, status, message) in [
            (ApiError::NoRoute, 404, "Not found"),
            (missing, 404, "Definition with id 'a/b' not found"),
            (reason, 404, "Closing reason with id 'r' not found"),
            (ApiError::Unauthenticated(AuthFault::Missing), 401, "Unauthorized"),
            (ApiError::Unauthenticated(AuthFault::Invalid), 401, "Unauthorized"),
            (ApiError::MissingScope(&["workflow:definition:view"]), 403, "Forbidden"),
            (ApiError::Forbidden("the key belongs to another organization".into()), 403, "Forbidden"),
            (
                ApiError::invalid("/tasks/0/id", "must not be empty"),
                400,
                "Validation failed: tasks[0].id must not be empty",
            ),
            (ApiError::App(AppError::Conflict("changed".into())), 409, "changed"),
            (ApiError::App(AppError::Quota("at most 3".into())), 400, "quota exceeded: at most 3"),
            (ApiError::App(AppError::Internal("broken row".into())), 500, "Internal server error"),
            (ApiError::Panic, 500, "Internal server error"),
        ] {
            let response = render(&error);
            assert_eq!(response.status().as_u16(), status, "{error:?}");
            assert_eq!(body(response).await, json!({ "message": message }), "{error:?}");
        }
    }

    #[tokio::test]
    async fn many_faults_are_cut_short() {
        let faults = (0..25).map(|i| FieldFault::new(format!("/tasks/{i}"), "is wrong")).collect();
        let message = body(render(&ApiError::Invalid(faults))).await["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("Validation failed: tasks[0] is wrong; tasks[1] is wrong; "), "{message}");
        assert!(message.ends_with("tasks[19] is wrong; and 5 more"), "{message}");
    }
}
