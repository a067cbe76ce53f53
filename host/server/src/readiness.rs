//! What `/readyz` asks.

use async_trait::async_trait;
use std::time::Duration;
use stepwright_api::kit::Readiness;
use stepwright_app::App;
use tokio_util::sync::CancellationToken;

/// A database that needs longer than this is not up.
const DATABASE_PATIENCE: Duration = Duration::from_secs(2);
/// How far behind its own announcement a loop may be.
const LOOP_GRACE: Duration = Duration::from_secs(30);

/// The parts a host needs to be of use.
pub struct HostReadiness {
    app: App,
    stopping: CancellationToken,
}

impl HostReadiness {
    /// Not ready any more from the moment `stopping` is cancelled.
    pub fn new(app: App, stopping: CancellationToken) -> Self {
        Self { app, stopping }
    }

    async fn database(&self) -> Option<String> {
        match tokio::time::timeout(DATABASE_PATIENCE, self.app.ping()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {} s", DATABASE_PATIENCE.as_secs())),
        }
    }

    fn plugins(&self) -> Option<String> {
        let missing = crate::builtins::EXPECTED.len().saturating_sub(self.app.builtins().len());
        (missing > 0).then(|| format!("{missing} built-in plugins are not loaded"))
    }

    fn scheduler(&self) -> Option<String> {
        if self.stopping.is_cancelled() {
            return Some("the host is shutting down".into());
        }
        let late = self.app.heartbeats().late(self.app.now(), LOOP_GRACE);
        (!late.is_empty()).then(|| format!("no sign of life from: {}", late.join(", ")))
    }
}

#[async_trait]
impl Readiness for HostReadiness {
    async fn parts(&self) -> Vec<(&'static str, Option<String>)> {
        vec![("database", self.database().await), ("plugins", self.plugins()), ("scheduler", self.scheduler())]
    }
}
