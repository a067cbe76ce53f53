//! Going back: `revert_execution`.

use super::*;

fn revert(bench: &mut Bench, task: &str, to: TaskStatus) -> Result<(), FlowError> {
    bench.patch(task, TaskPatch { status: Some(to), revert_execution: true, ..TaskPatch::default() })
}

fn chain() -> Bench {
    let mut bench = begin(manual(&["a", "b", "c", "d"], &[("a", "b"), ("b", "c"), ("c", "d")]));
    bench.complete("a");
    bench.complete("b");
    bench
}

#[test]
fn a_reverted_task_is_current_again_and_everything_behind_it_starts_over() {
    let mut bench = chain();
    bench.set("d", TaskStatus::Completed).unwrap();
    bench.set("c", TaskStatus::InProgress).unwrap();
    revert(&mut bench, "a", TaskStatus::Pending).unwrap();
    assert_eq!(bench.current(), ["a"]);
    for task in ["a", "b", "c", "d"] {
        assert_eq!((bench.status(task), &bench.task(task).analytics), (TaskStatus::Pending, &Analytics::default()));
    }
    assert!(bench.names().contains(&"TaskReverted"));
}

#[test]
fn a_task_may_be_reverted_to_in_progress_only_with_the_flag() {
    let mut bench = chain();
    assert!(bench.set("a", TaskStatus::InProgress).is_err());
    revert(&mut bench, "a", TaskStatus::InProgress).unwrap();
    assert_eq!((bench.status("a"), bench.current()), (TaskStatus::InProgress, vec!["a"]));
}

#[test]
fn without_the_flag_only_the_task_changes() {
    let mut bench = chain();
    bench.set("a", TaskStatus::Pending).unwrap();
    assert_eq!((bench.current(), bench.status("b")), (vec!["c"], TaskStatus::Completed));
}

#[test]
fn the_flag_means_nothing_on_current_and_future_tasks() {
    let mut bench = chain();
    bench.set("c", TaskStatus::OnHold).unwrap();
    revert(&mut bench, "c", TaskStatus::Pending).unwrap();
    bench.complete("d");
    revert(&mut bench, "d", TaskStatus::Pending).unwrap();
    assert_eq!(
        (bench.current(), bench.status("d"), bench.status("b")),
        (vec!["c"], TaskStatus::Pending, TaskStatus::Completed)
    );
    bench.complete("d");
    assert!(revert(&mut bench, "d", TaskStatus::InProgress).is_err());
}

#[test]
fn a_revert_reopens_a_flow_that_is_done() {
    let mut bench = chain();
    bench.complete("c");
    bench.complete("d");
    assert!(matches!(bench.flow.status, FlowStatus::Done { .. }));
    revert(&mut bench, "c", TaskStatus::Pending).unwrap();
    assert_eq!((bench.flow.status.clone(), bench.current()), (FlowStatus::Started, vec!["c"]));
    assert!(bench.names().contains(&"FlowReopened"));
}

#[test]
fn parallel_current_tasks_that_do_not_lie_behind_stay_current() {
    let mut bench = begin(manual(&["a", "b", "x"], &[("a", "b")]));
    bench.complete("a");
    revert(&mut bench, "a", TaskStatus::Pending).unwrap();
    assert_eq!(bench.current(), ["x", "a"]);
}

#[test]
fn a_revert_stops_schedules_and_runs_and_resets_decisions_and_counters() {
    let mut document = manual(&["s"], &[("s", "d"), ("s", "auto"), ("s", "late")]);
    let mut d = decision("d", &["again"]);
    d["conditions"].as_array_mut().unwrap().push(bare("out"));
    d["loop_config"] = json!({"loop_branch_id": "again", "exit_branch_id": "out"});
    let auto =
        |id: &str| json!({"id": id, "name": id, "task_type": "AUTOMATION", "automation_config": {"flow_id": "f"}});
    let mut late = auto("late");
    late["schedule"] = json!({"mode": "delayed", "duration": 1, "unit": "days"});
    document["tasks"].as_array_mut().unwrap().extend([d, auto("auto"), late]);
    document["edges"].as_array_mut().unwrap().extend([branch("d", "d", "again")]);
    let mut bench = begin(document);
    bench.complete("s");
    bench.verdicts("d", &[true]).unwrap();
    assert_eq!(bench.flow.loop_info(&bench.id("d")).unwrap().crt_iterations, 1);
    assert!(bench.flow.next_due().is_some());
    let attempt = bench.task("auto").attempt;
    revert(&mut bench, "s", TaskStatus::Pending).unwrap();
    assert_eq!((bench.current(), bench.work(), bench.flow.next_due()), (vec!["s"], vec![], None));
    assert_eq!(bench.flow.loop_info(&bench.id("d")).unwrap().crt_iterations, 0);
    assert_eq!(bench.task("auto").automation().unwrap().run, None);
    let answer = Command::AutomationResolved { task: bench.id("auto"), attempt, found: Resolved::Unknown };
    assert_eq!(bench.apply(answer).unwrap_err().kind(), FlowErrorKind::Stale);
}

#[test]
fn a_reverted_automation_starts_again_by_itself() {
    let mut document = manual(&["b"], &[("auto", "b")]);
    let auto = json!({"id": "auto", "name": "auto", "task_type": "AUTOMATION", "automation_config": {"flow_id": "f"}});
    document["tasks"].as_array_mut().unwrap().push(auto);
    let mut bench = begin(document);
    bench.set("auto", TaskStatus::Skipped).unwrap();
    revert(&mut bench, "auto", TaskStatus::Pending).unwrap();
    assert_eq!((bench.status("auto"), bench.work().len()), (TaskStatus::InProgress, 1));
}
