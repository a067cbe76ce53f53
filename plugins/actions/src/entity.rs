//! `map-entity`.

use serde_json::Map;
use stepwright_sdk::entities::{self, Entity};
use stepwright_sdk::prelude::*;

use crate::grant::refused;
use crate::mapping::{Mapped, Mapping, Mode};
use crate::path;
use crate::scope::Scope;
use crate::text::{Text, filled};

/// Entities that are looked through for the one to write to.
const MAX_LOOK: usize = 5_000;
const MAX_MAPPINGS: usize = 100;

/// What is written where.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The schema of the entity to write to.
    #[schemars(length(min = 1, max = 200))]
    target_schema: String,
    /// The id of the entity to write to, which is made when there is none; may hold placeholders, so that
    /// `{{entity._id}}` writes to the very entity the automation runs on. Without an id, and unless one is found by
    /// `target_unique` or `upsert_match`, a new entity is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000))]
    target_id: Option<String>,
    /// Paths of attributes by which an entity to write to is looked for: all must equal what is mapped to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    target_unique: Vec<String>,
    /// At least one, at most 100.
    #[schemars(length(min = 1, max = 100))]
    mapping_attributes: Vec<Mapping>,
}

/// The entity that was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    schema: String,
    id: String,
    version: u64,
    /// Whether it is new.
    created: bool,
    /// The attributes that were written, with their values.
    written: Map<String, Value>,
}

/// Writes attributes of the entity the automation runs on, or values given here, to an entity: one named by its id, one
/// found by unique attributes, or a new one.
#[step(id = "map-entity", title = "Map an entity", category = action, validate = check)]
pub fn map_entity(ctx: &Context, config: Config, input: Input) -> Result<StepOutcome<Output>, Fault> {
    let scope = Scope::new(&input);
    let mut mapped = Vec::with_capacity(config.mapping_attributes.len());
    for mapping in &config.mapping_attributes {
        mapped.extend(mapping.mapped(&scope)?);
    }
    if mapped.is_empty() {
        return Ok(StepOutcome::skipped("none of the sources has a value"));
    }
    let (id, present) = target(ctx, &config, &scope, &mapped)?;
    let before = present.as_ref().map(|entity| entity.attributes.clone()).unwrap_or_else(|| json!({}));
    let Value::Object(before) = before else {
        return Err(Fault::new("INTERNAL", "an entity's attributes are no object"));
    };
    let mut after = before.clone();
    for one in mapped {
        one.apply(&mut after);
    }
    let written: Map<String, Value> =
        after.into_iter().filter(|(name, value)| before.get(name) != Some(value)).collect();
    if written.is_empty() && present.is_some() {
        return Ok(StepOutcome::skipped("the entity has these values already"));
    }
    // What was read must still stand: appending to an older list would lose what somebody else has added.
    let expected = present.as_ref().map_or(0, |entity| entity.version);
    let put = entities::put(&config.target_schema, &id).patch(Value::Object(written.clone())).expect_version(expected);
    let version = put.save().map_err(refused)?;
    let entity = EntityRef::new(&config.target_schema, &id);
    let output = Output { schema: config.target_schema, id, version, created: present.is_none(), written };
    Ok(StepOutcome::completed(output).with_entity(entity))
}

/// The entity to write to, and what it is now.
fn target(
    ctx: &Context,
    config: &Config,
    scope: &Scope<'_>,
    mapped: &[Mapped],
) -> Result<(String, Option<Entity>), Fault> {
    if let Some(id) = &config.target_id {
        let id = filled(id, scope)?;
        if id.is_empty() || id.len() > 200 || id.chars().any(char::is_control) {
            return Err(Fault::new("INVALID_TARGET", format!("`{id}` is no id of an entity")));
        }
        let present = entities::find(&config.target_schema, &id).map_err(refused)?;
        return Ok((id, present));
    }
    if let Some(found) = find(config, mapped)? {
        return Ok((found.id.clone(), Some(found)));
    }
    // The same for every attempt, so that a retry does not make another one.
    let id: String =
        ctx.dedupe_key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let present = entities::find(&config.target_schema, &id).map_err(refused)?;
    Ok((id, present))
}

/// The first entity whose unique attributes are what is mapped to them.
fn find(config: &Config, mapped: &[Mapped]) -> Result<Option<Entity>, Fault> {
    let unique: Vec<Vec<String>> = config.target_unique.iter().filter_map(|text| path::parse(text).ok()).collect();
    let named = |one: &&Mapped| one.mode == Mode::UpsertMatch || unique.contains(&one.path);
    let wanted: Vec<&Mapped> = mapped.iter().filter(named).collect();
    let matches = config.mapping_attributes.iter().filter(|m| m.is_match()).count();
    // A unique attribute that nothing is mapped to in this run tells nothing apart.
    let complete = unique.iter().all(|path| wanted.iter().any(|one| one.path == *path))
        && wanted.iter().filter(|one| one.mode == Mode::UpsertMatch).count() == matches;
    if wanted.is_empty() || !complete {
        return Ok(None);
    }
    for (number, entity) in entities::list(&config.target_schema).enumerate() {
        if number >= MAX_LOOK {
            let reason = format!("there are more than {MAX_LOOK} entities to look through; name the target by its id");
            return Err(Fault::new("TOO_MANY_ENTITIES", reason));
        }
        let entity = entity.map_err(refused)?;
        if wanted.iter().all(|one| path::get(&entity.attributes, &one.path) == Some(&one.value)) {
            return Ok(Some(entity));
        }
    }
    Ok(None)
}

fn check(config: &Config, _: &Context) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if config.target_schema.trim().is_empty() || config.target_schema.chars().any(char::is_control) {
        errors.push(FieldError::new("/target_schema", "must name a schema"));
    }
    if let Some(id) = &config.target_id {
        errors.extend(Text::parse(id).err().map(|why| FieldError::new("/target_id", why)));
        if !config.target_unique.is_empty() || config.mapping_attributes.iter().any(Mapping::is_match) {
            let rule = "give either an id, or attributes to find the entity by";
            errors.push(FieldError::new("/target_id", rule));
        }
    }
    for (at, unique) in config.target_unique.iter().enumerate() {
        let pointer = format!("/target_unique/{at}");
        match path::parse(unique) {
            Err(why) => errors.push(FieldError::new(pointer, why)),
            Ok(path) if !config.mapping_attributes.iter().any(|mapping| mapping.is_to(&path)) => {
                errors.push(FieldError::new(pointer, "nothing is mapped to this attribute"));
            }
            Ok(_) => {}
        }
    }
    if config.mapping_attributes.is_empty() || config.mapping_attributes.len() > MAX_MAPPINGS {
        let rule = format!("must have 1 to {MAX_MAPPINGS} attributes");
        errors.push(FieldError::new("/mapping_attributes", rule));
    }
    for (at, mapping) in config.mapping_attributes.iter().enumerate() {
        errors.extend(mapping.check(&format!("/mapping_attributes/{at}")));
    }
    errors
}
