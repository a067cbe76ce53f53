-- Agents: what tasks of flows name, made of an agent of a plugin.

CREATE TABLE agents (
    id         BLOB PRIMARY KEY NOT NULL,
    tenant_id  BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- What tasks name it by; the author's or made up.
    name       TEXT NOT NULL,
    plugin     TEXT NOT NULL,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;
CREATE INDEX agents_newest ON agents (tenant_id, created_at DESC, id DESC);

-- What agents keep from run to run. A deleted agent's memory goes with it.
CREATE TABLE agent_memory (
    tenant_id BLOB NOT NULL,
    agent_id  BLOB NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    version   INTEGER NOT NULL,
    value     TEXT NOT NULL,
    PRIMARY KEY (agent_id, name)
) STRICT, WITHOUT ROWID;
