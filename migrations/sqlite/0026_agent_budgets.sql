-- What runs of agents have spent or reserved, by run, flow and day. A counter only grows while it stays below the
-- limit that the statement names.

CREATE TABLE agent_budgets (
    tenant_id     BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- run, flow or day.
    level         TEXT NOT NULL,
    -- The run, the flow's execution, or the day in UTC.
    name          TEXT NOT NULL,
    llm_calls     INTEGER NOT NULL DEFAULT 0,
    tool_calls    INTEGER NOT NULL DEFAULT 0,
    input_tokens  INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost_micros   INTEGER NOT NULL DEFAULT 0,
    wall_ms       INTEGER NOT NULL DEFAULT 0,
    fuel          INTEGER NOT NULL DEFAULT 0,
    bytes         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, level, name)
) STRICT, WITHOUT ROWID;
