//! A server process under measurement.

use crate::process;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The operator token of measured servers.
pub const TOKEN: &str = "bench-operator-token";

/// A running server; killed when dropped.
pub struct Host {
    child: Child,
    pub address: String,
    /// From the start of the process to the line that says it listens.
    pub ready: Duration,
}

impl Host {
    /// Starts the server on a free port.
    pub fn start(target: &Path, data_dir: &Path, database: Option<&str>) -> Result<Self> {
        let binary: PathBuf = target.join("release/stepwright");
        let mut command = Command::new(&binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .env("STEPWRIGHT_ADMIN_TOKEN", TOKEN)
            .env("RUST_LOG", "warn")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        if let Some(url) = database {
            command.args(["--database-url", url]);
        }
        let begun = Instant::now();
        let mut child = command.spawn().with_context(|| format!("start {}", binary.display()))?;
        let stdout = child.stdout.take().context("the server's standard output")?;
        for line in BufReader::new(stdout).lines() {
            if let Some(address) = line?.strip_prefix("listening on http://") {
                return Ok(Self { child, address: address.to_owned(), ready: begun.elapsed() });
            }
        }
        bail!("the server ended before it listened: {}", child.wait()?)
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Start to ready with an empty and with a warm cache, and memory after two idle seconds.
pub async fn start_up(target: &Path) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let cold = Host::start(target, dir.path(), None)?.ready;
    let mut warm = Vec::new();
    let mut idle = 0.0;
    for _ in 0..5 {
        let host = Host::start(target, dir.path(), None)?;
        warm.push(host.ready.as_millis() as u64);
        tokio::time::sleep(Duration::from_secs(2)).await;
        idle = process::memory_mb(host.pid())?.0;
    }
    warm.sort_unstable();
    Ok(
        json!({ "cold_ms": cold.as_millis() as u64, "warm_ms_median": warm[warm.len() / 2], "warm_ms": warm, "idle_rss_mb": idle }),
    )
}
