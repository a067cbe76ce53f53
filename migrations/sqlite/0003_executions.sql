-- Executions and their history. No foreign keys here: checking them would lock the tenant's row on the hot path.

CREATE TABLE executions (
    id                 BLOB PRIMARY KEY NOT NULL,
    tenant_id          BLOB NOT NULL,
    definition_id      BLOB NOT NULL,
    definition_version INTEGER NOT NULL,
    dialect            TEXT NOT NULL,
    kind               TEXT NOT NULL,
    title              TEXT NOT NULL,
    status             TEXT NOT NULL,
    -- The fence of every write. Claims move it on without touching the document.
    version            INTEGER NOT NULL,
    doc                TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    ended_at           INTEGER,
    -- The whole work queue: when somebody must look, and who works on it until then.
    wake_at            INTEGER,
    lease_holder       BLOB,
    CHECK (ended_at IS NULL OR wake_at IS NULL)
) STRICT;
CREATE INDEX executions_newest ON executions (tenant_id, created_at DESC, id DESC);
CREATE INDEX executions_of_definition ON executions (tenant_id, definition_id, created_at DESC, id DESC);
-- Claims step from tenant to tenant through this index, so that one tenant's backlog costs the others nothing.
CREATE INDEX executions_wake ON executions (tenant_id, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX executions_open ON executions (tenant_id, definition_id, created_at DESC, id DESC) WHERE ended_at IS NULL;

CREATE TABLE history (
    execution_id BLOB NOT NULL,
    -- From 1, without gaps, per execution.
    seq          INTEGER NOT NULL,
    tenant_id    BLOB NOT NULL,
    doc          TEXT NOT NULL,
    PRIMARY KEY (execution_id, seq)
) STRICT, WITHOUT ROWID;
