//! Outgoing HTTP of guests.

use crate::fixture::{Call, Fixture};
use crate::limits::assert_tells_nothing;
use crate::server::Server;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepwright_app::SecretGrant;
use stepwright_sandbox::{EgressPolicy, Resolver};

/// Says the same whatever it is asked.
struct Fixed(IpAddr);

impl Resolver for Fixed {
    fn resolve(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let address = self.0;
        Box::pin(async move { Ok(vec![address]) })
    }
}

/// Guests may reach this machine, and every name leads to it.
fn open() -> Fixture {
    Fixture::with(|config| {
        config.egress = EgressPolicy { allow_private: true, resolver: Arc::new(Fixed("127.0.0.1".parse().unwrap())) };
    })
}

/// As in production, except that every name leads to this machine.
fn rebound() -> Fixture {
    Fixture::with(|config| {
        config.egress =
            EgressPolicy { resolver: Arc::new(Fixed("127.0.0.1".parse().unwrap())), ..EgressPolicy::default() };
    })
}

fn fetch(fixture: &Fixture, hosts: &[&str], config: Value) -> Call {
    fixture.call("hostile", "fetch").config(config).grants(|grants| {
        grants.http = hosts.iter().map(|&host| host.to_owned()).collect();
        grants.secrets.insert("token".into(), SecretGrant { hosts: ["api.example.com:*".to_owned()].into() });
    })
}

/// The fetch must fail; gives the error that the guest saw.
async fn error(call: Call) -> String {
    let output = call.output().await;
    assert_tells_nothing(&output);
    output["error"].as_str().unwrap_or_else(|| panic!("it went through: {output}")).to_owned()
}

#[tokio::test]
async fn a_granted_host_is_reached() {
    let (fixture, server) = (open(), Server::start().await);
    let host = server.address.to_string();
    let config = json!({"url": server.url("/hello?q=1"), "method": "POST", "headers": {"x-a": "b"}, "body": "ping"});
    let output = fetch(&fixture, &[&host], config).output().await;
    assert_eq!(
        (&output["status"], &output["body"], &output["headers"]["x-test"]),
        (&json!(200), &json!("hello"), &json!("yes"))
    );
    let request = &server.requests()[0];
    assert!(
        request.starts_with("POST /hello?q=1 HTTP/1.1\r\n") && request.ends_with("ping")
            || request.contains("ping\r\n"),
        "{request}"
    );
    let lower = request.to_ascii_lowercase();
    assert!(lower.contains(&format!("host: {host}\r\n")) && lower.contains("x-a: b\r\n"), "{request}");
    fixture.assert_idle();
}

#[tokio::test]
async fn a_host_that_is_not_granted_is_refused() {
    let (fixture, server) = (open(), Server::start().await);
    for hosts in [&["allowed.example.com"][..], &["127.0.0.1"], &["127.0.0.1:1"], &["*.0.0.1"]] {
        let text = error(fetch(&fixture, hosts, json!({"url": server.url("/")}))).await;
        assert!(text.contains("HttpRequestDenied") || text.to_lowercase().contains("denied"), "{hosts:?}: {text}");
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn addresses_of_the_host_itself_are_refused_even_when_granted() {
    let (fixture, server) = (Fixture::new(), Server::start().await);
    let port = server.address.port();
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("0.0.0.0:{port}"),
        "169.254.169.254".into(),
        "10.0.0.1".into(),
    ] {
        let text = error(fetch(&fixture, &[&host], json!({"url": format!("http://{host}/")}))).await;
        assert!(text.contains("address is not allowed"), "{host}: {text}");
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_that_leads_to_the_host_itself_is_refused() {
    let (fixture, server) = (rebound(), Server::start().await);
    let host = format!("innocent.example.com:{}", server.address.port());
    let text = error(fetch(&fixture, &[&host], json!({"url": format!("http://{host}/")}))).await;
    assert!(text.contains("address is not allowed"), "{text}");
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (fixture, server) = (open(), Server::start().await);
    let host = server.address.to_string();
    let output = fetch(&fixture, &[&host], json!({"url": server.url("/redirect")})).output().await;
    assert_eq!((&output["status"], &output["headers"]["location"]), (&json!(302), &json!("/elsewhere")));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_secret_goes_to_its_own_host_only_and_only_in_headers() {
    let (fixture, server) = (open(), Server::start().await);
    let port = server.address.port();
    let (own, other) = (format!("api.example.com:{port}"), format!("other.example.com:{port}"));
    for host in [&own, &other] {
        let config = json!({
            "url": format!("http://{host}/"), "method": "POST",
            "headers": {"authorization": "Bearer {secret:token}"}, "body": "{secret:token}",
        });
        let call = fetch(&fixture, &[&own, &other], config).secret("token", "s3cret").grants(|grants| {
            grants.secrets.insert("token".into(), SecretGrant { hosts: [own.clone()].into() });
        });
        call.output().await;
    }
    let [to_own, to_other] = server.requests().try_into().unwrap();
    assert!(to_own.contains("Bearer s3cret\r\n"), "{to_own}");
    assert_eq!(to_own.matches("s3cret").count(), 1, "not in the body: {to_own}");
    assert!(!to_other.contains("s3cret") && to_other.contains("Bearer secret-placeholder-"), "{to_other}");
}

#[tokio::test]
async fn a_secret_that_is_not_granted_or_not_there_is_refused() {
    let fixture = open();
    let config = json!({"url": "http://api.example.com/", "headers": {"a": "{secret:other}"}});
    let denied = fetch(&fixture, &["api.example.com"], config).fault().await;
    assert!(denied.reason.contains("secrets: other"), "{}", denied.reason);
    let config = json!({"url": "http://api.example.com/", "headers": {"a": "{secret:token}"}});
    assert_eq!(fetch(&fixture, &["api.example.com"], config).fault().await.code, "NOT_FOUND");
}

#[tokio::test]
async fn an_endless_body_is_stopped_at_its_limit() {
    let (fixture, server) = (open(), Server::start().await);
    let host = server.address.to_string();
    let endless =
        fixture.call("hostile", "endless_body").config(json!({"url": server.url("/endless")})).grants(|grants| {
            grants.http.insert(host.clone());
            grants.secrets.insert("token".into(), SecretGrant::default());
        });
    let output = endless.output().await;
    let bytes = output["bytes"].as_u64().unwrap();
    assert!((900 << 10..=1 << 20).contains(&bytes), "{output}");
    assert_tells_nothing(&output);
    let text = error(fetch(&fixture, &[&host], json!({"url": server.url("/announced")}))).await;
    assert!(text.contains("TooLarge") || text.contains("BodySize"), "{text}");
    fixture.assert_idle();
}

#[tokio::test]
async fn a_request_ends_with_its_invocation() {
    let (fixture, server) = (open(), Server::start().await);
    let host = server.address.to_string();
    for path in ["/silent", "/slow"] {
        let started = Instant::now();
        let call = fetch(&fixture, &[&host], json!({"url": server.url(path)})).limits(|l| l.wall_ms = 300);
        call.run().await;
        assert!(started.elapsed() < Duration::from_secs(2), "{path}: {:?}", started.elapsed());
        fixture.assert_idle();
    }
}

#[tokio::test]
async fn a_guest_may_set_a_shorter_time() {
    let (fixture, server) = (open(), Server::start().await);
    let host = server.address.to_string();
    let started = Instant::now();
    let config = json!({"url": server.url("/silent"), "timeout_ms": 100});
    let text = error(fetch(&fixture, &[&host], config)).await;
    assert!(started.elapsed() < Duration::from_secs(2), "{text}");
}

#[tokio::test]
async fn a_request_body_has_an_end() {
    let (fixture, server) = (open(), Server::start().await);
    let host = server.address.to_string();
    let config = json!({"url": server.url("/"), "method": "POST", "body": "x".repeat(100_000)});
    let text = error(fetch(&fixture, &[&host], config).limits(|l| l.http_body = 50_000)).await;
    assert!(text.contains("TooLarge") || text.contains("BodySize"), "{text}");
}

#[tokio::test]
async fn errors_of_the_network_say_nothing_about_the_host() {
    let fixture = open();
    // Nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = error(fetch(&fixture, &[&free.to_string()], json!({"url": format!("http://{free}/")}))).await;
    assert!(text.contains("ConnectionRefused") || text.to_lowercase().contains("refused"), "{text}");
    let (fixture, server) = (open(), Server::start().await);
    let host = server.address.to_string();
    // TLS to a server that speaks none.
    let text = error(fetch(&fixture, &[&host], json!({"url": format!("https://{host}/")}))).await;
    assert!(!text.is_empty());
}
