-- Webhook endpoints, the events sent to them and each endpoint's deliveries.

CREATE TABLE endpoints (
    id         UUID PRIMARY KEY NOT NULL,
    tenant_id  UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    doc        TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX endpoints_newest ON endpoints (tenant_id, created_at DESC, id DESC);

CREATE TABLE webhook_events (
    id         UUID PRIMARY KEY NOT NULL,
    tenant_id  UUID NOT NULL,
    dialect    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE deliveries (
    id            UUID PRIMARY KEY NOT NULL,
    tenant_id     UUID NOT NULL,
    endpoint_id   UUID NOT NULL,
    event_id      UUID NOT NULL,
    -- Deliveries of one stream (an execution) reach an endpoint in the order of their positions.
    stream_id     UUID NOT NULL,
    position      BIGINT NOT NULL,
    state         TEXT NOT NULL,
    -- When a pending delivery is due; while a host sends it, when another may.
    next_at       BIGINT,
    attempts      BIGINT NOT NULL,
    last_status   BIGINT,
    last_response TEXT,
    created_at    BIGINT NOT NULL
);
CREATE INDEX deliveries_newest ON deliveries (endpoint_id, created_at DESC, id DESC);
CREATE INDEX deliveries_due ON deliveries (tenant_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_in_order ON deliveries (endpoint_id, stream_id, position) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_by_event ON deliveries (event_id);
