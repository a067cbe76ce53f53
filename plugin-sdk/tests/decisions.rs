//! Conditions and guards under the native harness.

use stepwright_sdk::condition::{Condition, Info, Operand, Verdict};
use stepwright_sdk::guard::{Amendment, Decision, Guard, Transition};
use stepwright_sdk::prelude::*;
use stepwright_sdk::testing::Host;

#[derive(Deserialize, Serialize, JsonSchema)]
struct AtLeast {
    minimum: f64,
}

struct AtLeastCondition;

impl Condition for AtLeastCondition {
    type Config = AtLeast;

    const INFO: Info = Info { id: "at-least", title: "At least", description: "Whether a number is large enough." };

    fn evaluate(_: &Context, config: &AtLeast, operands: &[Operand]) -> Result<Verdict, Fault> {
        let value: Option<f64> = operands.first().and_then(Operand::first);
        let met = value.is_some_and(|value| value >= config.minimum);
        Ok(Verdict::new(met, format!("{value:?} >= {}", config.minimum)))
    }

    fn validate(config: &AtLeast) -> Result<(), Vec<FieldError>> {
        if config.minimum.is_sign_negative() { Err(vec![FieldError::new("/minimum", "not negative")]) } else { Ok(()) }
    }
}

struct FourEyes;

impl Guard for FourEyes {
    const INFO: Info = Info { id: "four-eyes", title: "Four eyes", description: "Nobody approves their own record." };

    fn check(context: &Context, transition: &Transition) -> Decision {
        if transition.record["created_by"] == json!(transition.actor) {
            return Decision::deny("SAME_PERSON", "somebody else has to approve this");
        }
        Decision::AllowWith(Amendment {
            state_patch: Some(json!({"approved_at": context.now})),
            ..Amendment::default()
        })
    }
}

stepwright_sdk::plugin! {
    conditions: [AtLeastCondition],
    guards: [FourEyes],
}

#[test]
fn a_condition_reads_its_operands() {
    let host = Host::of::<Plugin>();
    let verdict = host.evaluate::<AtLeastCondition>(json!({"minimum": 5}), &[Operand::of([json!(7.5)])]).unwrap();
    assert_eq!(verdict, Verdict::new(true, "Some(7.5) >= 5"));
    let missing = host.evaluate::<AtLeastCondition>(json!({"minimum": 5}), &[Operand::of([])]).unwrap();
    assert!(!missing.met);
}

#[test]
fn a_conditions_config_is_checked_by_type_and_by_its_author() {
    let host = Host::new();
    for (config, reason) in
        [(json!({}), "config: missing field `minimum`"), (json!({"minimum": -1}), "/minimum: not negative")]
    {
        let fault = host.evaluate::<AtLeastCondition>(config, &[]).unwrap_err();
        assert_eq!(fault, Fault::new(Fault::INVALID_CONFIG, reason));
    }
}

#[test]
fn a_guard_refuses_or_amends() {
    let host = Host::new().now("2026-11-22T09:00:00Z");
    let by = |actor: &str| Transition {
        actor: actor.to_owned(),
        record: json!({"created_by": "ada"}),
        ..Default::default()
    };
    assert_eq!(host.check::<FourEyes>(&by("ada")), Decision::deny("SAME_PERSON", "somebody else has to approve this"));
    let Decision::AllowWith(amendment) = host.check::<FourEyes>(&by("grace")) else { panic!("refused") };
    assert_eq!(amendment.state_patch, Some(json!({"approved_at": "2026-11-22T09:00:00Z"})));
}
