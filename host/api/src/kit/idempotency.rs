//! Requests with an `Idempotency-Key`: done once, answered alike every time.

use super::{ApiError, ApiResult, ApiState, RequestInfo};
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use sha2::Digest as _;
use std::future::Future;
use std::sync::Arc;
use stepwright_app::ports::{IdempotencyBegin, StoredResponse};
use stepwright_app::usecases::{Access, Repeatable, derived_uuid};
use tracing::Instrument as _;
use uuid::Uuid;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The request's `Idempotency-Key`, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyHeader(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyHeader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) if is_key(value.as_bytes()) => Ok(Self(value.to_str().ok().map(str::to_owned))),
            (Some(_), _) => Err(ApiError::BadIdempotencyKey),
        }
    }
}

fn is_key(bytes: &[u8]) -> bool {
    (1..=255).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

/// Where the ids of what an idempotent request makes come from: the same request derives the same ids, so that a
/// repetition after a crash between the effect and its record meets what the first one has made.
///
/// The body's hash is part of it: a key used again with another body, once its record has expired, makes new things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed(Vec<String>);

impl Seed {
    /// The parts to derive an id from; the tenant is one of them.
    pub fn parts(&self, kind: &str) -> Vec<String> {
        let mut parts = self.0.clone();
        parts.push(kind.to_owned());
        parts
    }

    /// An id for a thing of this kind.
    pub fn uuid(&self, kind: &str) -> Uuid {
        let parts = self.parts(kind);
        derived_uuid(&parts.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// Runs `operation`, or gives the answer an earlier request with the same key has had. Without a key the operation
/// runs at once and the store is not asked. With one it runs to its end even when the caller goes away.
///
/// Answers with 401, 403, 429, 5xx, validation failures and those that ask to come again (`Retry-After`) are not kept.
///
/// # Errors
/// The operation's; `IdempotencyMismatch`, `IdempotencyRunning`.
pub async fn once<F, Fut>(
    state: &ApiState,
    request: &Arc<RequestInfo>,
    access: &Access,
    key: IdempotencyHeader,
    body: &[u8],
    operation: F,
) -> ApiResult
where
    F: FnOnce(Option<Seed>) -> Fut,
    Fut: Future<Output = ApiResult> + Send + 'static,
{
    let Some(key) = key.0 else { return operation(None).await };
    let hash: [u8; 32] = sha2::Sha256::digest(body).into();
    let repeatable = Repeatable::new(access, request.method.as_str(), &request.path, &key, hash);
    match state.app.begin_repeatable(&repeatable).await? {
        IdempotencyBegin::Fresh => {}
        IdempotencyBegin::Running => return Err(ApiError::IdempotencyRunning),
        IdempotencyBegin::OtherBody => return Err(ApiError::IdempotencyMismatch),
        IdempotencyBegin::Replay(stored) => return replay(stored),
    }
    let hash: String = hash.iter().map(|b| format!("{b:02x}")).collect();
    let tenant = access.tenant_id().to_string();
    let seed = Seed(vec![tenant, request.method.to_string(), request.path.clone(), key, hash]);
    let running = tokio::spawn(operation(Some(seed)).in_current_span());
    let (state, request) = (state.clone(), Arc::clone(request));
    // A task of its own, so that a caller who hangs up leaves no half-recorded key behind.
    let recording = async move {
        let result = running.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a handler panicked");
            Err(ApiError::Panic)
        });
        record(&state, &request, &repeatable, result).await
    };
    tokio::spawn(recording.in_current_span()).await.unwrap_or(Err(ApiError::Panic))
}

async fn record(state: &ApiState, request: &RequestInfo, repeatable: &Repeatable, result: ApiResult) -> ApiResult {
    let (response, keep) = match result {
        Ok(response) => {
            let keep = !response.status().is_server_error();
            (response, keep)
        }
        Err(error) => {
            if !error.may_be_replayed() {
                forget(state, repeatable).await;
                return Err(error);
            }
            let wire = super::service::wire_of(state.wires, request.dialect);
            (wire.render(&error, request), true)
        }
    };
    if !keep {
        forget(state, repeatable).await;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|_| ApiError::Panic)?.to_bytes();
    let text = |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.to_owned()));
    let stored = StoredResponse {
        status: parts.status.as_u16(),
        headers: parts.headers.iter().filter_map(text).collect(),
        body: bytes.to_vec(),
    };
    if let Err(error) = state.app.finish_repeatable(repeatable, &stored).await {
        // The effect stands. A repetition derives the same ids and meets it.
        tracing::warn!(%error, "an idempotent answer could not be kept");
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

async fn forget(state: &ApiState, repeatable: &Repeatable) {
    if let Err(error) = state.app.abandon_repeatable(repeatable).await {
        tracing::warn!(%error, "an idempotency key could not be released; it frees itself in two minutes");
    }
}

fn replay(stored: StoredResponse) -> ApiResult {
    let status = StatusCode::from_u16(stored.status).map_err(|_| ApiError::Panic)?;
    let mut response = (status, stored.body).into_response();
    response.headers_mut().remove(http::header::CONTENT_TYPE);
    for (name, value) in stored.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
