use super::*;
use crate::{
    Definition, DefinitionId, DefinitionStatus, Dialect, Edge, ExecutionId, ExecutionKind, Graph, Metering, Node,
    NodeId, Outcome, RetryPolicy, StepRef, TenantId, Trigger, TriggerInfo,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

fn definition(on_failure: OnFailure, nodes: usize, edges: &[(usize, usize)], retry: RetryPolicy) -> Definition {
    let id = |i: usize| NodeId::new(format!("n{i}"));
    let step = StepRef { plugin: "p".into(), step: "s".into(), version: None };
    let node = |i| Node {
        id: id(i),
        name: format!("node {i}"),
        kind: NodeKind::Step { step: step.clone(), config: RawJson::empty_object() },
        retry,
    };
    Definition {
        id: DefinitionId::from_uuid(Uuid::nil()),
        tenant_id: TenantId::from_uuid(Uuid::nil()),
        dialect: Dialect::Platform,
        version: 1,
        name: "d".into(),
        description: None,
        status: DefinitionStatus::Active,
        trigger: Trigger::Manual,
        timezone: None,
        graph: Graph {
            nodes: (0..nodes).map(node).collect(),
            edges: edges.iter().map(|&(from, to)| Edge::plain(id(from), id(to))).collect(),
        },
        on_failure,
        presentation: RawJson::null(),
        created_at: Timestamp::from_secs(0),
        updated_at: Timestamp::from_secs(0),
    }
}

fn env(secs: i64) -> Env {
    Env { now: Timestamp::from_secs(secs), actor: Actor::System, jitter: 0.5 }
}

fn started(definition: &Definition) -> Execution {
    let args = Start {
        id: ExecutionId::from_uuid(Uuid::nil()),
        instance_id: None,
        kind: ExecutionKind::Flow,
        title: "t".into(),
        trigger: TriggerInfo::manual(),
        input: RawJson::empty_object(),
        entity: None,
        pins: BTreeMap::new(),
    };
    start(definition, args, &env(0)).next
}

fn begun(definition: &Definition) -> Execution {
    apply(definition, started(definition), Command::Begin, &env(0)).unwrap().next
}

fn finish(task: u32, attempt: u32, outcome: Outcome) -> Command {
    Command::InvocationFinished { task: TaskId(task), attempt, outcome, metering: Metering::default() }
}

fn completed() -> Outcome {
    Outcome::Completed { output: RawJson::from(serde_json::json!({"ok": true})), entity_refs: vec![] }
}

fn failed(retryable: bool) -> Outcome {
    Outcome::Failed(Fault { retryable, ..Fault::permanent("BROKEN", "it broke") })
}

fn kinds(transition: &Transition) -> Vec<EventKind> {
    transition.events.iter().map(|e| e.kind).collect()
}

const CHAIN: &[(usize, usize)] = &[(0, 1), (1, 2)];

#[test]
fn a_chain_runs_one_node_after_the_other_and_completes() {
    let d = definition(OnFailure::Stop, 3, CHAIN, RetryPolicy::none());
    let mut execution = begun(&d);
    for task in 0..3 {
        assert_eq!(execution.running().map(|t| t.id.0).collect::<Vec<_>>(), [task]);
        execution = apply(&d, execution, finish(task, 1, completed()), &env(1)).unwrap().next;
    }
    assert_eq!(execution.status, ExecutionStatus::Completed { at: Timestamp::from_secs(1) });
    assert_eq!(execution.output().unwrap().as_str(), r#"{"ok":true}"#);
}

#[test]
fn a_join_waits_for_every_branch() {
    let d = definition(OnFailure::Stop, 3, &[(0, 2), (1, 2)], RetryPolicy::none());
    let execution = apply(&d, begun(&d), finish(0, 1, completed()), &env(1)).unwrap().next;
    assert_eq!(execution.tasks[2].state, TaskState::Pending);
    let execution = apply(&d, execution, finish(1, 1, completed()), &env(1)).unwrap().next;
    assert!(matches!(execution.tasks[2].state, TaskState::Running { .. }));
}

#[test]
fn an_outcome_of_an_attempt_nobody_awaits_is_refused() {
    let d = definition(OnFailure::Stop, 1, &[], RetryPolicy::none());
    let execution = begun(&d);
    let stale = apply(&d, execution.clone(), finish(0, 2, completed()), &env(1));
    assert_eq!(stale, Err(TransitionError::StaleAttempt { task: TaskId(0), attempt: 2 }));
    let done = apply(&d, execution, finish(0, 1, completed()), &env(1)).unwrap().next;
    assert!(apply(&d, done, finish(0, 1, completed()), &env(2)).is_err());
}

#[test]
fn a_failed_step_fails_the_execution_and_skips_what_follows() {
    let d = definition(OnFailure::Stop, 3, CHAIN, RetryPolicy::times(3));
    let t = apply(&d, begun(&d), finish(0, 1, failed(false)), &env(1)).unwrap();
    assert_eq!(kinds(&t), [EventKind::TaskFailed, EventKind::ExecutionFailed]);
    assert!(matches!(t.next.tasks[2].state, TaskState::Skipped { .. }));
    assert_eq!((t.events[0].from.as_ref(), t.events[0].to.as_ref()), ("running", "failed"));
}

#[test]
fn a_retryable_fault_is_retried_when_it_is_due_and_no_more_often_than_allowed() {
    let d = definition(OnFailure::Stop, 1, &[], RetryPolicy::times(1));
    let execution = apply(&d, begun(&d), finish(0, 1, failed(true)), &env(1)).unwrap().next;
    let due = execution.next_due().unwrap();
    assert!(due > Timestamp::from_secs(1) && due <= Timestamp::from_secs(2), "{due}");
    let early = apply(&d, execution.clone(), Command::TimerFired, &env(1)).unwrap().next;
    assert!(matches!(early.tasks[0].state, TaskState::Retrying { .. }));
    let again = apply(&d, execution, Command::TimerFired, &env(2)).unwrap().next;
    assert!(matches!(again.tasks[0].state, TaskState::Running { attempt: 2, .. }));
    let end = apply(&d, again, finish(0, 2, failed(true)), &env(3)).unwrap().next;
    assert!(matches!(end.status, ExecutionStatus::Failed { .. }));
}

#[test]
fn on_failure_pause_holds_the_execution_until_it_is_resumed() {
    let d = definition(OnFailure::Pause, 2, &[(0, 1)], RetryPolicy::none());
    let paused = apply(&d, begun(&d), finish(0, 1, failed(false)), &env(1)).unwrap().next;
    assert_eq!(paused.status, ExecutionStatus::Paused { at: Timestamp::from_secs(1), node: Some(NodeId::new("n0")) });
    let resumed = apply(&d, paused, Command::Resume, &env(2)).unwrap().next;
    assert!(matches!(resumed.tasks[0].state, TaskState::Running { attempt: 1, .. }));
    let next = apply(&d, resumed, finish(0, 1, completed()), &env(3)).unwrap().next;
    assert!(matches!(next.tasks[1].state, TaskState::Running { .. }));
}

#[test]
fn on_failure_continue_goes_past_the_failed_node() {
    let d = definition(OnFailure::Continue, 2, &[(0, 1)], RetryPolicy::none());
    let next = apply(&d, begun(&d), finish(0, 1, failed(false)), &env(1)).unwrap().next;
    assert!(matches!(next.tasks[1].state, TaskState::Running { .. }));
    let end = apply(&d, next, finish(1, 1, completed()), &env(2)).unwrap().next;
    assert!(matches!(end.status, ExecutionStatus::Completed { .. }));
}

#[test]
fn retry_runs_the_failed_node_and_what_it_had_taken_along() {
    let d = definition(OnFailure::Stop, 3, CHAIN, RetryPolicy::none());
    let execution = apply(&d, begun(&d), finish(0, 1, completed()), &env(1)).unwrap().next;
    let failed = apply(&d, execution, finish(1, 1, failed(false)), &env(2)).unwrap().next;
    let retried = apply(&d, failed, Command::Retry, &env(3)).unwrap().next;
    let states: Vec<_> = retried.tasks.iter().map(|t| t.state.name()).collect();
    assert_eq!(states, ["completed", "running", "pending"]);
}

#[test]
fn a_pause_lets_running_steps_report_but_starts_no_new_ones() {
    let d = definition(OnFailure::Stop, 2, &[(0, 1)], RetryPolicy::none());
    let paused = apply(&d, begun(&d), Command::Pause, &env(1)).unwrap().next;
    let reported = apply(&d, paused, finish(0, 1, completed()), &env(2)).unwrap().next;
    assert_eq!(reported.tasks[1].state, TaskState::Pending);
    let resumed = apply(&d, reported, Command::Resume, &env(3)).unwrap().next;
    assert!(matches!(resumed.tasks[1].state, TaskState::Running { .. }));
}

#[test]
fn a_waiting_task_resumes_with_the_data_or_fails_when_nobody_calls() {
    let d = definition(OnFailure::Stop, 1, &[], RetryPolicy::none());
    let wait = Outcome::Waiting { resume_key: "k".into(), expires_at: Some(Timestamp::from_secs(10)) };
    let waiting = apply(&d, begun(&d), finish(0, 1, wait), &env(1)).unwrap().next;
    let wrong = Command::ResumeTask { resume_key: "x".into(), data: RawJson::null() };
    assert_eq!(apply(&d, waiting.clone(), wrong, &env(2)), Err(TransitionError::UnknownResumeKey));
    let right = Command::ResumeTask { resume_key: "k".into(), data: RawJson::from(serde_json::json!(1)) };
    let resumed = apply(&d, waiting.clone(), right, &env(2)).unwrap().next;
    assert!(matches!(&resumed.tasks[0].state, TaskState::Running { resume: Some(data), .. } if data.as_str() == "1"));
    let expired = apply(&d, waiting, Command::TimerFired, &env(10)).unwrap().next;
    assert!(matches!(expired.status, ExecutionStatus::Failed { ref fault, .. } if fault.code == "WAIT_EXPIRED"));
}

#[test]
fn a_call_back_with_null_is_still_a_call_back_after_a_restart() {
    let d = definition(OnFailure::Stop, 1, &[], RetryPolicy::none());
    let wait = Outcome::Waiting { resume_key: "k".into(), expires_at: None };
    let waiting = apply(&d, begun(&d), finish(0, 1, wait), &env(1)).unwrap().next;
    let call = Command::ResumeTask { resume_key: "k".into(), data: RawJson::null() };
    let resumed = apply(&d, waiting, call, &env(2)).unwrap().next;
    let read: Execution = serde_json::from_str(&serde_json::to_string(&resumed).unwrap()).unwrap();
    assert_eq!(read, resumed);
    assert!(matches!(&read.tasks[0].state, TaskState::Running { resume: Some(data), .. } if data.as_str() == "null"));
}

#[test]
fn a_deferred_task_runs_again_as_the_same_attempt() {
    let d = definition(OnFailure::Stop, 1, &[], RetryPolicy::none());
    let defer = Outcome::Defer { until: Timestamp::from_secs(60) };
    let deferred = apply(&d, begun(&d), finish(0, 1, defer), &env(1)).unwrap().next;
    assert_eq!(deferred.next_due(), Some(Timestamp::from_secs(60)));
    let again = apply(&d, deferred, Command::TimerFired, &env(60)).unwrap().next;
    assert!(matches!(again.tasks[0].state, TaskState::Running { attempt: 1, .. }));
}

#[test]
fn an_ended_execution_refuses_every_command_but_retry_of_a_failed_one() {
    let d = definition(OnFailure::Stop, 1, &[], RetryPolicy::none());
    let done = apply(&d, begun(&d), finish(0, 1, completed()), &env(1)).unwrap().next;
    for command in [Command::Begin, Command::Pause, Command::Resume, Command::Retry, Command::Cancel { reason: None }] {
        assert!(apply(&d, done.clone(), command.clone(), &env(2)).is_err(), "{command:?}");
    }
}

#[test]
fn a_document_survives_a_round_trip_through_json() {
    let d = definition(OnFailure::Stop, 2, &[(0, 1)], RetryPolicy::times(2));
    let execution = apply(&d, begun(&d), finish(0, 1, failed(true)), &env(1)).unwrap().next;
    let text = serde_json::to_string(&execution).unwrap();
    assert_eq!(serde_json::from_str::<Execution>(&text).unwrap(), execution);
}

/// Any command at any time, on any small acyclic graph.
fn command() -> impl Strategy<Value = Command> {
    let task = 0..5u32;
    let outcome = prop_oneof![
        4 => Just(completed()),
        1 => Just(failed(true)),
        1 => Just(failed(false)),
        1 => Just(Outcome::Skipped { reason: "r".into() }),
        1 => Just(Outcome::Defer { until: Timestamp::from_secs(50) }),
        1 => Just(Outcome::Waiting { resume_key: "k".into(), expires_at: Some(Timestamp::from_secs(70)) }),
    ];
    prop_oneof![
        8 => (task, 1..4u32, outcome).prop_map(|(t, a, o)| finish(t, a, o)),
        3 => Just(Command::TimerFired),
        1 => Just(Command::ResumeTask { resume_key: "k".into(), data: RawJson::null() }),
        1 => Just(Command::Pause),
        2 => Just(Command::Resume),
        1 => Just(Command::Retry),
        1 => Just(Command::Cancel { reason: None }),
        1 => Just(Command::Begin),
    ]
}

fn check_invariants(d: &Definition, before: &Execution, t: &Transition) {
    let next = &t.next;
    assert_eq!(next.version, before.version + 1);
    let numbers: Vec<u64> = t.events.iter().map(|e| e.seq).collect();
    let expected: Vec<u64> = (before.history_seq + 1..=next.history_seq).collect();
    assert_eq!(numbers, expected, "history is gapless");
    let all_final = next.tasks.iter().all(|t| t.state.is_final());
    if matches!(next.status, ExecutionStatus::Completed { .. }) {
        assert!(all_final, "completed only when nothing is open");
    }
    if matches!(next.status, ExecutionStatus::Running) {
        assert!(!all_final, "a running execution has something to wait for");
        let moving = next.tasks.iter().any(|t| !t.state.is_final() && t.state != TaskState::Pending);
        assert!(moving, "a running execution is never stuck on pending nodes");
    }
    if next.status.is_final() {
        assert!(all_final, "nothing is left open behind an end");
        assert_eq!(next.next_due(), None);
    }
    for task in &next.tasks {
        if task.state == TaskState::Pending || d.on_failure == OnFailure::Continue {
            continue;
        }
        if matches!(task.state, TaskState::Running { .. } | TaskState::Completed { .. }) {
            for earlier in d.graph.before(&task.node) {
                let earlier = next.task_of(earlier).unwrap();
                assert!(
                    matches!(earlier.state, TaskState::Completed { .. } | TaskState::Skipped { .. }),
                    "a node starts only after those before it"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn any_sequence_of_commands_keeps_the_invariants(
        pairs in proptest::collection::vec((0..5usize, 0..5usize), 0..8),
        policy in prop_oneof![Just(OnFailure::Stop), Just(OnFailure::Pause), Just(OnFailure::Continue)],
        retries in 0..3u32,
        commands in proptest::collection::vec((command(), 0..20i64), 1..60),
    ) {
        // Edges from lower to higher numbers cannot form a cycle.
        let mut edges: Vec<_> = pairs.into_iter().filter(|(a, b)| a < b).collect();
        edges.sort_unstable();
        edges.dedup();
        let d = definition(policy, 5, &edges, RetryPolicy::times(retries));
        prop_assert!(d.graph.check().is_empty());
        let mut execution = begun(&d);
        let mut clock = 0;
        for (command, pause) in commands {
            clock += pause;
            let before = execution.clone();
            if let Ok(t) = apply(&d, execution.clone(), command, &env(clock)) {
                check_invariants(&d, &before, &t);
                execution = t.next;
            }
        }
    }

    #[test]
    fn every_wait_lies_between_half_and_the_whole_of_its_doubled_step(retries in 1..40u32, attempt in 1..40u32, jitter in 0.0..1.0f64) {
        let policy = RetryPolicy::times(retries);
        match policy.wait_after(attempt, jitter) {
            None => prop_assert!(attempt > retries),
            Some(wait) => {
                let full = policy.first_ms.saturating_mul(1 << (attempt - 1).min(32)).min(policy.longest_ms);
                let ms = wait.as_millis() as u64;
                prop_assert!(ms >= full / 2 && ms <= full, "{ms} of {full}");
            }
        }
    }
}

#[test]
fn a_graph_tells_all_its_faults_at_once() {
    let mut d = definition(OnFailure::Stop, 3, &[(0, 1), (1, 0), (0, 1)], RetryPolicy::none());
    d.graph.nodes[2].id = NodeId::new("n0");
    d.graph.edges.push(Edge::plain(NodeId::new("n1"), NodeId::new("nowhere")));
    let places: Vec<_> = d.graph.check().into_iter().map(|f| f.pointer).collect();
    assert_eq!(places, ["/nodes/2/id", "/edges/2", "/edges/3/to", "/edges"]);
}

/// Node 0 decides between 1 (branch `a`) and 2 (the default one); 3 stands behind 1, 4 behind 2 and 3.
fn deciding(on_failure: OnFailure) -> Definition {
    use crate::decision::{Branch, Decision};
    let mut d = definition(on_failure, 5, &[(0, 1), (0, 2), (1, 3), (2, 4), (3, 4)], RetryPolicy::none());
    let branch = Branch { id: "a".into(), name: "a".into(), any: false, tests: Vec::new() };
    d.graph.nodes[0].kind = NodeKind::Decision(Decision { branches: vec![branch], parallel: false });
    d.graph.edges[0].branch = Some("a".into());
    d.graph.edges[1].branch = Some("default".into());
    assert!(d.graph.check().is_empty());
    d
}

fn decided(branches: &[&str]) -> Outcome {
    Outcome::Completed { output: RawJson::from(serde_json::json!({ "branches": branches })), entity_refs: vec![] }
}

fn names(execution: &Execution) -> Vec<&'static str> {
    execution.tasks.iter().map(|t| t.state.name()).collect()
}

#[test]
fn a_decision_starts_what_its_branch_leads_to_and_passes_over_the_rest() {
    let d = deciding(OnFailure::Stop);
    let t = apply(&d, begun(&d), finish(0, 1, decided(&["a"])), &env(1)).unwrap();
    assert_eq!(names(&t.next), ["completed", "running", "skipped", "pending", "pending"]);
    assert_eq!(kinds(&t), [EventKind::TaskCompleted, EventKind::TaskSkipped]);
    // All of the way that is not taken is passed over, up to where the ways meet.
    let t = apply(&d, begun(&d), finish(0, 1, decided(&["default"])), &env(1)).unwrap();
    assert_eq!(names(&t.next), ["completed", "skipped", "running", "skipped", "pending"]);
    let t = apply(&d, t.next, finish(2, 1, completed()), &env(2)).unwrap();
    assert_eq!(names(&t.next), ["completed", "skipped", "completed", "skipped", "running"]);
    let done = apply(&d, t.next, finish(4, 1, completed()), &env(3)).unwrap().next;
    assert_eq!(done.status.name(), "completed");
}

#[test]
fn both_ways_are_taken_when_both_branches_are() {
    let d = deciding(OnFailure::Stop);
    let t = apply(&d, begun(&d), finish(0, 1, decided(&["a", "default"])), &env(1)).unwrap();
    assert_eq!(names(&t.next), ["completed", "running", "running", "pending", "pending"]);
}

#[test]
fn a_decision_that_leads_nowhere_completes_the_execution() {
    let d = deciding(OnFailure::Stop);
    let done = apply(&d, begun(&d), finish(0, 1, decided(&["unknown"])), &env(1)).unwrap().next;
    assert_eq!(names(&done), ["completed", "skipped", "skipped", "skipped", "skipped"]);
    assert_eq!(done.status.name(), "completed");
}

#[test]
fn a_failed_decision_is_gone_past_by_the_default_branch_under_continue() {
    let d = deciding(OnFailure::Continue);
    let t = apply(&d, begun(&d), finish(0, 1, failed(false)), &env(1)).unwrap();
    assert_eq!(names(&t.next), ["failed", "skipped", "running", "skipped", "pending"]);
}

#[test]
fn what_a_person_or_a_step_has_skipped_still_leads_on() {
    let d = definition(OnFailure::Stop, 3, CHAIN, RetryPolicy::none());
    let skipped = Outcome::Skipped { reason: "not needed".into() };
    let t = apply(&d, begun(&d), finish(0, 1, skipped), &env(1)).unwrap();
    assert_eq!(names(&t.next), ["skipped", "running", "pending"]);
}

#[test]
fn a_retried_execution_decides_anew() {
    let d = deciding(OnFailure::Stop);
    let t = apply(&d, begun(&d), finish(0, 1, failed(false)), &env(1)).unwrap();
    assert_eq!(t.next.status.name(), "failed");
    let again = apply(&d, t.next, Command::Retry, &env(2)).unwrap().next;
    let t = apply(&d, again, finish(0, 1, decided(&["a"])), &env(3)).unwrap();
    assert_eq!(names(&t.next), ["completed", "running", "skipped", "pending", "pending"]);
}

#[test]
fn an_edge_may_name_only_a_branch_of_the_decision_it_comes_from() {
    let mut d = deciding(OnFailure::Stop);
    d.graph.edges[0].branch = Some("b".into());
    d.graph.edges[2].branch = Some("a".into());
    let places: Vec<_> = d.graph.check().into_iter().map(|f| f.pointer).collect();
    assert_eq!(places, ["/edges/0/branch", "/edges/2/branch"]);
}

#[test]
fn attempts_are_counted_until_a_person_has_it_run_again() {
    let d = definition(OnFailure::Stop, 1, &[], RetryPolicy::times(1));
    let t = apply(&d, begun(&d), finish(0, 1, failed(true)), &env(1)).unwrap();
    assert_eq!(t.next.tasks[0].attempts, 1);
    let t = apply(&d, t.next, Command::TimerFired, &env(100)).unwrap();
    let t = apply(&d, t.next, finish(0, 2, failed(true)), &env(101)).unwrap();
    assert_eq!((t.next.status.name(), t.next.tasks[0].attempts), ("failed", 2));
    let t = apply(&d, t.next, Command::Retry, &env(102)).unwrap();
    assert_eq!(t.next.tasks[0].attempts, 1);
}
