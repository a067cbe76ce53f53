use crate::kit::{
    ApiError, ApiResult, Caller, Faults, Fields, IdempotencyHeader, JsonBody, Params, Query, once, reply,
};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{AcceptedView, EndedView};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::time::Duration;
use stepwright_app::App;
use stepwright_app::usecases::{StartArgs, Started};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{DefinitionId, RawJson, TenantId};
use utoipa::ToSchema;

/// The longest a caller may wait.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// What to start with. The input is carried as text: this is the busiest call of all.
#[derive(Default, ToSchema)]
#[schema(as = StartExecution)]
struct StartBody {
    /// An object; empty unless given.
    #[schema(value_type = Option<Object>)]
    input: Option<RawJson>,
    /// `{schema, id}` of the entity it is about.
    #[schema(value_type = Option<Object>)]
    entity: Option<RawJson>,
}

/// Starts an execution; with `wait`, answers as soon as it has ended.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/definitions/{id}/executions", operation_id = "startExecution",
    tag = "definitions",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("id" = String, Path, description = "definition id"),
        ("wait" = Option<String>, Query, description = "0 to 60 seconds: 10, 10s or 500ms"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    request_body = StartBody,
    responses(
        (status = 200, body = EndedView, description = "it has ended within the wait"),
        (status = 202, body = AcceptedView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "the definition is not active, or a quota is used up"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params((t, id)): Params<(TenantId, DefinitionId)>,
    query: Query,
    key: IdempotencyHeader,
    body: JsonBody,
) -> ApiResult {
    let wait = wait_of(&query)?;
    let (input, entity) = read(&body)?;
    let access = caller.tenant(t).await?;
    let app = caller.state().app.clone();
    let operation_access = access.clone();
    once(caller.state(), &caller.request, &access, key, body.bytes(), move |seed| async move {
        let derive_id = seed.map(|seed| seed.parts("execution"));
        let args = StartArgs { input, entity, derive_id, begin: true, min_interval: None, dialect: None };
        let started = app.start(&operation_access, id, args, wait).await?;
        Ok(answer(&app, &started, wait))
    })
    .await
}

fn answer(app: &App, started: &Started, wait: Duration) -> Response {
    if !wait.is_zero() && started.view.execution.status.is_final() {
        reply::ok(&EndedView::of(app, &started.view))
    } else {
        reply::json(StatusCode::ACCEPTED, &AcceptedView::from(&started.view))
    }
}

fn read(body: &JsonBody) -> ApiResult<(RawJson, Option<EntityRef>)> {
    if body.is_empty() {
        return Ok((RawJson::empty_object(), None));
    }
    if !body.bytes().trim_ascii_start().starts_with(b"{") {
        // Syntax goes first.
        body.parse::<IgnoredAny>()?;
        return Err(ApiError::invalid("", "must be an object"));
    }
    let StartBody { input, entity } = body.parse()?;
    let faults = Faults::new();
    let input = input.filter(|input| input.as_str() != "null").unwrap_or_else(RawJson::empty_object);
    if !input.as_str().starts_with('{') {
        faults.add("/input", "must be an object");
    }
    let entity = entity.map(|entity| entity.to_value()).filter(|entity| !entity.is_null());
    let entity = entity
        .and_then(|entity| Fields::at(&entity, "/entity".into(), &faults).map(|f| (f.text("schema"), f.text("id"))))
        .map(|(schema, id)| EntityRef { schema, id });
    faults.or((input, entity))
}

/// `10`, `10s` or `500ms`; at most a minute.
fn wait_of(query: &Query) -> ApiResult<Duration> {
    let Some(text) = query.get("wait") else { return Ok(Duration::ZERO) };
    let wait = match text.strip_suffix("ms") {
        Some(millis) => number(millis).map(Duration::from_millis),
        None => number(text.strip_suffix('s').unwrap_or(text)).map(Duration::from_secs),
    };
    wait.filter(|wait| *wait <= MAX_WAIT)
        .ok_or_else(|| ApiError::invalid("/wait", "must be 0 to 60 seconds, such as 10, 10s or 500ms"))
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

impl<'de> Deserialize<'de> for StartBody {
    /// By hand, since the derived one refuses doubled keys, of which the last is to count.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = StartBody;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StartBody, A::Error> {
                let mut body = StartBody::default();
                while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    match &*name {
                        "input" => body.input = Some(map.next_value()?),
                        "entity" => body.entity = Some(map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(body)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(text: &str) -> Option<Duration> {
        wait_of(&Query::new(vec![("wait".into(), text.into())])).ok()
    }

    fn start(text: &str) -> ApiResult<(RawJson, Option<EntityRef>)> {
        read(&JsonBody::of(text))
    }

    #[test]
    fn waits_are_seconds_or_milliseconds_up_to_a_minute() {
        assert_eq!(wait("10"), Some(Duration::from_secs(10)));
        assert_eq!(wait("10s"), Some(Duration::from_secs(10)));
        assert_eq!(wait("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(wait("60000ms"), Some(MAX_WAIT));
        for bad in ["61", "60001ms", "", "s", "+1", "-1", "1.5", "1m", "99999999999999999999"] {
            assert_eq!(wait(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_input_is_carried_as_it_stands_and_of_doubled_keys_the_last_counts() {
        let (input, entity) = start(r#" {"input":{"n":1},"x":[1],"input":{"n": 1.50},"entity":null} "#).unwrap();
        assert_eq!((input.as_str(), entity), (r#"{"n": 1.50}"#, None));
        assert_eq!(start("").unwrap().0.as_str(), "{}");
        assert_eq!(start(r#"{"input":null}"#).unwrap().0.as_str(), "{}");
    }

    #[test]
    fn faults_are_told_with_their_places() {
        let Err(ApiError::Invalid(faults)) = start(r#"{"input":[],"entity":{"schema":1}}"#) else { panic!("accepted") };
        let pointers: Vec<_> = faults.iter().map(|f| f.pointer.as_str()).collect();
        assert_eq!(pointers, ["/input", "/entity/schema", "/entity/id"]);
        assert!(matches!(start("[1]"), Err(ApiError::Invalid(_))));
        assert!(matches!(start("{\"input\":"), Err(ApiError::Malformed { line: 1, .. })));
        assert!(matches!(start("nul"), Err(ApiError::Malformed { .. })));
    }
}
