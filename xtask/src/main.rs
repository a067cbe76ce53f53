//! `cargo xtask …`: everything a clone needs besides plain cargo. It provides the WebAssembly target, builds the
//! plugins, starts the server, and runs the tests and the checks that CI runs.
//!
//! All messages go to stderr; stdout belongs to the programs that a command starts.

mod cmd;
mod plugins;
mod postgres;
mod run;
mod setup;
mod test;
mod tidy;
mod verify;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cmd::say;

/// Build, run and check Stepwright.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make sure that this toolchain can compile for wasm32-wasip2
    ///
    /// Does nothing when the target works already. Else it asks rustup, and where rustup can't reach its server it
    /// builds the target's standard library from Debian's source package of exactly this rustc version.
    Setup,

    /// Build the first-party plugins to target/plugins/<crate>.wasm
    ///
    /// Every workspace member under plugins/ with a cdylib target is built for wasm32-wasip2 with the `plugin`
    /// profile. A file whose bytes did not change keeps its time stamp.
    Plugins {
        /// Also build the odd and hostile components of tests/guests to target/guests/<crate>.wasm
        #[arg(long)]
        guests: bool,
    },

    /// Build everything and start the server: `cargo xtask serve --demo`
    Serve {
        /// Arguments for `stepwright serve`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },

    /// Run the whole test suite, on SQLite and PostgreSQL
    ///
    /// PostgreSQL is taken from STEPWRIGHT_TEST_DATABASE_URL, else from a server on 127.0.0.1:5432 that lets the user
    /// `postgres` in without a password, else from a temporary cluster made with the installed PostgreSQL programs.
    /// Without any of them the PostgreSQL tests are skipped, loudly.
    Test {
        /// Run only the tests whose name contains this
        filter: Option<String>,
    },

    /// Run all that CI runs: formatting, tidy, lints, dependency policy, tests
    Verify,

    /// Check the architecture rules that the compiler doesn't: who may depend on what, file sizes, twin migrations
    Tidy,

    /// Run the benchmarks (arguments go to stepwright-bench)
    Bench {
        /// Arguments for `stepwright-bench`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    match perform(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not by returning it from main: with RUST_BACKTRACE set, a backtrace would push the reason off the screen.
            say!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Setup => setup::run(),
        Command::Plugins { guests } => {
            setup::ensure_target()?;
            plugins::build(guests)
        }
        Command::Serve { args } => run::serve(&args),
        Command::Test { filter } => test::run(filter.as_deref()),
        Command::Verify => verify::run(),
        Command::Tidy => tidy::run(),
        Command::Bench { args } => run::bench(&args),
    }
}
