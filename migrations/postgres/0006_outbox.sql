-- Mail on its way out, and events nobody has looked at yet.

CREATE TABLE mails (
    id           UUID PRIMARY KEY NOT NULL,
    tenant_id    UUID NOT NULL,
    execution_id UUID,
    dedupe_key   TEXT NOT NULL,
    message      TEXT NOT NULL,
    state        TEXT NOT NULL,
    -- When a queued message is due; while a host sends it, when another may.
    next_at      BIGINT,
    created_at   BIGINT NOT NULL,
    UNIQUE (tenant_id, dedupe_key)
);
CREATE INDEX mails_newest ON mails (tenant_id, created_at DESC, id DESC);
CREATE INDEX mails_due ON mails (tenant_id, next_at) WHERE next_at IS NOT NULL;

CREATE TABLE emitted_events (
    id         UUID PRIMARY KEY NOT NULL,
    tenant_id  UUID NOT NULL,
    kind       TEXT NOT NULL,
    data       TEXT NOT NULL,
    source     UUID NOT NULL,
    depth      BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX emitted_events_oldest ON emitted_events (created_at, id);
