//! Tenants do not see each other, whatever id they name.

use crate::agent_runs::run_key;
use crate::records::{LIKE, binding};
use crate::support::{Bed, T0, at, json, on_both, on_empty_postgres, on_postgres, plain_user};
use crate::tenants::api_key;
use serde_json::json as value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::sync::Arc;
use stepwright_app::ports::{
    AgentRunStore as _, AgentStore as _, AutomationStore as _, ClosingReasonStore as _, CommitError, CommitStore as _,
    DataStore as _, DefinitionFilter, DefinitionStore as _, ExecutionFilter, ExecutionStore as _, GuardStore as _,
    KeyStore as _, McpServerStore as _, OutboxStore as _, PluginStore as _, Put, RecordStore as _, ScheduleStore as _,
    TenantStore as _, UsageStore as _, WebhookStore as _,
};
use stepwright_app::{
    Commit, DataWrite, Dataset, DeliveryState, Effects, Emitted, EndpointSecret, Instance, KvScope, KvWrite, MailState,
    Message, OutboxMail, Paging, Precondition, RecordFilter, SecretHash, UsageDelta, Wake, WebhookEndpoint,
    WebhookEvent,
};
use stepwright_engine::record::RecordStatusName;
use stepwright_engine::{
    AgentId, ConfirmationId, Definition, Dialect, EmittedEventId, EndpointId, ExecutionId, InstanceId, KeyId, MailId,
    TenantId, WebhookEventId,
};

on_both!(another_tenants_id_is_like_an_unknown_one, another_tenants_things_cannot_be_changed);

const ALL: Paging = Paging::Offset { limit: 100, offset: 0 };

/// A tenant that owns one of everything.
struct Owner {
    tenant: TenantId,
    definition: Definition,
    execution: ExecutionId,
    instance: InstanceId,
    key: KeyId,
    mail: MailId,
    endpoint: WebhookEndpoint,
    event: EmittedEventId,
    agent: AgentId,
    confirmation: ConfirmationId,
}

impl Bed {
    async fn owner(&self) -> Owner {
        let tenant = self.tenant("owner").await;
        let mut definition = self.new_definition(tenant);
        definition.trigger = stepwright_engine::Trigger::Event { event: "an.event".into() };
        self.db.insert_definition(&definition, Some(at(60))).await.unwrap();
        let instance =
            Instance { id: InstanceId::fresh(&*self.ids), tenant_id: tenant, name: "i".into(), created_at: T0 };
        self.db.insert_instance(&instance).await.unwrap();
        let key = api_key(self, tenant);
        self.db.insert_key(&key, SecretHash([1; 32])).await.unwrap();
        let endpoint = WebhookEndpoint {
            id: EndpointId::fresh(&*self.ids),
            tenant_id: tenant,
            dialect: Dialect::Platform,
            url: "https://example.com".into(),
            events: Vec::new(),
            secrets: vec![EndpointSecret { value: "s".into(), valid_until: None }],
            enabled: true,
            disabled_reason: None,
            created_at: T0,
        };
        self.db.insert_endpoint(&endpoint).await.unwrap();
        self.automation(tenant, "greet", 0).await;
        self.closing_reason(tenant, "r1", 0).await;
        let record = self.record(tenant, LIKE, T0).await;
        self.moved(&record, RecordStatusName::Suspended, T0).await;
        self.db.put_guard(&binding(tenant, "approval")).await.unwrap();
        let agent = self.agent(tenant, "helper", 0).await;
        self.mcp_server(tenant, "crm", 0).await;
        self.db.put_entity(tenant, "deal", "1", &json(value!({})), None, T0).await.unwrap();
        let row = DataWrite { dataset: Dataset::Customers, id: "c".into(), value: json(value!({})), expected: 0 };
        self.db.import_rows(tenant, &[row], T0).await.unwrap();
        let loaded = self.execution(&definition, T0, Wake::Never).await;
        let execution = loaded.execution.id;
        let confirmation = self.asked_run(&agent, execution).await;
        let mail = OutboxMail {
            id: MailId::fresh(&*self.ids),
            tenant_id: tenant,
            execution_id: None,
            dedupe_key: "m".into(),
            message: Message {
                to: vec!["a@example.com".into()],
                cc: Vec::new(),
                bcc: Vec::new(),
                reply_to: None,
                subject: "s".into(),
                text: "t".into(),
                html: None,
            },
            state: MailState::Captured { at: T0 },
            created_at: T0,
        };
        let event = EmittedEventId::fresh(&*self.ids);
        let emitted =
            Emitted { id: event, kind: "an.event".into(), data: json(value!({})), source: execution, depth: 0 };
        let scope = KvScope::Execution(execution);
        let kv = KvWrite { plugin: "core".into(), scope, key: "k".into(), value: Some(json(value!(1))) };
        let effects = Effects { mails: vec![mail.clone()], emitted: vec![emitted], kv: vec![kv], ..Effects::default() };
        let webhook = WebhookEvent {
            id: WebhookEventId::fresh(&*self.ids),
            tenant_id: tenant,
            dialect: Dialect::Platform,
            kind: "k".into(),
            body: json(value!({})),
            created_at: T0,
        };
        let usage = UsageDelta { steps: 1, ..UsageDelta::default() };
        let webhooks = vec![(webhook, vec![endpoint.id])];
        self.db.commit(Commit { effects, webhooks, usage, ..loaded.step(at(1), Wake::Never) }).await.unwrap();
        let (instance, key, mail, agent) = (instance.id, key.id, mail.id, agent.id);
        Owner { tenant, definition, execution, instance, key, mail, endpoint, event, agent, confirmation }
    }
}

/// Which look-ups find something, by name.
async fn found(bed: &Bed, tenant: TenantId, own: &Owner) -> Vec<(&'static str, bool)> {
    let db = &bed.db;
    let (definition, execution) = (own.definition.id, own.execution);
    let scope = KvScope::Execution(execution);
    let some = DefinitionFilter::default();
    let any = ExecutionFilter { definition: Some(definition), ..ExecutionFilter::default() };
    vec![
        ("execution", db.execution(tenant, execution).await.unwrap().is_some()),
        ("history", !db.history(tenant, execution, 0, 9).await.unwrap().items.is_empty()),
        ("executions", !db.executions(tenant, &any, ALL).await.unwrap().items.is_empty()),
        ("execution_summaries", !db.execution_summaries(tenant, &any, ALL).await.unwrap().items.is_empty()),
        ("open_executions", db.open_executions(tenant).await.unwrap() > 0),
        ("open_executions_of", !db.open_executions_of(tenant, definition, 9).await.unwrap().is_empty()),
        ("is_pinned", db.is_pinned(tenant, "core", &"ab".repeat(32)).await.unwrap()),
        ("definition", db.definition(tenant, definition).await.unwrap().is_some()),
        ("definition_version", db.definition_version(tenant, definition, 1).await.unwrap().is_some()),
        ("definitions", !db.definitions(tenant, &some, ALL).await.unwrap().items.is_empty()),
        ("definitions_for_event", !db.definitions_for_event(tenant, "an.event").await.unwrap().is_empty()),
        ("automation", db.automation(tenant, "greet").await.unwrap().is_some()),
        ("automations", !db.automations(tenant, ALL).await.unwrap().items.is_empty()),
        ("automation_names_plugin", db.automation_names_plugin(tenant, "acme", "1").await.unwrap()),
        ("agent", db.agent(tenant, "helper").await.unwrap().is_some()),
        ("agents", !db.agents(tenant, ALL).await.unwrap().items.is_empty()),
        ("agent_names_plugin", db.agent_names_plugin(tenant, "acme").await.unwrap()),
        ("mcp_server", db.mcp_server(tenant, "crm").await.unwrap().is_some()),
        ("mcp_servers", !db.mcp_servers(tenant, ALL).await.unwrap().items.is_empty()),
        ("memory", db.memory(tenant, own.agent, "k").await.unwrap().is_some()),
        ("memories", !db.memories(tenant, own.agent, "", None, 9).await.unwrap().is_empty()),
        ("run", db.run(tenant, "run-1").await.unwrap().is_some()),
        ("runs", !db.runs(tenant, Some(execution), ALL).await.unwrap().items.is_empty()),
        ("journal", db.journal(tenant, "run-1").await.unwrap().is_some()),
        ("spent", db.spent(tenant, &[run_key()]).await.unwrap()[0].tool_calls > 0),
        ("confirmation", db.confirmation(tenant, own.confirmation).await.unwrap().is_some()),
        ("confirmations", !db.confirmations(tenant, None, true, ALL).await.unwrap().items.is_empty()),
        ("closing_reason", db.closing_reason(tenant, "r1").await.unwrap().is_some()),
        ("closing_reasons", !db.closing_reasons(tenant).await.unwrap().is_empty()),
        ("records", db.records(tenant, &RecordFilter::default(), None, 9, 0).await.unwrap().1 > 0),
        ("suspended_records", !db.suspended_records(tenant, 9).await.unwrap().is_empty()),
        ("histories", !db.histories(tenant, &[execution]).await.unwrap().is_empty()),
        ("guards", !db.guards(tenant).await.unwrap().is_empty()),
        ("names_plugin", db.names_plugin(tenant, "core", "1").await.unwrap()),
        ("schedule_states", db.schedule_states(tenant, &[definition]).await.unwrap()[0].0.is_some()),
        ("instance", db.instance(tenant, own.instance).await.unwrap().is_some()),
        ("instances", !db.instances(tenant, ALL).await.unwrap().items.is_empty()),
        ("keys", !db.keys(&[tenant], ALL).await.unwrap().items.is_empty()),
        ("entity", db.entity(tenant, "deal", "1").await.unwrap().is_some()),
        ("entities", !db.entities(tenant, "deal", None, 9).await.unwrap().items.is_empty()),
        ("data_row", db.data_row(tenant, Dataset::Customers, "c").await.unwrap().is_some()),
        ("data_rows", !db.data_rows(tenant, Dataset::Customers, &[], None, 9).await.unwrap().items.is_empty()),
        ("kv", db.kv(tenant, "core", scope, "k").await.unwrap().is_some()),
        ("mail", db.mail(tenant, own.mail).await.unwrap().is_some()),
        ("mails", !db.mails(tenant, ALL).await.unwrap().items.is_empty()),
        ("endpoint", db.endpoint(tenant, own.endpoint.id).await.unwrap().is_some()),
        ("endpoints", !db.endpoints(tenant, ALL).await.unwrap().items.is_empty()),
        ("deliveries", !db.deliveries(tenant, own.endpoint.id, ALL).await.unwrap().items.is_empty()),
        ("usage", !db.usage(tenant, "2000-01-01", "2100-01-01").await.unwrap().is_empty()),
    ]
}

async fn another_tenants_id_is_like_an_unknown_one(bed: &Bed) {
    let own = bed.owner().await;
    let stranger = bed.tenant("stranger").await;
    for (lookup, found) in found(bed, own.tenant, &own).await {
        assert!(found, "{lookup} does not find what the owner has");
    }
    for (lookup, found) in found(bed, stranger, &own).await {
        assert!(!found, "{lookup} shows a stranger what the owner has");
    }
}

async fn another_tenants_things_cannot_be_changed(bed: &Bed) {
    let own = bed.owner().await;
    let stranger = bed.tenant("stranger").await;
    let db = &bed.db;
    let id = own.definition.id;
    let mut next = own.definition.clone();
    next.version = 2;
    next.tenant_id = stranger;
    assert!(!db.update_definition(&next, None).await.unwrap());
    assert!(!db.delete_definition(stranger, id, T0).await.unwrap());
    assert!(!db.move_tick(stranger, id, at(60), None).await.unwrap());
    assert!(!db.revoke_key(&[stranger], own.key, T0).await.unwrap());
    assert_eq!(db.delete_entity(stranger, "deal", "1").await.unwrap(), Put::Missing);
    assert!(!db.delete_endpoint(stranger, own.endpoint.id).await.unwrap());
    assert!(!db.delete_plugin(stranger, "core", "1").await.unwrap());
    assert!(!db.delete_agent(stranger, "helper").await.unwrap());
    let agent = db.agent(own.tenant, "helper").await.unwrap().unwrap();
    let next = stepwright_app::Agent { tenant_id: stranger, version: 2, ..agent };
    assert!(!db.save_agent(&next).await.unwrap());
    assert!(!db.delete_mcp_server(stranger, "crm").await.unwrap());
    let server = db.mcp_server(own.tenant, "crm").await.unwrap().unwrap();
    let next = stepwright_app::McpServer { tenant_id: stranger, version: 2, ..server };
    assert!(!db.save_mcp_server(&next).await.unwrap());
    let decided = stepwright_app::ConfirmationState::Decided {
        decision: stepwright_app::Decision::Expire,
        by: "x".into(),
        at: T0,
    };
    assert!(!db.decide(stranger, own.confirmation, &decided, T0).await.unwrap());
    let automation = db.automation(own.tenant, "greet").await.unwrap().unwrap();
    let next = stepwright_app::Automation { tenant_id: stranger, version: 2, ..automation };
    assert!(!db.save_automation(&next).await.unwrap());
    assert!(!db.delete_automation(stranger, "greet").await.unwrap());
    let reason = db.closing_reason(own.tenant, "r1").await.unwrap().unwrap();
    let next = stepwright_app::ClosingReason { tenant_id: stranger, version: 2, ..reason };
    assert!(!db.save_closing_reason(&next).await.unwrap());
    assert!(!db.delete_closing_reason(stranger, "r1").await.unwrap());
    let endpoint = WebhookEndpoint { tenant_id: stranger, url: "https://evil.example".into(), ..own.endpoint.clone() };
    assert!(!db.save_endpoint(&endpoint).await.unwrap());
    db.finish_mail(stranger, own.mail, &MailState::Sent { at: T0, attempts: 1, rejected: vec![] }).await.unwrap();
    let mail = db.mail(own.tenant, own.mail).await.unwrap().unwrap();
    assert_eq!(mail.state, MailState::Captured { at: T0 });
    let delivery = db.deliveries(own.tenant, own.endpoint.id, ALL).await.unwrap().items.remove(0);
    let done = DeliveryState::Delivered { at: T0 };
    db.finish_delivery(stranger, delivery.id, &done, 1, None, None).await.unwrap();
    assert_eq!(db.deliveries(own.tenant, own.endpoint.id, ALL).await.unwrap().items, [delivery]);
    // A commit in another tenant's name finds neither its execution, nor its schedule, nor its event.
    let execution = db.execution(own.tenant, own.execution).await.unwrap().unwrap();
    let loaded = crate::support::Loaded { execution, definition: own.definition.clone() };
    let mut stolen = loaded.step(at(9), Wake::Never);
    stolen.tenant_id = stranger;
    Arc::make_mut(&mut stolen.executions[0].next).tenant_id = stranger;
    assert_eq!(db.commit(stolen).await, Err(CommitError::Stale(own.execution)));
    for guard in [
        Precondition::TickUnfired { definition: id, tick: at(60), next: None },
        Precondition::EventUnhandled { event: own.event },
    ] {
        let commit = Commit { preconditions: vec![guard], ..crate::support::empty_commit(stranger, T0) };
        assert_eq!(db.commit(commit).await, Err(CommitError::Precondition { index: 0, newest: None }));
    }
    assert_eq!(db.definition(own.tenant, id).await.unwrap(), Some(own.definition.clone()));
    assert_eq!(db.next_tick().await.unwrap(), Some(at(60)));
}

/// A connection as the host's: the role that owns nothing, with the setting given.
async fn as_host(bed: &Bed, setting: Option<&str>) -> PgConnection {
    let mut connection = PgConnection::connect(&bed.url).await.unwrap();
    sqlx::raw_sql("SET ROLE stepwright_app").execute(&mut connection).await.unwrap();
    if let Some(setting) = setting {
        let text = format!("SET stepwright.tenant = '{setting}'");
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    }
    connection
}

async fn rows(connection: &mut PgConnection, table: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"))).fetch_one(connection).await.unwrap()
}

const FILLED: [&str; 21] = [
    "records",
    "record_counts",
    "record_days",
    "guards",
    "tenants",
    "instances",
    "api_keys",
    "automations",
    "closing_reasons",
    "definitions",
    "definition_versions",
    "executions",
    "history",
    "entities",
    "data_rows",
    "kv",
    "mails",
    "emitted_events",
    "endpoints",
    "webhook_events",
    "usage_days",
];

#[tokio::test]
async fn row_level_security_hides_rows_without_any_tenant_predicate() {
    on_postgres(|bed| async move {
        let own = bed.owner().await;
        let stranger = bed.tenant("stranger").await;
        let mut nobody = as_host(&bed, None).await;
        let mut empty = as_host(&bed, Some("")).await;
        let mut other = as_host(&bed, Some(&stranger.to_string())).await;
        let mut owner = as_host(&bed, Some(&own.tenant.to_string())).await;
        let mut host = as_host(&bed, Some("*")).await;
        for table in FILLED {
            assert_eq!(rows(&mut nobody, table).await, 0, "{table} without a tenant");
            assert_eq!(rows(&mut empty, table).await, 0, "{table} with an empty tenant");
            let of_other = i64::from(table == "tenants");
            assert_eq!(rows(&mut other, table).await, of_other, "{table} for a stranger");
            assert!(rows(&mut owner, table).await >= 1, "{table} for its owner");
            assert!(rows(&mut host, table).await >= 1, "{table} for the host");
        }
        // Neither can a tenant's transaction write another's rows.
        let foreign = "INSERT INTO kv (tenant_id, plugin, scope_kind, scope_id, name, value)
            SELECT $1, 'p', 'execution', $1, 'n', '1'";
        let refused = sqlx::query(foreign).bind(own.tenant.uuid()).execute(&mut other).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("42501"));
        let stolen = sqlx::query("UPDATE entities SET attributes = '{}'").execute(&mut other).await.unwrap();
        assert_eq!(stolen.rows_affected(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_owner_who_may_not_create_roles_is_held_to_the_policies_too() {
    on_empty_postgres(|url| async move {
        let owner = plain_user(&url, "").await;
        let mut admin = PgConnection::connect(&url).await.unwrap();
        let (name, user): (String, String) =
            sqlx::query_as("SELECT current_database()::text, current_database()::text || '_user'")
                .fetch_one(&mut admin)
                .await
                .unwrap();
        let text = format!("ALTER DATABASE {name} OWNER TO {user}");
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        let bed = Bed::open(owner).await;
        let own = bed.owner().await;
        assert!(bed.db.execution(own.tenant, own.execution).await.unwrap().is_some());
        let mut connection = PgConnection::connect(&bed.url).await.unwrap();
        for table in FILLED {
            assert_eq!(rows(&mut connection, table).await, 0, "{table} for its owner without a tenant");
        }
        sqlx::raw_sql("SET stepwright.tenant = '*'").execute(&mut connection).await.unwrap();
        assert!(rows(&mut connection, "executions").await >= 1);
    })
    .await;
}

#[tokio::test]
async fn every_table_with_a_tenant_has_row_level_security_forced() {
    on_postgres(|bed| async move {
        let mut connection = PgConnection::connect(&bed.url).await.unwrap();
        let open: Vec<String> = sqlx::query_scalar(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
             WHERE a.attname = 'tenant_id' AND c.relkind = 'r'
             AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(open, Vec::<String>::new());
        // The host's own connections work as a role that neither owns the tables nor stands above the policies.
        let above: bool = sqlx::query_scalar(
            "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT FROM pg_tables WHERE tableowner = rolname)
             FROM pg_roles WHERE rolname = 'stepwright_app'",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert!(!above);
    })
    .await;
}
