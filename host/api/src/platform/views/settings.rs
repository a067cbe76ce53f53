use crate::platform::settings::{SET, is_secret};
use serde_json::Value;
use stepwright_app::Settings;

/// The settings with every secret shown as `"set"`.
pub fn view_settings(settings: &Settings) -> Value {
    // Settings always serialize: plain structs and text keys.
    let mut shown = serde_json::to_value(settings).unwrap_or_default();
    mask(&mut Vec::new(), &mut shown);
    shown
}

fn mask<'a>(path: &mut Vec<&'a str>, value: &'a mut Value) {
    if !path.is_empty() && is_secret(path) && !value.is_null() {
        *value = Value::from(SET);
        return;
    }
    if let Value::Object(members) = value {
        for (name, member) in members {
            path.push(name);
            mask(path, member);
            path.pop();
        }
    }
}
