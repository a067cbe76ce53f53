//! Calendar arithmetic and due dates.

use super::*;

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc().into()
}

#[test]
fn durations_are_added_on_the_calendar_and_months_clamp_to_their_end() {
    use TimeUnit::{Days, Hours, Minutes, Months, Weeks, Years};
    for (from, amount, unit, back, expected) in [
        ("2026-01-31T10:00:00Z", 1, Months, false, "2026-02-28T10:00:00.000Z"),
        ("2024-01-31T10:00:00Z", 1, Months, false, "2024-02-29T10:00:00.000Z"),
        ("2024-02-29T10:00:00Z", 1, Years, false, "2025-02-28T10:00:00.000Z"),
        ("2026-03-31T10:00:00Z", 1, Months, true, "2026-02-28T10:00:00.000Z"),
        ("2026-12-31T23:59:00Z", 1, Minutes, false, "2027-01-01T00:00:00.000Z"),
        ("2026-03-29T00:30:00Z", 2, Hours, false, "2026-03-29T02:30:00.000Z"),
        ("2026-02-27T10:00:00Z", 2, Days, false, "2026-03-01T10:00:00.000Z"),
        ("2026-01-01T00:00:00Z", 1, Weeks, true, "2025-12-25T00:00:00.000Z"),
        ("2026-01-31T00:00:00Z", 13, Months, false, "2027-02-28T00:00:00.000Z"),
    ] {
        assert_eq!(shift(at(from), amount, unit, back).unwrap().to_rfc3339_millis(), expected);
    }
    for unit in [Minutes, Hours, Days, Weeks, Months, Years] {
        let _ = shift(at("2026-01-31T00:00:00Z"), u32::MAX, unit, false);
    }
    assert_eq!(shift(at("2026-01-31T00:00:00Z"), u32::MAX, Years, false), None);
}

#[test]
fn short_due_dates_are_instants_and_long_ones_floating_days() {
    use TimeUnit::{Days, Hours, Minutes, Months};
    let due = |amount, unit| time_math::due_text(at("2026-05-28T09:30:00Z"), amount, unit).unwrap();
    assert_eq!(due(15, Minutes), "2026-05-28T09:45:00.000Z");
    assert_eq!(due(15, Hours), "2026-05-29T00:30:00.000Z");
    assert_eq!(due(1, Days), "2026-05-29T00:00:00.000");
    assert_eq!(due(1, Months), "2026-06-28T00:00:00.000");
}

#[test]
fn dates_of_entities_may_be_instants_floating_or_days() {
    for text in ["2026-05-28T00:00:00Z", "2026-05-28T02:00:00+02:00", "2026-05-28T00:00:00.000", "2026-05-28"] {
        assert_eq!(time_math::read_date(&json!(text)), Some(at("2026-05-28T00:00:00Z")), "{text}");
    }
    assert_eq!(time_math::read_date(&json!("soon")), None);
    assert_eq!(time_math::read_date(&json!(5)), None);
}

fn config(anchor: Value) -> Value {
    let mut config = json!({"duration": 1, "unit": "minutes"});
    config.as_object_mut().unwrap().extend(anchor.as_object().unwrap().clone());
    config
}

/// a and b lead to c, which lies in a phase.
fn bench(anchor: Value) -> Bench {
    let mut document = manual(&["a", "b", "c", "z"], &[("a", "c"), ("b", "c"), ("c", "z")]);
    document["phases"] =
        json!([{"id": "p", "name": "p", "due_date_config": config(json!({"type": "WORKFLOW_STARTED"}))}]);
    document["tasks"][0]["phase_id"] = json!("p");
    document["tasks"][2]["due_date_config"] = config(anchor);
    begin(document)
}

fn due(bench: &Bench) -> Option<&str> {
    bench.task("c").due.as_ref().map(Due::as_str)
}

#[test]
fn a_due_date_is_computed_when_its_anchor_happens() {
    let (first, second) = (Some("1970-01-01T00:01:10.000Z"), Some("1970-01-01T00:01:20.000Z"));
    for (anchor, start, after_a, after_b) in [
        (json!({"type": "WORKFLOW_STARTED"}), Some("1970-01-01T00:01:00.000Z"), None, None),
        (json!({"type": "TASK_FINISHED", "task_id": "b"}), None, None, second),
        (json!({"type": "PHASE_FINISHED", "phase_id": "p"}), None, first, first),
        (json!({"type": "A_PRECEDING_TASK_COMPLETED"}), None, first, first),
        (json!({"type": "ALL_PRECEDING_TASKS_COMPLETED"}), None, None, second),
    ] {
        let mut bench = bench(anchor.clone());
        assert_eq!(due(&bench), start, "{anchor}");
        assert_eq!(bench.flow.phases[0].due.as_ref().map(Due::as_str), Some("1970-01-01T00:01:00.000Z"));
        bench.now = 10;
        bench.complete("a");
        assert_eq!(due(&bench), start.or(after_a), "{anchor}");
        bench.now = 20;
        bench.complete("b");
        assert_eq!(due(&bench), start.or(after_b), "{anchor}");
    }
}

#[test]
fn a_due_date_somebody_sets_is_never_overwritten() {
    let mut bench = bench(json!({"type": "A_PRECEDING_TASK_COMPLETED"}));
    let set = TaskPatch {
        due_date: Some("2026-05-28T00:00:00.000".into()),
        due_date_config: Some(DueDateConfig { duration: 9, unit: TimeUnit::Days, anchor: DueAnchor::WorkflowStarted }),
        ..TaskPatch::default()
    };
    bench.patch("c", set).unwrap();
    bench.complete("a");
    assert_eq!(due(&bench), Some("2026-05-28T00:00:00.000"));
    assert_eq!(bench.task("c").due_date_config.as_ref().unwrap().duration, 9);
}

#[test]
fn a_new_config_computes_the_date_again() {
    let mut bench = bench(json!({"type": "WORKFLOW_STARTED"}));
    let hour = DueDateConfig { duration: 1, unit: TimeUnit::Hours, anchor: DueAnchor::WorkflowStarted };
    bench.patch("c", TaskPatch { due_date_config: Some(hour.clone()), ..TaskPatch::default() }).unwrap();
    assert_eq!(due(&bench), Some("1970-01-01T01:00:00.000Z"));
    let flow = FlowPatch { due_date_config: Some(hour), ..FlowPatch::default() };
    bench.apply(Command::PatchFlow(flow)).unwrap();
    assert_eq!(bench.names(), ["FlowDueDateChanged"]);
    let phase = PhasePatch { due_date: Some("x".into()), name: Some("q".into()), ..PhasePatch::default() };
    bench.apply(Command::PatchPhase { phase: bench.id("p"), patch: phase }).unwrap();
    assert_eq!(bench.flow.phases[0].due, Some(Due::Set("x".into())));
    assert_eq!(bench.names(), ["PhaseUpdated"]);
}

#[test]
fn an_empty_text_takes_a_date_away_and_lets_a_config_compute_it_again() {
    let mut bench = bench(json!({"type": "WORKFLOW_STARTED"}));
    let date = |text: &str| TaskPatch { due_date: Some(text.into()), ..TaskPatch::default() };
    let computed = due(&bench).unwrap().to_owned();
    bench.patch("c", date("2026-05-28T00:00:00.000")).unwrap();
    bench.patch("c", date("")).unwrap();
    assert_eq!(due(&bench), Some(computed.as_str()));
    bench.patch("a", date("2026-05-28T00:00:00.000")).unwrap();
    bench.patch("a", date("")).unwrap();
    assert_eq!(bench.task("a").due, None);
}
