-- What has been done to entities by calls that mean something: who moved an application where, and why.

CREATE TABLE entity_audit (
    id          BLOB PRIMARY KEY NOT NULL,
    tenant_id   BLOB NOT NULL,
    schema_name TEXT NOT NULL,
    entity_id   TEXT NOT NULL,
    -- The entity's version from then on.
    version     INTEGER NOT NULL,
    doc         TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX entity_audit_of_entity ON entity_audit (tenant_id, schema_name, entity_id, version);
