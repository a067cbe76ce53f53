//! V2 flow executions.

pub mod add_task;
pub mod cancel_schedule;
pub mod cancel_task_schedule;
pub mod delete;
pub mod execute_task;
pub mod get;
pub mod patch;
pub mod patch_phase;
pub mod patch_task;
pub mod reconcile_automation;
pub mod run_automation;
pub mod run_schedule_now;
pub mod search;
pub mod start;

use crate::epilot::translate::task;
use crate::kit::{ApiError, ApiResult, reply};
use stepwright_app::AppError;
use stepwright_engine::NodeId;
use stepwright_engine::flow::Flow;

fn shown_task(flow: &Flow, id: &NodeId) -> ApiResult {
    let shown = task(flow, id).ok_or(ApiError::App(AppError::NotFound("task")))?;
    Ok(reply::ok(&shown))
}
