//! `stepwright serve`: from a configuration to a host that answers, and back in order.

pub mod body;
pub mod http;
mod signals;

use crate::config::Config;
use crate::mail::MailOut;
use crate::outbound::Pump;
use crate::readiness::HostReadiness;
use crate::webhooks::WebhooksOut;
use crate::wiring::{self, Host};
use crate::{demo, output};
use anyhow::Context as _;
use signals::Signals;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use stepwright_api::kit::{ApiConfig, ApiParts, ApiState};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What is in flight gets this long at shutdown; with what comes after it stays within 10 s (source:
/// contracts/platform.md, command line).
const PATIENCE: Duration = Duration::from_secs(7);

/// Serves until a signal comes.
///
/// # Errors
/// When the host can't start.
pub async fn run(config: &Config, metrics: Arc<dyn Fn() -> String + Send + Sync>) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("could not listen for signals")?;
    // Before anything that takes time: a port in use should be known at once.
    let listener = listen(&config.listen).await?;
    let address = listener.local_addr().context("could not learn the address listened on")?;
    let host = wiring::assemble(config).await?;
    let running = Running::start(&host, config, listener, metrics)?;
    if let Some(file) = &host.token.file {
        tracing::info!(file = %file.display(), "the operator token stands in this file");
    }
    let sheet = if config.demo { Some(demo::prepare(&host, config, &running.api, address).await?) } else { None };
    output::say(format_args!("listening on http://{address}"));
    if let Some(sheet) = sheet {
        output::say(sheet);
    }
    let signal = signals.wait().await;
    tracing::info!(signal, "shutting down; a second signal ends at once");
    signals.exit_on_the_next();
    running.finish().await;
    host.database.close().await;
    tracing::info!("shut down");
    Ok(())
}

async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!("{address} is in use by another program; choose another with --listen"),
        ErrorKind::PermissionDenied => {
            anyhow::anyhow!("not allowed to listen on {address}; ports below 1024 need privileges")
        }
        _ => anyhow::anyhow!("could not listen on '{address}': {error}"),
    })
}

/// Everything that runs.
struct Running {
    app: stepwright_app::App,
    api: stepwright_api::kit::ApiService,
    connections: tokio::task::JoinHandle<TaskTracker>,
    background: stepwright_app::driver::Background,
    mail: Pump<MailOut>,
    webhooks: Pump<WebhooksOut>,
    loops: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    fn start(
        host: &Host,
        config: &Config,
        listener: TcpListener,
        metrics: Arc<dyn Fn() -> String + Send + Sync>,
    ) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let api = stepwright_api::router(ApiState::new(ApiParts {
            app: host.app.clone(),
            config: ApiConfig { trust_forwarded_for: config.trust_forwarded_for, ..ApiConfig::default() },
            readiness: Arc::new(HostReadiness::new(host.app.clone(), stop.clone())),
            metrics,
        }));
        let mail = Pump::new(
            MailOut::new(host.store(), Arc::clone(&host.clock), config.helo_name.clone()).waking(host.app.clone()),
            Arc::clone(&host.clock),
        );
        let webhooks = Pump::new(
            WebhooksOut::new(host.store(), Arc::clone(&host.clock), host.projections.clone())?,
            Arc::clone(&host.clock),
        );
        let background = host.app.run_background();
        let loops = TaskTracker::new();
        let beats = host.app.heartbeats();
        loops.spawn(mail.clone().run(Arc::clone(beats), stop.clone()));
        loops.spawn(webhooks.clone().run(Arc::clone(beats), stop.clone()));
        let connections = tokio::spawn(http::accept(listener, api.clone(), stop.clone()));
        Ok(Self { app: host.app.clone(), api, connections, background, mail, webhooks, loops, stop })
    }

    /// Lets nobody in, finishes or gives back what is in flight.
    async fn finish(self) {
        self.stop.cancel();
        self.app.stop_waiting();
        self.loops.close();
        let answered = async {
            let Ok(open) = self.connections.await else { return };
            if tokio::time::timeout(PATIENCE, open.wait()).await.is_err() {
                tracing::warn!(count = open.len(), "requests are cut off");
            }
        };
        let sent = async {
            // A look that is under way hands over what it has claimed before the lanes are emptied.
            let _ = tokio::time::timeout(PATIENCE / 2, self.loops.wait()).await;
            tokio::join!(self.mail.drain(PATIENCE / 2), self.webhooks.drain(PATIENCE / 2));
        };
        tokio::join!(answered, sent, self.background.drain(PATIENCE));
    }
}
