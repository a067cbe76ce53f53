//! Provides the compile target of the plugins, `wasm32-wasip2`, for the toolchain in use.
//!
//! `rustup target add` is the way on most machines. Where rustup's server is out of reach, the target's standard library
//! is built from Debian's package of the same rustc version's source. Whatever happens, the toolchain holds either
//! no target or a whole one: everything is made aside and moved in by one rename.

mod debian;
mod mirror;
mod rustup;
mod std_build;

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::cmd::{self, say};
use crate::workspace;

pub const TARGET: &str = "wasm32-wasip2";

/// The toolchain whose rustc cargo uses here.
pub struct Toolchain {
    pub sysroot: PathBuf,
    /// As in `rustc --version`: "1.95.0".
    pub version: String,
}

impl Toolchain {
    fn active() -> Result<Self> {
        let sysroot = cmd::capture(rustc().args(["--print", "sysroot"]))?;
        let verbose = cmd::capture(rustc().arg("-vV"))?;
        let version = verbose
            .lines()
            .find_map(|line| line.strip_prefix("release: "))
            .context("`rustc -vV` printed no release")?;
        Ok(Self { sysroot: sysroot.trim_end().into(), version: version.to_owned() })
    }

    pub fn rustlib(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib")
    }

    pub fn target_dir(&self) -> PathBuf {
        self.rustlib().join(TARGET)
    }
}

/// Does nothing when the target works; else provides it, or says what the user can do.
pub fn ensure_target() -> Result<()> {
    let toolchain = Toolchain::active()?;
    if works(&toolchain)? {
        return Ok(());
    }
    let _lock = lock(&toolchain)?;
    // Another set-up may have done the work while we waited for the lock.
    if works(&toolchain)? {
        return Ok(());
    }
    say!("rustc {} at {} has no usable {TARGET} target; providing it", toolchain.version, toolchain.sysroot.display());
    let rustup = match provide("rustup", &toolchain, rustup::add)? {
        None => return Ok(()),
        Some(reason) => reason,
    };
    let debian = match provide("Debian's packages", &toolchain, std_build::provide)? {
        None => return Ok(()),
        Some(reason) => reason,
    };
    bail!(advice(&toolchain, &rustup, &debian))
}

/// Like [`ensure_target`], and tells the user that the target is there.
pub fn run() -> Result<()> {
    ensure_target()?;
    say!("{TARGET} is ready");
    Ok(())
}

/// What the guests' artefacts depend on besides their sources. Cargo doesn't look at it (it knows rustc's version only),
/// but objects built against one std don't link with another build of it.
pub fn std_identity() -> Result<String> {
    let toolchain = Toolchain::active()?;
    let lib = toolchain.target_dir().join("lib");
    let mut names: Vec<String> = fs::read_dir(&lib)
        .with_context(|| format!("could not read {}", lib.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".rlib"))
        .collect();
    names.sort();
    Ok(format!("{}\n{}\n", toolchain.version, names.join("\n")))
}

/// One way to the target: `None` when it worked, else the reason why not.
fn provide(name: &str, toolchain: &Toolchain, way: impl FnOnce(&Toolchain) -> Result<()>) -> Result<Option<String>> {
    let reason = match way(toolchain) {
        Ok(()) if works(toolchain)? => {
            say!("{TARGET} is ready, from {name}");
            return Ok(None);
        }
        Ok(()) => "it went through, but rustc still can't link for the target".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    say!("no target from {name}: {reason}");
    Ok(Some(reason))
}

/// Whether rustc can compile and link for the target. A look at the folder isn't enough: a toolchain updated in place
/// keeps a std that its new rustc can't read, and a killed rustup may leave a part of one.
fn works(toolchain: &Toolchain) -> Result<bool> {
    if !toolchain.target_dir().join("lib").is_dir() {
        return Ok(false);
    }
    let probe = scratch()?.join(format!("probe-{}.wasm", std::process::id()));
    let mut child = rustc()
        .args(["--target", TARGET, "--crate-type", "cdylib", "--crate-name", "probe", "-o"])
        .arg(&probe)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("could not start `rustc`")?;
    if let Some(mut source) = child.stdin.take() {
        source.write_all(b"pub fn uses_std() -> String { String::new() }").ok();
    }
    let linked = child.wait()?.success() && probe.is_file();
    fs::remove_file(&probe).ok();
    Ok(linked)
}

/// Keeps a second set-up of the same toolchain, from this or another clone, waiting. The system lets go of the lock
/// when the process ends, however it ends.
fn lock(toolchain: &Toolchain) -> Result<File> {
    let path = toolchain.rustlib().join(".stepwright-setup.lock");
    let file = File::options().create(true).append(true).open(&path).with_context(|| {
        format!("the {TARGET} target is missing, and {} can't be written to provide it", path.display())
    })?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            say!("another set-up of this toolchain is running; waiting for it");
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    Ok(file)
}

fn rustc() -> Command {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(workspace::root());
    command
}

/// A folder for what only set-up needs. It is outside version control, and may be deleted at any time.
fn scratch() -> Result<PathBuf> {
    let path = workspace::root().join("target/setup");
    create_dir(&path)?;
    Ok(path)
}

fn create_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("could not create {}", path.display()))
}

fn advice(toolchain: &Toolchain, rustup: &str, debian: &str) -> String {
    let Toolchain { sysroot, version } = toolchain;
    let sysroot = sysroot.display();
    format!(
        "the {TARGET} target is missing, and could not be provided\n\
         \n  rustup: {rustup}\n  Debian: {debian}\n\n\
         Do one of these, then run `cargo xtask setup` again:\n  \
         - where rustup's server can be reached: `rustup target add {TARGET}`\n  \
         - on Debian: let apt-get reach a mirror that has the suites {suites},\n    \
           with rust-src {version} and wasi-libc (`apt-get update` must work)\n  \
         - copy the folder lib/rustlib/{TARGET} of another machine's rustc {version}\n    \
           to {sysroot}/lib/rustlib/",
        suites = mirror::SUITES.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_names_both_reasons_and_the_version() {
        let toolchain = Toolchain { sysroot: "/opt/rust".into(), version: "1.95.0".into() };
        let text = advice(&toolchain, "no network", "no apt-get");
        for part in ["no network", "no apt-get", "rust-src 1.95.0", "/opt/rust/lib/rustlib/"] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
    }
}
