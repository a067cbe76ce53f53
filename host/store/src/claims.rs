//! Taking over work that is due: fair between tenants, and each row by one host only.

use crate::Database;
use crate::conn::{Dual, Scope, affected, on};
use crate::error::DbResult;
use crate::executions::ExecutionRow;
use crate::pools::Pools;
use crate::rows::{Statement, row_set};
use std::collections::HashSet;
use std::sync::LazyLock;
use stepwright_app::ports::StoreError;
use stepwright_engine::{ExecutionId, NodeInstanceId, TenantId, Timestamp};
use uuid::Uuid;

/// `t(tenant_id)`: every tenant with a row whose `$due` is set, found by stepping through the index on
/// (`tenant_id`, `$due`): one look-up per tenant, however many rows each has. Ordered by both columns, which no other
/// index is: PostgreSQL would take any that begins with `tenant_id`, and walk over all that has ended.
macro_rules! waiting_tenants {
    ($table:literal, $due:literal) => {
        concat!(
            "t(tenant_id) AS (
                SELECT (SELECT tenant_id FROM ",
            $table,
            " WHERE ",
            $due,
            " IS NOT NULL ORDER BY tenant_id, ",
            $due,
            " LIMIT 1)
                UNION ALL
                SELECT (SELECT e.tenant_id FROM ",
            $table,
            " e WHERE e.",
            $due,
            " IS NOT NULL
                        AND e.tenant_id > t.tenant_id ORDER BY e.tenant_id, e.",
            $due,
            " LIMIT 1)
                FROM t WHERE t.tenant_id IS NOT NULL)"
        )
    };
}
pub(crate) use waiting_tenants;

/// A claim: `$2` rows of `$table` whose `$due` has come by `$1`, at most `$3` of one tenant, tenants in turn, none of
/// those `$4` lists ([`listed`]). `$set` may use `$5` and above; `$further` narrows the candidates `e`.
///
/// PostgreSQL looks at more candidates than it takes, so that a second host, which skips the rows locked here, finds
/// others instead of none. SQLite has one writer and needs no locks.
macro_rules! claim {
    ($table:literal, $due:literal, $further:literal, $set:literal, $returning:literal) => {
        $crate::conn::Dual {
            sqlite: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $set,
                " WHERE rowid IN (
                    WITH RECURSIVE ",
                $crate::claims::waiting_tenants!($table, $due),
                "
                    SELECT place FROM (
                        SELECT c.rowid AS place, c.",
                $due,
                " AS due_at,
                            row_number() OVER (PARTITION BY c.tenant_id ORDER BY c.",
                $due,
                ") AS turn
                        FROM t CROSS JOIN ",
                $table,
                " c
                        WHERE instr($4, hex(t.tenant_id)) = 0 AND c.rowid IN (
                            SELECT e.rowid FROM ",
                $table,
                " e
                            WHERE e.",
                $due,
                " IS NOT NULL AND e.tenant_id = t.tenant_id AND e.",
                $due,
                " <= $1 ",
                $further,
                "
                            ORDER BY e.",
                $due,
                " LIMIT $3))
                    ORDER BY turn, due_at LIMIT $2)
                RETURNING ",
                $returning
            ),
            postgres: concat!(
                "WITH RECURSIVE ",
                $crate::claims::waiting_tenants!($table, $due),
                ",
                due AS MATERIALIZED (
                    SELECT c.id AS due_id, c.due_at,
                        row_number() OVER (PARTITION BY t.tenant_id ORDER BY c.due_at) AS turn
                    FROM t CROSS JOIN LATERAL (
                        SELECT e.id, e.",
                $due,
                " AS due_at FROM ",
                $table,
                " e
                        WHERE e.",
                $due,
                " IS NOT NULL AND e.tenant_id = t.tenant_id AND e.",
                $due,
                " <= $1 ",
                $further,
                "
                        ORDER BY e.",
                $due,
                " LIMIT $3) c
                    WHERE strpos($4, upper(replace(t.tenant_id::text, '-', ''))) = 0
                    ORDER BY turn, c.due_at LIMIT $2 * 4),
                locked AS MATERIALIZED (
                    SELECT e.id AS locked_id FROM due JOIN ",
                $table,
                " e ON e.id = due.due_id
                    WHERE (e.",
                $due,
                " <= $1) IS TRUE
                    ORDER BY due.turn, due.due_at LIMIT $2 FOR UPDATE OF e SKIP LOCKED)
                UPDATE ",
                $table,
                " SET ",
                $set,
                " FROM locked WHERE id = locked_id
                RETURNING ",
                $returning
            ),
        }
    };
}
pub(crate) use claim;

const CLAIM: Dual =
    claim!("executions", "wake_at", "", "version = version + 1, wake_at = $5, lease_holder = $6", "id, doc, version");

/// Whether a row of `$table` is due by `$1`, of a tenant that `$2` does not list. Only SQLite is asked.
macro_rules! any_due {
    ($table:literal, $due:literal) => {
        concat!(
            "WITH RECURSIVE ",
            $crate::claims::waiting_tenants!($table, $due),
            "
            SELECT EXISTS (SELECT 1 FROM t WHERE instr($2, hex(t.tenant_id)) = 0 AND EXISTS (
                SELECT 1 FROM ",
            $table,
            " e
                WHERE e.",
            $due,
            " IS NOT NULL AND e.tenant_id = t.tenant_id AND e.",
            $due,
            " <= $1))"
        )
    };
}
pub(crate) use any_due;

/// That no wake is before 1970 narrows nothing, but it is a second column to look up by, which no other index has.
const EARLIEST: &str = concat!(
    "WITH RECURSIVE ",
    waiting_tenants!("executions", "wake_at"),
    " SELECT MIN(first) FROM (SELECT (
        SELECT e.wake_at FROM executions e
        WHERE e.wake_at IS NOT NULL AND e.wake_at >= 0 AND e.tenant_id = t.tenant_id AND e.lease_holder IS NULL
        ORDER BY e.wake_at LIMIT 1) AS first FROM t) AS firsts"
);

row_set! {
    struct HeldRow { id: Uuid, holder: Uuid, until: i64 }
}

/// Rows whose lease is extended, in the order of ids so that two hosts never wait for each other. The id is written
/// such that SQLite can't look the set up by it, or it would walk all executions and do so for each.
static RENEW: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<HeldRow>(
        "UPDATE executions SET wake_at = r.until FROM {rows}
         WHERE executions.id = CASE WHEN TRUE THEN r.id END AND (executions.lease_holder = r.holder) IS TRUE RETURNING executions.id",
    )
});

/// Tenants as the text a claim looks them up in: upper-case hexadecimal, as SQLite's `hex` has it.
fn listed(tenants: &[TenantId]) -> String {
    tenants.iter().map(|tenant| format!("{:X} ", tenant.uuid().simple())).collect()
}

/// What a claim has taken. A row that cannot be read stays with its claim and comes back when that runs out; it must
/// not keep the others from being worked on.
pub(crate) fn readable<R, T: TryFrom<R, Error = StoreError>>(rows: Vec<R>) -> Vec<T> {
    let read = |row| T::try_from(row).inspect_err(|error| tracing::error!(%error, "a claimed row cannot be read"));
    rows.into_iter().filter_map(|row| read(row).ok()).collect()
}

impl Database {
    /// Looks before a claim. On SQLite a look that finds nothing must neither wait for the writer nor make it wait; on
    /// PostgreSQL the claim itself costs no more than looking.
    pub(crate) async fn is_due(&self, any_due: &'static str, now: Timestamp, except: &str) -> DbResult<bool> {
        match self.pools {
            Pools::Postgres(_) => Ok(true),
            Pools::Sqlite { .. } => {
                let mut conn = self.read(Scope::Host).await?;
                on!(conn, |c| sqlx::query_scalar::<_, bool>(any_due).bind(now.micros()).bind(except).fetch_one(c))
            }
        }
    }

    pub(crate) async fn claim_executions(
        &self,
        now: Timestamp,
        holder: NodeInstanceId,
        until: Timestamp,
        limit: u32,
        per_tenant: u32,
        exclude: &[TenantId],
    ) -> DbResult<Vec<ExecutionRow>> {
        let except = listed(exclude);
        if !self.is_due(any_due!("executions", "wake_at"), now, &except).await? {
            return Ok(Vec::new());
        }
        let mut conn = self.write(Scope::Host).await?;
        let text = conn.text(CLAIM);
        let rows = on!(conn, |c| sqlx::query_as::<_, ExecutionRow>(text)
            .bind(now.micros())
            .bind(i64::from(limit))
            .bind(i64::from(per_tenant))
            .bind(&except)
            .bind(until.micros())
            .bind(holder.uuid())
            .fetch_all(c))?;
        conn.done().await?;
        Ok(rows)
    }

    pub(crate) async fn renew(
        &self,
        holder: NodeInstanceId,
        ids: &[ExecutionId],
        until: Timestamp,
    ) -> DbResult<Vec<ExecutionId>> {
        let mut sorted: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        sorted.sort_unstable();
        let rows: Vec<HeldRow> =
            sorted.into_iter().map(|id| HeldRow { id, holder: holder.uuid(), until: until.micros() }).collect();
        let mut conn = self.write(Scope::Host).await?;
        let held: Vec<(Uuid,)> = RENEW.fetch(conn.parts(), &rows).await?;
        conn.done().await?;
        let held: HashSet<Uuid> = held.into_iter().map(|(id,)| id).collect();
        Ok(ids.iter().copied().filter(|id| !held.contains(&id.uuid())).collect())
    }

    pub(crate) async fn release(&self, holder: NodeInstanceId, now: Timestamp) -> DbResult<u64> {
        let mut conn = self.write(Scope::Host).await?;
        let released = affected!(conn, |c| {
            sqlx::query(
                "UPDATE executions SET wake_at = $2, lease_holder = NULL
                 WHERE wake_at IS NOT NULL AND lease_holder = $1",
            )
            .bind(holder.uuid())
            .bind(now.micros())
            .execute(c)
        })?;
        conn.done().await?;
        Ok(released)
    }

    pub(crate) async fn earliest_wake(&self) -> DbResult<Option<Timestamp>> {
        let mut conn = self.read(Scope::Host).await?;
        let earliest = on!(conn, |c| sqlx::query_scalar::<_, Option<i64>>(EARLIEST).fetch_one(c))?;
        conn.done().await?;
        Ok(earliest.map(Timestamp::from_micros))
    }
}
