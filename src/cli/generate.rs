//! `punctual generate`: made-up days.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::{Done, Failure, argument, console, day_file};
use crate::generate::{self, DaySpec};
use crate::grpc::convert;

/// Most orders and couriers of a day: what the other commands take.
const SIZE_MAX: i64 = 100_000;

/// Makes a realistic day with invented names and addresses; the same arguments give the same day.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What kind of day.
    #[arg(long, value_enum, default_value_t = Preset::Moscow)]
    preset: Preset,
    /// Number of orders, instead of the preset's.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=SIZE_MAX))]
    orders: Option<u32>,
    /// Number of couriers, instead of the preset's.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=SIZE_MAX))]
    couriers: Option<u32>,
    /// Several trips a shift: vehicles hold half as much and may load at the store again.
    #[arg(long)]
    reloads: bool,
    /// A break of half an hour for everybody: the early ones from 12:00 to 14:00, the late ones after four hours of work at
    /// most.
    #[arg(long)]
    breaks: bool,
    #[command(flatten)]
    random: argument::Random,
    /// The date, in the years 1971 to 9998; by default 2026-11-23.
    #[arg(long, value_name = "DATE", value_parser = argument::date)]
    date: Option<Date>,
    /// Make the terms of a day whose windows are to be promised (`punctual.v1.DayTerms`): couriers without orders.
    #[arg(long, conflicts_with_all = ["reloads", "breaks", "rush_hours"])]
    promises: bool,
    /// Make the first customer of such a day: an order without promise (`punctual.v1.Order`).
    #[arg(long, conflicts_with_all = ["promises", "reloads", "breaks", "rush_hours"])]
    customer: bool,
    /// Makes cars slow from 07:00 to 10:00 and from 16:00 to 20:00, and fast before and after.
    #[arg(long)]
    rush_hours: bool,
    /// Where to write it: the JSON form, of `punctual.v1.Problem` unless said otherwise.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Preset {
    /// About 400 orders and 16 couriers from one store in Moscow.
    Moscow,
    /// A day that is planned in a blink.
    Small,
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    day_file::expect_writable(&arguments.output)?;
    let preset = match arguments.preset {
        Preset::Moscow => DaySpec::default(),
        Preset::Small => DaySpec::small(),
    };
    let spec = DaySpec {
        seed: arguments.random.seed,
        orders: arguments.orders.unwrap_or(preset.orders),
        couriers: arguments.couriers.unwrap_or(preset.couriers),
        date: arguments.date.unwrap_or(preset.date),
        rush_hours: arguments.rush_hours,
        reloads: arguments.reloads,
        breaks: arguments.breaks,
        ..preset
    };
    if arguments.promises {
        let terms = convert::terms_message(&generate::day_terms(&spec));
        day_file::write(&arguments.output, &terms)?;
        console::say(format_args!(
            "{}: {} windows, {} couriers",
            arguments.output.display(),
            terms.windows.len(),
            terms.problem.unwrap_or_default().couriers.len()
        ))?;
        return Ok(Done::Fully);
    }
    if arguments.customer {
        let first = generate::bookings(&spec).into_iter().next();
        let first =
            first.ok_or_else(|| Failure::usage("make a customer", "there are no orders"))?;
        day_file::write(&arguments.output, &convert::booking_message(&first))?;
        console::say(format_args!(
            "{}: order {}",
            arguments.output.display(),
            first.order.id
        ))?;
        return Ok(Done::Fully);
    }
    let problem = generate::generate(&spec);
    day_file::write(&arguments.output, &convert::problem_message(&problem))?;
    console::say(format_args!(
        "{}: {} orders, {} couriers",
        arguments.output.display(),
        problem.orders.len(),
        problem.couriers.len()
    ))?;
    Ok(Done::Fully)
}
