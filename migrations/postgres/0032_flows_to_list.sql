-- Flows that were started before lists were kept: a host goes through them once and takes each out of here when lists
-- know everything of it. Of flows with fewer tasks in the lists than they have, lists know a part.

CREATE TABLE flows_to_list (
    execution_id UUID PRIMARY KEY NOT NULL,
    tenant_id    UUID NOT NULL
);

-- Every tenant's rows, whoever owns the table.
SELECT set_config('stepwright.tenant', '*', true);
INSERT INTO flows_to_list (execution_id, tenant_id)
    SELECT e.id, e.tenant_id FROM executions e
    WHERE e.dialect = 'epilot' AND CAST(e.doc AS json) #>> '{flow,deleted_at}' IS NULL
        AND (NOT EXISTS (SELECT 1 FROM flow_list l WHERE l.execution_id = e.id)
            OR json_array_length(CAST(e.doc AS json) #> '{flow,tasks}')
                <> (SELECT COUNT(*) FROM flow_tasks t WHERE t.execution_id = e.id)
            OR EXISTS (SELECT 1 FROM flow_entities f WHERE f.execution_id = e.id AND f.started = 0));

-- As in 0009.
ALTER TABLE flows_to_list ENABLE ROW LEVEL SECURITY;
ALTER TABLE flows_to_list FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON flows_to_list USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
