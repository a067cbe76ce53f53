//! Errors as RFC 9457 problem details.

use crate::kit::{ApiError, AuthFault, RequestInfo, reply};
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// A problem.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    /// The request's path. Left out of a 404: another tenant's id is answered byte for byte like an unknown one.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<ProblemFault>>,
}

/// One broken rule.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProblemFault {
    /// JSON pointer into the body, or `/<parameter>` of the query.
    pointer: String,
    detail: String,
}

/// The error as a problem.
pub fn render(error: &ApiError, request: &RequestInfo) -> Response {
    let status = error.status();
    let faults = match error {
        ApiError::Invalid(faults) => Some(
            faults.iter().map(|f| ProblemFault { pointer: f.pointer.clone(), detail: f.message.clone() }).collect(),
        ),
        _ => None,
    };
    let problem = Problem {
        kind: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail: error.public_text(),
        instance: (status != StatusCode::NOT_FOUND).then(|| request.path.clone()),
        errors: faults,
    };
    let mut response = reply::typed(status, "application/problem+json", &problem);
    reply::retry_after(error, &mut response);
    if let ApiError::Unauthenticated(fault) = error {
        let challenge = match fault {
            AuthFault::Missing => "Bearer",
            AuthFault::Invalid => "Bearer error=\"invalid_token\"",
        };
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}
