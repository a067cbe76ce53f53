//! The pump: looks for due work, sends it through the lanes, and stops in order.

use super::Outbound;
use super::lanes::{Admission, Lanes};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use stepwright_app::Heartbeats;
use stepwright_app::ports::StoreResult;
use stepwright_engine::Timestamp;
use stepwright_engine::time::Clock;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Items claimed in one look.
const CLAIM_BATCH: usize = 64;
/// How often the outbox is looked at when nothing is known to be due.
const POLL: Duration = Duration::from_millis(500);
/// Leases last for this many of the longest sendings: a lane sends what waits in it one after the other.
const LEASE_ROUNDS: u32 = 3;

/// What sending an item has shown about the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// It answers.
    Go,
    /// It doesn't: what waits for it need not be tried now.
    Rest(Duration),
}

/// What a look has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub claimed: usize,
    /// There may be more.
    pub full: bool,
}

/// Sends one kind of work. Cheap to clone.
pub struct Pump<O: Outbound> {
    inner: Arc<Inner<O>>,
}

struct Inner<O: Outbound> {
    outbound: O,
    clock: Arc<dyn Clock>,
    lanes: Lanes<O::Lane, (O::Item, Timestamp)>,
    tasks: TaskTracker,
    /// A lane has run empty: there is room, and what waited for its order behind what was sent can be claimed.
    ready: Notify,
}

impl<O: Outbound> Clone for Pump<O> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<O: Outbound> Pump<O> {
    pub fn new(outbound: O, clock: Arc<dyn Clock>) -> Self {
        let inner =
            Inner { outbound, clock, lanes: Lanes::new(O::LIMITS), tasks: TaskTracker::new(), ready: Notify::new() };
        Self { inner: Arc::new(inner) }
    }

    /// Claims what is due and starts sending it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn look(&self) -> StoreResult<Look> {
        let inner = &self.inner;
        let now = inner.clock.now();
        let batch = inner.lanes.free(now).min(CLAIM_BATCH);
        if batch == 0 {
            return Ok(Look { claimed: 0, full: false });
        }
        let until = now + O::LONGEST * LEASE_ROUNDS;
        let items = inner.outbound.claim(now, until, u32::try_from(batch).unwrap_or(u32::MAX)).await?;
        let claimed = items.len();
        for item in items {
            let lane = inner.outbound.lane(&item);
            match inner.lanes.admit(&lane, (item, until), now) {
                Admission::Start => drop(inner.tasks.spawn(self.clone().work(lane))),
                Admission::Waits => {}
                Admission::PutOff { item: (item, _), until } => inner.outbound.put_off(item, until).await,
            }
        }
        Ok(Look { claimed, full: claimed == batch })
    }

    /// Claims what is due, sends it and waits until all of it has come to an end.
    ///
    /// # Errors
    /// As for [`Self::look`].
    pub async fn once(&self) -> StoreResult<usize> {
        let look = self.look().await?;
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        self.inner.tasks.reopen();
        Ok(look.claimed)
    }

    async fn work(self, lane: O::Lane) {
        let inner = &self.inner;
        while let Some((item, until)) = inner.lanes.next(&lane) {
            let now = inner.clock.now();
            // Another host may take it over soon: sending it now could be sending it twice.
            if now + O::LONGEST > until {
                continue;
            }
            let begun = tokio::time::Instant::now();
            let pass = AssertUnwindSafe(inner.outbound.send(item)).catch_unwind().await.unwrap_or_else(|_| {
                tracing::error!(kind = O::NAME, "sending panicked; the item is tried again when its lease has run out");
                Pass::Go
            });
            inner.lanes.paced(&lane, begun.elapsed());
            if let Pass::Rest(pause) = pass {
                let now = inner.clock.now();
                for ((item, _), until) in inner.lanes.rest(&lane, now + pause, now) {
                    inner.outbound.put_off(item, until).await;
                }
            }
        }
        inner.ready.notify_one();
    }

    /// Looks until told to stop.
    pub async fn run(self, beats: Arc<Heartbeats>, stop: CancellationToken) {
        let mut failures = 0u32;
        while !stop.is_cancelled() {
            let wait = match self.look().await {
                Ok(look) => {
                    if failures > 0 {
                        tracing::info!(kind = O::NAME, failures, "the outbox can be read again");
                    }
                    failures = 0;
                    if look.full { Duration::ZERO } else { POLL }
                }
                Err(error) => {
                    failures += 1;
                    if failures == 1 {
                        tracing::warn!(kind = O::NAME, %error, "the outbox could not be read; it goes on trying");
                    }
                    POLL * failures.min(20)
                }
            };
            let now = self.inner.clock.now();
            beats.beat(O::NAME, now + wait);
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.inner.ready.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// After [`Self::run`] has ended: gives back what waits, and lets what is being sent come to an end until `patience`
    /// is over. What is cut off then is tried again when its lease has run out.
    pub async fn drain(&self, patience: Duration) {
        let inner = &self.inner;
        let now = inner.clock.now();
        for (item, _) in inner.lanes.take_waiting() {
            inner.outbound.put_off(item, now).await;
        }
        inner.tasks.close();
        if tokio::time::timeout(patience, inner.tasks.wait()).await.is_err() {
            tracing::warn!(
                kind = O::NAME,
                count = inner.tasks.len(),
                "still sending at shutdown; it may be sent again"
            );
        }
    }
}
