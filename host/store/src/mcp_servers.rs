//! Servers of the Model Context Protocol.

use crate::Database;
use crate::documents::{Columns, Document, Texts, texts};
use async_trait::async_trait;
use stepwright_app::ports::{McpServerStore, StoreResult};
use stepwright_app::{Listed, McpServer, Paging};
use stepwright_engine::TenantId;

impl Document for McpServer {
    const TEXTS: Texts = texts!("mcp_servers");
    const NOUN: &'static str = "MCP server";

    fn columns(&self) -> Columns<'_> {
        let Self { id, tenant_id, name, version, created_at, .. } = self;
        Columns { id: id.uuid(), tenant: *tenant_id, name, version: *version, created_at: *created_at }
    }
}

#[async_trait]
impl McpServerStore for Database {
    async fn insert_mcp_server(&self, server: &McpServer) -> StoreResult<()> {
        Ok(self.insert_document(server).await?)
    }

    async fn save_mcp_server(&self, server: &McpServer) -> StoreResult<bool> {
        Ok(self.save_document(server).await?)
    }

    async fn mcp_server(&self, tenant: TenantId, name: &str) -> StoreResult<Option<McpServer>> {
        Ok(self.document(tenant, name).await?)
    }

    async fn mcp_servers(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<McpServer>> {
        Ok(self.documents(tenant, page).await?)
    }

    async fn delete_mcp_server(&self, tenant: TenantId, name: &str) -> StoreResult<bool> {
        Ok(self.delete_document::<McpServer>(tenant, name).await?)
    }
}
