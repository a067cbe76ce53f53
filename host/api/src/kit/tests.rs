//! The kit around a small router, without an application behind it.

use super::service::{ApiService, Surface, finish};
use super::{ApiError, ApiResult, BodyLimits, IdempotencyHeader, JsonBody, RequestInfo, reply};
use axum::body::Body;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::header::{ALLOW, CONTENT_TYPE};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use stepwright_engine::{Dialect, IdSource};
use tower::ServiceExt;
use uuid::Uuid;

const LIMIT: usize = 200;

struct Sevens;

impl IdSource for Sevens {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(7)
    }
}

async fn echo(body: JsonBody) -> ApiResult {
    Ok(reply::ok(&json!({ "length": body.bytes().len(), "value": body.value_or_empty()? })))
}

async fn keyed(key: IdempotencyHeader) -> ApiResult {
    Ok(reply::ok(&json!({ "key": key.0 })))
}

async fn about(Extension(info): Extension<Arc<RequestInfo>>) -> ApiResult {
    Ok(reply::ok(&json!({ "path": info.path, "route": info.route })))
}

fn service() -> ApiService {
    let limits = BodyLimits { json: LIMIT, import: LIMIT, component: LIMIT };
    let router = Router::new()
        .route("/platform/v1/echo", post(echo))
        .route("/platform/v1/keyed", post(keyed))
        .route("/platform/v1/panic", get(async || -> ApiResult { panic!("as told") }))
        .route("/platform/v1/things/{id}", get(about))
        .route("/v2/flows/executions:search", get(about))
        .route("/api/v1/whoami", get(about))
        .with_state(limits);
    let routes = HashMap::from([("/platform/v1/things/{id}", ("/platform/v1/things/{id}", Dialect::Platform))]);
    finish(router, Surface { wires: &crate::WIRES, routes, ids: Arc::new(Sevens) })
}

async fn call(request: Request<Body>) -> (Response<()>, Value) {
    let (parts, body) = service().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(parts, ()), serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn get_path(path: &str) -> (Response<()>, Value) {
    call(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post_json(content_type: &str, body: impl Into<Body>) -> (StatusCode, Value) {
    let request = Request::post("/platform/v1/echo").header(CONTENT_TYPE, content_type).body(body.into()).unwrap();
    let (response, body) = call(request).await;
    (response.status(), body)
}

#[tokio::test]
async fn unknown_paths_and_methods_have_their_dialects_shape() {
    let (response, body) = get_path("/platform/v1/nothing").await;
    assert_eq!((response.status(), &body["status"]), (StatusCode::NOT_FOUND, &json!(404)));
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    let (response, body) = get_path("/nowhere").await;
    assert_eq!((response.status(), &body["title"]), (StatusCode::NOT_FOUND, &json!("Not Found")));
    let (response, body) = get_path("/api/v1/nothing").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(body["error"].is_object(), "{body}");

    let (response, body) = get_path("/platform/v1/echo").await;
    assert_eq!((response.status(), &body["status"]), (StatusCode::METHOD_NOT_ALLOWED, &json!(405)));
    assert_eq!(response.headers()[ALLOW], "POST");
}

#[tokio::test]
async fn colons_slashes_and_mounts_lead_to_the_same_route() {
    for path in
        ["/v2/flows/executions%3Asearch", "/v2/flows/executions:search/", "/epilot/v2/flows/executions%3asearch"]
    {
        let (response, body) = get_path(path).await;
        assert_eq!(
            (response.status(), &body["path"]),
            (StatusCode::OK, &json!("/v2/flows/executions:search")),
            "{path}"
        );
    }
    assert_eq!(get_path("/softsolz/api/v1/whoami/").await.0.status(), StatusCode::OK);
    assert_eq!(get_path("/epilot/api/v1/whoami").await.0.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_body_of_the_limit_passes_and_one_byte_more_does_not() {
    let body = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    let (status, answer) = post_json("application/json", body(LIMIT)).await;
    assert_eq!((status, &answer["length"]), (StatusCode::OK, &json!(LIMIT)));
    assert_eq!(post_json("application/json", body(LIMIT + 1)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    // Without a length announced.
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(body(LIMIT)), Ok(" ".into())]);
    assert_eq!(post_json("application/json", Body::from_stream(chunks)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn only_json_in_utf_8_is_taken_and_empty_bodies_of_any_type() {
    for good in ["application/json", "Application/JSON; charset=\"UTF-8\"", "application/merge-patch+json"] {
        assert_eq!(post_json(good, "{}").await.0, StatusCode::OK, "{good}");
    }
    for bad in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", ""] {
        assert_eq!(post_json(bad, "{}").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{bad}");
    }
    assert_eq!(post_json("application/x-www-form-urlencoded", "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn broken_json_is_told_with_its_place() {
    let (status, body) = post_json("application/json", "{\n  \"a\": ,}").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["detail"].as_str().unwrap().ends_with("at line 2 column 8"), "{body}");
    let (status, body) = post_json("application/json", &b"{\"a\": \"\xff\"}"[..]).await;
    assert_eq!(
        (status, &body["detail"]),
        (StatusCode::BAD_REQUEST, &json!("the body is not UTF-8 at line 1 column 8"))
    );
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(post_json("application/json", deep(64)).await.0, StatusCode::OK);
    let (status, body) = post_json("application/json", deep(65)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["detail"].as_str().unwrap().contains("64 levels"), "{body}");
}

#[tokio::test]
async fn of_doubled_keys_the_last_counts() {
    let (_, body) = post_json("application/json", r#"{"a":1,"a":2}"#).await;
    assert_eq!(body["value"], json!({ "a": 2 }));
}

#[tokio::test]
async fn idempotency_keys_are_1_to_255_visible_ascii_characters() {
    let keyed = async |key: &str| {
        let request = Request::post("/platform/v1/keyed").header("idempotency-key", key.as_bytes());
        call(request.body(Body::empty()).unwrap()).await.0.status()
    };
    assert_eq!(keyed("a").await, StatusCode::OK);
    assert_eq!(keyed(&"k".repeat(255)).await, StatusCode::OK);
    for bad in ["", "two words", "ä", &"k".repeat(256)] {
        assert_eq!(keyed(bad).await, StatusCode::BAD_REQUEST, "{bad}");
    }
    let (response, body) = call(Request::post("/platform/v1/keyed").body(Body::empty()).unwrap()).await;
    assert_eq!((response.status(), &body["key"]), (StatusCode::OK, &Value::Null));
}

#[tokio::test]
async fn a_panic_is_a_500_that_tells_nothing() {
    let (response, body) = get_path("/platform/v1/panic").await;
    assert_eq!((response.status(), &body["detail"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("internal error")));
}

#[tokio::test]
async fn request_ids_are_echoed_when_sensible_and_made_otherwise() {
    let id_of = async |given: Option<&str>| {
        let mut request = Request::get("/platform/v1/things/1");
        if let Some(given) = given {
            request = request.header("x-request-id", given);
        }
        let (response, _) = call(request.body(Body::empty()).unwrap()).await;
        response.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    let fresh = Uuid::from_u128(7).to_string();
    assert_eq!(id_of(Some("abc-1")).await, "abc-1");
    assert_eq!(id_of(None).await, fresh);
    assert_eq!(id_of(Some("two words")).await, fresh);
    assert_eq!(id_of(Some(&"i".repeat(128))).await.len(), 128);
    assert_eq!(id_of(Some(&"i".repeat(129))).await, fresh);
}

#[tokio::test]
async fn handlers_see_the_routes_template() {
    let (_, body) = get_path("/platform/v1/things/12").await;
    assert_eq!(body, json!({ "path": "/platform/v1/things/12", "route": "/platform/v1/things/{id}" }));
}

#[test]
fn only_answers_of_begun_operations_are_kept_for_replay() {
    use stepwright_app::AppError;
    for kept in [AppError::NotFound("thing"), AppError::Conflict("no".into())] {
        assert!(ApiError::App(kept.clone()).may_be_replayed(), "{kept}");
    }
    let unavailable = ApiError::App(AppError::Unavailable("x".into()));
    let limited = ApiError::RateLimited { retry_after_secs: 1, limit: 1 };
    for not_kept in [ApiError::Panic, ApiError::Invalid(Vec::new()), unavailable, limited, ApiError::IdempotencyRunning]
    {
        assert!(!not_kept.may_be_replayed(), "{not_kept:?}");
    }
}

#[test]
fn every_route_is_in_the_registry_once() {
    let mut seen = std::collections::HashSet::new();
    for route in crate::routes() {
        assert!(seen.insert((route.method.clone(), route.path)), "{} {}", route.method, route.path);
        assert!(!route.operation.is_empty(), "{}", route.path);
        assert_eq!(super::paths::dialect_of(route.path), Some(route.dialect), "{}", route.path);
    }
    let operations: std::collections::HashSet<_> = crate::routes().iter().map(|r| (r.dialect, r.operation)).collect();
    assert_eq!(operations.len(), crate::routes().len());
}

#[test]
fn every_operation_is_documented_with_its_schemas() {
    for wire in crate::WIRES {
        let document: Value = serde_json::from_str(&super::openapi::document(wire)).unwrap();
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{}: {name} is missing", wire.dialect().as_str());
        }
    }
}
