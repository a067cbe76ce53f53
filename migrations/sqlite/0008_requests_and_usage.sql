-- Answers kept for replay, and the bill.

CREATE TABLE idempotency (
    tenant_id  BLOB NOT NULL,
    method     TEXT NOT NULL,
    path       TEXT NOT NULL,
    name       TEXT NOT NULL,
    body_hash  BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    -- Missing while the first request is running.
    status     INTEGER,
    headers    TEXT,
    body       BLOB,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, method, path, name)
) STRICT;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE usage_days (
    tenant_id  BLOB NOT NULL,
    -- YYYY-MM-DD, UTC.
    day        TEXT NOT NULL,
    -- Each committer adds to a row of its own, so that committers never wait for each other; readers sum.
    shard      INTEGER NOT NULL,
    executions INTEGER NOT NULL,
    steps      INTEGER NOT NULL,
    fuel       INTEGER NOT NULL,
    host_calls INTEGER NOT NULL,
    wall_us    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, day, shard)
) STRICT, WITHOUT ROWID;
