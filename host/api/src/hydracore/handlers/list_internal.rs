use crate::hydracore::auth::Agent;
use crate::hydracore::input::{Faults, page};
use crate::hydracore::respond;
use crate::hydracore::wire::{Detail, HTTPValidationError, ListBody};
use crate::kit::{ApiResult, Params, Query};
use stepwright_app::usecases::RecordPage;

/// The workflows of an instance, newest first.
#[utoipa::path(
    get, path = "/internal/v1/instances/{instance_id}/workflows", operation_id = "queryWorkflowsInternal",
    tag = "workflows",
    params(
        ("instance_id" = uuid::Uuid, Path),
        ("customer_id" = Option<uuid::Uuid>, Query, description = "exactly this customer's"),
        ("workflow_type" = Option<String>, Query),
        ("status" = Option<String>, Query),
        ("reference" = Option<String>, Query),
        ("page" = Option<u64>, Query, description = "from 1", minimum = 1),
        ("per_page" = Option<u32>, Query, description = "1 to 100, 20 unless given", minimum = 1, maximum = 100),
    ),
    responses(
        (status = 200, body = ListBody),
        (status = 401, body = Detail, description = "no or bad credential"),
        (status = 403, body = Detail, description = "the key is of another instance"),
        (status = 422, body = HTTPValidationError, description = "every fault of the request"),
        (status = 429, body = Detail),
    ),
)]
pub async fn handle(agent: Agent, Params(instance): Params<String>, query: Query) -> ApiResult {
    let faults = Faults::default();
    let named = super::instance_id(&agent, &faults, &instance);
    let asked = page(&faults, &query, Some(agent.instance));
    let asked = faults.or(named.and(asked))?;
    let listed = match asked.matches {
        true => agent.app().records(&agent.access, &asked.filter, asked.per_page, asked.offset()).await?,
        false => RecordPage { items: Vec::new(), total: 0 },
    };
    respond::page(asked.page, asked.per_page, &listed)
}
