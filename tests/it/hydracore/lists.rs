use super::{Bed, CUSTOMER};
use crate::support::{Client, TestHost};
use serde_json::{Value, json};

const OTHER: &str = "260c0c4b-9966-4dc1-a916-8407eb10d74e";

async fn listed(client: &Client, path: &str) -> (Value, Vec<String>) {
    let list = client.get(path).await.expect(200).json();
    let titles = list["workflows"].as_array().unwrap();
    let titles = titles.iter().map(|w| w["title"].as_str().unwrap_or_default().to_owned()).collect();
    (list["total"].clone(), titles)
}

#[tokio::test]
async fn lists_are_filtered_counted_and_newest_first() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let second = bed.other_instance(&host).await;
    bed.open(json!({"title": "a", "reference": "R1"})).await;
    host.advance_secs(1);
    bed.open(json!({"title": "b", "customer_id": OTHER, "reference": "R1"})).await;
    host.advance_secs(1);
    let (c, _) = bed.open(json!({"title": "c", "workflow_type": "roster", "reference": "R2"})).await;
    bed.advance(&c, json!({"action": "pause", "status": "paused"})).await;
    host.advance_secs(1);
    second.open(json!({"title": "d", "reference": "R1"})).await;
    let all = bed.workflows();
    for (query, total, titles) in [
        ("", 3, "c b a"),
        ("?status=active", 2, "b a"),
        ("?status=paused", 1, "c"),
        ("?workflow_type=lead", 2, "b a"),
        ("?workflow_type=roster&status=active", 0, ""),
        ("?customer_id=160c0c4b-9966-4dc1-a916-8407eb10d74e", 2, "c a"),
        ("?customer_id=160C0C4B99664DC1A9168407EB10D74E&workflow_type=roster&status=paused", 1, "c"),
        ("?reference=R1", 2, "b a"),
        ("?reference=R1&customer_id=260c0c4b-9966-4dc1-a916-8407eb10d74e", 1, "b"),
        ("?reference=r1", 0, ""),
        ("?status=string", 0, ""),
        ("?workflow_type=string", 0, ""),
        ("?per_page=2", 3, "c b"),
        ("?per_page=2&page=2", 3, "a"),
        ("?per_page=2&page=3", 3, ""),
        ("?per_page=1&page=99999999999999999999999", 3, ""),
    ] {
        let (found, seen) = listed(&bed.agent, &format!("{all}{query}")).await;
        assert_eq!((found, seen.join(" ")), (json!(total), titles.to_owned()), "{query}");
    }
    for (query, total, titles) in [
        ("", 4, "d c b a"),
        ("?status=active", 3, "d b a"),
        ("?workflow_type=lead&status=active&per_page=1&page=3", 3, "a"),
        ("?customer_id=160c0c4b-9966-4dc1-a916-8407eb10d74e", 3, "d c a"),
        // The whole tenant's list knows no references.
        ("?reference=R2", 4, "d c b a"),
    ] {
        let (found, seen) = listed(&bed.admin, &format!("/v1/workflows{query}")).await;
        assert_eq!((found, seen.join(" ")), (json!(total), titles.to_owned()), "{query}");
    }
    let page = bed.agent.get(&format!("{all}?page=2&per_page=1")).await.expect(200).json();
    assert_eq!((&page["page"], &page["per_page"]), (&json!(2), &json!(1)));
    assert_eq!(page["workflows"][0]["history"][0]["action"], "created");
    let page = bed.agent.get(&all).await.expect(200).json();
    assert_eq!((&page["page"], &page["per_page"]), (&json!(1), &json!(20)));
}

#[tokio::test]
async fn every_page_of_a_list_that_was_made_at_once_is_seen_exactly_once() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    for n in 0..25 {
        bed.open(json!({"title": n.to_string()})).await;
    }
    let mut seen = Vec::new();
    for page in 1..=6 {
        let (total, titles) = listed(&bed.admin, &format!("/v1/workflows?per_page=5&page={page}")).await;
        assert_eq!((total, titles.len()), (json!(25), if page < 6 { 5 } else { 0 }));
        seen.extend(titles);
    }
    // Ids sort by time, so that of the same instant the one made last is first.
    let expected: Vec<String> = (0..25).rev().map(|n| n.to_string()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn suspended_workflows_are_listed_by_when_they_were_suspended() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let mut paths = Vec::new();
    for title in ["a", "b", "c"] {
        paths.push(bed.open(json!({"title": title})).await.0);
        host.advance_secs(1);
    }
    for place in [1, 0, 2] {
        bed.agent.post(&format!("{}/suspend", paths[place]), &json!({"step": "wait"})).await.expect(200);
        host.advance_secs(1);
    }
    let titles = async || {
        let list = bed.admin.get("/v1/workflows/suspended").await.expect(200).json();
        let list = list.as_array().unwrap().clone();
        list.iter().map(|w| w["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles().await, ["c", "a", "b"]);
    let first = &bed.admin.get("/v1/workflows/suspended").await.expect(200).json()[0];
    assert_eq!(first.as_object().unwrap().len(), 23);
    assert_eq!((&first["suspended_at"], &first["suspended_payload"]), (&json!("2026-11-22T09:00:05Z"), &Value::Null));
    bed.agent.post(&format!("{}/resume", paths[0]), &json!({})).await.expect(200);
    bed.advance(&paths[1], json!({"action": "x", "status": "cancelled"})).await;
    assert_eq!(titles().await, ["c"]);
}

#[tokio::test]
async fn totals_stay_right_through_every_kind_of_change() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let mut paths = Vec::new();
    for _ in 0..8 {
        paths.push(bed.open(json!({})).await.0);
    }
    let statuses =
        ["active", "awaiting_approval", "paused", "suspended", "completed", "expired", "cancelled", "failed"];
    for (path, status) in paths.iter().zip(statuses) {
        bed.advance(path, json!({"action": "x", "status": status})).await;
    }
    for status in statuses {
        for query in [format!("status={status}"), format!("status={status}&customer_id={CUSTOMER}")] {
            assert_eq!(listed(&bed.admin, &format!("/v1/workflows?{query}")).await.0, 1, "{query}");
        }
    }
    assert_eq!(listed(&bed.admin, "/v1/workflows").await.0, 8);
}
