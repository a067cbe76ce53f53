//! What the host tells about itself: logs on standard error, metrics for Prometheus, traces for a collector.

mod logs;
mod measures;
mod traces;

use crate::config::Config;
use measures::Measures;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How long the last traces may take to be sent at shutdown.
const LAST_TRACES: Duration = Duration::from_secs(2);

/// Running telemetry.
pub struct Telemetry {
    measures: Measures,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts everything. Once per process, inside the runtime.
    ///
    /// # Errors
    /// When the log filter or the collector's URL can't be read.
    pub fn start(config: &Config) -> anyhow::Result<Self> {
        let traces = config.otlp_endpoint.as_deref().map(traces::provider).transpose()?;
        tracing_subscriber::registry()
            .with(logs::layer(&config.log, config.log_format)?)
            .with(traces.as_ref().map(traces::layer))
            .try_init()?;
        Ok(Self { measures: Measures::install()?, traces })
    }

    /// Logs only, for commands that don't serve.
    ///
    /// # Errors
    /// When the log filter can't be read.
    pub fn start_logs(config: &Config) -> anyhow::Result<()> {
        Ok(tracing_subscriber::registry().with(logs::layer(&config.log, config.log_format)?).try_init()?)
    }

    /// What `/metrics` answers.
    pub fn renderer(&self) -> Arc<dyn Fn() -> String + Send + Sync> {
        self.measures.renderer()
    }

    /// Sends what has been recorded but not sent.
    pub async fn finish(self) {
        let Some(traces) = self.traces else { return };
        let flushed = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(LAST_TRACES));
        match tokio::time::timeout(LAST_TRACES, flushed).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the last traces were not sent"),
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not sent"),
            Err(_) => tracing::warn!("the last traces were not sent in time"),
        }
    }
}
