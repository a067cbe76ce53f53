//! `httpx` from PyPI with a client written from nothing but the contract, and the curl lines of the published
//! documentation as they stand there (source: contracts/hydracore.md, seeds 000 and 001).

use crate::support::process::Server;
use serde_json::{Value, json};
use std::process::Command;

/// A tenant on a real server, with what a client needs: instance, proxy key, API key.
struct Made {
    server: Server,
    _dir: tempfile::TempDir,
    instance: String,
    proxy: String,
    key: String,
}

async fn made() -> Made {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let operator = server.operator();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let tenant = operator.post("/platform/v1/tenants", &json!({"name": "Client"})).await.expect(201).json();
    let base = format!("/platform/v1/tenants/{}", text(&tenant, "id"));
    let instance = operator.post(&format!("{base}/instances"), &json!({"name": "agent"})).await.expect(201).json();
    let instance = text(&instance, "id");
    let proxy = json!({"dialect": "hydracore", "kind": "proxy_key", "instance_id": instance, "scopes": []});
    let proxy = operator.post(&format!("{base}/keys"), &proxy).await.expect(201).json();
    let key = json!({"dialect": "hydracore", "scopes": ["workflows:*"]});
    let key = operator.post(&format!("{base}/keys"), &key).await.expect(201).json();
    let (proxy, key) = (text(&proxy, "key"), text(&key, "key"));
    Made { server, _dir: dir, instance, proxy, key }
}

#[tokio::test]
async fn a_client_written_from_the_contract_makes_all_of_its_calls() {
    let Some(python) = super::python::with("httpx", "0.28.1") else { return };
    let made = made().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/it/clients/hydracore_client.py");
    let args = [made.server.base.clone(), made.instance.clone(), made.proxy.clone(), made.key.clone()];
    let output = tokio::task::spawn_blocking(move || {
        Command::new(python).arg(script).args(args).env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap()
    })
    .await
    .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.trim().ends_with("all calls made"), "{out}\n{err}");
}

/// The lines as published; `https://loading` is the host, and the ids and the key of the samples are put in their
/// places. Those to `/internal` show no header, though the text says `Auth: Bearer proxy key`.
const LINES: [(&str, &str); 12] = [
    (
        "201",
        r#"curl -X POST "https://loading/internal/v1/instances/497f6eca-6276-4993-bfeb-53cbbbba6f08/workflows" \  -H "Content-Type: application/json" \  -d '{    "customer_id": "160c0c4b-9966-4dc1-a916-8407eb10d74e",    "workflow_type": "lead"  }'"#,
    ),
    (
        "200",
        r#"curl -X GET "https://loading/internal/v1/instances/497f6eca-6276-4993-bfeb-53cbbbba6f08/workflows?customer_id=497f6eca-6276-4993-bfeb-53cbbbba6f08&workflow_type=string&status=string&reference=string&page=1&per_page=20""#,
    ),
    (
        "200",
        r#"curl -X GET "https://loading/internal/v1/instances/497f6eca-6276-4993-bfeb-53cbbbba6f08/workflows/WORKFLOW""#,
    ),
    (
        "200",
        r#"curl -X PATCH "https://loading/internal/v1/instances/497f6eca-6276-4993-bfeb-53cbbbba6f08/workflows/WORKFLOW" \  -H "Content-Type: application/json" \  -d '{    "action": "string"  }'"#,
    ),
    (
        "200",
        r#"curl -X POST "https://loading/internal/v1/instances/497f6eca-6276-4993-bfeb-53cbbbba6f08/workflows/WORKFLOW/suspend" \  -H "Content-Type: application/json" \  -d '{    "step": "string"  }'"#,
    ),
    (
        "200",
        r#"curl -X POST "https://loading/internal/v1/instances/497f6eca-6276-4993-bfeb-53cbbbba6f08/workflows/WORKFLOW/resume" \  -H "Content-Type: application/json" \  -d '{}'"#,
    ),
    (
        "200",
        r#"curl -X GET "https://loading/v1/workflows?customer_id=497f6eca-6276-4993-bfeb-53cbbbba6f08&workflow_type=string&status=string&page=1&per_page=20" \  -H "X-Api-Key: string""#,
    ),
    ("200", r#"curl -X GET "https://loading/v1/workflows/suspended" \  -H "X-Api-Key: string""#),
    ("200", r#"curl -X GET "https://loading/v1/workflows/WORKFLOW" \  -H "X-Api-Key: string""#),
    (
        "200",
        r#"curl -X POST "https://loading/v1/workflows/WORKFLOW/suspend" \  -H "X-Api-Key: string" \  -H "Content-Type: application/json" \  -d '{    "step": "string"  }'"#,
    ),
    (
        "200",
        r#"curl -X POST "https://loading/v1/workflows/WORKFLOW/resume" \  -H "X-Api-Key: string" \  -H "Content-Type: application/json" \  -d '{}'"#,
    ),
    ("200", r#"curl -X POST "https://loading/v1/workflows/WORKFLOW/abort" \  -H "X-Api-Key: string""#),
];

#[tokio::test]
async fn the_curl_lines_of_the_documentation_work_as_pasted() {
    if !Command::new("curl").arg("--version").output().is_ok_and(|o| o.status.success()) {
        eprintln!("\n*** NOT TESTED: there is no curl here ***\n");
        return;
    }
    let made = made().await;
    let mut workflow = "WORKFLOW".to_owned();
    for (status, line) in LINES {
        // The published text has lost the line ends behind its backslashes.
        let mut line = line
            .replace("\\  ", " ")
            .replace("https://loading", &made.server.base)
            .replace("497f6eca-6276-4993-bfeb-53cbbbba6f08/workflows", &format!("{}/workflows", made.instance))
            .replace("WORKFLOW", &workflow)
            .replace("X-Api-Key: string", &format!("X-Api-Key: {}", made.key));
        if line.contains("/internal/") {
            line.push_str(&format!(" -H \"Authorization: Bearer {}\"", made.proxy));
        }
        line.push_str(" -s -w '\\n%{http_code}'");
        let output = Command::new("sh").args(["-c", &line]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, seen) = text.rsplit_once('\n').unwrap_or_else(|| panic!("{line}: {text}"));
        assert_eq!(seen, status, "{line}: {body}");
        if status == "201" {
            let made: Value = serde_json::from_str(body).unwrap();
            workflow = made["id"].as_str().unwrap().to_owned();
        }
    }
}
