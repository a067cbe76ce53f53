-- Servers of the Model Context Protocol whose tools a tenant's agents may use, with the tools as they were pinned.

CREATE TABLE mcp_servers (
    id         UUID PRIMARY KEY NOT NULL,
    tenant_id  UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- What grants name it by.
    name       TEXT NOT NULL COLLATE "C",
    version    BIGINT NOT NULL,
    doc        TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, name)
);
CREATE INDEX mcp_servers_newest ON mcp_servers (tenant_id, created_at DESC, id DESC);

-- As in 0009.
ALTER TABLE mcp_servers ENABLE ROW LEVEL SECURITY;
ALTER TABLE mcp_servers FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON mcp_servers USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
