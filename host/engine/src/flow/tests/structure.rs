//! Adding, moving and taking away tasks of a running flow.

use super::*;
use TaskStatus as S;

fn chain() -> Bench {
    begin(manual(&["a", "b", "c"], &[("a", "b"), ("b", "c")]))
}

fn add(bench: &mut Bench, previous: &str, next: Option<&str>, new: NewTask) -> Result<(), FlowError> {
    let (previous, next) = (bench.id(previous), next.map(|n| bench.id(n)));
    bench.apply(Command::AddTask { previous, next, task: Box::new(new) })
}

fn new(id: &str) -> NewTask {
    NewTask { id: Some(NodeId::new(id)), ..NewTask::manual(id) }
}

fn order(bench: &Bench) -> String {
    bench.flow.ordered_tasks().iter().map(|t| t.template_id.as_str()).collect()
}

/// Completes whatever is current, first come first served, and tells in which order.
fn walk(bench: &mut Bench) -> String {
    let mut seen = String::new();
    while let Some(task) = bench.current().first().map(|&t| t.to_owned()) {
        bench.complete(&task);
        seen += &task;
    }
    assert!(matches!(bench.flow.status, FlowStatus::Done { .. }));
    seen
}

#[test]
fn an_added_task_stands_between_its_neighbours() {
    let mut bench = chain();
    add(&mut bench, "b", Some("c"), new("n")).unwrap();
    let task = bench.task("n");
    assert!(task.manually_created && task.status == S::Pending && task.id == task.template_id);
    assert_eq!(bench.names(), ["TaskAdded"]);
    assert_eq!((order(&bench), walk(&mut bench)), ("abnc".into(), "abnc".into()));
}

#[test]
fn an_added_task_takes_the_place_of_a_current_one_nobody_has_touched() {
    let mut bench = chain();
    bench.complete("a");
    add(&mut bench, "a", Some("b"), new("n")).unwrap();
    assert_eq!(bench.current(), ["n"]);
    let mut bench = chain();
    bench.complete("a");
    bench.set("b", S::InProgress).unwrap();
    add(&mut bench, "a", Some("b"), new("n")).unwrap();
    assert_eq!(bench.current(), ["b"]);
}

#[test]
fn a_task_may_be_appended_even_behind_what_is_over() {
    let mut bench = chain();
    add(&mut bench, "c", None, new("n")).unwrap();
    assert_eq!(walk(&mut bench), "abcn");
    let mut bench = chain();
    bench.complete("c");
    add(&mut bench, "c", None, new("n")).unwrap();
    assert_eq!(bench.current(), ["a"], "the flow has not come to c");
    let mut bench = begin(manual(&["a", "x"], &[]));
    bench.complete("a");
    add(&mut bench, "a", None, new("n")).unwrap();
    assert_eq!(bench.current(), ["x", "n"]);
}

#[test]
fn an_added_task_keeps_the_branch_of_the_edge_it_splits() {
    let d = json!({"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual", "conditions": [bare("x"), bare("y")]});
    let task = |id: &str| json!({"id": id, "name": id, "task_type": "MANUAL"});
    let mut bench = begin(json!({"name": "test", "tasks": [d, task("a"), task("b")],
        "edges": [branch("d", "a", "x"), branch("d", "b", "y")]}));
    add(&mut bench, "d", Some("a"), new("n")).unwrap();
    bench.choose("d", "x").unwrap();
    assert_eq!(walk(&mut bench), "na");
}

#[test]
fn an_added_task_takes_the_members_it_is_given() {
    let mut bench = chain();
    let task = NewTask {
        status: Some(S::InProgress),
        due_date: Some("2026-05-28T00:00:00.000".into()),
        assigned_to: vec![Assignee::User("u".into())],
        kind: TaskSpec::Automation(AutomationSpec {
            automation_config: AutomationConfig { flow_id: "f".into(), input_context: None },
            trigger_mode: TriggerMode::Manual,
            schedule: None,
        }),
        ..new("n")
    };
    add(&mut bench, "a", Some("b"), task).unwrap();
    let task = bench.task("n");
    assert_eq!((task.status, task.task_type(), task.assigned_to.len()), (S::InProgress, TaskType::Automation, 1));
    assert_eq!(task.due, Some(Due::Set("2026-05-28T00:00:00.000".into())));
    assert!(add(&mut bench, "a", Some("n"), NewTask { enabled: Some(false), ..new("m") }).is_ok());
    assert!(!bench.task("m").enabled);
}

#[test]
fn a_task_cannot_be_added_where_there_is_no_edge_or_under_a_used_id() {
    let mut bench = chain();
    assert_eq!(add(&mut bench, "a", Some("c"), new("n")).unwrap_err().kind(), FlowErrorKind::Invalid);
    assert_eq!(add(&mut bench, "z", None, new("n")).unwrap_err().kind(), FlowErrorKind::NotFound);
    let used = new(bench.id("b").as_str());
    assert_eq!(add(&mut bench, "a", Some("b"), used).unwrap_err().kind(), FlowErrorKind::Invalid);
    let odd = NewTask { phase_id: Some(NodeId::new("z")), ..new("n") };
    assert_eq!(add(&mut bench, "a", Some("b"), odd).unwrap_err().kind(), FlowErrorKind::NotFound);
    assert_eq!(order(&bench), "abc");
}

#[test]
fn an_inserted_task_stands_at_its_place() {
    for (index, expected) in [(0, "nabc"), (1, "anbc"), (2, "abnc"), (3, "abcn"), (99, "abcn")] {
        let mut bench = chain();
        let place = Place { index, phase: None };
        bench.apply(Command::InsertTask { place, task: Box::new(new("n")) }).unwrap();
        assert_eq!((order(&bench), walk(&mut bench)), (expected.into(), expected.into()), "{index}");
    }
    let mut bench = begin(manual(&[], &[("trigger", "trigger")][..0]));
    bench.flow_status(StatusName::Started).unwrap();
    bench.apply(Command::InsertTask { place: Place { index: 0, phase: None }, task: Box::new(new("n")) }).unwrap();
    assert_eq!(bench.current(), ["n"]);
}

/// Sections p(a b) and q(c), then the step z.
fn sections() -> Bench {
    let mut document = manual(&["a", "b", "c", "z"], &[("p", "a"), ("a", "b"), ("p", "q"), ("q", "c"), ("q", "z")]);
    document["phases"] = json!([{"id": "p", "name": "p"}, {"id": "q", "name": "q"}]);
    for (i, phase) in ["p", "p", "q"].iter().enumerate() {
        document["tasks"][i]["phase_id"] = json!(phase);
    }
    begin(document)
}

#[test]
fn a_task_may_be_inserted_into_a_section_or_between_sections() {
    for (phase, index, expected) in [
        (Some("p"), 0, "nabcz"),
        (Some("p"), 1, "anbcz"),
        (Some("p"), 2, "abncz"),
        (Some("q"), 0, "abncz"),
        (Some("q"), 1, "abcnz"),
        (None, 0, "nabcz"),
        (None, 1, "abncz"),
        (None, 2, "abcnz"),
        (None, 3, "abczn"),
    ] {
        let mut bench = sections();
        let place = Place { index, phase: phase.map(|p| bench.id(p)) };
        bench.apply(Command::InsertTask { place: place.clone(), task: Box::new(new("n")) }).unwrap();
        assert_eq!(bench.task("n").phase_id, place.phase);
        assert_eq!((order(&bench), walk(&mut bench)), (expected.into(), expected.into()), "{phase:?} {index}");
    }
}

#[test]
fn a_task_may_be_moved_within_and_between_sections() {
    for (task, phase, index, expected) in [
        ("b", Some("p"), 0, "bacz"),
        ("a", Some("p"), 1, "bacz"),
        ("a", Some("q"), 0, "bacz"),
        ("a", Some("q"), 5, "bcaz"),
        ("c", Some("p"), 1, "acbz"),
        ("z", None, 0, "zabc"),
        ("b", None, 2, "acbz"),
    ] {
        let mut bench = sections();
        let place = Place { index, phase: phase.map(|p| bench.id(p)) };
        bench.apply(Command::MoveTask { task: bench.id(task), place: place.clone() }).unwrap();
        assert_eq!(bench.task(task).phase_id, place.phase);
        assert_eq!(walk(&mut bench), expected, "{task} {phase:?} {index}");
    }
}

#[test]
fn a_removed_task_is_bridged_and_the_flow_goes_on_behind_it() {
    for (task, expected) in [("a", "bc"), ("b", "ac"), ("c", "ab")] {
        let mut bench = chain();
        bench.apply(Command::RemoveTask { task: bench.id(task) }).unwrap();
        assert_eq!(walk(&mut bench), expected);
    }
    let mut bench = begin(manual(&["a"], &[]));
    bench.apply(Command::RemoveTask { task: bench.id("a") }).unwrap();
    assert!(matches!(bench.flow.status, FlowStatus::Done { .. }));
}

#[test]
fn removing_the_last_task_of_a_section_goes_on_behind_the_section() {
    let mut bench = sections();
    bench.apply(Command::RemoveTask { task: bench.id("c") }).unwrap();
    assert_eq!(walk(&mut bench), "abz");
    let mut bench = sections();
    bench.complete("a");
    bench.complete("b");
    bench.apply(Command::RemoveTask { task: bench.id("c") }).unwrap();
    assert_eq!(bench.current(), ["z"]);
}

#[test]
fn a_removed_decision_leaves_its_default_way_on() {
    let d = json!({"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual", "conditions": [bare("x"), bare("y")]});
    let task = |id: &str| json!({"id": id, "name": id, "task_type": "MANUAL"});
    let mut bench = begin(json!({"name": "test", "tasks": [task("s"), d, task("a"), task("b")],
        "edges": [edges_of(&[("s", "d")])[0], branch("d", "a", "x"), none_met("d", "b")]}));
    bench.apply(Command::RemoveTask { task: bench.id("d") }).unwrap();
    assert_eq!(walk(&mut bench), "sb");
}

#[test]
fn a_decision_stays_while_the_flow_stands_on_one_of_its_branches() {
    let d = json!({"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual", "conditions": [bare("x"), bare("y")]});
    let task = |id: &str| json!({"id": id, "name": id, "task_type": "MANUAL"});
    let mut bench = begin(json!({"name": "test", "tasks": [d, task("a"), task("b")],
        "edges": [branch("d", "a", "x"), none_met("d", "b")]}));
    bench.choose("d", "x").unwrap();
    let error = bench.apply(Command::RemoveTask { task: bench.id("d") }).unwrap_err();
    assert_eq!(error.kind(), FlowErrorKind::Invalid);
    assert_eq!(bench.current(), ["a"]);
}

#[test]
fn a_flow_has_at_most_as_many_tasks_as_a_template_may_have() {
    let names: Vec<String> = (0..499).map(|n| format!("t{n}")).collect();
    let mut bench = begin(manual(&names.iter().map(String::as_str).collect::<Vec<_>>(), &[]));
    add(&mut bench, "t0", None, new("last")).unwrap();
    let refused = add(&mut bench, "t0", None, new("more"));
    assert!(matches!(refused, Err(FlowError::Invalid(text)) if text.contains("500")));
}
