//! What agents keep from run to run.

use crate::Database;
use crate::conn::{Conn, affected, on};
use crate::error::{DbResult, read_int, read_json, stored};
use sqlx::FromRow;
use stepwright_app::MemoryChange;
use stepwright_app::ports::{MemoryEntry, StoreError, StoreResult};
use stepwright_engine::{AgentId, TenantId};

#[derive(FromRow)]
struct EntryRow {
    name: String,
    version: i64,
    value: String,
}

impl TryFrom<EntryRow> for MemoryEntry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> StoreResult<Self> {
        Ok(Self {
            version: read_int("agent_memory", "version", &row.name, row.version)?,
            value: read_json("agent_memory", "value", &row.name, &row.value)?,
            key: row.name,
        })
    }
}

impl Database {
    pub(super) async fn memory_entry(
        &self,
        tenant: TenantId,
        agent: AgentId,
        key: &str,
    ) -> DbResult<Option<MemoryEntry>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, EntryRow>(
            "SELECT name, version, value FROM agent_memory WHERE tenant_id = $1 AND agent_id = $2 AND name = $3"
        )
        .bind(tenant.uuid())
        .bind(agent.uuid())
        .bind(key)
        .fetch_optional(c))?;
        conn.done().await?;
        Ok(row.map(MemoryEntry::try_from).transpose()?)
    }

    pub(super) async fn memory_entries(
        &self,
        tenant: TenantId,
        agent: AgentId,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> DbResult<Vec<MemoryEntry>> {
        // Names sort by bytes on both databases, so everything with the prefix stands together from the prefix on.
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, EntryRow>(
            "SELECT name, version, value FROM agent_memory
             WHERE tenant_id = $1 AND agent_id = $2 AND name >= $3 AND name > $4 AND substr(name, 1, $5) = $3
             ORDER BY name LIMIT $6"
        )
        .bind(tenant.uuid())
        .bind(agent.uuid())
        .bind(prefix)
        .bind(after.unwrap_or_default())
        // Characters, as both databases count them.
        .bind(i32::try_from(prefix.chars().count()).unwrap_or(i32::MAX))
        .bind(i64::from(limit))
        .fetch_all(c))?;
        conn.done().await?;
        Ok(rows.into_iter().map(MemoryEntry::try_from).collect::<StoreResult<_>>()?)
    }
}

/// Makes a change; else the version there is.
pub(super) async fn change(conn: &mut Conn<'_>, tenant: TenantId, change: &MemoryChange) -> DbResult<Result<(), u64>> {
    let expected = stored(change.expected);
    let done = match &change.value {
        None => affected!(conn, |c| sqlx::query(
            "DELETE FROM agent_memory WHERE tenant_id = $1 AND agent_id = $2 AND name = $3 AND version = $4"
        )
        .bind(tenant.uuid())
        .bind(change.agent.uuid())
        .bind(&change.key)
        .bind(expected)
        .execute(c))?,
        Some(value) if change.expected == 0 => affected!(conn, |c| sqlx::query(
            "INSERT INTO agent_memory (tenant_id, agent_id, name, version, value) VALUES ($1, $2, $3, 1, $4)
             ON CONFLICT DO NOTHING"
        )
        .bind(tenant.uuid())
        .bind(change.agent.uuid())
        .bind(&change.key)
        .bind(value.as_str())
        .execute(c))?,
        Some(value) => affected!(conn, |c| sqlx::query(
            "UPDATE agent_memory SET version = version + 1, value = $5
             WHERE tenant_id = $1 AND agent_id = $2 AND name = $3 AND version = $4"
        )
        .bind(tenant.uuid())
        .bind(change.agent.uuid())
        .bind(&change.key)
        .bind(expected)
        .bind(value.as_str())
        .execute(c))?,
    };
    if done > 0 {
        return Ok(Ok(()));
    }
    let current = on!(conn, |c| sqlx::query_scalar::<_, i64>(
        "SELECT version FROM agent_memory WHERE tenant_id = $1 AND agent_id = $2 AND name = $3"
    )
    .bind(tenant.uuid())
    .bind(change.agent.uuid())
    .bind(&change.key)
    .fetch_optional(c))?;
    Ok(Err(current.map_or(0, |version| u64::try_from(version).unwrap_or_default())))
}
