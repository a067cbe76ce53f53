//! Linkers: exactly the doors of one set of capabilities, and WASI with nothing behind it.

use crate::bindings::{data, entities, events, flow, kv, llm, log, mail, memory, notify, run, secrets, tools, types};
use crate::state::State;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use stepwright_app::{Capability, CapabilitySet};
use wasmtime::Engine;
use wasmtime::component::{HasData, HasSelf, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi::{WasiView as _, random::WasiRandomView as _};
use wasmtime_wasi_http::p2::bindings as wasi_http;
use wasmtime_wasi_http::{WasiHttp, WasiHttpView as _};

/// Linkers kept. A linker is some 130 KB, and few of the possible sets occur.
const MAX_KEPT: usize = 32;

/// One linker per set of capabilities.
#[derive(Default)]
pub struct Linkers {
    kept: Mutex<HashMap<CapabilitySet, Arc<Linker<State>>>>,
}

impl Linkers {
    /// The linker with these doors and no others.
    pub fn with(&self, engine: &Engine, doors: &CapabilitySet) -> wasmtime::Result<Arc<Linker<State>>> {
        if let Some(linker) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(doors) {
            return Ok(Arc::clone(linker));
        }
        let linker = Arc::new(build(engine, doors)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(doors.clone(), Arc::clone(&linker));
        Ok(linker)
    }
}

fn build(engine: &Engine, doors: &CapabilitySet) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    link_wasi(&mut linker)?;
    types::add_to_linker::<State, HasSelf<State>>(&mut linker, |s| s)?;
    log::add_to_linker::<State, HasSelf<State>>(&mut linker, |s| s)?;
    link_agents(&mut linker)?;
    for door in doors {
        match door {
            Capability::Log => {}
            Capability::Entities => entities::add_to_linker::<State, HasSelf<State>>(&mut linker, |s| s)?,
            Capability::Data => data::add_to_linker::<State, HasSelf<State>>(&mut linker, |s| s)?,
            Capability::Mail => mail::add_to_linker::<State, HasSelf<State>>(&mut linker, |s| s)?,
            Capability::Notify => notify::add_to_linker::<State, HasSelf<State>>(&mut linker, |s| s)?,
            Capability::Kv => kv::add_to_linker::<State, HasSelf<State>>(&mut linker, |s| s)?,
            Capability::Secrets => secrets::add_to_linker::<State, HasSelf<State>>(&mut linker, |s| s)?,
            Capability::Flow => flow::add_to_linker::<State, HasSelf<State>>(&mut linker, |s| s)?,
            Capability::Events => events::add_to_linker::<State, HasSelf<State>>(&mut linker, |s| s)?,
            Capability::Http => link_http(&mut linker)?,
        }
    }
    Ok(linker)
}

/// For everybody, like the log: what there is behind them is the agent's grants to say, and nothing for who is none.
fn link_agents(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    run::add_to_linker::<State, HasSelf<State>>(linker, |s| s)?;
    tools::add_to_linker::<State, HasSelf<State>>(linker, |s| s)?;
    memory::add_to_linker::<State, HasSelf<State>>(linker, |s| s)?;
    llm::add_to_linker::<State, HasSelf<State>>(linker, |s| s)
}

fn link_http(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let options = wasi_http::LinkOptions::default();
    wasi_http::http::outgoing_handler::add_to_linker::<State, WasiHttp>(linker, State::http)?;
    wasi_http::http::types::add_to_linker::<State, WasiHttp>(linker, &(&options).into(), State::http)
}

struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// Everything that std of any language imports, so that it links; there are no files, variables or sockets behind it.
///
/// Interface by interface instead of `add_to_linker_async`, because `wasi:io/error` is ours.
fn link_wasi(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let options = wasi::LinkOptions::default();
    wasi::io::error::add_to_linker::<State, HasSelf<State>>(linker, |s| s)?;
    wasi::io::poll::add_to_linker::<State, HasTable>(linker, |s| s.ctx().table)?;
    wasi::io::streams::add_to_linker::<State, HasTable>(linker, |s| s.ctx().table)?;

    wasi::clocks::wall_clock::add_to_linker::<State, WasiClocks>(linker, State::clocks)?;
    wasi::clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(linker, State::clocks)?;

    wasi::random::random::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    wasi::random::insecure::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    wasi::random::insecure_seed::add_to_linker::<State, WasiRandom>(linker, State::random)?;

    wasi::cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    wasi::cli::environment::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    wasi::cli::stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    wasi::cli::stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    wasi::cli::stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    wasi::cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    wasi::cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    wasi::cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    wasi::cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    wasi::cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;

    wasi::filesystem::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    wasi::filesystem::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;

    wasi::sockets::instance_network::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    wasi::sockets::network::add_to_linker::<State, WasiSockets>(linker, &(&options).into(), State::sockets)?;
    wasi::sockets::ip_name_lookup::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    wasi::sockets::tcp::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    wasi::sockets::tcp_create_socket::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    wasi::sockets::udp::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    wasi::sockets::udp_create_socket::add_to_linker::<State, WasiSockets>(linker, State::sockets)
}
