//! Servers of the Model Context Protocol: registered by the tenant, their tools pinned by whoever has looked at them.

use super::Access;
use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{ForeignTool, Listed, McpServer, Paging, PinnedTool};
use crate::ports::{McpAccess, StoreError, ToolEffect};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use stepwright_engine::{McpServerId, TenantId};

/// Characters of a title.
const MAX_TITLE: usize = 200;
/// Bytes of a name: it stands in the names of all its tools.
const MAX_NAME: usize = 32;
/// Bytes of a URL.
const MAX_URL: usize = 2_000;
/// Tools named by a registration, and tools of one server.
const MAX_TOOLS: usize = 200;
/// Bytes of a tool's name in catalogs of agents.
const MAX_TOOL_NAME: usize = 128;
/// Bytes of what a server says of one tool.
const MAX_DESCRIBED: usize = 64 << 10;
/// Servers of one tenant.
const MAX_SERVERS: u32 = 50;
/// For one exchange with a server.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often a change is tried anew because somebody else was faster.
const MAX_TRIES: u32 = 5;

/// A server as its tenant registers it. Faults come back with pointers `/id`, `/name`, `/url`, `/header`, `/secret`,
/// `/allow`, `/effects`.
#[derive(Clone, Debug)]
pub struct McpServerDraft {
    pub name: String,
    pub title: String,
    pub url: String,
    pub header: Option<String>,
    pub secret: Option<String>,
    pub allow: BTreeSet<String>,
    pub effects: BTreeMap<String, ToolEffect>,
}

impl App {
    /// Registers a server. None of its tools can be used before they are pinned.
    ///
    /// # Errors
    /// `Invalid` with every fault, `Conflict` when the id is taken, `Quota`.
    pub async fn create_mcp_server(&self, access: &Access, draft: McpServerDraft) -> AppResult<McpServer> {
        checked(access, &draft)?;
        let present = self.mcp_servers(access, Paging::Offset { limit: MAX_SERVERS, offset: 0 }).await?;
        if present.items.len() >= MAX_SERVERS as usize {
            return Err(AppError::Quota(format!("a tenant has at most {MAX_SERVERS} MCP servers")));
        }
        let now = self.now();
        let server = McpServer {
            id: McpServerId::fresh(&**self.ids()),
            tenant_id: access.tenant_id(),
            name: draft.name,
            title: draft.title,
            url: draft.url,
            header: header_of(draft.header),
            secret: draft.secret,
            allow: draft.allow,
            effects: draft.effects,
            tools: Vec::new(),
            pinned_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        match self.store().insert_mcp_server(&server).await {
            Ok(()) => Ok(server),
            Err(StoreError::Duplicate(_)) => {
                Err(AppError::Conflict(format!("an MCP server with the id '{}' exists", server.name)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Registers a server anew under its name. What was pinned stays pinned as long as it is the same URL.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Conflict` when somebody else has just changed it.
    pub async fn replace_mcp_server(&self, access: &Access, name: &str, draft: McpServerDraft) -> AppResult<McpServer> {
        checked(access, &draft)?;
        let current = self.mcp_server(access, name).await?;
        let same = current.url == draft.url;
        let next = McpServer {
            title: draft.title,
            header: header_of(draft.header),
            secret: draft.secret,
            allow: draft.allow,
            effects: draft.effects,
            tools: if same { current.tools.clone() } else { Vec::new() },
            pinned_at: current.pinned_at.filter(|_| same),
            url: draft.url,
            ..current
        };
        self.save_mcp_server(next).await
    }

    /// The server that grants name so.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn mcp_server(&self, access: &Access, name: &str) -> AppResult<McpServer> {
        self.store().mcp_server(access.tenant_id(), name).await?.ok_or(AppError::NotFound("MCP server"))
    }

    /// Servers, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn mcp_servers(&self, access: &Access, page: Paging) -> AppResult<Listed<McpServer>> {
        Ok(self.store().mcp_servers(access.tenant_id(), page).await?)
    }

    /// Forgets a server; agents do not find its tools any more.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_mcp_server(&self, access: &Access, name: &str) -> AppResult<()> {
        if self.store().delete_mcp_server(access.tenant_id(), name).await? {
            Ok(())
        } else {
            Err(AppError::NotFound("MCP server"))
        }
    }

    /// Asks the server for its tools and pins them as they are now: from here on agents may use those that are allowed.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when the server does not answer, or somebody else has just changed the registration.
    pub async fn pin_mcp_server(&self, access: &Access, name: &str) -> AppResult<McpServer> {
        let current = self.mcp_server(access, name).await?;
        let listed = self.mcp().tools(&mcp_access(&access.view, &current)).await;
        let tools =
            listed.map_err(|fault| AppError::Conflict(format!("the server's tools cannot be listed: {fault}")))?;
        let now = self.now();
        let next = McpServer { tools: pinned(&current.name, tools), pinned_at: Some(now), ..current };
        self.save_mcp_server(next).await
    }

    async fn save_mcp_server(&self, server: McpServer) -> AppResult<McpServer> {
        let next = McpServer { version: server.version + 1, updated_at: self.now(), ..server };
        if self.store().save_mcp_server(&next).await? {
            Ok(next)
        } else {
            Err(AppError::Conflict("the MCP server has just been changed; try again".into()))
        }
    }

    /// A server describes a tool otherwise than when it was pinned: it is not used until somebody has looked again.
    pub(crate) async fn mark_changed_tool(&self, tenant: TenantId, server: &str, tool: &str) -> AppResult<()> {
        for _ in 0..MAX_TRIES {
            let Some(mut current) = self.store().mcp_server(tenant, server).await? else { return Ok(()) };
            let now = self.now();
            let Some(pinned) = current.tools.iter_mut().find(|pinned| pinned.tool.name == tool) else { return Ok(()) };
            if pinned.changed_at.is_some() {
                return Ok(());
            }
            pinned.changed_at = Some(now);
            match self.save_mcp_server(current).await {
                Err(AppError::Conflict(_)) => {}
                other => return other.map(drop),
            }
        }
        Ok(())
    }
}

/// How a tenant reaches a server.
pub(crate) fn mcp_access(view: &TenantView, server: &McpServer) -> McpAccess {
    let settings = &view.tenant.settings;
    let secret = server.secret.as_ref().and_then(|name| settings.secrets.get(name));
    let header = secret.map(|secret| {
        let bearer = server.header == AUTHORIZATION;
        (server.header.clone(), if bearer { format!("Bearer {secret}") } else { secret.clone() })
    });
    McpAccess {
        url: server.url.clone(),
        header,
        allow_private: settings.webhooks.allow_private_targets,
        timeout: TIMEOUT,
    }
}

/// The header unless the tenant names another one.
const AUTHORIZATION: &str = "authorization";

fn header_of(named: Option<String>) -> String {
    named.map_or_else(|| AUTHORIZATION.to_owned(), |name| name.to_ascii_lowercase())
}

fn checked(access: &Access, draft: &McpServerDraft) -> AppResult<()> {
    let mut faults = faults_of(draft);
    if let Some(name) = &draft.secret
        && !access.tenant().settings.secrets.contains_key(name)
    {
        faults.push(FieldFault::new("/secret", format!("the tenant's settings have no secret '{name}'")));
    }
    if faults.is_empty() { Ok(()) } else { Err(AppError::Invalid(faults)) }
}

fn faults_of(draft: &McpServerDraft) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if draft.name.is_empty() || draft.name.len() > MAX_NAME || !draft.name.bytes().all(plain) {
        let rule = format!("must have 1 to {MAX_NAME} characters out of a-z, 0-9 and '-'");
        faults.push(FieldFault::new("/id", rule));
    }
    if draft.title.trim().is_empty() || draft.title.chars().count() > MAX_TITLE {
        faults.push(FieldFault::new("/name", format!("must have 1 to {MAX_TITLE} characters")));
    }
    if !(draft.url.starts_with("https://") || draft.url.starts_with("http://")) || draft.url.len() > MAX_URL {
        faults.push(FieldFault::new("/url", "must be an http or https URL"));
    }
    let token = |name: &String| {
        (1..=100).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    // The protocol's own headers, and those that decide where a request goes and where it ends.
    let taken = |name: &String| {
        let name = name.to_ascii_lowercase();
        name.starts_with("mcp-")
            || ["host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "last-event-id"]
                .contains(&name.as_str())
    };
    if draft.header.as_ref().is_some_and(|name| !token(name) || taken(name)) {
        faults.push(FieldFault::new("/header", "must be the name of a header that is free to be set"));
    }
    for (pointer, names) in
        [("/allow", draft.allow.iter().collect::<Vec<_>>()), ("/effects", draft.effects.keys().collect::<Vec<_>>())]
    {
        if names.len() > MAX_TOOLS || names.iter().any(|name| name.is_empty() || name.len() > 200) {
            faults.push(FieldFault::new(pointer, format!("must have at most {MAX_TOOLS} names of 1 to 200 bytes")));
        }
    }
    faults
}

/// Tools as they are pinned. What has no usable name, or says more than a model should have to read, is left out.
fn pinned(server: &str, tools: Vec<ForeignTool>) -> Vec<PinnedTool> {
    let mut taken = BTreeSet::new();
    let mut pinned = Vec::new();
    for tool in tools.into_iter().take(MAX_TOOLS) {
        let said = tool.description.len()
            + tool.input_schema.as_str().len()
            + tool.output_schema.as_ref().map_or(0, |schema| schema.as_str().len());
        let name = catalog_name(server, &tool.name);
        if said > MAX_DESCRIBED || name.len() > MAX_TOOL_NAME || tool.name.is_empty() || !taken.insert(name.clone()) {
            tracing::warn!(server, tool = tool.name, "a tool of an MCP server cannot be used");
            continue;
        }
        pinned.push(PinnedTool { name, hash: tool.hash(), tool, changed_at: None });
    }
    pinned
}

fn catalog_name(server: &str, tool: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    format!("mcp__{server}__{}", tool.chars().map(plain).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_engine::RawJson;

    fn draft() -> McpServerDraft {
        McpServerDraft {
            name: "crm".into(),
            title: "The CRM".into(),
            url: "https://crm.example.com/mcp".into(),
            header: None,
            secret: None,
            allow: ["*".into()].into(),
            effects: BTreeMap::new(),
        }
    }

    fn tool(name: &str, described: usize) -> ForeignTool {
        ForeignTool {
            name: name.into(),
            description: "x".repeat(described),
            input_schema: RawJson::empty_object(),
            output_schema: None,
        }
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        assert_eq!(faults_of(&draft()), []);
        let odd = McpServerDraft {
            name: "CRM 1".into(),
            title: " ".into(),
            url: "ftp://x".into(),
            header: Some("Mcp-Session-Id".into()),
            allow: [String::new()].into(),
            ..draft()
        };
        let faults = faults_of(&odd);
        let pointers: Vec<&str> = faults.iter().map(|f| f.pointer.as_str()).collect();
        assert_eq!(pointers, ["/id", "/name", "/url", "/header", "/allow"]);
        for taken in ["Host", "content-length", "a b", ""] {
            assert_eq!(faults_of(&McpServerDraft { header: Some(taken.into()), ..draft() }).len(), 1, "{taken}");
        }
        assert_eq!(faults_of(&McpServerDraft { header: Some("X-Api-Key".into()), ..draft() }), []);
    }

    #[test]
    fn tools_get_names_that_models_can_say_and_that_nobody_has_twice() {
        let tools = vec![
            tool("deals/list", 10),
            tool("deals.list", 10),
            tool("long", MAX_DESCRIBED + 1),
            tool(&"n".repeat(200), 1),
            tool("add", 1),
        ];
        let pinned = pinned("crm", tools);
        let names: Vec<&str> = pinned.iter().map(|pinned| pinned.name.as_str()).collect();
        assert_eq!(names, ["mcp__crm__deals_list", "mcp__crm__add"]);
    }
}
