//! `punctual bench instance`: makes up a benchmark instance.

use std::path::PathBuf;

use crate::cli::{Done, Failure, console, day_file};
use crate::generate::{Style, benchmark_instance};

/// Makes up an instance in Solomon's format, in the style of Gehring and Homberger but of any size; results on it are
/// not comparable with results on their set. Prints what it wrote.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which class of their set it looks like.
    #[arg(long, value_name = "CLASS", value_enum)]
    style: Style,
    /// Number of customers.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    clients: u32,
    /// Random seed.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(args: &Arguments) -> Result<Done, Failure> {
    day_file::expect_writable(&args.output)?;
    let text = benchmark_instance(args.style, args.clients, args.seed);
    day_file::write_text(&args.output, text.as_bytes())?;
    console::say(format_args!(
        "{}: {} customers",
        args.output.display(),
        args.clients
    ))?;
    Ok(Done::Fully)
}
