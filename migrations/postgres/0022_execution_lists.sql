-- Lists of executions by what they are about, and in the order in which they began or ended.

ALTER TABLE executions ADD COLUMN entity_schema TEXT COLLATE "C";
ALTER TABLE executions ADD COLUMN entity_id TEXT COLLATE "C";
-- 0: it has not begun.
ALTER TABLE executions ADD COLUMN started_at BIGINT NOT NULL DEFAULT 0;

-- Every tenant's rows, whoever owns the table.
SELECT set_config('stepwright.tenant', '*', true);
UPDATE executions SET
    entity_schema = doc::json -> 'entity' ->> 'schema',
    entity_id = doc::json -> 'entity' ->> 'id',
    started_at = COALESCE((doc::json ->> 'started_at')::bigint, 0);

CREATE INDEX executions_started ON executions (tenant_id, started_at DESC, id DESC);
CREATE INDEX executions_ended ON executions (tenant_id, COALESCE(ended_at, 0) DESC, id DESC);
CREATE INDEX executions_of_status ON executions (tenant_id, status, started_at DESC, id DESC);
CREATE INDEX executions_of_definition_started ON executions (tenant_id, definition_id, started_at DESC, id DESC);
CREATE INDEX executions_of_entity ON executions (tenant_id, entity_id, entity_schema, started_at DESC, id DESC)
    WHERE entity_id IS NOT NULL;
CREATE INDEX executions_of_schema ON executions (tenant_id, entity_schema, started_at DESC, id DESC)
    WHERE entity_schema IS NOT NULL;
