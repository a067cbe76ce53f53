//! The table of task transitions: every status from, every status to, every type.

use super::*;
use TaskStatus as S;

/// Rows of contracts/epilot.md 2B "Task transitions": what a client may patch to, `f` only for automations and agents.
const TABLE: [(S, &str); 9] = [
    (S::Pending, "PENDING IN_PROGRESS COMPLETED SKIPPED ON_HOLD"),
    (S::InProgress, "PENDING IN_PROGRESS COMPLETED SKIPPED ON_HOLD FAILED*"),
    (S::OnHold, "PENDING IN_PROGRESS COMPLETED SKIPPED ON_HOLD"),
    (S::Completed, "PENDING COMPLETED SKIPPED"),
    (S::Skipped, "PENDING COMPLETED SKIPPED"),
    (S::Failed, "PENDING IN_PROGRESS COMPLETED SKIPPED ON_HOLD FAILED"),
    (S::Scheduled, "PENDING IN_PROGRESS COMPLETED SKIPPED ON_HOLD SCHEDULED"),
    (S::ConditionPending, "COMPLETED SKIPPED ON_HOLD CONDITION_PENDING"),
    (S::WaitingForConfirmation, "COMPLETED SKIPPED ON_HOLD WAITING_FOR_CONFIRMATION"),
];

fn in_table(from: S, to: S, task_type: TaskType) -> bool {
    let (_, row) = TABLE.iter().find(|(status, _)| *status == from).unwrap();
    let runs = matches!(task_type, TaskType::Automation | TaskType::AiAgent);
    row.split(' ').any(|word| match word.strip_suffix('*') {
        Some(word) => runs && word == to.as_str(),
        None => word == to.as_str(),
    })
}

/// A flow at a task `t` of this type, forced into a status, with a manual task behind it.
fn at(from: S, task_type: TaskType) -> Bench {
    let task = match task_type {
        TaskType::Manual => json!({"id": "t", "name": "t", "task_type": "MANUAL"}),
        TaskType::Automation => json!({"id": "t", "name": "t", "task_type": "AUTOMATION", "trigger_mode": "manual",
            "automation_config": {"flow_id": "a"}}),
        TaskType::AiAgent => {
            json!({"id": "t", "name": "t", "task_type": "AI_AGENT", "agent_config": {"agent_id": "a"}})
        }
        TaskType::Decision => json!({"id": "t", "name": "t", "task_type": "DECISION", "trigger_mode": "manual",
            "conditions": [bare("a"), bare("b")]}),
    };
    let edge = if task_type == TaskType::Decision { branch("t", "u", "a") } else { edges_of(&[("t", "u")])[0].clone() };
    let behind = json!({"id": "u", "name": "u", "task_type": "MANUAL"});
    let mut bench = begin(json!({"name": "test", "tasks": [task, behind], "edges": [edge]}));
    bench.flow.tasks[0].status = from;
    if from.is_finished() {
        bench.flow.crt_tasks[0].id = bench.id("u");
    }
    bench
}

#[test]
fn a_patch_may_change_a_status_exactly_as_the_table_says() {
    for &task_type in TaskType::ALL {
        for &from in S::ALL {
            for &to in S::ALL {
                assert_eq!(
                    is_allowed(from, to, task_type, false),
                    in_table(from, to, task_type),
                    "{task_type} {from} {to}"
                );
                let mut bench = at(from, task_type);
                let next_condition_id = (task_type == TaskType::Decision).then(|| "a".to_owned());
                let patch = TaskPatch { status: Some(to), next_condition_id, ..TaskPatch::default() };
                let answer = bench.patch("t", patch);
                if in_table(from, to, task_type) {
                    assert_eq!(answer, Ok(()), "{task_type} {from} {to}");
                    assert_eq!(bench.status("t"), to);
                    let on = to.is_finished() || from.is_finished();
                    assert_eq!(bench.current(), [if on { "u" } else { "t" }], "{task_type} {from} {to}");
                } else {
                    assert_eq!(answer, Err(FlowError::InvalidTransition { from, to }), "{task_type} {from} {to}");
                }
            }
        }
    }
}

#[test]
fn an_illegal_transition_names_both_statuses() {
    let error = at(S::Completed, TaskType::Manual).set("t", S::OnHold).unwrap_err();
    assert_eq!(error.to_string(), "Invalid status transition from COMPLETED to ON_HOLD");
    assert_eq!(error.kind(), FlowErrorKind::Invalid);
}

#[test]
fn the_same_status_changes_nothing_and_is_accepted() {
    for &status in S::ALL {
        let mut bench = at(status, TaskType::Manual);
        bench.patch("t", TaskPatch { status: Some(status), ..TaskPatch::default() }).unwrap();
        assert_eq!(bench.status("t"), status);
        assert!(bench.names().is_empty(), "{status}: {:?}", bench.names());
    }
}

#[test]
fn the_deprecated_words_mean_pending() {
    for word in ["UNASSIGNED", "ASSIGNED", "PENDING"] {
        assert_eq!(S::from_wire(word), Some(S::Pending));
    }
    assert_eq!(S::from_wire("ODD"), None);
}

#[test]
fn a_disabled_task_keeps_its_status_until_it_is_enabled_again() {
    let mut bench = begin(manual(&["a", "b"], &[("a", "b")]));
    bench.patch("a", TaskPatch { enabled: Some(false), ..TaskPatch::default() }).unwrap();
    assert_eq!(bench.set("a", S::Completed), Err(FlowError::Disabled));
    assert_eq!(bench.apply(Command::Execute { task: bench.id("a") }), Err(FlowError::Disabled));
    let both = TaskPatch { enabled: Some(true), status: Some(S::Completed), ..TaskPatch::default() };
    bench.patch("a", both).unwrap();
    assert_eq!(bench.current(), ["b"]);
}

#[test]
fn analytics_say_when_and_by_whom() {
    let mut bench = begin(manual(&["a", "b"], &[("a", "b")]));
    bench.actor = Actor::Operator;
    bench.now = 5;
    bench.set("a", S::InProgress).unwrap();
    bench.now = 6;
    bench.set("a", S::OnHold).unwrap();
    bench.now = 7;
    bench.complete("a");
    let analytics = &bench.task("a").analytics;
    let secs = |at: Option<Timestamp>| at.map(Timestamp::secs);
    assert_eq!(secs(analytics.started_at), Some(5));
    assert_eq!(secs(analytics.in_progress_at), Some(5));
    assert_eq!(secs(analytics.completed_at), Some(7));
    assert_eq!(secs(analytics.status_updated_at), Some(7));
    let by = [&analytics.in_progress_by, &analytics.on_hold_by, &analytics.completed_by];
    assert!(by.iter().all(|b| b.as_deref() == Some("operator")));
    bench.set("a", S::Pending).unwrap();
    assert_eq!(bench.task("a").analytics.completed_at, None);
}

#[test]
fn between_completed_and_skipped_nothing_else_moves() {
    let mut bench = begin(manual(&["a", "b", "c"], &[("a", "b"), ("b", "c")]));
    bench.complete("a");
    bench.set("a", S::Skipped).unwrap();
    assert_eq!((bench.status("a"), bench.current()), (S::Skipped, vec!["b"]));
}

#[test]
fn execute_completes_a_manual_task_and_refuses_a_finished_one() {
    let mut bench = begin(manual(&["a", "b"], &[("a", "b")]));
    bench.apply(Command::Execute { task: bench.id("a") }).unwrap();
    assert_eq!(bench.current(), ["b"]);
    assert!(bench.apply(Command::Execute { task: bench.id("a") }).is_err());
}

#[test]
fn an_unknown_task_or_phase_is_not_found() {
    let mut bench = begin(manual(&["a"], &[]));
    let error = bench.set("nowhere", S::Completed).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.kind()), ("Task not found", FlowErrorKind::NotFound));
    let phase = Command::PatchPhase { phase: NodeId::new("nowhere"), patch: PhasePatch::default() };
    assert_eq!(bench.apply(phase).unwrap_err().to_string(), "Phase not found");
}
