use crate::agent::{Amounts, Dimension, Hash, Limits, Repeats, RunFault};
use proptest::prelude::*;

#[test]
fn the_dimension_that_is_too_much_is_named() {
    let limits = Limits { llm_calls: Some(3), output_tokens: Some(100), ..Limits::default() };
    let spent = Amounts { llm_calls: 2, output_tokens: 90, ..Amounts::default() };
    let more = |llm_calls, output_tokens| Amounts { llm_calls, output_tokens, ..Amounts::default() };
    assert_eq!(limits.exceeded(&spent, &more(1, 10)), None);
    assert_eq!(limits.exceeded(&spent, &more(2, 0)), Some(Dimension::LlmCalls));
    assert_eq!(limits.exceeded(&spent, &more(1, 11)), Some(Dimension::OutputTokens));
    assert_eq!(limits.left(&spent, Dimension::OutputTokens), Some(10));
    assert_eq!(limits.left(&spent, Dimension::Fuel), None);
}

#[test]
fn what_is_over_its_limit_already_does_not_forbid_the_rest() {
    let limits = Limits { bytes: Some(10), ..Limits::default() };
    let spent = Amounts { bytes: 20, ..Amounts::default() };
    assert_eq!(limits.exceeded(&spent, &Amounts { tool_calls: 1, ..Amounts::default() }), None);
}

#[test]
fn the_same_call_with_the_same_answer_is_a_loop_and_polling_is_none() {
    let (call, other) = (Hash::of_text("call"), Hash::of_text("other"));
    let mut repeats = Repeats::new(3);
    for answer in ["a", "b", "c", "d"] {
        assert!(!repeats.answered(call, Hash::of_text(answer)));
    }
    let mut repeats = Repeats::new(3);
    assert!(!repeats.answered(call, Hash::of_text("a")));
    assert!(!repeats.answered(other, Hash::of_text("a")));
    assert!(!repeats.answered(call, Hash::of_text("a")));
    assert!(repeats.answered(call, Hash::of_text("a")));
    // Long ago does not count.
    let mut repeats = Repeats::new(2);
    assert!(!repeats.answered(call, Hash::of_text("a")));
    for n in 0..20 {
        assert!(!repeats.answered(other, Hash::of_text(&n.to_string())));
    }
    assert!(!repeats.answered(call, Hash::of_text("a")));
}

#[test]
fn a_fault_says_the_clients_code_and_the_closed_lists_word() {
    let fault = RunFault::BudgetExhausted(Dimension::ToolCalls).fault();
    assert_eq!(fault.code, "MAX_ITERATIONS_EXCEEDED");
    let info = fault.info.unwrap().to_value();
    assert_eq!((info["reason"].as_str(), info["dimension"].as_str()), (Some("BUDGET_EXHAUSTED"), Some("tool_calls")));
}

proptest! {
    /// Whoever reserves only what [`Limits::exceeded`] lets through never spends more than the limit.
    #[test]
    fn reserving_before_spending_never_overshoots(
        limit in 0_u64..1_000,
        asks in prop::collection::vec(0_u64..200, 0..50),
    ) {
        let limits = Limits { cost_micros: Some(limit), ..Limits::default() };
        let mut spent = Amounts::default();
        for ask in asks {
            let more = Amounts { cost_micros: ask, ..Amounts::default() };
            if limits.exceeded(&spent, &more).is_none() {
                spent = spent.plus(&more);
            }
            prop_assert!(spent.cost_micros <= limit);
        }
    }
}
