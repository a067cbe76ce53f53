//! Changing settings: a JSON merge patch (RFC 7396) over what the API shows, checked as a whole.

use crate::kit::{ApiResult, Faults, Fields};
use serde_json::{Map, Value};
use stepwright_app::{ApplicationSettings, JwtSettings, Quotas, Settings, Smtp, SmtpMode, WebhookPolicy};

/// What a secret is shown as; sent back it leaves the secret as it is.
pub const SET: &str = "set";

/// Whether the member at this path is write-only.
pub fn is_secret(path: &[&str]) -> bool {
    match path {
        ["smtp", "password"] | ["jwt", "hs256_secret"] | ["secrets", _] => true,
        // The shape of `llm` is its provider's, so secrets are known by their names.
        ["llm", .., name] => ["key", "token", "secret", "password"].iter().any(|word| name.ends_with(word)),
        _ => false,
    }
}

/// The settings after the patch.
///
/// # Errors
/// `Invalid` with every fault.
pub fn patched(current: &Settings, patch: &Value) -> ApiResult<Settings> {
    let faults = Faults::new();
    // Checks that it is an object.
    Fields::of(patch, &faults)?;
    let mut merged = serde_json::to_value(current).unwrap_or_default();
    merge(&mut Vec::new(), &mut merged, patch);
    let settings = read(&Fields::of(&merged, &faults)?);
    faults.or(settings)
}

fn merge<'a>(path: &mut Vec<&'a str>, target: &mut Value, patch: &'a Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in members {
        path.push(name);
        let unchanged = is_secret(path) && value.as_str() == Some(SET);
        if value.is_null() {
            target.remove(name);
        } else if !unchanged {
            merge(path, target.entry(name.clone()).or_insert(Value::Null), value);
        }
        path.pop();
    }
}

/// What is absent has its default, so that `null` in a patch means "as in the beginning".
fn read(fields: &Fields<'_>) -> Settings {
    let defaults = Settings::default();
    Settings {
        timezone: fields.opt_text("timezone").unwrap_or(defaults.timezone),
        smtp: fields.opt_object("smtp").map(|f| read_smtp(&f)),
        jwt: fields.opt_object("jwt").map(|f| read_jwt(&f)),
        webhooks: fields.opt_object("webhooks").map(|f| read_webhooks(&f)).unwrap_or_default(),
        llm: fields.typed("llm", "must be an object", |v| v.is_object().then(|| v.clone())),
        quotas: fields.opt_object("quotas").map(|f| read_quotas(&f)).unwrap_or_default(),
        applications: fields.opt_object("applications").map(|f| read_applications(&f)).unwrap_or_default(),
        secrets: fields.opt_object("secrets").map(|f| read_secrets(&f)).unwrap_or_default(),
    }
}

fn read_smtp(fields: &Fields<'_>) -> Smtp {
    let modes = [("starttls", SmtpMode::Starttls), ("tls", SmtpMode::Tls), ("none", SmtpMode::None)];
    let mode = fields.opt_choice("mode", &modes).unwrap_or(SmtpMode::Starttls);
    // The ports of submission (source: contracts/plugins.md 4.8).
    let usual = match mode {
        SmtpMode::Starttls => 587,
        SmtpMode::Tls => 465,
        SmtpMode::None => 25,
    };
    Smtp {
        host: fields.text("host"),
        port: fields.opt_u64("port", 65_535).and_then(|n| u16::try_from(n).ok()).unwrap_or(usual),
        mode,
        username: fields.opt_text("username"),
        password: fields.opt_text("password"),
        from: fields.text("from"),
        reply_to: fields.opt_text("reply_to"),
    }
}

fn read_jwt(fields: &Fields<'_>) -> JwtSettings {
    JwtSettings {
        hs256_secret: fields.opt_text("hs256_secret"),
        jwks: fields.get("jwks").cloned(),
        issuer: fields.opt_text("issuer"),
        audience: fields.opt_text("audience"),
    }
}

fn read_webhooks(fields: &Fields<'_>) -> WebhookPolicy {
    WebhookPolicy { allow_private_targets: fields.opt_bool("allow_private_targets").unwrap_or(false) }
}

fn read_quotas(fields: &Fields<'_>) -> Quotas {
    let defaults = Quotas::default();
    Quotas {
        concurrent_invocations: fields.opt_u32("concurrent_invocations").unwrap_or(defaults.concurrent_invocations),
        open_executions: fields.opt_u64("open_executions", i64::MAX as u64).unwrap_or(defaults.open_executions),
        plugins: fields.opt_u32("plugins").unwrap_or(defaults.plugins),
    }
}

fn read_applications(fields: &Fields<'_>) -> ApplicationSettings {
    ApplicationSettings { statuses: fields.texts("statuses") }
}

fn read_secrets(fields: &Fields<'_>) -> std::collections::BTreeMap<String, String> {
    fields.names().filter_map(|name| Some((name.to_owned(), fields.opt_text(name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::ApiError;
    use crate::platform::views::view_settings;
    use serde_json::json;

    fn with_secrets() -> Settings {
        let patch = json!({
            "smtp": {"host": "mail.example", "port": 587, "username": "u", "password": "p", "from": "a@b.example"},
            "llm": {"provider": "x", "api_key": "k"},
            "secrets": {"crm": "s3cret"},
        });
        patched(&Settings::default(), &patch).unwrap()
    }

    #[test]
    fn secrets_are_shown_as_set_and_nowhere_in_clear() {
        let shown = view_settings(&with_secrets());
        assert_eq!(shown["smtp"]["password"], "set");
        assert_eq!(shown["llm"], json!({"provider": "x", "api_key": "set"}));
        assert_eq!(shown["secrets"], json!({"crm": "set"}));
        assert_eq!(shown["jwt"], Value::Null);
    }

    #[test]
    fn what_was_shown_sent_back_changes_nothing() {
        let settings = with_secrets();
        assert_eq!(patched(&settings, &view_settings(&settings)).unwrap(), settings);
    }

    #[test]
    fn null_clears_and_absent_leaves() {
        let settings = with_secrets();
        let next = patched(&settings, &json!({"secrets": {"crm": null}, "smtp": {"password": "q"}})).unwrap();
        assert!(next.secrets.is_empty());
        let smtp = next.smtp.unwrap();
        assert_eq!((smtp.host.as_str(), smtp.password.as_deref()), ("mail.example", Some("q")));
        assert_eq!(patched(&settings, &json!({"smtp": null})).unwrap().smtp, None);
    }

    #[test]
    fn wrong_types_are_all_told_and_unknown_members_are_ignored() {
        let patch = json!({"colour": 1, "timezone": 7, "quotas": {"plugins": "many"}, "smtp": {"port": 70000, "x": 1}});
        let Err(ApiError::Invalid(faults)) = patched(&Settings::default(), &patch) else { panic!("accepted") };
        let mut pointers: Vec<_> = faults.iter().map(|f| f.pointer.as_str()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/quotas/plugins", "/smtp/from", "/smtp/host", "/smtp/port", "/timezone"]);
    }
}
