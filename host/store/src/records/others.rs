//! Executions of other APIs in lists of records.
//!
//! They have no rows in `records`, so that they pay nothing for lists of an API they were not made with: they are found
//! in `executions`, by an index that leads with their dialect. The list is both, put together: each is read in order
//! up to the end of the page. Totals are sums of the counts that are kept for either.

use super::{Part, narrowed};
use crate::conn::{Conn, on};
use crate::error::DbResult;
use crate::text::{Text, Value, bind_all};
use sqlx::AssertSqlSafe;
use stepwright_app::face::CoreStatus;
use stepwright_app::{OtherExecutions, RecordFilter};
use stepwright_engine::{Dialect, TenantId};

/// The condition on their status, if there is one.
pub(super) fn of_statuses<'a>(text: &mut Text<'a>, others: &'a OtherExecutions) {
    if !others.statuses.is_empty() {
        text.one_of(" AND status", others.statuses.iter().map(|status| status.as_str()));
    }
}

/// How many there are of each status.
pub(super) async fn totals(
    conn: &mut Conn<'_>,
    tenant: TenantId,
    others: &OtherExecutions,
) -> DbResult<Vec<(CoreStatus, u64)>> {
    let text = totals_text(tenant, others);
    let rows = on!(conn, |c| bind_all!(sqlx::query_as::<_, (String, i64)>(AssertSqlSafe(text.sql)), &text.values)
        .fetch_all(c))?;
    let known = |status: &String| CoreStatus::ALL.into_iter().find(|known| known.as_str() == status);
    let counted = |(status, n): (String, i64)| Some((known(&status)?, u64::try_from(n).ok().filter(|n| *n > 0)?));
    Ok(rows.into_iter().filter_map(counted).collect())
}

fn totals_text(tenant: TenantId, others: &OtherExecutions) -> Text<'_> {
    let mut text = Text::default();
    if let Some(entity) = &others.entity_id {
        // Of one entity they are few. An index that has them by status must not seem the better one: it has everybody's.
        text.push("SELECT COALESCE(status, ''), COUNT(*) FROM executions WHERE tenant_id = ");
        text.place(Value::Id(tenant.uuid()));
        text.push(" AND entity_id = ").place(Value::Text(entity)).push(" AND dialect <> 'hydracore'");
        of_statuses(&mut text, others);
        text.push(" GROUP BY COALESCE(status, '')");
        return text;
    }
    text.push("SELECT status, CAST(SUM(number) AS BIGINT) FROM (");
    for (number, table) in ["execution_counts", "execution_count_changes"].into_iter().enumerate() {
        text.push(if number == 0 { "" } else { " UNION ALL " });
        text.push("SELECT status, number FROM ").push(table).push(" WHERE tenant_id = ");
        text.place(Value::Id(tenant.uuid()));
        // Counts know no dialect, but the definitions that stand for types of records are nobody else's.
        for definition in &others.of_records {
            text.push(" AND definition_id <> ").place(Value::Id(definition.uuid()));
        }
        of_statuses(&mut text, others);
    }
    text.push(") AS counts GROUP BY status");
    text
}

/// All executions of the tenant, records among them.
pub(super) fn every_place_text(tenant: TenantId, part: &Part) -> Text<'static> {
    let (order, mut text) = (part.order, Text::default());
    text.push("SELECT id AS place_id, created_at AS place_at FROM executions WHERE tenant_id = ");
    text.place(Value::Id(tenant.uuid()));
    part.behind_edge(&mut text);
    text.push(&format!(" ORDER BY created_at {order}, id {order} LIMIT ")).place(Value::Number(part.limit));
    text.push(" OFFSET ").place(Value::Number(part.offset));
    text
}

/// The records that match, and the others, which are of these statuses only.
pub(super) fn places_text<'a>(
    tenant: TenantId,
    filter: &'a RecordFilter,
    others: &'a OtherExecutions,
    statuses: &[CoreStatus],
    part: &Part,
) -> Text<'a> {
    let (order, mut text) = (part.order, Text::default());
    let reach = Value::Number(part.offset.saturating_add(part.limit));
    text.push("SELECT place_id, place_at FROM (SELECT * FROM (SELECT execution_id AS place_id, created_at AS place_at");
    text.push(" FROM records WHERE tenant_id = ").place(Value::Id(tenant.uuid()));
    narrowed(&mut text, filter);
    part.behind_edge(&mut text);
    text.push(&format!(" ORDER BY created_at {order}, execution_id {order} LIMIT ")).place(reach).push(") AS own");
    for (number, narrow) in walks(others, statuses).into_iter().enumerate() {
        text.push(" UNION ALL SELECT * FROM (SELECT id AS place_id, created_at AS place_at FROM executions");
        text.push(" WHERE tenant_id = ").place(Value::Id(tenant.uuid()));
        match narrow {
            Walk::OfEntity(entity) => {
                text.push(" AND entity_id = ").place(Value::Text(entity)).push(" AND dialect <> 'hydracore'");
                of_statuses(&mut text, others);
            }
            Walk::Along(dialect, status) => {
                text.push(" AND dialect = ").place(Value::Text(dialect.as_str()));
                text.push(" AND status = ").place(Value::Text(status.as_str()));
            }
        }
        part.behind_edge(&mut text);
        text.push(&format!(" ORDER BY created_at {order}, id {order} LIMIT ")).place(reach);
        text.push(&format!(") AS w{number}"));
    }
    text.push(&format!(") AS every ORDER BY place_at {order}, place_id {order} LIMIT "))
        .place(Value::Number(part.limit));
    text.push(" OFFSET ").place(Value::Number(part.offset));
    text
}

/// Where others are looked for.
enum Walk<'a> {
    OfEntity(&'a str),
    /// Along the index, which goes on in the order of the list.
    Along(Dialect, CoreStatus),
}

/// Each costs the database a plan, so that there are none for what does not occur.
fn walks<'a>(others: &'a OtherExecutions, statuses: &[CoreStatus]) -> Vec<Walk<'a>> {
    if let Some(entity) = &others.entity_id {
        return vec![Walk::OfEntity(entity)];
    }
    let foreign = Dialect::ALL.into_iter().filter(|dialect| *dialect != Dialect::Hydracore);
    foreign.flat_map(|dialect| statuses.iter().map(move |status| Walk::Along(dialect, *status))).collect()
}
