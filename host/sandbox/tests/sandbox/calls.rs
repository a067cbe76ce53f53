//! What a call brings back, and what it may reach.

use crate::fixture::{Components, Fixture, fault_of, guest};
use crate::limits::{all, assert_tells_nothing};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use stepwright_app::Entity;
use stepwright_app::ports::LogLevel;
use stepwright_engine::{Outcome, RawJson, Timestamp};

fn input(value: Value) -> Value {
    json!({ "input": value, "outputs": {}, "trigger": { "source": "api" } })
}

#[tokio::test]
async fn a_step_gets_its_input_and_gives_its_output() {
    let fixture = Fixture::new();
    let echo = fixture.call("bench-echo", "echo").config(json!({"field": "f"})).input(input(json!({"a": [1, "ü"]})));
    let result = echo.run().await;
    let Outcome::Completed { output, entity_refs } = &result.outcome else { panic!("{:?}", result.outcome) };
    assert_eq!(output.to_value(), json!({"a": [1, "ü"], "step": "f"}));
    assert_eq!((entity_refs.len(), result.logs.len()), (0, 0));
    let metering = result.metering;
    assert!(metering.fuel > 1_000 && metering.peak_memory >= 64 << 10 && metering.wall_us > 0, "{metering:?}");
    assert_eq!(metering.host_calls, 0);
    fixture.assert_idle();
}

#[tokio::test]
async fn a_step_is_told_where_it_runs() {
    let fixture = Fixture::new();
    let shown = fixture.call("counter", "show_call").grants(all).output().await.to_string();
    for part in ["2026-11-22T09:00:00.000Z", "Europe/Berlin", "key-1", "n1", "00000000-0000-0000-0000-000000000001"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}

#[tokio::test]
async fn calls_share_nothing() {
    let fixture = Fixture::new();
    let count = fixture.call("counter", "count").config(json!({"key": "k"})).grants(all);
    for _ in 0..3 {
        assert_eq!(count.output().await, json!({"before": null, "after": 1}));
    }
}

#[tokio::test]
async fn what_a_step_changes_comes_back_staged() {
    let fixture = Fixture::new();
    let step = fixture.call("counter", "everything").grants(all);
    let result = step.clone().config(json!({"id": "x", "then": "complete"})).run().await;
    let Outcome::Completed { output, entity_refs } = &result.outcome else { panic!("{:?}", result.outcome) };
    assert_eq!(output.to_value()["entity"], json!({"name": "x"}));
    assert_eq!((entity_refs[0].schema.as_str(), entity_refs[0].id.as_str()), ("contact", "x"));
    assert_eq!((result.logs[0].level, result.logs[0].message.as_str()), (LogLevel::Info, "everything x"));
    let (effects, _) = result.session.into_effects();
    assert_eq!((effects.entities.len(), effects.data.len(), effects.kv.len()), (1, 1, 2));
    assert_eq!((effects.mails.len(), effects.notifications.len(), effects.emitted.len()), (1, 1, 1));
}

#[tokio::test]
async fn a_step_may_end_in_every_way() {
    let fixture = Fixture::new();
    let end = async |then: &str| {
        fixture.call("counter", "everything").grants(all).config(json!({"id": "x", "then": then})).run().await.outcome
    };
    assert_eq!(end("skip").await, Outcome::Skipped { reason: "told to".into() });
    assert_eq!(end("wait").await, Outcome::Waiting { resume_key: "everything-x".into(), expires_at: None });
    assert_eq!(end("defer").await, Outcome::Defer { until: Timestamp::from_secs(1_795_338_000) });
    let Outcome::Failed(fault) = end("fail").await else { panic!() };
    assert_eq!((fault.code.as_str(), fault.retryable, fault.info.is_some()), ("TOLD_TO", false, true));
    let Outcome::Failed(fault) = end("fail_retryable").await else { panic!() };
    assert!(fault.retryable);
}

#[tokio::test]
async fn a_step_reads_what_the_tenant_has() {
    let fixture = Fixture::new();
    let entity = Entity {
        schema: "contact".into(),
        id: "1".into(),
        version: 4,
        attributes: RawJson::from(json!({"name": "Ada"})),
        created_at: Timestamp::from_secs(0),
        updated_at: Timestamp::from_secs(0),
    };
    fixture.store.entities.lock().unwrap().insert(("contact".into(), "1".into()), entity);
    let get = fixture.call("counter", "get_entity").grants(all);
    let found = get.clone().config(json!({"schema": "contact", "id": "1"})).output().await;
    assert_eq!(found, json!({"schema": "contact", "id": "1", "version": 4, "attributes": {"name": "Ada"}}));
    let missing = get.config(json!({"schema": "contact", "id": "2"})).fault().await;
    assert_eq!(missing.code, "NOT_FOUND");
}

#[tokio::test]
async fn a_refused_host_call_is_told_to_the_guest() {
    let fixture = Fixture::new();
    let put = fixture.call("counter", "put_entity").grants(all).grants(|grants| {
        grants.entities.write = ["contact".to_owned()].into();
    });
    let config =
        |schema: &str, version: u64| json!({"schema": schema, "id": "1", "patch": {}, "expected_version": version});
    let denied = put.clone().config(config("deal", 0)).fault().await;
    assert!(denied.reason.contains("entities.write: deal"), "{}", denied.reason);
    let conflict = put.config(config("contact", 7)).fault().await;
    assert_eq!(conflict.code, "CONFLICT");
    let dataset =
        fixture.call("counter", "query_rows").grants(all).config(json!({"dataset": "salaries"})).fault().await;
    assert!(dataset.reason.contains("'salaries' is no dataset"), "{}", dataset.reason);
}

#[tokio::test]
async fn what_is_not_granted_is_not_linked_and_the_fault_says_what() {
    let fixture = Fixture::new();
    let fault =
        fixture.call("counter", "nothing").grants(all).grants(|g| (g.mail, g.kv) = (false, false)).fault().await;
    assert_eq!(fault.code, "CAPABILITY_DENIED");
    assert_eq!(fault.reason, "the component imports capabilities that are not granted: mail, kv");
    assert_eq!(fault.info.unwrap().to_value(), json!({"missing": ["mail", "kv"]}));
    let none = fixture.call("bench-echo", "echo").config(json!({"field": "f"})).input(input(json!({})));
    assert_eq!(none.output().await, json!({"step": "f"}));
}

#[tokio::test]
async fn configs_are_checked_and_normalised() {
    let fixture = Fixture::new();
    let sleep = fixture.call("hostile", "allocate").grants(all);
    let normal = sleep.clone().config(json!({"mib": 3})).validate().await.unwrap().unwrap();
    assert_eq!(normal.to_value(), json!({"mib": 3, "politely": false}));
    let faults = sleep.config(json!({"mib": "many"})).validate().await.unwrap().unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    let spinning = fixture.call("describe-spin", "x").limits(|l| l.wall_ms = 100).validate().await.unwrap_err();
    assert_eq!(spinning.code, "LIMIT_WALL_TIME");
}

#[tokio::test]
async fn answers_that_break_the_rules_are_faults() {
    let fixture = Fixture::new();
    for (step, code) in [
        ("output-not-json", "INVALID_OUTPUT"),
        ("output-empty", "INVALID_OUTPUT"),
        ("output-too-deep", "INVALID_OUTPUT"),
        ("output-too-large", "LIMIT_OUTPUT"),
        ("too-many-entities", "LIMIT_OUTPUT"),
        ("fault-code", "INVALID_OUTPUT"),
        ("fault-info", "INVALID_OUTPUT"),
        ("wait-forever-key", "INVALID_OUTPUT"),
        ("defer-to-nowhere", "INVALID_OUTPUT"),
    ] {
        let fault = fixture.call("malformed", step).fault().await;
        assert_eq!(fault.code, code, "{step}: {}", fault.reason);
        assert!(fault.reason.len() <= 8 << 10, "{step}");
    }
    let long = fixture.call("malformed", "fault-reason").fault().await;
    assert_eq!((long.code.as_str(), long.reason.len()), ("LONG", 4 << 10));
    let not_json = fixture.call("malformed", "x").config(json!({"normal": 1})).validate().await.unwrap_err();
    assert_eq!(not_json.code, "INVALID_OUTPUT");
    let flood = fixture.call("malformed", "x").config(json!({"pointer": 1})).limits(|l| l.memory = 256 << 20);
    assert_eq!(flood.validate().await.unwrap_err().code, "LIMIT_TRANSFER");
}

#[tokio::test]
async fn a_component_is_loaded_once_for_all_who_want_it() {
    let fixture = Fixture::new();
    let fresh = tempfile::tempdir().unwrap();
    let cold = Fixture::over(Arc::clone(&fixture.components), |config| {
        config.cache_dir = fresh.path().to_owned();
    });
    let echo = cold.call("bench-echo", "echo").config(json!({"field": "f"})).input(input(json!({})));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn({
                let call = echo.clone();
                async move { call.output().await }
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), json!({"step": "f"}));
    }
    assert_eq!((cold.components.asked.load(Ordering::Relaxed), cold.sandbox.loaded()), (1, 1));
}

#[tokio::test]
async fn only_so_many_components_stay_loaded() {
    let fixture = Fixture::with(|config| config.max_loaded = 2);
    for (name, step) in
        [("bench-echo", "echo"), ("hostile", "trap"), ("malformed", "output-empty"), ("bench-echo", "echo")]
    {
        fixture.call(name, step).grants(all).run().await;
        assert!(fixture.sandbox.loaded() <= 2);
    }
    assert_eq!(fixture.sandbox.loaded(), 2);
}

#[tokio::test]
async fn a_component_that_is_not_there_or_not_itself_is_a_fault() {
    let fixture = Fixture::new();
    let mut call = fixture.call("bench-echo", "echo");
    call.digest = "ab".repeat(32);
    let missing = call.fault().await;
    assert_eq!((missing.code.as_str(), missing.retryable), ("COMPONENT_MISSING", false));
    fixture.components.add_as(&call.digest, guest("bench-echo"));
    assert_eq!(call.fault().await.code, "COMPONENT_UNUSABLE");
    call.digest = fixture.components.add(b"\0asm\x01\0\0\0".to_vec());
    assert_eq!(call.fault().await.code, "COMPONENT_UNUSABLE");
    for odd in ["", "../../etc/passwd", "AB"] {
        call.digest = odd.into();
        assert_eq!(call.fault().await.code, "COMPONENT_MISSING", "{odd}");
    }
    let stepless = fixture.call("guard-guest", "x").fault().await;
    assert_eq!(
        (stepless.code.as_str(), stepless.reason.as_str()),
        ("COMPONENT_UNUSABLE", "the component has no steps")
    );
}

#[tokio::test]
async fn an_unknown_import_is_named_when_it_is_called_anyway() {
    let fixture = Fixture::new();
    let fault = fixture.call("unknown-import", "beam_up").fault().await;
    assert_eq!(fault.code, "COMPONENT_UNUSABLE");
    assert!(fault.reason.contains("acme:teleport/beam@1.0.0"), "{}", fault.reason);
    assert_tells_nothing(&json!(fault.reason));
}

#[tokio::test]
async fn there_is_nothing_behind_wasi() {
    let fixture = Fixture::new();
    let seen = fixture.call("hostile", "env_probe").grants(all).output().await;
    assert_eq!((&seen["env"], &seen["args"]), (&json!({}), &json!([])));
    for part in [
        "/files/~1etc~1passwd",
        "/files/Cargo.toml",
        "/lists/~1",
        "/lists/.",
        "/write",
        "/tcp/127.0.0.1:80",
        "/tcp/1.1.1.1:80",
        "/listen",
        "/udp",
        "/dns",
    ] {
        assert!(seen.pointer(part).unwrap()["err"].is_string(), "{part}: {seen}");
    }
    assert_tells_nothing(&seen);
}

#[tokio::test]
async fn clocks_and_random_sources_of_steps_are_real() {
    let fixture = Fixture::new();
    let probe = fixture.call("hostile", "random_clock").grants(all);
    let (one, two) = (probe.output().await, probe.output().await);
    for part in ["random", "insecure", "wall_ns"] {
        assert_ne!(one[part], two[part], "{part}");
    }
}

#[tokio::test]
async fn a_failed_call_is_metered() {
    let fixture = Fixture::new();
    let result = fixture.call("hostile", "panic").grants(all).run().await;
    fault_of(&result);
    assert!(result.metering.fuel > 0 && result.metering.peak_memory > 0 && result.metering.wall_us > 0);
}

#[tokio::test]
async fn a_shared_source_is_asked_again_after_a_failure() {
    let components = Arc::new(Components::default());
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(Arc::clone(&components), |config| config.cache_dir = dir.path().into());
    let mut call = fixture.call("bench-echo", "echo").config(json!({"field": "f"})).input(input(json!({})));
    let bytes = guest("wrong-world");
    call.digest = crate::fixture::digest(&bytes);
    assert_eq!(call.fault().await.code, "COMPONENT_MISSING");
    components.add(bytes);
    assert_eq!(call.fault().await.reason, "the component has no steps");
}
