-- Servers of the Model Context Protocol whose tools a tenant's agents may use, with the tools as they were pinned.

CREATE TABLE mcp_servers (
    id         BLOB PRIMARY KEY NOT NULL,
    tenant_id  BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- What grants name it by.
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;
CREATE INDEX mcp_servers_newest ON mcp_servers (tenant_id, created_at DESC, id DESC);
