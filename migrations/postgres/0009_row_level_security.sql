-- A forgotten WHERE must leak nothing: every tenant table shows only the rows of the tenant named by the transaction's
-- setting `stepwright.tenant`, or all of them for '*', which the host's own work says explicitly. Without the setting
-- there is nothing to see. The sub-selects make PostgreSQL evaluate the setting once per statement, not once per row.
DO $$
DECLARE
    entry record;
BEGIN
    FOR entry IN
        SELECT * FROM (VALUES
            ('tenants', 'id'),
            ('instances', 'tenant_id'),
            ('api_keys', 'tenant_id'),
            ('definitions', 'tenant_id'),
            ('definition_versions', 'tenant_id'),
            ('executions', 'tenant_id'),
            ('history', 'tenant_id'),
            ('plugins', 'tenant_id'),
            ('enablements', 'tenant_id'),
            ('entities', 'tenant_id'),
            ('data_rows', 'tenant_id'),
            ('kv', 'tenant_id'),
            ('mails', 'tenant_id'),
            ('emitted_events', 'tenant_id'),
            ('endpoints', 'tenant_id'),
            ('webhook_events', 'tenant_id'),
            ('deliveries', 'tenant_id'),
            ('idempotency', 'tenant_id'),
            ('usage_days', 'tenant_id')
        ) AS tables (name, owner_column)
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', entry.name);
        -- Owners are exempt otherwise, and where the role below cannot be created the owner is who connects.
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', entry.name);
        EXECUTE format(
            'CREATE POLICY one_tenant ON %I USING ('
            '(SELECT current_setting(''stepwright.tenant'', true)) = ''*'' OR %I = '
            '(SELECT CAST(NULLIF(NULLIF(current_setting(''stepwright.tenant'', true), ''*''), '''') AS uuid)))',
            entry.name, entry.owner_column
        );
    END LOOP;
END
$$;

-- The role the host works as. It owns nothing, so neither ownership nor a superuser's login goes around the policies.
-- Roles belong to the whole cluster: another database's migration may create it at the same moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stepwright_app') THEN
        BEGIN
            CREATE ROLE stepwright_app NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'stepwright_app') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO stepwright_app', current_schema());
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO stepwright_app', current_schema());
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO stepwright_app',
            current_schema()
        );
        REVOKE ALL ON _sqlx_migrations FROM stepwright_app;
        IF NOT pg_has_role(current_user, 'stepwright_app', 'MEMBER') THEN
            BEGIN
                GRANT stepwright_app TO CURRENT_USER;
            EXCEPTION
                -- Another migration of the same user may have granted it meanwhile; or it is the administrator's to do.
                WHEN unique_violation OR insufficient_privilege OR internal_error THEN NULL;
            END;
        END IF;
    END IF;
END
$$;
