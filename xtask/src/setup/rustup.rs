//! The usual way: rustup's own copy of the target.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{TARGET, Toolchain};
use crate::cmd::{self, say};

/// Behind some firewalls rustup neither fails nor ends. We give up when nothing has arrived for so long; a slow network
/// that still brings bytes may take its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks rustup for the target of exactly the toolchain in use.
pub fn add(toolchain: &Toolchain) -> Result<()> {
    if !cmd::exists("rustup", "--version") {
        bail!("rustup is not installed");
    }
    let home = PathBuf::from(cmd::capture(Command::new("rustup").args(["show", "home"]))?.trim_end());
    let name = toolchain
        .sysroot
        .strip_prefix(home.join("toolchains"))
        .ok()
        .with_context(|| format!("{} is not a toolchain of rustup's", toolchain.sysroot.display()))?;

    let mut command = Command::new("rustup");
    command.args(["target", "add", "--toolchain"]).arg(name).arg(TARGET);
    say!("running `{}` (giving up after {} s in which nothing arrives)", cmd::line(&command), PATIENCE.as_secs());
    let mut child = command.spawn().with_context(|| format!("could not start `{}`", cmd::line(&command)))?;
    let watched = [home.join("downloads"), home.join("tmp"), toolchain.target_dir()];
    match wait_while_busy(&mut child, PATIENCE, || watched.iter().map(|path| size(path)).sum())? {
        Some(status) => cmd::check(&command, status),
        None => bail!("`{}` got nothing from its server for {} s", cmd::line(&command), PATIENCE.as_secs()),
    }
}

/// Waits for the child as long as `progress` keeps changing. `None`: it stood still for too long, and was killed.
fn wait_while_busy(child: &mut Child, patience: Duration, progress: impl Fn() -> u64) -> Result<Option<ExitStatus>> {
    let mut seen = progress();
    let mut since = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let now = progress();
        if now != seen {
            seen = now;
            since = Instant::now();
        }
        if since.elapsed() >= patience {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The bytes below a path. What vanishes while we look counts as nothing.
fn size(path: &Path) -> u64 {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return 0;
    };
    if !meta.is_dir() {
        return meta.len();
    }
    let Ok(entries) = fs::read_dir(path) else {
        return 0;
    };
    entries.flatten().map(|entry| size(&entry.path())).sum()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_child_that_stands_still_is_killed() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let started = Instant::now();
        let ended = wait_while_busy(&mut child, Duration::from_millis(300), || 7).unwrap();
        assert!(ended.is_none());
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_child_that_makes_progress_may_outlast_our_patience() {
        let mut child = Command::new("sleep").arg("1").spawn().unwrap();
        let ticks = Cell::new(0);
        let ended = wait_while_busy(&mut child, Duration::from_millis(500), || {
            ticks.set(ticks.get() + 1);
            ticks.get()
        });
        assert!(ended.unwrap().unwrap().success());
    }
}
