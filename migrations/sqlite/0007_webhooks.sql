-- Webhook endpoints, the events sent to them and each endpoint's deliveries.

CREATE TABLE endpoints (
    id         BLOB PRIMARY KEY NOT NULL,
    tenant_id  BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX endpoints_newest ON endpoints (tenant_id, created_at DESC, id DESC);

CREATE TABLE webhook_events (
    id         BLOB PRIMARY KEY NOT NULL,
    tenant_id  BLOB NOT NULL,
    dialect    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE deliveries (
    id            BLOB PRIMARY KEY NOT NULL,
    tenant_id     BLOB NOT NULL,
    endpoint_id   BLOB NOT NULL,
    event_id      BLOB NOT NULL,
    -- Deliveries of one stream (an execution) reach an endpoint in the order of their positions.
    stream_id     BLOB NOT NULL,
    position      INTEGER NOT NULL,
    state         TEXT NOT NULL,
    -- When a pending delivery is due; while a host sends it, when another may.
    next_at       INTEGER,
    attempts      INTEGER NOT NULL,
    last_status   INTEGER,
    last_response TEXT,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_newest ON deliveries (endpoint_id, created_at DESC, id DESC);
CREATE INDEX deliveries_due ON deliveries (tenant_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_in_order ON deliveries (endpoint_id, stream_id, position) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_by_event ON deliveries (event_id);
