//! Servers of the Model Context Protocol.

use crate::support::{Bed, T0, at, json, on_both};
use serde_json::json as value;
use stepwright_app::ports::{McpServerStore as _, StoreError, ToolEffect};
use stepwright_app::{ForeignTool, McpServer, Paging, PinnedTool};
use stepwright_engine::{McpServerId, TenantId};

on_both!(
    a_server_is_kept_with_its_pinned_tools_replaced_and_deleted,
    a_servers_name_is_taken_once_per_tenant,
    a_server_is_saved_only_at_the_version_before,
    servers_are_listed_newest_first,
);

impl Bed {
    pub async fn mcp_server(&self, tenant_id: TenantId, name: &str, seconds: u64) -> McpServer {
        let server = self.new_mcp_server(tenant_id, name, seconds);
        self.db.insert_mcp_server(&server).await.unwrap();
        server
    }

    fn new_mcp_server(&self, tenant_id: TenantId, name: &str, seconds: u64) -> McpServer {
        let tool = ForeignTool {
            name: "deals/list".into(),
            description: "Lists deals.".into(),
            input_schema: json(value!({"type": "object"})),
            output_schema: None,
        };
        McpServer {
            id: McpServerId::fresh(&*self.ids),
            tenant_id,
            name: name.into(),
            title: "The CRM".into(),
            url: "https://crm.example.com/mcp".into(),
            header: "authorization".into(),
            secret: Some("crm".into()),
            allow: ["*".into()].into(),
            effects: [("deals/list".into(), ToolEffect::Read)].into(),
            tools: vec![PinnedTool { name: "mcp__crm__deals_list".into(), hash: tool.hash(), tool, changed_at: None }],
            pinned_at: Some(T0),
            version: 1,
            created_at: at(seconds),
            updated_at: T0,
        }
    }
}

async fn a_server_is_kept_with_its_pinned_tools_replaced_and_deleted(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let server = bed.mcp_server(tenant, "crm", 0).await;
    assert_eq!(bed.db.mcp_server(tenant, "crm").await.unwrap(), Some(server.clone()));
    let mut next = McpServer { version: 2, ..server };
    next.tools[0].changed_at = Some(at(5));
    assert!(bed.db.save_mcp_server(&next).await.unwrap());
    assert_eq!(bed.db.mcp_server(tenant, "crm").await.unwrap(), Some(next));
    assert!(bed.db.delete_mcp_server(tenant, "crm").await.unwrap());
    assert!(!bed.db.delete_mcp_server(tenant, "crm").await.unwrap());
    assert_eq!(bed.db.mcp_server(tenant, "crm").await.unwrap(), None);
}

async fn a_servers_name_is_taken_once_per_tenant(bed: &Bed) {
    let (one, other) = (bed.tenant("one").await, bed.tenant("other").await);
    bed.mcp_server(one, "crm", 0).await;
    bed.mcp_server(other, "crm", 0).await;
    let second = bed.new_mcp_server(one, "crm", 1);
    assert_eq!(bed.db.insert_mcp_server(&second).await.unwrap_err(), StoreError::Duplicate("MCP server"));
}

async fn a_server_is_saved_only_at_the_version_before(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let server = bed.mcp_server(tenant, "crm", 0).await;
    assert!(!bed.db.save_mcp_server(&McpServer { version: 3, ..server.clone() }).await.unwrap());
    assert_eq!(bed.db.mcp_server(tenant, "crm").await.unwrap(), Some(server));
}

async fn servers_are_listed_newest_first(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    for (name, seconds) in [("a", 0), ("b", 2), ("c", 1)] {
        bed.mcp_server(tenant, name, seconds).await;
    }
    let page = Paging::Offset { limit: 2, offset: 0 };
    let listed = bed.db.mcp_servers(tenant, page).await.unwrap();
    let names: Vec<&str> = listed.items.iter().map(|server| server.name.as_str()).collect();
    assert_eq!((names, listed.has_more), (vec!["b", "c"], true));
}
