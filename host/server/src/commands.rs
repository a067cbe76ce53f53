//! The commands: from arguments to an exit code.

use crate::cli::{CommonArgs, ServeArgs};
use crate::config::Config;
use crate::telemetry::Telemetry;
use crate::{doctor, output, serve, wiring};
use anyhow::Context as _;
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long threads that still block (a look-up, a look at a file) may hold up the end of the process.
const LAST_THREADS: Duration = Duration::from_millis(200);

/// `stepwright serve`.
///
/// # Errors
/// When the host can't start.
pub fn serve(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(args, variable)?;
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let telemetry = Telemetry::start(&config)?;
        let ended = serve::run(&config, telemetry.renderer()).await;
        telemetry.finish().await;
        ended
    });
    runtime.shutdown_timeout(LAST_THREADS);
    ended.map(|()| ExitCode::SUCCESS)
}

/// `stepwright migrate`.
///
/// # Errors
/// When the database can't be reached or brought up to date.
pub fn migrate(args: &CommonArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load_common(args, variable)?;
    Telemetry::start_logs(&config)?;
    runtime()?.block_on(async {
        let database = wiring::open_database(&config).await?;
        database.close().await;
        output::say(format_args!("the database is up to date: {}", config.shown_database_url()));
        Ok(ExitCode::SUCCESS)
    })
}

/// `stepwright doctor`.
///
/// # Errors
/// When the configuration can't be read.
pub fn doctor(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(args, variable)?;
    Telemetry::start_logs(&config)?;
    let runtime = runtime()?;
    let healthy = runtime.block_on(doctor::run(&config));
    runtime.shutdown_timeout(LAST_THREADS);
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `stepwright compile-component`: no runtime, no configuration, no logs; the worker limits itself first of all.
pub fn compile_component() -> ExitCode {
    let status = stepwright_sandbox::compile_worker_main();
    u8::try_from(status).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("could not start the runtime")
}

/// The environment is read here and in the command line's parser, nowhere else.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
