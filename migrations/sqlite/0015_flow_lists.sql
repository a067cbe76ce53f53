-- What lists of flows and of their tasks are searched by. Maintained by the commit that changes it; of a flow that was
-- deleted nothing is left here.

CREATE TABLE flow_list (
    execution_id BLOB PRIMARY KEY NOT NULL,
    tenant_id    BLOB NOT NULL,
    status       TEXT NOT NULL,
    -- Lower-case, cut to 255 characters.
    name_key     TEXT NOT NULL,
    -- When it was started, in nanoseconds; the last three digits come from the id and keep flows apart.
    started      INTEGER NOT NULL,
    -- In microseconds; the largest number when there is none.
    due          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_list_by_start ON flow_list (tenant_id, status, started, name_key);
CREATE INDEX flow_list_by_name ON flow_list (tenant_id, status, name_key, started);
CREATE INDEX flow_list_by_due ON flow_list (tenant_id, status, due, started, name_key);

CREATE TABLE flow_tasks (
    execution_id BLOB NOT NULL,
    task_id      TEXT NOT NULL,
    tenant_id    BLOB NOT NULL,
    -- Of a started flow 0 (open), 1 (the next open one), 2 (complete); of another 3 (open) and 5 (complete).
    bucket       INTEGER NOT NULL,
    name_key     TEXT NOT NULL,
    -- The flow's name.
    flow_key     TEXT NOT NULL,
    -- The flow's start.
    started      INTEGER NOT NULL,
    -- From 0, from top to bottom of the flow.
    place        INTEGER NOT NULL,
    due          INTEGER NOT NULL,
    -- 1: added to the running flow by somebody.
    manual       INTEGER NOT NULL,
    PRIMARY KEY (execution_id, task_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_tasks_by_start ON flow_tasks (tenant_id, bucket, started, place);
CREATE INDEX flow_tasks_by_name ON flow_tasks (tenant_id, bucket, name_key, started);
CREATE INDEX flow_tasks_by_due ON flow_tasks (tenant_id, bucket, due, started);

CREATE TABLE flow_users (
    tenant_id    BLOB NOT NULL,
    user_id      TEXT NOT NULL,
    -- 1: the flow is started.
    open         INTEGER NOT NULL,
    execution_id BLOB NOT NULL,
    -- Empty for the flow itself.
    task_id      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, open, execution_id, task_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_users_of_execution ON flow_users (execution_id);

-- As in flow_list, for lists of the flows about entities of a schema.
ALTER TABLE flow_entities ADD COLUMN started INTEGER NOT NULL DEFAULT 0;
CREATE INDEX flow_entities_of_schema ON flow_entities (tenant_id, schema_name, started);
