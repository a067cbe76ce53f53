//! An automatic decision with ten statements: evaluated through the `conditions` component, as the driver of flows does
//! it (one call, a fresh instance, all limits), against the same operators linked natively.
//!
//! What is measured is the decision, from the flow and its entity in memory to the verdicts; and, apart, what of it the
//! operators are alone, from the JSON texts of their configs and values. Rounds alternate, so that other work on the
//! machine hits all.

use crate::Args;
use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use conditions::{RawOperand, Verdict, evaluate};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use stepwright_app::ports::{CallContext, ComponentSource, ConditionCall, ConditionQuestion, Sandbox as _};
use stepwright_app::{Environment, InvocationLimits};
use stepwright_engine::flow::{
    Context, Entities, EntitySnapshot, Env, Flow, FlowTrigger, Ids, Operand, Question, StartFlow, Template,
    TriggerType, questions, start,
};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Actor, NodeId, RawJson, TenantId, Timestamp};
use stepwright_sandbox::{CompileMode, MacKey, SandboxConfig, WasmSandbox};

/// Decisions in a round, and rounds; one more warms up.
const CALLS: usize = 500;
const ROUNDS: usize = 20;
/// Times that whoever decides lets others run between two decisions.
const WAITS: usize = 4;
/// What the issue asks for.
const LIMIT: f64 = 2.0;

const NOW: &str = "2026-11-22T09:00:00Z";
const ZONE: &str = "Europe/Berlin";

struct Component(Vec<u8>);

#[async_trait]
impl ComponentSource for Component {
    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, String> {
        Ok((digest_of(&self.0) == digest).then(|| self.0.clone()))
    }
}

/// Hex SHA-256.
fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A flow that waits for its decision.
struct Waiting {
    flow: Flow,
    decision: NodeId,
    entities: Entities,
}

impl Waiting {
    fn questions(&self) -> Result<Vec<Question>> {
        questions(&self.flow, &self.decision, &self.entities).map_err(|error| anyhow::anyhow!("{error}"))
    }
}

/// Measures everything and the ratios, on one thread: what an instance made on another core costs the call is a matter of
/// how far apart the machine's cores are.
pub async fn measure(args: &Args) -> Result<Value> {
    let path = args.target.join("plugins/conditions.wasm");
    let on_one_thread = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(rounds(path))
    };
    tokio::task::spawn_blocking(on_one_thread).await?
}

async fn rounds(path: PathBuf) -> Result<Value> {
    let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    let digest = digest_of(&bytes);
    let cache = tempfile::tempdir()?;
    let config = SandboxConfig::new(cache.path(), MacKey::Bytes([7; 32]), CompileMode::InProcess);
    let sandbox = WasmSandbox::new(config, std::sync::Arc::new(Component(bytes)))?;
    let component = Through { sandbox: &sandbox, digest: &digest };
    let waiting = waiting()?;
    let (mut decision, mut operators) = (Pair::default(), Pair::default());
    for round in 0..=ROUNDS {
        let decided = [native_decisions(&waiting)?, component.decisions(&waiting).await?];
        let operated = [native_operators(&waiting)?, component.operators(&waiting).await?];
        if round > 0 {
            decision.add(decided);
            operators.add(operated);
        }
    }
    Ok(json!({
        "statements": waiting.questions()?.len(),
        "calls_per_round": CALLS,
        "rounds": ROUNDS,
        "decision": decision.report(),
        "operators_alone": operators.report(),
        "limit": LIMIT,
    }))
}

/// Microseconds a call, natively and through the component, round by round.
#[derive(Default)]
struct Pair {
    native_us: Vec<f64>,
    component_us: Vec<f64>,
}

impl Pair {
    fn add(&mut self, [native, component]: [f64; 2]) {
        self.native_us.push(native);
        self.component_us.push(component);
    }

    fn report(&self) -> Value {
        let ratios: Vec<f64> = self.component_us.iter().zip(&self.native_us).map(|(c, n)| c / n).collect();
        json!({
            "component_us": { "median": median(&self.component_us), "least": least(&self.component_us) },
            "native_us": { "median": median(&self.native_us), "least": least(&self.native_us) },
            "ratio": { "median": median(&ratios), "of_least": least(&self.component_us) / least(&self.native_us) },
        })
    }
}

/// A flow about an order, with ten statements over the types that are asked about most.
fn waiting() -> Result<Waiting> {
    let of = |attribute: &str, kind: &str, operator: &str, wanted: Value| {
        json!({ "id": attribute, "operator": operator, "values": wanted,
            "source": { "attribute": attribute, "attribute_type": kind } })
    };
    let mut renewal = of("renewal", "date", "less_than_or_equals", json!(["today"]));
    renewal["value_type"] = json!("relative_date");
    renewal["source"]["date_offset"] = json!({ "amount": 14, "unit": "days" });
    let statements = json!([
        of("status", "status", "any_of", json!(["open", "won"])),
        of("name", "string", "contains", json!(["GmbH"])),
        of("email", "email", "ends_with", json!(["@example.com"])),
        of("amount", "number", "greater_than", json!(["2500.50"])),
        of("paid", "boolean", "equals", json!(["true"])),
        of("signed_at", "datetime", "greater_than", json!(["2026-11-01T00:00:00Z"])),
        renewal,
        of("tags", "tags", "any_of", json!(["vip", "key-account"])),
        of("country", "country", "none_of", json!(["CH", "AT"])),
        of("notes", "text", "is_not_empty", json!([])),
    ]);
    let order = json!({
        "status": "won", "name": "Stadtwerke Musterhausen GmbH", "email": [{ "email": "Ada@Example.com" }],
        "amount": 12_999.95, "paid": true, "signed_at": "2026-11-21T17:03:11.250Z", "renewal": "2026-10-30",
        "tags": ["new", "vip", "b2b"], "country": "de", "notes": "called twice, wants an offer until friday",
    });
    let template: Template = serde_json::from_value(json!({
        "name": "Order",
        "tasks": [
            { "id": "decide", "name": "Decide", "task_type": "DECISION", "trigger_mode": "automatic", "conditions": [
                { "id": "all", "branch_name": "All", "logical_operator": "AND", "statements": statements }] },
            { "id": "go", "name": "Go", "task_type": "MANUAL" },
            { "id": "stop", "name": "Stop", "task_type": "MANUAL" },
        ],
        "edges": [
            { "id": "met", "from_id": "decide", "to_id": "go", "condition_id": "all" },
            { "id": "unmet", "from_id": "decide", "to_id": "stop", "none_met": true },
        ],
    }))?;
    let entity = EntityRef { schema: "order".into(), id: "o1".into() };
    let attributes = order.as_object().cloned().unwrap_or_default();
    let entities = Entities::new().with(entity.clone(), EntitySnapshot { version: 1, attributes });
    let context = Context { entity_id: entity.id, entity_schema: entity.schema, is_primary: true, title: None };
    let new = StartFlow {
        id: "bench".into(),
        flow_template_id: "bench".into(),
        contexts: vec![context],
        about_nothing: false,
        trigger: FlowTrigger { kind: TriggerType::Manual, automation_config: None, diff: None },
        purposes: Vec::new(),
        chain: None,
        configured_reasons: Vec::new(),
        assigned_to: Vec::new(),
        pins: BTreeMap::new(),
    };
    let env = Env {
        now: Timestamp::from_secs(1_795_338_000),
        actor: &Actor::System,
        jitter: 0.5,
        ids: &Counter::default(),
        entities: &entities,
    };
    let flow = start(&template, new, &env).map_err(|error| anyhow::anyhow!("{error}"))?.next;
    let decision = flow.task_by_any_id(&NodeId::new("decide")).context("the decision")?.id.clone();
    Ok(Waiting { flow, decision, entities })
}

#[derive(Default)]
struct Counter(Cell<u32>);

impl Ids for Counter {
    fn fresh(&self) -> String {
        self.0.set(self.0.get() + 1);
        format!("id{:06}", self.0.get())
    }
}

/// What native operators are told of the call.
fn native_context() -> stepwright_sdk::Context {
    stepwright_sdk::Context {
        tenant: stepwright_sdk::Tenant { id: "t".into(), environment: stepwright_sdk::Environment::Live },
        dialect: "epilot".into(),
        execution_id: "e".into(),
        definition_id: None,
        node_id: None,
        attempt: 1,
        dedupe_key: "k".into(),
        now: NOW.into(),
        timezone: ZONE.into(),
        locale: None,
        actor: "system".into(),
        deadline_ms: 30_000,
    }
}

fn native_decisions(waiting: &Waiting) -> Result<f64> {
    let context = native_context();
    let mut spent = Duration::ZERO;
    for _ in 0..CALLS {
        let started = Instant::now();
        let verdicts = natively(&context, waiting.questions()?)?;
        spent += started.elapsed();
        all_met(&verdicts)?;
    }
    Ok(per_call(spent))
}

fn native_operators(waiting: &Waiting) -> Result<f64> {
    let context = native_context();
    let asked = waiting.questions()?;
    let mut spent = Duration::ZERO;
    for _ in 0..CALLS {
        let questions = asked.clone();
        let started = Instant::now();
        let verdicts = natively(&context, questions)?;
        spent += started.elapsed();
        all_met(&verdicts)?;
    }
    Ok(per_call(spent))
}

/// What the component does, without it.
fn natively(context: &stepwright_sdk::Context, questions: Vec<Question>) -> Result<Vec<Verdict>> {
    let operand = |operand: Operand| RawOperand {
        values: operand.values.into_iter().map(RawJson::into_text).collect(),
        attribute_type: operand.attribute_type,
        repeatable: operand.repeatable,
        present: operand.present,
        diff: operand.diff,
    };
    let verdict = |question: Question| {
        let config = question.config.read()?;
        let operands: Vec<RawOperand> = question.operands.into_iter().map(operand).collect();
        evaluate(context, &config, &operands).map_err(|fault| anyhow::anyhow!("{fault:?}"))
    };
    questions.into_iter().map(verdict).collect()
}

fn all_met(verdicts: &[Verdict]) -> Result<()> {
    ensure!(verdicts.len() == 10 && verdicts.iter().all(|verdict| verdict.met), "{verdicts:?}");
    Ok(())
}

/// The questions as the sandbox takes them; the built-in condition's name within its plugin is the one it goes by.
fn asked(waiting: &Waiting) -> Result<Vec<ConditionQuestion>> {
    let one = |question: Question| ConditionQuestion {
        condition: question.component,
        config: question.config,
        operands: question.operands,
    };
    Ok(waiting.questions()?.into_iter().map(one).collect())
}

/// The component in its sandbox.
struct Through<'a> {
    sandbox: &'a WasmSandbox,
    digest: &'a str,
}

impl Through<'_> {
    async fn decisions(&self, waiting: &Waiting) -> Result<f64> {
        let mut spent = Duration::ZERO;
        for _ in 0..CALLS {
            let context = self.context();
            let started = Instant::now();
            let questions = asked(waiting)?;
            spent += started.elapsed() + self.ask(context, questions).await?;
        }
        Ok(per_call(spent))
    }

    async fn operators(&self, waiting: &Waiting) -> Result<f64> {
        let asked = asked(waiting)?;
        let mut spent = Duration::ZERO;
        for _ in 0..CALLS {
            spent += self.ask(self.context(), asked.clone()).await?;
        }
        Ok(per_call(spent))
    }

    /// How long the answer took.
    async fn ask(&self, context: CallContext, questions: Vec<ConditionQuestion>) -> Result<Duration> {
        let asked = questions.len();
        let limits = InvocationLimits::default();
        let call = ConditionCall { digest: self.digest.to_owned(), context, questions, limits };
        // Between two decisions a flow waits for its commit.
        for _ in 0..WAITS {
            tokio::task::yield_now().await;
        }
        let started = Instant::now();
        let evaluated = self.sandbox.evaluate(call).await;
        let took = started.elapsed();
        let verdicts = evaluated.verdicts.map_err(|fault| anyhow::anyhow!("{fault:?}"))?;
        ensure!(verdicts.len() == asked && verdicts.iter().all(|verdict| verdict.met), "{verdicts:?}");
        Ok(took)
    }

    fn context(&self) -> CallContext {
        CallContext {
            tenant_id: TenantId::from_uuid(uuid::Uuid::nil()),
            environment: Environment::Live,
            dialect: "epilot".into(),
            execution_id: "e".into(),
            definition_id: None,
            node_id: Some("n".into()),
            attempt: 1,
            dedupe_key: "k".into(),
            now: NOW.into(),
            timezone: ZONE.into(),
            actor: "system".into(),
        }
    }
}

fn per_call(spent: Duration) -> f64 {
    spent.as_secs_f64() * 1e6 / CALLS as f64
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}
