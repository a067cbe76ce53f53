-- Which flows are about an entity. Maintained by the commit that starts a flow or changes its contexts.

CREATE TABLE flow_entities (
    tenant_id    UUID NOT NULL,
    -- Ids first: clients may leave the schema out.
    entity_id    TEXT COLLATE "C" NOT NULL,
    schema_name  TEXT COLLATE "C" NOT NULL,
    execution_id UUID NOT NULL,
    PRIMARY KEY (tenant_id, entity_id, schema_name, execution_id)
);
CREATE INDEX flow_entities_of_execution ON flow_entities (execution_id);

-- As in 0009.
ALTER TABLE flow_entities ENABLE ROW LEVEL SECURITY;
ALTER TABLE flow_entities FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON flow_entities USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
