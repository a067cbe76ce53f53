use super::super::wire::Fault;
use super::values::{instant, integer, text, uuid};
use super::*;
use crate::kit::Query;
use serde_json::{Value, json};
use stepwright_engine::Timestamp;

fn loc() -> [Value; 2] {
    ["body".into(), "x".into()]
}

/// What a reader makes of a value, and the kinds of its faults.
fn read<T>(reader: impl Fn(&Faults) -> Option<T>) -> Result<T, Vec<&'static str>> {
    let faults = Faults::default();
    let value = reader(&faults);
    let kinds: Vec<&'static str> = faults.0.into_inner().iter().map(|fault: &Fault| fault.kind).collect();
    value.ok_or(kinds)
}

#[test]
fn whole_numbers_are_read_as_pydantic_reads_them() {
    let number = |value: Value| read(|faults| integer(faults, &loc(), &value, 0, Some(100)));
    for (value, expected) in [
        (json!(7), Ok(7)),
        (json!(7.0), Ok(7)),
        (json!("7"), Ok(7)),
        (json!(" +7 "), Ok(7)),
        (json!("7.00"), Ok(7)),
        (json!(7.5), Err(vec!["int_from_float"])),
        (json!("7.5"), Err(vec!["int_parsing"])),
        (json!("7."), Err(vec!["int_parsing"])),
        (json!("seven"), Err(vec!["int_parsing"])),
        (json!(""), Err(vec!["int_parsing"])),
        (json!("-"), Err(vec!["int_parsing"])),
        (json!(true), Err(vec!["int_type"])),
        (json!(-1), Err(vec!["greater_than_equal"])),
        (json!("101"), Err(vec!["less_than_equal"])),
        (json!("9".repeat(60)), Err(vec!["less_than_equal"])),
        (json!(format!("-{}", "9".repeat(60))), Err(vec!["greater_than_equal"])),
        (json!(1e300), Err(vec!["less_than_equal"])),
    ] {
        assert_eq!(number(value.clone()), expected, "{value}");
    }
}

#[test]
fn instants_may_leave_out_the_offset_and_the_time() {
    let at = |value: Value| read(|faults| instant(faults, &loc(), &value)).map(Timestamp::to_rfc3339_millis);
    for (text, expected) in [
        ("2026-05-28T01:30:00Z", "2026-05-28T01:30:00.000Z"),
        ("2026-05-28T01:30:00.5+02:00", "2026-05-27T23:30:00.500Z"),
        ("2026-05-28 01:30:00Z", "2026-05-28T01:30:00.000Z"),
        ("2026-05-28T01:30:00.250", "2026-05-28T01:30:00.250Z"),
        ("2026-05-28T01:30", "2026-05-28T01:30:00.000Z"),
        ("2026-05-28", "2026-05-28T00:00:00.000Z"),
    ] {
        assert_eq!(at(json!(text)).as_deref(), Ok(expected), "{text}");
    }
    for text in ["", "soon", "2026-13-01", "2026-05-28T25:00:00Z", "28.05.2026"] {
        assert_eq!(at(json!(text)), Err(vec!["datetime_from_date_parsing"]), "{text}");
    }
    for value in [json!(1), json!(true), json!({})] {
        assert_eq!(at(value), Err(vec!["datetime_type"]));
    }
}

#[test]
fn texts_are_counted_in_characters() {
    let read = |value: Value| read(|faults| text(faults, &loc(), &value, 1, 3));
    assert_eq!(read(json!("äöü")), Ok("äöü".into()));
    assert_eq!(read(json!("")), Err(vec!["string_too_short"]));
    assert_eq!(read(json!("äöüß")), Err(vec!["string_too_long"]));
    assert_eq!(read(json!(1)), Err(vec!["string_type"]));
}

#[test]
fn long_inputs_are_not_repeated() {
    let faults = Faults::default();
    let long = json!("x".repeat(2_000));
    assert_eq!(uuid(&faults, &loc(), &long), None);
    let told = faults.0.into_inner();
    assert_eq!((told[0].kind, &told[0].input), ("uuid_parsing", &None));
    let shown = Fault::new("k", loc().to_vec(), "m").with_input(&json!(null));
    assert_eq!(shown.input, Some(Value::Null));
}

#[test]
fn a_page_far_out_is_past_every_end() {
    let faults = Faults::default();
    let query = Query::new(vec![("page".into(), u64::MAX.to_string()), ("per_page".into(), "100".into())]);
    let asked = page(&faults, &query, None).unwrap();
    assert_eq!((asked.page, asked.offset()), (u64::MAX, u64::MAX));
    let asked = page(&faults, &Query::default(), None).unwrap();
    assert_eq!((asked.page, asked.per_page, asked.offset(), asked.matches), (1, 20, 0, true));
}
