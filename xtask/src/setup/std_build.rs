//! Builds the target's standard library from source with the toolchain in use, and moves it into the toolchain.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::debian::{self, Sources};
use super::{TARGET, Toolchain, create_dir, scratch};
use crate::cmd::{self, say};

/// Left in the installed folder, for whoever wonders later why rustup doesn't know it.
const NOTE: &str = "Made by Stepwright's `cargo xtask setup` from Debian's rust-src and wasi-libc, because rustup could \
                    not be reached. Delete this folder before `rustup target add wasm32-wasip2`.\n";

/// The Debian way from end to end.
pub fn provide(toolchain: &Toolchain) -> Result<()> {
    let work = Workdir::new()?;
    let sources = debian::fetch(&toolchain.version, &work.0)?;
    let built = {
        let _link = SourceLink::new(toolchain, &sources.library)?;
        build(&work.0)?
    };
    install(toolchain, &built, &sources)
}

/// Compiles std with cargo's own means; the flag makes it fit for guests that are built with LTO.
fn build(work: &Path) -> Result<PathBuf> {
    let seed = work.join("seed");
    create_dir(&seed.join("src"))?;
    fs::write(seed.join("src/lib.rs"), "")?;
    fs::write(
        seed.join("Cargo.toml"),
        "[package]\nname = \"seed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [workspace]\n\
         [profile.release]\ncodegen-units = 1\nincremental = false\n",
    )?;
    say!("building std for {TARGET} (about a minute on two cores)");
    let target_dir = work.join("std");
    let mut command =
        cmd::cargo(["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,test", "--target-dir"]);
    // RUSTC_BOOTSTRAP: building std takes unstable features, of this very rustc.
    command
        .arg(&target_dir)
        .current_dir(&seed)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET");
    cmd::run(&mut command)?;
    Ok(target_dir.join(TARGET).join("release/deps"))
}

/// Puts everything into a folder beside the final one, then renames: a killed set-up leaves no half target.
fn install(toolchain: &Toolchain, built: &Path, sources: &Sources) -> Result<()> {
    let staged = toolchain.rustlib().join(format!(".{TARGET}.new"));
    let old = toolchain.rustlib().join(format!(".{TARGET}.old"));
    for leftover in [&staged, &old] {
        fs::remove_dir_all(leftover).ok();
    }
    let lib = staged.join("lib");
    let own = lib.join("self-contained");
    create_dir(&own)?;
    let mut rlibs = 0;
    for entry in fs::read_dir(built)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if name.ends_with(".rlib") && !name.starts_with("libseed-") {
            copy(&path, &lib.join(name))?;
            rlibs += 1;
        }
    }
    if rlibs == 0 {
        bail!("the build of std left no .rlib in {}", built.display());
    }
    for name in ["crt1-command.o", "crt1-reactor.o", "libc.a"] {
        copy(&sources.libc.join(name), &own.join(name))?;
    }
    fs::write(staged.join("README"), NOTE)?;

    let target = toolchain.target_dir();
    if target.exists() {
        fs::rename(&target, &old)?;
    }
    fs::rename(&staged, &target).with_context(|| format!("could not move the target to {}", target.display()))?;
    fs::remove_dir_all(&old).ok();
    say!("installed {rlibs} libraries at {}", target.display());
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("could not copy {}", from.display()))?;
    Ok(())
}

/// A folder that is empty at first and gone at the end. The set-up's lock makes us its only user.
struct Workdir(PathBuf);

impl Workdir {
    fn new() -> Result<Self> {
        let path = scratch()?.join("debian");
        fs::remove_dir_all(&path).ok();
        create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Workdir {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Lets `-Zbuild-std` find the source where it looks for rustup's `rust-src`. Only a link, and only while we build:
/// rustup must not find files there that it didn't put there.
struct SourceLink(Option<PathBuf>);

impl SourceLink {
    fn new(toolchain: &Toolchain, library: &Path) -> Result<Self> {
        let place = toolchain.rustlib().join("src/rust/library");
        if place.join("Cargo.lock").is_file() && !place.is_symlink() {
            say!("using the toolchain's own rust-src");
            return Ok(Self(None));
        }
        // A link that a killed set-up left.
        if place.is_symlink() {
            fs::remove_file(&place)?;
        }
        if let Some(parent) = place.parent() {
            create_dir(parent)?;
        }
        symlink(library, &place).with_context(|| format!("could not link the source of std to {}", place.display()))?;
        Ok(Self(Some(place)))
    }
}

impl Drop for SourceLink {
    fn drop(&mut self) {
        let Some(place) = &self.0 else { return };
        fs::remove_file(place).ok();
        // The two folders above are ours if nothing else is in them; else this fails, as it should.
        for parent in place.ancestors().skip(1).take(2) {
            fs::remove_dir(parent).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toolchain(dir: &Path) -> Toolchain {
        let toolchain = Toolchain { sysroot: dir.join("sysroot"), version: "1.95.0".into() };
        create_dir(&toolchain.rustlib()).unwrap();
        toolchain
    }

    fn file(path: PathBuf) {
        create_dir(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    #[test]
    fn install_replaces_a_broken_target_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = toolchain(dir.path());
        file(toolchain.target_dir().join("lib/libstd-old.rlib"));
        let built = dir.path().join("deps");
        for name in ["libstd-1.rlib", "libstd-1.rmeta", "libseed-2.rlib", "std-1.d"] {
            file(built.join(name));
        }
        let libc = dir.path().join("libc");
        for name in ["crt1-command.o", "crt1-reactor.o", "libc.a"] {
            file(libc.join(name));
        }
        let sources = Sources { library: dir.path().into(), libc };

        install(&toolchain, &built, &sources).unwrap();

        let lib = toolchain.target_dir().join("lib");
        assert!(lib.join("libstd-1.rlib").is_file());
        assert!(lib.join("self-contained/libc.a").is_file());
        for gone in ["libstd-old.rlib", "libseed-2.rlib", "libstd-1.rmeta"] {
            assert!(!lib.join(gone).exists(), "{gone}");
        }
        let left: Vec<_> = fs::read_dir(toolchain.rustlib()).unwrap().flatten().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn a_failed_install_leaves_the_toolchain_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = toolchain(dir.path());
        let built = dir.path().join("deps");
        file(built.join("libstd-1.rlib"));
        let sources = Sources { library: dir.path().into(), libc: dir.path().join("none") };
        assert!(install(&toolchain, &built, &sources).is_err());
        assert!(!toolchain.target_dir().exists());
    }

    #[test]
    fn the_source_link_replaces_a_leftover_and_goes_away() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = toolchain(dir.path());
        let place = toolchain.rustlib().join("src/rust/library");
        create_dir(place.parent().unwrap()).unwrap();
        symlink(dir.path().join("gone"), &place).unwrap();
        file(dir.path().join("library/Cargo.lock"));

        let link = SourceLink::new(&toolchain, &dir.path().join("library")).unwrap();
        assert!(place.join("Cargo.lock").is_file());
        drop(link);
        assert!(!toolchain.rustlib().join("src").exists());
    }

    #[test]
    fn the_toolchains_own_source_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = toolchain(dir.path());
        let own = toolchain.rustlib().join("src/rust/library/Cargo.lock");
        file(own.clone());
        drop(SourceLink::new(&toolchain, &dir.path().join("library")).unwrap());
        assert!(own.is_file());
    }
}
