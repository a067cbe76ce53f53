-- Lists of records show what other APIs have on a customer. The customer's records, which may be very many, are no part
-- of the index.
CREATE INDEX executions_of_entity_foreign ON executions (tenant_id, entity_id, created_at DESC, id DESC, status)
    WHERE entity_id IS NOT NULL AND dialect <> 'hydracore';
