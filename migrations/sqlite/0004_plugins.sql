-- Plugins a tenant has published and switched on; component bytes stand once per digest for all tenants.

CREATE TABLE components (
    -- Hex SHA-256 of the bytes.
    digest TEXT PRIMARY KEY NOT NULL,
    size   INTEGER NOT NULL,
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE plugins (
    tenant_id    BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    version      TEXT NOT NULL,
    -- The digest's first 16 bytes, the place in a list.
    id           BLOB NOT NULL,
    digest       TEXT NOT NULL REFERENCES components (digest),
    info         TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name, version)
) STRICT;
CREATE INDEX plugins_newest ON plugins (tenant_id, published_at DESC, id DESC);
CREATE INDEX plugins_by_digest ON plugins (digest);

CREATE TABLE enablements (
    tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    version   TEXT NOT NULL,
    doc       TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT;
