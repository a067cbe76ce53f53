//! What a component may say of itself.

use crate::bindings::{agents, manifest, steps};
use crate::json;
use std::collections::BTreeSet;
use stepwright_app::hosts::HostPattern;
use stepwright_app::{AgentDescriptor, Dataset, StepCategory, StepDescriptor};
use stepwright_engine::RawJson;

/// Steps, conditions or guards of one plugin (source: wit/step@0.1.0 `describe`).
const MAX_ITEMS: usize = 64;
/// Hosts, datasets or secrets that a manifest may ask for.
const MAX_REQUESTS: usize = 100;
const MAX_TITLE: usize = 200;
const MAX_DESCRIPTION: usize = 4_000;
const MAX_SCHEMA_BYTES: usize = 64 << 10;

/// Collects all faults instead of stopping at the first.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    fn unless(&mut self, fine: bool, fault: impl FnOnce() -> String) {
        if !fine {
            self.0.push(fault());
        }
    }
}

/// Checks a manifest; gives the datasets it asks for.
pub fn manifest(wit: &manifest::Manifest, faults: &mut Faults) -> Vec<(Dataset, bool)> {
    faults.unless(is_plugin_name(&wit.name), || {
        format!("its name '{}' is not [a-z][a-z0-9-]{{0,63}} or <namespace>/<name> of two such parts", shown(&wit.name))
    });
    faults.unless(semver::Version::parse(&wit.version).is_ok(), || {
        format!("its version '{}' is not a semantic version such as 1.0.0", shown(&wit.version))
    });
    faults.unless(wit.description.chars().count() <= MAX_DESCRIPTION, || {
        format!("its description has more than {MAX_DESCRIPTION} characters")
    });
    for (what, count) in [("hosts", wit.hosts.len()), ("datasets", wit.datasets.len()), ("secrets", wit.secrets.len())]
    {
        faults.unless(count <= MAX_REQUESTS, || {
            format!("it asks for {count} {what}, at most {MAX_REQUESTS} are allowed")
        });
    }
    for host in wit.hosts.iter().take(MAX_REQUESTS) {
        if let Err(fault) = HostPattern::parse(host) {
            faults.0.push(format!("host {}", shown(&fault)));
        }
    }
    for secret in wit.secrets.iter().take(MAX_REQUESTS) {
        faults.unless(is_secret_name(secret), || {
            format!("the secret's name '{}' is not [A-Za-z][A-Za-z0-9_-]{{0,63}}", shown(secret))
        });
    }
    let mut datasets = Vec::new();
    for request in wit.datasets.iter().take(MAX_REQUESTS) {
        match Dataset::parse(&request.name) {
            Ok(dataset) => datasets.push((dataset, request.write)),
            Err(error) => faults.0.push(shown(&error.to_string()).to_owned()),
        }
    }
    datasets
}

/// Checks the steps and translates them.
pub fn steps(wit: Vec<steps::Descriptor>, faults: &mut Faults) -> Vec<StepDescriptor> {
    ids("step", wit.iter().map(|step| step.id.as_str()), faults);
    wit.into_iter().take(MAX_ITEMS).map(|step| self::step(step, faults)).collect()
}

fn step(wit: steps::Descriptor, faults: &mut Faults) -> StepDescriptor {
    let id = shown(&wit.id).to_owned();
    texts("step", &id, &wit.title, &wit.description, faults);
    let category = match wit.category {
        steps::Category::Summary => StepCategory::Summary,
        steps::Category::Delivery => StepCategory::Delivery,
        steps::Category::Action => StepCategory::Action,
        steps::Category::Integration => StepCategory::Integration,
        steps::Category::Logic => StepCategory::Logic,
    };
    StepDescriptor {
        config_schema: schema("step", &id, "config", wit.config_schema, faults),
        output_schema: wit.output_schema.map(|text| schema("step", &id, "output", text, faults)),
        id: wit.id,
        title: wit.title,
        description: wit.description,
        category,
        requires_delivery: wit.requires_delivery,
        delivers: wit.delivers,
    }
}

/// Outcomes of one agent.
const MAX_OUTCOMES: usize = 32;

/// Checks the agents and translates them.
pub fn agents(wit: Vec<agents::Descriptor>, faults: &mut Faults) -> Vec<AgentDescriptor> {
    ids("agent", wit.iter().map(|agent| agent.id.as_str()), faults);
    wit.into_iter().take(MAX_ITEMS).map(|agent| self::agent(agent, faults)).collect()
}

fn agent(wit: agents::Descriptor, faults: &mut Faults) -> AgentDescriptor {
    let id = shown(&wit.id).to_owned();
    texts("agent", &id, &wit.title, &wit.description, faults);
    let many = wit.outcomes.len() > MAX_OUTCOMES || wit.tools.len() > MAX_ITEMS;
    faults.unless(!many, || format!("agent '{id}' may name at most {MAX_OUTCOMES} outcomes and {MAX_ITEMS} tools"));
    for outcome in wit.outcomes.iter().take(MAX_OUTCOMES) {
        let wrong = || format!("the outcome '{}' of agent '{id}' is not [a-z][a-z0-9_-]{{0,63}}", shown(outcome));
        faults.unless(is_id(outcome), wrong);
    }
    for tool in wit.tools.iter().take(MAX_ITEMS) {
        let wrong = || format!("the tool '{}' of agent '{id}' is not [a-zA-Z0-9_-]{{1,128}}", shown(tool));
        faults.unless(is_tool_name(tool), wrong);
    }
    AgentDescriptor {
        config_schema: schema("agent", &id, "config", wit.config_schema, faults),
        output_schema: wit.output_schema.map(|text| schema("agent", &id, "output", text, faults)),
        id: wit.id,
        title: wit.title,
        description: wit.description,
        outcomes: wit.outcomes.into_iter().take(MAX_OUTCOMES).collect(),
        tools: wit.tools.into_iter().take(MAX_ITEMS).collect(),
    }
}

fn is_tool_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Checks ids: their form, their number, and that none comes twice.
pub fn ids<'a>(what: &str, all: impl ExactSizeIterator<Item = &'a str>, faults: &mut Faults) {
    let count = all.len();
    faults.unless(count <= MAX_ITEMS, || format!("it has {count} {what}s, at most {MAX_ITEMS} are allowed"));
    let mut seen = BTreeSet::new();
    for id in all.take(MAX_ITEMS) {
        faults.unless(is_id(id), || format!("the {what}'s id '{}' is not [a-z][a-z0-9_-]{{0,63}}", shown(id)));
        faults.unless(seen.insert(id), || format!("it has two {what}s with the id '{}'", shown(id)));
    }
}

/// Checks title and description.
pub fn texts(what: &str, id: &str, title: &str, description: &str, faults: &mut Faults) {
    faults.unless((1..=MAX_TITLE).contains(&title.chars().count()), || {
        format!("the title of {what} '{id}' must have 1 to {MAX_TITLE} characters")
    });
    faults.unless(description.chars().count() <= MAX_DESCRIPTION, || {
        format!("the description of {what} '{id}' has more than {MAX_DESCRIPTION} characters")
    });
}

/// Checks a JSON Schema: a JSON object of limited size. Whether its keywords make sense is for the validator to say.
pub fn schema(what: &str, id: &str, of: &str, text: String, faults: &mut Faults) -> RawJson {
    if text.len() > MAX_SCHEMA_BYTES {
        faults.0.push(format!("the {of} schema of {what} '{id}' has more than {MAX_SCHEMA_BYTES} bytes"));
        return RawJson::empty_object();
    }
    json::checked_object(text).unwrap_or_else(|why| {
        faults.0.push(format!("the {of} schema of {what} '{id}' is wrong: {why}"));
        RawJson::empty_object()
    })
}

fn is_plugin_name(name: &str) -> bool {
    let part = |part: &str| {
        starts_and_goes_on(
            part,
            |b| b.is_ascii_lowercase(),
            |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-',
        )
    };
    match name.split_once('/') {
        Some((namespace, name)) => part(namespace) && part(name),
        None => part(name),
    }
}

fn is_id(id: &str) -> bool {
    let later = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    starts_and_goes_on(id, |b| b.is_ascii_lowercase(), later)
}

fn is_secret_name(name: &str) -> bool {
    let later = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    starts_and_goes_on(name, |b| b.is_ascii_alphabetic(), later)
}

fn starts_and_goes_on(text: &str, first: impl Fn(u8) -> bool, later: impl Fn(u8) -> bool) -> bool {
    match text.as_bytes() {
        [start, rest @ ..] => first(*start) && rest.len() < 64 && rest.iter().all(|b| later(*b)),
        [] => false,
    }
}

/// As much of a guest's text as a message can bear.
fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(200)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> manifest::Manifest {
        manifest::Manifest {
            name: "acme/billing".into(),
            version: "1.2.3-rc.1".into(),
            description: String::new(),
            hosts: vec!["*.example.com".into()],
            datasets: vec![manifest::DatasetRequest { name: "invoices".into(), write: true }],
            secrets: vec!["API_KEY".into()],
        }
    }

    #[test]
    fn a_proper_manifest_passes() {
        let mut faults = Faults::default();
        assert_eq!(manifest(&plain(), &mut faults), [(Dataset::Invoices, true)]);
        assert_eq!(faults.0, Vec::<String>::new());
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let wrong = manifest::Manifest {
            name: "Acme".into(),
            version: "1".into(),
            hosts: vec!["*".into()],
            datasets: vec![manifest::DatasetRequest { name: "salaries".into(), write: false }],
            secrets: vec!["a b".into()],
            ..plain()
        };
        let mut faults = Faults::default();
        manifest(&wrong, &mut faults);
        assert_eq!(faults.0.len(), 5, "{:?}", faults.0);
    }

    #[test]
    fn names_have_at_most_two_parts() {
        for good in ["a", "a-1", "acme/x", &"a".repeat(64)] {
            assert!(is_plugin_name(good), "{good}");
        }
        for bad in ["", "1a", "A", "a_b", "a/b/c", "/a", "a/", "a b", &"a".repeat(65)] {
            assert!(!is_plugin_name(bad), "{bad}");
        }
    }

    #[test]
    fn ids_are_unique_and_few() {
        let mut faults = Faults::default();
        ids("step", ["a", "a", "B"].into_iter(), &mut faults);
        assert_eq!(faults.0.len(), 2, "{:?}", faults.0);
        let many: Vec<String> = (0..=MAX_ITEMS).map(|n| format!("s{n}")).collect();
        let mut faults = Faults::default();
        ids("step", many.iter().map(String::as_str), &mut faults);
        assert_eq!(faults.0, ["it has 65 steps, at most 64 are allowed"]);
    }

    #[test]
    fn a_schema_is_an_object() {
        let mut faults = Faults::default();
        schema("step", "s", "config", "{\"type\":\"object\"}".into(), &mut faults);
        assert!(faults.0.is_empty());
        schema("step", "s", "config", "true".into(), &mut faults);
        schema("step", "s", "output", "{".into(), &mut faults);
        schema("step", "s", "output", "x".repeat(MAX_SCHEMA_BYTES + 1), &mut faults);
        assert_eq!(faults.0.len(), 3, "{:?}", faults.0);
    }
}
