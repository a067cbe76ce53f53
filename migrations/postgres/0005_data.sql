-- What steps read and write: entities, dataset rows, key-value memory. Ids sort by bytes on both databases.

CREATE TABLE entities (
    tenant_id   UUID NOT NULL,
    schema_name TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL,
    attributes  TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, schema_name, id)
);

CREATE TABLE data_rows (
    tenant_id  UUID NOT NULL,
    dataset    TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    value      TEXT NOT NULL,
    -- Of notifications: a second one with the same key is dropped.
    dedupe_key TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, dataset, id)
);
CREATE UNIQUE INDEX data_rows_dedupe ON data_rows (tenant_id, dedupe_key) WHERE dedupe_key IS NOT NULL;

CREATE TABLE kv (
    tenant_id  UUID NOT NULL,
    plugin     TEXT NOT NULL,
    scope_kind TEXT NOT NULL CHECK (scope_kind IN ('execution', 'definition')),
    scope_id   UUID NOT NULL,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, plugin, scope_kind, scope_id, name)
);
