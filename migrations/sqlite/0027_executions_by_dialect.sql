-- Lists of one API that show executions of the others: by when they were created, whatever their number. The status
-- leads, so that a list narrowed to one, which may be rare, is found without a look at the rest.
CREATE INDEX executions_of_dialect ON executions (tenant_id, dialect, status, created_at DESC, id DESC);
