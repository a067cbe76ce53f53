use super::{REJECTED, text_of};
use crate::engine::{self, Profile};
use rustix::process::{Resource, Rlimit, nice, setrlimit};
use std::io::{self, Read as _, Write as _};

/// Address space of a worker, bytes.
pub const MAX_MEMORY: u64 = 2 << 30;
/// CPU time of a worker, seconds, all threads together.
pub const MAX_CPU: u64 = 120;

/// Threads that compile.
pub const MAX_THREADS: &str = "4";
/// How far a worker steps back behind the host that serves requests.
const NICE: i32 = 5;

/// The whole of a compile worker: reads a profile and a component from standard input, writes its compiled code to standard output.
/// Gives the process's exit status; what is wrong stands on standard error.
///
/// Limits itself before it reads anything, so that no input can make it take the machine down with it. It opens no
/// files and reads no environment variables.
pub fn compile_worker_main() -> i32 {
    if let Err(error) = limit_myself() {
        return fail(1, &format!("could not set limits: {error}"));
    }
    let mut wasm = Vec::new();
    if let Err(error) = io::stdin().lock().read_to_end(&mut wasm) {
        return fail(1, &format!("could not read: {error}"));
    }
    // The first byte says for which profile.
    let (profile, wasm) = match wasm.split_first() {
        Some((byte, wasm)) if *byte == Profile::Steps as u8 => (Profile::Steps, wasm),
        Some((byte, wasm)) if *byte == Profile::Deterministic as u8 => (Profile::Deterministic, wasm),
        _ => return fail(1, "the input names no profile"),
    };
    let code = engine::compiler(profile)
        .map_err(|error| (1, text_of(&error)))
        .and_then(|engine| engine.precompile_component(wasm).map_err(|error| (REJECTED, text_of(&error))));
    match code {
        Ok(code) => match io::stdout().lock().write_all(&code) {
            Ok(()) => 0,
            Err(error) => fail(1, &format!("could not write: {error}")),
        },
        Err((status, text)) => fail(status, &text),
    }
}

fn limit_myself() -> rustix::io::Result<()> {
    let most = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::As, most(MAX_MEMORY))?;
    setrlimit(Resource::Cpu, most(MAX_CPU))?;
    // No dumps, and no files at all: pipes are not limited by this.
    setrlimit(Resource::Core, most(0))?;
    setrlimit(Resource::Fsize, most(0))?;
    nice(NICE).map(|_| ())
}

fn fail(status: i32, text: &str) -> i32 {
    // Nobody is left to tell if this fails.
    let _ = writeln!(io::stderr().lock(), "{text}");
    status
}
