//! The agent `partner-assigner`: finds the partner for an entity by rules, without a model.

mod config;
mod partners;

pub use config::{Config, Criterion, Mode};

use partners::{Candidate, missing, ranked};
use serde_json::{Value, json};
use stepwright_sdk::prelude::*;
use stepwright_sdk::tools::{self, ToolError};
use stepwright_sdk::{Conclusion, run};

stepwright_sdk::plugin! {
    agents: [partner_assigner],
}

/// How often the entity is read anew because somebody else has just changed it.
const MAX_TRIES: u32 = 5;

/// Finds the partner for the flow's entity and assigns it, or recommends those that fit.
///
/// Outcomes: `assigned`, `recommended`, `no_eligible_partner`, and `missing_input` when the entity lacks what a
/// criterion compares.
#[agent(
    id = "partner-assigner",
    title = "Partner assigner",
    outcomes = ["assigned", "recommended", "no_eligible_partner", "missing_input"],
    tools = ["entities_get", "entities_list", "entities_put"],
    validate = config::check
)]
pub fn partner_assigner(config: Config) -> Result<Conclusion<Value>, Fault> {
    let input = run::input()?;
    let (Some(schema), Some(id)) = (input.entity_schema, input.entity_id) else {
        return Ok(missing_input(&["entity".to_owned()]));
    };
    for _ in 0..MAX_TRIES {
        let entity = tools::call("entities_get", &json!({"schema": schema, "id": id}))?.value;
        let lacking = missing(&config, &entity["attributes"]);
        if !lacking.is_empty() {
            return Ok(missing_input(&lacking));
        }
        let candidates = ranked(&config, &entity["attributes"], all(&config.schema)?);
        let Some(best) = candidates.first() else {
            let output = json!({"outcome": "no_eligible_partner"});
            return Ok(Conclusion::new("no_eligible_partner", output).say("No partner fits."));
        };
        let shown: Vec<Value> = candidates.iter().take(config.limit as usize).map(Candidate::shown).collect();
        if config.mode == Mode::Recommend {
            let output = json!({"outcome": "recommended", "partners": shown});
            return Ok(Conclusion::new("recommended", output).say(format!("Partner {} fits best.", best.id)));
        }
        let patch = json!({ config.attribute.as_str(): best.id });
        let put = json!({"schema": schema, "id": id, "patch": patch, "expected_version": entity["version"]});
        match tools::call("entities_put", &put) {
            Ok(_) => {
                let output = json!({"outcome": "assigned", "partner_id": best.id, "partners": shown});
                let done = Conclusion::new("assigned", output).say(format!("Partner {} is assigned.", best.id));
                return Ok(done.with_entity(EntityRef::new(&config.schema, &best.id)));
            }
            // Somebody else has just changed it: what fits may be another one now.
            Err(ToolError::Failed(fault)) if fault.code == "CONFLICT" => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Fault::new("CONFLICT", "others keep changing the entity").retryable())
}

fn missing_input(names: &[String]) -> Conclusion<Value> {
    let output = json!({"outcome": "missing_input", "missing": names});
    Conclusion::new("missing_input", output).say(format!("Missing: {}.", names.join(", ")))
}

/// Every entity of a schema.
fn all(schema: &str) -> Result<Vec<Value>, Fault> {
    let mut found = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut page = json!({"schema": schema, "limit": 100});
        if !cursor.is_null() {
            page["cursor"] = cursor;
        }
        let Value::Object(mut page) = tools::call("entities_list", &page)?.value else { return Ok(found) };
        if let Some(Value::Array(items)) = page.remove("items") {
            found.extend(items);
        }
        cursor = page.remove("next_cursor").unwrap_or_default();
        if cursor.is_null() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests;
