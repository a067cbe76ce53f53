//! The command line. What may be left out is `None` here; `config` puts the layers together.

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Multi-tenant workflow host: steps are WebAssembly components, executions are durable.
#[derive(Debug, Parser)]
#[command(name = "stepwright", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Every option can also be set by its environment variable or in a configuration file (--config). \
The command line wins over the environment, the environment over the file."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the host.
    ///
    /// Applies pending migrations, loads the built-in plugins and serves HTTP. Prints `listening on http://ADDR` to
    /// standard output when it is ready; logs go to standard error. SIGTERM or SIGINT ends it in order within 10 s, a
    /// second signal at once.
    Serve(ServeArgs),
    /// Apply the database's pending migrations, then exit.
    Migrate(CommonArgs),
    /// Check the set-up and say what is wrong.
    ///
    /// Prints one line per check, `ok` or `fail` first. The exit code is 0 when nothing fails.
    Doctor(ServeArgs),
    /// Compile one component. Started by the host itself, as a child with limits.
    #[command(hide = true, name = "compile-component")]
    CompileComponent,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args, Serialize)]
pub struct CommonArgs {
    /// Where the host keeps its files: SQLite database, compile cache, admin-token [default: ./stepwright-data]
    #[arg(long, value_name = "DIR", env = "STEPWRIGHT_DATA_DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,

    /// postgres://… or sqlite://… [default: stepwright.db inside the data directory]
    #[arg(long, value_name = "URL", env = "STEPWRIGHT_DATABASE_URL", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,

    /// Configuration file (TOML): the options' names with underscores, such as data_dir = "/var/lib/stepwright"
    #[arg(long, value_name = "FILE", env = "STEPWRIGHT_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// What to log: error, warn, info, debug, trace, also per target (info,stepwright_sandbox=debug). RUST_LOG is
    /// heeded too [default: info]
    #[arg(long, value_name = "FILTER", env = "STEPWRIGHT_LOG", help_heading = "Telemetry")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,

    /// How log lines look [default: text]
    #[arg(long, value_name = "FORMAT", env = "STEPWRIGHT_LOG_FORMAT", help_heading = "Telemetry")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<LogFormat>,

    /// Where traces are sent (OTLP over HTTP); OTEL_EXPORTER_OTLP_ENDPOINT is heeded too [default: nowhere]
    #[arg(long, value_name = "URL", env = "STEPWRIGHT_OTLP_ENDPOINT", help_heading = "Telemetry")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
}

/// What `serve` and `doctor` take.
#[derive(Clone, Debug, Default, Args, Serialize)]
pub struct ServeArgs {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: CommonArgs,

    /// Address to serve HTTP on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "STEPWRIGHT_LISTEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,

    /// Seed a demo tenant with keys, data and workflows, and print curl lines to paste
    #[arg(long, env = "STEPWRIGHT_DEMO", value_parser = clap::builder::BoolishValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,

    /// Where the live demo tenant's mail goes: a loopback SMTP server, such as 127.0.0.1:1025 [default: none]
    #[arg(long, value_name = "HOST:PORT", env = "STEPWRIGHT_DEMO_SMTP", requires = "demo")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demo_smtp: Option<String>,

    /// Take callers' addresses from X-Forwarded-For, as written by the proxy in front
    #[arg(long, env = "STEPWRIGHT_TRUST_FORWARDED_FOR", value_parser = clap::builder::BoolishValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub trust_forwarded_for: bool,

    /// Name the host greets SMTP servers with [default: the machine's name]
    #[arg(long, value_name = "NAME", env = "STEPWRIGHT_HELO_NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helo_name: Option<String>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people; in colour on a terminal.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_has_an_environment_variable_named_after_it() {
        for command in Cli::command().get_subcommands() {
            for arg in command.get_arguments() {
                let Some(long) = arg.get_long().filter(|l| !["help", "version"].contains(l)) else { continue };
                let expected = format!("STEPWRIGHT_{}", long.to_uppercase().replace('-', "_"));
                assert_eq!(arg.get_env().and_then(|e| e.to_str()), Some(expected.as_str()), "--{long}");
            }
        }
    }
}
