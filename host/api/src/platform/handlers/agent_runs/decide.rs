use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{ConfirmationView, view_confirmation};
use serde_json::Value;
use stepwright_app::Decision;
use stepwright_app::usecases::DecisionDraft;
use stepwright_engine::agent::Hash;
use stepwright_engine::{ConfirmationId, RawJson, TenantId};
use utoipa::ToSchema;

/// A person's decision.
#[derive(ToSchema)]
#[schema(as = ConfirmationDecision)]
#[expect(dead_code, reason = "describes the body; it is read member by member")]
pub struct DecisionBody {
    /// `approve`, `edit` (with `arguments`) or `reject`.
    decision: String,
    /// The question's `hash`, so that nobody decides on something else than was shown.
    hash: Option<String>,
    /// With `approve`: what the question's schema asks for, or what a tool has come to whose outcome is not known.
    #[schema(value_type = Option<Object>)]
    value: Option<Value>,
    /// With `edit`: what the tool is called with instead.
    #[schema(value_type = Option<Object>)]
    arguments: Option<Value>,
    /// With `reject`: why; the agent is told.
    reason: Option<String>,
}

#[derive(Clone, Copy)]
enum Word {
    Approve,
    Edit,
    Reject,
}

/// Answers what an agent asks; its run goes on at once.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/confirmations/{id}/decide", operation_id = "decideConfirmation", tag = "agents",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    request_body = DecisionBody,
    responses(
        (status = 200, body = ConfirmationView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "it was decided, has expired, or is not what the caller has seen"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params((t, id)): Params<(TenantId, ConfirmationId)>,
    body: JsonBody,
) -> ApiResult {
    let draft = read(&body)?;
    let access = caller.tenant(t).await?;
    let decided = caller.state().app.decide_confirmation(&access, id, draft).await?;
    Ok(reply::ok(&view_confirmation(decided)))
}

fn read(body: &JsonBody) -> ApiResult<DecisionDraft> {
    let words = [("approve", Word::Approve), ("edit", Word::Edit), ("reject", Word::Reject)];
    body.read(|f| {
        if f.get("decision").is_none() {
            f.fault("decision", "is required");
        }
        let raw = |name: &str| f.get(name).map(RawJson::from);
        let decision = match f.opt_choice("decision", &words) {
            Some(Word::Edit) => {
                if f.get("arguments").is_none() {
                    f.fault("arguments", "is required");
                }
                Decision::Edit { arguments: f.raw_object("arguments") }
            }
            Some(Word::Reject) => Decision::Reject { reason: f.opt_text("reason").unwrap_or_default() },
            Some(Word::Approve) | None => Decision::Approve { value: raw("value") },
        };
        let hash = f.typed("hash", "must be the question's hash", |v| v.as_str().and_then(Hash::parse));
        DecisionDraft { hash, decision }
    })
}
