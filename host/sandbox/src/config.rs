//! How the sandbox is set up.

use crate::egress::EgressPolicy;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use stepwright_app::InvocationLimits;

/// Linear memory that one invocation can ever have: what a slot of the pool reserves, so no ceiling is above it.
pub const MAX_MEMORY: u64 = 256 << 20;

/// Where the key comes from that authenticates compiled code.
#[derive(Clone, Debug)]
pub enum MacKey {
    /// 32 bytes in a file that only the host can read; made when it is not there.
    File(PathBuf),
    /// The bytes themselves.
    Bytes([u8; 32]),
}

/// Where components are compiled.
#[derive(Clone, Debug)]
pub enum CompileMode {
    /// In a child process that calls [`crate::compile_worker_main`] and limits itself. For everything that tenants
    /// can upload.
    ChildProcess { program: PathBuf, args: Vec<OsString> },
    /// In this process, without limits. For tests and trusted components.
    InProcess,
}

/// The sandbox's set-up.
#[derive(Clone)]
pub struct SandboxConfig {
    /// Compiled components are kept here. Must not be writable by anybody else.
    pub cache_dir: PathBuf,
    /// Bytes that all compiled components together may take on disk.
    pub cache_bytes: u64,
    pub mac_key: MacKey,
    pub compile: CompileMode,
    /// Invocations at once; more wait.
    pub pool: u32,
    /// How long an invocation waits for its turn.
    pub max_wait: Duration,
    /// No invocation gets more than this, whatever its limits say.
    pub ceilings: InvocationLimits,
    /// Bytes of a component that may be published.
    pub max_component: u64,
    /// Components kept ready to run, and the bytes of their code.
    pub max_loaded: usize,
    pub max_loaded_bytes: u64,
    pub egress: EgressPolicy,
}

impl SandboxConfig {
    /// The defaults with these places.
    pub fn new(cache_dir: impl Into<PathBuf>, mac_key: MacKey, compile: CompileMode) -> Self {
        Self {
            cache_dir: cache_dir.into(),
            cache_bytes: 1 << 30,
            mac_key,
            compile,
            pool: 192,
            max_wait: Duration::from_secs(30),
            ceilings: InvocationLimits {
                wall_ms: 300_000,
                fuel: 1_000_000_000_000,
                memory: MAX_MEMORY,
                table_elements: 20_000,
                host_calls: 20_000,
                output: 4 << 20,
                log: 1 << 20,
                http_body: 32 << 20,
            },
            max_component: 20 << 20,
            // One file descriptor each, and many systems allow a process 1,024.
            max_loaded: 256,
            max_loaded_bytes: 128 << 20,
            egress: EgressPolicy::default(),
        }
    }
}
