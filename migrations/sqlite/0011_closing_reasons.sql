-- Closing reasons: the tenant's catalogue of reasons for closing flows.

CREATE TABLE closing_reasons (
    tenant_id  BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- What clients name it by; made up by the host.
    id         TEXT NOT NULL,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
