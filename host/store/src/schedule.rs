//! Cron ticks: when each definition is due next.

use crate::Database;
use crate::conn::{Scope, affected, on};
use crate::rows::{Statement, row_set};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::LazyLock;
use stepwright_app::ports::{ScheduleStore, ScheduledDefinition, StoreResult};
use stepwright_engine::{DefinitionId, TenantId, Timestamp};
use uuid::Uuid;

row_set! {
    struct AskedRow { id: Uuid, tenant_id: Uuid }
}

static STATES: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<AskedRow>(
        "SELECT d.id, d.next_tick, (
            SELECT e.created_at FROM executions e WHERE e.tenant_id = d.tenant_id AND e.definition_id = d.id
            ORDER BY e.created_at DESC, e.id DESC LIMIT 1) AS newest
         FROM {rows} JOIN definitions d ON d.id = r.id AND d.tenant_id = r.tenant_id",
    )
});

#[async_trait]
impl ScheduleStore for Database {
    async fn due_schedules(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<ScheduledDefinition>> {
        let mut conn = self.read(Scope::Host).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, (Uuid, Uuid, i64)>(
            "SELECT tenant_id, id, next_tick FROM definitions WHERE next_tick IS NOT NULL AND next_tick <= $1
             ORDER BY next_tick LIMIT $2"
        )
        .bind(now.micros())
        .bind(i64::from(limit))
        .fetch_all(c))?;
        conn.done().await?;
        let due = |(tenant, id, tick)| ScheduledDefinition {
            tenant_id: TenantId::from_uuid(tenant),
            definition: DefinitionId::from_uuid(id),
            tick: Timestamp::from_micros(tick),
        };
        Ok(rows.into_iter().map(due).collect())
    }

    async fn move_tick(
        &self,
        tenant: TenantId,
        definition: DefinitionId,
        tick: Timestamp,
        next: Option<Timestamp>,
    ) -> StoreResult<bool> {
        let mut conn = self.write(tenant).await?;
        let moved = affected!(conn, |c| sqlx::query(
            "UPDATE definitions SET next_tick = $4 WHERE id = $1 AND tenant_id = $2 AND next_tick = $3"
        )
        .bind(definition.uuid())
        .bind(tenant.uuid())
        .bind(tick.micros())
        .bind(next.map(Timestamp::micros))
        .execute(c))?;
        conn.done().await?;
        Ok(moved > 0)
    }

    async fn schedule_states(
        &self,
        tenant: TenantId,
        definitions: &[DefinitionId],
    ) -> StoreResult<Vec<(Option<Timestamp>, Option<Timestamp>)>> {
        let asked: Vec<AskedRow> =
            definitions.iter().map(|id| AskedRow { id: id.uuid(), tenant_id: tenant.uuid() }).collect();
        let mut conn = self.read(tenant).await?;
        let rows: Vec<(Uuid, Option<i64>, Option<i64>)> = STATES.fetch(conn.parts(), &asked).await?;
        conn.done().await?;
        let states: HashMap<Uuid, _> = rows.into_iter().map(|(id, tick, newest)| (id, (tick, newest))).collect();
        let of = |id: &DefinitionId| {
            let (tick, newest) = states.get(&id.uuid()).copied().unwrap_or_default();
            (tick.map(Timestamp::from_micros), newest.map(Timestamp::from_micros))
        };
        Ok(definitions.iter().map(of).collect())
    }

    async fn next_tick(&self) -> StoreResult<Option<Timestamp>> {
        let mut conn = self.read(Scope::Host).await?;
        let tick = on!(conn, |c| sqlx::query_scalar::<_, Option<i64>>(
            "SELECT MIN(next_tick) FROM definitions WHERE next_tick IS NOT NULL"
        )
        .fetch_one(c))?;
        conn.done().await?;
        Ok(tick.map(Timestamp::from_micros))
    }
}
