//! The plugins in the binary: what they are and what they may do.

use anyhow::{Context as _, bail};
use futures_util::future::try_join_all;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stepwright_app::ports::{ComponentSource, PluginStore, Sandbox, Store};
use stepwright_app::{Builtin, Capability, ComponentInfo, Grants, ReadWrite};
use stepwright_sandbox::WasmSandbox;

mod table {
    include!(concat!(env!("OUT_DIR"), "/builtins.rs"));
}
pub use table::{EMBEDDED, EXPECTED};

/// Where components come from: the binary first, then the database.
pub struct Components {
    embedded: HashMap<String, &'static [u8]>,
    store: Arc<dyn Store>,
}

impl Components {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { embedded: EMBEDDED.iter().map(|(_, bytes)| (digest_of(bytes), *bytes)).collect(), store }
    }
}

#[async_trait::async_trait]
impl ComponentSource for Components {
    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, String> {
        if let Some(bytes) = self.embedded.get(digest) {
            return Ok(Some(bytes.to_vec()));
        }
        PluginStore::component_bytes(&*self.store, digest).await.map_err(|error| error.to_string())
    }
}

/// Keeps this binary's plugins in the database: executions that have started on them finish on them, also under a newer
/// binary.
///
/// # Errors
/// When the database can't be written.
pub async fn keep(store: &dyn Store) -> anyhow::Result<()> {
    for (name, bytes) in EMBEDDED.iter() {
        let kept = PluginStore::keep_component(store, &digest_of(bytes), bytes).await;
        kept.with_context(|| format!("could not keep the built-in plugin '{name}'"))?;
    }
    Ok(())
}

/// Refuses a binary that was built before its plugins.
///
/// # Errors
/// Which are missing and how to get them.
pub fn check_embedded() -> anyhow::Result<()> {
    let missing: Vec<&str> =
        EXPECTED.iter().copied().filter(|name| !EMBEDDED.iter().any(|(there, _)| there == name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "built-in plugins are not in this binary ({}): build with `cargo xtask serve`, or `cargo xtask plugins` before `cargo build`",
        missing.join(", ")
    );
}

/// Every built-in with the grants its manifest asks for. What a component says of itself is asked once and then kept
/// in `cache_dir`: compiling takes seconds.
///
/// # Errors
/// When one can't be loaded, or asks for what no built-in gets.
pub async fn load(sandbox: &dyn Sandbox, cache_dir: &Path) -> anyhow::Result<Vec<Builtin>> {
    let dir = cache_dir.join("builtins");
    fs::create_dir_all(&dir).with_context(|| format!("could not make {}", dir.display()))?;
    let infos = try_join_all(EMBEDDED.iter().map(|(name, bytes)| describe(sandbox, &dir, name, bytes))).await?;
    forget_others(&dir, &infos);
    infos.into_iter().map(granted).collect()
}

/// Makes built-ins ready where they are called: steps in one engine, conditions and guards in another.
///
/// # Errors
/// When one can't be loaded.
pub async fn preload(sandbox: &WasmSandbox, builtins: &[Builtin]) -> anyhow::Result<()> {
    let digests = |called: fn(&ComponentInfo) -> bool| -> Vec<String> {
        builtins.iter().filter(|b| called(&b.info)).map(|b| b.info.digest.clone()).collect()
    };
    let steps = digests(|info| !info.steps.is_empty());
    let deterministic = digests(|info| !info.conditions.is_empty() || !info.guards.is_empty());
    match sandbox.preload(&steps, &deterministic).await.into_iter().next() {
        Some((digest, fault)) => {
            let named = builtins.iter().find(|b| b.info.digest == digest).map_or(&*digest, |b| &b.info.name);
            bail!("built-in plugin '{named}' could not be loaded: {} ({})", fault.reason, fault.code);
        }
        None => Ok(()),
    }
}

async fn describe(sandbox: &dyn Sandbox, dir: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<ComponentInfo> {
    let digest = digest_of(bytes);
    let file = info_file(dir, &digest);
    let kept = fs::read(&file).ok().and_then(|json| serde_json::from_slice::<ComponentInfo>(&json).ok());
    if let Some(info) = kept.filter(|info| info.digest == digest) {
        return Ok(info);
    }
    let begun = tokio::time::Instant::now();
    let info = sandbox.inspect(bytes.to_vec()).await.with_context(|| format!("built-in plugin '{name}'"))?;
    tracing::info!(plugin = name, version = info.version, took = ?begun.elapsed(), "built-in plugin compiled");
    // Only a cache: the next start asks again when this fails.
    let staged = file.with_extension(format!("{}.new", std::process::id()));
    let written = fs::write(&staged, serde_json::to_vec(&info)?).and_then(|()| fs::rename(&staged, &file));
    if let Err(error) = written {
        tracing::warn!(%error, file = %file.display(), "could not keep what a plugin says of itself");
    }
    Ok(info)
}

fn granted(info: ComponentInfo) -> anyhow::Result<Builtin> {
    let grants = grants_for(&info);
    let lacking = grants.lacking(&info);
    if !lacking.is_empty() {
        bail!("built-in plugin '{}' asks for what no built-in gets: {}", info.name, lacking.join(", "));
    }
    Ok(Builtin { info, grants })
}

/// Doors behind which everything is a tenant's to give. They stand open, so that a built-in's other steps work in every
/// tenant, but nothing can be reached through them before the tenant has granted it by name.
const TENANTS_DOORS: [Capability; 3] = [Capability::Entities, Capability::Secrets, Capability::Http];

/// Exactly what the manifest asks for, but for what is a tenant's to give: entities, secrets and outgoing HTTP.
fn grants_for(info: &ComponentInfo) -> Grants {
    let mut data = ReadWrite::default();
    for (dataset, writes) in &info.datasets {
        let set = if *writes { &mut data.write } else { &mut data.read };
        set.insert(dataset.as_str().to_owned());
    }
    let asks = |capability| info.imports.contains(&capability);
    Grants {
        data,
        mail: asks(Capability::Mail),
        notify: asks(Capability::Notify),
        kv: asks(Capability::Kv),
        flow: asks(Capability::Flow),
        events: asks(Capability::Events),
        doors: TENANTS_DOORS.into_iter().filter(|door| asks(*door)).collect(),
        ..Grants::default()
    }
}

/// Files of plugins that former binaries had.
fn forget_others(dir: &Path, infos: &[ComponentInfo]) {
    let ours: Vec<PathBuf> = infos.iter().map(|info| info_file(dir, &info.digest)).collect();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "json") && !ours.contains(&path) {
            let _ = fs::remove_file(path);
        }
    }
}

fn info_file(dir: &Path, digest: &str) -> PathBuf {
    dir.join(format!("{digest}.json"))
}

fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_app::{CapabilitySet, Dataset};

    fn info(imports: &[Capability], datasets: &[(Dataset, bool)]) -> ComponentInfo {
        ComponentInfo {
            name: "invoicing".into(),
            version: "1.0.0".into(),
            description: String::new(),
            digest: "d".into(),
            size: 1,
            steps: Vec::new(),
            conditions: Vec::new(),
            guards: Vec::new(),
            agents: Vec::new(),
            imports: imports.iter().copied().collect::<CapabilitySet>(),
            datasets: datasets.to_vec(),
            hosts: Vec::new(),
            secrets: Vec::new(),
        }
    }

    #[test]
    fn a_builtin_gets_exactly_what_its_manifest_asks_for() {
        let datasets = [(Dataset::Invoices, true), (Dataset::Customers, false)];
        let builtin = granted(info(&[Capability::Data, Capability::Mail], &datasets)).unwrap();
        let grants = builtin.grants;
        assert!(grants.mail && !grants.notify && !grants.kv && !grants.flow && !grants.events);
        assert!(grants.data.may_write("invoices") && !grants.data.may_write("customers"));
        assert!(grants.data.may_read("customers") && !grants.data.may_read("payments"));
        assert_eq!(grants.entities, ReadWrite::default());
    }

    #[test]
    fn what_is_a_tenants_to_give_has_an_open_door_and_nothing_behind_it() {
        for capability in TENANTS_DOORS {
            let builtin = granted(info(&[capability], &[])).unwrap();
            assert!(builtin.grants.capabilities().contains(&capability));
            assert_eq!(builtin.grants.entities, ReadWrite::default());
            assert!(builtin.grants.http.is_empty() && builtin.grants.secrets.is_empty());
        }
    }

    #[test]
    fn a_builtin_that_declares_a_host_or_a_secret_of_its_own_is_refused() {
        let asks = |hosts: &[&str], secrets: &[&str]| {
            let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            granted(ComponentInfo { hosts: own(hosts), secrets: own(secrets), ..info(&[Capability::Http], &[]) })
        };
        for refused in [asks(&["api.example.com"], &[]), asks(&[], &["token"])] {
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("api.example.com") || error.contains("token"), "{error}");
        }
    }

    #[test]
    fn a_binary_without_its_plugins_says_how_to_get_them() {
        match check_embedded() {
            Ok(()) => assert_eq!(EMBEDDED.len(), EXPECTED.len()),
            Err(error) => assert!(error.to_string().contains("cargo xtask plugins")),
        }
    }
}
