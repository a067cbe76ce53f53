use serde_json::{Value, json};
use stepwright_sdk::guard::{Decision, Transition};
use stepwright_sdk::plugin::Plugin as _;
use stepwright_sdk::testing::Host;

use crate::{Approval, Plugin};

const APPROVER: &str = "0190f0a1-7b3c-7d11-8c00-00000000000a";
const OTHER: &str = "0190f0a1-7b3c-7d11-8c00-00000000000b";

fn approving(actor: &str) -> Transition {
    Transition {
        action: "advance".to_owned(),
        actor: actor.to_owned(),
        actor_kind: "user".to_owned(),
        from_status: "awaiting_approval".to_owned(),
        to_status: "approved".to_owned(),
        workflow_type: "approval".to_owned(),
        record: json!({"approver_id": APPROVER}),
        ..Transition::default()
    }
}

fn check(transition: &Transition) -> Decision {
    Host::of::<Plugin>().check::<Approval>(transition)
}

fn code(transition: &Transition) -> String {
    match check(transition) {
        Decision::Deny { code, .. } => code,
        other => panic!("expected a refusal, not {other:?}"),
    }
}

#[test]
fn the_plugin_asks_for_nothing() {
    assert_eq!(
        (Plugin::MANIFEST.hosts, Plugin::MANIFEST.datasets, Plugin::MANIFEST.secrets),
        (&[][..], &[][..], &[][..])
    );
    assert_eq!(Plugin::GUARDS[0].info.id, "approval");
}

#[test]
fn the_named_approver_approves() {
    assert_eq!(check(&approving(APPROVER)), Decision::Allow);
    assert_eq!(check(&approving(&APPROVER.to_uppercase())), Decision::Allow);
}

#[test]
fn nobody_else_approves() {
    for actor in [OTHER, "agent", "system", "operator", "", "key:17", &APPROVER[..35]] {
        assert_eq!(code(&approving(actor)), "NOT_APPROVER", "{actor}");
    }
}

#[test]
fn a_record_without_an_approver_is_approved_by_nobody() {
    for record in
        [json!({}), json!({"approver_id": null}), json!({"approver_id": " "}), json!({"approver_id": 7}), Value::Null]
    {
        for actor in ["", "7", "null", APPROVER] {
            assert_eq!(
                code(&Transition { record: record.clone(), ..approving(actor) }),
                "NO_APPROVER",
                "{record} {actor}"
            );
        }
    }
}

#[test]
fn naming_oneself_in_the_same_change_does_not_help() {
    let patch = json!({"approver_id": OTHER, "status": "approved"});
    assert_eq!(code(&Transition { patch, ..approving(OTHER) }), "NOT_APPROVER");
}

#[test]
fn a_stage_called_approved_counts_too() {
    let by_stage = |actor: &str| Transition {
        to_status: "active".to_owned(),
        from_stage: Some("review".to_owned()),
        to_stage: Some("Approved".to_owned()),
        ..approving(actor)
    };
    assert_eq!(code(&by_stage(OTHER)), "NOT_APPROVER");
    assert_eq!(check(&by_stage(APPROVER)), Decision::Allow);
}

#[test]
fn an_action_called_approve_counts_whatever_the_status() {
    let by_action = |action: &str, actor: &str| Transition {
        action: action.to_owned(),
        to_status: "completed".to_owned(),
        ..approving(actor)
    };
    for action in ["approve", "approved", " Approved "] {
        assert_eq!(code(&by_action(action, OTHER)), "NOT_APPROVER", "{action}");
        assert_eq!(check(&by_action(action, APPROVER)), Decision::Allow, "{action}");
    }
    for action in ["disapprove", "reject", "approve_later", ""] {
        assert_eq!(check(&by_action(action, OTHER)), Decision::Allow, "{action}");
    }
}

#[test]
fn everything_else_is_allowed() {
    let cases = [
        ("active", "suspended"),
        ("awaiting_approval", "cancelled"),
        ("approved", "completed"),
        ("approved", "approved"),
    ];
    for (from, to) in cases {
        let transition = Transition {
            from_status: from.to_owned(),
            to_status: to.to_owned(),
            record: json!({}),
            ..approving(OTHER)
        };
        assert_eq!(check(&transition), Decision::Allow, "{from} to {to}");
    }
}

#[test]
fn staying_in_the_approved_stage_is_allowed() {
    let stage = Some("approved".to_owned());
    let transition = Transition {
        to_status: "completed".to_owned(),
        from_stage: stage.clone(),
        to_stage: stage,
        ..approving(OTHER)
    };
    assert_eq!(check(&transition), Decision::Allow);
}

#[test]
fn the_config_says_what_an_approval_is() {
    let configured = |config: Value, to_status: &str, action: &str, actor: &str| Transition {
        config,
        action: action.to_owned(),
        to_status: to_status.to_owned(),
        ..approving(actor)
    };
    let completing = json!({"statuses": ["Completed"], "actions": []});
    assert_eq!(code(&configured(completing.clone(), "completed", "advance", OTHER)), "NOT_APPROVER");
    assert_eq!(check(&configured(completing.clone(), "completed", "advance", APPROVER)), Decision::Allow);
    assert_eq!(check(&configured(completing.clone(), "cancelled", "advance", OTHER)), Decision::Allow);
    assert_eq!(check(&configured(completing.clone(), "approved", "approve", OTHER)), Decision::Allow);
    // What a config leaves out stands at its default.
    let stage = Transition { to_stage: Some("approved".to_owned()), ..configured(completing, "active", "x", OTHER) };
    assert_eq!(code(&stage), "NOT_APPROVER");
    assert_eq!(code(&configured(json!({"statuses": []}), "active", "approve", OTHER)), "NOT_APPROVER");
}
