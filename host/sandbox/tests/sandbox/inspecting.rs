//! What is said about a component when it is published.

use crate::fixture::{Fixture, digest, guest};
use stepwright_app::ports::{Sandbox as _, SandboxError};
use stepwright_app::{Capability, Dataset, StepCategory};

async fn refused(fixture: &Fixture, bytes: Vec<u8>) -> Vec<String> {
    match fixture.sandbox.inspect(bytes).await {
        Err(SandboxError::Rejected(rejected)) => rejected.faults,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_plugin_is_described() {
    let fixture = Fixture::new();
    let bytes = guest("counter");
    let info = fixture.sandbox.inspect(bytes.clone()).await.unwrap();
    assert_eq!((info.name.as_str(), info.version.as_str()), ("counter", "0.1.0"));
    assert_eq!((info.digest, info.size), (digest(&bytes), bytes.len() as u64));
    let imports = [
        Capability::Entities,
        Capability::Data,
        Capability::Mail,
        Capability::Notify,
        Capability::Kv,
        Capability::Flow,
        Capability::Events,
    ];
    assert_eq!(info.imports, imports.into());
    assert!(info.datasets.contains(&(Dataset::Invoices, true)) && info.datasets.contains(&(Dataset::Payments, false)));
    let mail = info.steps.iter().find(|step| step.id == "send_mail").unwrap();
    assert_eq!((mail.category, mail.delivers, mail.requires_delivery), (StepCategory::Delivery, true, false));
    assert_eq!(mail.config_schema.to_value()["type"], "object");
    fixture.assert_idle();
}

#[tokio::test]
async fn a_step_that_uses_no_capability_imports_none() {
    let fixture = Fixture::new();
    let info = fixture.sandbox.inspect(guest("bench-echo")).await.unwrap();
    assert!(info.imports.is_empty(), "{:?}", info.imports);
}

#[tokio::test]
async fn what_a_plugin_asks_for_is_listed() {
    let fixture = Fixture::new();
    let info = fixture.sandbox.inspect(guest("hostile")).await.unwrap();
    assert_eq!(info.imports, [Capability::Secrets, Capability::Http].into());
    assert_eq!(info.secrets, ["token"]);
    assert!(info.hosts.contains(&"*.wild.example.com".to_owned()), "{:?}", info.hosts);
}

#[tokio::test]
async fn conditions_and_guards_are_listed() {
    let fixture = Fixture::new();
    let conditions = fixture.sandbox.inspect(guest("condition-guest")).await.unwrap();
    assert!(conditions.conditions.len() >= 3 && conditions.steps.is_empty(), "{conditions:?}");
    let guards = fixture.sandbox.inspect(guest("guard-guest")).await.unwrap();
    assert!(guards.guards.len() >= 3 && guards.conditions.is_empty(), "{guards:?}");
}

#[tokio::test]
async fn an_unknown_import_is_named_with_what_there_is() {
    let fixture = Fixture::new();
    let faults = refused(&fixture, guest("unknown-import")).await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].starts_with("it imports 'acme:teleport/beam@1.0.0', which this host does not have"),
        "{faults:?}"
    );
    assert!(faults[0].contains("stepwright:entities@0.1"), "{faults:?}");
}

#[tokio::test]
async fn a_component_of_another_world_is_told_what_it_lacks() {
    let fixture = Fixture::new();
    let faults = refused(&fixture, guest("wrong-world")).await;
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("stepwright:plugin/manifest@0.1.0") && faults[1].contains("stepwright:step/steps"));
}

#[tokio::test]
async fn everything_that_a_description_gets_wrong_is_said_at_once() {
    let fixture = Fixture::new();
    let faults = refused(&fixture, guest("describe-lies")).await;
    for part in [
        "its name 'Describe Lies/../x'",
        "its version 'one'",
        "its description has more than",
        "host '*' is not a host",
        "host 'http://example.com/' is not a host",
        "'sqlite_master' is no dataset",
        "the secret's name ''",
        "two steps with the id 'twice'",
        "the step's id ''",
        "the step's id 'Not An Id'",
        "the config schema of step 'schema-is-no-json' is wrong",
        "the title of step 'long-title'",
        "it has 108 steps, at most 64",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(part)), "'{part}' is not in {faults:#?}");
    }
    assert!(faults.iter().all(|fault| fault.len() < 500), "{faults:#?}");
}

#[tokio::test]
async fn a_component_that_does_not_answer_is_refused() {
    let fixture = Fixture::new();
    let faults = refused(&fixture, guest("describe-spin")).await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("its steps could not be asked"), "{faults:?}");
    fixture.assert_idle();
}

#[tokio::test]
async fn what_is_no_component_or_too_large_is_refused() {
    let fixture = Fixture::with(|config| config.max_component = 1_000);
    assert_eq!(refused(&fixture, b"hello".to_vec()).await, ["this is not WebAssembly"]);
    assert!(refused(&fixture, b"\0asm\x01\0\0\0".to_vec()).await[0].contains("build for wasm32-wasip2"));
    assert_eq!(refused(&fixture, vec![0; 1_001]).await, ["it has 1001 bytes, at most 1000 are allowed"]);
}

#[tokio::test]
async fn damaged_components_are_refused_whatever_the_damage() {
    let fixture = Fixture::new();
    let good = guest("bench-echo");
    for at in (8..good.len()).step_by(good.len() / 24) {
        let mut cut = good.clone();
        cut.truncate(at);
        refused(&fixture, cut).await;
        let mut flipped = good.clone();
        flipped[at] ^= 0x55;
        // Some damage is harmless, such as in texts; nothing may panic or hang.
        let _ = fixture.sandbox.inspect(flipped).await;
    }
    fixture.assert_idle();
}

#[tokio::test]
async fn what_was_inspected_is_compiled_for_its_first_call() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::with(|config| config.cache_dir = dir.path().to_owned());
    fixture.sandbox.inspect(guest("bench-echo")).await.unwrap();
    let faults = refused(&fixture, guest("describe-lies")).await;
    assert!(!faults.is_empty());
    let files = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(files, 1, "only what was accepted is kept");
}
