//! `wasi:io/error` without the original's debug text: that one prints a host backtrace when RUST_BACKTRACE is set.

use crate::state::State;
use wasmtime::component::Resource;
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::p2::IoError;
use wasmtime_wasi::p2::bindings::io::error;

impl error::Host for State {}

impl error::HostError for State {
    fn to_debug_string(&mut self, this: Resource<IoError>) -> wasmtime::Result<String> {
        Ok(self.ctx().table.get(&this)?.to_string())
    }

    fn drop(&mut self, this: Resource<IoError>) -> wasmtime::Result<()> {
        self.ctx().table.delete(this)?;
        Ok(())
    }
}
