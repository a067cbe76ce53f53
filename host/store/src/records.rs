//! Lists of records.

mod days;
mod others;

use crate::Database;
use crate::commit::{OF_ALL, OF_CUSTOMER};
use crate::conn::{Conn, on};
use crate::error::{DbResult, read_json};
use crate::executions::ExecutionRow;
use crate::rows::{Statement, row_set};
use crate::text::{Text, Value, bind_all};
use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use stepwright_app::face::CoreStatus;
use stepwright_app::ports::{RecordStore, StoreResult};
use stepwright_app::{OtherExecutions, RecordFilter};
use stepwright_engine::{Execution, ExecutionId, HistoryEvent, TenantId};
use uuid::Uuid;

row_set! {
    struct IdRow { id: Uuid, tenant_id: Uuid }
}

/// A cross join: SQLite takes its left side first, and would else rather read all of the history in its own order.
static HISTORIES: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<IdRow>(
        "SELECT h.execution_id, h.seq, h.doc FROM {rows} CROSS JOIN history h
         WHERE h.execution_id = r.id AND h.tenant_id = r.tenant_id ORDER BY h.execution_id, h.seq",
    )
});

/// The conditions of a filter.
fn narrowed<'a>(text: &mut Text<'a>, filter: &'a RecordFilter) {
    if let Some(instance) = filter.instance {
        text.push(" AND instance_id = ").place(Value::Id(instance.uuid()));
    }
    if let Some(workflow_type) = filter.workflow_type {
        text.push(" AND workflow_type = ").place(Value::Text(workflow_type.as_str()));
    }
    if let Some(status) = filter.status {
        text.push(" AND status = ").place(Value::Text(status.as_str()));
    }
    if let Some(customer) = filter.customer {
        text.push(" AND customer_id = ").place(Value::Id(customer.uuid()));
    }
    if let Some(reference) = &filter.reference {
        text.push(" AND reference = ").place(Value::Text(reference));
    }
}

/// How many records match: a sum of counts, or, by reference, which few records share, a look at an index.
async fn total(conn: &mut Conn<'_>, tenant: TenantId, filter: &RecordFilter) -> DbResult<u64> {
    let mut text = Text::default();
    // Bound on its own: it leads the key.
    let narrow = RecordFilter { customer: None, ..filter.clone() };
    if filter.reference.is_some() {
        text.push("SELECT COUNT(*) FROM records WHERE tenant_id = ").place(Value::Id(tenant.uuid()));
        narrowed(&mut text, filter);
    } else {
        let (family, customer) = match filter.customer {
            Some(customer) => (OF_CUSTOMER, customer.uuid()),
            None => (OF_ALL, Uuid::nil()),
        };
        text.push("SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM record_counts WHERE tenant_id = ");
        text.place(Value::Id(tenant.uuid())).push(" AND family = ").place(Value::Number(family));
        text.push(" AND customer_id = ").place(Value::Id(customer));
        narrowed(&mut text, &narrow);
    }
    let n =
        on!(conn, |c| { bind_all!(sqlx::query_scalar::<_, i64>(AssertSqlSafe(text.sql)), &text.values).fetch_one(c) })?;
    Ok(u64::try_from(n).unwrap_or(0))
}

/// The part of a list that is wanted, counted from the end that is nearer.
struct Part {
    order: &'static str,
    limit: i64,
    offset: i64,
    reversed: bool,
    /// The instant it is counted from, in microseconds: later ones are left out, or, where it is reversed, earlier ones.
    edge: Option<i64>,
}

impl Part {
    /// `None` when nothing of it is left.
    fn of(limit: u32, offset: u64, total: u64) -> Option<Self> {
        let left = total.checked_sub(offset).filter(|left| *left > 0)?;
        let limit = left.min(u64::from(limit));
        let from_end = left - limit;
        let reversed = from_end < offset;
        Some(Self {
            order: if reversed { "ASC" } else { "DESC" },
            limit: limit as i64,
            offset: i64::try_from(if reversed { from_end } else { offset }).unwrap_or(i64::MAX),
            reversed,
            edge: None,
        })
    }

    /// The condition on when something was made.
    fn behind_edge(&self, text: &mut Text<'_>) {
        if let Some(edge) = self.edge {
            text.push(if self.reversed { " AND created_at >= " } else { " AND created_at < " });
            text.place(Value::Number(edge));
        }
    }
}

/// The places of records, and when they were opened, in the order of the part.
fn places_text<'a>(tenant: TenantId, filter: &'a RecordFilter, part: &Part) -> Text<'a> {
    let (order, mut text) = (part.order, Text::default());
    text.push("SELECT execution_id AS place_id, created_at AS place_at FROM records WHERE tenant_id = ");
    text.place(Value::Id(tenant.uuid()));
    narrowed(&mut text, filter);
    part.behind_edge(&mut text);
    text.push(&format!(" ORDER BY created_at {order}, execution_id {order} LIMIT ")).place(Value::Number(part.limit));
    text.push(" OFFSET ").place(Value::Number(part.offset));
    text
}

/// Documents are read only of what is on the page. A cross join for the same reason as above.
async fn page(conn: &mut Conn<'_>, places: Text<'_>, order: &str) -> DbResult<Vec<ExecutionRow>> {
    let text = format!(
        "SELECT e.id, e.doc, e.version FROM ({}) AS places CROSS JOIN executions e WHERE e.id = place_id
         ORDER BY place_at {order}, place_id {order}",
        places.sql
    );
    on!(conn, |c| bind_all!(sqlx::query_as::<_, ExecutionRow>(AssertSqlSafe(text)), &places.values).fetch_all(c))
}

#[async_trait]
impl RecordStore for Database {
    async fn records(
        &self,
        tenant: TenantId,
        filter: &RecordFilter,
        others: Option<&OtherExecutions>,
        limit: u32,
        offset: u64,
    ) -> StoreResult<(Vec<Execution>, u64)> {
        // No stored reference holds one, and PostgreSQL cannot be asked for it.
        if filter.reference.as_deref().is_some_and(|reference| reference.contains('\0')) {
            return Ok((Vec::new(), 0));
        }
        let mut conn = self.read(tenant).await?;
        let records = total(&mut conn, tenant, filter).await?;
        let foreign = match others {
            Some(others) => others::totals(&mut conn, tenant, others).await?,
            None => Vec::new(),
        };
        let total = records + foreign.iter().map(|(_, n)| n).sum::<u64>();
        let Some(part) = Part::of(limit, offset, total) else {
            conn.done().await?;
            return Ok((Vec::new(), total));
        };
        let others = others.filter(|_| !foreign.is_empty());
        let statuses: Vec<CoreStatus> = foreign.into_iter().map(|(status, _)| status).collect();
        let part = days::nearer(&mut conn, tenant, filter, others, part).await?;
        let places = match others {
            None => places_text(tenant, filter, &part),
            Some(_) if *filter == RecordFilter::default() => others::every_place_text(tenant, &part),
            Some(others) => others::places_text(tenant, filter, others, &statuses, &part),
        };
        let rows = page(&mut conn, places, part.order).await?;
        conn.done().await?;
        let mut items = rows.into_iter().map(Execution::try_from).collect::<StoreResult<Vec<_>>>()?;
        if part.reversed {
            items.reverse();
        }
        Ok((items, total))
    }

    async fn suspended_records(&self, tenant: TenantId, limit: u32) -> StoreResult<Vec<Execution>> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, ExecutionRow>(
            "SELECT e.id, e.doc, e.version FROM (
                SELECT execution_id AS place_id, suspended_at AS place_at FROM records
                WHERE tenant_id = $1 AND suspended_at IS NOT NULL
                ORDER BY suspended_at DESC, execution_id DESC LIMIT $2) AS places
             CROSS JOIN executions e WHERE e.id = place_id ORDER BY place_at DESC, place_id DESC"
        )
        .bind(tenant.uuid())
        .bind(i64::from(limit))
        .fetch_all(c))?;
        conn.done().await?;
        rows.into_iter().map(Execution::try_from).collect()
    }

    async fn histories(
        &self,
        tenant: TenantId,
        ids: &[ExecutionId],
    ) -> StoreResult<BTreeMap<ExecutionId, Vec<HistoryEvent>>> {
        let rows: Vec<IdRow> = ids.iter().map(|id| IdRow { id: id.uuid(), tenant_id: tenant.uuid() }).collect();
        let mut conn = self.read(tenant).await?;
        let lines: Vec<(Uuid, i64, String)> = HISTORIES.fetch(conn.parts(), &rows).await?;
        conn.done().await?;
        let mut histories: BTreeMap<ExecutionId, Vec<HistoryEvent>> = BTreeMap::new();
        for (id, seq, doc) in lines {
            let event = read_json("history", "doc", &format_args!("{id}/{seq}"), &doc)?;
            histories.entry(ExecutionId::from_uuid(id)).or_default().push(event);
        }
        Ok(histories)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_engine::record::{RecordStatusName, WorkflowType};

    #[test]
    fn conditions_are_numbered_in_the_order_they_are_bound_in() {
        let filter = RecordFilter {
            workflow_type: Some(WorkflowType::Lead),
            status: Some(RecordStatusName::Active),
            reference: Some("r".into()),
            ..RecordFilter::default()
        };
        let mut text = Text::default();
        narrowed(&mut text, &filter);
        assert_eq!(text.sql, " AND workflow_type = $1 AND status = $2 AND reference = $3");
        assert_eq!(text.values.len(), 3);
        let every = RecordFilter::default();
        narrowed(&mut text, &every);
        assert_eq!(text.values.len(), 3);
    }

    #[test]
    fn a_page_is_counted_from_the_nearer_end_and_none_is_past_it() {
        let part =
            |limit, offset, total| Part::of(limit, offset, total).map(|part| (part.reversed, part.limit, part.offset));
        assert_eq!(part(20, 0, 100), Some((false, 20, 0)));
        assert_eq!(part(20, 40, 100), Some((false, 20, 40)));
        assert_eq!(part(20, 60, 100), Some((true, 20, 20)));
        assert_eq!(part(20, 90, 100), Some((true, 10, 0)));
        assert_eq!(part(20, 0, 5), Some((false, 5, 0)));
        assert_eq!((part(20, 100, 100), part(20, u64::MAX, 100), part(20, 0, 0)), (None, None, None));
    }
}
