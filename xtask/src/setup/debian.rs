//! Fetches the source of std and the C library of the target from Debian, without installing anything: apt gets a state
//! of its own, and the packages are only unpacked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::{TARGET, mirror};
use crate::cmd::{self, say};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What the packages hold of interest.
pub struct Sources {
    /// The workspace of std, `library` in rustc's source.
    pub library: PathBuf,
    /// The target's crt objects and libc.a.
    pub libc: PathBuf,
}

/// Downloads and unpacks rust-src of exactly the given rustc version, and wasi-libc, below `work`.
pub fn fetch(version: &str, work: &Path) -> Result<Sources> {
    for program in ["apt-get", "apt-cache", "dpkg-deb", "tar"] {
        if !cmd::exists(program, "--version") {
            bail!("this is no Debian: there is no {program}");
        }
    }
    let apt = Apt::new(work)?;
    let roots = mirror::archives(&cmd::quiet(
        Command::new("apt-get")
            .args(["update", "--print-uris", "-o"])
            .arg(format!("Dir::State::Lists={}", apt.lists().display())),
    )?);
    if roots.is_empty() {
        bail!("apt is set up with no Debian archive");
    }
    for root in &roots {
        let mut lines = String::new();
        for suite in mirror::SUITES {
            say!("looking for rust-src {version} and wasi-libc in Debian's {suite}");
            lines.push_str(&source_line(root, suite));
            if let Some(sources) = apt.look(&lines, version)? {
                return Ok(sources);
            }
        }
    }
    bail!(
        "no configured Debian archive has rust-src {version} and a wasi-libc with {TARGET} in {}",
        mirror::SUITES.join(", ")
    )
}

/// `target=Packages`: neither translations nor screenshots.
fn source_line(root: &str, suite: &str) -> String {
    let mut options = "target=Packages".to_owned();
    if Path::new(KEYRING).exists() {
        options.push_str(&format!(" signed-by={KEYRING}"));
    }
    // A snapshot never changes, so the date until which its index claims to be valid has usually passed.
    if root.split('/').any(mirror::is_snapshot_date) {
        options.push_str(" check-valid-until=no");
    }
    format!("deb [{options}] {root} {suite} main\n")
}

/// apt with its own source list, package lists and cache.
struct Apt {
    work: PathBuf,
}

impl Apt {
    fn new(work: &Path) -> Result<Self> {
        let apt = Self { work: work.to_owned() };
        super::create_dir(&apt.lists().join("partial"))?;
        super::create_dir(&work.join("cache/archives/partial"))?;
        let dir = work.display();
        // As root apt would fetch as its own user, who can't write here. The hooks are for the system's lists.
        let config = format!(
            "Dir::Etc::SourceList \"{dir}/sources.list\";\n\
             Dir::Etc::SourceParts \"/dev/null\";\n\
             Dir::State \"{dir}\";\n\
             Dir::State::Lists \"{dir}/lists\";\n\
             Dir::State::status \"{dir}/status\";\n\
             Dir::Cache \"{dir}/cache\";\n\
             APT::Sandbox::User \"root\";\n\
             Acquire::http::Timeout \"30\";\n\
             Acquire::https::Timeout \"30\";\n\
             Acquire::Retries \"2\";\n\
             #clear APT::Update::Post-Invoke;\n\
             #clear APT::Update::Post-Invoke-Success;\n"
        );
        fs::write(work.join("apt.conf"), config)?;
        fs::write(work.join("status"), "")?;
        Ok(apt)
    }

    fn lists(&self) -> PathBuf {
        self.work.join("lists")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-c").arg(self.work.join("apt.conf"));
        command
    }

    /// Reads the package lists and, if they hold what is needed, fetches it.
    fn look(&self, source_lines: &str, version: &str) -> Result<Option<Sources>> {
        fs::write(self.work.join("sources.list"), source_lines)?;
        if let Err(error) = cmd::quiet(self.command("apt-get").args(["-q", "update"])) {
            say!("{error:#}");
            return Ok(None);
        }
        let madison = cmd::quiet(self.command("apt-cache").args(["madison", "rust-src", "wasi-libc"]))?;
        let Some((rust, libc)) = choose(&madison, version) else {
            return Ok(None);
        };
        let library = format!("usr/src/rustc-{version}/library");
        let libc_folder = format!("usr/lib/{TARGET}");
        for (package, folder) in [(format!("rust-src={rust}"), &library), (format!("wasi-libc={libc}"), &libc_folder)] {
            say!("fetching {package}");
            // An older wasi-libc, for one, knows only the first preview of WASI; another suite may have a newer one.
            if let Err(error) = self.unpack(&package, folder) {
                say!("{error:#}");
                return Ok(None);
            }
        }
        Ok(Some(Sources { library: self.unpacked().join(library), libc: self.unpacked().join(libc_folder) }))
    }

    /// Takes one folder out of a package. Only that: of rust-src's 46 000 files, std needs a tenth.
    fn unpack(&self, package: &str, folder: &str) -> Result<()> {
        let download = self.work.join("download");
        fs::remove_dir_all(&download).ok();
        super::create_dir(&download)?;
        super::create_dir(&self.unpacked())?;
        cmd::quiet(self.command("apt-get").args(["-q", "download", package]).current_dir(&download))?;
        let file = fs::read_dir(&download)?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .with_context(|| format!("`apt-get download {package}` brought no .deb file"))?;

        let mut archive = Command::new("dpkg-deb");
        archive.arg("--fsys-tarfile").arg(file).stdout(Stdio::piped());
        let mut child = archive.spawn().with_context(|| format!("could not start `{}`", cmd::line(&archive)))?;
        let pipe = child.stdout.take().context("dpkg-deb has no stdout")?;
        let mut tar = Command::new("tar");
        tar.arg("-x").arg("-C").arg(self.unpacked()).arg(format!("./{folder}")).stdin(pipe);
        let unpacked = cmd::run(&mut tar).with_context(|| format!("{package} has no folder {folder}"));
        // tar, when it fails, may not have read all; dpkg-deb's complaint about that would only hide the reason.
        let ended = child.wait()?;
        unpacked?;
        cmd::check(&archive, ended)
    }

    fn unpacked(&self) -> PathBuf {
        self.work.join("unpacked")
    }
}

/// The versions of rust-src and wasi-libc to take from what `apt-cache madison` lists, newest first.
fn choose(madison: &str, version: &str) -> Option<(String, String)> {
    let versions = |package: &'static str| {
        madison.lines().filter_map(move |line| {
            let mut fields = line.split('|').map(str::trim);
            (fields.next()? == package).then(|| fields.next())?
        })
    };
    let rust = versions("rust-src").find(|&found| upstream(found) == version)?;
    let libc = versions("wasi-libc").next()?;
    Some((rust.to_owned(), libc.to_owned()))
}

/// "1.95.0" of "1.95.0+dfsg1-2~bpo13+1".
fn upstream(version: &str) -> &str {
    version.split(['+', '-', '~']).next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADISON: &str = "\
        rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://m.example/debian trixie-backports/main amd64 Packages\n  \
        rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://m.example/debian trixie-backports/main amd64 Packages\n \
        wasi-libc | 0.0~git20260129.ec0effd-3~bpo13+1 | http://m.example/debian trixie-backports/main amd64 Packages\n";

    #[test]
    fn rust_src_must_be_of_exactly_the_rustc_version() {
        let (rust, libc) = choose(MADISON, "1.95.0").unwrap();
        assert_eq!(rust, "1.95.0+dfsg1-2~bpo13+1");
        assert_eq!(libc, "0.0~git20260129.ec0effd-3~bpo13+1");
        assert_eq!(choose(MADISON, "1.9"), None);
        assert_eq!(choose(MADISON, "1.95.1"), None);
    }

    #[test]
    fn without_wasi_libc_there_is_no_choice() {
        let (rust_only, _) = MADISON.split_once(" wasi-libc").unwrap();
        assert_eq!(choose(rust_only, "1.95.0"), None);
    }

    #[test]
    fn a_snapshot_may_be_past_its_date() {
        let line = source_line("http://m.example/archive/debian/20250520T000000Z", "sid");
        assert!(line.contains("check-valid-until=no"), "{line}");
        assert!(!source_line("http://m.example/debian", "sid").contains("check-valid-until"));
    }
}
