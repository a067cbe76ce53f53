//! What `bindgen!` makes of the WIT packages.
//!
//! All capabilities stand in one world: an import that a component does not have costs nothing. Exports are
//! different, an exported interface must be there, so each family of plugins has a world of its own and shares the
//! types of the first.

/// Capabilities and shared types.
mod capabilities {
    wasmtime::component::bindgen!({
        path: [
            "../../wit/types@0.1.0",
            "../../wit/log@0.1.0",
            "../../wit/entities@0.1.0",
            "../../wit/data@0.1.0",
            "../../wit/mail@0.1.0",
            "../../wit/notify@0.1.0",
            "../../wit/kv@0.1.0",
            "../../wit/secrets@0.1.0",
            "../../wit/flow@0.1.0",
            "../../wit/events@0.1.0",
        ],
        inline: "
            package stepwright:host;
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
        imports: { "stepwright:log/log@0.1.0": trappable, default: async | trappable },
        trappable_error_type: { "stepwright:types/types@0.1.0.host-error" => crate::hosts::Refusal },
    });
}

pub use capabilities::stepwright::{
    data::data, entities::entities, events::events, flow::flow, kv::kv, log::log, mail::mail, notify::notify,
    secrets::secrets, types::types,
};

/// What only agents may call.
mod agent_capabilities {
    wasmtime::component::bindgen!({
        path: [
            "../../wit/types@0.1.0",
            "../../wit/run@0.1.0",
            "../../wit/tools@0.1.0",
            "../../wit/memory@0.1.0",
            "../../wit/llm@0.1.0",
        ],
        inline: "
            package stepwright:host-agent;
            world agent-capabilities {
                import stepwright:run/run@0.1.0;
                import stepwright:tools/tools@0.1.0;
                import stepwright:memory/memory@0.1.0;
                import stepwright:llm/llm@0.1.0;
            }
        ",
        with: {
            "stepwright:types/types@0.1.0": crate::bindings::types,
            "stepwright:llm/llm@0.1.0.conversation": crate::hosts::agent::Conversation,
        },
        imports: { default: async | trappable },
    });
}

pub use agent_capabilities::stepwright::{llm::llm, memory::memory, run::run, tools::tools};

/// The manifest, exported by every plugin.
mod manifest_world {
    wasmtime::component::bindgen!({
        path: ["../../wit/plugin@0.1.0"],
        inline: "package stepwright:host-manifest; world manifest { export stepwright:plugin/manifest@0.1.0; }",
        exports: { default: async },
    });
}

/// The step family.
mod step_world {
    wasmtime::component::bindgen!({
        path: ["../../wit/types@0.1.0", "../../wit/plugin@0.1.0", "../../wit/step@0.1.0"],
        inline: "package stepwright:host-steps; world steps { export stepwright:step/steps@0.1.0; }",
        with: { "stepwright:types/types@0.1.0": crate::bindings::types },
        exports: { default: async },
    });
}

/// The condition family.
mod condition_world {
    wasmtime::component::bindgen!({
        path: ["../../wit/types@0.1.0", "../../wit/plugin@0.1.0", "../../wit/condition@0.1.0"],
        inline: "package stepwright:host-conditions; world conditions { export stepwright:condition/conditions@0.1.0; }",
        with: { "stepwright:types/types@0.1.0": crate::bindings::types },
        exports: { default: async },
    });
}

/// The guard family.
mod guard_world {
    wasmtime::component::bindgen!({
        path: ["../../wit/types@0.1.0", "../../wit/plugin@0.1.0", "../../wit/guard@0.1.0"],
        inline: "package stepwright:host-guards; world guards { export stepwright:guard/guards@0.1.0; }",
        with: { "stepwright:types/types@0.1.0": crate::bindings::types },
        exports: { default: async },
    });
}

/// The agent family.
mod agent_world {
    wasmtime::component::bindgen!({
        path: [
            "../../wit/types@0.1.0",
            "../../wit/plugin@0.1.0",
            "../../wit/run@0.1.0",
            "../../wit/tools@0.1.0",
            "../../wit/memory@0.1.0",
            "../../wit/llm@0.1.0",
            "../../wit/agent@0.1.0",
        ],
        inline: "package stepwright:host-agents; world agents { export stepwright:agent/agents@0.1.0; }",
        with: { "stepwright:types/types@0.1.0": crate::bindings::types },
        exports: { default: async },
    });
}

pub use agent_world::exports::stepwright::agent::agents;
pub use condition_world::exports::stepwright::condition::conditions;
pub use guard_world::exports::stepwright::guard::guards;
pub use manifest_world::exports::stepwright::plugin::manifest;
pub use step_world::exports::stepwright::step::steps;
