-- What runs of agents have spent or reserved, by run, flow and day. A counter only grows while it stays below the
-- limit that the statement names.

CREATE TABLE agent_budgets (
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- run, flow or day.
    level         TEXT NOT NULL COLLATE "C",
    -- The run, the flow's execution, or the day in UTC.
    name          TEXT NOT NULL COLLATE "C",
    llm_calls     BIGINT NOT NULL DEFAULT 0,
    tool_calls    BIGINT NOT NULL DEFAULT 0,
    input_tokens  BIGINT NOT NULL DEFAULT 0,
    output_tokens BIGINT NOT NULL DEFAULT 0,
    cost_micros   BIGINT NOT NULL DEFAULT 0,
    wall_ms       BIGINT NOT NULL DEFAULT 0,
    fuel          BIGINT NOT NULL DEFAULT 0,
    bytes         BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, level, name)
);

-- As in 0009.
ALTER TABLE agent_budgets ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_budgets FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON agent_budgets USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
