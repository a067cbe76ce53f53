//! One step for each way to end.

use std::time::Duration;

use stepwright_sdk::Environment;
use stepwright_sdk::prelude::*;
use stepwright_sdk::{data, entities, events, kv, log, mail, notify};

/// Does nothing.
#[step]
pub fn nothing() -> Result<(), Fault> {
    Ok(())
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Everything {
    /// Distinguishes the effects of several tests.
    id: String,
    then: Ending,
}

#[derive(Deserialize, Serialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Complete,
    Skip,
    Wait,
    Defer,
    Fail,
    FailRetryable,
    Trap,
    Panic,
    Spin,
}

/// Has one effect of each kind, reads what it has staged, then ends as it is told.
#[step]
pub fn everything(ctx: &Context, config: Everything, input: Input) -> Result<StepOutcome<Value>, Fault> {
    if let Some(answer) = input.resume::<Value>()? {
        return Ok(StepOutcome::completed(json!({"resumed": answer})));
    }
    let id = config.id.as_str();
    let version = entities::put("contact", id).set("name", id).save()?;
    data::write("customers", id).set("name", id).apply()?;
    kv::execution().put(id, &1)?;
    kv::definition().put(id, &2)?;
    mail::message(id).to("counter@example.com").subject(id).text("everything").send()?;
    notify::notification(id).send()?;
    events::emit("counter.everything", &json!({"id": id}))?;
    log::info(format!("everything {id}"));
    let staged = json!({
        "version": version,
        "entity": entities::get("contact", id)?.attributes,
        "row": data::find("customers", id)?.map(|row| row.value),
        "execution": kv::execution().get::<u32>(id)?,
        "definition": kv::definition().get::<u32>(id)?,
    });
    match config.then {
        Ending::Complete => Ok(StepOutcome::completed(staged).with_entity(EntityRef::new("contact", id))),
        Ending::Skip => Ok(StepOutcome::skipped("told to")),
        Ending::Wait => Ok(StepOutcome::waiting(format!("everything-{id}"))),
        Ending::Defer => Ok(StepOutcome::defer(ctx.now.as_str())),
        Ending::Fail => Err(Fault::new("TOLD_TO", "told to").with_info(staged)),
        Ending::FailRetryable => Err(Fault::new("TOLD_TO", "told to").retryable()),
        Ending::Trap => core::arch::wasm32::unreachable(),
        Ending::Panic => panic!("told to"),
        Ending::Spin => loop {
            std::hint::spin_loop();
        },
    }
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Flaky {
    /// How many attempts fail.
    failures: u32,
}

/// Fails with a retryable fault until it has been tried often enough; what failed attempts stage must not add up.
#[step]
pub fn flaky(ctx: &Context, config: Flaky) -> Result<Value, Fault> {
    let staged = kv::execution().get::<u32>("flaky")?.unwrap_or(0) + 1;
    kv::execution().put("flaky", &staged)?;
    if ctx.attempt <= config.failures {
        return Err(Fault::new("FLAKY", format!("attempt {}", ctx.attempt)).retryable());
    }
    Ok(json!({"attempt": ctx.attempt, "staged": staged, "dedupe_key": ctx.dedupe_key}))
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Approval {
    key: String,
    #[serde(default)]
    expires_at: Option<String>,
}

/// Waits for a call-back, and returns what it handed over.
#[step(category = integration)]
pub fn approval(config: Approval, input: Input) -> Result<StepOutcome<Value>, Fault> {
    let calls = kv::execution().get::<u32>("approval")?.unwrap_or(0) + 1;
    kv::execution().put("approval", &calls)?;
    if let Some(answer) = input.resume::<Value>()? {
        return Ok(StepOutcome::completed(json!({"resume": answer, "calls": calls})));
    }
    Ok(StepOutcome::Waiting { resume_key: config.key, expires_at: config.expires_at })
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Until {
    /// RFC 3339 UTC.
    until: String,
}

/// Is deferred until an instant.
#[step(category = logic)]
pub fn until(ctx: &Context, config: Until) -> Result<StepOutcome<Value>, Fault> {
    // To the second: fractions may be written or not.
    let reached = ctx.now.get(..19) >= config.until.get(..19);
    Ok(if reached {
        StepOutcome::completed(json!({"now": ctx.now, "attempt": ctx.attempt}))
    } else {
        StepOutcome::defer(config.until)
    })
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Sleep {
    ms: u64,
}

/// Sleeps, then completes.
#[step]
pub fn sleep(config: Sleep) -> Result<Value, Fault> {
    std::thread::sleep(Duration::from_millis(config.ms));
    Ok(json!({"slept": config.ms}))
}

/// Returns all that the host has handed over.
#[step]
pub fn show_call(ctx: &Context, input: Input) -> Result<Value, Fault> {
    let mut outputs = serde_json::Map::new();
    for node in input.completed() {
        outputs.insert(node.to_owned(), input.output(node)?.unwrap_or_default());
    }
    Ok(json!({
        "tenant": ctx.tenant.id,
        "environment": if ctx.tenant.environment == Environment::Live { "live" } else { "test" },
        "dialect": ctx.dialect,
        "execution_id": ctx.execution_id,
        "definition_id": ctx.definition_id,
        "node_id": ctx.node_id,
        "attempt": ctx.attempt,
        "dedupe_key": ctx.dedupe_key,
        "now": ctx.now,
        "timezone": ctx.timezone,
        "locale": ctx.locale,
        "actor": ctx.actor,
        "deadline_ms": ctx.deadline_ms,
        "input": input.parse::<Value>()?,
        "outputs": outputs,
        "completed": input.completed().collect::<Vec<_>>(),
        "trigger": input.trigger,
        "entity": input.entity,
        "resume": input.resume::<Value>()?,
    }))
}
