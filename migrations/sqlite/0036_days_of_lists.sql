-- How many records and executions were made on each day, so that a page in the middle of a long list is found day by day
-- and not record by record. A day is 86,400,000,000 microseconds of `created_at`.

CREATE TABLE record_days (
    tenant_id     BLOB NOT NULL,
    -- All zeros: of all instances.
    instance_id   BLOB NOT NULL,
    workflow_type TEXT NOT NULL,
    status        TEXT NOT NULL,
    day           INTEGER NOT NULL,
    -- As in `record_counts`.
    shard         INTEGER NOT NULL,
    n             INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, instance_id, workflow_type, status, day, shard)
) STRICT, WITHOUT ROWID;

INSERT INTO record_days
    SELECT tenant_id, instance_id, workflow_type, status, created_at / 86400000000, 0, COUNT(*) FROM records
    GROUP BY 1, 2, 3, 4, 5;
INSERT INTO record_days
    SELECT tenant_id, zeroblob(16), workflow_type, status, created_at / 86400000000, 0, COUNT(*) FROM records
    GROUP BY 1, 3, 4, 5;

CREATE TABLE execution_days (
    tenant_id BLOB NOT NULL,
    dialect   TEXT NOT NULL,
    status    TEXT NOT NULL,
    day       INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, dialect, status, day)
) STRICT, WITHOUT ROWID;

INSERT INTO execution_days
    SELECT tenant_id, dialect, status, created_at / 86400000000, COUNT(*) FROM executions GROUP BY 1, 2, 3, 4;

-- PostgreSQL's, as in 0022; these columns stand for what changes there. Here the table stays empty.
ALTER TABLE execution_count_changes ADD COLUMN dialect TEXT NOT NULL DEFAULT '';
ALTER TABLE execution_count_changes ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
CREATE INDEX execution_count_changes_of_tenant ON execution_count_changes (tenant_id);

CREATE TRIGGER executions_come_on_a_day AFTER INSERT ON executions BEGIN
    INSERT INTO execution_days VALUES (NEW.tenant_id, NEW.dialect, NEW.status, NEW.created_at / 86400000000, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER executions_change_on_a_day AFTER UPDATE OF status ON executions WHEN OLD.status <> NEW.status BEGIN
    INSERT INTO execution_days VALUES (NEW.tenant_id, NEW.dialect, NEW.status, NEW.created_at / 86400000000, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
    UPDATE execution_days SET number = number - 1 WHERE tenant_id = OLD.tenant_id AND dialect = OLD.dialect
        AND status = OLD.status AND day = OLD.created_at / 86400000000;
END;

CREATE TRIGGER executions_go_on_a_day AFTER DELETE ON executions BEGIN
    UPDATE execution_days SET number = number - 1 WHERE tenant_id = OLD.tenant_id AND dialect = OLD.dialect
        AND status = OLD.status AND day = OLD.created_at / 86400000000;
END;
