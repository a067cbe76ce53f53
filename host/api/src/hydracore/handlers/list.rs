use crate::hydracore::auth::{Dashboard, Read};
use crate::hydracore::input::{Faults, page};
use crate::hydracore::respond;
use crate::hydracore::wire::{Detail, HTTPValidationError, ListBody};
use crate::kit::{ApiResult, Query};
use stepwright_app::usecases::RecordPage;

/// The tenant's workflows, newest first.
#[utoipa::path(
    get, path = "/v1/workflows", operation_id = "listWorkflowsDashboard", tag = "workflows",
    params(
        ("customer_id" = Option<uuid::Uuid>, Query, description = "exactly this customer's"),
        ("workflow_type" = Option<String>, Query),
        ("status" = Option<String>, Query),
        ("page" = Option<u64>, Query, description = "from 1", minimum = 1),
        ("per_page" = Option<u32>, Query, description = "1 to 100, 20 unless given", minimum = 1, maximum = 100),
    ),
    responses(
        (status = 200, body = ListBody),
        (status = 401, body = Detail, description = "no or bad credential"),
        (status = 403, body = Detail, description = "no administrator, or a key without the scope"),
        (status = 422, body = HTTPValidationError, description = "every fault of the request"),
        (status = 429, body = Detail),
    ),
)]
pub async fn handle(dashboard: Dashboard<Read>, query: Query) -> ApiResult {
    let faults = Faults::default();
    let asked = page(&faults, &query, None);
    let asked = faults.or(asked)?;
    let listed = match asked.matches {
        true => dashboard.app().records(&dashboard.access, &asked.filter, asked.per_page, asked.offset()).await?,
        false => RecordPage { items: Vec::new(), total: 0 },
    };
    respond::page(asked.page, asked.per_page, &listed)
}
