-- Closing reasons: the tenant's catalogue of reasons for closing flows.

CREATE TABLE closing_reasons (
    tenant_id  UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- What clients name it by; made up by the host.
    id         TEXT NOT NULL COLLATE "C",
    version    BIGINT NOT NULL,
    doc        TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- As in 0009.
ALTER TABLE closing_reasons ENABLE ROW LEVEL SECURITY;
ALTER TABLE closing_reasons FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON closing_reasons USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
