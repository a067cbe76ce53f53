//! The one error type of all handlers, and which status each error has.
//!
//! A handler returns it; [`super::layer`] has the dialect render it. So no dialect's shape is known to extractors.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::Value;
use stepwright_app::{AppError, FieldFault};

/// A handler's result.
pub type ApiResult<T = Response> = Result<T, ApiError>;

/// Why credentials were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthFault {
    /// None were sent.
    Missing,
    /// Unknown, revoked, expired, or of another dialect: one answer for all, so that nothing is learnt by trying.
    Invalid,
}

/// An answer only one dialect has.
#[derive(Clone, Debug, PartialEq)]
pub struct Custom {
    pub status: StatusCode,
    /// Stable, for machines.
    pub code: &'static str,
    pub message: String,
    pub details: Option<Value>,
    pub retry_after_secs: Option<u64>,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum ApiError {
    /// No such path.
    NoRoute,
    /// The path is known, the method is not; the router adds `Allow`.
    MethodNotAllowed,
    Unauthenticated(AuthFault),
    /// The key holds none of these scopes.
    MissingScope(&'static [&'static str]),
    /// The key may not do this at all.
    Forbidden(String),
    /// The key may be used from other addresses only.
    AddressNotAllowed,
    RateLimited {
        retry_after_secs: u64,
        limit: u32,
    },
    /// The body has more than this many bytes.
    TooLarge {
        limit: usize,
    },
    /// The content type is none of these.
    UnsupportedType {
        expected: &'static str,
    },
    /// The body cannot be read; line and column from 1, 0 when there is no place.
    Malformed {
        message: String,
        line: usize,
        column: usize,
    },
    /// The request breaks rules; all of them are listed.
    Invalid(Vec<FieldFault>),
    /// `Idempotency-Key` is not 1 to 255 visible ASCII characters.
    BadIdempotencyKey,
    /// The idempotency key was used with another body.
    IdempotencyMismatch,
    /// The first request with this idempotency key is still running.
    IdempotencyRunning,
    /// What a use case refused, `Invalid` aside.
    App(AppError),
    Custom(Box<Custom>),
    /// A handler panicked; the text is in the log.
    Panic,
}

impl ApiError {
    /// One fault.
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault::new(pointer, message)])
    }

    /// A broken body without a place.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::Malformed { message: message.into(), line: 0, column: 0 }
    }

    /// **The status table.** A dialect whose contract says otherwise differs in its own `render`.
    ///
    /// | error | status |
    /// |---|---|
    /// | `NoRoute`, `App(NotFound)` (also another tenant's id) | 404 |
    /// | `MethodNotAllowed` | 405 + `Allow` |
    /// | `Unauthenticated` | 401 |
    /// | `MissingScope`, `Forbidden`, `AddressNotAllowed`, `App(Forbidden)` | 403 |
    /// | `RateLimited` | 429 + `Retry-After` |
    /// | `TooLarge` | 413 |
    /// | `UnsupportedType` | 415 |
    /// | `Malformed`, `BadIdempotencyKey` | 400 |
    /// | `Invalid` | 422 |
    /// | `App(Conflict, Transition, RecentRun)`, `IdempotencyMismatch` | 409 |
    /// | `IdempotencyRunning` | 409 + `Retry-After: 1` |
    /// | `App(Quota)` | 409: waiting alone does not help, something must be deleted or the quota raised |
    /// | `App(Unavailable)` | 503 + `Retry-After: 1` |
    /// | `App(Internal)`, `Panic` | 500, its text only in the log |
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoRoute | Self::App(AppError::NotFound(_)) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::MissingScope(_)
            | Self::Forbidden(_)
            | Self::AddressNotAllowed
            | Self::App(AppError::Forbidden(_)) => StatusCode::FORBIDDEN,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Malformed { .. } | Self::BadIdempotencyKey => StatusCode::BAD_REQUEST,
            Self::Invalid(_) | Self::App(AppError::Invalid(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::IdempotencyMismatch
            | Self::IdempotencyRunning
            | Self::App(
                AppError::Conflict(_)
                | AppError::Foreign(_)
                | AppError::Transition(_)
                | AppError::RecentRun { .. }
                | AppError::Quota(_),
            ) => StatusCode::CONFLICT,
            Self::App(AppError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::App(AppError::Internal(_)) | Self::Panic => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Custom(custom) => custom.status,
        }
    }

    /// What a client may read: never a database's or a panic's text.
    pub fn public_text(&self) -> String {
        match self {
            Self::NoRoute => "no such path".into(),
            Self::MethodNotAllowed => "the path does not offer this method".into(),
            Self::Unauthenticated(AuthFault::Missing) => "credentials are missing".into(),
            Self::Unauthenticated(AuthFault::Invalid) => "the credentials are not valid".into(),
            Self::MissingScope(scopes) => format!("the key lacks the scope {}", scopes.join(" or ")),
            Self::Forbidden(text) => text.clone(),
            Self::AddressNotAllowed => "the key may not be used from this address".into(),
            Self::RateLimited { limit, .. } => format!("more than {limit} requests in a minute"),
            Self::TooLarge { limit } => format!("the body has more than {limit} bytes"),
            Self::UnsupportedType { expected } => format!("the content type must be {expected}"),
            Self::Malformed { message, line: 0, .. } => message.clone(),
            Self::Malformed { message, line, column } => format!("{message} at line {line} column {column}"),
            Self::Invalid(_) => "the request breaks rules".into(),
            Self::BadIdempotencyKey => "Idempotency-Key must be 1 to 255 visible ASCII characters".into(),
            Self::IdempotencyMismatch => "the idempotency key was used with another body".into(),
            Self::IdempotencyRunning => "the first request with this idempotency key is still running".into(),
            Self::App(AppError::Unavailable(_)) => "temporarily unavailable, try again".into(),
            Self::App(AppError::Internal(_)) | Self::Panic => "internal error".into(),
            Self::App(error) => error.to_string(),
            Self::Custom(custom) => custom.message.clone(),
        }
    }

    /// Seconds for `Retry-After`.
    pub fn retry_after_secs(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after_secs, .. } => Some(*retry_after_secs),
            Self::IdempotencyRunning | Self::App(AppError::Unavailable(_)) => Some(1),
            Self::App(AppError::RecentRun { retry_after_secs, .. }) => Some(u64::from(*retry_after_secs)),
            Self::Custom(custom) => custom.retry_after_secs,
            _ => None,
        }
    }

    /// Whether an answer with this error may be kept for an idempotent replay: only when the operation has begun.
    pub fn may_be_replayed(&self) -> bool {
        let status = self.status();
        !matches!(
            self,
            Self::Invalid(_) | Self::Malformed { .. } | Self::TooLarge { .. } | Self::UnsupportedType { .. }
        ) && !matches!(status.as_u16(), 401 | 403 | 429)
            && !status.is_server_error()
            && self.retry_after_secs().is_none()
    }
}

impl From<AppError> for ApiError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Invalid(faults) => Self::Invalid(faults),
            other => Self::App(other),
        }
    }
}

impl IntoResponse for ApiError {
    /// Carries the error to [`super::layer`]; the body is the dialect's business.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
