//! One operation a file: permission and arguments, translation, one call of the application, translation.

pub mod action_catalog;
pub mod create_workflow;
pub mod delete_workflow;
pub mod get_run;
pub mod get_workflow;
pub mod list_runs;
pub mod list_workflow_runs;
pub mod list_workflows;
pub mod pause_workflow;
pub mod resume_workflow;
pub mod run_workflow;
pub mod update_workflow;
pub mod whoami;

use super::error::NO_WORKFLOW;
use super::page::{self, Wanted};
use super::translate;
use super::wire::{Data, RunStatus, Workflow};
use crate::kit::{ApiError, ApiResult, reply};
use stepwright_app::ports::ExecutionFilter;
use stepwright_app::usecases::Access;
use stepwright_app::{App, AppError};
use stepwright_engine::{Definition, DefinitionId, DefinitionStatus, Dialect};
use uuid::Uuid;

/// How often a change is made anew because somebody else was faster.
const MAX_TRIES: u32 = 5;

/// An id as this API writes it; other spellings of UUIDs are no ids.
fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}

/// The workflow with this id.
async fn find(app: &App, access: &Access, text: &str) -> ApiResult<Definition> {
    let id = id(text).map(DefinitionId::from_uuid).ok_or(NO_WORKFLOW)?;
    match app.definition(access, id).await {
        Ok(definition) if definition.dialect == Dialect::Softsolz => Ok(definition),
        Ok(_) | Err(AppError::NotFound(_)) => Err(NO_WORKFLOW),
        Err(error) => Err(error.into()),
    }
}

/// A workflow as shown.
async fn shown(app: &App, access: &Access, definition: &Definition) -> ApiResult<Workflow> {
    let schedule = app.schedule_states(access, &[definition.id]).await?.into_iter().next().unwrap_or_default();
    Ok(translate::workflow(definition, schedule))
}

/// A workflow that has just been written, with what will not work.
async fn written(app: &App, access: &Access, definition: &Definition) -> ApiResult<Data<Workflow>> {
    let warnings = translate::warnings(definition, access.tenant());
    let data = Workflow { warnings, ..shown(app, access, definition).await? };
    Ok(Data { data })
}

/// Pauses or resumes; a workflow that already is what it should be is simply shown.
async fn set_status(app: &App, access: &Access, id: &str, status: DefinitionStatus) -> ApiResult {
    for _ in 0..MAX_TRIES {
        let current = find(app, access, id).await?;
        match app.set_definition_status(access, &current, status).await {
            Ok(next) => return Ok(reply::ok(&Data { data: shown(app, access, &next).await? })),
            Err(AppError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(keeps_changing())
}

fn keeps_changing() -> ApiError {
    ApiError::App(AppError::Unavailable("the workflow keeps changing".into()))
}

/// A page of runs, of one workflow or of all there is, other APIs' executions included.
async fn runs(app: &App, access: &Access, of: Option<DefinitionId>, wanted: Wanted<RunStatus>) -> ApiResult {
    let Wanted { paging, status } = wanted;
    let filter = ExecutionFilter {
        dialect: None,
        definition: of,
        statuses: status.map(translate::core_statuses).unwrap_or_default(),
    };
    let found = app.executions(access, &filter, paging).await?;
    let runs = found.map(|view| translate::run(&view.definition, &view.execution));
    Ok(reply::ok(&page::list(paging, runs)))
}
