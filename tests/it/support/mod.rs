pub mod client;
pub mod data;
pub mod host;
pub mod mcp;
pub mod model;
pub mod postgres;
pub mod process;
pub mod sink;
pub mod smtp;

pub use client::{Answer, Client};
pub use host::TestHost;

/// Waits until `probe` gives something, looking often; panics after thirty seconds. For what a background loop does by
/// itself; simulated time is moved by `TestHost::advance`, not by this.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut probe: impl FnMut() -> F) -> T {
    let give_up = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(std::time::Instant::now() < give_up, "{what} did not happen");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
