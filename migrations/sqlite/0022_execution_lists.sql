-- Lists of executions by what they are about, and in the order in which they began or ended.

ALTER TABLE executions ADD COLUMN entity_schema TEXT;
ALTER TABLE executions ADD COLUMN entity_id TEXT;
-- 0: it has not begun.
ALTER TABLE executions ADD COLUMN started_at INTEGER NOT NULL DEFAULT 0;

UPDATE executions SET
    entity_schema = doc ->> '$.entity.schema',
    entity_id = doc ->> '$.entity.id',
    started_at = COALESCE(doc ->> '$.started_at', 0);

CREATE INDEX executions_started ON executions (tenant_id, started_at DESC, id DESC);
CREATE INDEX executions_ended ON executions (tenant_id, COALESCE(ended_at, 0) DESC, id DESC);
CREATE INDEX executions_of_status ON executions (tenant_id, status, started_at DESC, id DESC);
CREATE INDEX executions_of_definition_started ON executions (tenant_id, definition_id, started_at DESC, id DESC);
CREATE INDEX executions_of_entity ON executions (tenant_id, entity_id, entity_schema, started_at DESC, id DESC)
    WHERE entity_id IS NOT NULL;
CREATE INDEX executions_of_schema ON executions (tenant_id, entity_schema, started_at DESC, id DESC)
    WHERE entity_schema IS NOT NULL;
