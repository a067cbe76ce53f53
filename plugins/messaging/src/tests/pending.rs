use stepwright_sdk::prelude::*;

use super::{delivery, host, input, summary};
use crate::pending::Pending;

/// The nodes whose summaries are delivered after these outputs.
fn nodes(outputs: &[(&str, Value)]) -> Vec<String> {
    host().with(|_| Pending::among(&input(outputs)).unwrap().nodes)
}

#[test]
fn all_summaries_are_delivered_in_order() {
    assert_eq!(nodes(&[("9", summary("A")), ("1", json!({"marked": 3})), ("5", summary("B"))]), ["9", "5"]);
}

#[test]
fn summaries_before_the_last_delivery_are_not_delivered_again() {
    let outputs = [("a", summary("A")), ("mail", delivery(&["a"])), ("b", summary("B")), ("c", summary("C"))];
    assert_eq!(nodes(&outputs), ["b", "c"]);
}

#[test]
fn two_deliveries_in_a_row_deliver_the_same_summaries() {
    let outputs = [
        ("a", summary("A")),
        ("mail", delivery(&["a"])),
        ("b", summary("B")),
        ("mail2", delivery(&["b"])),
        ("mail3", delivery(&["b"])),
    ];
    assert_eq!(nodes(&outputs), ["b"]);
}

#[test]
fn a_delivery_that_has_delivered_no_summary_leaves_them_for_the_next() {
    let outputs = [("a", summary("A")), ("mail", delivery(&[])), ("b", summary("B"))];
    assert_eq!(nodes(&outputs), ["a", "b"]);
}

#[test]
fn a_third_partys_summary_counts_by_its_shape() {
    assert_eq!(nodes(&[("theirs", json!({"summary": {"title": "Stock", "sections": [{"rows": []}]}}))]), ["theirs"]);
}

#[test]
fn outputs_of_other_shapes_are_no_summaries() {
    for output in [json!(3), json!(null), json!([1]), json!("summary"), json!({}), json!({"summary": null})] {
        assert!(nodes(&[("x", output.clone())]).is_empty(), "{output}");
    }
}

#[test]
fn a_member_that_only_looks_like_a_summary_is_left_out_and_logged() {
    let host = host();
    let pending = host.with(|_| Pending::among(&input(&[("ai", json!({"summary": "all is well"}))])).unwrap());
    assert!(pending.is_empty());
    assert!(host.logs()[0].message.starts_with("the member `summary` of node `ai` is no summary: "));
}
