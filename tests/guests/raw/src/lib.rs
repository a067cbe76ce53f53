//! The step world without the SDK, for guests that break its rules.

wit_bindgen::generate!({
    path: ["../../../wit/types@0.1.0", "../../../wit/plugin@0.1.0", "../../../wit/step@0.1.0"],
    world: "stepwright:step/step-plugin@0.1.0",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_step_plugin",
});

pub use exports::stepwright::plugin::manifest;
pub use exports::stepwright::step::steps;
pub use stepwright::types::types;

/// A manifest that asks for nothing.
pub fn plain_manifest(name: &str) -> manifest::Manifest {
    manifest::Manifest {
        name: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        description: "For the host's tests".to_owned(),
        hosts: Vec::new(),
        datasets: Vec::new(),
        secrets: Vec::new(),
    }
}

/// A descriptor with nothing wrong.
pub fn plain_descriptor(id: &str) -> steps::Descriptor {
    steps::Descriptor {
        id: id.to_owned(),
        title: id.to_owned(),
        description: String::new(),
        category: steps::Category::Logic,
        config_schema: "{\"type\":\"object\"}".to_owned(),
        output_schema: None,
        requires_delivery: false,
        delivers: false,
    }
}

/// A fault that is final.
pub fn failed(code: &str, reason: String, info: Option<String>) -> steps::Outcome {
    steps::Outcome::Failed(types::Fault { code: code.to_owned(), reason, retryable: false, info })
}
