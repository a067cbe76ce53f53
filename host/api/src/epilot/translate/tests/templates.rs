use super::{faults, stored, without_null};
use crate::epilot::translate::{flow_template, list_filter, search, template};
use crate::kit::Query;
use serde_json::{Value, json};
use stepwright_app::usecases::{SortBy, TemplateVersion, TriggerFilter};

fn manual(id: &str) -> Value {
    json!({"id": id, "name": id, "task_type": "MANUAL"})
}

fn full() -> Value {
    json!({
        "name": "Lead qualification", "description": "Calls and offers", "enabled": false, "version": "v3",
        "trigger": {"id": "t", "type": "automation", "automation_id": "a1", "input_entity": "thread"},
        "additional_triggers": [
            {"type": "manual", "entity_schema": "opportunity"},
            {"type": "journey_submission", "journey_id": "j1", "journey_name": "Contact", "automation_id": "a2"},
        ],
        "due_date": "2026-12-01T00:00:00.000",
        "due_date_config": {"duration": 3, "unit": "days", "type": "WORKFLOW_STARTED"},
        "assigned_to": ["11", {"variable": "{{entity.owner}}"}],
        "available_in_ecp": true, "linear": false, "singleClosingReasonSelection": true,
        "phases": [{"id": "p1", "name": "First", "due_date": "2026-12-02T00:00:00.000", "taxonomies": ["sales"]}],
        "tasks": [
            {"id": "call", "name": "Call", "task_type": "MANUAL", "phase_id": "p1", "due_date": "2026-12-03",
                "description": {"enabled": true, "value": "Be kind"}, "ecp": {"enabled": true, "label": "Call"}},
            {"id": "mail", "name": "Mail", "task_type": "AUTOMATION", "trigger_mode": "manual",
                "automation_config": {"flow_id": "f1", "action_config": {"type": "send-email"}},
                "schedule": {"mode": "delayed", "duration": 2, "unit": "hours"},
                "requirements": [{"task_id": "call", "when": "TASK_FINISHED"}]},
            {"id": "ask", "name": "Ask", "task_type": "DECISION", "trigger_mode": "manual",
                "allow_parallel_execution": false,
                "conditions": [
                    {"id": "yes", "branch_name": "Yes", "logical_operator": "AND", "statements": []},
                    {"id": "no", "branch_name": "No", "logical_operator": "OR", "statements": []},
                ]},
            {"id": "agent", "name": "Agent", "task_type": "AI_AGENT", "agent_config": {"agent_id": "g", "tone": "warm"}},
        ],
        "edges": [
            {"id": "e1", "from_id": "t", "to_id": "p1"},
            {"id": "e2", "from_id": "call", "to_id": "mail"},
            {"id": "e3", "from_id": "mail", "to_id": "ask"},
            {"id": "e4", "from_id": "ask", "to_id": "agent", "condition_id": "yes"},
        ],
        "closing_reasons": [{"id": "r1", "title": "Won"}],
        "entity_sync": [{"trigger": {"event": "TaskCompleted", "filter": {"task_template_id": "call"}},
            "value": {"source": "task_name"},
            "target": {"entitySchema": "opportunity", "entityAttribute": "last_task"}}],
        "taxonomies": ["x"], "_manifest": ["m1"],
    })
}

/// Every member of `sent` stands in `shown` with the same value.
fn holds(shown: &Value, sent: &Value, at: &str) {
    match (shown, sent) {
        (Value::Object(shown), Value::Object(sent)) => {
            for (name, value) in sent {
                let found = shown.get(name).unwrap_or_else(|| panic!("{at}/{name} is missing"));
                holds(found, value, &format!("{at}/{name}"));
            }
        }
        (Value::Array(shown), Value::Array(sent)) => {
            assert_eq!(shown.len(), sent.len(), "{at}");
            shown.iter().zip(sent).enumerate().for_each(|(i, (shown, sent))| holds(shown, sent, &format!("{at}/{i}")));
        }
        (shown, sent) => assert_eq!(shown, sent, "{at}"),
    }
}

#[test]
fn a_template_comes_back_as_it_was_sent() {
    let sent = template(&full(), false).unwrap();
    assert_eq!((sent.seen, sent.draft.version), (None, TemplateVersion::V3));
    let shown = flow_template(&stored(sent.draft));
    holds(&shown, &full(), "");
    without_null(&shown);
    assert_eq!(shown["id"], "aBcDeF0123");
    assert_eq!(shown["org_id"], "00000000-0000-0000-0000-000000000007");
    assert_eq!(shown["created_at"], "2026-11-22T09:00:00.123Z");
    assert_eq!(shown["updated_at"], "2026-11-22T09:00:00.123Z");
    assert!(shown.get("limit_warnings").is_none() && shown.get("carried").is_none());
}

#[test]
fn what_was_shown_can_be_sent_back_with_the_time_it_was_loaded() {
    let shown = flow_template(&stored(template(&full(), false).unwrap().draft));
    let again = template(&shown, false).unwrap();
    assert_eq!(again.seen.map(|at| at.to_rfc3339_millis()).as_deref(), Some("2026-11-22T09:00:00.123Z"));
    assert_eq!(flow_template(&stored(again.draft)), shown);
}

#[test]
fn the_least_template_has_defaults_and_no_nulls() {
    let sent =
        template(&json!({"name": "abc", "tasks": [], "edges": [], "trigger": null, "unknown": 1}), false).unwrap();
    let shown = flow_template(&stored(sent.draft));
    without_null(&shown);
    assert_eq!((&shown["enabled"], &shown["version"]), (&json!(true), &json!("v3")));
    assert!(shown.get("unknown").is_none() && shown.get("trigger").is_none());
    let linear = template(&json!({"name": "abc", "tasks": [], "edges": [], "linear": true}), false).unwrap();
    assert_eq!(linear.draft.version, TemplateVersion::V2);
}

#[test]
fn every_member_that_cannot_be_read_is_told_with_its_place() {
    let body = json!({"tasks": [{"id": "a", "name": "a"}, manual("b"), 3], "enabled": "yes", "version": "v9",
        "phases": {}, "trigger": {"type": "moon"}, "updated_at": "yesterday"});
    let told = faults(template(&body, false));
    for expected in [
        "/edges is required",
        "/name is required",
        "/enabled must be true or false",
        "/phases must be an array",
        "/version must be one of v1, v2, v3",
        "/updated_at must be an instant (RFC 3339)",
        "/tasks/0 missing field `task_type`",
    ] {
        assert!(told.iter().any(|t| t == expected), "{expected} in {told:?}");
    }
    assert!(told.iter().any(|t| t.starts_with("/trigger unknown variant `moon`")), "{told:?}");
    assert!(told.iter().any(|t| t.starts_with("/tasks/2 ")), "{told:?}");
}

#[test]
fn structural_errors_are_refused_and_limits_only_when_asked() {
    let wrong = json!({"name": "ab", "tasks": [manual("a"), manual("a")],
        "edges": [{"id": "e", "from_id": "a", "to_id": "x"}]});
    assert_eq!(
        faults(template(&wrong, false)),
        [
            "/name must have at least 3 characters",
            "/tasks/1/id 'a' is used by another node",
            "/edges/0/to_id no node has the id 'x'",
        ]
    );
    let name = json!({"name": "x".repeat(256), "tasks": [], "edges": []});
    assert_eq!(faults(template(&name, false)), ["/name must have at most 255 characters"]);

    let tasks: Vec<Value> = (0..101).map(|i| manual(&format!("t{i}"))).collect();
    let large = json!({"name": "large", "tasks": tasks, "edges": []});
    let shown = flow_template(&stored(template(&large, false).unwrap().draft));
    assert_eq!(
        shown["limit_warnings"],
        json!([{"i18nKey": "limit_warnings.max_tasks", "message": "tasks: 101 of at most 100", "max": 100,
            "current": 101, "path": "/tasks"}])
    );
    assert_eq!(faults(template(&large, true)), ["/tasks goes beyond a limit (tasks: 101 of at most 100)"]);
}

#[test]
fn a_branch_to_nowhere_is_no_edge_but_a_default_branch_must_lead_somewhere() {
    let body = |none_met: bool| {
        json!({"name": "abc", "tasks": [
            {"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual",
                "conditions": [{"id": "c1", "statements": null}, {"id": "c2", "statements": []}]}],
            "edges": [{"id": "e", "from_id": "d", "to_id": null, "condition_id": "c1", "none_met": none_met}]})
    };
    assert_eq!(template(&body(false), false).unwrap().draft.template.edges, []);
    assert_eq!(faults(template(&body(true), false)), ["/edges/0 missing field `to_id`"]);
}

#[test]
fn transient_trigger_configurations_are_not_kept() {
    let trigger = json!({"type": "automation", "automation_id": "a", "trigger_config": [{"type": "activity"}]});
    let sent = template(&json!({"name": "abc", "tasks": [], "edges": [], "trigger": trigger}), false).unwrap();
    let shown = flow_template(&stored(sent.draft));
    assert_eq!(shown["trigger"], json!({"type": "automation", "automation_id": "a"}));
}

#[test]
fn lists_are_narrowed_by_trigger() {
    let of = |pairs: &[(&str, &str)]| {
        list_filter(&Query::new(pairs.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect())).map(|f| f.trigger)
    };
    assert_eq!(of(&[]), Ok(TriggerFilter::Any));
    assert_eq!(
        of(&[("trigger_type", "manual"), ("trigger_source_id", "ignored"), ("trigger_schema", "contact")]),
        Ok(TriggerFilter::Manual { entity_schema: Some("contact".into()) })
    );
    assert_eq!(
        of(&[("trigger_type", "journey_submission"), ("trigger_source_id", "j")]),
        Ok(TriggerFilter::JourneySubmission { journey_id: Some("j".into()) })
    );
    assert_eq!(of(&[("trigger_source_id", "x")]), Ok(TriggerFilter::Source("x".into())));
    assert!(of(&[("trigger_type", "moon")]).is_err());
}

#[test]
fn a_search_has_defaults_and_bounds() {
    let (filter, page) = search(&json!({"name": null, "enabled": true})).unwrap();
    assert_eq!((filter.name, filter.enabled), (None, Some(true)));
    assert_eq!((page.sort_by, page.ascending, page.from, page.size), (SortBy::UpdatedAt, false, 0, 10));
    let told = faults(search(&json!({"size": 0, "from": -1, "sort_by": "name", "trigger_type": "moon"})));
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(search(&json!({"size": 101})).is_err());
}
