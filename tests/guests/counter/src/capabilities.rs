//! One step for each host call.

use stepwright_sdk::prelude::*;
use stepwright_sdk::{data, entities, events, flow, kv, mail, notify as notifications};

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Count {
    key: String,
    /// Shared by all executions of the definition.
    #[serde(default)]
    definition: bool,
}

/// Adds one to a number in the key-value memory, and reads what it has staged.
#[step]
pub fn count(config: Count) -> Result<Value, Fault> {
    let store = if config.definition { kv::definition() } else { kv::execution() };
    let before = store.get::<u64>(&config.key)?;
    store.put(&config.key, &(before.unwrap_or(0) + 1))?;
    Ok(json!({"before": before, "after": store.get::<u64>(&config.key)?}))
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct EntityName {
    schema: String,
    id: String,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct EntityPatch {
    schema: String,
    id: String,
    patch: Value,
    #[serde(default)]
    expected_version: Option<u64>,
}

/// Reads an entity.
#[step]
pub fn get_entity(config: EntityName) -> Result<Value, Fault> {
    Ok(entity_value(&entities::get(&config.schema, &config.id)?))
}

/// Lists the ids of a schema's entities.
#[step]
pub fn list_entities(config: EntityName) -> Result<Vec<String>, Fault> {
    entities::list(&config.schema).map(|entity| Ok(entity?.id)).collect()
}

/// Changes an entity, and reads what it has staged.
#[step]
pub fn put_entity(config: EntityPatch) -> Result<StepOutcome<Value>, Fault> {
    let mut put = entities::put(&config.schema, &config.id).patch(config.patch);
    if let Some(version) = config.expected_version {
        put = put.expect_version(version);
    }
    let version = put.save()?;
    let staged = entity_value(&entities::get(&config.schema, &config.id)?);
    let reference = EntityRef::new(config.schema, config.id);
    Ok(StepOutcome::completed(json!({"version": version, "staged": staged})).with_entity(reference))
}

fn entity_value(entity: &entities::Entity) -> Value {
    json!({"schema": entity.schema, "id": entity.id, "version": entity.version, "attributes": entity.attributes})
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Rows {
    dataset: String,
    /// Field, comparison, value.
    #[serde(default)]
    filters: Vec<(String, String, Value)>,
}

/// Reads the rows of a dataset, page by page.
#[step]
pub fn query_rows(config: Rows) -> Result<Value, Fault> {
    let mut query = data::query(config.dataset);
    for (field, comparison, value) in &config.filters {
        let comparison = match comparison.as_str() {
            "eq" => data::eq(value),
            "ne" => data::ne(value),
            "lt" => data::lt(value),
            "le" => data::le(value),
            "gt" => data::gt(value),
            "ge" => data::ge(value),
            _ => data::any_of(value),
        };
        query = query.filter(field, comparison);
    }
    let row = |row: data::Row| json!({"id": row.id, "version": row.version, "value": row.value});
    Ok(query.rows().map(|found| found.map(row)).collect::<Result<_, _>>()?)
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Writes {
    writes: Vec<Write>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Write {
    dataset: String,
    id: String,
    patch: Value,
    #[serde(default)]
    expected_version: Option<u64>,
}

/// Applies writes, all in one call, and reads what it has staged.
#[step]
pub fn write_rows(config: Writes) -> Result<Value, Fault> {
    let names: Vec<_> = config.writes.iter().map(|write| (write.dataset.clone(), write.id.clone())).collect();
    data::apply(config.writes.into_iter().map(|write| {
        let change = data::write(write.dataset, write.id).patch(write.patch);
        match write.expected_version {
            Some(version) => change.expect_version(version),
            None => change,
        }
    }))?;
    let staged = |(dataset, id): &(String, String)| data::find(dataset, id).map(|row| row.map(|row| row.value));
    Ok(names.iter().map(staged).collect::<Result<_, _>>()?)
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Mail {
    to: Vec<String>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    /// One message for each.
    #[serde(default = "one_key")]
    keys: Vec<String>,
}

fn one_key() -> Vec<String> {
    vec!["only".to_owned()]
}

/// Sends a mail for each key.
#[step(category = delivery, delivers)]
pub fn send_mail(config: Mail) -> Result<Vec<String>, Fault> {
    let send = |key: &String| {
        let message = mail::message(key).subject(&config.subject).text(&config.text);
        Ok(config.to.iter().fold(message, mail::Message::to).send()?)
    };
    config.keys.iter().map(send).collect()
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Notification {
    #[serde(default)]
    users: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    title: String,
}

/// Notifies users.
#[step(category = delivery)]
pub fn notify(config: Notification) -> Result<String, Fault> {
    let mut notification = notifications::notification(config.title).body("from the counter");
    for user in config.users {
        notification = notification.user(user);
    }
    for role in config.roles {
        notification = notification.role(role);
    }
    Ok(notification.send()?)
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Event {
    kind: String,
    data: Value,
}

/// Emits an event.
#[step]
pub fn emit_event(config: Event) -> Result<(), Fault> {
    Ok(events::emit(&config.kind, &config.data)?)
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Flow {
    definition: String,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    about: Option<EntityName>,
}

/// Starts another workflow.
#[step]
pub fn start_flow(config: Flow) -> Result<String, Fault> {
    Ok(match config.about {
        Some(name) => flow::start_about(&config.definition, &config.input, &EntityRef::new(name.schema, name.id))?,
        None => flow::start(&config.definition, &config.input)?,
    })
}
