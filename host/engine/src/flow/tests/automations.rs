//! Automations and agents: runs, actions, retries, healing, reconciling.

use super::*;
use crate::{Fault, Outcome, RawJson, RetryPolicy};
use TaskStatus as S;

/// auto → b.
fn with(change: impl FnOnce(&mut Value)) -> Bench {
    let mut document = manual(&["b"], &[("auto", "b")]);
    let mut auto =
        json!({"id": "auto", "name": "auto", "task_type": "AUTOMATION", "automation_config": {"flow_id": "f1"}});
    change(&mut auto);
    document["tasks"].as_array_mut().unwrap().push(auto);
    begin(document)
}

fn automatic() -> Bench {
    with(|_| {})
}

fn by_hand() -> Bench {
    with(|auto| auto["trigger_mode"] = json!("manual"))
}

fn action(allow_failure: bool, retry: RetryPolicy) -> ActionSpec {
    ActionSpec { step_type: "mail/send".into(), name: None, config: RawJson::empty_object(), allow_failure, retry }
}

fn resolve(bench: &mut Bench, actions: Vec<ActionSpec>) {
    let found = Resolved::Found { actions, pins: BTreeMap::from([("mail".to_owned(), "d1".to_owned())]) };
    let (task, attempt) = (bench.id("auto"), bench.task("auto").attempt);
    bench.apply(Command::AutomationResolved { task, attempt, found }).unwrap();
}

fn running(actions: usize) -> Bench {
    let mut bench = automatic();
    resolve(&mut bench, vec![action(false, RetryPolicy::none()); actions]);
    bench
}

fn end(bench: &mut Bench, outcome: Outcome) {
    let (task, attempt) = (bench.id("auto"), bench.work()[0].attempt());
    bench.apply(Command::ActionFinished { task, attempt, outcome }).unwrap();
}

fn completed() -> Outcome {
    Outcome::Completed { output: RawJson::from(json!({"ok": true})), entity_refs: vec![] }
}

fn failed(retryable: bool) -> Outcome {
    Outcome::Failed(Fault { retryable, ..Fault::permanent("BROKEN", "it broke") })
}

fn run(bench: &Bench) -> &AutomationRun {
    bench.task("auto").automation().unwrap().run.as_ref().unwrap()
}

#[test]
fn an_automatic_automation_asks_for_its_actions_and_runs_them_one_by_one() {
    let mut bench = automatic();
    assert_eq!(bench.status("auto"), S::InProgress);
    let execution_id = run(&bench).execution_id.clone();
    let dispatch =
        Work::Dispatch { task: bench.id("auto"), attempt: 1, flow_id: "f1".into(), execution_id: execution_id.clone() };
    assert_eq!(bench.work(), [dispatch]);
    resolve(&mut bench, vec![action(false, RetryPolicy::none()); 2]);
    assert_eq!(bench.flow.pins["mail"], "d1");
    for number in 0..2 {
        let work = bench.work();
        let [Work::Automation(work)] = &work[..] else { panic!("{work:?}") };
        assert_eq!((work.action, work.tries, &work.input, &work.execution_id), (number, 1, &contract(), &execution_id));
        assert_eq!(work.outputs.len(), number);
        end(&mut bench, completed());
    }
    assert_eq!((bench.status("auto"), bench.current(), run(&bench).state.name()), (S::Completed, vec!["b"], "success"));
}

#[test]
fn an_automation_without_actions_succeeds_and_an_unknown_or_hot_one_fails() {
    assert_eq!(running(0).status("auto"), S::Completed);
    for (found, code) in [(Resolved::Unknown, "AUTOMATION_NOT_FOUND"), (Resolved::Hot, "AUTOMATION_HOT")] {
        let mut bench = automatic();
        bench.apply(Command::AutomationResolved { task: bench.id("auto"), attempt: 1, found }).unwrap();
        assert_eq!((bench.status("auto"), bench.current()), (S::Failed, vec!["auto"]));
        assert_eq!(bench.task("auto").error.as_ref().unwrap().error_code, code);
    }
}

#[test]
fn a_failed_action_stops_the_rest_unless_it_may_fail() {
    let mut bench = running(2);
    end(&mut bench, failed(false));
    assert_eq!((bench.status("auto"), bench.work().len()), (S::Failed, 0));
    let error = bench.task("auto").error.clone().unwrap();
    assert_eq!(error.to_json_string(), r#"{"error_code":"BROKEN","error_reason":"it broke"}"#);

    let mut bench = automatic();
    resolve(&mut bench, vec![action(true, RetryPolicy::none()), action(false, RetryPolicy::none())]);
    end(&mut bench, failed(false));
    end(&mut bench, completed());
    assert_eq!(bench.status("auto"), S::Completed);
}

#[test]
fn an_automation_is_skipped_only_when_every_action_is() {
    let skipped = || Outcome::Skipped { reason: "no need".into() };
    let mut bench = running(2);
    end(&mut bench, skipped());
    end(&mut bench, skipped());
    assert_eq!((bench.status("auto"), bench.current()), (S::Skipped, vec!["b"]));
    let mut bench = running(2);
    end(&mut bench, skipped());
    end(&mut bench, completed());
    assert_eq!(bench.status("auto"), S::Completed);
}

#[test]
fn a_retryable_failure_is_tried_again_when_its_time_has_come() {
    let mut bench = automatic();
    resolve(&mut bench, vec![action(false, RetryPolicy::times(1))]);
    let first = bench.work()[0].attempt();
    end(&mut bench, failed(true));
    assert_eq!((bench.status("auto"), bench.work().len()), (S::InProgress, 0));
    assert_eq!(bench.apply(Command::TimerFired), Err(FlowError::NothingToDo));
    let due = bench.flow.next_due().unwrap();
    assert!(due > Timestamp::from_secs(0) && due <= Timestamp::from_secs(1));
    bench.now = 1;
    bench.apply(Command::TimerFired).unwrap();
    let [Work::Automation(work)] = &bench.work()[..] else { panic!() };
    assert_eq!((work.tries, work.attempt), (2, first + 1));
    end(&mut bench, failed(true));
    assert_eq!(bench.status("auto"), S::Failed);
}

#[test]
fn an_action_may_wait_for_a_call_back_or_put_itself_off() {
    let mut bench = running(1);
    end(&mut bench, Outcome::Waiting { resume_key: "k".into(), expires_at: Some(Timestamp::from_secs(9)) });
    assert_eq!((bench.status("auto"), run(&bench).state.name()), (S::WaitingForConfirmation, "paused"));
    let resume = |key: &str| Command::ResumeAction { resume_key: key.into(), data: RawJson::null() };
    assert_eq!(bench.apply(resume("other")), Err(FlowError::UnknownResumeKey));
    bench.apply(resume("k")).unwrap();
    let [Work::Automation(work)] = &bench.work()[..] else { panic!() };
    assert_eq!((work.resume.clone(), work.tries), (Some(RawJson::null()), 1));
    assert_eq!(bench.status("auto"), S::InProgress);
    end(&mut bench, Outcome::Defer { until: Timestamp::from_secs(20) });
    assert_eq!((bench.status("auto"), run(&bench).state.name()), (S::Scheduled, "scheduled"));
    assert_eq!(bench.flow.next_due(), Some(Timestamp::from_secs(20)));
    bench.apply(Command::RunScheduleNow { task: bench.id("auto"), schedule_id: None }).unwrap();
    assert_eq!((bench.status("auto"), bench.work().len()), (S::InProgress, 1));
    end(&mut bench, completed());
    assert_eq!(bench.current(), ["b"]);

    let mut bench = running(1);
    end(&mut bench, Outcome::Waiting { resume_key: "k".into(), expires_at: Some(Timestamp::from_secs(9)) });
    bench.now = 9;
    bench.apply(Command::TimerFired).unwrap();
    assert_eq!(bench.task("auto").error.as_ref().unwrap().error_code, "WAIT_EXPIRED");
}

#[test]
fn answers_nobody_waits_for_are_stale() {
    let mut bench = running(1);
    let attempt = bench.work()[0].attempt();
    let answer = |attempt| Command::ActionFinished { task: NodeId::new(""), attempt, outcome: completed() };
    let at = |bench: &Bench, command| match command {
        Command::ActionFinished { attempt, outcome, .. } => {
            Command::ActionFinished { task: bench.id("auto"), attempt, outcome }
        }
        other => other,
    };
    for stale in [attempt - 1, attempt + 1] {
        let command = at(&bench, answer(stale));
        assert_eq!(bench.apply(command).unwrap_err().kind(), FlowErrorKind::Stale);
    }
    bench.set("auto", S::Skipped).unwrap();
    let command = at(&bench, answer(attempt));
    assert_eq!(bench.apply(command).unwrap_err().kind(), FlowErrorKind::Stale);
    assert_eq!(run(&bench).state.name(), "cancelled");
}

#[test]
fn a_run_may_be_asked_for_exactly_where_the_contract_allows_it() {
    for &status in S::ALL {
        let mut bench = by_hand();
        bench.flow.tasks[1].status = status;
        let allowed = matches!(status, S::Pending | S::OnHold | S::Failed | S::Scheduled);
        let answer = bench.apply(Command::RunAutomation { task: bench.id("auto") });
        assert_eq!(answer.is_ok(), allowed, "{status}");
        if allowed {
            assert_eq!((bench.status("auto"), run(&bench).state.name()), (S::InProgress, "starting"));
        }
    }
    let mut bench = by_hand();
    assert!(bench.apply(Command::RunAutomation { task: bench.id("b") }).is_err());
    bench.patch("auto", TaskPatch { enabled: Some(false), ..TaskPatch::default() }).unwrap();
    assert_eq!(bench.apply(Command::RunAutomation { task: bench.id("auto") }), Err(FlowError::Disabled));
}

#[test]
fn a_disabled_automation_starts_as_soon_as_it_is_enabled() {
    let mut document = manual(&["a", "x"], &[("a", "auto")]);
    document["tasks"].as_array_mut().unwrap().push(json!({"id": "auto", "name": "auto", "task_type": "AUTOMATION",
        "automation_config": {"flow_id": "f"}, "requirements": [{"when": "TASK_FINISHED", "task_id": "x"}]}));
    let mut bench = begin(document);
    bench.complete("a");
    assert_eq!((bench.status("auto"), bench.flow.next_due()), (S::Pending, None));
    bench.complete("x");
    assert_eq!(bench.status("auto"), S::InProgress);
}

#[test]
fn the_input_may_be_what_another_task_has_produced() {
    let consumer = |bench: &Bench| bench.task("second").automation().unwrap().run.as_ref().map(|r| r.input.clone());
    let order = EntityRef { schema: "order".into(), id: "o1".into() };
    for (produced, expected) in [(vec![order.clone()], Some(order)), (vec![], None)] {
        let mut document = manual(&[], &[("auto", "second")]);
        let auto =
            |id: &str| json!({"id": id, "name": id, "task_type": "AUTOMATION", "automation_config": {"flow_id": "f"}});
        let mut second = auto("second");
        second["automation_config"]["input_context"] = json!({"source": "task", "task_id": "auto"});
        document["tasks"].as_array_mut().unwrap().extend([auto("auto"), second]);
        let mut bench = begin(document);
        resolve(&mut bench, vec![action(false, RetryPolicy::none())]);
        end(&mut bench, Outcome::Completed { output: RawJson::null(), entity_refs: produced });
        assert_eq!(consumer(&bench), expected);
        if expected.is_none() {
            assert_eq!(bench.task("second").error.as_ref().unwrap().error_code, "ENTITY_NOT_FOUND");
        }
    }
}

#[test]
fn a_run_that_ends_while_the_flow_is_closed_advances_it_only_after_a_reopening() {
    let mut bench = running(1);
    bench.flow_status(StatusName::Closed).unwrap();
    end(&mut bench, completed());
    assert_eq!((bench.status("auto"), bench.current()), (S::Completed, vec!["auto"]));
    bench.flow_status(StatusName::Started).unwrap();
    assert_eq!(bench.current(), ["b"]);
}

#[test]
fn reconciling_brings_a_task_to_where_its_run_has_ended() {
    let mut bench = running(1);
    let reconcile = |bench: &mut Bench, task: &str| bench.apply(Command::Reconcile { task: bench.id(task) });
    assert!(reconcile(&mut bench, "b").is_err());
    bench.set("auto", S::OnHold).unwrap();
    assert_eq!(reconcile(&mut bench, "auto"), Err(FlowError::NothingToDo), "the run still goes on");
    end(&mut bench, completed());
    assert_eq!((bench.status("auto"), run(&bench).state.name()), (S::OnHold, "success"));
    reconcile(&mut bench, "auto").unwrap();
    assert_eq!((bench.status("auto"), bench.current()), (S::Completed, vec!["b"]));
    assert_eq!(reconcile(&mut bench, "auto"), Err(FlowError::NothingToDo));
}

#[test]
fn a_cancelled_automation_is_skipped() {
    let mut bench = running(1);
    bench.apply(Command::CancelAutomation { task: bench.id("auto") }).unwrap();
    assert_eq!((bench.status("auto"), bench.current()), (S::Skipped, vec!["b"]));
    assert!(bench.apply(Command::CancelAutomation { task: bench.id("auto") }).is_err());
}

/// An automation that stands still without ever having been started.
fn stuck() -> Bench {
    let mut bench = automatic();
    let task = &mut bench.flow.tasks[1];
    task.status = S::Pending;
    task.automation_mut().unwrap().run = None;
    bench
}

#[test]
fn an_automation_that_stands_still_is_started_after_a_minute() {
    let mut bench = stuck();
    assert_eq!(bench.flow.next_due(), Some(Timestamp::from_secs(60)));
    bench.now = 59;
    assert_eq!(bench.apply(Command::TimerFired), Err(FlowError::NothingToDo));
    bench.now = 60;
    bench.apply(Command::TimerFired).unwrap();
    assert_eq!((bench.status("auto"), bench.task("auto").automation().unwrap().heal_attempts), (S::InProgress, 1));
    assert!(bench.names().contains(&"AutomationHealed"));
}

#[test]
fn healing_gives_up_after_three_tries_a_minute_apart() {
    let mut bench = stuck();
    for attempt in 1..=3 {
        bench.now += 60;
        bench.apply(Command::TimerFired).unwrap();
        assert_eq!(bench.task("auto").automation().unwrap().heal_attempts, attempt);
        let task = &mut bench.flow.tasks[1];
        task.status = S::Pending;
        task.automation_mut().unwrap().run = None;
        assert_eq!(bench.flow.next_due(), Some(Timestamp::from_secs(bench.now + 60)));
    }
    bench.now += 60;
    bench.apply(Command::TimerFired).unwrap();
    assert_eq!((bench.status("auto"), bench.flow.next_due()), (S::Failed, None));
    assert_eq!(bench.task("auto").error.as_ref().unwrap().error_code, "AUTOMATION_NOT_STARTED");
}

#[test]
fn manual_and_disabled_automations_are_not_healed() {
    assert_eq!(by_hand().flow.next_due(), None);
    let mut bench = stuck();
    bench.patch("auto", TaskPatch { enabled: Some(false), ..TaskPatch::default() }).unwrap();
    assert_eq!(bench.flow.next_due(), None);
}

fn agent() -> Bench {
    let mut document = manual(&["b"], &[("agent", "b")]);
    document["tasks"].as_array_mut().unwrap().push(json!({"id": "agent", "name": "agent", "task_type": "AI_AGENT",
        "agent_config": {"agent_id": "a1", "parameters": {"n": 1}}}));
    begin(document)
}

fn report(bench: &mut Bench, report: AgentReport) -> Result<(), FlowError> {
    let (task, attempt) = (bench.id("agent"), bench.task("agent").attempt);
    bench.apply(Command::AgentReported { task, attempt, report })
}

fn outcome(outcome: &str) -> AgentReport {
    AgentReport::Completed { outcome: Some(outcome.into()), output: json!({"outcome": outcome}), entities: vec![] }
}

#[test]
fn an_agent_runs_at_once_and_its_end_decides_the_task() {
    let fault = || Fault::permanent("TIMEOUT", "too slow");
    for (end, status, current) in [
        (outcome("assigned"), S::Completed, "b"),
        (AgentReport::Completed { outcome: None, output: Value::Null, entities: vec![] }, S::Completed, "b"),
        (outcome("no_eligible_partner"), S::OnHold, "agent"),
        (outcome("missing_input"), S::OnHold, "agent"),
        (AgentReport::Failed(fault()), S::Failed, "agent"),
        (AgentReport::Cancelled, S::Skipped, "b"),
    ] {
        let mut bench = agent();
        assert_eq!(bench.status("agent"), S::InProgress);
        let [Work::Agent { agent_id, input, .. }] = &bench.work()[..] else { panic!() };
        assert_eq!((agent_id.as_str(), input), ("a1", &Some(contract())));
        report(&mut bench, end.clone()).unwrap();
        assert_eq!((bench.status("agent"), bench.current()), (status, vec![current]), "{end:?}");
        assert_eq!(report(&mut bench, end).unwrap_err().kind(), FlowErrorKind::Stale);
    }
}

#[test]
fn an_agent_waiting_for_approval_holds_no_worker() {
    let mut bench = agent();
    report(&mut bench, AgentReport::WaitingApproval).unwrap();
    assert_eq!((bench.status("agent"), bench.work().len()), (S::WaitingForConfirmation, 0));
    report(&mut bench, AgentReport::Running).unwrap();
    assert_eq!((bench.status("agent"), bench.work().len()), (S::InProgress, 1));
}

#[test]
fn a_held_agent_may_run_again() {
    let mut bench = agent();
    report(&mut bench, outcome("missing_input")).unwrap();
    bench.apply(Command::Execute { task: bench.id("agent") }).unwrap();
    assert_eq!(bench.work().len(), 1);
    report(&mut bench, outcome("assigned")).unwrap();
    assert_eq!(bench.current(), ["b"]);
}
