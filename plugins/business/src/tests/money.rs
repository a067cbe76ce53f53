use proptest::prelude::*;

use crate::money::{Currency, MAX_CENTS, Sum};

fn shown(cents: i64, code: &str) -> String {
    Currency::new(code).format(cents)
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    assert_eq!(shown(1_050, "EUR"), "10.50 EUR");
    assert_eq!(shown(1_050, "JPY"), "1,050 JPY");
    assert_eq!(shown(1_050, "KWD"), "1.050 KWD");
    assert_eq!(shown(1_050, "CLF"), "0.1050 CLF");
    assert_eq!(shown(0, "USD"), "0.00 USD");
    assert_eq!(shown(5, "USD"), "0.05 USD");
}

#[test]
fn thousands_are_grouped_and_the_sign_stands_first() {
    assert_eq!(shown(123_456_789_012, "USD"), "1,234,567,890.12 USD");
    assert_eq!(shown(-5, "USD"), "-0.05 USD");
    assert_eq!(shown(-100_000, "USD"), "-1,000.00 USD");
    assert_eq!(shown(99_999, "USD"), "999.99 USD");
    assert_eq!(shown(i64::MIN, "USD"), "-92,233,720,368,547,758.08 USD");
}

#[test]
fn a_code_is_the_same_currency_in_small_letters() {
    assert_eq!(Currency::new(" eur"), Currency::new("EUR"));
    assert_eq!(shown(1, "jpy"), "1 JPY");
}

#[test]
fn a_sum_beyond_what_json_keeps_exact_is_a_fault() {
    let mut sum = Sum::default();
    sum.add(MAX_CENTS).unwrap();
    assert_eq!(sum.cents().unwrap(), MAX_CENTS);
    sum.add(1).unwrap();
    assert_eq!(sum.cents().unwrap_err().code, "AMOUNT_OVERFLOW");
    // The way there may exceed it.
    sum.add(-1).unwrap();
    assert_eq!(sum.cents().unwrap(), MAX_CENTS);
}

#[test]
fn a_line_is_multiplied_without_overflow() {
    let mut sum = Sum::default();
    sum.add_line(i64::MAX, i64::MAX).unwrap();
    assert_eq!(sum.cents().unwrap_err().code, "AMOUNT_OVERFLOW");
    sum.add_line(-i64::MAX, i64::MAX).unwrap();
    sum.add_line(-3, 250).unwrap();
    assert_eq!(sum.cents().unwrap(), -750);
}

proptest! {
    #[test]
    fn a_sum_does_not_depend_on_the_order(mut amounts in prop::collection::vec(-1_000_000_000_i64..1_000_000_000, 0..50)) {
        let total = |amounts: &[i64]| {
            let mut sum = Sum::default();
            amounts.iter().try_for_each(|cents| sum.add(*cents)).and_then(|()| sum.cents()).unwrap()
        };
        let first = total(&amounts);
        amounts.reverse();
        prop_assert_eq!(first, total(&amounts));
        prop_assert_eq!(first, amounts.iter().sum::<i64>());
    }

    #[test]
    fn a_formatted_amount_reads_back_as_the_same_cents(cents in any::<i64>(), code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
        let text = shown(cents, code);
        let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
        prop_assert_eq!(digits.parse::<i64>().unwrap(), cents);
    }
}
