use super::*;
use serde_json::json;
use std::collections::BTreeMap;
use stepwright_engine::flow::{self, Context, FlowTrigger, StartFlow, Template, TriggerType};
use stepwright_engine::{
    Actor, Command, DefinitionStatus, Env, ExecutionKind, Graph, IdSource, Metering, NewExecution, Node, NodeId,
    NodeKind, OnFailure, Outcome, RetryPolicy, Start, StepRef, TenantId, Trigger, TriggerInfo, apply, start,
};
use uuid::Uuid;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn definition(on_failure: OnFailure, kinds: &[NodeKind]) -> Definition {
    let node = |(i, kind): (usize, &NodeKind)| Node {
        id: NodeId::new(format!("n{i}")),
        name: format!("Node {i}"),
        kind: kind.clone(),
        retry: RetryPolicy::none(),
    };
    Definition {
        id: DefinitionId::from_uuid(Uuid::from_u128(1)),
        tenant_id: TenantId::from_uuid(Uuid::from_u128(2)),
        dialect: Dialect::Smartmca,
        version: 1,
        name: "Deal Onboarding".into(),
        description: None,
        status: DefinitionStatus::Active,
        trigger: Trigger::Manual,
        timezone: None,
        graph: Graph::sequence(kinds.iter().enumerate().map(node).collect()),
        on_failure,
        presentation: RawJson::null(),
        created_at: at(0),
        updated_at: at(0),
    }
}

fn step() -> NodeKind {
    let step = StepRef { plugin: "acme".into(), step: "check".into(), version: None };
    NodeKind::Step { step, config: RawJson::empty_object() }
}

fn env(secs: i64) -> Env {
    Env { now: at(secs), actor: Actor::System, jitter: 0.5 }
}

fn begun(definition: &Definition) -> Execution {
    let args = Start {
        id: ExecutionId::from_uuid(Uuid::from_u128(3)),
        instance_id: None,
        kind: ExecutionKind::Flow,
        title: definition.name.clone(),
        trigger: TriggerInfo::manual(),
        input: RawJson::empty_object(),
        entity: Some(EntityRef { schema: "deal".into(), id: "d".into() }),
        pins: BTreeMap::new(),
    };
    let pending = start(definition, args, &env(1)).next;
    assert_eq!(CoreStatus::of(&pending), CoreStatus::Pending);
    apply(definition, pending, Command::Begin, &env(2)).unwrap().next
}

fn finished(definition: &Definition, execution: Execution, outcome: Outcome) -> Execution {
    let task = execution.running().next().unwrap().id;
    let command = Command::InvocationFinished { task, attempt: 1, outcome, metering: Metering::default() };
    apply(definition, execution, command, &env(3)).unwrap().next
}

#[test]
fn a_graph_shows_where_it_stands_and_its_nodes() {
    let definition = definition(OnFailure::Stop, &[step(), NodeKind::Manual, step()]);
    let execution = begun(&definition);
    let face = Face::new(&execution, &definition);
    assert_eq!((face.status, face.stage.as_deref()), (CoreStatus::Running, Some("Node 0")));
    assert_eq!(face.entity().unwrap().id, "d");
    let output = RawJson::from(json!({"ok": true}));
    let execution = finished(&definition, execution, Outcome::Completed { output, entity_refs: Vec::new() });
    let face = Face::new(&execution, &definition);
    // Nothing runs, and a person has to do something.
    assert_eq!((face.status, face.stage.as_deref(), face.has_errors), (CoreStatus::Waiting, Some("Node 1"), false));
    let nodes = NodeFace::all_of(&execution, &definition);
    let shown: Vec<_> = nodes.iter().map(|n| (n.kind, n.status, n.attempts, n.step.as_deref())).collect();
    assert_eq!(
        shown,
        [
            (NodeType::Step, NodeStatus::Completed, 1, Some("check")),
            (NodeType::Manual, NodeStatus::Waiting, 0, None),
            (NodeType::Step, NodeStatus::Pending, 0, Some("check")),
        ]
    );
    assert_eq!((nodes[0].started_at, nodes[0].ended_at), (Some(at(2)), Some(at(3))));
    assert_eq!(nodes[0].output.as_ref().unwrap().as_str(), r#"{"ok":true}"#);
}

#[test]
fn a_pause_names_the_node_it_stands_at_and_why() {
    let definition = definition(OnFailure::Pause, &[step(), step()]);
    let fault = Fault::permanent("BROKEN", "it broke");
    let execution = finished(&definition, begun(&definition), Outcome::Failed(fault.clone()));
    let face = Face::new(&execution, &definition);
    assert_eq!((face.status, face.paused_at.as_deref()), (CoreStatus::Paused, Some("n0")));
    assert_eq!(face.error, Some(FaceError { node: Some("n0".into()), fault }));
    assert!(face.has_errors && face.ended_at.is_none());
}

struct Fixed;

impl IdSource for Fixed {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(9)
    }
}

struct Counter(std::cell::Cell<u32>);

impl flow::Ids for Counter {
    fn fresh(&self) -> String {
        self.0.set(self.0.get() + 1);
        format!("id{:06}", self.0.get())
    }
}

#[test]
fn a_flow_shows_its_tasks_and_waits_for_people() {
    let template: Template = serde_json::from_value(json!({
        "name": "Install",
        "phases": [{"id": "p", "name": "Preparation"}],
        "tasks": [
            {"id": "a", "name": "Call", "task_type": "MANUAL", "phase_id": "p"},
            {"id": "b", "name": "Book", "task_type": "AUTOMATION", "automation_config": {"flow_id": "x"}},
        ],
        "edges": [{"id": "e", "from_id": "a", "to_id": "b"}],
    }))
    .unwrap();
    let args = StartFlow {
        id: "flow0001".into(),
        flow_template_id: "t".into(),
        contexts: vec![
            Context { entity_id: "o".into(), entity_schema: "order".into(), is_primary: false },
            Context { entity_id: "c".into(), entity_schema: "contact".into(), is_primary: true },
        ],
        trigger: FlowTrigger { kind: TriggerType::Manual, automation_config: None, diff: None },
        purposes: Vec::new(),
        chain: None,
        configured_reasons: Vec::new(),
        assigned_to: Vec::new(),
        pins: BTreeMap::new(),
    };
    let (ids, entities) = (Counter(std::cell::Cell::new(0)), flow::Entities::new());
    let env = flow::Env { now: at(5), actor: &Actor::System, jitter: 0.5, ids: &ids, entities: &entities };
    let started = flow::start(&template, args, &env).unwrap();
    let definition = definition(OnFailure::Stop, &[]);
    let new = NewExecution {
        id: ExecutionId::fresh(&Fixed),
        tenant_id: definition.tenant_id,
        definition_id: definition.id,
        definition_version: 1,
        trigger: TriggerInfo::manual(),
    };
    let execution = Execution::of_flow(new, started).next;
    let face = Face::new(&execution, &definition);
    assert_eq!((face.status, face.title.as_str()), (CoreStatus::Waiting, "Install"));
    assert_eq!(face.stage.as_deref(), Some("Preparation"));
    let entities: Vec<&str> = face.entities.iter().map(|e| e.schema.as_str()).collect();
    assert_eq!(entities, ["contact", "order"], "the primary one first");
    let nodes = NodeFace::all_of(&execution, &definition);
    let shown: Vec<_> = nodes.iter().map(|n| (n.name.as_str(), n.kind, n.status)).collect();
    assert_eq!(shown, [("Call", NodeType::Manual, NodeStatus::Waiting), ("Book", NodeType::Step, NodeStatus::Pending)]);
}
