//! Starting a flow: a snapshot of the template, cut to the purposes, standing at its first tasks.

use super::apply::{Env, Transition, Work, check_contexts};
use super::bridge::bridge;
use super::condition::DecisionSpec;
use super::entity::resolve;
use super::template::{TRIGGER_NODE, TaskSpec, Template, TemplateTask};
use super::vocab::{PhaseStatus, TaskStatus};
use super::{
    Analytics, Chain, Closing, ClosingReason, Context, DEEPEST_CHAIN, Edge, Flow, FlowError, FlowStatus, FlowTrigger,
    Phase, Task,
};
use crate::{NodeId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a new execution is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct StartFlow {
    /// The execution's id, 8 to 12 unguessable characters.
    pub id: String,
    pub flow_template_id: String,
    /// At least one, unless `about_nothing`.
    pub contexts: Vec<Context>,
    /// Having no contexts is fine (V1).
    pub about_nothing: bool,
    pub trigger: FlowTrigger,
    /// Phases and tasks with taxonomies none of which is here are left out; with no purposes everything stays.
    pub purposes: Vec<String>,
    pub chain: Option<Chain>,
    /// The template's reasons with their titles from the catalogue.
    pub configured_reasons: Vec<ClosingReason>,
    /// Assignees besides those of the template (V1 `assignedTo`).
    pub assigned_to: Vec<super::Assignee>,
    /// Plugin name → component digest.
    pub pins: BTreeMap<String, String>,
}

/// A started flow at version 1, after everything that happens by itself. Automations, evaluations and agents wait in
/// [`Flow::work`].
///
/// # Errors
/// When the template is disabled, its structure is at fault ([`Template::check`]), the contexts are not in order, or
/// the chain is too deep.
pub fn start(template: &Template, args: StartFlow, env: &Env<'_>) -> Result<Transition, FlowError> {
    if !template.enabled {
        return Err(FlowError::invalid("Flow template is disabled"));
    }
    if let Some(fault) = template.check().into_iter().next() {
        return Err(FlowError::invalid(format!("Invalid flow template: {fault}")));
    }
    if args.chain.as_ref().is_some_and(|c| c.depth > DEEPEST_CHAIN) {
        return Err(FlowError::invalid(format!("flows have started flows more than {DEEPEST_CHAIN} deep")));
    }
    let nothing = args.contexts.is_empty() && args.about_nothing;
    let contexts = if nothing { Vec::new() } else { check_contexts(args.contexts.clone())? };
    let flow = snapshot(&template.for_purposes(&args.purposes), args, contexts, env);
    let before = flow.clone();
    let mut work = Work::new(&before, flow, env);
    work.begin();
    Ok(work.done())
}

impl Template {
    /// The template without what is tagged with other purposes; the graph is bridged around what goes.
    pub fn for_purposes(&self, purposes: &[String]) -> Self {
        let mut template = self.clone();
        if purposes.is_empty() {
            return template;
        }
        let stays = |taxonomies: &[String]| taxonomies.is_empty() || taxonomies.iter().any(|t| purposes.contains(t));
        let gone: BTreeSet<&NodeId> = self.phases.iter().filter(|p| !stays(&p.taxonomies)).map(|p| &p.id).collect();
        let in_gone = |t: &TemplateTask| t.phase_id.as_ref().is_some_and(|p| gone.contains(p));
        let goes = |t: &&TemplateTask| in_gone(t) || !stays(&t.taxonomies);
        if self.tasks.iter().filter(goes).any(|t| t.kind.is_decision()) {
            template.make_entries_explicit();
        }
        for task in self.tasks.iter().filter(goes) {
            bridge(&mut template.edges, &task.id, decision(task));
            template.tasks.retain(|t| t.id != task.id);
        }
        // A phase none of whose tasks is left goes too.
        for phase in &self.phases {
            if !template.tasks.iter().any(|t| t.phase_id.as_ref() == Some(&phase.id)) {
                bridge(&mut template.edges, &phase.id, None);
                template.phases.retain(|p| p.id != phase.id);
            }
        }
        template
    }

    fn make_entries_explicit(&mut self) {
        let graph = self.graph();
        let id = |node: usize| match graph.phase_number(node) {
            Some(number) => self.phases[number].id.clone(),
            None => self.tasks.get(node).map_or_else(|| NodeId::new(TRIGGER_NODE), |t| t.id.clone()),
        };
        let entries: Vec<Edge> = graph
            .implied_entries()
            .into_iter()
            .map(|(from, to)| Edge {
                id: format!("entry-{}", id(to)),
                from_id: id(from),
                to_id: id(to),
                condition_id: None,
                none_met: false,
            })
            .collect();
        self.edges.extend(entries);
    }
}

const fn decision(task: &TemplateTask) -> Option<&DecisionSpec> {
    if let TaskSpec::Decision(decision) = &task.kind { Some(decision) } else { None }
}

fn snapshot(template: &Template, args: StartFlow, contexts: Vec<Context>, env: &Env<'_>) -> Flow {
    let fresh = || NodeId::new(env.ids.fresh());
    let trigger_node = fresh();
    let nodes = template.tasks.iter().map(|t| &t.id).chain(template.phases.iter().map(|p| &p.id));
    let ids: HashMap<&NodeId, NodeId> = nodes.map(|id| (id, fresh())).collect();
    let new_id = |id: &NodeId| ids.get(id).cloned().unwrap_or_else(|| trigger_node.clone());
    let primary = contexts
        .iter()
        .find(|c| c.is_primary)
        .map(|c| crate::outcome::EntityRef { schema: c.entity_schema.clone(), id: c.entity_id.clone() });
    let entity = primary.as_ref().and_then(|p| env.entities.get(p));
    let now = env.now;
    let phases = template.phases.iter().map(|p| Phase {
        id: new_id(&p.id),
        template_id: p.id.clone(),
        name: p.name.clone(),
        status: PhaseStatus::Open,
        updated_at: now,
        due: None,
        due_date_config: p.due_date_config.clone(),
        assigned_to: resolve(&p.assigned_to, entity),
        analytics: Analytics::default(),
        taxonomies: p.taxonomies.clone(),
        path_ended: false,
    });
    let tasks = template.tasks.iter().map(|t| Task {
        assigned_to: resolve(&t.assigned_to, entity),
        phase_id: t.phase_id.as_ref().map(new_id),
        ..task(t, new_id(&t.id), now)
    });
    let edges =
        template.edges.iter().map(|e| Edge { from_id: new_id(&e.from_id), to_id: new_id(&e.to_id), ..e.clone() });
    let assigned: Vec<super::Assignee> = template.assigned_to.iter().chain(&args.assigned_to).cloned().collect();
    Flow {
        id: args.id,
        flow_template_id: args.flow_template_id,
        name: template.name.clone(),
        status: FlowStatus::Started,
        created_at: now,
        updated_at: now,
        updated_by: None,
        started_at: now,
        started_by: env.user(),
        due: None,
        due_date_config: template.due_date_config.clone(),
        assigned_to: resolve(&assigned, entity),
        crt_tasks: Vec::new(),
        phases: phases.collect(),
        tasks: tasks.collect(),
        edges: edges.collect(),
        contexts,
        trigger_node: trigger_node.clone(),
        trigger: args.trigger,
        chain: args.chain,
        closing: Closing {
            configured_reasons: args.configured_reasons,
            selected_reasons: Vec::new(),
            extra_description: None,
            single_selection: template.single_closing_reason_selection,
        },
        available_in_ecp: template.available_in_ecp,
        entity_sync: template.entity_sync.clone(),
        update_entity_attributes: template.update_entity_attributes.clone(),
        taxonomies: template.taxonomies.clone(),
        linear: template.linear,
        pins: args.pins,
        deleted_at: None,
        history_seq: 0,
        version: 0,
    }
}

fn task(template: &TemplateTask, id: NodeId, now: Timestamp) -> Task {
    Task {
        id,
        template_id: template.id.clone(),
        name: template.name.clone(),
        status: TaskStatus::Pending,
        description: template.description.clone(),
        phase_id: None,
        requirements: template.requirements.clone(),
        due: None,
        due_date_config: template.due_date_config.clone(),
        assigned_to: Vec::new(),
        analytics: Analytics::default(),
        created_at: now,
        updated_at: now,
        manually_created: false,
        enabled: true,
        enabled_override: None,
        ecp: template.ecp.clone(),
        installer: template.installer.clone(),
        partner: template.partner.clone(),
        journey: template.journey.clone(),
        taxonomies: template.taxonomies.clone(),
        entity_ref: None,
        error: None,
        reached: false,
        awaits_start: false,
        attempt: 0,
        kind: template.kind.clone().into(),
    }
}
