//! States, history and bill in one statement, for PostgreSQL: there every statement is a round trip, which costs a
//! quiet host more than what the statement does. A batch that writes nothing else needs no transaction around it.

use super::{HistoryRow, StateRow, add_to_bill, history_rows, insert, refuse_unwritten, state_rows, update, writes};
use crate::commit::pass::Pass;
use crate::commit::prepared::Prepared;
use crate::error::{DbResult, stored};
use crate::rows::{RowSet, row_set, unnest};
use sqlx::{FromRow as _, PgConnection};
use std::sync::LazyLock;
use stepwright_app::Commit;
use uuid::Uuid;

row_set! {
    /// What a commit adds to its tenant's day, unless its execution is not written.
    struct BillRow<'a> {
        tenant_id: Uuid,
        day: &'a str,
        /// The commit's first execution, if it writes any.
        execution_id: Option<Uuid>,
        executions: i64,
        steps: i64,
        fuel: i64,
        host_calls: i64,
        wall_us: i64,
    }
}

const TEMPLATE: &str = concat!(
    "WITH r AS MATERIALIZED (SELECT * FROM {states}),
     moved AS (",
    update!("r"),
    "), made AS (",
    insert!("r"),
    "), written AS MATERIALIZED (SELECT id FROM moved UNION ALL SELECT id FROM made),
     lines AS (
        INSERT INTO history (execution_id, seq, tenant_id, doc)
        SELECT l.execution_id, l.seq, l.tenant_id, l.doc FROM {lines}
        WHERE (l.execution_id IN (SELECT id FROM written)) IS TRUE),
     billed AS (
        INSERT INTO usage_days (tenant_id, day, shard, executions, steps, fuel, host_calls, wall_us)
        SELECT b.tenant_id, b.day, $1, SUM(b.executions)::bigint, SUM(b.steps)::bigint, SUM(b.fuel)::bigint,
            SUM(b.host_calls)::bigint, SUM(b.wall_us)::bigint
        FROM {bills}
        WHERE b.execution_id IS NULL OR (b.execution_id IN (SELECT id FROM written)) IS TRUE
        GROUP BY b.tenant_id, b.day ORDER BY b.tenant_id, b.day",
    add_to_bill!(),
    ")
     SELECT id FROM written"
);

static STATEMENT: LazyLock<String> = LazyLock::new(|| {
    let lines = 2 + StateRow::COLUMNS.len();
    TEMPLATE
        .replace("{states}", &unnest::<StateRow<'_>>("r", 2))
        .replace("{lines}", &unnest::<HistoryRow<'_>>("l", lines))
        .replace("{bills}", &unnest::<BillRow<'_>>("b", lines + HistoryRow::COLUMNS.len()))
});

/// Whether all there is of a commit is written by [`write`].
pub(in crate::commit) fn is_all(prepared: &Prepared) -> bool {
    let Commit { preconditions, executions, effects, webhooks, .. } = &prepared.commit;
    preconditions.is_empty() && executions.len() == 1 && webhooks.is_empty() && effects.is_empty()
}

/// Writes the next states with their history and their bill; refuses commits whose executions have moved on.
pub(in crate::commit) async fn write(pass: &mut Pass<'_>, conn: &mut PgConnection, shard: u64) -> DbResult<()> {
    let writes = writes(pass.going());
    let (states, lines) = (state_rows(&writes), history_rows(pass.going()));
    let bills: Vec<BillRow<'_>> = pass.going().filter_map(|p| Some(bill_row(&p.commit, p.day.as_deref()?))).collect();
    if states.is_empty() && bills.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(STATEMENT.as_str()).bind(stored(shard));
    let query = BillRow::bind_columns(&bills, HistoryRow::bind_columns(&lines, StateRow::bind_columns(&states, query)));
    // Through to the end of the answer, which comes when everything is on disk.
    let found = query.fetch_all(conn).await?;
    let written = found.iter().map(<(Uuid,)>::from_row).collect::<Result<Vec<_>, _>>()?;
    refuse_unwritten(pass, written);
    Ok(())
}

fn bill_row<'a>(commit: &Commit, day: &'a str) -> BillRow<'a> {
    let usage = &commit.usage;
    BillRow {
        tenant_id: commit.tenant_id.uuid(),
        day,
        execution_id: commit.executions.first().map(|write| write.next.id.uuid()),
        executions: stored(usage.executions),
        steps: stored(usage.steps),
        fuel: stored(usage.metering.fuel),
        host_calls: i64::from(usage.metering.host_calls),
        wall_us: stored(usage.metering.wall_us),
    }
}
