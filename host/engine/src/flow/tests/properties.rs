//! Any sequence of commands on any valid template keeps the invariants.

use super::*;
use crate::{Fault, Outcome, RawJson, RetryPolicy};
use proptest::prelude::*;
use proptest::sample::Index;

/// A random template: nodes in a row of forward edges, so that only declared loops lead back.
fn any_template() -> impl Strategy<Value = Value> {
    let task = (0..8u8, any::<Index>(), any::<bool>(), 0..4u8, any::<bool>());
    let tasks = proptest::collection::vec(task, 1..9);
    let edges = proptest::collection::vec((any::<Index>(), any::<Index>()), 0..10);
    (tasks, edges, any::<bool>(), 0..3usize).prop_map(|(tasks, edges, linear, phases)| {
        let count = tasks.len();
        let name = |i: usize| format!("t{i}");
        let mut document = manual(&[], &[]);
        let mut all_edges = Vec::new();
        for (i, (kind, target, automatic, requirement, tagged)) in tasks.iter().enumerate() {
            let mode = if *automatic { "automatic" } else { "manual" };
            let statement = |id: &str| if *automatic { condition(id) } else { bare(id) };
            let schedule = json!({"mode": "delayed", "duration": 1, "unit": "minutes"});
            let mut task = match kind {
                0 | 1 => json!({"task_type": "MANUAL"}),
                2 | 6 | 7 => json!({"task_type": "AUTOMATION", "trigger_mode": mode, "automation_config": {"flow_id": "f"}}),
                3 => json!({"task_type": "AI_AGENT", "agent_config": {"agent_id": "a"}}),
                _ => json!({"task_type": "DECISION", "trigger_mode": mode, "conditions": [statement("x"), statement("y")]}),
            };
            task["id"] = json!(name(i));
            task["name"] = json!(name(i));
            if *tagged {
                task["taxonomies"] = json!(["gas"]);
            }
            if *requirement == 1 && i > 0 {
                task["requirements"] = json!([{"when": "TASK_FINISHED", "task_id": name(target.index(i))}]);
            }
            if *requirement == 2 && !matches!(kind, 0 | 1 | 3) {
                task["schedule"] = schedule;
            }
            if *requirement == 3 {
                task["due_date_config"] = json!({"duration": 1, "unit": "days", "type": "ALL_PRECEDING_TASKS_COMPLETED"});
            }
            if matches!(kind, 4 | 5) {
                let ahead = (i + 1 < count).then(|| name(i + 1));
                if *kind == 5 {
                    task["conditions"][1] = bare("y");
                    task["loop_config"] = json!({"loop_branch_id": "x", "exit_branch_id": "y", "max_iterations": 2});
                    all_edges.push(branch(&name(i), &name(target.index(i + 1)), "x"));
                } else if let Some(ahead) = &ahead {
                    all_edges.push(branch(&name(i), ahead, "x"));
                }
                if let Some(ahead) = ahead {
                    all_edges.push(branch(&name(i), &ahead, "y"));
                }
            } else if i + 1 < count && *requirement != 0 {
                all_edges.push(edges_of(&[(&name(i), &name(i + 1))])[0].clone());
            }
            document["tasks"].as_array_mut().unwrap().push(task);
        }
        for (n, (a, b)) in edges.iter().enumerate() {
            let (a, b) = (a.index(count), b.index(count));
            if a < b && !matches!(tasks[a].0, 4 | 5) {
                all_edges.push(json!({"id": format!("more{n}"), "from_id": name(a), "to_id": name(b)}));
            }
        }
        // Phases are runs of the row, so that each has one first task when it is a chain.
        if phases > 0 {
            let cut = count.div_ceil(phases);
            for i in 0..count {
                document["tasks"][i]["phase_id"] = json!(format!("p{}", i / cut));
            }
            let used = (count - 1) / cut + 1;
            document["phases"] = (0..used).map(|p| json!({"id": format!("p{p}"), "name": format!("p{p}")})).collect();
            if linear {
                // Phases as nodes.
                for p in 1..used {
                    all_edges.push(json!({"id": format!("ph{p}"), "from_id": format!("p{}", p - 1), "to_id": format!("p{p}")}));
                }
            }
        }
        document["edges"] = json!(all_edges);
        document["linear"] = json!(linear && phases == 0);
        document["entity_sync"] = json!([{"trigger": {"event": "CurrTaskChanged"}, "value": {"source": "task_name"},
            "target": {"entitySchema": "contract", "entityAttribute": "task"}}]);
        document
    })
}

/// A command without its names, which are drawn from the flow it meets.
type Step = (u8, Index, Index, u8, bool, u8);

fn step() -> impl Strategy<Value = Step> {
    (0..30u8, any::<Index>(), any::<Index>(), any::<u8>(), any::<bool>(), 0..90u8)
}

fn pick(bench: &Bench, index: Index) -> NodeId {
    match bench.flow.tasks.len() {
        0 => NodeId::new("none"),
        count => bench.flow.tasks[index.index(count)].id.clone(),
    }
}

fn spec(n: u8) -> ActionSpec {
    let (retry, allow_failure) = (RetryPolicy::times(u32::from(n % 2)), n.is_multiple_of(3));
    ActionSpec { step_type: "s".into(), name: None, config: RawJson::empty_object(), allow_failure, retry }
}

fn outcome(n: u8, now: i64) -> Outcome {
    match n % 6 {
        0 | 1 => Outcome::Completed {
            output: RawJson::null(),
            entity_refs: vec![EntityRef { schema: "order".into(), id: "o".into() }],
        },
        2 => Outcome::Skipped { reason: "no".into() },
        3 => Outcome::Failed(Fault { retryable: true, ..Fault::permanent("F", "f") }),
        4 => Outcome::Waiting { resume_key: "k".into(), expires_at: Some(Timestamp::from_secs(now + 30)) },
        _ => Outcome::Defer { until: Timestamp::from_secs(now + 20) },
    }
}

/// What a worker would answer to one of the flow's pieces of work.
fn answer(bench: &Bench, index: Index, n: u8, yes: bool) -> Command {
    let work = bench.work();
    if work.is_empty() {
        return Command::TimerFired;
    }
    let work = &work[index.index(work.len())];
    let (task, attempt) = (work.task().clone(), work.attempt());
    match work {
        Work::Evaluate { .. } => {
            let count = questions(&bench.flow, &task, &bench.entities).unwrap().len();
            let verdict = |i| Verdict { met: (usize::from(n) >> i) % 2 == usize::from(yes), explain: String::new() };
            let result = if n == 255 { Err(Fault::permanent("F", "f")) } else { Ok((0..count).map(verdict).collect()) };
            Command::DecisionEvaluated { task, attempt, result }
        }
        Work::Dispatch { .. } => {
            let found = match n % 8 {
                0 => Resolved::Unknown,
                1 => Resolved::Hot,
                n => Resolved::Found { actions: vec![spec(n); usize::from(n % 3)], pins: BTreeMap::new() },
            };
            Command::AutomationResolved { task, attempt, found }
        }
        Work::Automation(_) => Command::ActionFinished { task, attempt, outcome: outcome(n, bench.now) },
        Work::Agent { .. } => {
            let report = match n % 5 {
                0 => AgentReport::WaitingApproval,
                1 => AgentReport::Failed(Fault::permanent("F", "f")),
                2 => AgentReport::Cancelled,
                n => AgentReport::Completed {
                    outcome: (n == 3).then(|| "missing_input".into()),
                    output: Value::Null,
                    entities: vec![],
                },
            };
            Command::AgentReported { task, attempt, report }
        }
    }
}

fn command(bench: &Bench, (kind, first, second, n, yes, _): Step) -> Command {
    let task = pick(bench, first);
    let current = |index: Index| match bench.flow.crt_tasks.len() {
        0 => pick(bench, index),
        count => bench.flow.crt_tasks[index.index(count)].id.clone(),
    };
    let patch = |task, status: TaskStatus, revert_execution| {
        let decision = bench.flow.task(&task).and_then(Task::decision).is_some();
        let next_condition_id =
            (decision && status.is_finished() && n < 200).then(|| if yes { "x" } else { "y" }.to_owned());
        let patch = TaskPatch { status: Some(status), revert_execution, next_condition_id, ..TaskPatch::default() };
        Command::PatchTask { task, patch: Box::new(patch) }
    };
    let place = || {
        let phase = (yes && !bench.flow.phases.is_empty())
            .then(|| bench.flow.phases[second.index(bench.flow.phases.len())].id.clone());
        Place { index: usize::from(n % 6), phase }
    };
    let new = || Box::new(NewTask::manual("new"));
    let status = TaskStatus::ALL[usize::from(n) % TaskStatus::ALL.len()];
    // A task the command is for, so that it is not refused most of the time.
    let fit = |fits: &dyn Fn(&Task) -> bool| {
        let fitting: Vec<&Task> = bench.flow.tasks.iter().filter(|t| fits(t)).collect();
        if fitting.is_empty() { pick(bench, first) } else { fitting[second.index(fitting.len())].id.clone() }
    };
    let scheduled = || fit(&|t| t.status == TaskStatus::Scheduled);
    let automation = || fit(&|t| t.automation().is_some());
    // An ended flow refuses nearly everything.
    if bench.flow.status != FlowStatus::Started && n < 170 {
        let status = Some(StatusName::Started);
        return match n {
            0..85 => patch(fit(&|t| t.status.is_finished()), TaskStatus::Pending, true),
            _ => Command::PatchFlow(FlowPatch { status, ..FlowPatch::default() }),
        };
    }
    match kind {
        0..=2 => patch(current(first), TaskStatus::Completed, false),
        5 => patch(current(first), TaskStatus::Skipped, false),
        6 | 7 => patch(task, status, false),
        8 => patch(task, if yes { TaskStatus::Pending } else { TaskStatus::InProgress }, true),
        9 => Command::PatchTask { task, patch: Box::new(TaskPatch { enabled: Some(yes), ..TaskPatch::default() }) },
        10 => {
            let edge = (!bench.flow.edges.is_empty()).then(|| &bench.flow.edges[second.index(bench.flow.edges.len())]);
            match edge.filter(|_| yes) {
                Some(edge) => {
                    Command::AddTask { previous: edge.from_id.clone(), next: Some(edge.to_id.clone()), task: new() }
                }
                None => Command::AddTask { previous: task, next: None, task: new() },
            }
        }
        11 => Command::InsertTask { place: place(), task: new() },
        12 => Command::MoveTask { task, place: place() },
        13 => Command::RemoveTask { task },
        14 => Command::Execute { task: current(first) },
        15 => Command::RunAutomation { task: automation() },
        16 => Command::CancelAutomation { task: automation() },
        17 => Command::CancelSchedule { task: scheduled(), schedule_id: None },
        18 => Command::RunScheduleNow { task: scheduled(), schedule_id: None },
        19 => Command::Reconcile { task: automation() },
        20 => Command::ResumeAction { resume_key: "k".into(), data: RawJson::null() },
        21 => {
            let diff = EntityDiff {
                entity: contract(),
                added: Default::default(),
                updated: Default::default(),
                deleted: Default::default(),
            };
            Command::EntityChanged { diff }
        }
        22 => {
            let status = StatusName::ALL[usize::from(n) % 3];
            Command::PatchFlow(FlowPatch { status: Some(status), ..FlowPatch::default() })
        }
        23 => Command::TimerFired,
        _ => answer(bench, first, n, yes),
    }
}

fn check_state(flow: &Flow) {
    let graph = flow.graph();
    assert_eq!(graph.undeclared_cycle(), None);
    let reachable = {
        let starts = graph.starts();
        let mut reachable = graph.reach(starts.iter().copied(), |_| true);
        starts.into_iter().for_each(|n| reachable[n] = true);
        reachable
    };
    for (n, current) in flow.crt_tasks.iter().enumerate() {
        let task = flow.task(&current.id).expect("the frontier names tasks that exist");
        assert!(task.reached, "{task:?}");
        assert!(!flow.is_started() || !task.status.is_finished(), "the frontier holds a finished task: {task:?}");
        assert!(reachable[graph.node(&task.id).unwrap()], "{} cannot be reached", task.name);
        assert!(!flow.crt_tasks[..n].contains(current), "a task is current twice");
        // What is automatic and enabled never stands about unnoticed.
        assert!(!(flow.is_started() && task.awaits_start && task.enabled), "{task:?} was not started");
    }
    for task in &flow.tasks {
        if let Some(config) = task.decision().and_then(|d| d.spec.loop_config.as_ref()) {
            assert!(config.crt_iterations <= config.max_iterations);
        }
        let armed = task.schedule_state().and_then(ScheduleState::armed).is_some();
        assert!(!armed || task.status == TaskStatus::Scheduled, "{task:?}");
        assert!(task.error.is_none() || task.status == TaskStatus::Failed, "{task:?}");
        let asked = task.decision().is_some_and(|d| d.asked.is_some());
        assert!(!asked || matches!(task.status, TaskStatus::InProgress | TaskStatus::ConditionPending), "{task:?}");
    }
    for edge in &flow.edges {
        for id in [&edge.from_id, &edge.to_id] {
            assert!(graph.node(id).is_some() || *id == flow.trigger_node, "{edge:?} leads nowhere");
        }
    }
    for phase in &flow.phases {
        let node = graph.node(&phase.id).unwrap();
        let finished = graph.members(node).filter(|&m| flow.tasks[m].status.is_finished()).count();
        assert!(phase.status != PhaseStatus::Completed || finished > 0);
    }
    let mut ids: Vec<&str> = flow.tasks.iter().map(|t| t.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), flow.tasks.len());
    check_outline(flow, &ids);
    assert_eq!(serde_json::from_str::<Flow>(&serde_json::to_string(flow).unwrap()).unwrap(), *flow);
}

/// V1 shows every task once and every phase once, tasks in the order in which the graph leads to them.
fn check_outline(flow: &Flow, ids: &[&str]) {
    let outline = flow.outline();
    let mut shown: Vec<&str> = outline.iter().flat_map(OutlineItem::tasks).map(|t| t.id.as_str()).collect();
    shown.sort_unstable();
    assert_eq!(shown, ids);
    let mut sections = 0;
    for item in &outline {
        let phase = match item {
            OutlineItem::Section(phase, _) => Some(&phase.id),
            OutlineItem::Step(_) => None,
        };
        sections += usize::from(phase.is_some());
        assert!(item.tasks().iter().all(|t| t.phase_id.as_ref().filter(|id| flow.phase(id).is_some()) == phase));
        let order = flow.ordered_tasks();
        let places: Vec<_> = item.tasks().iter().map(|t| order.iter().position(|o| o.id == t.id)).collect();
        assert!(places.is_sorted());
    }
    assert_eq!(sections, flow.phases.len());
    assert_eq!(flow.outline(), outline);
}

fn check_step(before: &Flow, bench: &Bench, by_hand: Option<StatusName>) {
    let after = &bench.flow;
    assert_eq!(after.version, before.version + 1);
    let seqs: Vec<u64> = bench.events.iter().map(|e| e.seq).collect();
    assert_eq!(seqs, (before.history_seq + 1..=after.history_seq).collect::<Vec<_>>(), "the history has a gap");
    for task in &after.tasks {
        let then = before.task(&task.id).map_or(0, |t| t.attempt);
        assert!(task.attempt >= then, "an attempt went back");
    }
    // Done by itself exactly when nothing is current any more.
    let (was, is) = (before.status.name(), after.status.name());
    if was == StatusName::Started && by_hand.is_none() {
        let emptied = !before.crt_tasks.is_empty() && after.crt_tasks.is_empty();
        assert!(!emptied || is == StatusName::Done, "nothing is current, but the flow is {is}");
        assert!(is != StatusName::Done || after.crt_tasks.is_empty(), "done with current tasks");
        assert_ne!(is, StatusName::Closed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_commands_keeps_the_invariants(
        document in any_template(),
        gas in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let parsed: Template = serde_json::from_value(document.clone()).unwrap();
        prop_assume!(parsed.check().is_empty());
        let purposes = if gas { vec!["power".to_owned()] } else { vec![] };
        let mut bench = try_start(document, StartFlow { purposes, ..args() }, Entities::new()).unwrap();
        check_state(&bench.flow);
        for step in steps {
            bench.now += i64::from(step.5);
            let command = command(&bench, step);
            let by_hand = match &command {
                Command::PatchFlow(patch) => patch.status,
                _ => None,
            };
            let before = bench.flow.clone();
            match bench.apply(command) {
                Ok(()) => {
                    check_step(&before, &bench, by_hand);
                    check_state(&bench.flow);
                }
                Err(_) => prop_assert_eq!(&before, &bench.flow),
            }
            // A timer that is due is never refused.
            if bench.flow.next_due().is_some_and(|due| due <= Timestamp::from_secs(bench.now)) {
                prop_assert_eq!(bench.apply(Command::TimerFired), Ok(()));
            }
        }
    }

    #[test]
    fn a_flow_in_which_everything_goes_well_comes_to_its_end(document in any_template()) {
        let parsed: Template = serde_json::from_value(document.clone()).unwrap();
        prop_assume!(parsed.check().is_empty());
        let mut bench = begin(document);
        for _ in 0..100_000 {
            if bench.flow.status != FlowStatus::Started {
                return Ok(());
            }
            if let Some(work) = bench.work().first().cloned() {
                let (task, attempt) = (work.task().clone(), work.attempt());
                let command = match &work {
                    Work::Evaluate { .. } => {
                        let count = questions(&bench.flow, &task, &bench.entities).unwrap().len();
                        let result = Ok(vec![Verdict { met: true, explain: String::new() }; count]);
                        Command::DecisionEvaluated { task, attempt, result }
                    }
                    Work::Dispatch { .. } => {
                        let found = Resolved::Found { actions: vec![spec(1)], pins: BTreeMap::new() };
                        Command::AutomationResolved { task, attempt, found }
                    }
                    Work::Automation(_) => Command::ActionFinished { task, attempt, outcome: outcome(0, 0) },
                    Work::Agent { .. } => {
                        let report = AgentReport::Completed { outcome: None, output: Value::Null, entities: vec![] };
                        Command::AgentReported { task, attempt, report }
                    }
                };
                bench.apply(command).unwrap();
            } else if let Some(due) = bench.flow.next_due() {
                bench.now = due.secs();
                bench.apply(Command::TimerFired).unwrap();
            } else {
                let open = bench.flow.crt_tasks.iter().filter_map(|c| bench.flow.task(&c.id)).find(|t| t.enabled);
                let Some(task) = open.map(|t| t.id.clone()) else {
                    // Requirements may contradict the graph; a person would have to help.
                    return Ok(());
                };
                let command = if bench.flow.task(&task).unwrap().automation().is_some() {
                    Command::RunAutomation { task }
                } else {
                    let decision = bench.flow.task(&task).unwrap().decision().is_some();
                    let next_condition_id = decision.then(|| "x".to_owned());
                    let patch = TaskPatch { status: Some(TaskStatus::Completed), next_condition_id, ..TaskPatch::default() };
                    Command::PatchTask { task, patch: Box::new(patch) }
                };
                bench.apply(command).unwrap();
            }
        }
        prop_assert!(false, "the flow goes on for ever: {:?}", bench.flow);
    }
}
