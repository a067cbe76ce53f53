-- What has been done to entities by calls that mean something: who moved an application where, and why.

CREATE TABLE entity_audit (
    id          UUID PRIMARY KEY NOT NULL,
    tenant_id   UUID NOT NULL,
    schema_name TEXT COLLATE "C" NOT NULL,
    entity_id   TEXT COLLATE "C" NOT NULL,
    -- The entity's version from then on.
    version     BIGINT NOT NULL,
    doc         TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX entity_audit_of_entity ON entity_audit (tenant_id, schema_name, entity_id, version);

-- As in 0009.
ALTER TABLE entity_audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE entity_audit FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON entity_audit USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
