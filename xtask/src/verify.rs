//! All that CI runs, the cheap steps first. Every step runs, also after a failure: one run shows all that is wrong.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cmd::{self, say};
use crate::{setup, test, tidy, workspace};

/// How a step ended that did not fail.
enum Done {
    Passed,
    /// Could not be done on this machine; the reason.
    Skipped(String),
}

struct Report {
    step: &'static str,
    took: Duration,
    result: Result<Done>,
}

type Step = (&'static str, fn() -> Result<Done>);

const STEPS: [Step; 7] = [
    ("format", || {
        cmd::run(&mut cmd::cargo(["fmt", "--all", "--check"]))?;
        Ok(Done::Passed)
    }),
    ("tidy", || tidy::run().map(|()| Done::Passed)),
    ("lock files", lock_files),
    ("policy", || deny(&["bans", "licenses", "sources"])),
    ("advisories", advisories),
    ("clippy", || {
        // Build scripts and tests may ask for the target.
        setup::ensure_target()?;
        let clippy = ["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"];
        cmd::run(&mut cmd::cargo(clippy))?;
        Ok(Done::Passed)
    }),
    ("test", || test::run(None).map(|()| Done::Passed)),
];

pub fn run() -> Result<()> {
    let mut reports = Vec::new();
    for (step, work) in STEPS {
        say!("── {step}");
        let started = Instant::now();
        let result = work();
        if let Err(error) = &result {
            say!("{step}: {error:#}");
        }
        reports.push(Report { step, took: started.elapsed(), result });
    }
    say!("{}", summary(&reports));
    let failed: Vec<&str> = reports.iter().filter(|report| report.result.is_err()).map(|report| report.step).collect();
    if !failed.is_empty() {
        bail!("verify: {} failed", failed.join(", "));
    }
    Ok(())
}

/// Few words, and none that a reader of test results could take for a test run's closing line.
fn summary(reports: &[Report]) -> String {
    let mut text = "verify, step by step:".to_owned();
    for Report { step, took, result } in reports {
        let word = match result {
            Ok(Done::Passed) => "ok".to_owned(),
            Ok(Done::Skipped(reason)) => format!("not done: {reason}"),
            Err(_) => "FAILED".to_owned(),
        };
        text.push_str(&format!("\n  {step:<12} {:>7.1} s  {word}", took.as_secs_f64()));
    }
    text
}

/// A lock file that cargo would have to change was not committed with its manifest.
fn lock_files() -> Result<Done> {
    for manifest in ["Cargo.toml", "tests/guests/Cargo.toml"] {
        let path = workspace::root().join(manifest);
        if path.is_file() {
            let mut command = cmd::cargo(["metadata", "--locked", "--format-version=1", "--manifest-path"]);
            cmd::run(command.arg(&path).stdout(Stdio::null()))?;
        }
    }
    Ok(Done::Passed)
}

fn deny(checks: &[&str]) -> Result<Done> {
    if !cmd::exists("cargo-deny", "--version") {
        return Ok(Done::Skipped("cargo-deny is not installed (cargo install --locked cargo-deny)".into()));
    }
    // Not the graphs: each of the many pairs of versions, which are fine, would come with its own.
    cmd::run(cmd::cargo(["deny", "check", "--hide-inclusion-graph"]).args(checks))?;
    Ok(Done::Passed)
}

/// Apart from the other checks, because only this one needs a database from outside. Where that can't be fetched, the
/// answer is unknown, not bad.
fn advisories() -> Result<Done> {
    if cmd::exists("cargo-deny", "--version") && !advisory_database_arrives() {
        return Ok(Done::Skipped("the advisory database can't be fetched here".into()));
    }
    deny(&["advisories"])
}

fn advisory_database_arrives() -> bool {
    let mut command: Command = cmd::cargo(["deny", "fetch", "db"]);
    command.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_has_a_line_for_each_step() {
        let report = |step, result| Report { step, took: Duration::from_millis(1500), result };
        let text = summary(&[
            report("format", Ok(Done::Passed)),
            report("policy", Ok(Done::Skipped("no tool".into()))),
            report("clippy", Err(anyhow::anyhow!("bad"))),
        ]);
        assert_eq!(
            text,
            "verify, step by step:\
             \n  format           1.5 s  ok\
             \n  policy           1.5 s  not done: no tool\
             \n  clippy           1.5 s  FAILED"
        );
    }
}
