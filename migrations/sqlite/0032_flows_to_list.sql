-- Flows that were started before lists were kept: a host goes through them once and takes each out of here when lists
-- know everything of it. Of flows with fewer tasks in the lists than they have, lists know a part.

CREATE TABLE flows_to_list (
    execution_id BLOB PRIMARY KEY NOT NULL,
    tenant_id    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO flows_to_list (execution_id, tenant_id)
    SELECT e.id, e.tenant_id FROM executions e
    WHERE e.dialect = 'epilot' AND e.doc ->> '$.flow.deleted_at' IS NULL
        AND (NOT EXISTS (SELECT 1 FROM flow_list l WHERE l.execution_id = e.id)
            OR json_array_length(e.doc, '$.flow.tasks')
                <> (SELECT COUNT(*) FROM flow_tasks t WHERE t.execution_id = e.id)
            OR EXISTS (SELECT 1 FROM flow_entities f WHERE f.execution_id = e.id AND f.started = 0));
