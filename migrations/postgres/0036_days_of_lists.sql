-- How many records and executions were made on each day, so that a page in the middle of a long list is found day by day
-- and not record by record. A day is 86,400,000,000 microseconds of `created_at`.

CREATE TABLE record_days (
    tenant_id     UUID NOT NULL,
    -- All zeros: of all instances.
    instance_id   UUID NOT NULL,
    workflow_type TEXT COLLATE "C" NOT NULL,
    status        TEXT COLLATE "C" NOT NULL,
    day           BIGINT NOT NULL,
    -- As in `record_counts`.
    shard         BIGINT NOT NULL,
    n             BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, instance_id, workflow_type, status, day, shard)
);

CREATE TABLE execution_days (
    tenant_id UUID NOT NULL,
    dialect   TEXT COLLATE "C" NOT NULL,
    status    TEXT COLLATE "C" NOT NULL,
    day       BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, dialect, status, day)
);

-- Every tenant's rows, whoever owns the table.
SELECT set_config('stepwright.tenant', '*', true);
-- Nothing moves while everything is counted.
LOCK TABLE executions, records IN SHARE ROW EXCLUSIVE MODE;

INSERT INTO record_days
    SELECT tenant_id, instance_id, workflow_type, status, created_at / 86400000000, 0, COUNT(*) FROM records
    GROUP BY 1, 2, 3, 4, 5;
INSERT INTO record_days
    SELECT tenant_id, '00000000-0000-0000-0000-000000000000', workflow_type, status, created_at / 86400000000, 0,
        COUNT(*) FROM records
    GROUP BY 1, 3, 4, 5;
INSERT INTO execution_days
    SELECT tenant_id, dialect, status, created_at / 86400000000, COUNT(*) FROM executions GROUP BY 1, 2, 3, 4;

-- Changes up to here are in the days already.
WITH gone AS (
    DELETE FROM execution_count_changes RETURNING tenant_id, definition_id, entity_schema, status, number)
INSERT INTO execution_counts AS c
    SELECT tenant_id, definition_id, entity_schema, status, SUM(number) FROM gone GROUP BY 1, 2, 3, 4
    ON CONFLICT (tenant_id, definition_id, entity_schema, status) DO UPDATE SET number = c.number + excluded.number;
ALTER TABLE execution_count_changes ADD COLUMN dialect TEXT COLLATE "C" NOT NULL;
ALTER TABLE execution_count_changes ADD COLUMN day BIGINT NOT NULL;

CREATE OR REPLACE FUNCTION executions_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO execution_count_changes
        SELECT tenant_id, definition_id, COALESCE(entity_schema, ''), status, COUNT(*), dialect,
            created_at / 86400000000
        FROM come GROUP BY 1, 2, 3, 4, 6, 7;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION executions_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO execution_count_changes
        SELECT tenant_id, definition_id, COALESCE(entity_schema, ''), status, -COUNT(*), dialect,
            created_at / 86400000000
        FROM gone GROUP BY 1, 2, 3, 4, 6, 7;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION executions_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO execution_count_changes VALUES
        (NEW.tenant_id, NEW.definition_id, COALESCE(NEW.entity_schema, ''), NEW.status, 1, NEW.dialect,
            NEW.created_at / 86400000000),
        (OLD.tenant_id, OLD.definition_id, COALESCE(OLD.entity_schema, ''), OLD.status, -1, OLD.dialect,
            OLD.created_at / 86400000000);
    RETURN NULL;
END
$$;

-- As in 0009.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['record_days', 'execution_days'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY one_tenant ON %I USING ('
            '(SELECT current_setting(''stepwright.tenant'', true)) = ''*'' OR tenant_id = '
            '(SELECT CAST(NULLIF(NULLIF(current_setting(''stepwright.tenant'', true), ''*''), '''') AS uuid)))',
            name
        );
    END LOOP;
END
$$;
