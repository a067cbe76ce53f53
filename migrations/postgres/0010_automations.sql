-- Automations: ordered steps that a task of a flow runs by the automation's name.

CREATE TABLE automations (
    id         UUID PRIMARY KEY NOT NULL,
    tenant_id  UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- What flows name it by; the author's or made up.
    name       TEXT NOT NULL COLLATE "C",
    version    BIGINT NOT NULL,
    doc        TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, name)
);
CREATE INDEX automations_newest ON automations (tenant_id, created_at DESC, id DESC);

-- As in 0009.
ALTER TABLE automations ENABLE ROW LEVEL SECURITY;
ALTER TABLE automations FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON automations USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
