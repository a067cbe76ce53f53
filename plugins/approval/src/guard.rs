use serde_json::Value;
use stepwright_sdk::Context;
use stepwright_sdk::guard::{Decision, Guard, Info, Transition};

/// Where an approved record arrives, whether a workflow keeps it in its status or in its stage.
const APPROVED: &str = "approved";
/// What approving is called where neither status nor stage says it: the statuses of HydraCore know no `approved`.
const APPROVING: [&str; 2] = ["approve", APPROVED];

/// Refuses every approval that its record's approver has not asked for; allows all other transitions.
#[derive(Debug, Clone, Copy)]
pub struct Approval;

impl Guard for Approval {
    const INFO: Info = Info {
        id: "approval",
        title: "Approval",
        description: "Only the approver a record names may move it to `approved`.",
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

/// Whether a record arrives at `approved`, or the action is called approving. Staying approved is not being approved.
fn approves(transition: &Transition) -> bool {
    let is = |text: &str| text.trim().eq_ignore_ascii_case(APPROVED);
    let stage = |stage: &Option<String>| stage.as_deref().is_some_and(is);
    let by_status = is(&transition.to_status) && !is(&transition.from_status);
    let by_stage = stage(&transition.to_stage) && !stage(&transition.from_stage);
    let action = transition.action.trim();
    by_status || by_stage || APPROVING.iter().any(|name| action.eq_ignore_ascii_case(name))
}

fn approver(record: &Value) -> Option<&str> {
    record.get("approver_id")?.as_str().map(str::trim).filter(|id| !id.is_empty())
}

/// Approvers are UUIDs, which are the same in either case.
fn same(approver: &str, actor: &str) -> bool {
    approver.eq_ignore_ascii_case(actor.trim())
}
