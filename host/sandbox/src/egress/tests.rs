use super::*;
use http_body_util::{BodyExt as _, Empty};
use stepwright_app::SecretGrant;

fn outbound(http: &[&str], secret_hosts: &[&str]) -> Outbound {
    let owned = |texts: &[&str]| texts.iter().map(|&t| t.to_owned()).collect();
    let secrets = [("token".to_owned(), SecretGrant { hosts: owned(secret_hosts) })].into();
    let grants = Grants { http: owned(http), secrets, ..Grants::default() };
    let values = [("token".to_owned(), "s3cret".to_owned()), ("other".to_owned(), "hidden".to_owned())].into();
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    let egress = Arc::new(Egress::new(EgressPolicy::default()).unwrap());
    Outbound::new(
        egress,
        Arc::new(grants),
        Arc::new(values),
        &InvocationLimits::default(),
        HostCalls::new(10),
        deadline,
    )
}

fn request(method: &str, uri: &str, authorization: &str) -> Request<WasiBody> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    Request::builder().method(method).uri(uri).header("authorization", authorization).body(body).unwrap()
}

fn sent_authorization(outbound: &Outbound, uri: &str, text: &str) -> String {
    let checked = outbound.checked(request("GET", uri, text)).unwrap();
    checked.headers()["authorization"].to_str().unwrap().to_owned()
}

#[test]
fn a_host_that_is_not_granted_is_denied() {
    let outbound = outbound(&["api.example.com"], &[]);
    let denied = outbound.checked(request("GET", "https://evil.example.com/", "x"));
    assert!(matches!(denied, Err(Error::HttpRequestDenied)));
    assert!(outbound.checked(request("GET", "https://api.example.com/", "x")).is_ok());
}

#[test]
fn tunnels_and_echoes_are_refused() {
    let outbound = outbound(&["api.example.com"], &[]);
    for method in ["CONNECT", "TRACE"] {
        let refused = outbound.checked(request(method, "https://api.example.com/", "x"));
        assert!(matches!(refused, Err(Error::HttpRequestMethodInvalid)), "{method}");
    }
}

#[test]
fn a_secret_goes_to_its_own_hosts_only() {
    let mut outbound = outbound(&["*.example.com", "*.example.com:8443"], &["api.example.com"]);
    let token = outbound.placeholder("token").unwrap();
    let header = format!("Bearer {token}");
    assert_eq!(sent_authorization(&outbound, "https://api.example.com/", &header), "Bearer s3cret");
    assert_eq!(sent_authorization(&outbound, "https://other.example.com/", &header), header);
    assert_eq!(sent_authorization(&outbound, "https://api.example.com:8443/", &header), header);
}

#[test]
fn placeholders_cannot_be_guessed_and_name_granted_secrets_only() {
    let mut one = outbound(&[], &[]);
    let mut two = outbound(&[], &[]);
    assert_ne!(one.placeholder("token"), two.placeholder("token"));
    assert_eq!(one.placeholder("token"), one.placeholder("token"));
    assert_eq!(one.placeholder("other"), Err(HostError::Denied("secrets: other".into())));
    one.secrets = Arc::default();
    assert_eq!(one.placeholder("token"), Err(HostError::NotFound));
}

#[test]
fn a_guest_cannot_forge_hop_by_hop_headers() {
    let filter = outbound(&[], &[]).forbidden_header_filter();
    for name in ["host", "connection", "transfer-encoding", "upgrade", "te", "expect", "proxy-authorization"] {
        assert!(filter(&HeaderName::from_static(name)), "{name}");
    }
    assert!(!filter(&header::AUTHORIZATION));
}

#[test]
fn requests_in_flight_have_an_end() {
    let count = Arc::new(AtomicU32::new(0));
    let slots: Vec<_> = (0..MAX_IN_FLIGHT).map(|_| Slot::take(&count).unwrap()).collect();
    assert!(Slot::take(&count).is_none());
    drop(slots);
    assert!(Slot::take(&count).is_some());
}
