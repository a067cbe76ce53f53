//! The program as its users meet it: layers of configuration, clear refusals, an orderly end.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The program, with nothing of this process's environment that it would heed.
fn stepwright() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepwright"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["STEPWRIGHT_", "OTEL_", "RUST_LOG"].iter().any(|heeded| name.starts_with(heeded)) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(command: &mut Command) -> Output {
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let (file, env, line) = (dir.path().join("file"), dir.path().join("env"), dir.path().join("line"));
    let config = dir.path().join("stepwright.toml");
    fs::write(&config, format!("data_dir = {:?}\n", file.display().to_string())).unwrap();
    let migrate = || {
        let mut command = stepwright();
        command.arg("migrate").arg("--config").arg(&config);
        command
    };
    let migrated = |command: &mut Command, dir: &Path| {
        let output = run(command);
        let expected = format!("sqlite://{}/stepwright.db\n", dir.display());
        assert!(text(&output.stdout).ends_with(&expected), "{output:?}");
        assert!(dir.join("stepwright.db").is_file());
    };
    migrated(&mut migrate(), &file);
    migrated(migrate().env("STEPWRIGHT_DATA_DIR", &env), &env);
    migrated(migrate().env("STEPWRIGHT_DATA_DIR", &env).arg("--data-dir").arg(&line), &line);
}

#[test]
fn what_keeps_the_host_from_starting_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let cases: [(&[&str], &str); 3] = [
        (&["--listen", &taken], "is in use"),
        (&["--listen", "127.0.0.1:0", "--data-dir", &file.join("x").display().to_string()], "data directory"),
        (
            &["--listen", "127.0.0.1:0", "--database-url", "postgres://u:secret@127.0.0.1:1/x"],
            "could not open the database",
        ),
    ];
    for (arguments, expected) in cases {
        let mut command = stepwright();
        command.arg("serve").env("STEPWRIGHT_DATA_DIR", dir.path().join("data")).args(arguments);
        let output = run(&mut command);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        // A binary built before its plugins refuses for that reason.
        assert!(errors.contains(expected) || errors.contains("cargo xtask plugins"), "{arguments:?}: {errors}");
        assert_eq!(errors.trim().lines().count(), 1, "{errors}");
        assert!(!errors.contains("secret"), "{errors}");
    }
}

/// A host that is killed when the test ends however it ends.
struct Host {
    child: Child,
    address: String,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Host {
    fn start(data_dir: &Path) -> Self {
        let mut child = stepwright()
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("its output is piped"));
        out.read_line(&mut line).expect("its output can be read");
        let address = line.trim().trim_start_matches("listening on http://").to_owned();
        Self { child, address }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

#[test]
fn a_host_gets_ready_and_ends_in_order() {
    if stepwright_server::builtins::check_embedded().is_err() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut host = Host::start(dir.path());
    assert!(host.get("/healthz").starts_with("HTTP/1.1 200"));
    let ready = host.get("/readyz");
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(host.get("/metrics").contains("stepwright_build_info"));
    host.signal("-TERM");
    let begun = Instant::now();
    assert_eq!(host.exit_code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10));
    // Started again it is up at once: nothing is compiled twice.
    let begun = Instant::now();
    let mut host = Host::start(dir.path());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    host.signal("-INT");
    assert_eq!(host.exit_code(), Some(0));
}

#[test]
fn a_second_signal_ends_the_host_at_once() {
    if stepwright_server::builtins::check_embedded().is_err() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut host = Host::start(dir.path());
    // A request whose body never comes would be waited for.
    let mut stream = TcpStream::connect(&host.address).unwrap();
    let token = fs::read_to_string(dir.path().join("admin-token")).unwrap();
    let head = format!(
        "POST /platform/v1/tenants HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 9\r\n\r\n",
        token.trim()
    );
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    host.signal("-TERM");
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    host.signal("-INT");
    assert_eq!(host.exit_code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(2));
}
