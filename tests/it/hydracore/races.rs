//! Calls at the same time: nothing is lost, nobody gets what is not so.

use super::{Bed, actions};
use crate::support::TestHost;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

/// Rounds of every race.
const ROUNDS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_patches_lose_nothing() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let (path, _) = bed.open(json!({})).await;
    for round in 0..ROUNDS {
        let mut calls = JoinSet::new();
        for n in 0..8 {
            let (agent, path) = (bed.agent.clone(), path.clone());
            let body = json!({"action": format!("a{round}-{n}"), "workflow_state": {format!("k{round}-{n}"): n}});
            calls.spawn(async move { (n, agent.json("PATCH", &path, &body).await.expect(200).json()) });
        }
        for (n, answer) in calls.join_all().await {
            // Each answer is the state right after its own change.
            let last = answer["history"].as_array().unwrap().last().unwrap().clone();
            assert_eq!(last["action"], format!("a{round}-{n}"));
            assert_eq!(answer["workflow_state"][format!("k{round}-{n}")], n);
        }
    }
    let shown = bed.shown(&path).await;
    let expected: Map<String, Value> =
        (0..ROUNDS).flat_map(|r| (0..8).map(move |n| (format!("k{r}-{n}"), json!(n)))).collect();
    assert_eq!(shown["workflow_state"], Value::Object(expected));
    let seen: BTreeSet<&str> = actions(&shown).into_iter().collect();
    assert_eq!((seen.len(), actions(&shown).len()), (ROUNDS * 8 + 1, ROUNDS * 8 + 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_that_exclude_each_other_one_wins_and_the_other_is_told() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    for _ in 0..ROUNDS {
        let (path, id) = bed.open(json!({})).await;
        let abort = format!("/v1/workflows/{id}/abort");
        let done = json!({"action": "done", "status": "completed"});
        let step = json!({"step": "s"});
        let suspend = format!("{path}/suspend");
        let (aborted, completed, suspended) = tokio::join!(
            bed.admin.post_empty(&abort),
            bed.agent.json("PATCH", &path, &done),
            bed.agent.post(&suspend, &step),
        );
        let shown = bed.shown(&path).await;
        let won = actions(&shown)[1..].to_vec();
        for (answer, action) in [(&aborted, "aborted"), (&completed, "done"), (&suspended, "suspended")] {
            let expected = if won.contains(&action) { 200 } else { 409 };
            assert_eq!(answer.status, expected, "{action} among {won:?}: {}", answer.text);
        }
        // A history is connected: where one entry has ended, the next begins.
        for pair in shown["history"].as_array().unwrap().windows(2) {
            assert_eq!(pair[0]["to_status"], pair[1]["from_status"]);
        }
        assert_eq!(shown["history"].as_array().unwrap().last().unwrap()["to_status"], shown["status"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_timer_and_a_patch_at_once_leave_one_end() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    for _ in 0..ROUNDS {
        let now = bed.shown(&bed.open(json!({})).await.0).await["created_at"].as_str().unwrap().to_owned();
        let soon = chrono::DateTime::parse_from_rfc3339(&now).unwrap() + chrono::Duration::seconds(1);
        let (path, _) = bed.open(json!({"expires_at": soon.to_rfc3339()})).await;
        let done = json!({"action": "done", "status": "completed"});
        host.advance_secs(2);
        let answer = bed.agent.json("PATCH", &path, &done).await;
        let ended = crate::support::eventually("an end", || async {
            let shown = bed.shown(&path).await;
            (shown["completed_at"] != Value::Null).then_some(shown)
        })
        .await;
        let expected = if answer.status == 200 { ("completed", "done") } else { ("expired", "expired") };
        assert_eq!((ended["status"].as_str().unwrap(), actions(&ended)[1]), expected, "{}", answer.text);
        assert_eq!(actions(&ended).len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hosts_on_one_database_lose_nothing_either() {
    use crate::support::host::TestClock;
    use crate::support::postgres::Scratch;
    use stepwright_store::StoreOptions;
    let Some(scratch) = Scratch::create().await else { return };
    let clock = TestClock::at("2026-11-22T09:00:00Z");
    let options = StoreOptions { postgres_connections: 6, ..StoreOptions::default() };
    let one = TestHost::start_on(&scratch.url, &options, std::sync::Arc::clone(&clock)).await;
    let two = TestHost::start_on(&scratch.url, &options, clock).await;
    let bed = Bed::new(&one).await;
    let (path, _) = bed.open(json!({})).await;
    let second = two.operator.with_key(bed.agent.key().unwrap());
    let mut calls = JoinSet::new();
    for n in 0..ROUNDS {
        let (client, path) = (if n % 2 == 0 { bed.agent.clone() } else { second.clone() }, path.clone());
        let body = json!({"action": format!("a{n}"), "workflow_state": {format!("k{n}"): n}});
        calls.spawn(async move { client.json("PATCH", &path, &body).await.expect(200) });
    }
    calls.join_all().await;
    let shown = bed.shown(&path).await;
    assert_eq!(shown["workflow_state"].as_object().unwrap().len(), ROUNDS);
    assert_eq!(actions(&shown).into_iter().collect::<BTreeSet<_>>().len(), ROUNDS + 1);
    drop((one, two));
    scratch.drop_it().await;
}
