//! Webhooks against a server on this machine.

use super::WebhooksOut;
use super::fixture::event;
use crate::outbound::Pump;
use crate::testing::http_sink::{self, Reply, Requests};
use crate::testing::{CREATED, World};
use std::sync::Arc;
use std::time::Duration;
use stepwright_app::ports::{WebhookProjection, WebhookStore as _};
use stepwright_app::{Delivery, DeliveryState, EndpointSecret, Paging, Settings, WebhookEndpoint, WebhookPolicy};
use stepwright_engine::{Definition, Dialect, EndpointId, Execution, HistoryEvent, RawJson, TenantId, WebhookEventId};
use uuid::Uuid;

/// Signs with the secrets themselves.
struct Signing;

impl WebhookProjection for Signing {
    fn dialect(&self) -> Dialect {
        Dialect::Softsolz
    }
    fn kinds(&self) -> &'static [&'static str] {
        &["workflows.run.completed"]
    }
    fn project(
        &self,
        _: WebhookEventId,
        _: &Definition,
        _: &Execution,
        _: &HistoryEvent,
    ) -> Option<(&'static str, RawJson)> {
        None
    }
    fn sign(&self, id: WebhookEventId, _: &str, _: &str, at: i64, secrets: &[&str]) -> Vec<(String, String)> {
        vec![("x-signature".into(), format!("t={at},{}", secrets.join(","))), ("x-event".into(), id.to_string())]
    }
}

struct Case {
    world: World,
    pump: Pump<WebhooksOut>,
    endpoint: WebhookEndpoint,
    requests: Requests,
}

async fn case(replies: Vec<Reply>, allow_private_targets: bool) -> Case {
    let (url, requests) = http_sink::start(replies).await;
    let world = World::new().await;
    let settings = Settings { webhooks: WebhookPolicy { allow_private_targets }, ..Settings::default() };
    let tenant = world.tenant(1, settings).await;
    let endpoint = endpoint(tenant, 4, url);
    world.database.insert_endpoint(&endpoint).await.unwrap();
    let out = WebhooksOut::new(world.store(), world.clock.clone(), vec![Arc::new(Signing)]).unwrap();
    let pump = Pump::new(out, world.clock.clone());
    Case { world, pump, endpoint, requests }
}

fn endpoint(tenant_id: TenantId, number: u128, url: String) -> WebhookEndpoint {
    WebhookEndpoint {
        id: EndpointId::from_uuid(Uuid::from_u128(number)),
        tenant_id,
        dialect: Dialect::Softsolz,
        url,
        events: Vec::new(),
        secrets: vec![EndpointSecret { value: "new".into(), valid_until: None }],
        enabled: true,
        disabled_reason: None,
        created_at: CREATED,
    }
}

impl Case {
    async fn send(&self, events: u128) {
        let events = (1..=events).map(|number| event(self.endpoint.tenant_id, number)).collect();
        self.world.queue_events(&self.endpoint, events).await;
        self.pump.once().await.unwrap();
    }

    /// In the order they were made.
    async fn deliveries(&self) -> Vec<Delivery> {
        let page = Paging::Offset { limit: 100, offset: 0 };
        let mut listed =
            self.world.database.deliveries(self.endpoint.tenant_id, self.endpoint.id, page).await.unwrap().items;
        listed.sort_by_key(|delivery| delivery.event.id);
        listed
    }

    async fn only_delivery(&self) -> Delivery {
        let mut all = self.deliveries().await;
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

#[tokio::test]
async fn an_event_is_posted_signed_and_marked_delivered() {
    let mut reply = Reply::status(204);
    reply.body = String::new();
    let mut case = case(vec![reply], true).await;
    let old = EndpointSecret { value: "old".into(), valid_until: Some(CREATED + Duration::from_secs(60)) };
    let outdated = EndpointSecret { value: "outdated".into(), valid_until: Some(CREATED) };
    case.endpoint.secrets = vec![outdated, old, case.endpoint.secrets[0].clone()];
    case.world.database.save_endpoint(&case.endpoint).await.unwrap();
    case.send(1).await;
    let request = case.requests.lock().unwrap()[0].clone();
    assert_eq!(request.line, "POST /hook HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("user-agent"), Some(concat!("Stepwright-Webhooks/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(request.header("x-signature"), Some(format!("t={},new,old", CREATED.secs()).as_str()));
    assert_eq!(request.header("x-event"), Some("00000000-0000-0000-0000-000000000001"));
    assert_eq!(request.body, r#"{"number":"1"}"#);
    let delivery = case.only_delivery().await;
    assert_eq!(delivery.state, DeliveryState::Delivered { at: CREATED });
    assert_eq!((delivery.attempts, delivery.last_status), (1, Some(204)));
    assert_eq!(case.pump.once().await.unwrap(), 0);
}

#[tokio::test]
async fn a_failure_is_tried_again_with_the_same_body_and_a_new_signature() {
    let mut failure = Reply::status(500);
    failure.body = "x".repeat(5_000);
    let case = case(vec![failure, Reply::status(200)], true).await;
    case.send(1).await;
    let delivery = case.only_delivery().await;
    assert_eq!(delivery.state, DeliveryState::Pending { next_at: CREATED + Duration::from_secs(5) });
    assert_eq!((delivery.attempts, delivery.last_status), (1, Some(500)));
    assert_eq!(delivery.last_response.map(|text| text.len()), Some(1_024), "a little of the answer is kept");
    case.world.clock.pass(Duration::from_secs(4));
    assert_eq!(case.pump.once().await.unwrap(), 0);
    case.world.clock.pass(Duration::from_secs(1));
    assert_eq!(case.pump.once().await.unwrap(), 1);
    assert_eq!(case.only_delivery().await.state.name(), "delivered");
    let requests = case.requests.lock().unwrap();
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(requests[0].header("x-event"), requests[1].header("x-event"));
    assert_ne!(requests[0].header("x-signature"), requests[1].header("x-signature"));
}

#[tokio::test]
async fn gone_disables_the_endpoint() {
    let case = case(vec![Reply::status(410)], true).await;
    case.send(2).await;
    case.world.clock.pass(Duration::from_secs(60));
    case.pump.once().await.unwrap();
    assert_eq!(case.count(), 1, "nothing more is sent there");
    let endpoint = case.world.database.endpoint(case.endpoint.tenant_id, case.endpoint.id).await.unwrap().unwrap();
    assert!(!endpoint.enabled);
    assert_eq!(endpoint.disabled_reason.as_deref(), Some("it answered 410 Gone"));
    let deliveries = case.deliveries().await;
    assert!(deliveries.iter().all(|delivery| delivery.state.name() == "failed"));
    assert!(deliveries[1].last_response.as_deref().unwrap().contains("disabled"), "the log says why");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let mut redirect = Reply::status(302);
    redirect.headers = "location: http://127.0.0.1:1/elsewhere\r\n";
    let case = case(vec![redirect], true).await;
    case.send(1).await;
    let delivery = case.only_delivery().await;
    assert_eq!((delivery.state.name(), delivery.last_status), ("pending", Some(302)));
    assert_eq!(case.count(), 1);
}

#[tokio::test]
async fn retry_after_is_honoured_for_the_whole_endpoint() {
    let mut busy = Reply::status(503);
    busy.headers = "retry-after: 120\r\n";
    let case = case(vec![busy, Reply::status(200)], true).await;
    case.send(1).await;
    assert_eq!(
        case.only_delivery().await.state,
        DeliveryState::Pending { next_at: CREATED + Duration::from_secs(120) }
    );
    case.world.queue_events(&case.endpoint, vec![event(case.endpoint.tenant_id, 2)]).await;
    case.pump.once().await.unwrap();
    assert_eq!(case.count(), 1, "a second event waits too");
    for _ in 0..5 {
        case.world.clock.pass(Duration::from_secs(60));
        case.pump.once().await.unwrap();
    }
    assert!(case.deliveries().await.iter().all(|delivery| delivery.state.name() == "delivered"));
}

#[tokio::test]
async fn a_slow_receiver_is_given_up_on_after_fifteen_seconds() {
    let mut slow = Reply::status(200);
    slow.after = Duration::from_secs(30);
    let case = case(vec![slow], true).await;
    let begun = std::time::Instant::now();
    case.send(1).await;
    let waited = begun.elapsed();
    assert!((Duration::from_secs(14)..Duration::from_secs(18)).contains(&waited), "{waited:?}");
    let delivery = case.only_delivery().await;
    assert_eq!(delivery.state.name(), "pending");
    assert_eq!((delivery.last_status, delivery.last_response.as_deref()), (None, Some("no answer within 15 s")));
}

#[tokio::test]
async fn private_targets_are_refused_unless_the_operator_allows_them() {
    let case = case(vec![Reply::status(200)], false).await;
    let port = case.endpoint.url.rsplit(':').next().unwrap().to_owned();
    for (number, host) in
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "10.0.0.1", "169.254.169.254"]
            .into_iter()
            .enumerate()
    {
        let endpoint = endpoint(case.endpoint.tenant_id, 100 + number as u128, format!("http://{host}:{port}"));
        case.world.database.insert_endpoint(&endpoint).await.unwrap();
        case.world.queue_events(&endpoint, vec![event(endpoint.tenant_id, 500 + number as u128)]).await;
        case.pump.once().await.unwrap();
        let page = Paging::Offset { limit: 1, offset: 0 };
        let listed = case.world.database.deliveries(endpoint.tenant_id, endpoint.id, page).await.unwrap().items;
        assert_eq!(listed[0].state.name(), "failed", "{host}");
        assert!(
            listed[0].last_response.as_deref().unwrap().contains("not public"),
            "{host}: {:?}",
            listed[0].last_response
        );
    }
    assert_eq!(case.count(), 0, "nothing has reached the server");
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_again_and_the_log_says_why() {
    let mut case = case(vec![Reply::status(200)], true).await;
    case.endpoint.url = "http://127.0.0.1:1/hook".into();
    case.world.database.save_endpoint(&case.endpoint).await.unwrap();
    case.send(1).await;
    let delivery = case.only_delivery().await;
    assert_eq!(delivery.state.name(), "pending");
    assert!(delivery.last_response.unwrap().starts_with("could not connect: "));
}

#[tokio::test]
async fn events_of_one_endpoint_arrive_in_order_and_one_at_a_time() {
    let mut reply = Reply::status(200);
    reply.after = Duration::from_millis(5);
    let case = case(vec![reply], true).await;
    case.send(10).await;
    for _ in 0..20 {
        case.world.clock.pass(Duration::from_secs(1));
        case.pump.once().await.unwrap();
    }
    let bodies: Vec<String> = case.requests.lock().unwrap().iter().map(|request| request.body.clone()).collect();
    let expected: Vec<String> = (1..=10).map(|number| format!(r#"{{"number":"{number}"}}"#)).collect();
    assert_eq!(bodies, expected);
}
