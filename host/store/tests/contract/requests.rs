//! Requests that may come twice.

use crate::support::{Bed, T0, at, on_both};
use stepwright_app::ports::{IdempotencyBegin, IdempotencyKey, IdempotencyStore as _, StoredResponse};
use stepwright_engine::Timestamp;

on_both!(
    the_first_request_goes_ahead_and_its_answer_is_replayed,
    of_many_first_requests_one_goes_ahead,
    a_dead_reservation_and_an_expired_answer_are_taken_over,
    an_abandoned_key_is_fresh_again,
    a_key_is_bound_to_tenant_method_and_path,
    sweeping_deletes_what_has_expired_and_no_more_than_asked,
);

impl Bed {
    async fn key(&self, slug: &str) -> IdempotencyKey {
        let tenant_id = self.tenant(slug).await;
        IdempotencyKey { tenant_id, method: "POST".into(), path: "/v1/things".into(), key: "k".into() }
    }

    /// Begins with a body of ones; a reservation counts as dead after a minute.
    async fn begin(&self, key: &IdempotencyKey, now: Timestamp) -> IdempotencyBegin {
        let stale = now - std::time::Duration::from_secs(60);
        self.db.begin(key, [1; 32], now, stale).await.unwrap()
    }
}

fn answer() -> StoredResponse {
    StoredResponse { status: 201, headers: vec![("location".into(), "/x".into())], body: vec![0, 159, 146, 150] }
}

async fn the_first_request_goes_ahead_and_its_answer_is_replayed(bed: &Bed) {
    let key = bed.key("acme").await;
    assert_eq!(bed.begin(&key, T0).await, IdempotencyBegin::Fresh);
    assert_eq!(bed.begin(&key, at(1)).await, IdempotencyBegin::Running);
    assert_eq!(
        bed.db.begin(&key, [2; 32], at(1), T0 - std::time::Duration::from_secs(9)).await.unwrap(),
        IdempotencyBegin::OtherBody
    );
    bed.db.finish(&key, &answer(), at(1_000)).await.unwrap();
    assert_eq!(bed.begin(&key, at(500)).await, IdempotencyBegin::Replay(answer()));
    assert_eq!(bed.db.begin(&key, [2; 32], at(500), at(400)).await.unwrap(), IdempotencyBegin::OtherBody);
    // An answer cannot be abandoned.
    bed.db.abandon(&key).await.unwrap();
    assert_eq!(bed.begin(&key, at(999)).await, IdempotencyBegin::Replay(answer()));
}

async fn of_many_first_requests_one_goes_ahead(bed: &Bed) {
    let key = bed.key("acme").await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (bed, key) = (bed.clone(), key.clone());
            tokio::spawn(async move { bed.begin(&key, T0).await })
        })
        .collect();
    let mut fresh = 0;
    for task in tasks {
        match task.await.unwrap() {
            IdempotencyBegin::Fresh => fresh += 1,
            other => assert_eq!(other, IdempotencyBegin::Running),
        }
    }
    assert_eq!(fresh, 1);
}

async fn a_dead_reservation_and_an_expired_answer_are_taken_over(bed: &Bed) {
    let key = bed.key("acme").await;
    assert_eq!(bed.begin(&key, T0).await, IdempotencyBegin::Fresh);
    assert_eq!(bed.begin(&key, at(59)).await, IdempotencyBegin::Running);
    assert_eq!(bed.begin(&key, at(60)).await, IdempotencyBegin::Fresh);
    bed.db.finish(&key, &answer(), at(100)).await.unwrap();
    assert_eq!(bed.begin(&key, at(99)).await, IdempotencyBegin::Replay(answer()));
    assert_eq!(bed.db.begin(&key, [2; 32], at(100), at(40)).await.unwrap(), IdempotencyBegin::Fresh);
    assert_eq!(bed.begin(&key, at(101)).await, IdempotencyBegin::OtherBody);
}

async fn an_abandoned_key_is_fresh_again(bed: &Bed) {
    let key = bed.key("acme").await;
    assert_eq!(bed.begin(&key, T0).await, IdempotencyBegin::Fresh);
    bed.db.abandon(&key).await.unwrap();
    assert_eq!(bed.begin(&key, at(1)).await, IdempotencyBegin::Fresh);
}

async fn a_key_is_bound_to_tenant_method_and_path(bed: &Bed) {
    let key = bed.key("acme").await;
    assert_eq!(bed.begin(&key, T0).await, IdempotencyBegin::Fresh);
    let others = [
        IdempotencyKey { method: "PUT".into(), ..key.clone() },
        IdempotencyKey { path: "/v1/other".into(), ..key.clone() },
        IdempotencyKey { key: "l".into(), ..key.clone() },
        bed.key("other").await,
    ];
    for other in others {
        assert_eq!(bed.begin(&other, T0).await, IdempotencyBegin::Fresh);
    }
}

async fn sweeping_deletes_what_has_expired_and_no_more_than_asked(bed: &Bed) {
    let key = bed.key("acme").await;
    for n in 0..5 {
        let key = IdempotencyKey { key: n.to_string(), ..key.clone() };
        bed.begin(&key, T0).await;
        bed.db.finish(&key, &answer(), at(100 + n)).await.unwrap();
    }
    // A reservation nobody ever finished goes after a day.
    bed.begin(&key, T0).await;
    assert_eq!(bed.db.sweep(at(103), 3).await.unwrap(), 3);
    assert_eq!(bed.db.sweep(at(103), 3).await.unwrap(), 1);
    assert_eq!(bed.db.sweep(at(103), 3).await.unwrap(), 0);
    assert_eq!(bed.db.sweep(at(25 * 3600), 10).await.unwrap(), 2);
}
