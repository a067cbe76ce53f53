//! Inspecting: is it a component that can be published, and what does it say of itself?

mod binary;
mod describe;
pub mod imports;
mod rules;

use crate::compile::CompileError;
use crate::engine::Profile;
use crate::registry::digest_of;
use crate::room::Room;
use std::sync::Arc;
use stepwright_app::ComponentInfo;
use stepwright_app::ports::{ComponentRejected, SandboxError};

/// Checks the bytes, compiles them under limits and asks the component to describe itself, where it will be called:
/// compiling it for both engines would take twice the time.
///
/// # Errors
/// Everything that is wrong, as far as it can be seen at once.
pub async fn inspect<'r>(
    rooms: impl Fn(Profile) -> &'r Room,
    max_bytes: u64,
    bytes: Vec<u8>,
) -> Result<ComponentInfo, SandboxError> {
    let size = bytes.len() as u64;
    if size > max_bytes {
        return Err(rejected(vec![format!("it has {size} bytes, at most {max_bytes} are allowed")]));
    }
    let bytes = Arc::new(bytes);
    let (digest, profile) = read(Arc::clone(&bytes)).await?;
    let Room { registry, caller, .. } = rooms(profile);
    let code = registry.compile(bytes).await.map_err(|error| match error {
        CompileError::Rejected(text) => rejected(vec![text]),
        CompileError::Unavailable(text) => SandboxError::Unavailable(text),
    })?;
    let loaded = registry.prepare(code.clone()).await.map_err(|text| rejected(vec![text]))?;
    let described = describe::describe(caller, &loaded).await?;
    // Only now: what is refused need not take up room. The first call finds it compiled.
    registry.keep(&digest, code).await;
    Ok(ComponentInfo {
        name: described.manifest.name,
        version: described.manifest.version,
        description: described.manifest.description,
        digest,
        size,
        steps: described.steps,
        conditions: described.conditions,
        guards: described.guards,
        agents: described.agents,
        imports: loaded.doors.clone(),
        datasets: described.datasets,
        hosts: described.manifest.hosts,
        secrets: described.manifest.secrets,
    })
}

/// Checks the binary off the runtime's threads; gives its digest and its profile.
async fn read(bytes: Arc<Vec<u8>>) -> Result<(String, Profile), SandboxError> {
    let check = move || binary::check(&bytes).map(|profile| (digest_of(&bytes), profile));
    match tokio::task::spawn_blocking(check).await {
        Ok(checked) => checked.map_err(rejected),
        // A parser that panics on some input must not keep the host from refusing it.
        Err(_) => Err(rejected(vec!["it could not be read".into()])),
    }
}

fn rejected(faults: Vec<String>) -> SandboxError {
    ComponentRejected { faults }.into()
}
