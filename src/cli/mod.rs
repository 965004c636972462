//! The command line: one file a subcommand.
//!
//! Exit codes: 0 done, 1 failed, 2 done in part (promises that cannot be kept, orders set aside, a plan that breaks a
//! constraint, a solution that states a wrong cost, a noise model that is not written, forecasts that cannot be believed,
//! rows of a table left out), 64 wrong usage: arguments or settings that are wrong whatever days, plans and instances say.
//! Results go to standard output, everything else to standard error.

mod argument;
mod bench;
mod calibrate;
mod console;
mod day;
mod day_file;
mod demo;
mod evaluate;
mod export;
mod failure;
mod forecast;
mod frontier;
mod generate;
mod import;
mod interrupt;
mod learn;
mod plan;
mod progress;
mod report;
mod serve;
mod sheet;
mod simulate;
mod solve;
mod trace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::{EXIT_FAILURE, EXIT_PARTIAL, EXIT_USAGE, Failure};

/// What the exit codes mean, for the help.
const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 done in part (promises that cannot be kept, orders set aside, \
    a plan that breaks a constraint, a solution that states a wrong cost, a noise model that is not written, forecasts \
    that cannot be believed, rows of a table left out), 64 wrong usage (arguments or settings that are wrong whatever the files say).";

/// Largest answer of a service that its clients here take, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Plans delivery days that keep their promises.
#[derive(Debug, Parser)]
#[command(name = "punctual", version, max_term_width = 110, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Demo(demo::Arguments),
    Plan(plan::Arguments),
    Solve(solve::Arguments),
    Evaluate(evaluate::Arguments),
    Forecast(forecast::Arguments),
    Import(Box<import::Arguments>),
    Export(export::Arguments),
    Sheet(sheet::Arguments),
    Simulate(simulate::Arguments),
    Day(day::Arguments),
    Learn(learn::Arguments),
    Calibrate(calibrate::Arguments),
    Generate(generate::Arguments),
    Bench(bench::Arguments),
}

/// What came of a command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// Everything that was asked for.
    Fully,
    /// The result is there, but not all that one would wish.
    InPart,
}

/// Runs the command in `arguments` (the program's name first) and says how the process should exit.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Printing fails only if nobody reads; the exit code still tells.
            let _ = error.print();
            let is_help = error.exit_code() == 0;
            return ExitCode::from(if is_help { 0 } else { EXIT_USAGE });
        }
    };
    let done = match cli.command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Plan(arguments) => plan::run(arguments),
        Command::Solve(arguments) => solve::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Forecast(arguments) => forecast::run(arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Sheet(arguments) => sheet::run(arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
        Command::Day(arguments) => day::run(arguments),
        Command::Learn(arguments) => learn::run(&arguments),
        Command::Calibrate(arguments) => calibrate::run(&arguments),
        Command::Generate(arguments) => generate::run(arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    };
    match done {
        Ok(Done::Fully) => ExitCode::SUCCESS,
        Ok(Done::InPart) => ExitCode::from(EXIT_PARTIAL),
        Err(failure) => {
            if !failure.is_silent() {
                console::note(report::plain(&failure.to_string()));
            }
            ExitCode::from(failure.exit_code())
        }
    }
}
