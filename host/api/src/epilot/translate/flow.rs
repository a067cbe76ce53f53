//! A flow as V2 shows it.

use super::task::task_of;
use crate::epilot::wire::{
    AnalyticsView, ClosingView, ContextView, CurrentView, ExecutionView, FlowAnalytics, PhaseView,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stepwright_engine::flow::{Analytics, Closing, Context, Due, Flow, FlowStatus, FlowTrigger, LoopInfo, Phase};
use stepwright_engine::{NodeId, TenantId};

/// The whole execution.
pub(in crate::epilot) fn flow_execution(flow: &Flow, org_id: TenantId) -> ExecutionView {
    let loops = flow.loop_infos();
    ExecutionView {
        id: flow.id.clone(),
        flow_template_id: flow.flow_template_id.clone(),
        org_id,
        name: flow.name.clone(),
        created_at: flow.created_at,
        updated_at: flow.updated_at,
        due_date: due_date(flow.due.as_ref()),
        due_date_config: flow.due_date_config.clone(),
        status: flow.status.name(),
        assigned_to: flow.assigned_to.clone(),
        analytics: flow_analytics(flow),
        trigger: trigger(&flow.trigger),
        contexts: flow.contexts.iter().map(context).collect(),
        crt_tasks: flow.crt_tasks.iter().map(|c| CurrentView { id: c.id.clone(), crt_since: c.crt_since }).collect(),
        phases: flow.phases.iter().map(|p| phase_of(p, &loops)).collect(),
        tasks: flow.tasks.iter().map(|t| task_of(t, loops.get(&t.id).copied())).collect(),
        edges: flow.edges.clone(),
        execution_chain: flow.chain.clone(),
        closing_reason: closing_reason(&flow.closing),
        available_in_ecp: flow.available_in_ecp,
        entity_sync: flow.entity_sync.clone(),
        taxonomies: flow.taxonomies.clone(),
        single_closing_reason_selection: flow.closing.single_selection,
        linear: flow.linear,
    }
}

/// One phase; none when the flow has no such phase.
pub(in crate::epilot) fn phase(flow: &Flow, id: &NodeId) -> Option<PhaseView> {
    flow.phase(id).map(|phase| phase_of(phase, &flow.loop_infos()))
}

/// A due date's text.
pub(super) fn due_date(due: Option<&Due>) -> Option<String> {
    due.map(|due| due.as_str().to_owned())
}

/// What happened to a task or phase.
pub(super) fn analytics(of: &Analytics) -> AnalyticsView {
    let Analytics {
        started_at,
        in_progress_at,
        completed_at,
        status_updated_at,
        in_progress_by,
        completed_by,
        skipped_by,
        on_hold_by,
    } = of.clone();
    AnalyticsView {
        started_at,
        in_progress_at,
        completed_at,
        status_updated_at,
        in_progress_by,
        completed_by,
        skipped_by,
        on_hold_by,
    }
}

fn phase_of(phase: &Phase, loops: &BTreeMap<NodeId, LoopInfo>) -> PhaseView {
    PhaseView {
        id: phase.id.clone(),
        template_id: phase.template_id.clone(),
        name: phase.name.clone(),
        status: phase.status,
        updated_at: phase.updated_at,
        due_date: due_date(phase.due.as_ref()),
        due_date_config: phase.due_date_config.clone(),
        assigned_to: phase.assigned_to.clone(),
        analytics: analytics(&phase.analytics),
        taxonomies: phase.taxonomies.clone(),
        loop_config: loops.get(&phase.id).copied(),
    }
}

fn context(of: &Context) -> ContextView {
    let (entity_id, entity_schema) = (of.entity_id.clone(), of.entity_schema.clone());
    ContextView { entity_id, entity_schema, is_primary: of.is_primary }
}

fn flow_analytics(flow: &Flow) -> FlowAnalytics {
    let (completed_at, closed_at, closed_by) = match &flow.status {
        FlowStatus::Started => (None, None, None),
        FlowStatus::Done { at } => (Some(*at), None, None),
        FlowStatus::Closed { at, by } => (None, Some(*at), by.clone()),
    };
    let started_by = flow.started_by.clone();
    FlowAnalytics { started_at: flow.started_at, completed_at, closed_at, started_by, closed_by }
}

fn trigger(trigger: &FlowTrigger) -> Value {
    let mut shown = json!({ "type": trigger.kind });
    if let Some(config) = &trigger.automation_config {
        shown["automation_config"] = config.clone();
    }
    shown
}

fn closing_reason(closing: &Closing) -> Option<ClosingView> {
    let Closing { configured_reasons, selected_reasons, extra_description, single_selection: _ } = closing.clone();
    let any = !configured_reasons.is_empty() || !selected_reasons.is_empty() || extra_description.is_some();
    any.then_some(ClosingView { selected_reasons, configured_reasons, extra_description })
}
