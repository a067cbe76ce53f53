//! What a guest writes: lines of `log`, standard output and standard error, all within one budget.

use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stepwright_app::ports::{LogLevel, LogLine};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Lines of one invocation.
const MAX_LINES: usize = 1_000;
/// A longer line of standard output or error is broken.
const MAX_LINE_BYTES: usize = 8 << 10;
/// How much of the end of standard error is kept apart, for the text of a panic.
const TAIL_BYTES: usize = 2 << 10;

/// The log of one invocation.
#[derive(Debug)]
pub struct Logs {
    lines: Vec<LogLine>,
    budget: usize,
    left: usize,
    cut_lines: usize,
    cut_bytes: usize,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    tail: String,
}

/// A log shared between the guest's streams and the host.
pub type SharedLogs = Arc<Mutex<Logs>>;

/// The log, also after a panic elsewhere: a line more or less does no harm.
pub fn lock(logs: &SharedLogs) -> MutexGuard<'_, Logs> {
    logs.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Logs {
    /// An empty log that keeps at most `budget` bytes.
    pub fn new(budget: u32) -> Self {
        let budget = budget as usize;
        Self {
            lines: Vec::new(),
            budget,
            left: budget,
            cut_lines: 0,
            cut_bytes: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            tail: String::new(),
        }
    }

    /// Adds a line, or the part of it that fits.
    pub fn push(&mut self, level: LogLevel, mut message: String) {
        if self.lines.len() >= MAX_LINES || (self.left == 0 && !message.is_empty()) {
            self.cut_lines += 1;
            self.cut_bytes += message.len();
            return;
        }
        if message.len() > self.left {
            let fits = message.floor_char_boundary(self.left);
            self.cut_bytes += message.len() - fits;
            self.cut_lines += 1;
            self.left = 0;
            message.truncate(fits);
        } else {
            self.left -= message.len();
        }
        self.lines.push(LogLine { level, message });
    }

    /// Goes on under another budget, which what is there counts against.
    pub fn limit(&mut self, budget: u32) {
        let begun = self.take();
        *self = Self::new(budget);
        begun.into_iter().for_each(|line| self.push(line.level, line.message));
    }

    fn stream(&mut self, level: LogLevel, bytes: &[u8]) {
        if level == LogLevel::Error {
            self.keep_tail(bytes);
        }
        let mut buffer = std::mem::take(if level == LogLevel::Error { &mut self.stderr } else { &mut self.stdout });
        for &byte in bytes {
            if byte != b'\n' {
                buffer.push(byte);
            }
            if byte == b'\n' || buffer.len() >= MAX_LINE_BYTES {
                self.push(level, String::from_utf8_lossy(&buffer).into_owned());
                buffer.clear();
            }
        }
        *(if level == LogLevel::Error { &mut self.stderr } else { &mut self.stdout }) = buffer;
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        let recent = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
        self.tail.push_str(&String::from_utf8_lossy(recent));
        if self.tail.len() > TAIL_BYTES {
            let start = self.tail.ceil_char_boundary(self.tail.len() - TAIL_BYTES);
            self.tail.drain(..start);
        }
    }

    /// The end of standard error without what is of no use to the reader.
    pub fn panic_text(&self) -> String {
        let useful = |line: &&str| !line.trim().is_empty() && !line.contains("RUST_BACKTRACE");
        self.tail.lines().filter(useful).collect::<Vec<_>>().join("\n")
    }

    /// All lines, with a mark at the end when some are missing.
    pub fn take(&mut self) -> Vec<LogLine> {
        for (level, rest) in
            [(LogLevel::Info, std::mem::take(&mut self.stdout)), (LogLevel::Error, std::mem::take(&mut self.stderr))]
        {
            if !rest.is_empty() {
                self.push(level, String::from_utf8_lossy(&rest).into_owned());
            }
        }
        let mut lines = std::mem::take(&mut self.lines);
        if self.cut_lines > 0 {
            let message = format!(
                "log cut: {} bytes on {} lines are missing; the limits are {} bytes and {MAX_LINES} lines",
                self.cut_bytes, self.cut_lines, self.budget
            );
            lines.push(LogLine { level: LogLevel::Warn, message });
        }
        lines
    }
}

/// Standard output or error of a guest.
#[derive(Clone)]
pub struct LogStream {
    logs: SharedLogs,
    level: LogLevel,
}

impl LogStream {
    pub fn new(logs: SharedLogs, level: LogLevel) -> Self {
        Self { logs, level }
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    // Only WASI 0.3 asks for this one, and that is not linked.
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        lock(&self.logs).stream(self.level, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(logs: &mut Logs) -> Vec<String> {
        logs.take().into_iter().map(|line| line.message).collect()
    }

    #[test]
    fn streams_become_lines() {
        let mut logs = Logs::new(1_000);
        logs.stream(LogLevel::Info, b"one\ntw");
        logs.stream(LogLevel::Error, b"bad\n");
        logs.stream(LogLevel::Info, b"o\nrest");
        assert_eq!(messages(&mut logs), ["one", "bad", "two", "rest"]);
    }

    #[test]
    fn what_does_not_fit_is_cut_and_said_so() {
        let mut logs = Logs::new(10);
        logs.push(LogLevel::Info, "123456".into());
        logs.push(LogLevel::Info, "7ää".into());
        logs.push(LogLevel::Info, "never seen".into());
        let lines = messages(&mut logs);
        assert_eq!(lines[..2], ["123456", "7ä"]);
        assert_eq!(lines[2], "log cut: 12 bytes on 2 lines are missing; the limits are 10 bytes and 1000 lines");
    }

    #[test]
    fn lines_are_counted_too() {
        let mut logs = Logs::new(1 << 20);
        for _ in 0..MAX_LINES + 5 {
            logs.push(LogLevel::Debug, String::new());
        }
        let lines = messages(&mut logs);
        assert_eq!(lines.len(), MAX_LINES + 1);
        assert!(lines[MAX_LINES].contains("5 lines"));
    }

    #[test]
    fn the_text_of_a_panic_survives_a_full_log() {
        let mut logs = Logs::new(0);
        logs.stream(LogLevel::Error, &[b'x'; 5_000]);
        logs.stream(
            LogLevel::Error,
            b"\nthread panicked at src/lib.rs:1:1:\nno invoices\nnote: set RUST_BACKTRACE=1\n",
        );
        assert!(logs.panic_text().ends_with("thread panicked at src/lib.rs:1:1:\nno invoices"));
    }
}
