//! The program `stepwright`: parses the command line, builds what it asks for and runs it.

use clap::Parser as _;
use std::process::ExitCode;
use stepwright_server::cli::{Cli, Command};
use stepwright_server::{commands, output};

fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Serve(args) => commands::serve(&args),
        Command::Migrate(args) => commands::migrate(&args),
        Command::Doctor(args) => commands::doctor(&args),
        Command::CompileComponent => return commands::compile_component(),
    };
    ended.unwrap_or_else(|error| {
        output::complain(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
