//! States, history and bill in statements of their own, for SQLite: a statement there has one effect.

use super::{HistoryRow, StateRow, add_to_bill, history_rows, insert, refuse_unwritten, state_rows, update, writes};
use crate::commit::pass::Pass;
use crate::commit::prepared::Prepared;
use crate::conn::Conn;
use crate::error::{DbResult, stored};
use crate::rows::{Statement, row_set};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use stepwright_app::UsageDelta;
use uuid::Uuid;

static UPDATE: LazyLock<Statement> = LazyLock::new(|| Statement::new::<StateRow>(update!("{rows}")));
static INSERT: LazyLock<Statement> = LazyLock::new(|| Statement::new::<StateRow>(insert!("{rows}")));

static HISTORY: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<HistoryRow>(
        "INSERT INTO history (execution_id, seq, tenant_id, doc)
         SELECT r.execution_id, r.seq, r.tenant_id, r.doc FROM {rows}",
    )
});

row_set! {
    struct UsageRow<'a> {
        tenant_id: Uuid,
        day: &'a str,
        shard: i64,
        executions: i64,
        steps: i64,
        fuel: i64,
        host_calls: i64,
        wall_us: i64,
    }
}

static USAGE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<UsageRow>(concat!(
        "INSERT INTO usage_days (tenant_id, day, shard, executions, steps, fuel, host_calls, wall_us)
         SELECT r.tenant_id, r.day, r.shard, r.executions, r.steps, r.fuel, r.host_calls, r.wall_us FROM {rows}
         WHERE TRUE",
        add_to_bill!()
    ))
});

/// Writes the next states; refuses commits whose executions have moved on.
pub(super) async fn write(pass: &mut Pass<'_>, conn: &mut Conn<'_>) -> DbResult<()> {
    let writes = writes(pass.going());
    let (new, next): (Vec<_>, Vec<_>) = state_rows(&writes).into_iter().partition(|row| row.expected == 0);
    let updated: Vec<(Uuid,)> = UPDATE.fetch(conn.parts(), &next).await?;
    let inserted: Vec<(Uuid,)> = INSERT.fetch(conn.parts(), &new).await?;
    refuse_unwritten(pass, updated.into_iter().chain(inserted));
    Ok(())
}

/// Appends the history of commits that go through, and adds to the bill, one row per tenant and day.
pub(super) async fn write_rest(going: &[&Prepared], conn: &mut Conn<'_>, shard: u64) -> DbResult<()> {
    HISTORY.execute(conn.parts(), &history_rows(going.iter().copied())).await?;
    let mut days: BTreeMap<(Uuid, &str), UsageDelta> = BTreeMap::new();
    for (commit, day) in going.iter().filter_map(|p| Some((&p.commit, p.day.as_deref()?))) {
        let sum = days.entry((commit.tenant_id.uuid(), day)).or_default();
        sum.executions = sum.executions.saturating_add(commit.usage.executions);
        sum.steps = sum.steps.saturating_add(commit.usage.steps);
        sum.metering.add(&commit.usage.metering);
    }
    let rows: Vec<UsageRow<'_>> = days
        .iter()
        .map(|((tenant, day), sum)| UsageRow {
            tenant_id: *tenant,
            day,
            shard: stored(shard),
            executions: stored(sum.executions),
            steps: stored(sum.steps),
            fuel: stored(sum.metering.fuel),
            host_calls: i64::from(sum.metering.host_calls),
            wall_us: stored(sum.metering.wall_us),
        })
        .collect();
    USAGE.execute(conn.parts(), &rows).await?;
    Ok(())
}
