-- Agents: what tasks of flows name, made of an agent of a plugin.

CREATE TABLE agents (
    id         UUID PRIMARY KEY NOT NULL,
    tenant_id  UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- What tasks name it by; the author's or made up.
    name       TEXT NOT NULL COLLATE "C",
    plugin     TEXT NOT NULL,
    version    BIGINT NOT NULL,
    doc        TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, name)
);
CREATE INDEX agents_newest ON agents (tenant_id, created_at DESC, id DESC);

-- What agents keep from run to run. A deleted agent's memory goes with it.
CREATE TABLE agent_memory (
    tenant_id UUID NOT NULL,
    agent_id  UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    name      TEXT NOT NULL COLLATE "C",
    version   BIGINT NOT NULL,
    value     TEXT NOT NULL,
    PRIMARY KEY (agent_id, name)
);

-- As in 0009.
ALTER TABLE agents ENABLE ROW LEVEL SECURITY;
ALTER TABLE agents FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON agents USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
ALTER TABLE agent_memory ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_memory FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON agent_memory USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
