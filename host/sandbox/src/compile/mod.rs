//! Compiling: expensive, and of hostile input, so it happens in a child process with limits.

mod worker;

pub use worker::compile_worker_main;

use crate::config::CompileMode;
use crate::engine::Profile;
use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use wasmtime::Engine;

/// Wall time of one compilation.
const MAX_WALL: Duration = Duration::from_secs(180);
/// Bytes of compiled code.
const MAX_CODE: u64 = 256 << 20;
/// Bytes of a worker's error text.
const MAX_TEXT: u64 = 4 << 10;
/// How a worker says that the component is to blame.
const REJECTED: i32 = 2;

/// Why there is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The component's fault.
    #[error("{0}")]
    Rejected(String),
    /// Ours; may pass.
    #[error("{0}")]
    Unavailable(String),
}

/// Compiles components, a few at once.
pub struct Compiler {
    mode: CompileMode,
    profile: Profile,
    engine: Engine,
    turns: Semaphore,
}

impl Compiler {
    pub fn new(mode: CompileMode, profile: Profile, engine: Engine) -> Self {
        let turns = std::thread::available_parallelism().map_or(1, usize::from);
        Self { mode, profile, engine, turns: Semaphore::new(turns) }
    }

    /// Native code for the engine.
    pub async fn compile(&self, wasm: Arc<Vec<u8>>) -> Result<Vec<u8>, CompileError> {
        let closed = |_| CompileError::Unavailable("the host is shutting down".into());
        let _turn = self.turns.acquire().await.map_err(closed)?;
        let started = std::time::Instant::now();
        let code = match &self.mode {
            CompileMode::InProcess => self.in_process(wasm).await,
            CompileMode::ChildProcess { program, args } => in_child(program, args, self.profile, &wasm).await,
        };
        metrics::histogram!("stepwright_sandbox_compile_seconds").record(started.elapsed().as_secs_f64());
        code
    }

    async fn in_process(&self, wasm: Arc<Vec<u8>>) -> Result<Vec<u8>, CompileError> {
        let engine = self.engine.clone();
        let compile = move || engine.precompile_component(&wasm).map_err(|e| CompileError::Rejected(text_of(&e)));
        match tokio::task::spawn_blocking(compile).await {
            Ok(code) => code,
            Err(_) => Err(CompileError::Rejected("the compiler gave up on it".into())),
        }
    }
}

/// What is wrong, without the places where wasmtime noticed.
fn text_of(error: &wasmtime::Error) -> String {
    format!("{error:#}").lines().next().unwrap_or_default().to_owned()
}

async fn in_child(program: &Path, args: &[OsString], profile: Profile, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
    let unavailable = |error: std::io::Error| {
        tracing::error!(%error, "could not run the compile worker");
        CompileError::Unavailable("the compile worker could not be run".into())
    };
    let mut child = Command::new(program)
        .args(args)
        // Nothing of the host's: no secrets from its environment, no relative paths.
        .env_clear()
        // Threads have stacks and arenas, which count against the worker's address space.
        .env("RAYON_NUM_THREADS", worker::MAX_THREADS)
        .env("MALLOC_ARENA_MAX", worker::MAX_THREADS)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(unavailable)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A worker that dies early does not read to the end; its status says more than this error.
            let _ = stdin.write_all(&[profile as u8]).await;
            let _ = stdin.write_all(wasm).await;
        }
    };
    let talk = async { tokio::join!(feed, read(stdout, MAX_CODE), read(stderr, MAX_TEXT), child.wait()) };
    let Ok(((), code, text, status)) = timeout(MAX_WALL, talk).await else {
        return Err(CompileError::Rejected(format!("compiling it took more than {} s", MAX_WALL.as_secs())));
    };
    let status = status.map_err(unavailable)?;
    if status.success() && !code.is_empty() && code.len() as u64 <= MAX_CODE {
        return Ok(code);
    }
    Err(failed(status, &String::from_utf8_lossy(&text)))
}

/// Everything from a pipe, but no more than one byte above the limit.
async fn read(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What came until then is what there is; the status tells whether it is whole.
        let _ = pipe.take(limit + 1).read_to_end(&mut bytes).await;
    }
    bytes
}

fn failed(status: ExitStatus, text: &str) -> CompileError {
    use std::os::unix::process::ExitStatusExt as _;
    let signal = status.signal();
    if status.code() == Some(REJECTED) {
        return CompileError::Rejected(text.trim().to_owned());
    }
    if status.success() {
        return CompileError::Rejected(format!("its compiled code has more than {} MiB", MAX_CODE >> 20));
    }
    match signal {
        Some(s) if s == rustix::process::Signal::XCPU.as_raw() || s == rustix::process::Signal::KILL.as_raw() => {
            CompileError::Rejected(format!("compiling it took more than {} s of CPU time", worker::MAX_CPU))
        }
        Some(_) => {
            CompileError::Rejected(format!("compiling it needed more than {} MiB of memory", worker::MAX_MEMORY >> 20))
        }
        None => {
            tracing::error!(%status, text, "the compile worker failed");
            CompileError::Unavailable("the compile worker failed".into())
        }
    }
}
