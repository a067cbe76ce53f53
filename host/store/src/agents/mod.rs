//! Agents, their memory, their runs and journals.

mod confirmations;
mod journal;
mod memory;
mod runs;

pub(crate) use journal::append;

use crate::Database;
use crate::conn::{affected, on};
use crate::documents::{Columns, Document, Texts, texts};
use crate::error::{QueryResult as _, write_json};
use async_trait::async_trait;
use stepwright_app::ports::{AgentStore, MemoryEntry, StoreResult};
use stepwright_app::{Agent, Listed, Paging};
use stepwright_engine::{AgentId, TenantId};

impl Document for Agent {
    /// For reading and deleting; whoever writes one says which plugin it is of, too.
    const TEXTS: Texts = texts!("agents");
    const NOUN: &'static str = "agent";

    fn columns(&self) -> Columns<'_> {
        let Self { id, tenant_id, name, version, created_at, .. } = self;
        Columns { id: id.uuid(), tenant: *tenant_id, name, version: *version, created_at: *created_at }
    }
}

#[async_trait]
impl AgentStore for Database {
    async fn insert_agent(&self, agent: &Agent) -> StoreResult<()> {
        let doc = write_json(agent)?;
        let mut conn = self.write(agent.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO agents (id, tenant_id, name, plugin, version, doc, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)"
        )
        .bind(agent.id.uuid())
        .bind(agent.tenant_id.uuid())
        .bind(&agent.name)
        .bind(&agent.plugin)
        .bind(i64::from(agent.version))
        .bind(&doc)
        .bind(agent.created_at.micros())
        .execute(c))
        .or_duplicate("agent")?;
        Ok(conn.done().await?)
    }

    async fn save_agent(&self, agent: &Agent) -> StoreResult<bool> {
        let doc = write_json(agent)?;
        let mut conn = self.write(agent.tenant_id).await?;
        let saved = affected!(conn, |c| sqlx::query(
            "UPDATE agents SET version = $3, doc = $4, plugin = $5
             WHERE id = $1 AND tenant_id = $2 AND version = $3 - 1"
        )
        .bind(agent.id.uuid())
        .bind(agent.tenant_id.uuid())
        .bind(i64::from(agent.version))
        .bind(&doc)
        .bind(&agent.plugin)
        .execute(c))?;
        conn.done().await?;
        Ok(saved > 0)
    }

    async fn agent(&self, tenant: TenantId, name: &str) -> StoreResult<Option<Agent>> {
        Ok(self.document(tenant, name).await?)
    }

    async fn agents(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<Agent>> {
        Ok(self.documents(tenant, page).await?)
    }

    async fn delete_agent(&self, tenant: TenantId, name: &str) -> StoreResult<bool> {
        Ok(self.delete_document::<Agent>(tenant, name).await?)
    }

    async fn agent_names_plugin(&self, tenant: TenantId, plugin: &str) -> StoreResult<bool> {
        let mut conn = self.read(tenant).await?;
        let found = on!(conn, |c| sqlx::query_scalar::<_, bool>(
            "SELECT EXISTS (SELECT 1 FROM agents WHERE tenant_id = $1 AND plugin = $2)"
        )
        .bind(tenant.uuid())
        .bind(plugin)
        .fetch_one(c))?;
        conn.done().await?;
        Ok(found)
    }

    async fn memory(&self, tenant: TenantId, agent: AgentId, key: &str) -> StoreResult<Option<MemoryEntry>> {
        Ok(self.memory_entry(tenant, agent, key).await?)
    }

    async fn memories(
        &self,
        tenant: TenantId,
        agent: AgentId,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<MemoryEntry>> {
        Ok(self.memory_entries(tenant, agent, prefix, after, limit).await?)
    }
}
