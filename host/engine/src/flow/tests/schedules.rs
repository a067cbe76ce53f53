//! Schedules: arming, waiting for anchors, firing once, cancelling.

use super::*;
use TaskStatus as S;

/// a → auto (scheduled) → z.
fn with(schedule: Value, entities: Entities) -> Bench {
    let mut document = manual(&["a", "x", "z"], &[("a", "auto"), ("auto", "z")]);
    document["tasks"].as_array_mut().unwrap().push(json!({"id": "auto", "name": "auto", "task_type": "AUTOMATION",
        "automation_config": {"flow_id": "f"}, "schedule": schedule}));
    let mut bench = try_start(document, args(), entities).unwrap();
    bench.now = 100;
    bench.complete("a");
    bench
}

fn delayed() -> Bench {
    with(json!({"mode": "delayed", "duration": 10, "unit": "minutes"}), Entities::new())
}

fn relative(direction: &str, duration: u32, reference: Value) -> Value {
    json!({"mode": "relative", "direction": direction, "duration": duration, "unit": "minutes", "reference": reference})
}

fn armed(bench: &Bench) -> (String, i64) {
    let (id, at) = bench.task("auto").schedule_state().unwrap().armed().unwrap();
    (id.to_owned(), at.secs())
}

fn code(bench: &Bench) -> &str {
    &bench.task("auto").error.as_ref().unwrap().error_code
}

#[test]
fn a_delayed_task_runs_when_its_time_has_come() {
    let mut bench = delayed();
    assert_eq!((bench.status("auto"), bench.work().len()), (S::Scheduled, 0));
    let (id, at) = armed(&bench);
    assert!(id.starts_with("sch_"));
    assert_eq!((at, bench.flow.next_due()), (700, Some(Timestamp::from_secs(700))));
    bench.now = 699;
    assert_eq!(bench.apply(Command::TimerFired), Err(FlowError::NothingToDo));
    bench.now = 700;
    bench.apply(Command::TimerFired).unwrap();
    assert_eq!((bench.status("auto"), bench.flow.next_due()), (S::InProgress, None));
}

#[test]
fn relative_schedules_count_from_their_anchor() {
    let start = relative("after", 5, json!({"id": "", "origin": "flow_started"}));
    assert_eq!(armed(&with(start, Entities::new())).1, 300);
    let all = relative("after", 5, json!({"id": "x", "origin": "all_preceding_tasks_completed"}));
    assert_eq!(armed(&with(all, Entities::new())).1, 400);
    let other = relative("after", 5, json!({"id": "x", "origin": "task_completed"}));
    let mut bench = with(other, Entities::new());
    assert_eq!((bench.status("auto"), bench.flow.next_due()), (S::Scheduled, None));
    bench.now = 200;
    bench.complete("x");
    assert_eq!(armed(&bench).1, 500);
    let date = relative(
        "before",
        5,
        json!({"id": "", "origin": "trigger_entity_attribute", "schema": "contract", "attribute": "end"}),
    );
    let entities = Entities::new().with(contract(), entity(json!({"end": "1970-01-02"})));
    assert_eq!(armed(&with(date, entities)).1, 86_400 - 300);
}

#[test]
fn a_schedule_that_cannot_fire_fails_the_task() {
    let attribute = json!({"origin": "trigger_entity_attribute", "schema": "contract", "attribute": "end"});
    let other = json!({"origin": "trigger_entity_attribute", "schema": "order", "attribute": "end"});
    let of = |end: Value| Entities::new().with(contract(), entity(json!({"end": end})));
    for (schedule, entities) in [
        (relative("before", 5, json!({"origin": "flow_started"})), Entities::new()),
        (relative("after", 1, json!({"origin": "flow_started"})), Entities::new()),
        (relative("after", 1, json!({"id": "nowhere", "origin": "task_completed"})), Entities::new()),
        (relative("after", 1, attribute.clone()), Entities::new()),
        (relative("after", 1, attribute.clone()), of(json!("soon"))),
        (relative("after", 1, attribute.clone()), of(json!("1969-12-31"))),
        (relative("after", 1, other), of(json!("1970-01-02"))),
    ] {
        let bench = with(schedule.clone(), entities);
        assert_eq!((bench.status("auto"), code(&bench)), (S::Failed, "INVALID_SCHEDULE_CONFIG"), "{schedule}");
        assert_eq!(bench.current(), ["x", "auto"]);
    }
}

#[test]
fn a_changed_date_arms_the_schedule_afresh() {
    let date =
        relative("after", 5, json!({"origin": "trigger_entity_attribute", "schema": "contract", "attribute": "end"}));
    let of = |end: &str| Entities::new().with(contract(), entity(json!({"end": end})));
    let mut bench = with(date, of("1970-01-02"));
    let (id, _) = armed(&bench);
    let changed = || {
        let diff = EntityDiff {
            entity: contract(),
            added: Default::default(),
            updated: ["end".into()].into(),
            deleted: Default::default(),
        };
        Command::EntityChanged { diff }
    };
    assert_eq!(bench.apply(changed()), Err(FlowError::NothingToDo));
    bench.entities = of("1970-01-03");
    bench.apply(changed()).unwrap();
    assert_eq!(armed(&bench).1, 2 * 86_400 + 300);
    assert_ne!(armed(&bench).0, id);
    bench.entities = of("");
    bench.apply(changed()).unwrap();
    assert_eq!((bench.status("auto"), code(&bench)), (S::Failed, "INVALID_SCHEDULE_CONFIG"));
}

#[test]
fn a_cancelled_schedule_skips_its_task() {
    let mut bench = delayed();
    bench.apply(Command::CancelSchedule { task: bench.id("auto"), schedule_id: None }).unwrap();
    assert_eq!((bench.status("auto"), bench.current(), bench.flow.next_due()), (S::Skipped, vec!["x", "z"], None));
    assert!(bench.apply(Command::CancelSchedule { task: bench.id("auto"), schedule_id: None }).is_err());
    assert!(bench.apply(Command::RunScheduleNow { task: bench.id("auto"), schedule_id: None }).is_err());
}

#[test]
fn of_a_fire_a_run_now_and_a_cancel_exactly_one_wins() {
    let fired = |bench: &Bench, id: &str| Command::ScheduleFired { task: bench.id("auto"), schedule_id: id.into() };
    let mut bench = delayed();
    let (id, _) = armed(&bench);
    let command = fired(&bench, &id);
    assert_eq!(bench.apply(command), Err(FlowError::NothingToDo), "too early");
    bench.now = 700;
    bench.apply(Command::RunScheduleNow { task: bench.id("auto"), schedule_id: Some(id.clone()) }).unwrap();
    let attempt = bench.task("auto").attempt;
    let late = [
        fired(&bench, &id),
        Command::RunScheduleNow { task: bench.id("auto"), schedule_id: Some(id.clone()) },
        Command::CancelSchedule { task: bench.id("auto"), schedule_id: Some(id.clone()) },
    ];
    for command in late {
        assert_eq!(bench.apply(command), Err(FlowError::StaleSchedule { schedule_id: id.clone() }));
    }
    assert_eq!(bench.apply(Command::TimerFired), Err(FlowError::NothingToDo));
    assert_eq!((bench.status("auto"), bench.task("auto").attempt), (S::InProgress, attempt));
    let mut bench = delayed();
    bench.now = 700;
    let command = fired(&bench, &armed(&bench).0);
    bench.apply(command).unwrap();
    assert_eq!(bench.status("auto"), S::InProgress);
}

#[test]
fn a_schedule_is_found_by_its_id() {
    let bench = delayed();
    assert_eq!(bench.flow.task_of_schedule(&armed(&bench).0).unwrap().id, bench.id("auto"));
    assert!(bench.flow.task_of_schedule("sch_other").is_none());
}

#[test]
fn closing_cancels_schedules_and_reopening_arms_them_afresh() {
    let mut bench = delayed();
    let (id, _) = armed(&bench);
    bench.flow_status(StatusName::Closed).unwrap();
    assert_eq!((bench.flow.next_due(), bench.status("auto")), (None, S::Scheduled));
    bench.now = 1_000;
    bench.flow_status(StatusName::Started).unwrap();
    assert_eq!(armed(&bench).1, 1_600);
    assert_ne!(armed(&bench).0, id);
}

#[test]
fn a_patch_away_from_scheduled_cancels_the_schedule() {
    for status in [S::Pending, S::InProgress, S::OnHold, S::Completed, S::Skipped] {
        let mut bench = delayed();
        bench.set("auto", status).unwrap();
        assert_eq!(bench.task("auto").schedule_state(), Some(&ScheduleState::Idle), "{status}");
    }
}

#[test]
fn a_scheduled_decision_is_evaluated_when_its_time_has_come() {
    let mut d = decision("d", &["x", "y"]);
    d["schedule"] = json!({"mode": "delayed", "duration": 1, "unit": "minutes"});
    let mut bench = begin(json!({"name": "test", "tasks": [d, {"id": "a", "name": "a", "task_type": "MANUAL"}],
        "edges": [none_met("d", "a")]}));
    assert_eq!((bench.status("d"), bench.work().len()), (S::Scheduled, 0));
    bench.now = 60;
    bench.apply(Command::TimerFired).unwrap();
    assert_eq!(bench.work().len(), 1);
    bench.verdicts("d", &[false, false]).unwrap();
    assert_eq!(bench.current(), ["a"]);
}
