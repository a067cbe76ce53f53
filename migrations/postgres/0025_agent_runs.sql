-- Runs of agents and their journals.

CREATE TABLE agent_runs (
    tenant_id    UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- The task's agent_execution_id.
    id           TEXT NOT NULL COLLATE "C",
    -- For lists; sorts by time.
    row_id       UUID NOT NULL,
    execution_id UUID NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    -- Hash of the newest row of the journal: who has another one in mind does not own the run any more.
    head         TEXT NOT NULL,
    -- When somebody must look at it.
    wake_at      BIGINT,
    doc          TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX agent_runs_newest ON agent_runs (tenant_id, created_at DESC, row_id DESC);
CREATE INDEX agent_runs_of_flow ON agent_runs (tenant_id, execution_id);
CREATE INDEX agent_runs_of_execution ON agent_runs (execution_id);
CREATE INDEX agent_runs_due ON agent_runs (wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE agent_journal (
    tenant_id UUID NOT NULL,
    run_id    TEXT NOT NULL COLLATE "C",
    seq       BIGINT NOT NULL,
    ordinal   BIGINT NOT NULL,
    phase     BIGINT NOT NULL,
    kind      TEXT NOT NULL,
    request   TEXT NOT NULL,
    body      TEXT NOT NULL,
    hash      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, run_id, seq),
    FOREIGN KEY (tenant_id, run_id) REFERENCES agent_runs (tenant_id, id) ON DELETE CASCADE
);

-- Long texts of a journal, each once.
CREATE TABLE agent_blobs (
    tenant_id UUID NOT NULL,
    run_id    TEXT NOT NULL COLLATE "C",
    hash      TEXT NOT NULL COLLATE "C",
    content   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, run_id, hash),
    FOREIGN KEY (tenant_id, run_id) REFERENCES agent_runs (tenant_id, id) ON DELETE CASCADE
);

-- Questions to people.
CREATE TABLE agent_confirmations (
    id         UUID PRIMARY KEY NOT NULL,
    tenant_id  UUID NOT NULL,
    run_id     TEXT NOT NULL COLLATE "C",
    pending    BIGINT NOT NULL,
    doc        TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, run_id) REFERENCES agent_runs (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX agent_confirmations_newest ON agent_confirmations (tenant_id, created_at DESC, id DESC);
CREATE INDEX agent_confirmations_of_run ON agent_confirmations (tenant_id, run_id);

-- As in 0009.
ALTER TABLE agent_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_runs FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON agent_runs USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
ALTER TABLE agent_journal ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_journal FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON agent_journal USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
ALTER TABLE agent_blobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_blobs FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON agent_blobs USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
ALTER TABLE agent_confirmations ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_confirmations FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON agent_confirmations USING (
    (SELECT current_setting('stepwright.tenant', true)) = '*' OR tenant_id =
    (SELECT CAST(NULLIF(NULLIF(current_setting('stepwright.tenant', true), '*'), '') AS uuid))
);
