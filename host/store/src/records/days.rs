//! Where a page in the middle of a long list begins: on which day is found by adding up the days before it, so that only
//! that day's records are gone through.

use super::{Part, narrowed, others};
use crate::commit::DAY;
use crate::conn::{Conn, on};
use crate::error::DbResult;
use crate::text::{Text, Value, bind_all};
use sqlx::AssertSqlSafe;
use stepwright_app::{OtherExecutions, RecordFilter};
use stepwright_engine::TenantId;
use uuid::Uuid;

/// Records that are sooner gone through than days are added up.
const NEAR: i64 = 500;

/// The same part, counted from the day it begins on.
pub(super) async fn nearer(
    conn: &mut Conn<'_>,
    tenant: TenantId,
    filter: &RecordFilter,
    foreign: Option<&OtherExecutions>,
    part: Part,
) -> DbResult<Part> {
    // Of one customer and of one reference records are few, and are not counted by days.
    if part.offset < NEAR || filter.customer.is_some() || filter.reference.is_some() {
        return Ok(part);
    }
    let text = day_text(tenant, filter, foreign, &part);
    let found = on!(conn, |c| bind_all!(sqlx::query_as::<_, (i64, i64)>(AssertSqlSafe(text.sql)), &text.values)
        .fetch_optional(c))?;
    Ok(match found {
        Some((day, before)) => {
            let edge = if part.reversed { day.saturating_mul(DAY) } else { (day + 1).saturating_mul(DAY) };
            Part { edge: Some(edge), offset: part.offset - before, ..part }
        }
        // More have gone meanwhile than were counted.
        None => part,
    })
}

/// The day the part begins on, and how many stand before that day.
fn day_text<'a>(
    tenant: TenantId,
    filter: &'a RecordFilter,
    foreign: Option<&'a OtherExecutions>,
    part: &Part,
) -> Text<'a> {
    let (order, mut text) = (part.order, Text::default());
    text.push("SELECT day, CAST(upto - here AS BIGINT) FROM (SELECT day, SUM(n) AS here,");
    text.push(&format!(" SUM(SUM(n)) OVER (ORDER BY day {order}) AS upto FROM ("));
    text.push("SELECT day, n FROM record_days WHERE tenant_id = ").place(Value::Id(tenant.uuid()));
    if filter.instance.is_none() {
        text.push(" AND instance_id = ").place(Value::Id(Uuid::nil()));
    }
    narrowed(&mut text, filter);
    let tables = ["execution_days", "execution_count_changes"];
    for (foreign, table) in foreign.into_iter().flat_map(|foreign| tables.map(|table| (foreign, table))) {
        text.push(" UNION ALL SELECT day, number FROM ").push(table);
        text.push(" WHERE tenant_id = ").place(Value::Id(tenant.uuid())).push(" AND dialect <> 'hydracore'");
        others::of_statuses(&mut text, foreign);
    }
    text.push(") AS counted GROUP BY day) AS summed WHERE upto > ").place(Value::Number(part.offset));
    text.push(&format!(" ORDER BY day {order} LIMIT 1"));
    text
}
