//! The answer that shows a run (source: contracts/softsolz.md, "Run", and core-model.md 3.2).

use crate::softsolz::wire::{Run, RunError, RunStatus, RunStep, RunTrigger, StepError, StepStatus};
use stepwright_app::face::{CoreStatus, Face, NodeFace, NodeStatus};
use stepwright_engine::{
    Definition, Dialect, Execution, ExecutionStatus, Fault, Task, TaskState, Timestamp, TriggerSource,
};

/// An execution as this API shows it, whichever API it was made with.
pub(in crate::softsolz) fn run(definition: &Definition, execution: &Execution) -> Run {
    if execution.dialect != Dialect::Softsolz {
        return foreign_run(definition, execution);
    }
    let id = execution.id.to_string();
    Run {
        run_id: id.clone(),
        id,
        workflow_id: execution.definition_id.to_string(),
        status: run_status(execution),
        trigger: run_trigger(execution),
        scheduled_for: execution.trigger.scheduled_for.map(Timestamp::to_rfc3339_secs),
        queued_at: execution.created_at.to_rfc3339_secs(),
        started_at: execution.started_at.map(Timestamp::to_rfc3339_secs),
        finished_at: execution.status.ended_at().map(Timestamp::to_rfc3339_secs),
        error: run_error(execution),
        steps: execution.tasks.iter().map(|task| run_step(definition, task)).collect(),
    }
}

/// The run's status.
pub(in crate::softsolz) fn run_status(execution: &Execution) -> RunStatus {
    status(CoreStatus::of(execution))
}

/// What this API has no word for counts as the nearest that it has (source: contracts/core-model.md 3.2). A run that
/// an operator has paused is still under way for this API's callers.
const fn status(status: CoreStatus) -> RunStatus {
    match status {
        CoreStatus::Pending => RunStatus::Queued,
        CoreStatus::Running | CoreStatus::Waiting | CoreStatus::Suspended | CoreStatus::Paused => RunStatus::Running,
        CoreStatus::Completed => RunStatus::Completed,
        CoreStatus::Failed => RunStatus::Failed,
        CoreStatus::Cancelled | CoreStatus::Expired => RunStatus::Cancelled,
    }
}

/// The core's names of what is shown as `shown`.
pub(in crate::softsolz) fn core_statuses(shown: RunStatus) -> Vec<String> {
    CoreStatus::names(|core| status(core) == shown)
}

/// What started the run; anything but the clock is somebody's doing.
pub(in crate::softsolz) const fn run_trigger(execution: &Execution) -> RunTrigger {
    match execution.trigger.source {
        TriggerSource::Schedule => RunTrigger::Schedule,
        TriggerSource::Manual | TriggerSource::Event | TriggerSource::Flow => RunTrigger::Manual,
    }
}

/// Why the run failed.
pub(in crate::softsolz) fn run_error(execution: &Execution) -> Option<RunError> {
    match &execution.status {
        ExecutionStatus::Failed { task, fault, .. } => {
            let StepError { code, message } = step_error(fault);
            Some(RunError { code, message, step_index: task.map(|t| t.0) })
        }
        ExecutionStatus::Pending
        | ExecutionStatus::Running
        | ExecutionStatus::Waiting { .. }
        | ExecutionStatus::Suspended { .. }
        | ExecutionStatus::Paused { .. }
        | ExecutionStatus::Completed { .. }
        | ExecutionStatus::Cancelled { .. }
        | ExecutionStatus::Expired { .. } => None,
    }
}

/// A fault as this API shows it.
pub(in crate::softsolz) fn step_error(fault: &Fault) -> StepError {
    StepError { code: fault.code.clone(), message: fault.reason.clone() }
}

/// The step type of a task.
pub(in crate::softsolz) fn task_step_type<'a>(definition: &'a Definition, task: &'a Task) -> &'a str {
    definition.graph.node(&task.node).map_or(task.node.as_str(), super::spec::step_type)
}

/// An execution of another API.
fn foreign_run(definition: &Definition, execution: &Execution) -> Run {
    let face = Face::new(execution, definition);
    let id = face.id.to_string();
    let nodes = NodeFace::all_of(execution, definition);
    let place = |node: &str| nodes.iter().position(|n| n.id == node).and_then(|i| u32::try_from(i).ok());
    let status = status(face.status);
    Run {
        run_id: id.clone(),
        id,
        workflow_id: face.definition_id.to_string(),
        status,
        trigger: run_trigger(execution),
        scheduled_for: execution.trigger.scheduled_for.map(Timestamp::to_rfc3339_secs),
        queued_at: face.created_at.to_rfc3339_secs(),
        started_at: face.started_at.map(Timestamp::to_rfc3339_secs),
        finished_at: face.ended_at.map(Timestamp::to_rfc3339_secs),
        error: face.error.filter(|_| status == RunStatus::Failed).map(|error| {
            let StepError { code, message } = step_error(&error.fault);
            RunError { code, message, step_index: error.node.as_deref().and_then(place) }
        }),
        steps: nodes.iter().zip(0..).map(|(node, index)| foreign_step(node, index)).collect(),
    }
}

fn foreign_step(node: &NodeFace, index: u32) -> RunStep {
    let status = match node.status {
        NodeStatus::Pending => StepStatus::Pending,
        NodeStatus::Running | NodeStatus::Waiting => StepStatus::Running,
        NodeStatus::Completed => StepStatus::Completed,
        NodeStatus::Failed => StepStatus::Failed,
        NodeStatus::Skipped | NodeStatus::Cancelled => StepStatus::Skipped,
    };
    RunStep {
        index,
        step_type: node.step.clone().unwrap_or_else(|| node.kind.as_str().to_owned()),
        status,
        started_at: node.started_at.map(Timestamp::to_rfc3339_secs),
        finished_at: node.ended_at.filter(|_| node.started_at.is_some()).map(Timestamp::to_rfc3339_secs),
        output: node.output.clone(),
        error: node.error.as_ref().filter(|_| status == StepStatus::Failed).map(step_error),
    }
}

fn run_step(definition: &Definition, task: &Task) -> RunStep {
    let (status, finished, output, error) = match &task.state {
        TaskState::Pending => (StepStatus::Pending, None, None, None),
        TaskState::Running { .. }
        | TaskState::Retrying { .. }
        | TaskState::Deferred { .. }
        | TaskState::Waiting { .. }
        | TaskState::Open { .. } => (StepStatus::Running, None, None, None),
        TaskState::Completed { at, output } => (StepStatus::Completed, Some(*at), Some(output.clone()), None),
        TaskState::Skipped { at, .. } => (StepStatus::Skipped, Some(*at), None, None),
        TaskState::Failed { at, fault, .. } => (StepStatus::Failed, Some(*at), None, Some(step_error(fault))),
        // A cancelled step has left nothing behind, as if it had been skipped.
        TaskState::Cancelled { at } => (StepStatus::Skipped, Some(*at), None, None),
    };
    RunStep {
        index: task.id.0,
        step_type: task_step_type(definition, task).to_owned(),
        status,
        started_at: task.started_at.map(Timestamp::to_rfc3339_secs),
        // What has not begun does not finish either.
        finished_at: finished.filter(|_| task.started_at.is_some()).map(Timestamp::to_rfc3339_secs),
        output,
        error,
    }
}
