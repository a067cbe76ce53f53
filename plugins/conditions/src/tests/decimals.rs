use std::cmp::Ordering;

use super::met;
use crate::Decimal;

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|| panic!("{text} is no decimal"))
}

#[test]
fn the_same_number_is_equal_however_it_is_written() {
    for (a, b) in [
        ("0", "-0.00"),
        ("0", "0e99999"),
        ("1000", "1e3"),
        ("1000", "+1.0E+3"),
        ("0.001", "1e-3"),
        (".5", "0.50"),
        ("5.", "5"),
        ("100", "1e2"),
        ("12300e-2", "123"),
        (" 7\t", "7"),
        ("00017", "17"),
    ] {
        assert_eq!(decimal(a), decimal(b), "{a} and {b}");
        assert_eq!(decimal(a).cmp(&decimal(b)), Ordering::Equal);
    }
}

#[test]
fn numbers_that_floats_confuse_are_told_apart() {
    let long = "9".repeat(5_000);
    let longer = format!("{long}.{}1", "0".repeat(5_000));
    for (smaller, larger) in [
        ("0.3", "0.30000000000000004"),
        ("9007199254740992", "9007199254740993"),
        ("0.1", "0.10000000000000000000000000001"),
        (long.as_str(), longer.as_str()),
        ("1e400", "1.0000001e400"),
        ("-1e-400", "0"),
        ("0", "1e-400"),
        ("-2", "-1.999"),
        ("-10", "-9"),
        ("9", "10"),
        ("99", "100.1"),
        ("0.09", "0.1"),
        ("-1e9223372036854775000", "1e9223372036854775000"),
    ] {
        assert_eq!(decimal(smaller).cmp(&decimal(larger)), Ordering::Less);
        assert_eq!(decimal(larger).cmp(&decimal(smaller)), Ordering::Greater);
    }
}

#[test]
fn what_is_no_decimal_is_not_read() {
    for text in [
        "",
        " ",
        ".",
        "-",
        "+",
        "e3",
        "1e",
        "1e+",
        "1e1.5",
        "1,5",
        "1 000",
        "1_000",
        "0x10",
        "NaN",
        "inf",
        "1.2.3",
        "--1",
        "+-1",
        "12€",
        "１２",
        "1e99999999999999999999",
        "\u{a0}1",
    ] {
        assert_eq!(Decimal::parse(text), None, "{text:?}");
    }
}

#[test]
fn digits_of_json_numbers_are_kept() {
    assert!(met("number", "0.30000000000000004", "greater_than", &["0.3"]));
    assert!(met("number", "0.1", "equals", &["0.10"]));
    assert!(met("number", "12345678901234567890.123456789", "equals", &["12345678901234567890.123456789"]));
    assert!(met("number", "12345678901234567890.123456789", "not_equals", &["12345678901234567890.123456788"]));
    assert!(met("number", "1E3", "equals", &["1000"]));
    assert!(met("number", "\"1e3\"", "less_than_or_equals", &["1000"]));
    assert!(met("number", "1e400", "greater_than", &["1e399"]));
}
