//! `punctual bench check`: judges a solution of a benchmark instance.

use std::path::PathBuf;

use super::{read_instance, read_text};
use crate::cli::{Done, Failure, console};
use crate::formats::{self, Rounding};

/// Checks a solution in VRPLIB format, route by route, and says what it costs.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The instance.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its solution.
    #[arg(value_name = "SOLUTION")]
    solution: PathBuf,
    /// How real numbers become integers; by default as for solve.
    #[arg(long, value_name = "RULE", value_enum)]
    rounding: Option<Rounding>,
}

pub(super) fn run(args: &Arguments) -> Result<Done, Failure> {
    let instance = read_instance(&args.file, args.rounding)?;
    let solution = formats::read_solution(&read_text(&args.solution)?)
        .map_err(|error| Failure::new(format!("read {}", args.solution.display()), error))?;
    let used = solution.routes.iter().filter(|route| !route.is_empty());
    let used = used.count();
    let stated = solution.cost.unwrap_or_else(|| "none".to_owned());
    match instance.check(&solution.routes) {
        Ok(cost) => {
            let cost = instance.show_cost(cost);
            console::say(format_args!(
                "cost={cost} stated={stated} routes={used} feasible=true"
            ))?;
            Ok(Done::Fully)
        }
        Err(fault) => {
            console::say(format_args!("stated={stated} routes={used} feasible=false"))?;
            console::note(format_args!("not feasible: {fault}"));
            Ok(Done::InPart)
        }
    }
}
