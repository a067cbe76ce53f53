-- Tenants, their instances and their keys.

CREATE TABLE tenants (
    id          UUID PRIMARY KEY NOT NULL,
    -- The sandbox of a live tenant, the live tenant of a sandbox.
    paired      UUID NOT NULL,
    slug        TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('live', 'test')),
    settings    TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX tenants_newest ON tenants (created_at DESC, id DESC);

CREATE TABLE instances (
    id         UUID PRIMARY KEY NOT NULL,
    tenant_id  UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX instances_newest ON instances (tenant_id, created_at DESC, id DESC);

CREATE TABLE api_keys (
    id         UUID PRIMARY KEY NOT NULL,
    tenant_id  UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- SHA-256 of the whole key; the key itself is never stored.
    hash       BYTEA NOT NULL UNIQUE,
    doc        TEXT NOT NULL,
    -- Stands above the document's own `revoked_at`.
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX api_keys_newest ON api_keys (tenant_id, created_at DESC, id DESC);

-- One row. Moves on with every change of keys, plugins, settings or webhook endpoints; hosts poll it.
CREATE TABLE change_counter (
    id    BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    value BIGINT NOT NULL
);
INSERT INTO change_counter (id, value) VALUES (1, 1);
