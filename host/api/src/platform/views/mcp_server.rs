use crate::kit::time::{millis, opt_millis};
use crate::platform::mcp_server::EFFECTS;
use serde::Serialize;
use std::collections::BTreeSet;
use stepwright_app::ports::ToolEffect;
use stepwright_app::{McpServer, PinnedTool};
use stepwright_engine::{RawJson, Timestamp};
use utoipa::ToSchema;

/// A foreign MCP server.
#[derive(Serialize, ToSchema)]
#[schema(as = McpServer)]
pub struct McpServerView {
    /// What grants name it by.
    id: String,
    name: String,
    version: u32,
    url: String,
    header: String,
    /// The name of the secret, never the secret.
    secret: Option<String>,
    #[schema(value_type = Vec<String>)]
    allow: BTreeSet<String>,
    /// Its tools as they were pinned.
    tools: Vec<PinnedToolView>,
    /// Null: no tool can be used yet.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pinned_at: Option<Timestamp>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A pinned tool.
#[derive(Serialize, ToSchema)]
#[schema(as = PinnedTool)]
struct PinnedToolView {
    /// As the server calls it.
    name: String,
    /// As agents see it.
    tool: String,
    description: String,
    #[schema(value_type = Object)]
    input_schema: RawJson,
    /// Of everything a model reads of it, hex SHA-256.
    hash: String,
    effect: &'static str,
    /// Agents may use it.
    available: bool,
    /// Since when the server describes it otherwise.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    changed_at: Option<Timestamp>,
}

/// View of a server.
pub fn view_mcp_server(server: McpServer) -> McpServerView {
    let word = |effect: ToolEffect| EFFECTS.iter().find(|(_, e)| *e == effect).map_or("", |(word, _)| *word);
    let tool = |pinned: &PinnedTool| PinnedToolView {
        name: pinned.tool.name.clone(),
        tool: pinned.name.clone(),
        description: pinned.tool.description.clone(),
        input_schema: pinned.tool.input_schema.clone(),
        hash: pinned.hash.to_string(),
        effect: word(server.effect(&pinned.tool.name)),
        available: server.allows(&pinned.tool.name) && pinned.changed_at.is_none(),
        changed_at: pinned.changed_at,
    };
    let tools = server.tools.iter().map(tool).collect();
    McpServerView {
        tools,
        id: server.name,
        name: server.title,
        version: server.version,
        url: server.url,
        header: server.header,
        secret: server.secret,
        allow: server.allow,
        pinned_at: server.pinned_at,
        created_at: server.created_at,
        updated_at: server.updated_at,
    }
}
