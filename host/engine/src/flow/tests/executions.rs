//! The execution as a whole: start, purposes, assignees, closing, reopening, phases.

use super::*;

fn chain() -> Bench {
    begin(manual(&["a", "b", "c"], &[("a", "b"), ("b", "c")]))
}

#[test]
fn a_chain_of_manual_tasks_is_done_after_the_last_one() {
    let mut bench = chain();
    assert_eq!(bench.names(), ["FlowStarted", "CurrTaskChanged"]);
    for (task, next) in [("a", vec!["b"]), ("b", vec!["c"]), ("c", vec![])] {
        assert_eq!(bench.flow.status, FlowStatus::Started);
        bench.complete(task);
        assert_eq!(bench.current(), next);
    }
    assert_eq!(bench.flow.status, FlowStatus::Done { at: Timestamp::from_secs(0) });
    assert!(bench.names().contains(&"FlowCompleted"));
    assert_eq!(bench.flow.version, 4);
}

#[test]
fn ids_are_new_and_edges_follow_them() {
    let bench = begin(json!({"name": "test", "trigger": {"id": "tr", "type": "manual"},
        "tasks": [{"id": "a", "name": "a", "task_type": "MANUAL"}],
        "edges": [{"id": "e", "from_id": "tr", "to_id": "a"}]}));
    let task = &bench.flow.tasks[0];
    assert_ne!(task.id, task.template_id);
    assert_eq!((&bench.flow.edges[0].from_id, &bench.flow.edges[0].to_id), (&bench.flow.trigger_node, &task.id));
    assert_eq!(bench.current(), ["a"]);
}

#[test]
fn without_trigger_edges_every_node_nothing_leads_to_is_a_start() {
    let bench = begin(manual(&["a", "b", "c"], &[("a", "c"), ("b", "c")]));
    assert_eq!(bench.current(), ["a", "b"]);
}

#[test]
fn an_empty_template_is_done_at_once() {
    assert!(matches!(begin(manual(&[], &[])).flow.status, FlowStatus::Done { .. }));
}

#[test]
fn a_status_may_change_exactly_as_the_contract_says() {
    use StatusName::{Closed, Done, Started};
    for (from, to, allowed) in [
        (Started, Started, true),
        (Started, Done, true),
        (Started, Closed, true),
        (Done, Started, true),
        (Done, Done, true),
        (Done, Closed, true),
        (Closed, Started, true),
        (Closed, Done, false),
        (Closed, Closed, true),
    ] {
        let mut bench = chain();
        bench.flow_status(from).unwrap();
        assert_eq!(bench.flow_status(to).is_ok(), allowed, "{from} {to}");
        assert_eq!(bench.flow.status.name(), if allowed { to } else { from });
    }
}

#[test]
fn a_closed_execution_refuses_writes_and_a_done_one_takes_only_patches_of_tasks() {
    let mut bench = chain();
    let id = bench.id("a");
    let new = || Box::new(NewTask::manual("n"));
    let commands = || {
        vec![
            Command::Execute { task: id.clone() },
            Command::AddTask { previous: id.clone(), next: None, task: new() },
            Command::InsertTask { place: Place { index: 0, phase: None }, task: new() },
            Command::MoveTask { task: id.clone(), place: Place { index: 0, phase: None } },
            Command::RemoveTask { task: id.clone() },
            Command::CancelSchedule { task: id.clone(), schedule_id: None },
        ]
    };
    bench.flow_status(StatusName::Done).unwrap();
    for command in commands() {
        assert_eq!(bench.apply(command), Err(FlowError::NotStarted(StatusName::Done)));
    }
    bench.set("a", TaskStatus::OnHold).unwrap();
    bench.flow_status(StatusName::Closed).unwrap();
    for command in commands() {
        assert_eq!(bench.apply(command), Err(FlowError::NotStarted(StatusName::Closed)));
    }
    assert_eq!(bench.set("a", TaskStatus::Pending).unwrap_err().to_string(), "Execution is closed");
}

#[test]
fn done_by_hand_leaves_open_tasks_as_they_are_and_reopening_goes_on_there() {
    let mut bench = chain();
    bench.set("a", TaskStatus::InProgress).unwrap();
    bench.flow_status(StatusName::Done).unwrap();
    assert_eq!((bench.current(), bench.status("a")), (vec!["a"], TaskStatus::InProgress));
    bench.complete("a");
    assert_eq!(bench.current(), ["a"]);
    bench.flow_status(StatusName::Started).unwrap();
    assert!(bench.names().contains(&"FlowReopened"));
    assert_eq!(bench.current(), ["b"]);
}

#[test]
fn a_reopened_flow_without_current_tasks_stays_started() {
    let mut bench = begin(manual(&["a"], &[]));
    bench.complete("a");
    bench.flow_status(StatusName::Started).unwrap();
    assert_eq!((bench.flow.status.clone(), bench.current().len()), (FlowStatus::Started, 0));
}

fn reasons(ids: &[&str]) -> Vec<ClosingReason> {
    ids.iter().map(|id| ClosingReason { id: (*id).into(), title: String::new() }).collect()
}

#[test]
fn closing_reasons_must_be_configured_ones_and_single_when_asked_so() {
    let mut document = manual(&["a"], &[]);
    document["singleClosingReasonSelection"] = json!(true);
    let args = StartFlow { configured_reasons: reasons(&["lost", "won"]), ..args() };
    let mut bench = try_start(document, args, Entities::new()).unwrap();
    let close = |ids: &[&str]| {
        Command::PatchFlow(FlowPatch {
            status: Some(StatusName::Closed),
            selected_reasons: Some(reasons(ids)),
            extra_description: Some("why".into()),
            closed_by: Some("u1".into()),
            ..FlowPatch::default()
        })
    };
    assert!(bench.apply(close(&["odd"])).is_err());
    assert!(bench.apply(close(&["lost", "won"])).is_err());
    bench.apply(close(&["lost"])).unwrap();
    assert_eq!(bench.flow.closing.selected_reasons, reasons(&["lost"]));
    assert!(matches!(&bench.flow.status, FlowStatus::Closed { by: Some(by), .. } if by == "u1"));
    assert_eq!(bench.current(), ["a"]);
    bench.flow_status(StatusName::Started).unwrap();
    assert!(bench.flow.closing.selected_reasons.is_empty());
    assert_eq!(bench.flow.closing.extra_description, None);
    assert_eq!(bench.flow.closing.configured_reasons, reasons(&["lost", "won"]));
}

#[test]
fn contexts_need_an_id_a_schema_and_one_primary() {
    let context =
        |id: &str, is_primary| Context { entity_id: id.into(), entity_schema: "s".into(), is_primary, title: None };
    assert!(check_contexts(vec![]).is_err());
    assert!(check_contexts(vec![context("", true)]).is_err());
    assert!(check_contexts(vec![context("a", true), context("b", true)]).is_err());
    assert!(check_contexts(vec![context("a", false), context("b", false)]).unwrap()[0].is_primary);
}

#[test]
fn variable_assignees_are_resolved_from_the_primary_entity() {
    let mut document = manual(&["a"], &[]);
    document["assigned_to"] = json!(["u0", {"variable": "{{entity.owner}}"}]);
    document["tasks"][0]["assigned_to"] =
        json!([{"variable": "{{contract.team.lead}}"}, {"variable": "{{entity.no}}"}]);
    let owner =
        entity(json!({"owner": [{"user_id": 7}, "u8"], "team": {"lead": {"$relation_user": [{"user_id": "9"}]}}}));
    let mut bench = try_start(document, args(), Entities::new().with(contract(), owner)).unwrap();
    let users = |list: &[Assignee]| list.iter().flat_map(Assignee::users).cloned().collect::<Vec<_>>();
    assert_eq!(users(&bench.flow.assigned_to), ["u0", "7", "u8"]);
    assert_eq!(users(&bench.task("a").assigned_to), ["9"]);
    let assigned_to = Some(vec![Assignee::Variable { variable: "{{entity.owner}}".into(), value: vec![] }]);
    bench.patch("a", TaskPatch { assigned_to, ..TaskPatch::default() }).unwrap();
    assert_eq!(users(&bench.task("a").assigned_to), ["7", "u8"]);
    assert_eq!(bench.names(), ["TaskUpdated"]);
}

#[test]
fn purposes_leave_out_what_is_tagged_otherwise_and_bridge_around_it() {
    let mut document = manual(&["a", "b", "c", "d"], &[("a", "b"), ("b", "c"), ("c", "d")]);
    document["tasks"][1]["taxonomies"] = json!(["power"]);
    document["tasks"][2]["taxonomies"] = json!(["gas", "power"]);
    let tasks = |purposes: &[&str]| {
        let args = StartFlow { purposes: purposes.iter().map(|p| (*p).into()).collect(), ..args() };
        let mut bench = try_start(document.clone(), args, Entities::new()).unwrap();
        let mut seen = Vec::new();
        while let Some(&task) = bench.current().first() {
            let task = task.to_owned();
            bench.complete(&task);
            seen.push(task);
        }
        seen.join("")
    };
    assert_eq!(tasks(&[]), "abcd");
    assert_eq!(tasks(&["power"]), "abcd");
    assert_eq!(tasks(&["gas"]), "acd");
    assert_eq!(tasks(&["water"]), "ad");
}

#[test]
fn purposes_leave_out_whole_phases_and_phases_without_tasks() {
    let mut document = manual(&["a", "b", "c"], &[("p", "q"), ("q", "r")]);
    document["phases"] =
        json!([{"id": "p", "name": "p"}, {"id": "q", "name": "q", "taxonomies": ["gas"]}, {"id": "r", "name": "r"}]);
    for (i, phase) in ["p", "q", "r"].iter().enumerate() {
        document["tasks"][i]["phase_id"] = json!(phase);
    }
    let args = StartFlow { purposes: vec!["power".into()], ..args() };
    let mut bench = try_start(document.clone(), args.clone(), Entities::new()).unwrap();
    assert_eq!(bench.flow.phases.len(), 2);
    bench.complete("a");
    assert_eq!(bench.current(), ["c"]);
    document["phases"][1] = json!({"id": "q", "name": "q"});
    document["tasks"][1]["taxonomies"] = json!(["gas"]);
    let bench = try_start(document, args, Entities::new()).unwrap();
    assert_eq!(bench.flow.phases.len(), 2);
}

#[test]
fn branches_of_a_decision_that_is_left_out_do_not_become_starts() {
    let d = json!({"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual", "taxonomies": ["gas"],
        "conditions": [bare("x"), bare("y")]});
    let mut document = manual(&["s", "a", "b"], &[("s", "d")]);
    document["tasks"].as_array_mut().unwrap().push(d);
    document["edges"].as_array_mut().unwrap().extend([branch("d", "a", "x"), none_met("d", "b")]);
    let args = StartFlow { purposes: vec!["power".into()], ..args() };
    let mut bench = try_start(document, args, Entities::new()).unwrap();
    assert_eq!(bench.current(), ["s"]);
    bench.complete("s");
    assert_eq!(bench.current(), ["b"]);
    bench.complete("b");
    assert!(matches!(bench.flow.status, FlowStatus::Done { .. }));
}

#[test]
fn phases_follow_their_tasks_and_lead_on() {
    let mut document = manual(&["a", "b", "c"], &[("trigger", "p"), ("p", "a"), ("a", "b"), ("p", "q"), ("q", "c")]);
    document["phases"] = json!([{"id": "p", "name": "p"}, {"id": "q", "name": "q"}]);
    for (i, phase) in ["p", "p", "q"].iter().enumerate() {
        document["tasks"][i]["phase_id"] = json!(phase);
    }
    let mut bench = begin(document);
    let statuses = |bench: &Bench| bench.flow.phases.iter().map(|p| p.status).collect::<Vec<_>>();
    use PhaseStatus::{Completed, InProgress, Open};
    assert_eq!((bench.current(), statuses(&bench)), (vec!["a"], vec![InProgress, Open]));
    bench.set("a", TaskStatus::Skipped).unwrap();
    assert_eq!(statuses(&bench), [InProgress, Open]);
    bench.set("b", TaskStatus::Skipped).unwrap();
    assert!(bench.names().contains(&"PhaseSkipped"));
    assert_eq!((bench.current(), statuses(&bench)), (vec!["c"], vec![Completed, Open]));
    bench.set("c", TaskStatus::InProgress).unwrap();
    assert_eq!(statuses(&bench), [Completed, InProgress]);
    bench.complete("c");
    assert!(bench.names().contains(&"PhaseCompleted"));
    assert!(matches!(bench.flow.status, FlowStatus::Done { .. }));
}

#[test]
fn a_phase_with_an_untaken_branch_is_completed() {
    let decide = json!({"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual", "phase_id": "p",
        "conditions": [bare("x"), bare("y")]});
    let member = |id: &str, phase: &str| json!({"id": id, "name": id, "task_type": "MANUAL", "phase_id": phase});
    let mut edges = edges_of(&[("p", "d"), ("p", "q"), ("q", "e")]);
    edges.extend([branch("d", "t", "x"), branch("d", "u", "y")]);
    let mut bench = begin(json!({"name": "test", "phases": [{"id": "p", "name": "p"}, {"id": "q", "name": "q"}],
        "tasks": [decide, member("t", "p"), member("u", "p"), member("e", "q")], "edges": edges}));
    bench.choose("d", "x").unwrap();
    assert_eq!(bench.current(), ["t"]);
    bench.complete("t");
    assert_eq!((bench.current(), bench.status("u")), (vec!["e"], TaskStatus::Pending));
    assert_eq!(bench.flow.phases[0].status, PhaseStatus::Completed);
}

#[test]
fn requirements_enable_tasks_and_linear_flows_wait_for_every_predecessor() {
    let mut document = manual(&["a", "b"], &[]);
    document["tasks"][1]["requirements"] = json!([{"when": "TASK_FINISHED", "task_id": "a"}]);
    let mut bench = begin(document);
    assert!(!bench.task("b").enabled);
    bench.set("a", TaskStatus::Skipped).unwrap();
    assert!(bench.task("b").enabled);

    let mut document = manual(&["a", "b", "c"], &[("a", "c"), ("b", "c")]);
    document["linear"] = json!(true);
    document["tasks"][2]["requirements"] = json!([{"when": "TASK_FINISHED", "task_id": "a"}]);
    let mut bench = begin(document.clone());
    bench.complete("a");
    assert_eq!((bench.current(), bench.task("c").enabled), (vec!["b", "c"], false));
    bench.complete("b");
    assert!(bench.task("c").enabled);

    document["linear"] = json!(false);
    let mut bench = begin(document);
    bench.complete("a");
    assert!(bench.task("c").enabled, "a join is OR");
    bench.complete("c");
    assert_eq!(bench.current(), ["b"]);
    bench.complete("b");
    assert!(matches!(bench.flow.status, FlowStatus::Done { .. }), "the second to come passes through");
}

#[test]
fn a_task_done_ahead_of_time_is_passed_through() {
    let mut bench = chain();
    bench.complete("b");
    assert_eq!(bench.current(), ["a"]);
    bench.complete("a");
    assert_eq!(bench.current(), ["c"]);
}

#[test]
fn a_deleted_flow_refuses_everything_and_has_nothing_to_do() {
    let mut bench = chain();
    bench.apply(Command::Delete { soft: true }).unwrap();
    assert_eq!(bench.names(), ["FlowDeleted"]);
    assert_eq!(bench.set("a", TaskStatus::Completed), Err(FlowError::Deleted));
    assert_eq!((bench.work(), bench.flow.next_due()), (vec![], None));
    assert_eq!(bench.effects, []);
}

#[test]
fn a_hard_deletion_tells_entities_first_and_leaves_nothing_behind() {
    let mut document = manual(&["a"], &[]);
    document["entity_sync"] = json!([{ "trigger": { "event": "FlowDeleted" },
        "target": { "entitySchema": "contract", "entityAttribute": "gone" },
        "value": { "source": "custom_value", "value": "yes" } }]);
    let mut bench = begin(document);
    bench.apply(Command::Delete { soft: false }).unwrap();
    assert!(matches!(bench.effects[..], [Effect::SyncEntity { .. }, Effect::Erase]), "{:?}", bench.effects);
    assert_eq!(bench.apply(Command::Delete { soft: true }), Err(FlowError::Deleted));
}

#[test]
fn who_has_changed_a_flow_last_is_known_once_it_has_been_changed() {
    let mut bench = chain();
    bench.set("a", TaskStatus::InProgress).unwrap();
    assert_eq!(bench.flow.updated_by, None, "the host is nobody");
    bench.actor = Actor::Operator;
    bench.set("a", TaskStatus::OnHold).unwrap();
    assert_eq!(bench.flow.updated_by, Some(Actor::Operator.label()));
    let closed = FlowPatch { status: Some(StatusName::Closed), closed_by: Some("p_1".into()), ..FlowPatch::default() };
    bench.apply(Command::PatchFlow(closed)).unwrap();
    assert_eq!(bench.flow.updated_by.as_deref(), Some("p_1"));
    bench.flow_status(StatusName::Started).unwrap();
    assert_eq!(bench.flow.updated_by, Some(Actor::Operator.label()));
}

#[test]
fn a_disabled_template_and_a_chain_too_deep_start_nothing() {
    let mut document = manual(&["a"], &[]);
    let chain = |depth| Some(Chain { parent_execution_id: "p".into(), parent_task_id: NodeId::new("t"), depth });
    assert!(try_start(document.clone(), StartFlow { chain: chain(11), ..args() }, Entities::new()).is_err());
    let bench = try_start(document.clone(), StartFlow { chain: chain(10), ..args() }, Entities::new()).unwrap();
    let error = bench.flow.child_chain(&bench.id("a")).unwrap_err();
    assert_eq!(error.error_code, "TRIGGER_WORKFLOW_ERROR");
    assert_eq!(chain_of(&document).depth, 1);
    document["enabled"] = json!(false);
    assert!(try_start(document, args(), Entities::new()).is_err());
}

fn chain_of(document: &Value) -> Chain {
    let bench = begin(document.clone());
    bench.flow.child_chain(&bench.id("a")).unwrap()
}

#[test]
fn a_flow_survives_being_stored() {
    let bench = chain();
    let text = serde_json::to_string(&bench.flow).unwrap();
    assert_eq!(serde_json::from_str::<Flow>(&text).unwrap(), bench.flow);
    let text = serde_json::to_string(&bench.events).unwrap();
    assert_eq!(serde_json::from_str::<Vec<FlowHistory>>(&text).unwrap(), bench.events);
}

#[test]
fn entities_show_where_the_flow_stands() {
    let mut document = manual(&["a", "b"], &[("a", "b")]);
    document["phases"] = json!([{"id": "p", "name": "phase"}]);
    document["tasks"][1]["phase_id"] = json!("p");
    document["tasks"][1]["assigned_to"] = json!(["u"]);
    let mut bench = begin(document);
    bench.complete("a");
    let shown = serde_json::to_value(bench.flow.in_entity()).unwrap();
    assert_eq!(
        (&shown["progress"], &shown["task_name"], &shown["phase_name"]),
        (&json!(50), &json!("b"), &json!("phase"))
    );
    assert_eq!(shown["upcoming_tasks_assignees"], json!(["u"]));
    assert_eq!(shown["phases_in_progress"][0]["phase_progress"], 0);
    bench.complete("b");
    let shown = serde_json::to_value(bench.flow.in_entity()).unwrap();
    assert_eq!((&shown["progress"], &shown["status"], shown.get("task_id")), (&json!(100), &json!("DONE"), None));
}

#[test]
fn a_chosen_closing_reason_has_the_title_it_had_at_the_start() {
    let configured = ClosingReason { id: "lost".into(), title: "Lost".into() };
    let args = StartFlow { configured_reasons: vec![configured.clone()], ..args() };
    let mut bench = try_start(manual(&["a"], &[]), args, Entities::new()).unwrap();
    let selected_reasons = Some(vec![ClosingReason { id: "lost".into(), title: "Won".into() }]);
    bench.apply(Command::PatchFlow(FlowPatch { selected_reasons, ..FlowPatch::default() })).unwrap();
    assert_eq!(bench.flow.closing.selected_reasons, [configured]);
}
