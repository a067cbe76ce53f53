//! The catalogue of closing reasons, V1 and V2.

pub mod change_status;
pub mod create;
pub mod delete;
pub mod get;
pub mod get_v1;
pub mod list;
pub mod update;

use crate::epilot::error;
use crate::epilot::wire::ReasonView;
use crate::kit::{ApiResult, reply};
use stepwright_app::App;
use stepwright_app::usecases::Access;

async fn shown(app: &App, access: &Access, id: &str) -> ApiResult {
    let found = error::closing_reason(app.closing_reason(access, id).await, id)?;
    Ok(reply::ok(&ReasonView::from(found)))
}
