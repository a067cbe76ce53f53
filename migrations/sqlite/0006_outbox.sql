-- Mail on its way out, and events nobody has looked at yet.

CREATE TABLE mails (
    id           BLOB PRIMARY KEY NOT NULL,
    tenant_id    BLOB NOT NULL,
    execution_id BLOB,
    dedupe_key   TEXT NOT NULL,
    message      TEXT NOT NULL,
    state        TEXT NOT NULL,
    -- When a queued message is due; while a host sends it, when another may.
    next_at      INTEGER,
    created_at   INTEGER NOT NULL,
    UNIQUE (tenant_id, dedupe_key)
) STRICT;
CREATE INDEX mails_newest ON mails (tenant_id, created_at DESC, id DESC);
CREATE INDEX mails_due ON mails (tenant_id, next_at) WHERE next_at IS NOT NULL;

CREATE TABLE emitted_events (
    id         BLOB PRIMARY KEY NOT NULL,
    tenant_id  BLOB NOT NULL,
    kind       TEXT NOT NULL,
    data       TEXT NOT NULL,
    source     BLOB NOT NULL,
    depth      INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX emitted_events_oldest ON emitted_events (created_at, id);
