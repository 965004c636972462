//! `punctual bench`: measures the search on benchmark instances, and ways to plan on days.

mod alert_rules;
mod check;
mod instance;
mod live;
mod promises;
mod report;
mod solver;
mod study;

use std::fs;
use std::path::Path;

use super::{Done, Failure};
use crate::formats::{self, Instance, Rounding};

/// Measures the search on benchmark instances, and compares ways to plan on days.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Solver(solver::Arguments),
    Check(check::Arguments),
    Instance(instance::Arguments),
    Promises(promises::Arguments),
    Live(Box<live::Arguments>),
    Study(study::Arguments),
    Report(report::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Failure> {
    match &arguments.command {
        Command::Solver(arguments) => solver::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Instance(arguments) => instance::run(arguments),
        Command::Promises(arguments) => promises::run(arguments),
        Command::Live(arguments) => live::run(arguments),
        Command::Study(arguments) => study::run(arguments),
        Command::Report(arguments) => report::run(arguments),
    }
}

/// Reads a text file.
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("read {}", path.display()), error))
}

/// Reads an instance of any format.
pub(super) fn read_instance(path: &Path, rounding: Option<Rounding>) -> Result<Instance, Failure> {
    formats::read_instance(&read_text(path)?, rounding)
        .map_err(|error| Failure::new(format!("read {}", path.display()), error))
}

/// How many clients of a solution that is not feasible nobody serves, as the end of a sentence; empty if all are served.
pub(super) fn show_unserved(instance: &Instance, routes: &[Vec<usize>]) -> String {
    match instance.unserved(routes).len() {
        0 => String::new(),
        1 => "; 1 client that must be served is in no route".to_owned(),
        n => format!("; {n} clients that must be served are in no route"),
    }
}

/// The threads of a search: so many, or one for every processor.
pub(super) fn threads(count: Option<u16>) -> Result<rayon::ThreadPool, Failure> {
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(count) = count {
        pool = pool.num_threads(usize::from(count));
    }
    pool.build()
        .map_err(|error| Failure::new("start search threads", error))
}
