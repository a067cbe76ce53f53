//! Asking a component who it is: every `describe`, each in a fresh instance, without host calls and under tight limits.

use super::rejected;
use super::rules::{self, Faults};
use crate::bindings::manifest;
use crate::call::{Caller, Setup};
use crate::registry::Loaded;
use crate::state::State;
use futures_util::future::BoxFuture;
use stepwright_app::ports::SandboxError;
use stepwright_app::{AgentDescriptor, Dataset, InvocationLimits, StepDescriptor};
use wasmtime::Store;
use wasmtime::component::Instance;

/// A `describe` builds some lists of texts.
const LIMITS: InvocationLimits = InvocationLimits {
    wall_ms: 5_000,
    fuel: 5_000_000_000,
    memory: 64 << 20,
    table_elements: 20_000,
    host_calls: 10,
    output: 4 << 20,
    log: 4 << 10,
    http_body: 0,
};

/// What a component says of itself, checked.
pub struct Described {
    pub manifest: manifest::Manifest,
    pub datasets: Vec<(Dataset, bool)>,
    pub steps: Vec<StepDescriptor>,
    pub conditions: Vec<String>,
    pub guards: Vec<String>,
    pub agents: Vec<AgentDescriptor>,
}

/// Asks for everything.
///
/// # Errors
/// Everything that is wrong.
pub async fn describe(caller: &Caller, loaded: &Loaded) -> Result<Described, SandboxError> {
    let mut faults = Faults::default();
    let mut steps = Vec::new();
    let mut conditions = Vec::new();
    let mut guards = Vec::new();
    let mut agents = Vec::new();

    let manifest = match loaded.manifest.clone() {
        Some(indices) => {
            ask(caller, loaded, "manifest", &mut faults, |store, instance| {
                Box::pin(async move { indices.load(&mut *store, &instance)?.call_describe(store).await })
            })
            .await
        }
        None => None,
    };
    if let Some(indices) = loaded.steps.clone() {
        let described = ask(caller, loaded, "steps", &mut faults, |store, instance| {
            Box::pin(async move { indices.load(&mut *store, &instance)?.call_describe(store).await })
        });
        steps = rules::steps(described.await.unwrap_or_default(), &mut faults);
    }
    if let Some(indices) = loaded.conditions.clone() {
        let described = ask(caller, loaded, "conditions", &mut faults, |store, instance| {
            Box::pin(async move { indices.load(&mut *store, &instance)?.call_describe(store).await })
        });
        let described = described.await.unwrap_or_default();
        rules::ids("condition", described.iter().map(|item| item.id.as_str()), &mut faults);
        for item in described {
            rules::texts("condition", &item.id, &item.title, &item.description, &mut faults);
            rules::schema("condition", &item.id, "config", item.config_schema, &mut faults);
            conditions.push(item.id);
        }
    }
    if let Some(indices) = loaded.guards.clone() {
        let described = ask(caller, loaded, "guards", &mut faults, |store, instance| {
            Box::pin(async move { indices.load(&mut *store, &instance)?.call_describe(store).await })
        });
        let described = described.await.unwrap_or_default();
        rules::ids("guard", described.iter().map(|item| item.id.as_str()), &mut faults);
        for item in described {
            rules::texts("guard", &item.id, &item.title, &item.description, &mut faults);
            guards.push(item.id);
        }
    }

    if let Some(indices) = loaded.agents.clone() {
        let described = ask(caller, loaded, "agents", &mut faults, |store, instance| {
            Box::pin(async move { indices.load(&mut *store, &instance)?.call_describe(store).await })
        });
        agents = rules::agents(described.await.unwrap_or_default(), &mut faults);
        if !loaded.doors.is_empty() {
            let doors: Vec<&str> = loaded.doors.iter().map(|door| door.as_str()).collect();
            let doors = doors.join(", ");
            faults.0.push(format!("an agent reaches the tenant through its tools, but this component imports {doors}"));
        }
    }

    let datasets = manifest.as_ref().map(|manifest| rules::manifest(manifest, &mut faults)).unwrap_or_default();
    if faults.0.is_empty() && steps.is_empty() && conditions.is_empty() && guards.is_empty() && agents.is_empty() {
        faults.0.push("it has no step, no condition, no guard and no agent".into());
    }
    match manifest {
        Some(manifest) if faults.0.is_empty() => {
            Ok(Described { manifest, datasets, steps, conditions, guards, agents })
        }
        None if faults.0.is_empty() => Err(rejected(vec!["its manifest lacks `describe`".into()])),
        _ => Err(rejected(faults.0)),
    }
}

async fn ask<R, F>(caller: &Caller, loaded: &Loaded, what: &str, faults: &mut Faults, run: F) -> Option<R>
where
    R: Send,
    F: for<'a> FnOnce(&'a mut Store<State>, Instance) -> BoxFuture<'a, wasmtime::Result<R>> + Send,
{
    match caller.call(loaded, Setup::bare(LIMITS), run).await.result {
        Ok(answer) => Some(answer),
        Err(fault) => {
            faults.0.push(format!("its {what} could not be asked: {} ({})", fault.reason, fault.code));
            None
        }
    }
}
