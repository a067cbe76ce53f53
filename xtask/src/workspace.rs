//! Where things are, and what cargo says the workspace holds.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::cmd;

/// The folder of the workspace's Cargo.toml.
pub fn root() -> &'static Path {
    // Compiled in: cargo builds the xtask of the clone it is asked in.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The part of `cargo metadata` that the tasks need.
#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    pub target_directory: PathBuf,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub manifest_path: PathBuf,
    pub targets: Vec<Target>,
    /// `[package.metadata]`, null where there is none.
    #[serde(default)]
    pub metadata: Option<Custom>,
}

/// What our own tools look for in a package's metadata.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Custom {
    pub stepwright: Stepwright,
}

/// `[package.metadata.stepwright]`.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stepwright {
    /// What rustc is told for this component, and for what it is linked with.
    pub rustflags: Vec<String>,
}

#[derive(Deserialize)]
pub struct Target {
    pub name: String,
    pub kind: Vec<String>,
}

/// Reads the members of the workspace whose manifest is given.
pub fn metadata(manifest: &Path) -> Result<Metadata> {
    let json =
        cmd::capture(cmd::cargo(["metadata", "--format-version=1", "--no-deps", "--manifest-path"]).arg(manifest))?;
    serde_json::from_str(&json).context("cargo metadata printed something unexpected")
}

/// The root workspace's members.
pub fn members() -> Result<Metadata> {
    metadata(&root().join("Cargo.toml"))
}

impl Package {
    /// Whether the package has a folder of its own somewhere below the given one.
    pub fn is_below(&self, folder: &Path) -> bool {
        self.manifest_path.starts_with(folder)
    }
}
