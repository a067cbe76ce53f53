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
CREATE INDEX executions_of_entity ON executions (tenant_id, entity_id, started_at DESC, id DESC)
    WHERE entity_id IS NOT NULL;
CREATE INDEX executions_of_schema ON executions (tenant_id, entity_schema, started_at DESC, id DESC)
    WHERE entity_schema IS NOT NULL;

-- How many executions there are, kept with every change so that nobody has to count them.
CREATE TABLE execution_counts (
    tenant_id     BLOB NOT NULL,
    definition_id BLOB NOT NULL,
    -- Empty for executions that are about nothing.
    entity_schema TEXT NOT NULL,
    status        TEXT NOT NULL,
    number        INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, definition_id, entity_schema, status)
) STRICT, WITHOUT ROWID;

-- PostgreSQL's: there, changes are added to the counts by and by. Here it stays empty.
CREATE TABLE execution_count_changes (
    tenant_id     BLOB NOT NULL,
    definition_id BLOB NOT NULL,
    entity_schema TEXT NOT NULL,
    status        TEXT NOT NULL,
    number        INTEGER NOT NULL
) STRICT;

INSERT INTO execution_counts
    SELECT tenant_id, definition_id, COALESCE(entity_schema, ''), status, COUNT(*) FROM executions GROUP BY 1, 2, 3, 4;

CREATE TRIGGER executions_come AFTER INSERT ON executions BEGIN
    INSERT INTO execution_counts VALUES
        (NEW.tenant_id, NEW.definition_id, COALESCE(NEW.entity_schema, ''), NEW.status, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER executions_change AFTER UPDATE OF status, entity_schema ON executions
WHEN OLD.status <> NEW.status OR OLD.entity_schema IS NOT NEW.entity_schema BEGIN
    INSERT INTO execution_counts VALUES
        (NEW.tenant_id, NEW.definition_id, COALESCE(NEW.entity_schema, ''), NEW.status, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
    UPDATE execution_counts SET number = number - 1 WHERE tenant_id = OLD.tenant_id
        AND definition_id = OLD.definition_id AND entity_schema = COALESCE(OLD.entity_schema, '')
        AND status = OLD.status;
END;

CREATE TRIGGER executions_go AFTER DELETE ON executions BEGIN
    UPDATE execution_counts SET number = number - 1 WHERE tenant_id = OLD.tenant_id
        AND definition_id = OLD.definition_id AND entity_schema = COALESCE(OLD.entity_schema, '')
        AND status = OLD.status;
END;
