//! Starting what was built: the server and the benchmarks.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};

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
    cmd::run(cmd::cargo(["run", "--release", "--workspace", "--bin", "stepwright-bench", "--"]).args(args))
}
