//! Executions, in several orders.

use crate::kit::{ApiError, ApiResult, Caller, Query, reply};
use crate::smartmca::auth::Read;
use crate::smartmca::error::of_query;
use crate::smartmca::wire::{ErrorBody, ExecutionList, ExecutionStatus, Meta};
use crate::smartmca::{ids, page, translate};
use stepwright_app::ports::{ExecutionOrder, ExecutionQuery};

const STATUSES: [(&str, ExecutionStatus); 5] = [
    ("pending", ExecutionStatus::Pending),
    ("running", ExecutionStatus::Running),
    ("completed", ExecutionStatus::Completed),
    ("failed", ExecutionStatus::Failed),
    ("cancelled", ExecutionStatus::Cancelled),
];

const ORDERS: [(&str, Order); 4] = [
    ("startedAt", Order::By(ExecutionOrder::Started)),
    ("completedAt", Order::By(ExecutionOrder::Ended)),
    ("createdAt", Order::By(ExecutionOrder::Created)),
    ("status", Order::Status),
];

#[derive(Clone, Copy)]
enum Order {
    By(ExecutionOrder),
    Status,
}

/// Lists executions, whichever API they were started with. What has no such time comes as if it were the earliest.
#[utoipa::path(
    get, path = "/api/public/v1/workflows/executions", operation_id = "listExecutions", tag = "executions",
    params(
        ("workflow_type" = Option<String>, Query, description = "only executions of this workflow"),
        ("entity_type" = Option<String>, Query, description = "only executions on such entities"),
        ("entity_id" = Option<String>, Query, description = "only executions on this entity"),
        ("status" = Option<ExecutionStatus>, Query, description = "only executions of this status"),
        ("page" = Option<u64>, Query, description = "from 1, default 1", minimum = 1),
        ("limit" = Option<u64>, Query, description = "entries of a page, default 20, at most 100", minimum = 1),
        ("sort_by" = Option<String>, Query, description = "`startedAt` (default), `completedAt`, `createdAt`, `status`"),
        ("sort_order" = Option<String>, Query, description = "`asc` or `desc` (default)"),
    ),
    responses(
        (status = 200, body = ExecutionList),
        (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 429, body = ErrorBody),
    ),
)]
pub async fn handle(caller: Caller<Read>, query: Query) -> ApiResult {
    let wanted = of_query(page::wanted(&query))?;
    let (filter, by_status) = of_query(filter(&query))?;
    let access = caller.own_tenant().await?;
    let app = &caller.state().app;
    // A text that is no id is no workflow's.
    let Some(filter) = filter else { return Ok(empty(wanted)) };
    let (offset, limit) = (wanted.skipped() as u64, wanted.taken() as u32);
    let (views, total) = match by_status {
        true => app.execution_page_by_status(&access, &filter, &groups(filter.ascending), offset, limit).await?,
        false => app.execution_page(&access, &filter, offset, limit).await?,
    };
    let data = views.iter().map(translate::item).collect();
    Ok(reply::ok(&ExecutionList { data, total, meta: Meta { pagination: wanted.of(total) } }))
}

fn empty(wanted: page::Page) -> axum::response::Response {
    reply::ok(&ExecutionList { data: Vec::new(), total: 0, meta: Meta { pagination: wanted.of(0) } })
}

/// What is asked for, and whether in the order of statuses; `None` when nothing can fit.
fn filter(query: &Query) -> ApiResult<(Option<ExecutionQuery>, bool)> {
    let mut faults = Vec::new();
    let mut choose = |name: &str, given: Option<&str>, words: &[&str]| {
        let place = given.and_then(|word| words.iter().position(|known| *known == word));
        if given.is_some() && place.is_none() {
            let message = format!("must be one of {}", words.join(", "));
            faults.push(stepwright_app::FieldFault::new(format!("/{name}"), message));
        }
        place
    };
    let status = choose("status", query.get("status"), &STATUSES.map(|(word, _)| word));
    let order = choose("sort_by", page::either(query, "sort_by", "sortBy"), &ORDERS.map(|(word, _)| word));
    let direction = choose("sort_order", page::either(query, "sort_order", "sortOrder"), &["asc", "desc"]);
    if !faults.is_empty() {
        return Err(ApiError::Invalid(faults));
    }
    let definition = page::either(query, "workflow_type", "workflowType").map(ids::workflow);
    let order = order.map_or(ORDERS[0].1, |place| ORDERS[place].1);
    let filter = ExecutionQuery {
        definition: definition.flatten(),
        without: None,
        entity_schema: page::either(query, "entity_type", "entityType").map(str::to_owned),
        entity_id: page::either(query, "entity_id", "entityId").map(str::to_owned),
        statuses: status.map(|place| translate::core_statuses(STATUSES[place].1)).unwrap_or_default(),
        order: match order {
            Order::By(order) => order,
            Order::Status => ExecutionOrder::Started,
        },
        ascending: direction == Some(0),
    };
    let none = definition == Some(None) || has_nul(&filter);
    Ok((Some(filter).filter(|_| !none), matches!(order, Order::Status)))
}

/// No entity has such a name, and not every database can be asked for it.
fn has_nul(filter: &ExecutionQuery) -> bool {
    [&filter.entity_schema, &filter.entity_id].into_iter().flatten().any(|text| text.contains('\0'))
}

/// The core's statuses, word by word in their order.
fn groups(ascending: bool) -> Vec<Vec<String>> {
    let mut words = STATUSES;
    words.sort_unstable_by_key(|(word, _)| *word);
    if !ascending {
        words.reverse();
    }
    words.into_iter().map(|(_, status)| translate::core_statuses(status)).collect()
}
