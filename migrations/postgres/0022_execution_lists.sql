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
CREATE INDEX executions_of_entity ON executions (tenant_id, entity_id, started_at DESC, id DESC)
    WHERE entity_id IS NOT NULL;
CREATE INDEX executions_of_schema ON executions (tenant_id, entity_schema, started_at DESC, id DESC)
    WHERE entity_schema IS NOT NULL;

-- How many executions there are, kept with every change so that nobody has to count them.
CREATE TABLE execution_counts (
    tenant_id     UUID NOT NULL,
    definition_id UUID NOT NULL,
    -- Empty for executions that are about nothing.
    entity_schema TEXT COLLATE "C" NOT NULL,
    status        TEXT NOT NULL,
    number        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, definition_id, entity_schema, status)
);

-- What is to be added to the counts. Rows are only ever inserted by commits, so that those of several hosts do not wait
-- for each other; a background loop adds them up.
CREATE TABLE execution_count_changes (
    tenant_id     UUID NOT NULL,
    definition_id UUID NOT NULL,
    entity_schema TEXT COLLATE "C" NOT NULL,
    status        TEXT NOT NULL,
    number        BIGINT NOT NULL
);
CREATE INDEX execution_count_changes_of_tenant ON execution_count_changes (tenant_id);

INSERT INTO execution_counts
    SELECT tenant_id, definition_id, COALESCE(entity_schema, ''), status, COUNT(*) FROM executions GROUP BY 1, 2, 3, 4;

CREATE FUNCTION executions_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO execution_count_changes
        SELECT tenant_id, definition_id, COALESCE(entity_schema, ''), status, COUNT(*) FROM come GROUP BY 1, 2, 3, 4;
    RETURN NULL;
END
$$;

CREATE FUNCTION executions_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO execution_count_changes
        SELECT tenant_id, definition_id, COALESCE(entity_schema, ''), status, -COUNT(*) FROM gone GROUP BY 1, 2, 3, 4;
    RETURN NULL;
END
$$;

CREATE FUNCTION executions_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO execution_count_changes VALUES
        (NEW.tenant_id, NEW.definition_id, COALESCE(NEW.entity_schema, ''), NEW.status, 1),
        (OLD.tenant_id, OLD.definition_id, COALESCE(OLD.entity_schema, ''), OLD.status, -1);
    RETURN NULL;
END
$$;

CREATE TRIGGER executions_come AFTER INSERT ON executions REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION executions_come();
CREATE TRIGGER executions_go AFTER DELETE ON executions REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION executions_go();
CREATE TRIGGER executions_change AFTER UPDATE OF status, entity_schema ON executions FOR EACH ROW
    WHEN (OLD.status <> NEW.status OR OLD.entity_schema IS DISTINCT FROM NEW.entity_schema)
    EXECUTE FUNCTION executions_change();

-- As in 0009.
ALTER TABLE execution_counts ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution_counts FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON execution_counts USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
ALTER TABLE execution_count_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution_count_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON execution_count_changes USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
