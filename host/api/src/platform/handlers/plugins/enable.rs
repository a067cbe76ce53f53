use super::path::PluginPath;
use crate::kit::{ApiError, ApiResult, Caller, Fields, JsonBody, reply};
use crate::platform::permissions::Manage;
use crate::platform::problem::Problem;
use crate::platform::views::{PluginView, view_plugin};
use serde::de::DeserializeOwned;
use stepwright_app::usecases::EnableRequest;
use stepwright_app::{Grants, LimitOverrides};
use stepwright_engine::RawJson;
use utoipa::ToSchema;

/// What the tenant grants and changes.
#[derive(ToSchema)]
#[schema(as = EnablePlugin)]
struct EnableBody {
    /// `{entities: {read, write}, data: {read, write}, mail, notify, kv, flow, events, http: [host], secrets: {name:
    /// {hosts}}}`; what is absent is not granted.
    #[schema(value_type = Object)]
    grants: Grants,
    #[schema(value_type = Option<Object>)]
    config: Option<RawJson>,
    /// `{wall_ms, fuel, memory, host_calls, output, http_body}`, up to the operator's ceilings.
    #[schema(value_type = Option<Object>)]
    limits: LimitOverrides,
}

/// Enables a version with these grants; executions started from now on run on it. A built-in gets these grants besides
/// those it has in every tenant.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/plugins/{name}/{version}/enable", operation_id = "enablePlugin",
    tag = "plugins",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("name" = String, Path, description = "may hold one slash, as such or as %2F"),
        ("version" = String, Path),
    ),
    request_body = EnableBody,
    responses(
        (status = 200, body = PluginView),
        (status = 404, body = Problem),
        (status = 422, body = Problem, description = "names the grants that are missing"),
    ),
)]
pub async fn handle(caller: Caller<Manage>, path: PluginPath, body: JsonBody) -> ApiResult {
    let body = body.read_or_empty(|f| EnableBody {
        grants: section(f, "grants"),
        config: f.get("config").map(|_| f.raw_object("config")),
        limits: section(f, "limits"),
    })?;
    let access = caller.tenant(path.tenant).await?;
    let app = &caller.state().app;
    let EnableBody { grants, config, limits } = body;
    let request = EnableRequest { grants, config, limits };
    let enablement = app.enable_plugin(&access, &path.name, &path.version, request).await.map_err(ApiError::from)?;
    let plugin = app.plugin(&access, &path.name, &path.version).await?;
    Ok(reply::ok(&view_plugin(app, plugin, Some(enablement))))
}

/// Unknown members are refused: a grant that is misspelt must not pass as given.
fn section<T: DeserializeOwned + Default>(fields: &Fields<'_>, name: &str) -> T {
    let Some(value) = fields.get(name).filter(|value| !value.is_null()) else { return T::default() };
    let Some(members) = value.as_object() else {
        fields.fault(name, "must be an object");
        return T::default();
    };
    // Member by member first, so that the fault names the one that is wrong.
    let mut whole = true;
    for (member, value) in members {
        let alone = serde_json::Map::from_iter([(member.clone(), value.clone())]);
        if let Err(error) = serde_json::from_value::<T>(serde_json::Value::Object(alone)) {
            fields.fault(&format!("{name}/{}", member.replace('~', "~0").replace('/', "~1")), error.to_string());
            whole = false;
        }
    }
    match serde_json::from_value(value.clone()) {
        Ok(section) => section,
        Err(error) => {
            if whole {
                fields.fault(name, error.to_string());
            }
            T::default()
        }
    }
}
