-- Transition guards bound to records of a type.

CREATE TABLE guards (
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    workflow_type TEXT COLLATE "C" NOT NULL,
    plugin        TEXT COLLATE "C" NOT NULL,
    guard         TEXT COLLATE "C" NOT NULL,
    config        TEXT NOT NULL,
    fail_open     BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, workflow_type)
);

-- As in 0009.
ALTER TABLE guards ENABLE ROW LEVEL SECURITY;
ALTER TABLE guards FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON guards USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
