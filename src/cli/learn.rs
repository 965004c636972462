//! `punctual learn`: a noise model from an operator's own history.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use comfy_table::{CellAlignment, Table, presets};

use super::failure::finding_line;
use super::{Done, Failure, console, day_file, report};
use crate::app::{HELD_OUT_SHARE, Lecture, Lesson, Part, Promotion, Taught, Verdict};
use crate::formats::{OnBadRow, ReadHistory, read_history};
use crate::grpc::{convert, json};

/// Lines about rows that were set aside before the rest is only counted.
const LINES_MAX: usize = 20;

/// Learns from a history how much days vary, and writes it for `--noise` if it forecasts better than what there is.
///
/// The history is CSV as described in README under "Histories". What it says too little of stays as it is. The noise model
/// is written if the history is enough to trust forecasts by it, and if what is learnt from the first two thirds of the days
/// forecasts the last third better than the noise model so far; otherwise the exit code is 2.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The history: planned and actual times.
    #[arg(value_name = "HISTORY.csv")]
    history: PathBuf,
    /// Where to write the noise model: the JSON form of `punctual.v1.NoiseModel`.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// The noise model so far, by default built-in values.
    #[arg(long, value_name = "FILE")]
    current: Option<PathBuf>,
    /// What to do about rows that cannot be right: refuse the history, or leave them and the rest of their routes out.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = BadRows::Reject)]
    on_bad_row: BadRows,
    /// Write the noise model in any case.
    #[arg(long)]
    force: bool,
    /// Print the JSON form of `punctual.v1.LearnNoiseResponse` instead of a table.
    #[arg(long)]
    json: bool,
}

/// What to do about rows that cannot be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BadRows {
    /// Refuse the history.
    Reject,
    /// Leave them out.
    SetAside,
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Failure> {
    day_file::expect_writable(&arguments.output)?;
    let path = arguments.history.display();
    let text = day_file::read_text(&arguments.history)?;
    let on_bad_row = match arguments.on_bad_row {
        BadRows::Reject => OnBadRow::Reject,
        BadRows::SetAside => OnBadRow::SetAside,
    };
    let read = read_history(&text, on_bad_row).map_err(|findings| {
        let lines = findings.iter().map(finding_line).collect();
        Failure::listed(format_args!("read {path}"), lines)
    })?;
    warn(&read);
    if read.history.routes.is_empty() {
        let cause = "there is no route in it; README says under \"Histories\" what to record";
        return Err(Failure::new(format_args!("learn from {path}"), cause));
    }
    let app = day_file::local_app(arguments.current.as_deref())?;
    let learning = app.learn(Lecture {
        history: read.history,
        current: None,
        held_out: HELD_OUT_SHARE,
    });
    let taught = day_file::runtime(day_file::LOCAL_LOG)?.block_on(learning);
    let taught =
        taught.map_err(|refusal| Failure::refused(format_args!("learn from {path}"), &refusal))?;
    if arguments.json {
        console::say(json::write(&convert::taught_message(&taught)).trim_end())?;
    } else {
        console::say(report::plain(&told(&taught)))?;
    }
    let is_promoted = taught.promotion.verdict() == Verdict::Better;
    let is_good = taught.learnt.is_calibrated() && is_promoted;
    let output = arguments.output.display();
    if !is_good && !arguments.force {
        console::note(format_args!("{output} is not written; --force writes it"));
        return Ok(Done::InPart);
    }
    day_file::write(
        &arguments.output,
        &convert::noise_message(&taught.learnt.noise),
    )?;
    if !arguments.json {
        let version = taught.learnt.noise.version.unwrap_or_default();
        console::say(format_args!("{output}: noise model {version}"))?;
    }
    Ok(Done::Fully)
}

/// Tells on standard error what was left out, and what was not known.
fn warn(read: &ReadHistory) {
    for finding in read.warnings.iter().take(LINES_MAX) {
        let line = format!("warning: {}", finding_line(finding));
        console::note(report::plain(&line));
    }
    if let Some(more @ 1..) = read.warnings.len().checked_sub(LINES_MAX) {
        console::note(format_args!("warning: and {more} more"));
    }
    if read.set_aside > 0 {
        let rows = report::counted(read.set_aside as u64, "row");
        console::note(format_args!("warning: {rows} set aside"));
    }
}

/// Everything that was learnt, for people.
fn told(taught: &Taught) -> String {
    let extent = &taught.extent;
    let mut text = format!(
        "{}, {}, {}, {}.\n",
        report::counted(extent.days as u64, "day"),
        report::counted(extent.couriers as u64, "courier"),
        report::counted(extent.routes as u64, "route"),
        report::counted(extent.orders as u64, "order"),
    );
    text += &lesson_table(&taught.learnt.lessons);
    text.push('\n');
    text += &promotion_text(&taught.promotion);
    for shortage in &taught.learnt.shortages {
        text += &format!("\nNot calibrated: {shortage}.");
    }
    text
}

/// What became of each part.
fn lesson_table(lessons: &[Lesson]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["", "before", "now", "error", "from"]);
    for lesson in lessons {
        let number = |value| number(lesson.part, value);
        let evidence = format!("{} {}", lesson.have, lesson.evidence);
        table.add_row([
            lesson.part.to_string(),
            number(lesson.before),
            number(lesson.value),
            lesson.error.map(number).unwrap_or_default(),
            if lesson.is_learnt() {
                evidence
            } else {
                format!("kept: {evidence} of {}", lesson.need)
            },
        ]);
    }
    for index in [1, 2, 3] {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// A value of a part as people read it.
fn number(part: Part, value: f64) -> String {
    match part {
        Part::HourMemory | Part::IncidentMean | Part::Start => format!("{:.1} min", value / 60.0),
        Part::IncidentChance => format!("{:.2} %", 100.0 * value),
        Part::TravelCells | Part::ServiceZones => format!("{value:.0}"),
        Part::TravelBias
        | Part::DayTraffic
        | Part::HourTraffic
        | Part::CityShare
        | Part::CourierDrive
        | Part::CourierDriveDaily
        | Part::LegVariance
        | Part::ShortLegVariance
        | Part::ServiceBias
        | Part::ServiceSpread
        | Part::CourierService
        | Part::CourierServiceDaily => format!("{value:.3}"),
    }
}

/// How what was learnt compares with the noise model so far.
fn promotion_text(promotion: &Promotion) -> String {
    let verdict = match promotion.verdict() {
        Verdict::Better => "Promoted: it forecasts better.",
        Verdict::Open => "Not promoted: it is not shown to forecast better.",
        Verdict::Worse => "Not promoted: it forecasts worse.",
        Verdict::Unknown => "Not promoted: there are too few days to compare on.",
    };
    let Some(difference) = promotion.difference else {
        return verdict.to_owned();
    };
    format!(
        "Learnt from the first {} and tried on the last {} ({}): mean error of the distribution of arrivals (CRPS) \
         {:.1} s instead of {:.1} s, difference {:+.1} s ({:+.1} to {:+.1}).\n{verdict}",
        report::counted(promotion.days_learnt as u64, "day"),
        promotion.days_held_out,
        report::counted(promotion.routes as u64, "route"),
        promotion.learnt_score,
        promotion.current_score,
        difference.mean,
        difference.low,
        difference.high,
    )
}
