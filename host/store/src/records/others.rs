//! Executions of other APIs in lists of records.
//!
//! They have no rows in `records`, so that they pay nothing for lists of an API they were not made with: they are found
//! in `executions`, by an index that leads with their dialect. The list is both, put together: each is read in order
//! up to the end of the page. Totals are sums of the counts that are kept for either.

use super::{Part, narrowed};
use crate::text::{Text, Value};
use stepwright_app::face::CoreStatus;
use stepwright_app::{OtherExecutions, RecordFilter};
use stepwright_engine::{Dialect, TenantId};

/// The condition on their status, if there is one.
pub(super) fn of_statuses<'a>(text: &mut Text<'a>, others: &'a OtherExecutions) {
    if !others.statuses.is_empty() {
        text.one_of(" AND status", others.statuses.iter().map(|status| status.as_str()));
    }
}

/// How many there are.
pub(super) fn total_text(tenant: TenantId, others: &OtherExecutions) -> Text<'_> {
    let mut text = Text::default();
    if let Some(entity) = &others.entity_id {
        // Of one entity they are few.
        text.push("SELECT COUNT(*) FROM executions WHERE tenant_id = ").place(Value::Id(tenant.uuid()));
        text.push(" AND entity_id = ").place(Value::Text(entity)).push(" AND dialect <> 'hydracore'");
        of_statuses(&mut text, others);
        return text;
    }
    text.push("SELECT CAST(COALESCE(SUM(number), 0) AS BIGINT) FROM (");
    for (number, table) in ["execution_counts", "execution_count_changes"].into_iter().enumerate() {
        text.push(if number == 0 { "" } else { " UNION ALL " });
        text.push("SELECT number FROM ").push(table).push(" WHERE tenant_id = ").place(Value::Id(tenant.uuid()));
        // Counts know no dialect, but the definitions that stand for types of records are nobody else's.
        for definition in &others.of_records {
            text.push(" AND definition_id <> ").place(Value::Id(definition.uuid()));
        }
        of_statuses(&mut text, others);
    }
    text.push(") AS counts");
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

/// The records that match, and the others.
pub(super) fn places_text<'a>(
    tenant: TenantId,
    filter: &'a RecordFilter,
    others: &'a OtherExecutions,
    part: &Part,
) -> Text<'a> {
    let (order, mut text) = (part.order, Text::default());
    let reach = Value::Number(part.offset.saturating_add(part.limit));
    text.push("SELECT place_id, place_at FROM (SELECT * FROM (SELECT execution_id AS place_id, created_at AS place_at");
    text.push(" FROM records WHERE tenant_id = ").place(Value::Id(tenant.uuid()));
    narrowed(&mut text, filter);
    part.behind_edge(&mut text);
    text.push(&format!(" ORDER BY created_at {order}, execution_id {order} LIMIT ")).place(reach).push(") AS own");
    for (number, narrow) in walks(others).into_iter().enumerate() {
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

fn walks(others: &OtherExecutions) -> Vec<Walk<'_>> {
    if let Some(entity) = &others.entity_id {
        return vec![Walk::OfEntity(entity)];
    }
    let every = CoreStatus::ALL;
    let statuses = if others.statuses.is_empty() { &every[..] } else { others.statuses.as_slice() };
    let foreign = Dialect::ALL.into_iter().filter(|dialect| *dialect != Dialect::Hydracore);
    foreign.flat_map(|dialect| statuses.iter().map(move |status| Walk::Along(dialect, *status))).collect()
}
