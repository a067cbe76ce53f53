//! The checks.

use super::Finding;
use crate::adapters::{SystemClock, ThreadRandom};
use crate::builtins::{self, Components, EMBEDDED};
use crate::config::Config;
use crate::{token, wiring};
use anyhow::Context as _;
use std::sync::Arc;
use std::time::Instant;
use stepwright_app::ports::{ComponentSource, Store, StoreError, TenantStore as _};
use stepwright_engine::Timestamp;
use stepwright_engine::time::Clock as _;
use stepwright_sandbox::WasmSandbox;
use tokio::net::TcpListener;

/// 2026-01-01: this program did not exist before.
const EARLIEST: Timestamp = Timestamp::from_secs(1_767_225_600);
/// The first Linux that can tell which pages of a memory were touched.
const PAGEMAP_SCAN: (u32, u32) = (6, 7);

pub fn clock() -> Finding {
    let now = SystemClock.now();
    if now < EARLIEST {
        return Finding::Fail(format!("the clock says {now}; schedules and signatures need the right time"));
    }
    Finding::Ok(now.to_string())
}

pub fn data_dir(config: &Config) -> anyhow::Result<String> {
    config.prepare_data_dir()?;
    Ok(format!("{} can be written", config.data_dir.display()))
}

pub fn token(config: &Config) -> anyhow::Result<String> {
    let file = config.data_dir.join(token::FILE);
    if config.admin_token.is_none() && !file.exists() {
        return Ok(format!("will be made at the first start: {}", file.display()));
    }
    let token = token::operator_token(config.admin_token.as_deref(), &config.data_dir, &ThreadRandom)?;
    Ok(match token.file {
        Some(file) => format!("stands in {}", file.display()),
        None => "given by STEPWRIGHT_ADMIN_TOKEN".into(),
    })
}

pub async fn address(config: &Config) -> anyhow::Result<String> {
    let listen = &config.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("can't listen on {listen}"))?;
    Ok(format!("{} is free", listener.local_addr()?))
}

/// Looks without bringing the tables up to date: hosts of an older version may be at work.
pub async fn database(config: &Config) -> (Finding, Option<Arc<dyn Store>>) {
    let shown = config.shown_database_url();
    if config.database_url.is_none() && !config.database_file().exists() {
        return (Finding::Ok(format!("{shown} will be made at the first start")), None);
    }
    let begun = Instant::now();
    let database = match wiring::connect(config).await {
        Ok(database) => database,
        Err(error) => return (Finding::Fail(format!("{error:#}")), None),
    };
    let finding = match database.ping().await {
        Ok(()) => Finding::Ok(format!("{shown} answers and can be written ({} ms)", begun.elapsed().as_millis())),
        Err(StoreError::Inconsistent(error)) => Finding::Note(format!(
            "{shown} answers, but its tables are not there ({error}): `stepwright migrate` makes them"
        )),
        Err(error) => Finding::Fail(format!("{shown}: {error}")),
    };
    (finding, Some(Arc::new(database)))
}

pub fn embedded() -> anyhow::Result<String> {
    builtins::check_embedded()?;
    Ok(EMBEDDED
        .iter()
        .map(|(name, bytes)| format!("{name} ({} KiB)", bytes.len() / 1024))
        .collect::<Vec<_>>()
        .join(", "))
}

pub fn sandbox(config: &Config, store: Option<Arc<dyn Store>>) -> (Finding, Option<WasmSandbox>) {
    let source: Arc<dyn ComponentSource> = match store {
        Some(store) => Arc::new(Components::new(store)),
        None => Arc::new(Nothing),
    };
    match wiring::open_sandbox(config, source) {
        Ok(sandbox) => (Finding::Ok("the pool of instances has its address space".into()), Some(sandbox)),
        Err(error) => (Finding::Fail(format!("{error:#}")), None),
    }
}

pub async fn plugins_load(config: &Config, sandbox: Option<WasmSandbox>) -> Finding {
    let Some(sandbox) = sandbox else { return Finding::Fail("not checked: there is no sandbox".into()) };
    let begun = Instant::now();
    let loaded = async {
        let builtins = builtins::load(&sandbox, &config.cache_dir()).await?;
        builtins::preload(&sandbox, &builtins).await?;
        anyhow::Ok(builtins.len())
    };
    Finding::of(loaded.await.map(|count| {
        let dir = config.cache_dir();
        format!("{count} built-in plugins loaded from {} in {} ms", dir.display(), begun.elapsed().as_millis())
    }))
}

/// Without it every call clears a whole memory instead of the pages it touched.
pub fn pagemap_scan() -> Finding {
    let (major, minor) = PAGEMAP_SCAN;
    match std::fs::read_to_string("/proc/sys/kernel/osrelease").ok().and_then(|text| version_of(&text)) {
        Some(version) if version >= PAGEMAP_SCAN => {
            Finding::Ok(format!("Linux {}.{} has pagemap_scan", version.0, version.1))
        }
        Some(version) => Finding::Note(format!(
            "Linux {}.{} has no pagemap_scan ({major}.{minor} has): calls of plugins are slower",
            version.0, version.1
        )),
        None => Finding::Note("not Linux: calls of plugins are slower".into()),
    }
}

fn version_of(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Stands in for the database when that can't be reached.
struct Nothing;

#[async_trait::async_trait]
impl ComponentSource for Nothing {
    async fn component(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_versions_are_read_whatever_follows_them() {
        assert_eq!(version_of("6.12.48-generic\n"), Some((6, 12)));
        assert_eq!(version_of("6.7"), Some((6, 7)));
        assert_eq!(version_of("unknown"), None);
        assert!((6, 12) > PAGEMAP_SCAN && (5, 19) < PAGEMAP_SCAN);
    }
}
