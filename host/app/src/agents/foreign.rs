//! Tools of foreign servers (Model Context Protocol). They are announced, journalled and confirmed like all others;
//! what is different is that nobody here has written them: they are shown as they were pinned, are called only while
//! their server describes them so, and what they answer is not to be trusted.

use super::catalog::{Tool, ToolKind};
use super::host::Around;
use super::tools::{Calling, Ran};
use crate::error::AppResult;
use crate::model::{AgentRun, Effects, McpServer, Paging, PinnedTool, UsageDelta};
use crate::ports::{ForeignAnswer, McpAccess, McpFault, ToolEffect, ToolError, ToolInfo, ToolResult};
use crate::usecases::mcp_access;
use serde_json::Value;
use stepwright_engine::agent::Hash;
use stepwright_engine::{Fault, RawJson};

/// Servers of one tenant that are looked at.
const MAX_SERVERS: u32 = 50;
/// Characters of what a foreign tool says about its failure.
const MAX_WORDS: usize = 2_000;

/// Tools of the servers that the agent's grants name.
pub(super) async fn foreign_tools(around: &Around, run: &AgentRun) -> AppResult<Vec<Tool>> {
    let granted = &run.agent.grants.mcp;
    if granted.is_empty() {
        return Ok(Vec::new());
    }
    let page = Paging::Offset { limit: MAX_SERVERS, offset: 0 };
    let servers = around.app.store().mcp_servers(run.tenant_id, page).await?.items;
    let granted = |server: &&McpServer| granted.contains("*") || granted.contains(&server.name);
    let tools = servers.iter().filter(granted).flat_map(|server| {
        let access = mcp_access(&around.view, server);
        let allowed = server.tools.iter().filter(|pinned| server.allows(&pinned.tool.name));
        allowed.map(move |pinned| tool_of(server, pinned, access.clone()))
    });
    Ok(tools.collect())
}

fn tool_of(server: &McpServer, pinned: &PinnedTool, access: McpAccess) -> Tool {
    let PinnedTool { name, tool, hash, changed_at } = pinned;
    Tool {
        info: ToolInfo {
            name: name.clone(),
            description: tool.description.clone(),
            input_schema: tool.input_schema.clone(),
            output_schema: tool.output_schema.clone(),
            effect: server.effect(&tool.name),
            needs_confirmation: false,
        },
        kind: ToolKind::Foreign {
            server: server.name.clone(),
            tool: tool.name.clone(),
            pinned: *hash,
            access,
            changed: changed_at.is_some(),
        },
    }
}

/// A foreign tool that is called.
pub(super) struct Foreign<'a> {
    pub server: &'a str,
    pub tool: &'a str,
    pub pinned: Hash,
    pub access: &'a McpAccess,
    pub changed: bool,
}

impl Calling {
    /// Calls it. Nothing inside changes by that.
    pub(super) async fn foreign(&self, foreign: Foreign<'_>) -> Ran {
        let Foreign { server, tool, pinned, access, changed } = foreign;
        if changed {
            return Ran::refused(ToolError::Failed(changed_fault(server, tool)));
        }
        let app = &self.around.app;
        let arguments = RawJson::from(Value::Object(self.arguments.clone()));
        match app.mcp().call(access, tool, pinned, &arguments).await {
            Ok(answer) => {
                let result = answered(server, answer);
                Ran {
                    result,
                    effects: Effects::default(),
                    starts: Vec::new(),
                    usage: UsageDelta::default(),
                    again: None,
                }
            }
            Err(McpFault::NotCalled { code, reason, transient }) => {
                let fault = if transient { Fault::transient(code, reason) } else { Fault::permanent(code, reason) };
                Ran::refused(ToolError::Failed(fault))
            }
            Err(McpFault::Changed) => {
                if let Err(error) = app.mark_changed_tool(self.run.tenant_id, server, tool).await {
                    // The next call finds it out again.
                    tracing::warn!(run = self.run.id, server, tool, %error, "a changed tool could not be marked");
                }
                tracing::warn!(run = self.run.id, server, tool, "an MCP server describes a tool otherwise than pinned");
                Ran::refused(ToolError::Failed(changed_fault(server, tool)))
            }
            Err(McpFault::Lost(reason)) if self.tool.info.effect == ToolEffect::Read => {
                Ran::refused(ToolError::Failed(Fault::transient("MCP_LOST", reason)))
            }
            // It may have happened; nobody is to take for granted that it has not.
            Err(McpFault::Lost(reason)) => {
                tracing::warn!(run = self.run.id, server, tool, reason, "a foreign tool was called without an answer");
                Ran::refused(ToolError::OutcomeUnknown)
            }
        }
    }
}

fn answered(server: &str, answer: ForeignAnswer) -> Result<ToolResult, ToolError> {
    let ForeignAnswer { text, structured, failed } = answer;
    if failed {
        let words: String = text.chars().take(MAX_WORDS).collect();
        return Err(ToolError::Failed(Fault::permanent("TOOL_FAILED", words)));
    }
    Ok(ToolResult { text, structured, untrusted: Some(format!("mcp:{server}")) })
}

fn changed_fault(server: &str, tool: &str) -> Fault {
    let reason = format!(
        "the server '{server}' describes '{tool}' otherwise than when it was pinned; it cannot be used until somebody \
         has looked at it and pins it anew"
    );
    Fault::permanent("TOOL_CHANGED", reason)
}
