//! What lists cost.

use super::Bed;
use super::fill::{customer, reference};
use crate::client::Client;
use anyhow::Result;
use http::Method;
use serde_json::json;
use std::time::Instant;

/// Times each list is asked.
const ASKED: usize = 40;

/// Median milliseconds of every list: of an instance's records, and of everything a tenant has.
pub(super) async fn measure(bed: &Bed) -> Result<Vec<(String, f64)>> {
    let mut agent = Client::connect(&bed.address, &bed.proxy).await?;
    let mut dashboard = Client::connect_with(&bed.address, "x-api-key", &bed.key).await?;
    let one = customer(7);
    let narrowed = [
        ("all", String::new()),
        ("status", "?status=paused".into()),
        ("type", "?workflow_type=lead".into()),
        ("type_and_status", "?workflow_type=lead&status=active".into()),
        ("customer", format!("?customer_id={one}")),
        ("customer_and_status", format!("?customer_id={one}&status=active")),
        ("nothing", "?status=failed".into()),
    ];
    let mut measured = Vec::new();
    for (who, client, path) in
        [("agent", &mut agent, bed.workflows.as_str()), ("dashboard", &mut dashboard, "/v1/workflows")]
    {
        let mut queries: Vec<(String, String)> =
            narrowed.iter().map(|(name, query)| ((*name).to_owned(), query.clone())).collect();
        if who == "agent" {
            queries.push(("reference".into(), format!("?reference={}", reference(77))));
        } else {
            queries.push(("ended".into(), "?status=completed".into()));
            queries.push(("type_with_others".into(), "?workflow_type=custom".into()));
        }
        for (name, query) in [("", "?per_page=20"), ("status_", "?status=active&per_page=20")] {
            let total = client.json(Method::GET, &format!("{path}{query}"), &json!({})).await?["total"].as_u64();
            let pages = total.unwrap_or(0).div_ceil(20).max(1);
            queries.push((format!("{name}middle_page"), format!("{query}&page={}", (pages / 2).max(1))));
            queries.push((format!("{name}last_page"), format!("{query}&page={pages}")));
        }
        for (name, query) in queries {
            let path = format!("{path}{query}");
            let mut times = Vec::new();
            for _ in 0..ASKED {
                let asked = Instant::now();
                client.json(Method::GET, &path, &json!({})).await?;
                times.push(asked.elapsed().as_secs_f64() * 1e3);
            }
            times.sort_by(f64::total_cmp);
            measured.push((format!("{who}_{name}"), times[times.len() / 2]));
        }
    }
    Ok(measured)
}
