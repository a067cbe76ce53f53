//! Starting what was built: the server and the benchmarks.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::postgres::Postgres;
use crate::{cmd, plugins, setup, workspace};

/// Builds server and plugins, then becomes the server.
pub fn serve(args: &[String]) -> Result<()> {
    setup::ensure_target()?;
    plugins::build(false)?;
    // Features are unified over the whole workspace, so that `serve` and `test` share every artefact.
    cmd::run(&mut cmd::cargo(["build", "--release", "--workspace", "--bin", "stepwright"]))?;

    let server = workspace::members()?.target_directory.join("release/stepwright");
    let mut command = Command::new(&server);
    command.arg("serve").args(args);
    cmd::without_our_own_package(&mut command);
    // exec, not spawn: signals and the exit code are then the server's own.
    let error = command.exec();
    Err(error).with_context(|| format!("could not start `{}`", cmd::line(&command)))
}

/// Builds plugins and guests, then hands over to the benchmark program.
pub fn bench(args: &[String]) -> Result<()> {
    setup::ensure_target()?;
    plugins::build(true)?;
    // The examples measure inside a crate; built together, everything shares its artefacts.
    cmd::run(&mut cmd::cargo(["build", "--release", "--workspace", "--bins", "--examples"]))?;
    // Kept until the end: a temporary cluster stops with it.
    let postgres = Postgres::find()?;
    let target = workspace::members()?.target_directory;
    let mut command = Command::new(target.join("release/stepwright-bench"));
    command.arg("--target").arg(&target).args(args);
    postgres.announce(&mut command);
    cmd::run(&mut command)
}
