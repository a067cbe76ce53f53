use super::limit;
use crate::hydracore::auth::Agent;
use crate::hydracore::input::{self, Faults, Presence, Sent};
use crate::hydracore::respond;
use crate::hydracore::wire::{CreateBody, Detail, HTTPValidationError, RecordBody};
use crate::kit::{ApiResult, IdempotencyHeader, Params, RawBody, once};
use http::StatusCode;
use stepwright_app::usecases::OpenRecord;
use stepwright_engine::record::DEFAULT_ACTOR;

/// Makes a workflow, `active`. With an `Idempotency-Key` it is made once.
#[utoipa::path(
    post, path = "/internal/v1/instances/{instance_id}/workflows", operation_id = "createWorkflow", tag = "workflows",
    params(
        ("instance_id" = uuid::Uuid, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    request_body = CreateBody,
    responses(
        (status = 201, body = RecordBody),
        (status = 401, body = Detail, description = "no or bad credential"),
        (status = 403, body = Detail, description = "the key is of another instance"),
        (status = 409, body = Detail, description = "the idempotency key was used with another body, or a quota is used up"),
        (status = 413, body = Detail),
        (status = 422, body = HTTPValidationError, description = "every fault of the request"),
        (status = 429, body = Detail),
    ),
)]
pub async fn handle(
    agent: Agent,
    Params(instance): Params<String>,
    key: IdempotencyHeader,
    body: RawBody,
) -> ApiResult {
    let sent = Sent::read(body, limit(&agent.state)).await?;
    let faults = Faults::default();
    let named = super::instance_id(&agent, &faults, &instance);
    let members = sent.members(Presence::Required, &faults)?;
    let now = agent.app().now();
    let record = members.and_then(|members| input::create(&faults, &members, agent.instance, now));
    let record = faults.or(named.and(record))?;
    let (state, access, instance) = (agent.state.clone(), agent.access.clone(), agent.instance);
    once(&agent.state, &agent.request, &agent.access, key, sent.bytes(), move |seed| async move {
        let derive_id = seed.map(|seed| seed.parts("record"));
        let args = OpenRecord { instance, record, derive_id };
        let view = state.app.open_record(&access, DEFAULT_ACTOR, args).await?;
        respond::record(StatusCode::CREATED, &view)
    })
    .await
}
