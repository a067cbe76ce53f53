use crate::bindings::log;
use crate::logs;
use crate::state::State;
use stepwright_app::ports::LogLevel;

impl log::Host for State {
    // Not counted as a host call: the log has limits of its own, and they cut instead of stopping the guest.
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        logs::lock(&self.logs).push(level, message);
        Ok(())
    }
}
