-- An index that holds both columns side by side: the primary key holds them too, but at its ends, and what is looked up
-- by both must not walk over all of a tenant's.

DROP INDEX flow_entities_of_execution;
CREATE INDEX flow_entities_of_execution ON flow_entities (execution_id, tenant_id);
