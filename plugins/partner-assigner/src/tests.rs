use serde_json::{Value, json};
use stepwright_sdk::Fault;
use stepwright_sdk::testing::Host;
use stepwright_sdk::tools::{Effect, ToolError};

use crate::{Conclusion, partner_assigner};

fn host() -> Host {
    Host::new()
        .entity("order", "o1", json!({"postal_code": "50667", "trade": "PV"}))
        .entity("partner", "p1", json!({"postal_codes": ["50667", "50668"], "trade": ["pv"], "score": 2}))
        .entity("partner", "p2", json!({"postal_codes": ["50667"], "trade": "pv ", "score": 7, "free": 1}))
        .entity("partner", "p3", json!({"postal_codes": ["10115"], "trade": "pv", "score": 9, "free": 5}))
        .entity("partner", "p4", json!({"postal_codes": ["50667"], "trade": "pv", "score": 9, "active": false}))
}

fn config() -> Value {
    json!({"rank_by": "score", "criteria": [
        {"attribute": "postal_code", "partner_attribute": "postal_codes"}, {"attribute": "trade"}]})
}

fn about(id: &str) -> Value {
    json!({"entity_schema": "order", "entity_id": id})
}

fn outcome(concluded: Result<Conclusion<Value>, Fault>) -> (String, Value) {
    let concluded = concluded.expect("a conclusion");
    (concluded.outcome.expect("an outcome"), concluded.output)
}

#[test]
fn the_best_partner_that_fits_is_written_into_the_entity() {
    let host = host();
    let (named, output) = outcome(host.run_agent(partner_assigner, config(), about("o1")));
    assert_eq!((named.as_str(), &output["partner_id"]), ("assigned", &json!("p2")));
    let ids: Vec<&Value> = output["partners"].as_array().into_iter().flatten().map(|p| &p["partner_id"]).collect();
    assert_eq!(ids, [&json!("p2"), &json!("p1")]);
    assert_eq!(host.entity_now("order", "o1").expect("it is there").1["partner_id"], "p2");
}

#[test]
fn a_recommendation_changes_nothing() {
    let host = host();
    let mut config = config();
    config["mode"] = json!("recommend");
    let (named, output) = outcome(host.run_agent(partner_assigner, config, about("o1")));
    assert_eq!((named.as_str(), &output["partners"][0]["partner_id"]), ("recommended", &json!("p2")));
    assert_eq!(host.entity_now("order", "o1").expect("it is there").0, 1);
}

#[test]
fn who_has_no_place_free_is_left_out() {
    let mut config = config();
    config["capacity"] = json!("free");
    let (_, output) = outcome(host().run_agent(partner_assigner, config, about("o1")));
    assert_eq!(output["partners"].as_array().map(Vec::len), Some(1));
}

#[test]
fn nobody_fits() {
    let mut config = config();
    config["schema"] = json!("installer");
    let (named, output) = outcome(host().run_agent(partner_assigner, config, about("o1")));
    assert_eq!((named.as_str(), output), ("no_eligible_partner", json!({"outcome": "no_eligible_partner"})));
}

#[test]
fn what_a_criterion_compares_must_be_there() {
    let host = host().entity("order", "o2", json!({"trade": " ", "postal_code": []}));
    let (named, output) = outcome(host.run_agent(partner_assigner, config(), about("o2")));
    assert_eq!((named.as_str(), &output["missing"]), ("missing_input", &json!(["postal_code", "trade"])));
    let (named, output) = outcome(host.run_agent(partner_assigner, config(), json!({})));
    assert_eq!((named.as_str(), &output["missing"]), ("missing_input", &json!(["entity"])));
}

#[test]
fn an_entity_that_others_keep_changing_is_given_up() {
    let conflict = |_: &Value| Err(ToolError::Failed(Fault::new("CONFLICT", "changed")));
    let host = host().tool("entities_put", Effect::Write, conflict);
    let fault = host.run_agent(partner_assigner, config(), about("o1")).expect_err("a fault");
    assert_eq!((fault.code.as_str(), fault.retryable), ("CONFLICT", true));
}

#[test]
fn a_config_out_of_range_is_refused() {
    let fault =
        host().run_agent(partner_assigner, json!({"limit": 0, "schema": ""}), about("o1")).expect_err("a fault");
    assert!(fault.reason.contains("/limit") && fault.reason.contains("/schema"), "{}", fault.reason);
}
