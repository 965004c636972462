//! The `punctual` command.

use clap::Parser;

#[derive(Parser)]
enum Command {
    /// Solve.
    Solve(punctual::cli::solve::SolveArgs),
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    let Command::Solve(args) = Command::parse();
    punctual::cli::solve::run(&args)
}
