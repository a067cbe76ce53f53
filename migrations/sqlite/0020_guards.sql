-- Transition guards bound to records of a type.

CREATE TABLE guards (
    tenant_id     BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    workflow_type TEXT NOT NULL,
    plugin        TEXT NOT NULL,
    guard         TEXT NOT NULL,
    config        TEXT NOT NULL,
    fail_open     INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, workflow_type)
) STRICT, WITHOUT ROWID;
