//! One view of all dialects' executions.

pub mod callback;
pub mod cancel;
pub mod complete_task;
pub mod get;
pub mod history;
pub mod list;
pub mod resume;
pub mod retry;
pub mod skip_task;

use crate::kit::{ApiError, ApiResult};
use stepwright_app::usecases::Access;
use stepwright_app::{App, AppError};
use stepwright_engine::{ExecutionId, NodeId, TaskId};

/// The task of a node named in a path.
async fn task_of(app: &App, access: &Access, id: ExecutionId, node: &str) -> ApiResult<TaskId> {
    let view = app.execution(access, id).await?;
    let task = view.execution.task_of(&NodeId::new(node)).map(|task| task.id);
    task.ok_or(ApiError::App(AppError::NotFound("node")))
}
