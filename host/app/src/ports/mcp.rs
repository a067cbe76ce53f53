//! Foreign servers of the Model Context Protocol as the application sees them.

use super::store::StoreResult;
use crate::model::{ForeignTool, Listed, McpServer, Paging};
use async_trait::async_trait;
use std::time::Duration;
use stepwright_engine::agent::Hash;
use stepwright_engine::{RawJson, TenantId};

/// How to reach a server.
#[derive(Clone, PartialEq, Eq)]
pub struct McpAccess {
    pub url: String,
    /// Says who calls: the header's name and value.
    pub header: Option<(String, String)>,
    /// Where the URL may lead.
    pub allow_private: bool,
    /// For the whole exchange, handshake included.
    pub timeout: Duration,
}

impl std::fmt::Debug for McpAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("McpAccess").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What a foreign tool has answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignAnswer {
    pub text: String,
    pub structured: Option<RawJson>,
    /// The tool says that it has failed.
    pub failed: bool,
}

/// Why a server has not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum McpFault {
    /// The tool was not called.
    #[error("{reason}")]
    NotCalled { code: &'static str, reason: String, transient: bool },
    /// The tool is not what was pinned, and was not called.
    #[error("the server describes the tool otherwise than when it was pinned")]
    Changed,
    /// The tool was called, and nobody knows what came of it.
    #[error("{0}")]
    Lost(String),
}

/// Speaks to servers.
#[async_trait]
pub trait McpClient: Send + Sync {
    /// All tools of a server.
    async fn tools(&self, access: &McpAccess) -> Result<Vec<ForeignTool>, McpFault>;
    /// Calls a tool, if its server still describes it as it did when it was pinned.
    async fn call(
        &self,
        access: &McpAccess,
        tool: &str,
        pinned: Hash,
        arguments: &RawJson,
    ) -> Result<ForeignAnswer, McpFault>;
}

/// What the store keeps of servers.
#[async_trait]
pub trait McpServerStore: Send + Sync {
    /// # Errors
    /// `Duplicate("MCP server")` when the name is taken.
    async fn insert_mcp_server(&self, server: &McpServer) -> StoreResult<()>;
    /// Saves the next version; `false` when the stored one is not the version before.
    async fn save_mcp_server(&self, server: &McpServer) -> StoreResult<bool>;
    async fn mcp_server(&self, tenant: TenantId, name: &str) -> StoreResult<Option<McpServer>>;
    /// Newest first.
    async fn mcp_servers(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<McpServer>>;
    async fn delete_mcp_server(&self, tenant: TenantId, name: &str) -> StoreResult<bool>;
}
