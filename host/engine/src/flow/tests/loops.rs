//! Loops: counting, resetting, leaving, nesting.

use super::*;

fn looped(id: &str, max: u32) -> Value {
    let mut d = decision(id, &["again"]);
    d["conditions"].as_array_mut().unwrap().push(bare("out"));
    d["loop_config"] = json!({"loop_branch_id": "again", "exit_branch_id": "out", "max_iterations": max});
    d
}

/// s → w → d, back to s at most `max` times, then e.
fn simple(max: u32) -> Bench {
    let mut document = manual(&["s", "w", "e"], &[("s", "w"), ("w", "d")]);
    document["tasks"].as_array_mut().unwrap().push(looped("d", max));
    document["edges"].as_array_mut().unwrap().extend([branch("d", "s", "again"), branch("d", "e", "out")]);
    begin(document)
}

fn turn(bench: &mut Bench) {
    bench.complete("s");
    bench.complete("w");
    bench.verdicts("d", &[true]).unwrap();
}

fn count(bench: &Bench, task: &str) -> u32 {
    bench.flow.loop_info(&bench.id(task)).unwrap().crt_iterations
}

#[test]
fn the_loop_branch_is_taken_at_most_as_often_as_allowed_and_then_the_exit() {
    for max in 1..=10 {
        let mut bench = simple(max);
        for n in 1..=max {
            turn(&mut bench);
            assert_eq!((bench.current(), count(&bench, "w")), (vec!["s"], n));
            assert!(["s", "w", "d"].iter().all(|t| bench.status(t) == TaskStatus::Pending));
        }
        turn(&mut bench);
        assert_eq!((bench.current(), count(&bench, "s")), (vec!["e"], max));
        assert_eq!(bench.status("d"), TaskStatus::Completed);
        assert_eq!(bench.flow.loop_info(&bench.id("e")), None);
    }
}

#[test]
fn an_unmet_loop_branch_without_a_default_waits() {
    let mut bench = simple(3);
    bench.complete("s");
    bench.complete("w");
    bench.verdicts("d", &[false]).unwrap();
    assert_eq!(bench.status("d"), TaskStatus::ConditionPending);
    bench.choose("d", "out").unwrap();
    assert_eq!(bench.current(), ["e"]);
}

#[test]
fn a_turn_clears_what_its_tasks_had_and_counts_their_due_dates_afresh() {
    let mut bench = simple(2);
    bench.now = 60;
    bench
        .patch(
            "w",
            TaskPatch {
                due_date_config: Some(DueDateConfig {
                    duration: 1,
                    unit: TimeUnit::Hours,
                    anchor: DueAnchor::APrecedingTaskCompleted,
                }),
                enabled: Some(true),
                ..TaskPatch::default()
            },
        )
        .unwrap();
    bench.complete("s");
    assert_eq!(bench.task("w").due, Some(Due::Computed("1970-01-01T01:01:00.000Z".into())));
    bench.complete("w");
    bench.now = 3600;
    bench.verdicts("d", &[true]).unwrap();
    let task = bench.task("w");
    assert_eq!((&task.due, &task.analytics, task.reached), (&None, &Analytics::default(), false));
    bench.complete("s");
    assert_eq!(bench.task("w").due, Some(Due::Computed("1970-01-01T02:00:00.000Z".into())));
}

#[test]
fn verdicts_of_an_earlier_turn_are_stale() {
    let mut bench = simple(2);
    turn(&mut bench);
    let answer = Command::DecisionEvaluated { task: bench.id("d"), attempt: 1, result: Ok(vec![]) };
    assert_eq!(bench.apply(answer).unwrap_err().kind(), FlowErrorKind::Stale);
}

#[test]
fn an_inner_loop_starts_over_with_every_turn_of_the_outer_one() {
    // s → i ⟲(i → s) → o ⟲(o → s) → e
    let mut document = manual(&["s", "e"], &[("s", "i")]);
    document["tasks"].as_array_mut().unwrap().extend([looped("i", 1), looped("o", 2)]);
    document["edges"].as_array_mut().unwrap().extend([
        branch("i", "s", "again"),
        branch("i", "o", "out"),
        branch("o", "s", "again"),
        branch("o", "e", "out"),
    ]);
    let mut bench = begin(document);
    for outer in 0..3 {
        assert_eq!((count(&bench, "i"), bench.current()), (0, vec!["s"]));
        for _ in 0..2 {
            bench.complete("s");
            bench.verdicts("i", &[true]).unwrap();
            assert_eq!(count(&bench, "i"), 1);
        }
        assert_eq!((bench.current(), count(&bench, "o")), (vec!["o"], outer));
        bench.verdicts("o", &[true]).unwrap();
    }
    assert_eq!(bench.current(), ["e"]);
}

#[test]
fn a_loop_may_run_through_phases() {
    let mut document = manual(&["s", "e"], &[("trigger", "p"), ("p", "q")]);
    document["phases"] = json!([{"id": "p", "name": "p"}, {"id": "q", "name": "q"}]);
    document["tasks"][0]["phase_id"] = json!("p");
    let mut d = looped("d", 1);
    d["phase_id"] = json!("q");
    document["tasks"].as_array_mut().unwrap().push(d);
    document["edges"].as_array_mut().unwrap().extend([branch("d", "p", "again"), branch("d", "e", "out")]);
    let mut bench = begin(document);
    for n in 0..2 {
        assert_eq!((bench.current(), bench.flow.phases[1].status), (vec!["s"], PhaseStatus::Open), "{n}");
        bench.complete("s");
        assert_eq!(bench.flow.phases[0].status, PhaseStatus::Completed);
        bench.verdicts("d", &[true]).unwrap();
    }
    assert_eq!(bench.current(), ["e"]);
}

#[test]
fn a_decision_that_repeats_itself_is_a_loop_of_one() {
    let mut document = manual(&["e"], &[("trigger", "d")]);
    document["tasks"].as_array_mut().unwrap().push(looped("d", 2));
    document["edges"].as_array_mut().unwrap().extend([branch("d", "d", "again"), branch("d", "e", "out")]);
    let mut bench = begin(document);
    for _ in 0..3 {
        assert_eq!(bench.current(), ["d"]);
        bench.verdicts("d", &[true]).unwrap();
    }
    assert_eq!(bench.current(), ["e"]);
}
