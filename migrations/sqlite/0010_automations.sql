-- Automations: ordered steps that a task of a flow runs by the automation's name.

CREATE TABLE automations (
    id         BLOB PRIMARY KEY NOT NULL,
    tenant_id  BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- What flows name it by; the author's or made up.
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;
CREATE INDEX automations_newest ON automations (tenant_id, created_at DESC, id DESC);
