use super::RecordStatusName;

/// Why a record does not take a command. It is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("Workflow is {}: only allowed for non-terminal statuses", .0.as_str())]
    Terminal(RecordStatusName),
    #[error("Workflow is already suspended")]
    AlreadySuspended,
    #[error("Workflow is not suspended (status: {})", .0.as_str())]
    NotSuspended(RecordStatusName),
    #[error("Workflow is suspended: use resume to continue it")]
    UseResume,
    /// The merged state is too large.
    #[error("workflow_state would have {bytes} bytes, at most {} are allowed", super::MAX_STATE)]
    StateTooLarge { bytes: usize },
    /// No timer is due; callers drop it.
    #[error("nothing is due")]
    NothingDue,
}
