//! `cargo xtask bench`: what the host costs, as ratios within one run and as figures of a whole server over HTTP.
//!
//! Nothing here asserts a time; it prints JSON to standard output and progress to standard error. A part that fails is
//! an `error` in the JSON; the others stay, and the exit status says that not everything went well.

mod agents;
mod client;
mod database;
mod decision;
mod epilot;
mod filling;
mod flows;
mod host;
mod load;
mod probes;
mod process;
mod records;
mod report;

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use report::Report;
use serde_json::json;
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
    /// Executions of one epilot tenant among which a flow is read and changed; the same among 100 is the yardstick.
    #[arg(long, default_value_t = 100_000)]
    executions: u64,
    /// Records of one tenant over which lists are measured; the same lists over 10,000 are the yardstick.
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// Runs of agents that wait for a person.
    #[arg(long, default_value_t = 10_000)]
    waiting: usize,
    /// Concurrencies tried for the best throughput.
    #[arg(long, value_delimiter = ',', default_value = "16,64,128,256")]
    concurrency: Vec<usize>,
    /// Seconds of the 10-per-second latency measurement.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// A PostgreSQL server's admin URL; that database is left out without one.
    #[arg(long, env = "STEPWRIGHT_TEST_DATABASE_URL")]
    postgres: Option<String>,
    /// A file that holds the report so far, written after every figure.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where the built server and guests lie.
    #[arg(long, default_value = "target")]
    target: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// One step call against bare wasmtime.
    Call,
    /// A decision of a flow through the sandbox against the same operators linked natively.
    Decision,
    /// A flow of a hundred tasks over the epilot API, in a small and in a large tenant, on both databases.
    Epilot,
    /// Commits against a bare batch loop, on both databases.
    Commit,
    /// Whole flows over HTTP on SQLite.
    Sqlite,
    /// Whole flows over HTTP on PostgreSQL.
    Postgres,
    /// HydraCore records: 32 clients at one record against 32 records, lists over many records against few.
    Records,
    /// Runs of agents: the journal of a long conversation, runs that wait for a person, going on after the answer.
    Agents,
    /// Start-up time and idle memory.
    Start,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let wanted = |what| args.what.is_empty() || args.what.contains(&what);
    let mut report = Report::new(args.out.clone());
    if wanted(What::Call) {
        report.part("call", async |part| part.whole(probes::example(&args.target, "call_ratio", &[])?)).await?;
    }
    if wanted(What::Decision) {
        report.part("decision", async |part| part.whole(decision::measure(&args).await?)).await?;
    }
    if wanted(What::Commit) {
        report.part("commit", async |part| probes::commits(&args, part)).await?;
    }
    if wanted(What::Start) {
        report.part("start", async |part| part.whole(host::start_up(&args.target).await?)).await?;
    }
    if wanted(What::Sqlite) {
        report.part("flows_sqlite", async |part| flows::measure(&args, None, part).await).await?;
    }
    if wanted(What::Postgres) {
        report
            .part("flows_postgres", async |part| match &args.postgres {
                Some(url) => flows::measure(&args, Some(url), part).await,
                None => part.whole(json!("left out: no --postgres URL")),
            })
            .await?;
    }
    if wanted(What::Records) {
        report.part("records_sqlite", async |part| part.whole(records::measure(&args, None).await?)).await?;
        report
            .part("records_postgres", async |part| match &args.postgres {
                Some(url) => part.whole(records::measure(&args, Some(url)).await?),
                None => part.whole(json!("left out: no --postgres URL")),
            })
            .await?;
    }
    if wanted(What::Agents) {
        report.part("agents", async |part| agents::measure(&args, part).await).await?;
    }
    if wanted(What::Epilot) {
        report
            .part("epilot", async |part| {
                epilot::measure(&args, None, part).await?;
                match &args.postgres {
                    Some(url) => epilot::measure(&args, Some(url), part).await,
                    None => part.set("postgres", json!("left out: no --postgres URL")),
                }
            })
            .await?;
    }
    print(&report.text()?);
    ensure!(!report.has_failed(), "not every part could be measured; see `error` in the report");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the report is this program's output")]
fn print(report: &str) {
    println!("{report}");
}
