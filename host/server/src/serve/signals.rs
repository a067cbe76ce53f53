//! SIGTERM and SIGINT: the first asks for an orderly end, the second gets one at once.

use crate::output;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a shell reports for a program ended by SIGINT; ours for every end that was forced.
const FORCED: i32 = 130;

/// The signals that end the host.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on the signals don't kill the process.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one.
    pub async fn wait(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// From now on the next signal ends the process on the spot.
    pub fn exit_on_the_next(mut self) {
        tokio::spawn(async move {
            let name = self.wait().await;
            output::complain(format_args!("{name} again: ending at once"));
            std::process::exit(FORCED);
        });
    }
}
