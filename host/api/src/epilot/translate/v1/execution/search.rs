//! Which executions and steps a search is to show.

use crate::epilot::translate::members::without_nulls;
use crate::kit::{ApiResult, Faults, Fields};
use serde_json::Value;
use stepwright_app::usecases::MOST_HITS;
use stepwright_app::{FlowOrder, FlowSearch, OrderBy, StartKey, TaskBucket, TaskSearch};
use stepwright_engine::TenantId;
use stepwright_engine::flow::StatusName;

/// Steps of a page unless the client says otherwise, and the most it may ask for.
const SIZE: u64 = 10;
const MAX_SIZE: u64 = 100;
/// Characters of a part of a name.
const MAX_PART: usize = 255;

const fn order(by: OrderBy, ascending: bool) -> FlowOrder {
    FlowOrder { by, ascending }
}

const ORDERS: [(&str, FlowOrder); 6] = [
    ("A_Z", order(OrderBy::Name, true)),
    ("Z_A", order(OrderBy::Name, false)),
    ("DUE_DATE_ASC", order(OrderBy::DueDate, true)),
    ("DUE_DATE_DESC", order(OrderBy::DueDate, false)),
    ("TRIGGER_DATE_ASC", order(OrderBy::Start, true)),
    ("TRIGGER_DATE_DESC", order(OrderBy::Start, false)),
];

/// Reads a search of executions: what is looked for, and behind which execution.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn execution_search(body: &Value, org: TenantId) -> ApiResult<(FlowSearch, Option<StartKey>)> {
    let body = without_nulls(body);
    let faults = Faults::new();
    let fields = Fields::of(&body, &faults)?;
    let statuses: Vec<(&str, StatusName)> = StatusName::ALL.iter().map(|status| (status.as_str(), *status)).collect();
    let ended = fields.opt_bool("includeDoneWorkflows").unwrap_or(false);
    let statuses = match (fields.opt_choice("status", &statuses), ended) {
        (Some(status), _) => vec![status],
        (None, true) => StatusName::ALL.to_vec(),
        (None, false) => vec![StatusName::Started],
    };
    let after = fields.opt_object("pagination").and_then(|place| {
        if place.opt_text("orgId").is_some_and(|named| !named.eq_ignore_ascii_case(&org.to_string())) {
            place.fault("orgId", "must be the organization the key belongs to");
        }
        place.typed("creationTime", "must be the creationTime of a lastEvaluatedKey", |v| StartKey::parse(v.as_str()?))
    });
    let search = FlowSearch {
        name: part(&fields, "name"),
        statuses,
        user: fields.opt_text("assignedTo").filter(|user| !user.is_empty()),
        order: sorting(&fields),
    };
    faults.or((search, after))
}

/// Reads a search of steps.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn step_search(body: &Value) -> ApiResult<TaskSearch> {
    use TaskBucket::{Complete, LeftComplete, LeftOpen, NextOpen, Open};
    let body = without_nulls(body);
    let faults = Faults::new();
    let fields = Fields::of(&body, &faults)?;
    let buckets: [(&str, &[TaskBucket]); 3] = [
        ("OPEN", &[Open, NextOpen, LeftOpen]),
        ("COMPLETE", &[Complete, LeftComplete]),
        ("NEXT_OPEN_ITEM_IN_WORKFLOW", &[NextOpen]),
    ];
    let buckets = fields.opt_choice("status", &buckets).unwrap_or(&TaskBucket::ALL);
    let ended = fields.opt_bool("includeDoneWorkflows").unwrap_or(false);
    let of_ended = |bucket: &TaskBucket| matches!(bucket, LeftOpen | LeftComplete);
    let buckets = buckets.iter().copied().filter(|bucket| ended || !of_ended(bucket)).collect();
    let user = fields.typed("assignedTo", "must be a number", Value::as_number).map(ToString::to_string);
    let (from, size) = page(&fields);
    let search = TaskSearch {
        flow_name: part(&fields, "executionName"),
        task_name: part(&fields, "stepName"),
        buckets,
        user,
        manual: fields.opt_bool("manuallyCreated"),
        order: sorting(&fields),
        from,
        size,
    };
    faults.or(search)
}

/// `from` and `size`; together they go no farther than hits are counted.
fn page(fields: &Fields<'_>) -> (u32, u32) {
    let Some(page) = fields.opt_object("pagination") else { return (0, SIZE as u32) };
    let from = page.opt_u64("from", u64::from(MOST_HITS)).unwrap_or(0);
    let size = page
        .typed("size", &format!("must be a whole number from 1 to {MAX_SIZE}"), |v| {
            v.as_u64().filter(|n| (1..=MAX_SIZE).contains(n))
        })
        .unwrap_or(SIZE);
    if from + size > u64::from(MOST_HITS) {
        page.fault("from", format!("must be at most {MOST_HITS} together with size"));
    }
    let small = |n: u64| u32::try_from(n).unwrap_or(MOST_HITS);
    (small(from), small(size))
}

fn sorting(fields: &Fields<'_>) -> FlowOrder {
    fields.opt_choice("sorting", &ORDERS).unwrap_or(order(OrderBy::Start, false))
}

fn part(fields: &Fields<'_>, name: &str) -> Option<String> {
    let rule = format!("must be a text of at most {MAX_PART} characters");
    let part = fields.typed(name, &rule, |v| v.as_str().filter(|part| part.chars().count() <= MAX_PART));
    part.filter(|part| !part.is_empty()).map(str::to_owned)
}
