//! Ratios measured inside a crate, by its own example program.

use crate::Args;
use crate::database::Scratch;
use crate::report::Part;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Runs an example and reads the JSON it prints last.
pub fn example(target: &Path, name: &str, args: &[&str]) -> Result<Value> {
    let output = Command::new(target.join("release/examples").join(name))
        .args(args)
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("run the example {name}"))?;
    if !output.status.success() {
        bail!("the example {name} failed: {}", output.status);
    }
    let text = String::from_utf8(output.stdout)?;
    let start = text.find(['{', '[']).context("the example printed no JSON")?;
    Ok(serde_json::from_str(text[start..].trim())?)
}

/// Commits per second through the committer against a bare batch loop, on a fresh database of each kind.
pub fn commits(args: &Args, part: &mut Part<'_>) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let sqlite = format!("sqlite://{}", dir.path().join("commits.db").display());
    part.set("sqlite", example(&args.target, "commit_rate", &[&sqlite])?)?;
    let postgres = match &args.postgres {
        Some(admin) => {
            let scratch = Scratch::create(admin)?;
            example(&args.target, "commit_rate", &[scratch.url()])?
        }
        None => json!("left out: no --postgres URL"),
    };
    part.set("postgres", postgres)
}
