//! A PostgreSQL database for one measurement.

use anyhow::{Context, Result};
use std::process::Command;

/// An empty database, dropped with this.
pub struct Scratch {
    admin: String,
    name: String,
    url: String,
}

impl Scratch {
    /// Makes one on the server with this admin URL.
    pub fn create(admin: &str) -> Result<Self> {
        let name = format!("stepwright_bench_{}", std::process::id());
        psql(admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        psql(admin, &format!("CREATE DATABASE {name}"))?;
        let (server, _) = admin.rsplit_once('/').context("the admin URL must name a database")?;
        Ok(Self { admin: admin.to_owned(), url: format!("{server}/{name}"), name })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = psql(&self.admin, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// Runs a statement.
pub fn psql(admin: &str, statement: &str) -> Result<()> {
    let status = Command::new("psql").args([admin, "-q", "-c", statement]).status().context("run psql")?;
    anyhow::ensure!(status.success(), "psql failed: {status}");
    Ok(())
}
