//! The bill, by day.

use crate::Database;
use crate::conn::on;
use crate::error::read_int;
use async_trait::async_trait;
use sqlx::FromRow;
use stepwright_app::ports::{StoreError, StoreResult, UsageDay, UsageStore};
use stepwright_engine::TenantId;

#[derive(FromRow)]
struct DayRow {
    day: String,
    executions: i64,
    steps: i64,
    fuel: i64,
    host_calls: i64,
    wall_us: i64,
}

impl TryFrom<DayRow> for UsageDay {
    type Error = StoreError;

    fn try_from(row: DayRow) -> StoreResult<Self> {
        let read = |column, value| read_int("usage_days", column, &row.day, value);
        Ok(Self {
            executions: read("executions", row.executions)?,
            steps: read("steps", row.steps)?,
            fuel: read("fuel", row.fuel)?,
            host_calls: read("host_calls", row.host_calls)?,
            wall_us: read("wall_us", row.wall_us)?,
            day: row.day,
        })
    }
}

#[async_trait]
impl UsageStore for Database {
    async fn usage(&self, tenant: TenantId, from: &str, to: &str) -> StoreResult<Vec<UsageDay>> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, DayRow>(
            "SELECT day, CAST(SUM(executions) AS BIGINT) AS executions, CAST(SUM(steps) AS BIGINT) AS steps,
                CAST(SUM(fuel) AS BIGINT) AS fuel, CAST(SUM(host_calls) AS BIGINT) AS host_calls,
                CAST(SUM(wall_us) AS BIGINT) AS wall_us
             FROM usage_days WHERE tenant_id = $1 AND day BETWEEN $2 AND $3 GROUP BY day ORDER BY day"
        )
        .bind(tenant.uuid())
        .bind(from)
        .bind(to)
        .fetch_all(c))?;
        conn.done().await?;
        rows.into_iter().map(UsageDay::try_from).collect()
    }
}
