-- What steps read and write: entities, dataset rows, key-value memory. Ids sort by bytes on both databases.

CREATE TABLE entities (
    tenant_id   BLOB NOT NULL,
    schema_name TEXT NOT NULL,
    id          TEXT NOT NULL,
    version     INTEGER NOT NULL,
    attributes  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, schema_name, id)
) STRICT;

CREATE TABLE data_rows (
    tenant_id  BLOB NOT NULL,
    dataset    TEXT NOT NULL,
    id         TEXT NOT NULL,
    version    INTEGER NOT NULL,
    value      TEXT NOT NULL,
    -- Of notifications: a second one with the same key is dropped.
    dedupe_key TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, dataset, id)
) STRICT;
CREATE UNIQUE INDEX data_rows_dedupe ON data_rows (tenant_id, dedupe_key) WHERE dedupe_key IS NOT NULL;

CREATE TABLE kv (
    tenant_id  BLOB NOT NULL,
    plugin     TEXT NOT NULL,
    scope_kind TEXT NOT NULL CHECK (scope_kind IN ('execution', 'definition')),
    scope_id   BLOB NOT NULL,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, plugin, scope_kind, scope_id, name)
) STRICT;
