//! What built-in actions will be refused as the tenant stands now, told when an automation is saved: their plugin comes
//! with the host and is enabled everywhere, so that nobody is asked for grants before (source: contracts/plugins.md 4.4,
//! 4.8).

use super::Access;
use crate::App;
use crate::model::hosts::{Target, allowed};
use crate::model::{Automation, Grants};
use crate::session::MailPolicy;
use serde_json::Value;
use std::collections::BTreeSet;

/// The plugin whose steps the built-in actions are.
const ACTIONS: &str = "actions";

/// Something legal that will fail when it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionWarning {
    /// `GRANT_MISSING`, with which the action would fail, or `mail_not_configured`.
    pub code: &'static str,
    /// JSON pointer below the automation.
    pub pointer: String,
    pub message: String,
}

/// A grant an action needs and does not have.
#[derive(Debug, PartialEq, Eq)]
struct Missing {
    /// Below the action.
    pointer: String,
    grant: String,
}

impl App {
    /// What of an automation would fail if it ran now. What depends on the entity it runs on is left to the run, but for
    /// a tenant that has granted no entity at all.
    pub fn automation_warnings(&self, access: &Access, automation: &Automation) -> Vec<ActionWarning> {
        let none = Grants::default();
        let enabled = access.view.enabled(ACTIONS);
        let grants = enabled.as_ref().map_or(&none, |enabled| &*enabled.grants);
        let mails = !matches!(MailPolicy::of(access.tenant()), MailPolicy::NotConfigured);
        let mut warnings = Vec::new();
        let built_in = automation.actions.iter().enumerate().filter(|(_, action)| action.step.plugin == ACTIONS);
        for (i, action) in built_in {
            let config = action.config.to_value();
            // A custom action's config lies a level deeper.
            let at = format!("/actions/{i}{}", if action.custom { "/config" } else { "" });
            warnings.extend(missing(&action.step.step, &config, grants).into_iter().map(|missing| ActionWarning {
                code: "GRANT_MISSING",
                pointer: format!("{at}{}", missing.pointer),
                message: format!("the tenant has not granted `{}` to the plugin '{ACTIONS}'", missing.grant),
            }));
            if action.step.step == "send-email" && !mails {
                warnings.push(ActionWarning {
                    code: "mail_not_configured",
                    pointer: at,
                    message: "no SMTP server is configured for this tenant; the action fails until one is".into(),
                });
            }
        }
        warnings
    }
}

fn missing(step: &str, config: &Value, grants: &Grants) -> Vec<Missing> {
    let mut found = Vec::new();
    let mut add = |pointer: String, grant: String| found.push(Missing { pointer, grant });
    let maps = step == "map-entity"
        && config["mapping_attributes"]
            .as_array()
            .is_some_and(|all| all.iter().any(|mapping| mapping.get("source").is_some()));
    let nothing_readable = grants.entities.read.is_empty() && grants.entities.write.is_empty();
    if nothing_readable && (maps || names_entity(config)) {
        add("/config".into(), "entities.read: <the schema of the entity it runs on>".into());
    }
    match step {
        "map-entity" => {
            let schema = config["target_schema"].as_str().unwrap_or_default();
            if !grants.entities.may_write(schema) {
                add("/config/target_schema".into(), format!("entities.write: {schema}"));
            }
        }
        "trigger-webhook" => {
            if let Some(host) = config["url"].as_str().and_then(|url| ungranted_host(url, &grants.http)) {
                add("/config/url".into(), format!("http: {host}"));
            }
            for (name, value) in config["headers"].as_object().into_iter().flatten() {
                for secret in secrets_in(value.as_str().unwrap_or_default()) {
                    if !grants.secrets.contains_key(secret) {
                        add(format!("/config/headers/{name}"), format!("secrets: {secret}"));
                    }
                }
            }
        }
        _ => {}
    }
    found
}

/// Whether a text in the config has a placeholder for something of the entity.
fn names_entity(config: &Value) -> bool {
    match config {
        Value::String(text) => placeholders(text).any(|name| name == "entity" || name.starts_with("entity.")),
        Value::Array(items) => items.iter().any(names_entity),
        Value::Object(members) => members.values().any(names_entity),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn secrets_in(text: &str) -> impl Iterator<Item = &str> {
    placeholders(text).filter_map(|name| name.strip_prefix("secret."))
}

/// What stands between `{{` and `}}`; `{{{{` is no placeholder.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once("{{")?;
            if let Some(literal) = after.strip_prefix("{{") {
                rest = literal;
                continue;
            }
            let (name, behind) = after.split_once("}}")?;
            rest = behind;
            return Some(name.trim());
        }
    })
}

/// The host (with its port, unless it is the scheme's own) a URL leads to, when no grant opens it.
fn ungranted_host(url: &str, granted: &BTreeSet<String>) -> Option<String> {
    let target = Target::of(&url.parse().ok()?)?;
    (!allowed(granted, &target)).then(|| target.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SecretGrant;
    use serde_json::json;

    fn lacks(step: &str, config: Value, grants: &Grants) -> Vec<(String, String)> {
        missing(step, &config, grants).into_iter().map(|m| (m.pointer, m.grant)).collect()
    }

    fn granting(read: &[&str], write: &[&str], http: &[&str], secrets: &[&str]) -> Grants {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let mut grants = Grants { http: set(http), ..Grants::default() };
        (grants.entities.read, grants.entities.write) = (set(read), set(write));
        grants.secrets = secrets.iter().map(|name| ((*name).to_owned(), SecretGrant::default())).collect();
        grants
    }

    #[test]
    fn an_entity_to_be_written_must_be_granted_by_its_schema() {
        let config = json!({ "target_schema": "order", "mapping_attributes": [{ "target": "a", "source": "b" }] });
        let order = ("/config/target_schema".to_owned(), "entities.write: order".to_owned());
        let nothing = lacks("map-entity", config.clone(), &Grants::default());
        assert_eq!((nothing.len(), &nothing[0].0, &nothing[1]), (2, &"/config".to_owned(), &order));
        assert_eq!(lacks("map-entity", config.clone(), &granting(&["order"], &["contact"], &[], &[])), [order]);
        for write in ["order", "*"] {
            assert_eq!(lacks("map-entity", config.clone(), &granting(&[], &[write], &[], &[])), []);
        }
    }

    #[test]
    fn a_text_that_names_the_entity_needs_one_to_be_readable() {
        let mail = |subject: &str| json!({ "to": "a@example.com", "subject": subject, "body": "b" });
        assert_eq!(lacks("send-email", mail("Hello"), &Grants::default()), []);
        assert_eq!(lacks("send-email", mail("{{{{entity.name}} {{ outputs.0.id }}"), &Grants::default()), []);
        assert_eq!(lacks("send-email", mail("Hello {{ entity.name }}"), &Grants::default()).len(), 1);
        assert_eq!(lacks("send-email", mail("Hello {{entity.name}}"), &granting(&["contact"], &[], &[], &[])), []);
    }

    #[test]
    fn a_webhook_needs_its_host_and_its_secrets() {
        let hook = |url: &str| json!({ "url": url, "headers": { "x-key": "Bearer {{secret.crm}}" } });
        let open = granting(&[], &[], &["api.example.com", "*.example.org:8443"], &["crm"]);
        for url in ["https://api.example.com/a?b", "https://API.example.com:443", "https://a.b.example.org:8443/"] {
            assert_eq!(lacks("trigger-webhook", hook(url), &open), [], "{url}");
        }
        for (url, host) in [
            ("http://api.example.com:8080/a", "api.example.com:8080"),
            ("https://example.com", "example.com"),
            ("https://example.org:8443", "example.org:8443"),
            ("https://a.example.org", "a.example.org"),
        ] {
            let expected = ("/config/url".to_owned(), format!("http: {host}"));
            assert_eq!(lacks("trigger-webhook", hook(url), &open), [expected]);
        }
        let secret = ("/config/headers/x-key".to_owned(), "secrets: crm".to_owned());
        let without = granting(&[], &[], &["api.example.com"], &[]);
        assert_eq!(lacks("trigger-webhook", hook("https://api.example.com"), &without), [secret]);
    }
}
