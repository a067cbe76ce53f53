//! Components ready to run: each loaded once, however many tenants and calls use it.

use crate::bindings::{agents, conditions, guards, manifest, steps};
use crate::cache::Cache;
use crate::compile::{CompileError, Compiler};
use crate::engine::{MAX_MEMORIES, MAX_TABLES, TABLES_PER_SLOT};
use crate::faults::{COMPONENT_MISSING, COMPONENT_UNUSABLE, SANDBOX_UNAVAILABLE};
use crate::inspect::imports;
use crate::linker::Linkers;
use crate::ready::Shelf;
use crate::state::State;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stepwright_app::CapabilitySet;
use stepwright_app::ports::ComponentSource;
use stepwright_engine::Fault;
use tokio::sync::OnceCell;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

/// A component that is ready to be instantiated.
pub struct Loaded {
    pub pre: InstancePre<State>,
    /// The doors it imports; all of them are linked, and nothing else.
    pub doors: CapabilitySet,
    /// Slots of the pool that an instance takes.
    pub slots: u32,
    pub manifest: Option<manifest::GuestIndices>,
    pub steps: Option<steps::GuestIndices>,
    pub conditions: Option<conditions::GuestIndices>,
    pub guards: Option<guards::GuestIndices>,
    pub agents: Option<agents::GuestIndices>,
    /// Instances that wait for a call.
    pub shelf: Shelf,
    /// Bytes of its code.
    size: u64,
}

type Entry = OnceCell<Result<Arc<Loaded>, Fault>>;

/// A place in the registry, whose component may still be on its way.
struct Place {
    entry: Arc<Entry>,
    used: AtomicU64,
}

/// The components of one engine.
pub struct Registry {
    engine: Engine,
    linkers: Linkers,
    cache: Arc<Cache>,
    compiler: Compiler,
    source: Arc<dyn ComponentSource>,
    places: Mutex<HashMap<String, Place>>,
    /// Grows with every use; orders the places by their last one.
    clock: AtomicU64,
    max_loaded: usize,
    max_bytes: u64,
}

impl Registry {
    pub fn new(
        engine: Engine,
        cache: Cache,
        compiler: Compiler,
        source: Arc<dyn ComponentSource>,
        max_loaded: usize,
        max_bytes: u64,
    ) -> Self {
        Self {
            engine,
            linkers: Linkers::default(),
            cache: Arc::new(cache),
            compiler,
            source,
            places: Mutex::default(),
            clock: AtomicU64::new(0),
            max_loaded: max_loaded.max(1),
            max_bytes,
        }
    }

    /// The component with this digest, loaded now if need be. Whoever asks meanwhile waits for the same load.
    ///
    /// # Errors
    /// `COMPONENT_MISSING`, `COMPONENT_UNUSABLE` or `SANDBOX_UNAVAILABLE`.
    pub async fn get(&self, digest: &str) -> Result<Arc<Loaded>, Fault> {
        let entry = self.entry(digest);
        if let Some(Ok(loaded)) = entry.get() {
            return Ok(Arc::clone(loaded));
        }
        // Boxed: rarely needed, and else part of every call's future.
        let result = Box::pin(entry.get_or_init(|| self.load(digest))).await.clone();
        match &result {
            Ok(_) => self.make_room(),
            Err(_) => self.forget(digest, &entry),
        }
        result
    }

    /// Components that are ready.
    pub fn loaded(&self) -> usize {
        self.places().values().filter(|place| matches!(place.entry.get(), Some(Ok(_)))).count()
    }

    fn places(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, digest: &str) -> Arc<Entry> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut places = self.places();
        if let Some(place) = places.get(digest) {
            place.used.store(now, Ordering::Relaxed);
            return Arc::clone(&place.entry);
        }
        let entry = Arc::new(Entry::new());
        places.insert(digest.to_owned(), Place { entry: Arc::clone(&entry), used: AtomicU64::new(now) });
        entry
    }

    /// Drops a failed load, so that the next call tries again.
    fn forget(&self, digest: &str, failed: &Arc<Entry>) {
        let mut places = self.places();
        if places.get(digest).is_some_and(|place| Arc::ptr_eq(&place.entry, failed)) {
            places.remove(digest);
        }
    }

    /// Drops what was not used for longest. Calls that still run keep their component until they end.
    fn make_room(&self) {
        let mut places = self.places();
        // Nobody waits for these any more: their callers were given up.
        places.retain(|_, place| place.entry.initialized() || Arc::strong_count(&place.entry) > 1);
        loop {
            let ready = || {
                places.iter().filter_map(|(digest, place)| match place.entry.get() {
                    Some(Ok(loaded)) => Some((place.used.load(Ordering::Relaxed), digest, loaded.size)),
                    _ => None,
                })
            };
            let (count, bytes) = ready().fold((0, 0), |(count, bytes), (_, _, size)| (count + 1, bytes + size));
            metrics::gauge!("stepwright_sandbox_loaded_components").set(count as f64);
            // The newest stays, however large it is.
            if count <= 1 || (count <= self.max_loaded && bytes <= self.max_bytes) {
                return;
            }
            let Some(oldest) = ready().min().map(|(_, digest, _)| digest.clone()) else { return };
            places.remove(&oldest);
        }
    }

    async fn load(&self, digest: &str) -> Result<Arc<Loaded>, Fault> {
        if let Some(code) = self.cached(digest).await
            && let Ok(loaded) = self.prepare(code).await
        {
            return Ok(loaded);
        }
        let wasm = match self.source.component(digest).await {
            Ok(Some(wasm)) => wasm,
            Ok(None) => return Err(Fault::permanent(COMPONENT_MISSING, format!("there is no component {digest}"))),
            Err(error) => {
                tracing::error!(%error, digest, "could not read a component");
                return Err(Fault::transient(SANDBOX_UNAVAILABLE, "the component could not be read"));
            }
        };
        if digest_of(&wasm) != digest {
            tracing::error!(digest, "a component's bytes do not have its digest");
            return Err(Fault::permanent(COMPONENT_UNUSABLE, "the stored component is damaged"));
        }
        let code = self.compile(Arc::new(wasm)).await.map_err(|error| match error {
            CompileError::Rejected(text) => Fault::permanent(COMPONENT_UNUSABLE, text),
            CompileError::Unavailable(text) => Fault::transient(SANDBOX_UNAVAILABLE, text),
        })?;
        let code = self.keep(digest, code).await;
        self.prepare(code).await.map_err(|text| Fault::permanent(COMPONENT_UNUSABLE, text))
    }

    /// Compiles, without keeping anything.
    pub async fn compile(&self, wasm: Arc<Vec<u8>>) -> Result<Vec<u8>, CompileError> {
        self.compiler.compile(wasm).await
    }

    async fn cached(&self, digest: &str) -> Option<Vec<u8>> {
        // A digest becomes a file name.
        if digest.len() != 64 || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let (cache, digest) = (Arc::clone(&self.cache), digest.to_owned());
        tokio::task::spawn_blocking(move || cache.load(&digest)).await.unwrap_or_default()
    }

    /// Writes compiled code to the cache, and gives it back.
    pub async fn keep(&self, digest: &str, code: Vec<u8>) -> Vec<u8> {
        let (cache, digest) = (Arc::clone(&self.cache), digest.to_owned());
        let store = move || {
            cache.store(&digest, &code);
            code
        };
        tokio::task::spawn_blocking(store).await.unwrap_or_default()
    }

    /// Makes code that this host has compiled ready to run.
    ///
    /// # Errors
    /// What is wrong with the component, or with the code.
    pub async fn prepare(&self, code: Vec<u8>) -> Result<Arc<Loaded>, String> {
        let engine = self.engine.clone();
        let component = tokio::task::spawn_blocking(move || deserialize(&engine, &code))
            .await
            .map_err(|_| "loading it failed".to_owned())?
            .map_err(|error| error.root_cause().to_string())?;
        self.link(&component).map(Arc::new)
    }

    fn link(&self, component: &Component) -> Result<Loaded, String> {
        let slots = slots(component)?;
        let ty = component.component_type();
        let names: Vec<&str> = ty.imports(&self.engine).map(|(name, _)| name).collect();
        let doors = imports::doors(names.iter().copied());
        let linker = self.linkers.with(&self.engine, &doors).map_err(|error| error.root_cause().to_string())?;
        let pre = linker.instantiate_pre(component).map_err(|error| format!("{error:#}"))?;
        let range = component.image_range();
        Ok(Loaded {
            manifest: manifest::GuestIndices::new(&pre).ok(),
            steps: steps::GuestIndices::new(&pre).ok(),
            conditions: conditions::GuestIndices::new(&pre).ok(),
            guards: guards::GuestIndices::new(&pre).ok(),
            agents: agents::GuestIndices::new(&pre).ok(),
            shelf: Shelf::default(),
            pre,
            doors,
            slots,
            size: (range.end as usize - range.start as usize) as u64,
        })
    }
}

/// Slots of the pool that one instance takes, so that the pool itself never runs out.
fn slots(component: &Component) -> Result<u32, String> {
    let needs = component.resources_required().ok_or("it takes core modules as imports")?;
    if needs.num_memories > MAX_MEMORIES {
        return Err(format!("it has {} memories, at most {MAX_MEMORIES} are allowed", needs.num_memories));
    }
    if needs.num_tables > MAX_TABLES {
        return Err(format!("it has {} tables, at most {MAX_TABLES} are allowed", needs.num_tables));
    }
    Ok(needs.num_memories.max(needs.num_tables.div_ceil(TABLES_PER_SLOT)).max(1))
}

fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes come from our own compile worker in this very process's call, or from the cache, which gives
    // out only what carries our MAC for this digest and this engine. They are in our memory and nobody changes them.
    let component = unsafe { Component::deserialize(engine, code) }?;
    // Now rather than in the first call.
    component.initialize_copy_on_write_image()?;
    Ok(component)
}

/// Hex SHA-256.
pub fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
