//! Servers of the Model Context Protocol.

use crate::Database;
use crate::conn::{affected, on};
use crate::error::{QueryResult as _, read_json, write_json};
use crate::paging::Page;
use async_trait::async_trait;
use stepwright_app::ports::{McpServerStore, StoreResult};
use stepwright_app::{Listed, McpServer, Paging};
use stepwright_engine::TenantId;
use uuid::Uuid;

fn read((id, doc): (Uuid, String)) -> StoreResult<McpServer> {
    read_json("mcp_servers", "doc", &id, &doc)
}

#[async_trait]
impl McpServerStore for Database {
    async fn insert_mcp_server(&self, server: &McpServer) -> StoreResult<()> {
        let doc = write_json(server)?;
        let mut conn = self.write(server.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO mcp_servers (id, tenant_id, name, version, doc, created_at) VALUES ($1, $2, $3, $4, $5, $6)"
        )
        .bind(server.id.uuid())
        .bind(server.tenant_id.uuid())
        .bind(&server.name)
        .bind(i64::from(server.version))
        .bind(&doc)
        .bind(server.created_at.micros())
        .execute(c))
        .or_duplicate("MCP server")?;
        Ok(conn.done().await?)
    }

    async fn save_mcp_server(&self, server: &McpServer) -> StoreResult<bool> {
        let doc = write_json(server)?;
        let mut conn = self.write(server.tenant_id).await?;
        let saved = affected!(conn, |c| sqlx::query(
            "UPDATE mcp_servers SET version = $3, doc = $4 WHERE id = $1 AND tenant_id = $2 AND version = $3 - 1"
        )
        .bind(server.id.uuid())
        .bind(server.tenant_id.uuid())
        .bind(i64::from(server.version))
        .bind(&doc)
        .execute(c))?;
        conn.done().await?;
        Ok(saved > 0)
    }

    async fn mcp_server(&self, tenant: TenantId, name: &str) -> StoreResult<Option<McpServer>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as("SELECT id, doc FROM mcp_servers WHERE tenant_id = $1 AND name = $2")
            .bind(tenant.uuid())
            .bind(name)
            .fetch_optional(c))?;
        conn.done().await?;
        row.map(read).transpose()
    }

    async fn mcp_servers(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<McpServer>> {
        let at = Page::from(page);
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as(
            "SELECT id, doc FROM mcp_servers WHERE tenant_id = $1 AND (created_at, id) < ($2, $3)
             ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
        )
        .bind(tenant.uuid())
        .bind(at.at)
        .bind(at.id)
        .bind(at.fetch)
        .bind(at.offset)
        .fetch_all(c))?;
        conn.done().await?;
        let items = rows.into_iter().map(read).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, at.limit))
    }

    async fn delete_mcp_server(&self, tenant: TenantId, name: &str) -> StoreResult<bool> {
        let mut conn = self.write(tenant).await?;
        let deleted = affected!(conn, |c| sqlx::query("DELETE FROM mcp_servers WHERE tenant_id = $1 AND name = $2")
            .bind(tenant.uuid())
            .bind(name)
            .execute(c))?;
        conn.done().await?;
        Ok(deleted > 0)
    }
}
