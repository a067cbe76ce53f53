//! Numbers for Prometheus. Who counts something names it; here stands only how it is shown.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::Arc;
use std::time::Duration;

/// Bucket bounds of everything that ends in `_seconds`: from a cached look-up to a caller that waits a minute.
const SECONDS: [f64; 15] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
/// How often the recorder tidies up; without it samples pile up between two scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// The installed recorder.
pub struct Measures {
    handle: PrometheusHandle,
}

impl Measures {
    /// Makes this the process's recorder.
    ///
    /// # Errors
    /// When there is one already.
    pub fn install() -> anyhow::Result<Self> {
        let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?;
        let handle = builder.install_recorder()?;
        describe();
        let tidied = handle.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                tidied.run_upkeep();
            }
        });
        Ok(Self { handle })
    }

    /// What `/metrics` answers.
    pub fn renderer(&self) -> Arc<dyn Fn() -> String + Send + Sync> {
        let handle = self.handle.clone();
        Arc::new(move || handle.render())
    }
}

fn describe() {
    metrics::describe_gauge!("stepwright_build_info", "Always 1; the version is a label.");
    metrics::gauge!("stepwright_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    metrics::describe_counter!("http_requests_total", "Requests answered.");
    metrics::describe_histogram!("http_request_duration_seconds", "Time until the answer's head was ready.");
    metrics::describe_counter!("stepwright_executions_started_total", "Executions started.");
    metrics::describe_counter!("stepwright_steps_total", "Step invocations by outcome.");
    metrics::describe_histogram!("stepwright_step_seconds", "Wall time of step invocations.");
    metrics::describe_counter!("stepwright_mail_attempts_total", "Attempts to send a mail, by the state they led to.");
    metrics::describe_counter!(
        "stepwright_webhook_attempts_total",
        "Attempts to deliver a webhook, by the state they led to."
    );
    metrics::describe_gauge!("stepwright_http_connections", "Open HTTP connections.");
}
