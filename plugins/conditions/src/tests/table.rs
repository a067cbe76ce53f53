//! The operators' table, type by type.

use super::{met, verdict};
use crate::{AttributeType, Operator};

/// A value of each type as JSON, the text that is equal to it, and another text of the type.
fn samples(kind: AttributeType) -> (&'static str, &'static str, &'static str) {
    use AttributeType as T;
    match kind {
        T::Number => ("12.50", "12.5", "13"),
        T::Boolean => ("true", "true", "false"),
        T::Date => (r#""2026-05-15""#, "2026-05-15", "2026-05-16"),
        T::Datetime => (r#""2026-05-15T10:00:00Z""#, "2026-05-15T12:00:00+02:00", "2026-05-15T10:00:01Z"),
        T::Country => (r#""DE""#, "de", "at"),
        T::Email => (r#"{"email": "Ada@x.de"}"#, "ada@X.de", "bob@x.de"),
        T::Phone => (r#"{"phone": "+49 1"}"#, "+49 1", "+49 2"),
        T::MessageEmailAddress => (r#"{"address": "a@x.de", "name": "A"}"#, "a@x.de", "b@x.de"),
        T::Product | T::Price | T::Relation => (r#"{"$relation": [{"entity_id": "e1"}]}"#, "e1", "e2"),
        T::RelationUser => (r#"[{"user_id": "17"}]"#, "17", "18"),
        T::String | T::Text | T::Tags | T::Status | T::Multiselect | T::Select | T::Radio | T::Purpose | T::Label => {
            (r#""open""#, "open", "closed")
        }
    }
}

/// What an operator says about an empty source, a source equal to the value, and one that is another's.
fn expected(operator: Operator) -> (bool, bool, bool) {
    match operator {
        Operator::Equals | Operator::AnyOf | Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
            (false, true, false)
        }
        Operator::NotEquals | Operator::NoneOf | Operator::NotContains => (true, false, true),
        Operator::GreaterThan => (false, false, false),
        Operator::LessThan => (false, false, true),
        Operator::GreaterThanOrEquals => (false, true, false),
        Operator::LessThanOrEquals => (false, true, true),
        Operator::IsEmpty => (true, false, false),
        Operator::IsNotEmpty => (false, true, true),
    }
}

#[test]
fn every_operator_means_the_same_for_every_type_it_applies_to() {
    let mut tested = 0;
    for kind in AttributeType::ALL {
        let (value, same, other) = samples(*kind);
        // Prices are ordered by their amount.
        for operator in Operator::ALL.iter().filter(|op| *kind != AttributeType::Price || !op.orders()) {
            if !operator.applies_to(*kind) {
                continue;
            }
            let (on_empty, on_same, on_other) = expected(*operator);
            let ask = |value: &str, with: &str| verdict(kind.token(), value, operator.token(), &[with]);
            for empty in ["", "null", r#""""#, "[]", r#"[null, "", []]"#] {
                assert_eq!(ask(empty, same).met, on_empty, "{empty} {operator:?} {kind:?}");
            }
            assert_eq!(ask(value, same).met, on_same, "{}", ask(value, same).explain);
            assert_eq!(ask(value, other).met, on_other, "{}", ask(value, other).explain);
            tested += 1;
        }
    }
    assert_eq!(tested, 21 * 6 + 11 * 2 + 5 * 2 + 3 * 4);
}

#[test]
fn an_operator_that_does_not_apply_is_never_met() {
    for kind in AttributeType::ALL {
        let (value, same, _) = samples(*kind);
        for operator in Operator::ALL.iter().filter(|operator| !operator.applies_to(*kind)) {
            for value in [value, ""] {
                let verdict = verdict(kind.token(), value, operator.token(), &[same]);
                assert!(!verdict.met && verdict.explain.contains("does not apply"), "{}", verdict.explain);
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_not_met_by_negative_operators_either() {
    for (kind, unreadable, readable) in [
        ("number", r#""12 EUR""#, "12"),
        ("number", "true", "12"),
        ("number", "{}", "12"),
        ("boolean", r#""yes""#, "true"),
        ("boolean", "1", "true"),
        ("date", r#""15.05.2026""#, "2026-05-15"),
        ("date", r#""2026-02-30""#, "2026-02-28"),
        ("date", "1778800000000", "2026-05-15"),
        ("datetime", r#""2026-05-15T25:00:00Z""#, "2026-05-15T10:00:00Z"),
        ("email", r#"{"mail": "a@x.de"}"#, "a@x.de"),
        ("relation", r#"[{"id": "e1"}]"#, "e1"),
        ("relation", "17", "17"),
        ("product", "true", "true"),
        ("price", "12.5", "12.5"),
        ("string", r#"{"value": "open"}"#, "open"),
        ("status", r#"["open", {"value": "open"}]"#, "open"),
    ] {
        let kind_of = AttributeType::parse(kind).unwrap();
        for operator in Operator::ALL.iter().filter(|op| op.needs_values() && op.applies_to(kind_of)) {
            let verdict = verdict(kind, unreadable, operator.token(), &[readable]);
            let by_amount = kind == "price" && operator.orders();
            assert!(by_amount || !verdict.met && verdict.explain.contains(" is not "), "{}", verdict.explain);
        }
        assert!(met(kind, unreadable, "is_not_empty", &[]) && !met(kind, unreadable, "is_empty", &[]));
    }
}

#[test]
fn a_statements_value_that_cannot_be_read_is_not_met_even_by_an_empty_source() {
    for (kind, value) in
        [("number", "12 EUR"), ("boolean", "yes"), ("date", "today"), ("date", "15.05.2026"), ("datetime", "noon")]
    {
        for operator in ["equals", "not_equals", "any_of", "none_of"] {
            assert!(!met(kind, "", operator, &[value]), "{kind} {operator} {value}");
        }
    }
    assert!(!met("number", "1", "any_of", &["1", "x"]) && !met("number", "1", "none_of", &["2", "x"]));
    // Only the first value is looked at here.
    assert!(met("number", "1", "equals", &["1", "x"]) && met("number", "1", "less_than", &["2", "x"]));
}

#[test]
fn without_a_value_to_compare_with_nothing_is_met() {
    for operator in Operator::ALL.iter().filter(|operator| operator.needs_values()) {
        for values in [&[][..], &[""][..], &["", ""][..]] {
            assert!(!met("number", "1", operator.token(), values), "{operator:?} {values:?}");
        }
    }
    assert!(met("string", r#""a""#, "equals", &["", "a"]));
    assert!(!met("string", r#""a""#, "contains", &[""]));
}

#[test]
fn repeatable_scalars_are_met_by_any_of_their_values() {
    assert!(met("string", r#"["a", "b"]"#, "equals", &["b"]));
    assert!(!met("string", r#"["a", "b"]"#, "not_equals", &["b"]));
    assert!(met("string", r#"["a", "b"]"#, "not_equals", &["c"]));
    assert!(met("number", "[1, 10]", "greater_than", &["5"]) && met("number", "[1, 10]", "less_than", &["5"]));
    assert!(met("string", r#"["left", "right"]"#, "starts_with", &["x", "ri"]));
    assert!(met("string", r#"["left", "right"]"#, "ends_with", &["eft"]));
    assert!(met("text", r#"["one", "two"]"#, "contains", &["zzz", "wo"]));
    assert!(!met("text", r#"["one", "two"]"#, "contains", &["netwo"]));
    assert!(met("email", r#"[{"email": "a@x.de"}, {"email": "b@x.de"}]"#, "equals", &["B@X.DE"]));
}

#[test]
fn multi_valued_types_are_sets() {
    for kind in AttributeType::ALL.iter().filter(|kind| kind.is_multi_valued()) {
        let kind = kind.token();
        let met = |value: &str, operator: &str, values: &[&str]| met(kind, value, operator, values);
        assert!(met(r#"["a", "b", "a"]"#, "equals", &["b", "a", "b"]));
        assert!(!met(r#"["a", "b"]"#, "equals", &["a"]) && !met(r#"["a"]"#, "equals", &["a", "b"]));
        assert!(met(r#"["a", "b"]"#, "not_equals", &["a"]));
        assert!(met(r#"["a", "b"]"#, "any_of", &["x", "b"]) && !met(r#"["a", "b"]"#, "none_of", &["x", "b"]));
        assert!(met(r#"["a", "b", "c"]"#, "contains", &["c", "a"]) && !met(r#"["a"]"#, "contains", &["a", "b"]));
        assert!(met(r#"["a"]"#, "not_contains", &["a", "b"]) && !met(r#"["abc"]"#, "contains", &["b"]));
    }
}

#[test]
fn scalars_are_read_as_text_where_text_is_expected() {
    assert!(met("string", "1.50", "equals", &["1.50"]) && !met("string", "1.50", "equals", &["1.5"]));
    assert!(met("select", "true", "equals", &["true"]));
    assert!(met("boolean", r#""false""#, "equals", &["false"]) && !met("boolean", r#""False""#, "equals", &["false"]));
}

#[test]
fn texts_are_compared_without_their_escapes() {
    assert!(met("string", r#""\u00e4\n\ud83d\ude00""#, "equals", &["ä\n😀"]));
    assert!(met("string", r#""a\"b""#, "contains", &["\""]));
}

#[test]
fn an_unknown_type_is_never_met_and_no_type_is_text() {
    for operator in ["equals", "not_equals", "is_empty"] {
        let verdict = verdict("sequence", r#""a""#, operator, &["b"]);
        assert!(!verdict.met && verdict.explain.contains("\"sequence\" is unknown"), "{}", verdict.explain);
    }
    assert!(met("", r#""abc""#, "contains", &["b"]));
}
