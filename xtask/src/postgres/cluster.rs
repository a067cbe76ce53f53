//! A temporary PostgreSQL cluster out of the installed programs. It goes away with the value, also when tests fail.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::probe;
use crate::cmd::{self, say};

const FOLDER: &str = "stepwright-test-postgres-";

pub struct Cluster {
    server: Child,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    /// `None` when PostgreSQL's programs aren't installed.
    pub fn start() -> Result<Option<Self>> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        remove_leftovers(&env::temp_dir());
        let user = unprivileged_user()?;
        // Not below target/: the other user may not be let into the folders above it.
        let folder = env::temp_dir().join(format!("{FOLDER}{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("could not create {}", folder.display()))?;
        let started = Self::start_in(&programs, &folder, user);
        if started.is_err() {
            fs::remove_dir_all(&folder).ok();
        }
        started.map(Some)
    }

    fn start_in(programs: &Path, folder: &Path, user: Option<(u32, u32)>) -> Result<Self> {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        if let Some((uid, gid)) = user {
            chown(folder, Some(uid), Some(gid))?;
        }
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder).env("LC_ALL", "C.UTF-8");
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command
        };
        let data = folder.join("data");
        cmd::quiet(
            command("initdb")
                .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"])
                .arg("-D")
                .arg(&data),
        )?;

        // The kernel picks a free port; that another program takes it before the server does is unlikely enough.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = fs::File::create(folder.join("log"))?;
        let mut server = command("postgres");
        server
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", folder.display()))
            // Every test has databases and pools of its own.
            .args(["-c", "max_connections=400"])
            // The data doesn't outlive the tests, so nothing is gained by waiting for the disk.
            .args(["-c", "fsync=off", "-c", "full_page_writes=off"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = server.spawn().with_context(|| format!("could not start `{}`", cmd::line(&server)))?;
        let mut cluster = Self { server: child, folder: folder.to_owned(), port };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        loop {
            if probe::trusts_us(self.port, Duration::from_secs(1)) {
                return Ok(());
            }
            let ended = self.server.try_wait()?;
            if ended.is_some() || started.elapsed() > Duration::from_secs(30) {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("the temporary PostgreSQL server did not start:\n{}", log.trim_end());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown. It takes its helper processes along; SIGKILL would leave them.
        let asked = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        let since = Instant::now();
        while asked.is_ok() && since.elapsed() < Duration::from_secs(10) {
            if !matches!(self.server.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.server.kill().ok();
        self.server.wait().ok();
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            say!("could not remove {}: {error}", self.folder.display());
        }
    }
}

/// The folder of `initdb` and `postgres`, of the newest version: Debian keeps them out of the PATH.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let path = env::var_os("PATH").unwrap_or_default();
    versions
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// PostgreSQL refuses to run as root. `None`: we aren't root, and run it as ourselves.
fn unprivileged_user() -> Result<Option<(u32, u32)>> {
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let (Ok(uid), Ok(gid)) = (id(&["-u", name]), id(&["-g", name])) {
            return Ok(Some((uid, gid)));
        }
    }
    bail!("PostgreSQL doesn't run as root, and there is neither a user `postgres` nor `nobody`")
}

fn id(args: &[&str]) -> Result<u32> {
    let printed = cmd::quiet(Command::new("id").args(args))?;
    printed.trim().parse().with_context(|| format!("`id {}` printed {printed:?}", args.join(" ")))
}

/// Removes the folders of runs that were killed before they could clean up. The folder's name tells whose it is.
fn remove_leftovers(temp: &Path) {
    for entry in fs::read_dir(temp).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix(FOLDER)) else {
            continue;
        };
        let server_runs = fs::read_to_string(entry.path().join("data/postmaster.pid"))
            .ok()
            .and_then(|text| text.lines().next().map(str::to_owned))
            .is_some_and(|server| Path::new("/proc").join(server).exists());
        if !Path::new("/proc").join(pid).exists() && !server_runs {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_serves_and_leaves_nothing_behind() {
        let Some(cluster) = Cluster::start().unwrap() else {
            say!("skipped: PostgreSQL is not installed");
            return;
        };
        let (folder, port) = (cluster.folder.clone(), cluster.port());
        assert!(probe::trusts_us(port, Duration::from_secs(5)));
        drop(cluster);
        assert!(!folder.exists());
        assert!(!probe::trusts_us(port, Duration::from_millis(200)));
    }

    #[test]
    fn only_the_folders_of_dead_runs_are_leftovers() {
        let temp = tempfile::tempdir().unwrap();
        let dead = temp.path().join(format!("{FOLDER}999999999"));
        let alive = temp.path().join(format!("{FOLDER}{}", std::process::id()));
        let other = temp.path().join("something-else");
        for folder in [&dead, &alive, &other] {
            fs::create_dir(folder).unwrap();
        }
        remove_leftovers(temp.path());
        assert!(!dead.exists());
        assert!(alive.exists() && other.exists());
    }
}
