//! `punctual bench check`: judges a solution of a benchmark instance.

use std::path::PathBuf;

use super::{read_instance, read_text, show_unserved};
use crate::cli::{Done, Failure, console};
use crate::formats::{self, Rounding};

/// Checks a solution in VRPLIB format, route by route, and says what it costs; exits with 2 if it breaks a constraint, or
/// states no cost or another one.
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
    let stated = solution.cost.as_deref().unwrap_or("none");
    let cost = match instance.check(&solution.routes) {
        Ok(cost) => instance.show_cost(cost),
        Err(fault) => {
            console::say(format_args!("stated={stated} routes={used} feasible=false"))?;
            console::note(format_args!(
                "not feasible: {fault}{}",
                show_unserved(&instance, &solution.routes)
            ));
            return Ok(Done::InPart);
        }
    };
    console::say(format_args!(
        "cost={cost} stated={stated} routes={used} feasible=true"
    ))?;
    let Some(stated) = &solution.cost else {
        console::note("the solution states no cost");
        return Ok(Done::InPart);
    };
    if is_same(stated, &cost) {
        return Ok(Done::Fully);
    }
    console::note(format_args!("the solution costs {cost}, not {stated}"));
    Ok(Done::InPart)
}

/// Whether two numbers are the same but for zeros that say nothing: 80.50 and 80.5.
fn is_same(stated: &str, cost: &str) -> bool {
    let plain = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    plain(stated) == plain(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_compared_as_numbers() {
        for (stated, cost) in [("80.5", "80.5"), ("80.50", "80.5"), ("80", "80.0")] {
            assert!(is_same(stated, cost), "{stated} {cost}");
        }
        for (stated, cost) in [
            ("80.4", "80.5"),
            ("8", "80"),
            ("80", "80.5"),
            ("", "0"),
            ("x", "1"),
        ] {
            assert!(!is_same(stated, cost), "{stated} {cost}");
        }
    }
}
