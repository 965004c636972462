//! `punctual bench study`: days planned in several ways, plans tried out under several stresses.

mod definition;
mod show;
mod source;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::analysis::study::{self, Study};
use crate::bench::{Bench, Event};
use crate::cli::progress::Display;
use crate::cli::{Done, Failure, console, day_file, report};
use crate::grpc::convert;
use crate::planner::Cancel;
use definition::{Spec, Suite};

/// Plans days in several ways, tries every plan out under several stresses on the same simulated days, and says how sure
/// the differences are.
///
/// All plans, given ones too, are timed by the rule of starts that plans for a target follow. Results are written after
/// each plan: a study that was stopped goes on where it was when it is started again with the same arguments. Exits
/// with 2 if a plan breaks a constraint or leaves an order out.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The days: the JSON form of `punctual.v1.Problem` or `punctual.v1.PlannedDay`, benchmark instances, or folders of
    /// them.
    #[arg(value_name = "DAY")]
    days: Vec<String>,
    /// A way to plan: "NAME: time=20s, iterations=500, on-time=98.1, floor=90, fleet-first, seed=2", of which all but the
    /// name may be left out; the first way is what others are compared with.
    #[arg(long = "way", value_name = "WAY", value_parser = definition::sound_way)]
    ways: Vec<definition::WaySpec>,
    /// Plans of another system, NAME=PATH: routes as JSON (a plan, a planned day, or what evaluate reads), or a VRPLIB
    /// solution; in a folder, each file is called as its day.
    #[arg(long = "plans", value_name = "PLANS", value_parser = definition::plans)]
    plans: Vec<definition::WaySpec>,
    /// What plans are tried out under: "NAME: spread=1.3, travel=1.05, service=1.1, incidents=2, start-delay=2,
    /// memory=0.5", factors on the noise. By default base, noise x1.3, travel +5 % and incidents x2.
    #[arg(long = "stress", value_name = "STRESS", value_parser = definition::sound_stress)]
    stresses: Vec<study::Stress>,
    /// The noise levels of a suite instead: calm, base and rough.
    #[arg(long, value_enum)]
    suite: Option<Suite>,
    /// All of the above from a TOML or JSON file, or from the study.json of an earlier run, with what else the
    /// arguments say.
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,
    /// How much days vary before any stress: the JSON form of `punctual.v1.NoiseModel`; by default built-in values.
    #[arg(long, value_name = "FILE")]
    noise: Option<String>,
    /// Simulated days, 256 to 65536, a multiple of 256; by default 8192.
    #[arg(long, value_name = "NUMBER", value_parser = definition::scenarios)]
    scenarios: Option<u32>,
    /// Seed of the simulated days; by default 1.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Search threads, 1 to 256; by default one for every processor.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Where the study is written, and what is there of it already.
    #[arg(long, value_name = "FILE", default_value = "study.json")]
    output: PathBuf,
}

pub(super) fn run(args: &Arguments) -> Result<Done, Failure> {
    if args.definition.is_none()
        && (args.days.is_empty() || args.ways.len() + args.plans.len() == 0)
    {
        let cause = "name a day and a way (--way or --plans) at least, or give a --definition";
        return Err(Failure::usage("define the study", cause));
    }
    for path in [&args.output, &beside(&args.output)] {
        day_file::expect_writable(path)?;
    }
    let mut spec = match &args.definition {
        Some(path) => definition::read(path)?,
        None => Spec::default(),
    };
    spec.add(args);
    let earlier = earlier(&args.output)?;
    let threads = super::threads(args.threads)?.current_num_threads();
    let bench = source::bench(&spec, threads)?;
    let study = watch(&bench, earlier.as_ref(), &args.output)?;
    write(&args.output, &study)?;
    console::say(report::plain(&show::study(&study)))?;
    let is_sound = |outcome: &study::Outcome| outcome.is_feasible && outcome.unserved == 0;
    Ok(match study.outcomes.iter().all(is_sound) {
        true => Done::Fully,
        false => Done::InPart,
    })
}

/// What an earlier run has written.
fn earlier(path: &Path) -> Result<Option<Study>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let study = study::read(&super::read_text(path)?);
    study
        .map(Some)
        .map_err(|error| Failure::new(format!("go on with {}", path.display()), error))
}

/// Runs the study and shows how far it is.
fn watch(bench: &Bench, earlier: Option<&Study>, output: &Path) -> Result<Study, Failure> {
    let mut display: Option<Display> = None;
    let mut failure = None;
    let mut watch = |event: Event<'_>| {
        match event {
            Event::Begun {
                number,
                of,
                day,
                way,
            } => {
                if let Some(display) = display.take() {
                    display.finish();
                }
                console::note(report::plain(&format!("{number} of {of}: {day}, {way}")));
            }
            Event::Searching(progress) => {
                let display = display.get_or_insert_with(Display::start);
                display.show(&convert::progress_message(Some(progress)));
            }
            Event::Advanced(study) => {
                if let Err(error) = write(output, study) {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    };
    let study = bench.run(earlier, &Cancel::default(), &mut watch);
    if let Some(display) = display {
        display.finish();
    }
    match (study, failure) {
        (_, Some(failure)) => Err(failure),
        (Ok(study), None) => Ok(study),
        (Err(error), None) => Err(Failure::new("run the study", error)),
    }
}

/// Where a study is written before it takes the place of the one before.
fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    beside.into()
}

/// Writes the study in one step, so that a study that is stopped while it writes is not lost.
fn write(path: &Path, study: &Study) -> Result<(), Failure> {
    let failed =
        |cause: &dyn std::fmt::Display| Failure::new(format!("write {}", path.display()), cause);
    let text = study::write(study).map_err(|error| failed(&error))?;
    let beside = beside(path);
    fs::write(&beside, text).map_err(|error| failed(&error))?;
    fs::rename(&beside, path).map_err(|error| failed(&error))
}
