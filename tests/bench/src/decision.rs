//! An automatic decision with ten statements: evaluated through the `conditions` component, as the driver of flows does
//! it (one call, a fresh instance, all limits), against the same operators linked natively.
//!
//! Both sides get what stands in a definition and in entities, JSON texts, and give verdicts with explanations. Rounds
//! alternate, so that other work on the machine hits both.

use crate::Args;
use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use conditions::{RawOperand, evaluate};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};
use stepwright_app::ports::{
    CallContext, ComponentSource, ConditionCall, ConditionOperand, ConditionQuestion, Sandbox as _,
};
use stepwright_app::{Environment, InvocationLimits};
use stepwright_engine::{RawJson, TenantId};
use stepwright_sandbox::{CompileMode, MacKey, SandboxConfig, WasmSandbox};

/// Decisions in a round, and rounds; one more warms up.
const CALLS: usize = 500;
const ROUNDS: usize = 20;
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

/// A statement of the decision and the attribute it is about, as JSON texts.
struct Asked {
    config: RawJson,
    values: Vec<RawJson>,
    kind: String,
}

/// Measures both and their ratio.
pub async fn measure(args: &Args) -> Result<Value> {
    let path = args.target.join("plugins/conditions.wasm");
    let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    let digest = digest_of(&bytes);
    let cache = tempfile::tempdir()?;
    let config = SandboxConfig::new(cache.path(), MacKey::Bytes([7; 32]), CompileMode::InProcess);
    let sandbox = WasmSandbox::new(config, std::sync::Arc::new(Component(bytes)))?;
    let asked = statements();
    let (mut component_us, mut native_us) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let native = native_round(&asked)?;
        let component = component_round(&sandbox, &digest, &asked).await?;
        if round > 0 {
            native_us.push(native);
            component_us.push(component);
        }
    }
    let ratios: Vec<f64> = component_us.iter().zip(&native_us).map(|(component, native)| component / native).collect();
    Ok(json!({
        "statements": asked.len(),
        "calls_per_round": CALLS,
        "rounds": ROUNDS,
        "component_us": { "median": median(&component_us), "least": least(&component_us) },
        "native_us": { "median": median(&native_us), "least": least(&native_us) },
        "ratio": { "median": median(&ratios), "of_least": least(&component_us) / least(&native_us) },
        "limit": LIMIT,
    }))
}

/// Ten statements of a decision about an order, over the types that are asked about most.
fn statements() -> Vec<Asked> {
    let of = |attribute: &str, kind: &str, operator: &str, wanted: Value, values: Value| Asked {
        config: RawJson::from(json!({
            "operator": operator, "values": wanted, "attribute": attribute, "attribute_type": kind,
        })),
        values: values.as_array().into_iter().flatten().cloned().map(RawJson::from).collect(),
        kind: kind.to_owned(),
    };
    let mut renewal = of("renewal", "date", "less_than_or_equals", json!(["today"]), json!(["2026-10-30"]));
    renewal.config = RawJson::from(json!({
        "operator": "less_than_or_equals", "values": ["today"], "value_type": "relative_date", "attribute": "renewal",
        "attribute_type": "date", "date_offset": { "amount": 14, "unit": "days" },
    }));
    vec![
        of("status", "status", "any_of", json!(["open", "won"]), json!(["won"])),
        of("name", "string", "contains", json!(["GmbH"]), json!(["Stadtwerke Musterhausen GmbH"])),
        of("email", "email", "ends_with", json!(["@example.com"]), json!([{ "email": "Ada@Example.com" }])),
        of("amount", "number", "greater_than", json!(["2500.50"]), json!([12_999.95])),
        of("paid", "boolean", "equals", json!(["true"]), json!([true])),
        of(
            "signed_at",
            "datetime",
            "greater_than",
            json!(["2026-11-01T00:00:00Z"]),
            json!(["2026-11-21T17:03:11.250Z"]),
        ),
        renewal,
        of("tags", "tags", "any_of", json!(["vip", "key-account"]), json!(["new", "vip", "b2b"])),
        of("country", "country", "none_of", json!(["CH", "AT"]), json!(["de"])),
        of("notes", "text", "is_not_empty", json!([]), json!(["called twice, wants an offer until friday"])),
    ]
}

fn native_round(asked: &[Asked]) -> Result<f64> {
    let context = stepwright_sdk::Context {
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
    };
    let mut spent = Duration::ZERO;
    for _ in 0..CALLS {
        let started = Instant::now();
        let mut verdicts = Vec::with_capacity(asked.len());
        for statement in asked {
            let config = serde_json::from_str(statement.config.as_str())?;
            let operand = RawOperand {
                values: statement.values.iter().map(|value| value.as_str().to_owned()).collect(),
                attribute_type: statement.kind.clone(),
                repeatable: false,
                present: true,
                diff: None,
            };
            verdicts.push(evaluate(&context, &config, &[operand]).map_err(|fault| anyhow::anyhow!("{fault:?}"))?);
        }
        spent += started.elapsed();
        ensure!(verdicts.iter().all(|verdict| verdict.met), "{verdicts:?}");
    }
    Ok(per_call(spent))
}

async fn component_round(sandbox: &WasmSandbox, digest: &str, asked: &[Asked]) -> Result<f64> {
    let mut spent = Duration::ZERO;
    for _ in 0..CALLS {
        let questions = asked.iter().map(|statement| ConditionQuestion {
            condition: "attribute".into(),
            config: statement.config.clone(),
            operands: vec![ConditionOperand {
                values: statement.values.clone(),
                attribute_type: statement.kind.clone(),
                repeatable: false,
                present: true,
                diff: None,
            }],
        });
        let call = ConditionCall {
            digest: digest.to_owned(),
            context: CallContext {
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
            },
            questions: questions.collect(),
            limits: InvocationLimits::default(),
        };
        let started = Instant::now();
        let evaluated = sandbox.evaluate(call).await;
        spent += started.elapsed();
        let verdicts = evaluated.verdicts.map_err(|fault| anyhow::anyhow!("{fault:?}"))?;
        ensure!(verdicts.len() == asked.len() && verdicts.iter().all(|verdict| verdict.met), "{verdicts:?}");
    }
    Ok(per_call(spent))
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
