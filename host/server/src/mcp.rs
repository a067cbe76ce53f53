//! Foreign servers of the Model Context Protocol, over an HTTP client that reaches checked addresses only.
//!
//! A session per exchange: nothing of one tenant's is there for the next, and a server that hangs holds nobody up.

use crate::webhooks::client::{checked_client, leads_nowhere_private};
use async_trait::async_trait;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ClientConfig, ContentBlock, ErrorCode,
    Implementation, JsonObject, PaginatedRequestParams, ProtocolVersion, Tool,
};
use rmcp::service::{ClientLifecycleMode, RunningService, ServiceError, serve_client_with_lifecycle};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ErrorData, RoleClient};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use stepwright_app::ForeignTool;
use stepwright_app::ports::{ForeignAnswer, McpAccess, McpClient, McpFault};
use stepwright_engine::RawJson;
use stepwright_engine::agent::Hash;

const USER_AGENT: &str = concat!("Stepwright/", env!("CARGO_PKG_VERSION"));
/// Above every exchange's own.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Bytes of one answer.
const MAX_ANSWER: usize = 4 << 20;
/// Bytes of a refusal that are read.
const MAX_REFUSAL: usize = 4 << 10;
/// Parts of a list of tools, and tools in all.
const MAX_PAGES: usize = 20;
const MAX_TOOLS: usize = 500;
/// Characters of a server's own words that are kept.
const MAX_WORDS: usize = 500;

type Session = RunningService<RoleClient, ClientConfig>;

/// Speaks to servers.
pub struct McpServers {
    /// Connects to public addresses only.
    public: reqwest::Client,
    /// For tenants whose operator lets them reach private addresses.
    any: reqwest::Client,
}

impl McpServers {
    /// # Errors
    /// When the TLS library offers no usable protocol version.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            public: checked_client(true, USER_AGENT, TIMEOUT)?,
            any: checked_client(false, USER_AGENT, TIMEOUT)?,
        })
    }

    /// Begins a session.
    async fn session(&self, access: &McpAccess) -> Result<Session, McpFault> {
        let url = reqwest::Url::parse(&access.url).map_err(|e| not_called("INVALID_URL", e.to_string(), false))?;
        if !access.allow_private && !leads_nowhere_private(&url) {
            let reason = "the server's URL leads to an address that is not public";
            return Err(not_called("PRIVATE_ADDRESS", reason.into(), false));
        }
        let client = if access.allow_private { &self.any } else { &self.public };
        let mut config = StreamableHttpClientTransportConfig::with_uri(access.url.as_str())
            .max_sse_event_size(MAX_ANSWER)
            .max_json_response_size(MAX_ANSWER)
            .max_error_response_size(MAX_REFUSAL);
        if let Some((name, value)) = &access.header {
            let odd = || not_called("INVALID_HEADER", "the header cannot be sent".into(), false);
            let name: http::HeaderName = name.parse().map_err(|_| odd())?;
            let mut value = http::HeaderValue::from_str(value).map_err(|_| odd())?;
            value.set_sensitive(true);
            config = config.custom_headers(HashMap::from([(name, value)]));
        }
        let transport = StreamableHttpClientTransport::with_client(client.clone(), config);
        let about = Implementation::new("stepwright", env!("CARGO_PKG_VERSION"));
        let client = ClientConfig::new(ClientCapabilities::default(), about);
        let lifecycle = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: Some(ProtocolVersion::V_2025_11_25),
        };
        let begun = serve_client_with_lifecycle(client, transport, lifecycle).await;
        begun.map_err(|error| not_called("MCP_UNREACHABLE", told(&error), true))
    }
}

#[async_trait]
impl McpClient for McpServers {
    async fn tools(&self, access: &McpAccess) -> Result<Vec<ForeignTool>, McpFault> {
        let listed = async {
            let session = self.session(access).await?;
            let tools = all_tools(&session).await;
            let _ = session.cancel().await;
            Ok(tools?.into_iter().map(foreign).collect())
        };
        let late = |_| Err(not_called("TIMEOUT", late_text(access), true));
        tokio::time::timeout(access.timeout, listed).await.unwrap_or_else(late)
    }

    async fn call(
        &self,
        access: &McpAccess,
        tool: &str,
        pinned: Hash,
        arguments: &RawJson,
    ) -> Result<ForeignAnswer, McpFault> {
        let called = AtomicBool::new(false);
        let answered = async {
            let session = self.session(access).await?;
            let tools = all_tools(&session).await?;
            let present = tools.into_iter().map(foreign).find(|present| present.name == tool);
            if present.is_none_or(|present| present.hash() != pinned) {
                let _ = session.cancel().await;
                return Err(McpFault::Changed);
            }
            let arguments: JsonObject = arguments.read().unwrap_or_default();
            let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
            called.store(true, Ordering::SeqCst);
            let answer = session.call_tool_once(request).await;
            let _ = session.cancel().await;
            match answer {
                Ok(CallToolResponse::Complete(result)) => Ok(answer_of(result)),
                Ok(_) => {
                    let reason = "the tool asks for more than its arguments, which nobody here can give";
                    Err(not_called("MCP_ASKS", reason.into(), false))
                }
                Err(error) => Err(broken(error)),
            }
        };
        match tokio::time::timeout(access.timeout, answered).await {
            Ok(answer) => answer,
            Err(_) if called.load(Ordering::SeqCst) => Err(McpFault::Lost(late_text(access))),
            Err(_) => Err(not_called("TIMEOUT", late_text(access), true)),
        }
    }
}

/// Every tool; a server that never stops listing is one that cannot be used.
async fn all_tools(session: &Session) -> Result<Vec<Tool>, McpFault> {
    let mut all = Vec::new();
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let page = session.list_tools(Some(PaginatedRequestParams::default().with_cursor(cursor))).await;
        let page = page.map_err(|error| not_called("MCP_UNREACHABLE", told(&error), true))?;
        all.extend(page.tools);
        if all.len() > MAX_TOOLS {
            break;
        }
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(all),
        }
    }
    Err(not_called("TOO_MANY_TOOLS", format!("the server has more than {MAX_TOOLS} tools"), false))
}

fn foreign(tool: Tool) -> ForeignTool {
    let json = |schema: &JsonObject| RawJson::from(serde_json::Value::Object(schema.clone()));
    ForeignTool {
        input_schema: json(&tool.input_schema),
        output_schema: tool.output_schema.as_deref().map(json),
        description: tool.description.unwrap_or_default().into_owned(),
        name: tool.name.into_owned(),
    }
}

fn answer_of(result: CallToolResult) -> ForeignAnswer {
    let shown = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => text.text.clone(),
        // Said, not shown: models get texts only.
        other => serde_json::to_value(other).ok().map_or_else(String::new, |value| {
            format!("({} {})", value["type"].as_str().unwrap_or("content"), value["mimeType"].as_str().unwrap_or(""))
        }),
    };
    let texts: Vec<String> = result.content.iter().map(shown).collect();
    let structured = result.structured_content.map(RawJson::from);
    let mut text = texts.join("\n");
    if text.is_empty()
        && let Some(json) = &structured
    {
        json.as_str().clone_into(&mut text);
    }
    ForeignAnswer { text, structured, failed: result.is_error == Some(true) }
}

/// What came of a call that was made.
fn broken(error: ServiceError) -> McpFault {
    match error {
        ServiceError::McpError(ErrorData { code, message, .. }) => {
            let words: String = message.chars().take(MAX_WORDS).collect();
            let refused = [
                ErrorCode::INVALID_PARAMS,
                ErrorCode::INVALID_REQUEST,
                ErrorCode::METHOD_NOT_FOUND,
                ErrorCode::PARSE_ERROR,
            ];
            if refused.contains(&code) {
                not_called("MCP_REFUSED", format!("the server refuses the call: {words} ({})", code.0), false)
            } else {
                McpFault::Lost(format!("the server has failed at it: {words} ({})", code.0))
            }
        }
        error if never_left(&error) => not_called("MCP_UNREACHABLE", told(&error), true),
        error => McpFault::Lost(told(&error)),
    }
}

/// Whether not a byte of the call has reached the server.
fn never_left(error: &ServiceError) -> bool {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = source {
        if error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect) {
            return true;
        }
        source = error.source();
    }
    false
}

fn not_called(code: &'static str, reason: String, transient: bool) -> McpFault {
    McpFault::NotCalled { code, reason, transient }
}

fn late_text(access: &McpAccess) -> String {
    format!("no answer within {} s", access.timeout.as_secs())
}

/// An error for people: what, and the innermost reason.
fn told(error: &dyn StdError) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().chars().take(MAX_WORDS).collect()
}
