use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::json;

use super::met;
use crate::fold::fold;
use crate::{AttributeType, Decimal, Operator};

const PAIRS: [(&str, &str); 4] =
    [("equals", "not_equals"), ("any_of", "none_of"), ("contains", "not_contains"), ("is_empty", "is_not_empty")];

/// JSON of all kinds, readable and not.
fn values() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just(r#""""#.to_owned()),
        (-30_i64..30).prop_map(|n| n.to_string()),
        (-30_i64..30, 0_u8..9).prop_map(|(n, fraction)| format!("{n}.{fraction}0")),
        texts().prop_map(|text| json!(text).to_string()),
        texts().prop_map(|text| json!({"email": text, "phone": text, "address": text}).to_string()),
        texts().prop_map(|text| json!({"$relation": [{"entity_id": text, "amount": text}]}).to_string()),
    ];
    prop_oneof![
        Just(String::new()),
        scalar.clone(),
        prop::collection::vec(scalar, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
    ]
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-cA-C]{1,3}",
        "-?[0-3]{1,2}(\\.[0-3])?",
        "2026-0[1-3]-[0-3][0-9]",
        "2026-03-(28|29|30)T0[0-9]:30:00(Z|\\+02:00)?",
        Just("true".to_owned()),
        Just("x y".to_owned()),
    ]
}

fn kinds() -> impl Strategy<Value = AttributeType> {
    prop::sample::select(AttributeType::ALL)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn a_pair_is_complementary_exactly_where_everything_can_be_read(
        kind in kinds(), value in values(), with in prop::collection::vec(texts(), 1..4),
    ) {
        let with: Vec<&str> = with.iter().map(String::as_str).collect();
        for (positive, negative) in PAIRS {
            let (operator, opposite) = (Operator::parse(positive).unwrap(), Operator::parse(negative).unwrap());
            let verdict = super::verdict(kind.token(), &value, positive, &with);
            let (yes, no) = (verdict.met, met(kind.token(), &value, negative, &with));
            let readable = operator.applies_to(kind) && !verdict.explain.contains("so it is not met");
            prop_assert_eq!(yes != no, readable, "{} / {}", verdict.explain, opposite.token());
            prop_assert!(!(yes && no));
        }
    }

    #[test]
    fn any_of_is_equals_with_some_value(kind in kinds(), value in values(), with in prop::collection::vec(texts(), 1..4)) {
        let all: Vec<&str> = with.iter().map(String::as_str).collect();
        let readable = met(kind.token(), &value, "any_of", &all) || met(kind.token(), &value, "none_of", &all);
        let some = with.iter().any(|one| {
            // A set of one is equal only to itself; one element is what any_of asks for.
            let operator = if kind.is_multi_valued() { "contains" } else { "equals" };
            met(kind.token(), &value, operator, &[one])
        });
        prop_assert_eq!(met(kind.token(), &value, "any_of", &all), readable && some);
    }

    #[test]
    fn one_readable_value_is_less_equal_or_greater(
        value in texts(),
        with in texts(),
        kind in prop::sample::select(&[AttributeType::Number, AttributeType::Date, AttributeType::Datetime]),
    ) {
        let value = json!(value).to_string();
        let ask = |operator| met(kind.token(), &value, operator, &[&with]);
        let (less, equal, greater) = (ask("less_than"), ask("equals"), ask("greater_than"));
        let readable = equal || ask("not_equals");
        prop_assert_eq!(u8::from(less) + u8::from(equal) + u8::from(greater), u8::from(readable));
        prop_assert_eq!(ask("less_than_or_equals"), less || equal);
        prop_assert_eq!(ask("greater_than_or_equals"), greater || equal);
    }

    #[test]
    fn decimals_have_one_order(
        a in (any::<i32>(), 0_u32..6), b in (any::<i32>(), 0_u32..6), zeros in 0_usize..4, exponent in -5_i32..5,
    ) {
        let scaled = |(digits, places): (i32, u32)| i128::from(digits) * 10_i128.pow(6 - places);
        let text = |(digits, places): (i32, u32)| format!("{digits}e-{places}");
        let (x, y) = (Decimal::parse(&text(a)).unwrap(), Decimal::parse(&text(b)).unwrap());
        prop_assert_eq!(x.cmp(&y), scaled(a).cmp(&scaled(b)));
        prop_assert_eq!(y.cmp(&x), x.cmp(&y).reverse());
        prop_assert_eq!(x == y, x.cmp(&y) == Ordering::Equal);
        let padded = format!("{}.{}e{exponent}", a.0, "0".repeat(zeros));
        prop_assert_eq!(Decimal::parse(&padded), Decimal::parse(&format!("{}e{exponent}", a.0)));
    }

    #[test]
    fn no_text_breaks_the_readers(text in any::<String>(), kind in kinds()) {
        let value = json!(text).to_string();
        for operator in Operator::ALL {
            met(kind.token(), &value, operator.token(), &[&text]);
        }
        prop_assert_eq!(fold(&fold(&text)), fold(&text));
        prop_assert_eq!(fold(&text.to_lowercase()), fold(&fold(&text)));
    }
}
