use super::{BASE, code, ended, fields, made, member, on_deals, onboarding, triggered, until, with};
use crate::support::{Client, TestHost};
use serde_json::{Value, json};

fn ids(listed: &Value) -> Vec<String> {
    listed["data"].as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap().to_owned()).collect()
}

async fn list(client: &Client, query: &str) -> Value {
    client.get(&format!("{BASE}/workflows/executions?{query}")).await.expect(200).json()
}

#[tokio::test]
async fn lists_are_narrowed_sorted_and_paged() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    super::put(&host, &tenant, "deal", "other", &json!({})).await;
    let (_, works) = made(&host, &tenant, &client, &onboarding()).await;
    let fails = on_deals("Fails", &[super::fails("n")]);
    let (_, fails) = made(&host, &tenant, &client, &fails).await;
    let asks = with(on_deals("Asks", &[json!({"id": "ask", "type": "manual"})]), json!({"entity_type": null}));
    let (_, asks) = made(&host, &tenant, &client, &asks).await;
    // In the order of their beginning: completed, failed, running, completed.
    let mut all = Vec::new();
    for (workflow, entity) in [(&works, "deal_456"), (&fails, "deal_456"), (&asks, "other"), (&works, "other")] {
        host.advance_secs(10);
        let body = json!({"workflowType": workflow, "entityType": "deal", "entityId": entity});
        let answer = client.post(&format!("{BASE}/workflows/trigger"), &body).await.expect(202).json();
        let id = answer["executionId"].as_str().unwrap().to_owned();
        if *workflow == asks {
            until(&client, &id, "its begin", |e| e["status"] == "running").await;
        } else {
            ended(&client, &id).await;
        }
        all.push(id);
    }
    let newest: Vec<String> = all.iter().rev().cloned().collect();
    let pick = |places: &[usize]| places.iter().map(|i| all[*i].clone()).collect::<Vec<_>>();
    let everything = list(&client, "").await;
    assert_eq!(ids(&everything), newest);
    assert_eq!(everything["total"], 4);
    assert_eq!(everything["meta"], json!({"pagination": {"page": 1, "limit": 20, "total": 4, "totalPages": 1}}));
    assert!(everything["data"][0].get("nodes").is_none());
    for (query, expected) in [
        ("sort_order=asc".to_owned(), pick(&[0, 1, 2, 3])),
        ("sort_by=createdAt&sort_order=asc".into(), pick(&[0, 1, 2, 3])),
        ("sortBy=createdAt".into(), pick(&[3, 2, 1, 0])),
        ("sort_by=completedAt".into(), pick(&[3, 1, 0, 2])),
        ("sort_by=completedAt&sortOrder=asc".into(), pick(&[2, 0, 1, 3])),
        ("sort_by=status".into(), pick(&[2, 1, 3, 0])),
        ("sort_by=status&sort_order=asc".into(), pick(&[0, 3, 1, 2])),
        (format!("workflow_type={works}"), pick(&[3, 0])),
        (format!("workflowType={fails}"), pick(&[1])),
        ("entity_id=other".into(), pick(&[3, 2])),
        ("entity_type=deal&entityId=deal_456".into(), pick(&[1, 0])),
        ("entityType=merchant".into(), pick(&[])),
        ("status=completed".into(), pick(&[3, 0])),
        ("status=running".into(), pick(&[2])),
        ("status=failed".into(), pick(&[1])),
        ("status=cancelled".into(), pick(&[])),
        (format!("status=completed&entity_id=other&workflow_type={works}&sort_by=status"), pick(&[3])),
        ("workflow_type=wf_abc123".into(), pick(&[])),
        ("entity_id=%00".into(), pick(&[])),
    ] {
        let listed = list(&client, &query).await;
        assert_eq!(ids(&listed), expected, "{query}");
        assert_eq!(listed["total"], expected.len(), "{query}");
    }
    for sort in ["startedAt", "completedAt", "createdAt", "status"] {
        let whole = ids(&list(&client, &format!("sort_by={sort}")).await);
        let mut pages = Vec::new();
        for page in 1..=3 {
            let listed = list(&client, &format!("sort_by={sort}&limit=2&page={page}")).await;
            assert_eq!(listed["meta"]["pagination"], json!({"page": page, "limit": 2, "total": 4, "totalPages": 2}));
            pages.extend(ids(&listed));
        }
        assert_eq!(pages, whole, "{sort}");
    }
    assert_eq!(list(&client, "limit=101").await["meta"]["pagination"]["limit"], 100);
}

#[tokio::test]
async fn a_parameter_that_breaks_a_rule_is_400_and_names_every_fault() {
    let host = TestHost::start().await;
    let (_, client) = member(&host).await;
    for (query, broken) in [
        ("page=0", vec!["page"]),
        ("limit=0", vec!["limit"]),
        ("limit=ten", vec!["limit"]),
        ("status=paused", vec!["status"]),
        ("sort_by=name", vec!["sort_by"]),
        ("sort_order=up", vec!["sort_order"]),
        ("status=&sortBy=x&sort_order=y", vec!["status", "sort_by", "sort_order"]),
    ] {
        let refused = client.get(&format!("{BASE}/workflows/executions?{query}")).await.expect(400);
        assert_eq!(code(&refused), "VALIDATION_ERROR");
        assert_eq!(fields(&refused), broken, "{query}");
    }
}

#[tokio::test]
async fn what_has_not_begun_has_no_start_and_comes_last() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, id) = made(&host, &tenant, &client, &onboarding()).await;
    let done = triggered(&client, &id).await;
    ended(&client, &done).await;
    for unknown in ["exec_xyz789", "exec_", "x"] {
        assert_eq!(code(&client.get(&format!("{BASE}/workflows/executions/{unknown}")).await.expect(404)), "NOT_FOUND");
    }
    let listed = list(&client, "").await;
    let item = &listed["data"][0];
    let members: Vec<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "completedAt",
            "createdAt",
            "entityId",
            "entityType",
            "error",
            "executionId",
            "id",
            "startedAt",
            "status",
            "triggeredBy",
            "workflowId",
            "workflowName"
        ]
    );
}
