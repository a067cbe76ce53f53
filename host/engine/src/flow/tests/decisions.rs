//! Decisions: evaluation, parallel branches, the default branch, waiting for conditions, choices by hand.

use super::*;

/// d → a (x) | b (y) | c (default, if asked for), then everything ends.
fn automatic(parallel: Option<bool>, default: bool) -> Bench {
    let mut d = decision("d", &["x", "y"]);
    if let Some(parallel) = parallel {
        d["allow_parallel_execution"] = json!(parallel);
    }
    let mut document = manual(&["a", "b", "c"], &[("trigger", "d")]);
    document["tasks"].as_array_mut().unwrap().push(d);
    let edges = document["edges"].as_array_mut().unwrap();
    edges.extend([branch("d", "a", "x"), branch("d", "b", "y")]);
    edges.push(if default { none_met("d", "c") } else { edges_of(&[("a", "c")])[0].clone() });
    begin(document)
}

fn by_hand() -> Bench {
    let mut document = manual(&["a", "b"], &[("trigger", "d")]);
    let d = json!({"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual", "conditions": [bare("x"), bare("y")]});
    document["tasks"].as_array_mut().unwrap().push(d);
    document["edges"].as_array_mut().unwrap().extend([branch("d", "a", "x"), branch("d", "b", "y")]);
    begin(document)
}

fn skip(bench: &mut Bench, condition: Option<&str>) -> Result<(), FlowError> {
    let next_condition_id = condition.map(str::to_owned);
    bench.patch("d", TaskPatch { status: Some(TaskStatus::Skipped), next_condition_id, ..TaskPatch::default() })
}

#[test]
fn an_automatic_decision_asks_for_an_evaluation_at_once() {
    let bench = automatic(None, true);
    assert_eq!(bench.status("d"), TaskStatus::InProgress);
    assert_eq!(bench.work(), [Work::Evaluate { task: bench.id("d"), attempt: 1 }]);
}

#[test]
fn every_met_branch_is_followed_unless_only_the_first_is_asked_for() {
    for (parallel, met, current) in [
        (None, [true, true], vec!["a", "b"]),
        (Some(true), [true, true], vec!["a", "b"]),
        (Some(false), [true, true], vec!["a"]),
        (Some(false), [false, true], vec!["b"]),
        (None, [false, false], vec!["c"]),
        (Some(false), [false, false], vec!["c"]),
    ] {
        let mut bench = automatic(parallel, true);
        bench.verdicts("d", &met).unwrap();
        assert_eq!(bench.current(), current, "{parallel:?} {met:?}");
        let conditions = &bench.task("d").decision().unwrap().spec.conditions;
        assert_eq!(conditions.iter().map(|c| c.is_met).collect::<Vec<_>>(), met.map(Some));
        assert!(conditions.iter().all(|c| c.evaluated_at.is_some()));
    }
}

#[test]
fn with_no_branch_met_and_no_default_the_decision_waits_and_is_looked_at_again() {
    let mut bench = automatic(None, false);
    bench.verdicts("d", &[false, false]).unwrap();
    assert_eq!((bench.status("d"), bench.work().len()), (TaskStatus::ConditionPending, 0));
    let diff = |id: &str| EntityDiff {
        entity: EntityRef { schema: "contract".into(), id: id.into() },
        added: Default::default(),
        updated: ["x".to_owned()].into(),
        deleted: Default::default(),
    };
    assert_eq!(bench.apply(Command::EntityChanged { diff: diff("other") }), Err(FlowError::NothingToDo));
    bench.apply(Command::EntityChanged { diff: diff("c1") }).unwrap();
    assert_eq!((bench.status("d"), bench.work().len()), (TaskStatus::ConditionPending, 1));
    let questions = questions(&bench.flow, &bench.id("d"), &bench.entities).unwrap();
    assert_eq!(questions[0].operands[0].diff.as_deref(), Some("updated"));
    bench.verdicts("d", &[false, true]).unwrap();
    assert_eq!(bench.current(), ["b"]);

    let mut bench = automatic(None, false);
    bench.verdicts("d", &[false, false]).unwrap();
    bench.apply(Command::Execute { task: bench.id("d") }).unwrap();
    assert_eq!(bench.work().len(), 1);
    let mut bench = automatic(None, false);
    bench.verdicts("d", &[false, false]).unwrap();
    bench.choose("d", "y").unwrap();
    assert_eq!(bench.current(), ["b"]);
}

#[test]
fn an_entity_that_changes_during_an_evaluation_makes_it_stale() {
    let mut bench = automatic(None, false);
    let entity = EntityRef { schema: "contract".into(), id: "c1".into() };
    let (added, updated) = (Default::default(), ["x".to_owned()].into());
    let diff = EntityDiff { entity, added, updated, deleted: Default::default() };
    bench.apply(Command::EntityChanged { diff }).unwrap();
    assert_eq!((bench.status("d"), bench.work()[0].attempt()), (TaskStatus::InProgress, 2));
    let result = Ok(vec![Verdict { met: false, explain: String::new() }; 2]);
    let late = Command::DecisionEvaluated { task: bench.id("d"), attempt: 1, result };
    assert_eq!(bench.apply(late).unwrap_err().kind(), FlowErrorKind::Stale);
    // What started the flow is still what the conditions are about.
    let questions = questions(&bench.flow, &bench.id("d"), &bench.entities).unwrap();
    assert_eq!(questions[0].operands[0].diff, None);
    bench.verdicts("d", &[false, true]).unwrap();
    assert_eq!(bench.current(), ["b"]);
}

#[test]
fn an_evaluation_that_fails_fails_the_task_and_a_person_may_decide() {
    let mut bench = automatic(None, true);
    let fault = crate::Fault::permanent("COMPONENT_TRAP", "unreachable");
    bench.apply(Command::DecisionEvaluated { task: bench.id("d"), attempt: 1, result: Err(fault) }).unwrap();
    assert_eq!(bench.status("d"), TaskStatus::Failed);
    assert_eq!(bench.task("d").error.as_ref().unwrap().error_code, "COMPONENT_TRAP");
    assert_eq!(bench.current(), ["d"]);
    bench.choose("d", "x").unwrap();
    assert_eq!(bench.current(), ["a"]);
}

#[test]
fn the_wrong_number_of_verdicts_fails_the_task() {
    let mut bench = automatic(None, true);
    bench.verdicts("d", &[true]).unwrap();
    assert_eq!(bench.task("d").error.as_ref().unwrap().error_code, "INVALID_VERDICTS");
}

#[test]
fn verdicts_nobody_waits_for_are_stale() {
    let mut bench = automatic(None, true);
    bench.apply(Command::Execute { task: bench.id("d") }).unwrap_err();
    bench.set("d", TaskStatus::OnHold).unwrap();
    let stale = FlowError::StaleAttempt { task: bench.id("d"), attempt: 1 };
    let answer = |bench: &mut Bench, attempt| {
        bench.apply(Command::DecisionEvaluated { task: bench.id("d"), attempt, result: Ok(vec![]) })
    };
    assert_eq!(answer(&mut bench, 1), Err(stale.clone()));
    bench.apply(Command::Execute { task: bench.id("d") }).unwrap();
    assert_eq!(answer(&mut bench, 1), Err(stale.clone()));
    assert_eq!(stale.kind(), FlowErrorKind::Stale);
    let attempt = bench.work()[0].attempt();
    let result = Ok(vec![Verdict { met: true, explain: String::new() }; 2]);
    bench.apply(Command::DecisionEvaluated { task: bench.id("d"), attempt, result }).unwrap();
    assert_eq!(bench.current(), ["a", "b"]);
}

#[test]
fn a_manual_decision_needs_a_known_branch() {
    let mut bench = by_hand();
    assert_eq!(bench.work(), []);
    assert!(bench.set("d", TaskStatus::Completed).is_err());
    assert!(bench.choose("d", "z").is_err());
    assert!(bench.apply(Command::Execute { task: bench.id("d") }).is_err());
    bench.choose("d", "y").unwrap();
    assert_eq!(bench.current(), ["b"]);
    assert!(bench.choose("a", "y").is_err());
}

#[test]
fn a_skipped_decision_takes_the_default_branch_or_needs_one() {
    let mut bench = by_hand();
    assert!(skip(&mut bench, None).is_err());
    skip(&mut bench, Some("x")).unwrap();
    assert_eq!(bench.current(), ["a"]);
    let mut bench = automatic(None, true);
    assert!(skip(&mut bench, Some("x")).is_err());
    skip(&mut bench, None).unwrap();
    assert_eq!((bench.current(), bench.work().len()), (vec!["c"], 0));
}

#[test]
fn a_decision_made_ahead_of_time_is_followed_when_the_flow_comes_to_it() {
    let mut document = manual(&["s", "a", "b"], &[("s", "d")]);
    let d = json!({"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual", "conditions": [bare("x"), bare("y")]});
    document["tasks"].as_array_mut().unwrap().push(d);
    document["edges"].as_array_mut().unwrap().extend([branch("d", "a", "x"), branch("d", "b", "y")]);
    let mut bench = begin(document);
    bench.choose("d", "y").unwrap();
    assert_eq!(bench.current(), ["s"]);
    bench.complete("s");
    assert_eq!(bench.current(), ["b"]);
}

#[test]
fn a_met_branch_without_an_edge_ends_its_path() {
    let mut d = decision("d", &["x", "y"]);
    d["allow_parallel_execution"] = json!(false);
    let mut bench = begin(json!({"name": "test", "edges": [branch("d", "a", "x")],
        "tasks": [d, {"id": "a", "name": "a", "task_type": "MANUAL"}]}));
    bench.verdicts("d", &[false, true]).unwrap();
    assert!(matches!(bench.flow.status, FlowStatus::Done { .. }));
    assert_eq!(bench.status("a"), TaskStatus::Pending);
}

#[test]
fn statements_and_a_custom_condition_are_combined_by_the_operator() {
    for (operator, met) in [("AND", false), ("OR", true)] {
        let mut d = decision("d", &["x", "y"]);
        d["conditions"][0]["logical_operator"] = json!(operator);
        d["conditions"][0]["custom_condition"] = json!({"component": "plugin/check", "config": {"n": 1}});
        let mut bench = begin(json!({"name": "test", "tasks": [d], "edges": []}));
        let asked = questions(&bench.flow, &bench.id("d"), &bench.entities).unwrap();
        let components: Vec<_> = asked.iter().map(|q| q.component.as_str()).collect();
        assert_eq!(components, [BUILT_IN, "plugin/check", BUILT_IN]);
        bench.verdicts("d", &[true, false, false]).unwrap();
        assert_eq!(bench.task("d").decision().unwrap().spec.conditions[0].is_met, Some(met));
    }
}
