//! The real binary, in a process of its own.

use super::Client;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The operator token of started servers.
pub const TOKEN: &str = "operator-token-of-the-tests";

/// Where `cargo xtask` has put binaries, plugins and guests.
pub fn target_dir() -> PathBuf {
    match std::env::var_os("STEPWRIGHT_TARGET_DIR") {
        Some(dir) => dir.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
    }
}

/// A server; killed (SIGKILL) when dropped.
pub struct Server {
    pub child: Child,
    pub base: String,
}

impl Server {
    /// Starts the server in `data_dir` with more arguments.
    pub fn start(data_dir: &Path, args: &[&str]) -> Self {
        let binary = target_dir().join("release/stepwright");
        let mut child = Command::new(&binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .args(args)
            .env("STEPWRIGHT_ADMIN_TOKEN", TOKEN)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}; run `cargo xtask test`", binary.display()));
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let base = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the server ended: {:?}", child.wait()) };
            if let Some(base) = line.strip_prefix("listening on ") {
                break base.to_owned();
            }
        };
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base }
    }

    /// A client with the operator token.
    pub fn operator(&self) -> Client {
        Client::new(&self.base, Some(TOKEN))
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Asks it to drain and gives the exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("kill -TERM");
        self.child.wait().expect("wait").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
