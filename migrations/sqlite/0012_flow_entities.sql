-- Which flows are about an entity. Maintained by the commit that starts a flow or changes its contexts.

CREATE TABLE flow_entities (
    tenant_id    BLOB NOT NULL,
    -- Ids first: clients may leave the schema out.
    entity_id    TEXT NOT NULL,
    schema_name  TEXT NOT NULL,
    execution_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, entity_id, schema_name, execution_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_entities_of_execution ON flow_entities (execution_id);
