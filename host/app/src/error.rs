//! What a use case can refuse with. Dialects turn these into their own error shapes; status codes live only there.

use crate::ports::StoreError;
use stepwright_engine::TransitionError;

/// A fault in a request, with its place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldFault {
    /// JSON pointer, "" for the whole.
    pub pointer: String,
    /// The rule that is broken.
    pub message: String,
}

impl FieldFault {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// Why a use case did nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AppError {
    /// No such thing in the caller's tenant; another tenant's id gives exactly this.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The request breaks rules; all of them are listed.
    #[error("invalid request: {}", join(.0))]
    Invalid(Vec<FieldFault>),
    #[error("{0}")]
    Forbidden(String),
    /// The current state does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// Only the API it was made with knows how to change it.
    #[error("it was made with the {} API, which alone can change it", .0.as_str())]
    Foreign(stepwright_engine::Dialect),
    /// A run of the definition was created too recently (SoftSolz, 30-second rule).
    #[error("a run was started less than {window_secs} seconds ago")]
    RecentRun { window_secs: u32, retry_after_secs: u32, last_run: Option<stepwright_engine::ExecutionId> },
    #[error("quota exceeded: {0}")]
    Quota(String),
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// Try again; nothing was written.
    #[error("temporarily unavailable: {0}")]
    Unavailable(String),
    /// A bug or a broken row; the text is for logs only.
    #[error("internal error: {0}")]
    Internal(String),
}

/// A use case's result.
pub type AppResult<T> = Result<T, AppError>;

impl AppError {
    /// One fault.
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault::new(pointer, message)])
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(text) => Self::Unavailable(text),
            StoreError::Duplicate(what) => Self::Conflict(format!("{what} already exists")),
            StoreError::Inconsistent(text) => Self::Internal(text),
        }
    }
}

fn join(faults: &[FieldFault]) -> String {
    faults.iter().map(|f| format!("{} {}", f.pointer, f.message)).collect::<Vec<_>>().join("; ")
}
