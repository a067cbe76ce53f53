//! An agent as it comes in.

use crate::kit::{ApiResult, Fields, JsonBody};
use serde_json::Value;
use stepwright_app::usecases::AgentDraft;
use stepwright_app::{AgentBudget, AgentGrants, AgentMode, OnUntrusted, ReadWrite, UntrustedPolicy};
use stepwright_engine::agent::{Dimension, Limits};
use utoipa::ToSchema;

/// An agent to be made or to stand instead of the present one.
#[derive(ToSchema)]
#[schema(as = AgentDraft)]
#[expect(dead_code, reason = "describes the body; `read_agent` reads it member by member")]
pub struct AgentBody {
    /// What tasks name it by; made up when absent. 1 to 64 letters, digits, `-`, `_`, `.` and `:`.
    id: Option<String>,
    name: String,
    /// `<plugin name>/<agent id>`, or the bare id of a built-in.
    agent: String,
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    /// `automatic` (default), `approval`: a person is asked before anything is changed, or `draft`: nothing is changed.
    mode: Option<String>,
    grants: Option<GrantsBody>,
    budget: Option<BudgetBody>,
}

/// What it may use; nothing unless it is named.
#[derive(ToSchema)]
#[schema(as = AgentGrantsDraft)]
#[expect(dead_code, reason = "describes the body")]
struct GrantsBody {
    /// Schemas it may read and write, `*` for all: `{"read": […], "write": […]}`.
    #[schema(value_type = Option<Object>)]
    entities: Option<Value>,
    /// Step types it may use as tools, `*` for all.
    steps: Option<Vec<String>>,
    /// Aliases of models; all of the tenant's when absent.
    models: Option<Vec<String>>,
    /// Tools a person is asked about before each call.
    confirm: Option<Vec<String>>,
    /// Tools whose effects cannot be taken back, besides those known to be so.
    irreversible: Option<Vec<String>>,
    /// Servers of the Model Context Protocol whose tools it may use, by id, `*` for all.
    mcp: Option<Vec<String>>,
    /// What becomes of calls after the run has read what is not to be trusted (results of foreign servers and of steps
    /// that reach out): `{"write": …, "irreversible": …}`, each `allow`, `confirm` or `deny`. Default: writes are
    /// confirmed, what cannot be taken back is denied unless it is in `confirm`.
    #[schema(value_type = Option<Object>)]
    untrusted: Option<Value>,
}

/// What one run may use; what is absent has a default.
#[derive(ToSchema)]
#[schema(as = AgentBudgetDraft)]
#[expect(dead_code, reason = "describes the body")]
struct BudgetBody {
    llm_calls: Option<u64>,
    tool_calls: Option<u64>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cost_micros: Option<u64>,
    wall_ms: Option<u64>,
    fuel: Option<u64>,
    bytes: Option<u64>,
    /// The same dimensions for all runs of one flow together; no limit unless it is named.
    #[schema(value_type = Option<Object>)]
    flow: Option<Value>,
    /// The same call with the same answer so often ends the run; 0 never does.
    max_repeats: Option<u32>,
    /// Seconds a person has to answer.
    confirm_within: Option<u32>,
}

/// Reads a body, with every fault of its form at once.
///
/// # Errors
/// `Invalid`, `Malformed`.
pub fn read_agent(body: &JsonBody) -> ApiResult<AgentDraft> {
    let modes = AgentMode::ALL.map(|mode| (mode.as_str(), mode));
    body.read(|f| AgentDraft {
        name: f.opt_text("id"),
        title: f.text("name"),
        agent: f.text("agent"),
        config: f.raw_object("config"),
        mode: f.opt_choice("mode", &modes).unwrap_or_default(),
        grants: f.opt_object("grants").map(|f| read_grants(&f)).unwrap_or_default(),
        budget: f.opt_object("budget").map(|f| read_budget(&f)).unwrap_or_default(),
    })
}

fn read_grants(fields: &Fields<'_>) -> AgentGrants {
    fields.only(&["entities", "steps", "models", "confirm", "irreversible", "mcp", "untrusted"]);
    let set = |name: &str| fields.texts(name).into_iter().collect();
    let entities = fields.opt_object("entities").map(|f| {
        f.only(&["read", "write"]);
        ReadWrite { read: f.texts("read").into_iter().collect(), write: f.texts("write").into_iter().collect() }
    });
    let untrusted = fields.opt_object("untrusted").map(|f| {
        f.only(&["write", "irreversible"]);
        let default = UntrustedPolicy::default();
        UntrustedPolicy {
            write: f.opt_choice("write", &OnUntrusted::WORDS).unwrap_or(default.write),
            irreversible: f.opt_choice("irreversible", &OnUntrusted::WORDS).unwrap_or(default.irreversible),
        }
    });
    AgentGrants {
        entities: entities.unwrap_or_default(),
        steps: set("steps"),
        models: set("models"),
        confirm: set("confirm"),
        irreversible: set("irreversible"),
        mcp: set("mcp"),
        untrusted: untrusted.unwrap_or_default(),
    }
}

fn read_budget(fields: &Fields<'_>) -> AgentBudget {
    let names = Dimension::ALL.map(Dimension::as_str);
    let known: Vec<&str> = names.iter().copied().chain(["flow", "max_repeats", "confirm_within"]).collect();
    fields.only(&known);
    let defaults = AgentBudget::default();
    AgentBudget {
        run: limits(fields),
        flow: fields.opt_object("flow").map(|f| read_limits(&f)).unwrap_or_default(),
        max_repeats: fields.opt_u32("max_repeats").unwrap_or(defaults.max_repeats),
        confirm_within: fields.opt_u32("confirm_within").unwrap_or(defaults.confirm_within),
    }
}

/// Limits by dimension; a dimension that there is not is a fault.
pub fn read_limits(fields: &Fields<'_>) -> Limits {
    fields.only(&Dimension::ALL.map(Dimension::as_str));
    limits(fields)
}

fn limits(fields: &Fields<'_>) -> Limits {
    let of = |dimension: Dimension| fields.opt_u64(dimension.as_str(), i64::MAX as u64);
    Limits {
        llm_calls: of(Dimension::LlmCalls),
        tool_calls: of(Dimension::ToolCalls),
        input_tokens: of(Dimension::InputTokens),
        output_tokens: of(Dimension::OutputTokens),
        cost_micros: of(Dimension::CostMicros),
        wall_ms: of(Dimension::WallMs),
        fuel: of(Dimension::Fuel),
        bytes: of(Dimension::Bytes),
    }
}
