//! What `wit-bindgen` makes of the WIT packages.
//!
//! A component's imports are the host functions its code still calls after linking, so all capabilities can stand in
//! one world. Exports are different: an exported interface must be there, so each family has a world of its own
//! whose type section is linked only by the `export_*` macro that `plugin!` calls.

/// Capabilities and shared types.
mod capabilities {
    wit_bindgen::generate!({
        path: [
            "../wit/types@0.1.0",
            "../wit/log@0.1.0",
            "../wit/entities@0.1.0",
            "../wit/data@0.1.0",
            "../wit/mail@0.1.0",
            "../wit/notify@0.1.0",
            "../wit/kv@0.1.0",
            "../wit/secrets@0.1.0",
            "../wit/flow@0.1.0",
            "../wit/events@0.1.0",
        ],
        inline: "
            package stepwright:sdk;
            world capabilities {
                import stepwright:types/types@0.1.0;
                import stepwright:log/log@0.1.0;
                import stepwright:entities/entities@0.1.0;
                import stepwright:data/data@0.1.0;
                import stepwright:mail/mail@0.1.0;
                import stepwright:notify/notify@0.1.0;
                import stepwright:kv/kv@0.1.0;
                import stepwright:secrets/secrets@0.1.0;
                import stepwright:flow/flow@0.1.0;
                import stepwright:events/events@0.1.0;
            }
        ",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
        additional_type_attributes: {
            "stepwright:types/types@0.1.0/entity-ref": [#[derive(Eq, serde::Serialize, serde::Deserialize)]],
        },
    });
}

pub use capabilities::stepwright::{
    data::data, entities::entities, kv::kv, log::log, mail::mail, notify::notify, types::types,
};
#[cfg(target_family = "wasm")]
pub use capabilities::stepwright::{events::events, flow::flow, secrets::secrets};

/// What only agents may call.
mod agent_capabilities {
    wit_bindgen::generate!({
        path: [
            "../wit/types@0.1.0",
            "../wit/run@0.1.0",
            "../wit/tools@0.1.0",
            "../wit/memory@0.1.0",
            "../wit/llm@0.1.0",
        ],
        inline: "
            package stepwright:sdk-agent-capabilities;
            world agent-capabilities {
                import stepwright:run/run@0.1.0;
                import stepwright:tools/tools@0.1.0;
                import stepwright:memory/memory@0.1.0;
                import stepwright:llm/llm@0.1.0;
            }
        ",
        with: { "stepwright:types/types@0.1.0": crate::bindings::types },
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

pub use agent_capabilities::stepwright::{llm::llm, memory::memory, run::run, tools::tools};

/// The manifest, exported by every plugin.
pub mod manifest {
    wit_bindgen::generate!({
        path: ["../wit/plugin@0.1.0"],
        inline: "package stepwright:sdk-manifest; world manifest { export stepwright:plugin/manifest@0.1.0; }",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_manifest",
    });
}

/// The step family.
pub mod steps {
    wit_bindgen::generate!({
        path: ["../wit/types@0.1.0", "../wit/plugin@0.1.0", "../wit/step@0.1.0"],
        inline: "package stepwright:sdk-steps; world steps { export stepwright:step/steps@0.1.0; }",
        with: { "stepwright:types/types@0.1.0": crate::bindings::types },
        generate_all,
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_steps",
    });
}

/// The condition family.
pub mod conditions {
    wit_bindgen::generate!({
        path: ["../wit/types@0.1.0", "../wit/plugin@0.1.0", "../wit/condition@0.1.0"],
        inline: "package stepwright:sdk-conditions; world conditions { export stepwright:condition/conditions@0.1.0; }",
        with: { "stepwright:types/types@0.1.0": crate::bindings::types },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_conditions",
    });
}

/// The guard family.
pub mod guards {
    wit_bindgen::generate!({
        path: ["../wit/types@0.1.0", "../wit/plugin@0.1.0", "../wit/guard@0.1.0"],
        inline: "package stepwright:sdk-guards; world guards { export stepwright:guard/guards@0.1.0; }",
        with: { "stepwright:types/types@0.1.0": crate::bindings::types },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_guards",
    });
}

/// The agent family.
pub mod agents {
    wit_bindgen::generate!({
        path: [
            "../wit/types@0.1.0",
            "../wit/plugin@0.1.0",
            "../wit/run@0.1.0",
            "../wit/tools@0.1.0",
            "../wit/memory@0.1.0",
            "../wit/llm@0.1.0",
            "../wit/agent@0.1.0",
        ],
        inline: "package stepwright:sdk-agents; world agents { export stepwright:agent/agents@0.1.0; }",
        with: { "stepwright:types/types@0.1.0": crate::bindings::types },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_agents",
    });
}
