//! Conditions and guards: deterministic, limited, without any capability.

use crate::fixture::{Fixture, guest};
use serde_json::{Value, json};
use std::time::Duration;
use stepwright_app::ports::{
    CallContext, ConditionCall, ConditionQuestion, GuardCall, GuardDecision, GuardedTransition, Sandbox as _, Verdict,
};
use stepwright_app::{Environment, InvocationLimits};
use stepwright_engine::flow::Operand;
use stepwright_engine::{Fault, RawJson, TenantId};
use uuid::Uuid;

fn context() -> CallContext {
    CallContext {
        tenant_id: TenantId::from_uuid(Uuid::from_u128(1)),
        environment: Environment::Test,
        dialect: "epilot".into(),
        execution_id: "e".into(),
        definition_id: None,
        node_id: Some("decision".into()),
        attempt: 1,
        dedupe_key: "e/0".into(),
        now: "2026-11-22T09:00:00Z".into(),
        timezone: "Europe/Berlin".into(),
        actor: "system".into(),
    }
}

fn limits() -> InvocationLimits {
    InvocationLimits { wall_ms: 2_000, fuel: 100_000_000, ..InvocationLimits::default() }
}

fn question(condition: &str, config: Value, values: &[Value]) -> ConditionQuestion {
    let operand = Operand {
        values: values.iter().cloned().map(RawJson::from).collect(),
        attribute_type: "string".into(),
        repeatable: false,
        present: !values.is_empty(),
        diff: None,
    };
    ConditionQuestion { condition: condition.into(), config: RawJson::from(config), operands: vec![operand] }
}

async fn ask(fixture: &Fixture, questions: Vec<ConditionQuestion>) -> Result<Vec<Verdict>, Fault> {
    let digest = fixture.components.add(guest("condition-guest"));
    fixture.sandbox.evaluate(ConditionCall { digest, context: context(), questions, limits: limits() }).await.verdicts
}

async fn check(fixture: &Fixture, guard: &str) -> Result<GuardDecision, Fault> {
    let digest = fixture.components.add(guest("guard-guest"));
    let transition = GuardedTransition {
        action: "approve".into(),
        actor: "ada".into(),
        actor_kind: "user".into(),
        from_status: "active".into(),
        to_status: "completed".into(),
        from_stage: None,
        to_stage: None,
        workflow_type: "deal".into(),
        config: RawJson::empty_object(),
        patch: RawJson::empty_object(),
        record: RawJson::from(json!({"created_by": "ada"})),
        history: vec![RawJson::from(json!({"seq": 1}))],
    };
    let limits = InvocationLimits { wall_ms: 200, ..limits() };
    let call = GuardCall { digest, guard: guard.into(), context: context(), transition, limits };
    fixture.sandbox.check_guard(call).await
}

#[tokio::test]
async fn all_questions_of_a_decision_are_answered_in_one_call_and_in_order() {
    let fixture = Fixture::new();
    let yes = question("equals", json!({"value": 7}), &[json!(7)]);
    let no = question("equals", json!({"value": 7, "negate": true}), &[json!(7)]);
    let verdicts = ask(&fixture, vec![yes.clone(), no, yes]).await.unwrap();
    assert_eq!(verdicts.iter().map(|v| v.met).collect::<Vec<_>>(), [true, false, true]);
    assert!(verdicts[0].explain.contains('7'));
    fixture.assert_idle_soon().await;
}

#[tokio::test]
async fn a_condition_gets_the_same_time_and_chance_in_every_call() {
    let fixture = Fixture::new();
    let once = ask(&fixture, vec![question("entropy", json!({}), &[])]).await.unwrap();
    let twice = ask(&fixture, vec![question("entropy", json!({}), &[])]).await.unwrap();
    assert_eq!(once, twice);
    // The clock stands where the context says.
    assert!(once[0].explain.starts_with("1795338000000000000 "), "{}", once[0].explain);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_has_waited_answers_like_one_made_for_the_call_and_serves_one_call() {
    let fixture = Fixture::new();
    let made = ask(&fixture, vec![question("entropy", json!({}), &[])]).await.unwrap();
    // The first call has set somebody to work.
    while fixture.sandbox.pool_use().component_instances == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..50 {
        assert_eq!(ask(&fixture, vec![question("entropy", json!({}), &[])]).await.unwrap(), made);
    }
    fixture.assert_idle_soon().await;
}

#[tokio::test]
async fn what_goes_wrong_in_a_condition_is_a_fault() {
    let fixture = Fixture::new();
    for (condition, code) in
        [("fails", "FAILS"), ("spin", "LIMIT_FUEL"), ("allocate", "LIMIT_MEMORY"), ("trap", "COMPONENT_TRAP")]
    {
        let fault = ask(&fixture, vec![question(condition, json!({}), &[])]).await.unwrap_err();
        assert_eq!(fault.code, code, "{condition}: {fault:?}");
    }
    ask(&fixture, vec![question("nobody", json!({}), &[])]).await.unwrap_err();
    let steps = fixture.components.add(guest("bench-echo"));
    let call = ConditionCall { digest: steps, context: context(), questions: Vec::new(), limits: limits() };
    assert_eq!(fixture.sandbox.evaluate(call).await.verdicts.unwrap_err().code, "COMPONENT_UNUSABLE");
    fixture.assert_idle_soon().await;
}

#[tokio::test]
async fn a_component_that_imports_a_capability_is_asked_nothing() {
    let fixture = Fixture::new();
    let digest = fixture.components.add(guest("counter"));
    let call = ConditionCall { digest, context: context(), questions: Vec::new(), limits: limits() };
    assert_eq!(fixture.sandbox.evaluate(call).await.verdicts.unwrap_err().code, "CAPABILITY_DENIED");
}

#[tokio::test]
async fn a_condition_checks_its_config() {
    let fixture = Fixture::new();
    let digest = fixture.components.add(guest("condition-guest"));
    let check = async |config: Value| {
        fixture.sandbox.validate_condition(&digest, "equals", &RawJson::from(config), limits()).await.unwrap()
    };
    assert_eq!(check(json!({"value": 1})).await.unwrap().to_value(), json!({"value": 1, "negate": false}));
    assert_eq!(check(json!({"value": {}})).await.unwrap_err()[0].pointer, "/value");
}

#[tokio::test]
async fn a_guard_allows_amends_and_denies() {
    let fixture = Fixture::new();
    assert_eq!(check(&fixture, "allow").await.unwrap(), GuardDecision::Allow);
    let GuardDecision::AllowWith { state_patch, next_action_at, escalation_level } =
        check(&fixture, "allow-with").await.unwrap()
    else {
        panic!("not amended")
    };
    assert_eq!(state_patch.unwrap().to_value(), json!({"guarded": "approve", "history": 1}));
    assert_eq!((next_action_at.as_deref(), escalation_level), (Some("2026-11-22T09:00:00Z"), Some(2)));
    let denied = check(&fixture, "four-eyes").await.unwrap();
    assert!(matches!(denied, GuardDecision::Deny { code, .. } if code == "SAME_PERSON"));
    assert_eq!(check(&fixture, "entropy").await.unwrap(), check(&fixture, "entropy").await.unwrap());
}

#[tokio::test]
async fn a_guard_that_misbehaves_gives_no_answer() {
    let fixture = Fixture::new();
    for (guard, code) in
        [("spin", "LIMIT_"), ("sleep", "LIMIT_WALL_TIME"), ("allocate", "LIMIT_MEMORY"), ("trap", "COMPONENT_TRAP")]
    {
        let fault = check(&fixture, guard).await.unwrap_err();
        assert!(fault.code.starts_with(code), "{guard}: {fault:?}");
    }
    fixture.assert_idle_soon().await;
}
