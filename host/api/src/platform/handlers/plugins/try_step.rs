use super::path::PluginPath;
use crate::kit::time::opt_millis;
use crate::kit::{ApiResult, Caller, JsonBody, reply};
use crate::platform::permissions::Manage;
use crate::platform::problem::Problem;
use crate::platform::views::{ErrorView, view_error};
use serde::Serialize;
use stepwright_app::ports::LogLevel;
use stepwright_app::usecases::{TryRequest, TryResult};
use stepwright_engine::{Outcome, RawJson, Timestamp};
use utoipa::ToSchema;

/// A step to run once.
#[derive(ToSchema)]
#[schema(as = TryStep)]
struct TryBody {
    /// The step's id inside the plugin.
    step: String,
    #[schema(value_type = Option<Object>)]
    config: RawJson,
    #[schema(value_type = Option<Object>)]
    input: RawJson,
}

/// What came of it, and what it has used.
#[derive(Serialize, ToSchema)]
#[schema(as = TriedStep)]
struct TriedView {
    outcome: OutcomeView,
    fuel: u64,
    /// Bytes.
    peak_memory: u64,
    host_calls: u32,
    /// Milliseconds.
    duration_ms: f64,
    logs: Vec<LogView>,
}

/// The outcome.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = TriedOutcome)]
struct OutcomeView {
    /// `completed`, `skipped`, `failed`, `waiting` or `deferred`.
    status: &'static str,
    #[schema(value_type = Option<Object>)]
    output: Option<RawJson>,
    error: Option<ErrorView>,
    /// Why it was skipped.
    reason: Option<String>,
    resume_key: Option<String>,
    /// When waiting ends, or the step wants to be called again.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
}

/// A line the step has written.
#[derive(Serialize, ToSchema)]
#[schema(as = LogLine)]
struct LogView {
    /// `debug`, `info`, `warn` or `error`.
    level: &'static str,
    message: String,
}

/// Runs a step once with the grants it is enabled with; nothing is kept.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/plugins/{name}/{version}/try", operation_id = "tryPlugin",
    tag = "plugins",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("name" = String, Path, description = "may hold one slash, as such or as %2F"),
        ("version" = String, Path),
    ),
    request_body = TryBody,
    responses((status = 200, body = TriedView), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Manage>, path: PluginPath, body: JsonBody) -> ApiResult {
    let TryBody { step, config, input } =
        body.read(|f| TryBody { step: f.text("step"), config: f.raw_object("config"), input: f.raw_object("input") })?;
    let access = caller.tenant(path.tenant).await?;
    let request = TryRequest { step, config, input };
    let tried = caller.state().app.try_step(&access, &path.name, &path.version, request).await?;
    Ok(reply::ok(&view(tried)))
}

fn view(tried: TryResult) -> TriedView {
    let TryResult { outcome, metering, logs } = tried;
    TriedView {
        outcome: view_outcome(outcome),
        fuel: metering.fuel,
        peak_memory: metering.peak_memory,
        host_calls: metering.host_calls,
        duration_ms: metering.wall_us as f64 / 1_000.0,
        logs: logs.into_iter().map(|line| LogView { level: level(line.level), message: line.message }).collect(),
    }
}

fn view_outcome(outcome: Outcome) -> OutcomeView {
    let none = OutcomeView::default();
    match outcome {
        Outcome::Completed { output, .. } => OutcomeView { status: "completed", output: Some(output), ..none },
        Outcome::Skipped { reason } => OutcomeView { status: "skipped", reason: Some(reason), ..none },
        Outcome::Failed(fault) => OutcomeView { status: "failed", error: Some(view_error(&fault, None)), ..none },
        Outcome::Waiting { resume_key, expires_at } => {
            OutcomeView { status: "waiting", resume_key: Some(resume_key), due_at: expires_at, ..none }
        }
        Outcome::Defer { until } => OutcomeView { status: "deferred", due_at: Some(until), ..none },
    }
}

const fn level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}
