use serde_json::Value;
use stepwright_sdk::Context;
use stepwright_sdk::guard::{Decision, Guard, Info, Transition};

/// What needs the approver unless the binding's config says otherwise: where an approved record arrives, whether a
/// workflow keeps it in its status or in its stage.
const ARRIVALS: [&str; 1] = ["approved"];
/// What approving is called where neither status nor stage says it: the statuses of HydraCore know no `approved`.
const APPROVING: [&str; 2] = ["approve", "approved"];

/// Refuses every approval that its record's approver has not asked for; allows all other transitions.
///
/// What an approval is, the config says: `{"statuses": ["completed"], "stages": ["approved"], "actions": ["approve"]}`.
/// Each list that is left out stands at its default: `approved` as a status or a stage, `approve` and `approved` as an
/// action. Words are compared without regard to case.
#[derive(Debug, Clone, Copy)]
pub struct Approval;

impl Guard for Approval {
    const INFO: Info = Info {
        id: "approval",
        title: "Approval",
        description: "Only the approver a record names may approve it; the config says which statuses, stages and actions that is.",
    };

    fn check(_: &Context, transition: &Transition) -> Decision {
        decide(transition)
    }
}

/// Whether a transition may happen.
///
/// The approver is the one of the record as it stands: a change that names another approver and approves in one go is
/// judged by the old one. A record that names nobody is approved by nobody.
pub fn decide(transition: &Transition) -> Decision {
    if !approves(transition) {
        return Decision::Allow;
    }
    let Some(approver) = approver(&transition.record) else {
        return Decision::deny("NO_APPROVER", "the record names no approver, so nobody can approve it");
    };
    if same(approver, &transition.actor) {
        Decision::Allow
    } else {
        Decision::deny("NOT_APPROVER", "only the approver that the record names may approve it")
    }
}

/// Whether a record arrives where the approver is needed, or the action is called approving. Staying there is not
/// arriving.
fn approves(transition: &Transition) -> bool {
    let needs = |list: &str, usual: &[&str], word: &str| match transition.config.get(list).and_then(Value::as_array) {
        Some(words) => words.iter().filter_map(Value::as_str).any(|known| alike(known, word)),
        None => usual.iter().any(|known| alike(known, word)),
    };
    let to_stage = transition.to_stage.as_deref().unwrap_or_default();
    let from_stage = transition.from_stage.as_deref().unwrap_or_default();
    let moves = !alike(&transition.to_status, &transition.from_status);
    let by_status = moves && needs("statuses", &ARRIVALS, &transition.to_status);
    let by_stage = !alike(to_stage, from_stage) && needs("stages", &ARRIVALS, to_stage);
    by_status || by_stage || needs("actions", &APPROVING, &transition.action)
}

fn alike(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

fn approver(record: &Value) -> Option<&str> {
    record.get("approver_id")?.as_str().map(str::trim).filter(|id| !id.is_empty())
}

/// Approvers are UUIDs, which are the same in either case.
fn same(approver: &str, actor: &str) -> bool {
    approver.eq_ignore_ascii_case(actor.trim())
}
