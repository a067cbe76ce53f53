//! Log lines on standard error.

use crate::cli::LogFormat;
use anyhow::Context as _;
use std::io::IsTerminal as _;
use tracing::Subscriber;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, fmt};

/// A layer that writes what passes `filter`.
///
/// # Errors
/// When the filter can't be read.
pub fn layer<S>(filter: &str, format: LogFormat) -> anyhow::Result<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let filter = EnvFilter::builder().parse(filter).with_context(|| format!("log filter '{filter}'"))?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    Ok(match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_filter(filter).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).with_filter(filter).boxed(),
    })
}
