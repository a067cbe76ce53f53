//! `cargo xtask bench`: what the host costs, as ratios within one run and as figures of a whole server over HTTP.
//!
//! Nothing here asserts a time; it prints JSON to standard output and progress to standard error.

mod client;
mod database;
mod flows;
mod host;
mod load;
mod probes;
mod process;
mod records;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Measures a release build of the host. Build guests and server first (`cargo xtask bench` does).
#[derive(Parser)]
struct Args {
    /// What to measure; everything when none is given.
    #[arg(value_enum)]
    what: Vec<What>,
    /// Flows per throughput measurement.
    #[arg(long, default_value_t = 6_000)]
    flows: u64,
    /// Flows put into the database before measuring again; 0 leaves that part out.
    #[arg(long, default_value_t = 100_000)]
    fill: u64,
    /// Records of one tenant over which lists are measured; the same lists over 10,000 are the yardstick.
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// Concurrencies tried for the best throughput.
    #[arg(long, value_delimiter = ',', default_value = "16,64,128,256")]
    concurrency: Vec<usize>,
    /// Seconds of the 10-per-second latency measurement.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// A PostgreSQL server's admin URL; that database is left out without one.
    #[arg(long, env = "STEPWRIGHT_TEST_DATABASE_URL")]
    postgres: Option<String>,
    /// Where the built server and guests lie.
    #[arg(long, default_value = "target")]
    target: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// One step call against bare wasmtime.
    Call,
    /// Commits against a bare batch loop, on both databases.
    Commit,
    /// Whole flows over HTTP on SQLite.
    Sqlite,
    /// Whole flows over HTTP on PostgreSQL.
    Postgres,
    /// HydraCore records: 32 clients at one record against 32 records, lists over many records against few.
    Records,
    /// Start-up time and idle memory.
    Start,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let wanted = |what| args.what.is_empty() || args.what.contains(&what);
    let mut report = serde_json::Map::new();
    if wanted(What::Call) {
        report.insert("call".into(), probes::example(&args.target, "call_ratio", &[])?);
    }
    if wanted(What::Commit) {
        report.insert("commit".into(), probes::commits(&args)?);
    }
    if wanted(What::Start) {
        report.insert("start".into(), host::start_up(&args.target).await?);
    }
    if wanted(What::Sqlite) {
        report.insert("flows_sqlite".into(), flows::measure(&args, None).await?);
    }
    if wanted(What::Postgres) {
        let measured = match &args.postgres {
            Some(url) => flows::measure(&args, Some(url)).await?,
            None => json!("left out: no --postgres URL"),
        };
        report.insert("flows_postgres".into(), measured);
    }
    if wanted(What::Records) {
        report.insert("records_sqlite".into(), records::measure(&args, None).await?);
        if let Some(url) = &args.postgres {
            report.insert("records_postgres".into(), records::measure(&args, Some(url)).await?);
        }
    }
    print(&Value::Object(report))
}

#[expect(clippy::print_stdout, reason = "the report is this program's output")]
fn print(report: &Value) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(report)?);
    Ok(())
}
