-- An index that ends with the execution, so that each flow about entities of a schema is met once, in order, and a page
-- of them costs the same however many there are.

DROP INDEX flow_entities_of_schema;
CREATE INDEX flow_entities_of_schema ON flow_entities (tenant_id, schema_name, started, execution_id);
