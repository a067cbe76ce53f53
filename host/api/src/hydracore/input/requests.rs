//! The requests of this API.

use super::super::wire::Fault;
use super::Faults;
use super::fields::Members;
use super::values::{integer, uuid};
use crate::kit::Query;
use serde_json::{Map, Value};
use stepwright_app::RecordFilter;
use stepwright_engine::record::{Advance, MAX_STATE, NewRecord, RecordStatusName, WorkflowType};
use stepwright_engine::{ApproverId, CustomerId, ExecutionId, InstanceId, RawJson, Timestamp};

/// Characters of titles, references and names.
const MAX_TEXT: usize = 255;
/// Characters of stages, steps and actions.
const MAX_NAME: usize = 100;
/// Bytes of an action's detail as JSON.
const MAX_DETAIL: usize = 64 << 10;

/// An id in the path.
pub(in super::super) fn record_id(faults: &Faults, name: &str, text: &str) -> Option<ExecutionId> {
    uuid(faults, &["path".into(), name.into()], &Value::from(text)).map(ExecutionId::from_uuid)
}

/// A page of a list.
#[derive(Debug, PartialEq)]
pub(in super::super) struct PageQuery {
    pub(in super::super) filter: RecordFilter,
    /// A word nobody knows matches nothing.
    pub(in super::super) matches: bool,
    pub(in super::super) page: u64,
    pub(in super::super) per_page: u32,
}

impl PageQuery {
    /// Records before the page.
    pub(in super::super) fn offset(&self) -> u64 {
        (self.page - 1).saturating_mul(u64::from(self.per_page))
    }
}

/// The query of a list; `reference` only for the lists that know it.
pub(in super::super) fn page(faults: &Faults, query: &Query, instance: Option<InstanceId>) -> Option<PageQuery> {
    let number = |name: &str, default: i128, max: Option<i128>| match query.get(name) {
        None => Some(default),
        Some(text) => integer(faults, &["query".into(), name.into()], &Value::from(text), 1, max),
    };
    let customer = query.get("customer_id").map(|text| {
        let loc = ["query".into(), "customer_id".into()];
        uuid(faults, &loc, &Value::from(text)).map(CustomerId::from_uuid)
    });
    let (workflow_type, status) = (query.get("workflow_type"), query.get("status"));
    let filter = RecordFilter {
        instance,
        workflow_type: workflow_type.and_then(WorkflowType::parse),
        status: status.and_then(RecordStatusName::parse),
        customer: customer.flatten(),
        reference: instance.and(query.get("reference")).map(str::to_owned),
    };
    let matches =
        (workflow_type.is_none() || filter.workflow_type.is_some()) && (status.is_none() || filter.status.is_some());
    let (page, per_page) = (number("page", 1, None), number("per_page", 20, Some(100)));
    let page = u64::try_from(page?).unwrap_or(u64::MAX);
    Some(PageQuery { filter, matches, page, per_page: u32::try_from(per_page?).ok()? })
}

/// A workflow to be opened by an agent of `instance`.
pub(in super::super) fn create(
    faults: &Faults,
    members: &Map<String, Value>,
    instance: InstanceId,
    now: Timestamp,
) -> Option<NewRecord> {
    let fields = Members::new(members, faults);
    let customer = fields.required_uuid("customer_id");
    let workflow_type = fields.required("workflow_type").and_then(|value| {
        let words: Vec<&str> = WorkflowType::ALL.iter().map(|word| word.as_str()).collect();
        fields.word("workflow_type", value, &words, WorkflowType::parse)
    });
    let assigned_to = fields.text("assigned_to", MAX_TEXT);
    let expires_at = fields.instant("expires_at");
    if expires_at.is_some_and(|at| at <= now) {
        fields.refuse("expires_at", "must lie in the future");
    }
    if fields.uuid("instance_id").is_some_and(|named| named != instance.uuid()) {
        fields.refuse("instance_id", "must be the same as in the path");
    }
    let next_action_at = fields.instant("next_action_at");
    let reference = fields.text("reference", MAX_TEXT);
    let stage = fields.text("stage", MAX_NAME);
    let title = fields.text("title", MAX_TEXT);
    let state = state(&fields, "workflow_state");
    Some(NewRecord {
        workflow_type: workflow_type?,
        customer_id: CustomerId::from_uuid(customer?),
        stage,
        title,
        reference,
        assigned_to,
        state,
        expires_at,
        next_action_at,
    })
}

/// What an agent moves a workflow on by, and the name it gives itself.
pub(in super::super) fn advance(faults: &Faults, members: &Map<String, Value>) -> Option<(Advance, Option<String>)> {
    let fields = Members::new(members, faults);
    let action = fields.required_text("action", 1, MAX_NAME);
    let detail = fields.optional("action_detail").and_then(|value| detail(&fields, faults, value));
    let actor = fields.text("actor", MAX_TEXT);
    let approver_id = fields.change("approver_id", |f| f.uuid("approver_id").map(ApproverId::from_uuid));
    let assigned_to = fields.change("assigned_to", |f| f.text("assigned_to", MAX_TEXT));
    let escalation_level = fields.level("escalation_level", 100);
    let expires_at = fields.change("expires_at", |f| f.instant("expires_at"));
    let next_action_at = fields.change("next_action_at", |f| f.instant("next_action_at"));
    let stage = fields.change("stage", |f| f.text("stage", MAX_NAME));
    let status = fields.optional("status").and_then(|value| {
        let words: Vec<&str> = RecordStatusName::ALL.iter().map(|word| word.as_str()).collect();
        fields.word("status", value, &words, RecordStatusName::parse)
    });
    let state = state(&fields, "workflow_state");
    let advance = Advance {
        action: action?,
        detail,
        status,
        stage,
        approver_id,
        assigned_to,
        escalation_level,
        expires_at,
        next_action_at,
        state,
    };
    Some((advance, actor.filter(|name| !name.is_empty())))
}

/// Where a workflow is suspended, and what it keeps.
pub(in super::super) fn suspend(
    faults: &Faults,
    members: &Map<String, Value>,
) -> Option<(String, Option<Map<String, Value>>)> {
    let fields = Members::new(members, faults);
    let step = fields.required_text("step", 1, MAX_NAME);
    let payload = fields.object("payload");
    if payload.as_ref().is_some_and(|payload| !is_small(payload)) {
        fields.refuse("payload", "must have at most 256 KiB");
    }
    Some((step?, payload))
}

/// What a workflow is resumed with.
pub(in super::super) fn resume(faults: &Faults, members: &Map<String, Value>) -> Option<Map<String, Value>> {
    Some(state(&Members::new(members, faults), "resume_data"))
}

fn state(fields: &Members<'_>, name: &str) -> Map<String, Value> {
    let state = fields.object(name).unwrap_or_default();
    if !is_small(&state) {
        fields.refuse(name, "must have at most 256 KiB");
    }
    state
}

fn is_small(state: &Map<String, Value>) -> bool {
    serde_json::to_vec(state).is_ok_and(|text| text.len() <= MAX_STATE)
}

fn detail(fields: &Members<'_>, faults: &Faults, value: &Value) -> Option<RawJson> {
    if !matches!(value, Value::String(_) | Value::Object(_)) {
        let kinds = [
            ("string_type", "str", "Input should be a valid string"),
            ("dict_type", "dict[str,any]", "Input should be a valid dictionary"),
        ];
        for (kind, branch, msg) in kinds {
            let loc = vec!["body".into(), "action_detail".into(), branch.into()];
            faults.add(Fault::new(kind, loc, msg).with_input(value));
        }
        return None;
    }
    if value.to_string().len() > MAX_DETAIL {
        fields.refuse("action_detail", "must have at most 64 KiB");
    }
    Some(RawJson::from(value))
}
