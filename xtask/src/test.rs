//! Runs the tests with everything they need: components, the server's binary, a PostgreSQL.

use std::process::Command;

use anyhow::{Result, bail};

use crate::cmd::{self, say};
use crate::postgres::Postgres;
use crate::{plugins, setup, workspace};

/// The crates whose documentation has examples that must run.
const WITH_DOC_TESTS: [&str; 2] = ["stepwright-sdk", "stepwright-engine"];

pub fn run(filter: Option<&str>) -> Result<()> {
    setup::ensure_target()?;
    plugins::build(true)?;
    // One cargo run for the server's binary and all tests: with `-p stepwright-server` alone, cargo would choose fewer
    // features for the crates that server and tests share, and would then build those twice.
    say!("building the server and the tests");
    cmd::run(&mut cmd::cargo(["build", "--release", "--workspace", "--lib", "--bins", "--tests"]))?;

    // Kept to the end of the function, which on every path stops a temporary cluster.
    let postgres = Postgres::find()?;
    let target = workspace::members()?.target_directory;
    let prepare = |command: &mut Command| {
        postgres.announce(command);
        command.env("STEPWRIGHT_TARGET_DIR", &target);
    };

    let mut failures = Vec::new();
    // The documentation's tests come first, so that the last words are those of the suite itself.
    if filter.is_none() {
        let mut doc = cmd::cargo(["test", "--release", "--doc"]);
        for package in WITH_DOC_TESTS {
            doc.args(["-p", package]);
        }
        prepare(&mut doc);
        failures.extend(cmd::run(&mut doc).err());
    }
    let mut suite = suite(filter);
    prepare(&mut suite);
    failures.extend(cmd::run(&mut suite).err());

    if postgres.is_absent() {
        say!("the PostgreSQL tests did NOT run: there was no server");
    }
    if !failures.is_empty() {
        let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
        bail!(texts.join("\n"));
    }
    Ok(())
}

fn suite(filter: Option<&str>) -> Command {
    let mut command = if cmd::exists("cargo-nextest", "--version") {
        // A failure doesn't hide the ones after it, and a test that hangs ends before CI's time does.
        let mut nextest = cmd::cargo(["nextest", "run", "--release", "--workspace", "--no-fail-fast"]);
        let settings = workspace::root().join("xtask/nextest.toml");
        nextest.arg("--tool-config-file").arg(format!("stepwright:{}", settings.display()));
        nextest
    } else {
        say!("cargo-nextest is not installed; using cargo test");
        cmd::cargo(["test", "--release", "--workspace", "--no-fail-fast"])
    };
    // What was built above: no examples, which would be built for nothing, and not the documentation's tests.
    command.args(["--lib", "--bins", "--tests"]).args(filter);
    command
}
