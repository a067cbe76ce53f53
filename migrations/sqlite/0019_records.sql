-- What records (HydraCore) are listed by. The record itself stands in its execution; these rows are written by the
-- commit that opens it or moves its status, so that other executions pay nothing for them. Every combination of
-- filters that lists know has an index in the lists' order; the rows are small, so that a page deep in a list is found
-- without a look at the executions before it.

CREATE TABLE records (
    execution_id  BLOB PRIMARY KEY NOT NULL,
    tenant_id     BLOB NOT NULL,
    instance_id   BLOB NOT NULL,
    workflow_type TEXT NOT NULL,
    status        TEXT NOT NULL,
    customer_id   BLOB NOT NULL,
    reference     TEXT,
    created_at    INTEGER NOT NULL,
    suspended_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX records_newest ON records (tenant_id, created_at DESC, execution_id DESC);
CREATE INDEX records_by_status ON records (tenant_id, status, created_at DESC, execution_id DESC);
CREATE INDEX records_by_type ON records (tenant_id, workflow_type, created_at DESC, execution_id DESC);
CREATE INDEX records_by_both ON records (tenant_id, workflow_type, status, created_at DESC, execution_id DESC);
CREATE INDEX records_of_instance ON records (tenant_id, instance_id, created_at DESC, execution_id DESC);
CREATE INDEX records_of_instance_by_status
    ON records (tenant_id, instance_id, status, created_at DESC, execution_id DESC);
CREATE INDEX records_of_instance_by_type
    ON records (tenant_id, instance_id, workflow_type, created_at DESC, execution_id DESC);
CREATE INDEX records_of_instance_by_both
    ON records (tenant_id, instance_id, workflow_type, status, created_at DESC, execution_id DESC);
-- One customer's records are few: the other filters are met by looking at each, inside the index.
CREATE INDEX records_of_customer
    ON records (tenant_id, customer_id, created_at DESC, execution_id DESC, instance_id, workflow_type, status);
CREATE INDEX records_by_reference ON records
    (tenant_id, instance_id, reference, created_at DESC, execution_id DESC, customer_id, workflow_type, status)
    WHERE reference IS NOT NULL;
CREATE INDEX records_suspended ON records (tenant_id, suspended_at DESC, execution_id DESC)
    WHERE suspended_at IS NOT NULL;

-- How many records there are, so that a list's total is a sum over a few rows whatever their number.
CREATE TABLE record_counts (
    tenant_id     BLOB NOT NULL,
    -- 0: of all customers, with `customer_id` all zeros; 1: of one customer.
    family        INTEGER NOT NULL,
    customer_id   BLOB NOT NULL,
    instance_id   BLOB NOT NULL,
    workflow_type TEXT NOT NULL,
    status        TEXT NOT NULL,
    -- Each committer counts in rows of its own, so that committers seldom wait for each other; readers sum.
    shard         INTEGER NOT NULL,
    n             INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, family, customer_id, instance_id, workflow_type, status, shard)
) STRICT, WITHOUT ROWID;
