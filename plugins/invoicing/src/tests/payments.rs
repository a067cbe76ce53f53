use proptest::prelude::*;
use stepwright_sdk::prelude::*;

use super::{at, host, output, payment};
use crate::payments_summary;

const AUGUST: &str = "2026-08-10T12:00:00Z";

#[test]
fn gross_is_all_that_came_in_and_net_is_what_stayed() {
    let host = host().dataset(
        "payments",
        [
            payment("1", AUGUST, json!({"amount_cents": 1000})),
            payment("2", AUGUST, json!({"amount_cents": 300, "status": "refunded"})),
            payment("3", AUGUST, json!({"amount_cents": 50_000, "status": "failed"})),
            payment("4", AUGUST, json!({"amount_cents": 200, "method": "bank"})),
            payment("5", AUGUST, json!({"amount_cents": 7, "method": null})),
        ],
    );
    let eur = &output(&host, payments_summary, json!({}))["currencies"];
    let expected = json!([{
        "currency": "EUR", "count": 4, "gross_cents": 1507, "refunded_count": 1, "refunded_cents": 300,
        "net_cents": 1207, "failed_count": 1, "failed_cents": 50_000,
        "by_method": [
            {"method": "bank", "count": 1, "gross_cents": 200, "refunded_count": 0, "refunded_cents": 0, "net_cents": 200},
            {"method": "card", "count": 2, "gross_cents": 1300, "refunded_count": 1, "refunded_cents": 300, "net_cents": 1000},
            {"method": "unknown", "count": 1, "gross_cents": 7, "refunded_count": 0, "refunded_cents": 0, "net_cents": 7},
        ],
    }]);
    assert_eq!(*eur, expected);
}

#[test]
fn currencies_are_kept_apart() {
    let host = host().dataset(
        "payments",
        [
            payment("1", AUGUST, json!({})),
            payment("2", AUGUST, json!({"currency": "JPY"})),
            payment("3", AUGUST, json!({"currency": "eur"})),
        ],
    );
    let currencies = output(&host, payments_summary, json!({}))["currencies"].clone();
    let gross: Vec<_> = currencies.as_array().unwrap().iter().map(|c| (&c["currency"], &c["gross_cents"])).collect();
    assert_eq!(gross, [(&json!("EUR"), &json!(200)), (&json!("JPY"), &json!(100))]);
}

#[test]
fn an_empty_dataset_is_a_valid_summary() {
    let summed = output(&host(), payments_summary, json!({"date_range": "today"}));
    assert_eq!(summed["currencies"], json!([]));
    assert_eq!(summed["period"], json!({"from": "2026-08-12", "to": "2026-08-12"}));
    let expected = json!({
        "title": "Payments",
        "period": {"from": "2026-08-12", "to": "2026-08-12", "timezone": "Europe/London"},
        "sections": [{"title": "Overview", "rows": [
            {"label": "Received", "value": "0 payments"}, {"label": "Failed", "value": "0 payments"},
        ]}],
    });
    assert_eq!(summed["summary"], expected);
}

#[test]
fn the_summary_has_amounts_to_be_formatted_by_whoever_delivers_it() {
    let host = host().dataset("payments", [payment("1", AUGUST, json!({"currency": "KWD"}))]);
    let section = output(&host, payments_summary, json!({}))["summary"]["sections"][1].clone();
    assert_eq!(section["title"], "KWD");
    assert_eq!(section["rows"][2], json!({"label": "Net", "value": {"cents": 100, "currency": "KWD"}}));
    assert_eq!(section["rows"][4]["label"], "Net by card");
}

/// How many of the payments a day of a zone has.
fn counted(zone: &str, day: &str, received: &[&str]) -> i64 {
    let rows = received.iter().enumerate().map(|(n, at)| payment(&n.to_string(), at, json!({})));
    let host = at("2026-12-01T00:00:00Z").timezone(zone).dataset("payments", rows);
    let config = json!({"date_range": {"from": day, "to": day}});
    output(&host, payments_summary, config)["currencies"][0]["count"].as_i64().unwrap_or(0)
}

#[test]
fn days_around_clock_changes_have_all_their_payments_and_no_others() {
    // 23 hours, then 25.
    let spring = ["2026-03-28T23:59:59Z", "2026-03-29T00:00:00Z", "2026-03-29T22:59:59.999Z", "2026-03-29T23:00:00Z"];
    assert_eq!(counted("Europe/London", "2026-03-29", &spring), 2);
    let autumn = ["2026-10-24T22:59:59Z", "2026-10-24T23:00:00Z", "2026-10-25T23:59:59Z", "2026-10-26T00:00:00Z"];
    assert_eq!(counted("Europe/London", "2026-10-25", &autumn), 2);
    let auckland = ["2026-04-04T10:59:59Z", "2026-04-04T11:00:00Z", "2026-04-05T11:59:59Z", "2026-04-05T12:00:00Z"];
    assert_eq!(counted("Pacific/Auckland", "2026-04-05", &auckland), 2);
    let angeles = ["2026-03-08T07:59:59Z", "2026-03-08T08:00:00Z", "2026-03-09T06:59:59Z", "2026-03-09T07:00:00Z"];
    assert_eq!(counted("America/Los_Angeles", "2026-03-08", &angeles), 2);
}

#[test]
fn the_offset_a_time_is_written_with_does_not_matter() {
    let day = "2026-08-12";
    assert_eq!(counted("UTC", day, &["2026-08-13T13:30:00+14:00"]), 1);
    assert_eq!(counted("UTC", day, &["2026-08-11T20:00:00-05:00"]), 1);
    assert_eq!(counted("UTC", day, &["2026-08-12T01:00:00+02:00"]), 0);
    assert_eq!(counted("Pacific/Kiritimati", day, &["2026-08-10T22:30:00-12:00"]), 1);
}

#[test]
fn a_sum_that_does_not_stay_exact_is_a_fault() {
    let large = json!({"amount_cents": 9_007_199_254_740_991_i64});
    let host = host().dataset("payments", [payment("1", AUGUST, large.clone()), payment("2", AUGUST, large)]);
    assert_eq!(host.run(payments_summary, json!({}), json!({})).unwrap_err().code, "AMOUNT_OVERFLOW");
}

#[test]
fn more_payments_than_a_page_are_all_counted() {
    let host = host().dataset("payments", (0..1_234).map(|n| payment(&format!("{n:05}"), AUGUST, json!({}))));
    assert_eq!(output(&host, payments_summary, json!({}))["currencies"][0]["gross_cents"], 123_400);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn methods_add_up_to_their_currency_and_net_is_gross_less_refunded(
        payments in prop::collection::vec((0_i64..1_000_000, 0_usize..3, 0_usize..3), 0..40)
    ) {
        let rows = payments.iter().enumerate().map(|(n, (cents, status, method))| {
            let status = ["succeeded", "refunded", "failed"][*status];
            let method = ["a", "b", "c"][*method];
            payment(&n.to_string(), AUGUST, json!({"amount_cents": cents, "status": status, "method": method}))
        });
        let summed = output(&host().dataset("payments", rows), payments_summary, json!({}));
        let number = |of: &Value, name: &str| of[name].as_i64().unwrap();
        for currency in summed["currencies"].as_array().unwrap() {
            for name in ["count", "gross_cents", "refunded_cents", "net_cents"] {
                let methods = currency["by_method"].as_array().unwrap();
                prop_assert_eq!(methods.iter().map(|m| number(m, name)).sum::<i64>(), number(currency, name));
            }
            let net = number(currency, "gross_cents") - number(currency, "refunded_cents");
            prop_assert_eq!(number(currency, "net_cents"), net);
            prop_assert_eq!(number(currency, "count") + number(currency, "failed_count"), payments.len() as i64);
        }
    }
}
