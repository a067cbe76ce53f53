//! One engine with all that belongs to it: the components compiled for it, the slots to run them in, its clock.

use crate::cache::Cache;
use crate::call::Caller;
use crate::compile::Compiler;
use crate::config::SandboxConfig;
use crate::egress::Egress;
use crate::engine::{self, Profile, Ticker};
use crate::faults::CAPABILITY_DENIED;
use crate::registry::{Loaded, Registry};
use crate::sandbox::SetupError;
use std::sync::Arc;
use stepwright_app::CapabilitySet;
use stepwright_app::ports::ComponentSource;
use stepwright_engine::Fault;
use wasmtime::Engine;

pub struct Room {
    pub engine: Engine,
    pub registry: Registry,
    pub caller: Arc<Caller>,
    _ticker: Option<Ticker>,
}

impl Room {
    /// Sets up an engine of a profile with so many slots, and `spare` ones for instances that wait for their call.
    pub fn open(
        profile: Profile,
        slots: u32,
        spare: u32,
        config: &SandboxConfig,
        egress: Arc<Egress>,
        source: Arc<dyn ComponentSource>,
    ) -> Result<Self, SetupError> {
        let engine = engine::runner(profile, slots + spare).map_err(SetupError::Engine)?;
        let cache = Cache::open(&config.cache_dir, &config.mac_key, engine::fingerprint(&engine), config.cache_bytes)
            .map_err(SetupError::Cache)?;
        let compiler = Compiler::new(config.compile.clone(), profile, engine.clone());
        let (max_loaded, max_bytes) = (config.max_loaded, config.max_loaded_bytes);
        Ok(Self {
            _ticker: match profile {
                Profile::Steps => Some(Ticker::start(&engine).map_err(SetupError::Ticker)?),
                Profile::Deterministic => None,
            },
            registry: Registry::new(engine.clone(), cache, compiler, source, max_loaded, max_bytes),
            caller: Arc::new(Caller::new(engine.clone(), profile, egress, slots, spare, config.max_wait)),
            engine,
        })
    }

    /// The component, if it imports no capability but these.
    pub async fn component(&self, digest: &str, open: &CapabilitySet) -> Result<Arc<Loaded>, Fault> {
        let loaded = self.registry.get(digest).await?;
        if !loaded.doors.is_empty() {
            let closed: Vec<&str> = loaded.doors.difference(open).map(|door| door.as_str()).collect();
            if !closed.is_empty() {
                let reason = format!("the component imports capabilities that are not granted: {}", closed.join(", "));
                let info = serde_json::json!({ "missing": closed });
                return Err(Fault::permanent(CAPABILITY_DENIED, reason).with_info(info));
            }
        }
        Ok(loaded)
    }
}
