-- Definitions: the current version in one row, every version in another table.

CREATE TABLE definitions (
    id         UUID PRIMARY KEY NOT NULL,
    tenant_id  UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    dialect    TEXT NOT NULL,
    status     TEXT NOT NULL,
    version    BIGINT NOT NULL,
    -- The event type of an event trigger.
    event_kind TEXT,
    -- The next tick of an armed schedule. The row's lock also serializes starts under `NoExecutionSince`.
    next_tick  BIGINT,
    doc        TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX definitions_newest ON definitions (tenant_id, created_at DESC, id DESC);
CREATE INDEX definitions_by_event ON definitions (tenant_id, event_kind) WHERE event_kind IS NOT NULL;
CREATE INDEX definitions_by_tick ON definitions (next_tick) WHERE next_tick IS NOT NULL;

CREATE TABLE definition_versions (
    definition_id UUID NOT NULL REFERENCES definitions (id) ON DELETE CASCADE,
    version       BIGINT NOT NULL,
    tenant_id     UUID NOT NULL,
    doc           TEXT NOT NULL,
    PRIMARY KEY (definition_id, version)
);
