-- What lists of flows and of their tasks are searched by. Maintained by the commit that changes it; of a flow that was
-- deleted nothing is left here.

CREATE TABLE flow_list (
    execution_id UUID PRIMARY KEY NOT NULL,
    tenant_id    UUID NOT NULL,
    status       TEXT COLLATE "C" NOT NULL,
    -- Lower-case, cut to 255 characters.
    name_key     TEXT COLLATE "C" NOT NULL,
    -- When it was started, in nanoseconds; the last three digits come from the id and keep flows apart.
    started      BIGINT NOT NULL,
    -- In microseconds; the largest number when there is none.
    due          BIGINT NOT NULL
);
CREATE INDEX flow_list_by_start ON flow_list (tenant_id, status, started, name_key);
CREATE INDEX flow_list_by_name ON flow_list (tenant_id, status, name_key, started);
CREATE INDEX flow_list_by_due ON flow_list (tenant_id, status, due, started, name_key);

CREATE TABLE flow_tasks (
    execution_id UUID NOT NULL,
    task_id      TEXT COLLATE "C" NOT NULL,
    tenant_id    UUID NOT NULL,
    -- Of a started flow 0 (open), 1 (the next open one), 2 (complete); of another 3 (open) and 5 (complete).
    bucket       BIGINT NOT NULL,
    name_key     TEXT COLLATE "C" NOT NULL,
    -- The flow's name.
    flow_key     TEXT COLLATE "C" NOT NULL,
    -- The flow's start.
    started      BIGINT NOT NULL,
    -- From 0, from top to bottom of the flow.
    place        BIGINT NOT NULL,
    due          BIGINT NOT NULL,
    -- 1: added to the running flow by somebody.
    manual       BIGINT NOT NULL,
    PRIMARY KEY (execution_id, task_id)
);
CREATE INDEX flow_tasks_by_start ON flow_tasks (tenant_id, bucket, started, place);
CREATE INDEX flow_tasks_by_name ON flow_tasks (tenant_id, bucket, name_key, started);
CREATE INDEX flow_tasks_by_due ON flow_tasks (tenant_id, bucket, due, started);

CREATE TABLE flow_users (
    tenant_id    UUID NOT NULL,
    user_id      TEXT COLLATE "C" NOT NULL,
    -- 1: the flow is started.
    open         BIGINT NOT NULL,
    execution_id UUID NOT NULL,
    -- Empty for the flow itself.
    task_id      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, user_id, open, execution_id, task_id)
);
CREATE INDEX flow_users_of_execution ON flow_users (execution_id);

-- As in flow_list, for lists of the flows about entities of a schema.
ALTER TABLE flow_entities ADD COLUMN started BIGINT NOT NULL DEFAULT 0;
CREATE INDEX flow_entities_of_schema ON flow_entities (tenant_id, schema_name, started);

-- As in 0009.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['flow_list', 'flow_tasks', 'flow_users'] LOOP
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
