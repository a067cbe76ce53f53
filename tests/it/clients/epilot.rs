//! `@epilot/sdk` 2.20 from npm, unchanged, with `baseURL` (source: contracts/epilot.md 6.1). It drives a flow of every
//! kind of task to its end on a host whose clock is simulated.

use crate::epilot::GRANTS;
use crate::support::TestHost;
use crate::support::process::target_dir;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

const FILES: [&str; 3] = ["package.json", "package-lock.json", "driver.mjs"];

/// A folder with the client installed, made once and kept in the target folder; `None` where there is no node, or the
/// client cannot be had.
async fn installed() -> Option<PathBuf> {
    let dir = target_dir().join("clients/epilot-sdk-2.20.31");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/clients/epilot");
    let node = Command::new("node").arg("--version").output().await;
    if !node.is_ok_and(|node| node.status.success()) {
        return None;
    }
    fs::create_dir_all(&dir).expect("a folder");
    let lock = fs::read(source.join("package-lock.json")).expect("the lock file");
    let is_there = dir.join("node_modules/@epilot/sdk/package.json").is_file()
        && fs::read(dir.join("package-lock.json")).is_ok_and(|there| there == lock);
    if !is_there {
        for name in &FILES[..2] {
            fs::copy(source.join(name), dir.join(name)).expect("a copy");
        }
        let made = Command::new("npm")
            // Not `ci`, which asks the lock file for an optional part that is not to be had everywhere.
            .args(["install", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--silent"])
            .current_dir(&dir)
            .stdout(Stdio::null())
            .status()
            .await;
        if !made.is_ok_and(|made| made.success()) {
            // What is half there must not be taken for the whole next time.
            let _ = fs::remove_file(dir.join("package-lock.json"));
            return None;
        }
    }
    fs::copy(source.join(FILES[2]), dir.join(FILES[2])).expect("a copy");
    Some(dir)
}

#[tokio::test]
async fn the_vendors_javascript_client_drives_a_flow_to_its_end_and_sees_it_through_v1() {
    let Some(dir) = installed().await else {
        eprintln!(
            "\n*** NOT TESTED, 1 skipped: node with npm, or the package @epilot/sdk 2.20.31, cannot be had here ***\n"
        );
        return;
    };
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let (_, key) = host.key(&tenant, "epilot", GRANTS, "live").await;
    let org = tenant.base.rsplit('/').next().expect("an id");
    for (contact, attributes) in [
        ("other", json!({"answered": "no", "kind": "other"})),
        ("vip", json!({"answered": "yes", "kind": "vip"})),
        ("lead", json!({"answered": "yes", "kind": "lead"})),
        ("lead-2", json!({"answered": "yes", "kind": "lead"})),
    ] {
        let path = format!("{}/entities/contact/{contact}", tenant.base);
        host.operator.json("PUT", &path, &json!({ "attributes": attributes })).await.expect(201);
    }
    let sweep = json!({"id": "sweep", "name": "Sweep", "actions": [{"step_type": "mark_invoices_overdue"}]});
    host.operator.post(&format!("{}/automations", tenant.base), &sweep).await.expect(201);

    let mut driver = Command::new("node")
        .arg("driver.mjs")
        .args([host.operator.base(), &key, org])
        .current_dir(&dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node");
    let (mut answers, stdout) = (driver.stdin.take().expect("its input"), driver.stdout.take().expect("its output"));
    let mut stderr = driver.stderr.take().expect("its errors");
    let errors = tokio::spawn(async move {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text).await;
        text
    });
    let mut said = Vec::new();
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await.expect("a line") {
        if let Some(seconds) = line.strip_prefix("advance ") {
            host.advance_secs(seconds.parse().expect("seconds"));
            answers.write_all(b"advanced\n").await.expect("its input");
        }
        said.push(line);
    }
    let status = driver.wait().await.expect("its end");
    let errors = errors.await.expect("its errors");
    assert!(status.success() && said.last().is_some_and(|line| line == "all driven"), "{said:?}\n{errors}");
}
