-- Runs of agents and their journals.

CREATE TABLE agent_runs (
    tenant_id    BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- The task's agent_execution_id.
    id           TEXT NOT NULL,
    -- For lists; sorts by time.
    row_id       BLOB NOT NULL,
    execution_id BLOB NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    -- Hash of the newest row of the journal: who has another one in mind does not own the run any more.
    head         TEXT NOT NULL,
    -- When somebody must look at it.
    wake_at      INTEGER,
    doc          TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_runs_newest ON agent_runs (tenant_id, created_at DESC, row_id DESC);
CREATE INDEX agent_runs_of_flow ON agent_runs (tenant_id, execution_id);
CREATE INDEX agent_runs_of_execution ON agent_runs (execution_id);
CREATE INDEX agent_runs_due ON agent_runs (wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE agent_journal (
    tenant_id BLOB NOT NULL,
    run_id    TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    ordinal   INTEGER NOT NULL,
    phase     INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    request   TEXT NOT NULL,
    body      TEXT NOT NULL,
    hash      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, run_id, seq),
    FOREIGN KEY (tenant_id, run_id) REFERENCES agent_runs (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Long texts of a journal, each once.
CREATE TABLE agent_blobs (
    tenant_id BLOB NOT NULL,
    run_id    TEXT NOT NULL,
    hash      TEXT NOT NULL,
    content   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, run_id, hash),
    FOREIGN KEY (tenant_id, run_id) REFERENCES agent_runs (tenant_id, id) ON DELETE CASCADE
) STRICT;

-- Questions to people.
CREATE TABLE agent_confirmations (
    id         BLOB PRIMARY KEY NOT NULL,
    tenant_id  BLOB NOT NULL,
    run_id     TEXT NOT NULL,
    pending    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, run_id) REFERENCES agent_runs (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX agent_confirmations_newest ON agent_confirmations (tenant_id, created_at DESC, id DESC);
CREATE INDEX agent_confirmations_of_run ON agent_confirmations (tenant_id, run_id);
