//! Compiles a component from standard input to standard output, under limits. For tests: the server offers the same
//! as a hidden subcommand.

fn main() -> std::process::ExitCode {
    let status = stepwright_sandbox::compile_worker_main();
    u8::try_from(status).map_or(std::process::ExitCode::FAILURE, std::process::ExitCode::from)
}
