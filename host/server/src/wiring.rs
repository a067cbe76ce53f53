//! Where concrete types meet: the application out of store, sandbox, dialects and adapters.

use crate::adapters::{SystemClock, ThreadRandom, TimeOrderedIds};
use crate::builtins::{self, Components};
use crate::config::Config;
use crate::mcp::McpServers;
use crate::models::Models;
use crate::token::{self, OperatorToken};
use anyhow::Context as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use stepwright_app::ports::{ComponentSource, Sandbox, Store, WebhookProjection};
use stepwright_app::{App, AppConfig, Parts, SecretHash};
use stepwright_engine::NodeInstanceId;
use stepwright_engine::time::Clock;
use stepwright_sandbox::{CompileMode, MacKey, SandboxConfig, WasmSandbox};
use stepwright_store::{Database, StoreOptions};

/// The lease holder of every host that has its database to itself.
const EMBEDDED_HOST: NodeInstanceId = NodeInstanceId::from_uuid(uuid::Uuid::max());

/// The host, put together; nothing runs yet.
pub struct Host {
    pub app: App,
    pub database: Database,
    pub sandbox: Arc<WasmSandbox>,
    pub clock: Arc<dyn Clock>,
    pub projections: Vec<Arc<dyn WebhookProjection>>,
    pub token: OperatorToken,
}

impl Host {
    /// The store as the port.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.database.clone())
    }
}

/// Opens what `config` names and puts the host together.
///
/// # Errors
/// One that says what an operator can do about it.
pub async fn assemble(config: &Config) -> anyhow::Result<Host> {
    builtins::check_embedded()?;
    config.prepare_data_dir()?;
    let token = token::operator_token(config.admin_token.as_deref(), &config.data_dir, &ThreadRandom)?;
    let database = open_database(config).await?;
    let store: Arc<dyn Store> = Arc::new(database.clone());
    let sandbox = Arc::new(open_sandbox(config, Arc::new(Components::new(Arc::clone(&store))))?);
    builtins::keep(&*store).await?;
    let builtins = builtins::load(&*sandbox, &config.cache_dir()).await?;
    builtins::preload(&sandbox, &builtins).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let projections: Vec<Arc<dyn WebhookProjection>> = vec![
        Arc::new(stepwright_api::softsolz::Projection),
        Arc::new(stepwright_api::smartmca::Projection),
        Arc::new(stepwright_api::hydracore::Projection),
        Arc::new(stepwright_api::platform::Projection),
    ];
    let parts = Parts {
        store,
        sandbox: Arc::clone(&sandbox) as Arc<dyn Sandbox>,
        clock: Arc::clone(&clock),
        ids: Arc::new(TimeOrderedIds),
        random: Arc::new(ThreadRandom),
        models: Arc::new(Models::new().context("could not set up the client of language models")?),
        mcp: Arc::new(McpServers::new().context("could not set up the client of MCP servers")?),
        projections: projections.clone(),
        builtins,
    };
    // An embedded database has one host, so what its last process held when it died is this one's at once.
    let embedded = config.database_url().starts_with("sqlite:");
    let node = if embedded { EMBEDDED_HOST } else { NodeInstanceId::fresh(&TimeOrderedIds) };
    let app = App::new(parts, AppConfig::new(node, SecretHash::of(&token.text)));
    if embedded {
        let recovered = app.recover_leases().await.context("could not take over the last process's executions")?;
        if recovered > 0 {
            tracing::info!(recovered, "executions of a process that died are taken up again");
        }
    }
    Ok(Host { app, database, sandbox, clock, projections, token })
}

/// Connects and applies pending migrations.
///
/// # Errors
/// When the database can't be reached or is of another version.
pub async fn open_database(config: &Config) -> anyhow::Result<Database> {
    if config.database_url.is_none() {
        config.prepare_data_dir()?;
        make_private(&config.database_file())?;
    }
    let database = connect(config).await?;
    let shown = config.shown_database_url();
    database.migrate().await.with_context(|| format!("could not bring the database {shown} up to date"))?;
    Ok(database)
}

/// Connects, and leaves everything as it is.
///
/// # Errors
/// When the database can't be reached.
pub async fn connect(config: &Config) -> anyhow::Result<Database> {
    let url = config.checked_database_url()?;
    let shown = config.shown_database_url();
    Database::connect(&url, &StoreOptions::default())
        .await
        .with_context(|| format!("could not open the database {shown}"))
}

/// The database holds tenants' secrets: its file, and those SQLite makes beside it with the same mode, are for the
/// host's user only. SQLite takes an empty file for a new database.
fn make_private(file: &Path) -> anyhow::Result<()> {
    let made = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file);
    made.map(drop).with_context(|| format!("could not open the database file {}", file.display()))
}

/// A sandbox over the data directory's cache, whose components are compiled by this program as a child.
///
/// # Errors
/// When the machine can't run it.
pub fn open_sandbox(config: &Config, source: Arc<dyn ComponentSource>) -> anyhow::Result<WasmSandbox> {
    let program = std::env::current_exe().context("could not find this program's own file")?;
    let compile = CompileMode::ChildProcess { program, args: vec!["compile-component".into()] };
    let cache = config.cache_dir();
    let key = MacKey::File(config.data_dir.join("compile-key"));
    WasmSandbox::new(SandboxConfig::new(cache.join("components"), key, compile), source)
        .context("could not set up the sandbox")
}
