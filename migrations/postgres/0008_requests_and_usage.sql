-- Answers kept for replay, and the bill.

CREATE TABLE idempotency (
    tenant_id  UUID NOT NULL,
    method     TEXT NOT NULL,
    path       TEXT NOT NULL,
    name       TEXT NOT NULL,
    body_hash  BYTEA NOT NULL,
    started_at BIGINT NOT NULL,
    -- Missing while the first request is running.
    status     BIGINT,
    headers    TEXT,
    body       BYTEA,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, method, path, name)
);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE usage_days (
    tenant_id  UUID NOT NULL,
    -- YYYY-MM-DD, UTC.
    day        TEXT NOT NULL,
    -- Each committer adds to a row of its own, so that committers never wait for each other; readers sum.
    shard      BIGINT NOT NULL,
    executions BIGINT NOT NULL,
    steps      BIGINT NOT NULL,
    fuel       BIGINT NOT NULL,
    host_calls BIGINT NOT NULL,
    wall_us    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day, shard)
);
