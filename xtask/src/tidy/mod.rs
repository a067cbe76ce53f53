//! The architecture rules that no compiler checks. Each finding says what is wrong and where; `cargo xtask tidy` fails
//! if there is any.

mod dependencies;
mod files;
mod tree;

use anyhow::{Result, bail};

use self::tree::Tree;
use crate::cmd::say;
use crate::workspace;

/// Something that breaks a rule.
#[derive(Debug, PartialEq)]
pub struct Finding {
    /// Relative to the workspace root.
    path: String,
    what: String,
}

impl Finding {
    fn new(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self { path: path.into(), what: what.into() }
    }
}

pub fn run() -> Result<()> {
    let tree = Tree::of_version_control(workspace::root())?;
    let findings = check(&tree)?;
    for Finding { path, what } in &findings {
        eprintln!("tidy: {path}: {what}");
    }
    if !findings.is_empty() {
        bail!("tidy: {} finding(s) in {} files", findings.len(), tree.files().len());
    }
    say!("tidy: {} files are in order", tree.files().len());
    Ok(())
}

fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    findings.extend(files::too_long(tree)?);
    findings.extend(files::built_files(tree));
    findings.extend(files::migrations_without_twin(tree));
    findings.extend(files::rooms_without_description(tree)?);
    findings.extend(dependencies::forbidden(tree)?);
    Ok(findings)
}
