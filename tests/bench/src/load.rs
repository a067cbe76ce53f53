//! Load: a closed loop for throughput, an open loop for latency at a low rate.

use crate::client::Client;
use anyhow::{Result, bail};
use bytes::Bytes;
use http::Method;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How flows are started.
#[derive(Clone)]
pub struct Target {
    pub address: String,
    pub token: String,
    pub path: String,
    /// Taken in turns.
    pub bodies: Arc<[Bytes]>,
    /// What every answer must have.
    pub status: u16,
    pub marks: &'static [&'static [u8]],
}

/// Latencies in milliseconds, sorted, and the time all of it took.
pub struct Measured {
    pub latencies: Vec<f64>,
    pub elapsed: Duration,
}

impl Measured {
    /// The latency that this share of the flows stayed below.
    pub fn percentile(&self, share: f64) -> f64 {
        let index = ((self.latencies.len() as f64 - 1.0) * share).round() as usize;
        self.latencies.get(index).copied().unwrap_or(0.0)
    }
}

async fn one_flow(client: &mut Client, target: &Target, turn: u64) -> Result<()> {
    let turn = usize::try_from(turn)? % target.bodies.len();
    let (status, body) =
        client.send(Method::POST, &target.path, "application/json", target.bodies[turn].clone()).await?;
    if status != target.status || !target.marks.iter().all(|mark| contains(&body, mark)) {
        bail!("a flow answered {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(())
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|w| w == part)
}

/// `flows` flows by `concurrency` connections, each sending the next as soon as the last has ended.
pub async fn closed(target: &Target, concurrency: usize, flows: u64, what: &str) -> Result<Measured> {
    let bar = ProgressBar::new(flows).with_style(
        ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} {per_sec} eta {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.set_message(format!("{what} c={concurrency}"));
    let left = Arc::new(AtomicU64::new(flows));
    let begun = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..concurrency {
        let (target, left, bar) = (target.clone(), Arc::clone(&left), bar.clone());
        workers.spawn(async move {
            let mut client = Client::connect(&target.address, &target.token).await?;
            let mut latencies = Vec::new();
            while let Ok(turn) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)) {
                let sent = Instant::now();
                one_flow(&mut client, &target, turn).await?;
                latencies.push(sent.elapsed().as_secs_f64() * 1e3);
                bar.inc(1);
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = workers.join_next().await {
        latencies.extend(done??);
    }
    let elapsed = begun.elapsed();
    bar.finish_and_clear();
    latencies.sort_by(f64::total_cmp);
    Ok(Measured { latencies, elapsed })
}

/// One flow every `1 / rate` seconds whatever the earlier ones do; latency counts from the scheduled instant.
pub async fn open(target: &Target, rate: u64, duration: Duration) -> Result<Measured> {
    let period = Duration::from_secs(1) / u32::try_from(rate)?;
    let count = duration.as_secs() * rate;
    let begun = Instant::now();
    let mut flows = tokio::task::JoinSet::new();
    let pool: Arc<tokio::sync::Mutex<Vec<Client>>> = Arc::default();
    for i in 0..count {
        let scheduled = begun + period * u32::try_from(i)?;
        let (target, pool) = (target.clone(), Arc::clone(&pool));
        tokio::time::sleep_until(scheduled.into()).await;
        flows.spawn(async move {
            let idle = pool.lock().await.pop();
            let mut client = match idle {
                Some(client) => client,
                None => Client::connect(&target.address, &target.token).await?,
            };
            one_flow(&mut client, &target, i).await?;
            let latency = scheduled.elapsed().as_secs_f64() * 1e3;
            pool.lock().await.push(client);
            anyhow::Ok(latency)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = flows.join_next().await {
        latencies.push(done??);
    }
    latencies.sort_by(f64::total_cmp);
    Ok(Measured { latencies, elapsed: begun.elapsed() })
}
