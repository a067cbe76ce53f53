//! A task as V2 shows it.

use super::flow::{analytics, due_date};
use crate::epilot::wire::{
    AgentExecutionInfo, AgentView, AutomationInfo, AutomationView, ConditionView, DecisionView, KindView, ManualView,
    ScheduleView, TaskView,
};
use stepwright_engine::NodeId;
use stepwright_engine::flow::{
    AgentState, AgentTask, AutomationTask, Condition, DecisionTask, Flow, LoopInfo, Schedule, ScheduleState, Task,
    TaskError, TaskKind,
};

/// One task; none when the flow has no such task.
pub(in crate::epilot) fn task(flow: &Flow, id: &NodeId) -> Option<TaskView> {
    flow.task(id).map(|task| task_of(task, flow.loop_info(id)))
}

/// A task, with the counter of the loop it stands in.
pub(super) fn task_of(task: &Task, loop_info: Option<LoopInfo>) -> TaskView {
    let error = task.error.as_ref().map(TaskError::to_json_string);
    let (kind, error_reason) = match &task.kind {
        TaskKind::Manual => (KindView::Manual(ManualView { loop_config: loop_info }), None),
        TaskKind::Automation(of) => (KindView::Automation(automation(of, error, loop_info)), None),
        // A decision tells it in its schedule, or, without one, beside it.
        TaskKind::Decision(of) if of.spec.schedule.is_some() => (KindView::Decision(decision(of, error)), None),
        TaskKind::Decision(of) => (KindView::Decision(decision(of, None)), error),
        TaskKind::AiAgent(of) => (KindView::AiAgent(agent(of, loop_info)), None),
    };
    TaskView {
        id: task.id.clone(),
        template_id: task.template_id.clone(),
        name: task.name.clone(),
        description: task.description.clone(),
        status: task.status,
        journey: task.journey.clone(),
        due_date: due_date(task.due.as_ref()),
        due_date_config: task.due_date_config.clone(),
        requirements: task.requirements.clone(),
        assigned_to: task.assigned_to.clone(),
        analytics: analytics(&task.analytics),
        created_at: task.created_at,
        updated_at: task.updated_at,
        manually_created: task.manually_created,
        enabled: task.enabled,
        ecp: task.ecp.clone(),
        installer: task.installer.clone(),
        partner: task.partner.clone(),
        taxonomies: task.taxonomies.clone(),
        phase_id: task.phase_id.clone(),
        error_reason,
        kind,
    }
}

fn automation(of: &AutomationTask, error: Option<String>, loop_config: Option<LoopInfo>) -> AutomationView {
    let run = of.run.as_ref();
    let execution_id = run.map(|run| run.execution_id.clone());
    let of_run = || run.and_then(|run| run.state.error()).as_ref().map(TaskError::to_json_string);
    AutomationView {
        automation_config: AutomationInfo {
            flow_id: of.spec.automation_config.flow_id.clone(),
            execution_id: execution_id.clone(),
            execution_status: run.map(|run| run.state.name()),
            error_reason: error.or_else(of_run),
            input_context: of.spec.automation_config.input_context.clone(),
            heal_attempts: (of.heal_attempts > 0).then_some(of.heal_attempts),
            last_heal_attempted_at: of.last_heal_attempted_at,
        },
        automation_execution_id: execution_id,
        trigger_mode: of.spec.trigger_mode,
        schedule: of.spec.schedule.as_ref().map(|spec| schedule(spec, &of.schedule, None)),
        loop_config,
    }
}

fn decision(of: &DecisionTask, error: Option<String>) -> DecisionView {
    DecisionView {
        trigger_mode: of.spec.trigger_mode,
        conditions: of.spec.conditions.iter().map(condition).collect(),
        allow_parallel_execution: of.spec.allow_parallel_execution,
        schedule: of.spec.schedule.as_ref().map(|spec| schedule(spec, &of.schedule, error)),
        loop_config: of.spec.loop_config.clone(),
    }
}

fn condition(of: &Condition) -> ConditionView {
    let Condition { id, branch_name, logical_operator, statements, custom_condition, evaluated_at, is_met } =
        of.clone();
    ConditionView { id, branch_name, logical_operator, statements, custom_condition, evaluated_at, is_met }
}

fn schedule(spec: &Schedule, state: &ScheduleState, error_reason: Option<String>) -> ScheduleView {
    let armed = state.armed();
    ScheduleView {
        spec: spec.clone(),
        schedule_id: armed.map(|(id, _)| id.to_owned()),
        scheduled_at: armed.map(|(_, at)| at),
        error_reason,
    }
}

fn agent(of: &AgentTask, loop_config: Option<LoopInfo>) -> AgentView {
    let run = of.run.as_ref();
    let error = run.and_then(|run| match &run.state {
        AgentState::Failed { error, .. } => Some(error.to_json_string()),
        AgentState::Running
        | AgentState::WaitingApproval
        | AgentState::Completed { .. }
        | AgentState::Cancelled { .. } => None,
    });
    AgentView {
        agent_config: of.spec.agent_config.clone(),
        agent_execution: run.map(|run| AgentExecutionInfo {
            execution_id: run.execution_id.clone(),
            execution_status: run.state.name(),
            error_reason: error,
            outcome: run.outcome.clone(),
        }),
        agent_execution_id: run.map(|run| run.execution_id.clone()),
        loop_config,
    }
}
