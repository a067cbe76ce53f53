//! Packages from PyPI, each in an environment of its own that is made once and kept in the target folder.

use crate::support::process::target_dir;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

/// A Python with the package; `None` where there is no Python, or the package cannot be had. Says so, too, for whoever
/// reads what the tests print.
pub fn with(package: &str, version: &str) -> Option<PathBuf> {
    let found = installed(package, version);
    if found.is_none() {
        eprintln!("\n*** NOT TESTED: python3 with venv, or the package {package} {version}, cannot be had here ***\n");
    }
    found
}

fn installed(package: &str, version: &str) -> Option<PathBuf> {
    let venv = target_dir().join(format!("clients/{package}-{version}"));
    let python = venv.join("bin/python");
    let import = format!("import {package}");
    let works =
        |python: &PathBuf| Command::new(python).args(["-c", &import]).output().is_ok_and(|o| o.status.success());
    if works(&python) {
        return Some(python);
    }
    // Tests are processes of their own, and two of them may want the same package.
    std::fs::create_dir_all(venv.parent()?).ok()?;
    let turn = File::create(venv.with_extension("lock")).ok()?;
    turn.lock().ok()?;
    if works(&python) {
        return Some(python);
    }
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv).status();
    if !made.is_ok_and(|s| s.success()) {
        return None;
    }
    let wanted = format!("{package}=={version}");
    let installed = Command::new(&python).args(["-m", "pip", "install", "--quiet", &wanted]).status();
    (installed.is_ok_and(|s| s.success()) && works(&python)).then_some(python)
}
