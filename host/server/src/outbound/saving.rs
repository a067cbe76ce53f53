//! Saving what became of something that has already left the host.

use std::time::Duration;
use stepwright_app::ports::{StoreError, StoreResult};

/// Pauses before another try. What was sent and can't be saved is sent again, so it is worth some patience.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// Saves, trying again while the database is away. The last error is logged.
pub async fn persistently<F: Future<Output = StoreResult<()>>>(what: &'static str, save: impl Fn() -> F) {
    for pause in PAUSES.iter().map(Some).chain([None]) {
        match (save().await, pause) {
            (Ok(()), _) => return,
            (Err(StoreError::Unavailable(_)), Some(pause)) => tokio::time::sleep(*pause).await,
            (Err(error), _) => {
                tracing::error!(what, %error, "the outcome could not be saved; it will be sent again");
                return;
            }
        }
    }
}
