//! Where host calls go: to the host on wasm, to the fake of [`crate::testing`] elsewhere.

#[cfg(target_family = "wasm")]
pub(crate) use crate::bindings::{
    data, entities, events, flow, kv, llm, log, mail, memory, notify, run, secrets, tools,
};

#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::testing::agent_sys::{llm, memory, run, tools};
#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::testing::sys::{data, entities, events, flow, kv, log, mail, notify, secrets};
