//! Executions as V2 shows them, above all what only a run leaves in them.

use super::{CREATED, TENANT};
use crate::epilot::translate::{flow_execution, task};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stepwright_engine::flow::{
    AgentRun, AgentState, Chain, Context, Entities, Env, Flow, FlowTrigger, Ids, StartFlow, TaskError, TaskKind,
    TriggerType, start,
};
use stepwright_engine::{Actor, NodeId, TenantId};

struct Counter(std::cell::Cell<u32>);

impl Ids for Counter {
    fn fresh(&self) -> String {
        self.0.set(self.0.get() + 1);
        format!("id{:06}", self.0.get())
    }
}

fn started(template: Value, chain: Option<Chain>) -> Flow {
    let args = StartFlow {
        id: "flow0001".into(),
        flow_template_id: "template".into(),
        contexts: vec![Context::new("contact", "c1")],
        about_nothing: false,
        trigger: FlowTrigger { kind: TriggerType::Automatic, automation_config: None, diff: None },
        purposes: Vec::new(),
        chain,
        configured_reasons: Vec::new(),
        assigned_to: Vec::new(),
        pins: BTreeMap::new(),
    };
    let (ids, entities) = (Counter(std::cell::Cell::new(0)), Entities::new());
    let env = Env { now: CREATED, actor: &Actor::System, jitter: 0.5, ids: &ids, entities: &entities };
    start(&serde_json::from_value(template).unwrap(), args, &env).unwrap().next
}

fn shown(flow: &Flow, template_id: &str) -> Value {
    let id = &flow.task_by_any_id(&NodeId::new(template_id)).unwrap().id;
    json!(task(flow, id))
}

#[test]
fn the_run_of_an_agent_stands_beside_its_config() {
    let mut flow = started(
        json!({"name": "agent", "edges": [], "tasks": [
            {"id": "g", "name": "g", "task_type": "AI_AGENT", "agent_config": {"agent_id": "partner-assigner"}}]}),
        None,
    );
    let states = [
        (AgentState::Running, None),
        (AgentState::WaitingApproval, None),
        (AgentState::Completed { at: CREATED }, None),
        (AgentState::Cancelled { at: CREATED }, None),
        (
            AgentState::Failed { at: CREATED, error: TaskError::new("AGENT_FAILED", "no") },
            Some(r#"{"error_code":"AGENT_FAILED","error_reason":"no"}"#),
        ),
    ];
    for (state, reason) in states {
        let word = state.name();
        let outcome = Some("assigned".to_owned());
        let run = AgentRun { execution_id: "run1".into(), state, outcome, output: None, entities: Vec::new() };
        let TaskKind::AiAgent(agent) = &mut flow.tasks[0].kind else { panic!("an agent") };
        agent.run = Some(run);
        let mut execution = json!({"execution_id": "run1", "execution_status": word, "outcome": "assigned"});
        if let Some(reason) = reason {
            execution["error_reason"] = json!(reason);
        }
        let task = shown(&flow, "g");
        assert_eq!((&task["agent_execution"], &task["agent_execution_id"]), (&execution, &json!("run1")));
        assert_eq!(task["agent_config"], json!({"agent_id": "partner-assigner"}));
    }
}

#[test]
fn a_decision_tells_its_error_in_its_schedule_or_else_beside_it() {
    let decision = |schedule: Value| {
        let bare = |id: &str| json!({"id": id, "branch_name": id, "logical_operator": "AND", "statements": []});
        let mut decision = json!({"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual",
            "conditions": [bare("x"), bare("y")]});
        if !schedule.is_null() {
            decision["schedule"] = schedule;
        }
        let mut flow = started(json!({"name": "decision", "edges": [], "tasks": [decision]}), None);
        flow.tasks[0].error = Some(TaskError::new("TRAP", "it trapped"));
        shown(&flow, "d")
    };
    let told = json!(r#"{"error_code":"TRAP","error_reason":"it trapped"}"#);
    let beside = decision(Value::Null);
    assert_eq!((&beside["error_reason"], beside.get("schedule")), (&told, None));
    let inside = decision(json!({"mode": "delayed", "duration": 1, "unit": "hours"}));
    assert_eq!((inside.get("error_reason"), &inside["schedule"]["error_reason"]), (None, &told));
}

#[test]
fn tasks_and_phases_show_the_counter_of_the_loop_they_stand_in() {
    let flow = started(
        json!({"name": "loop", "phases": [{"id": "p", "name": "p"}], "tasks": [
            {"id": "a", "name": "a", "task_type": "MANUAL", "phase_id": "p"},
            {"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual",
                "conditions": [{"id": "again", "branch_name": "again", "logical_operator": "AND", "statements": []},
                    {"id": "out", "branch_name": "out", "logical_operator": "AND", "statements": []}],
                "loop_config": {"loop_branch_id": "again", "exit_branch_id": "out", "max_iterations": 4}},
            {"id": "e", "name": "e", "task_type": "MANUAL"}],
            "edges": [{"id": "1", "from_id": "p", "to_id": "d"},
                {"id": "2", "from_id": "d", "to_id": "p", "condition_id": "again"},
                {"id": "3", "from_id": "d", "to_id": "e", "condition_id": "out"}]}),
        None,
    );
    let info = json!({"max_iterations": 4, "crt_iterations": 0});
    assert_eq!(shown(&flow, "a")["loop_config"], info);
    assert!(shown(&flow, "e").get("loop_config").is_none());
    assert_eq!(shown(&flow, "d")["loop_config"]["loop_branch_id"], "again");
    assert_eq!(json!(flow_execution(&flow, TenantId::from_uuid(TENANT)))["phases"][0]["loop_config"], info);
}

#[test]
fn a_flow_started_by_a_flow_names_it() {
    let chain = Chain { parent_execution_id: "flow0000".into(), parent_task_id: NodeId::new("t"), depth: 2 };
    let template = json!({"name": "child", "edges": [], "tasks": [{"id": "a", "name": "a", "task_type": "MANUAL"}]});
    let execution = json!(flow_execution(&started(template, Some(chain)), TenantId::from_uuid(TENANT)));
    assert_eq!(
        execution["_execution_chain"],
        json!({"parent_execution_id": "flow0000", "parent_task_id": "t", "depth": 2})
    );
    assert_eq!(
        (&execution["trigger"], &execution["created_at"]),
        (&json!({"type": "AUTOMATIC"}), &json!("2026-11-22T09:00:00.123Z"))
    );
    assert!(execution["analytics"].get("started_by").is_none());
}
