-- Definitions: the current version in one row, every version in another table.

CREATE TABLE definitions (
    id         BLOB PRIMARY KEY NOT NULL,
    tenant_id  BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    dialect    TEXT NOT NULL,
    status     TEXT NOT NULL,
    version    INTEGER NOT NULL,
    -- The event type of an event trigger.
    event_kind TEXT,
    -- The next tick of an armed schedule. The row's lock also serializes starts under `NoExecutionSince`.
    next_tick  INTEGER,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE INDEX definitions_newest ON definitions (tenant_id, created_at DESC, id DESC);
CREATE INDEX definitions_by_event ON definitions (tenant_id, event_kind) WHERE event_kind IS NOT NULL;
CREATE INDEX definitions_by_tick ON definitions (next_tick) WHERE next_tick IS NOT NULL;

CREATE TABLE definition_versions (
    definition_id BLOB NOT NULL REFERENCES definitions (id) ON DELETE CASCADE,
    version       INTEGER NOT NULL,
    tenant_id     BLOB NOT NULL,
    doc           TEXT NOT NULL,
    PRIMARY KEY (definition_id, version)
) STRICT;
