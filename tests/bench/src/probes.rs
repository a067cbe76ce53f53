//! Ratios measured inside a crate, by its own example program.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::process::Command;

/// Runs an example and reads the JSON it prints last.
pub fn example(package: &str, name: &str, args: &[&str]) -> Result<Value> {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["run", "--quiet", "--release", "--package", package, "--example", name, "--"])
        .args(args)
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("run the example {name} of {package}"))?;
    if !output.status.success() {
        bail!("the example {name} of {package} failed: {}", output.status);
    }
    let text = String::from_utf8(output.stdout)?;
    let start = text.find(['{', '[']).context("the example printed no JSON")?;
    Ok(serde_json::from_str(text[start..].trim())?)
}
