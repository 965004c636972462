//! `punctual calibrate`: whether forecasts can be believed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use comfy_table::{CellAlignment, Table, presets};

use super::failure::finding_line;
use super::{Done, Failure, argument, console, day_file, report};
use crate::analysis::calibration::{Bin, Bounds, Coverage, Histogram, Judgement};
use crate::app::Calibrated;
use crate::backtest::{Calibration, Group, Standing};
use crate::formats::{OnBadRow, ReadHistory, read_history};
use crate::grpc::convert;
use crate::model::{ForecastOptions, History};
use crate::report::calibration_html;

/// Groups of a kind that are shown before the rest is only counted.
const GROUPS_MAX: usize = 20;

/// Warnings that are shown before the rest is only counted.
const WARNINGS_MAX: usize = 20;

/// Forecasts recorded days as they could have been forecast and tells how well that agrees with what happened.
///
/// Exits with 2 if the history is too thin to judge by, or if the chances of all promises together are so far off that
/// somebody should look.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The history, as README describes it under "Histories".
    #[arg(value_name = "HISTORY.csv")]
    history: PathBuf,
    /// Simulated days for each recorded one, 128 to 65536, rounded up to a multiple of 256.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(128..=65_536))]
    scenarios: u32,
    #[command(flatten)]
    random: argument::Random,
    /// What to do about rows that cannot be right.
    #[arg(long, value_enum, default_value_t = BadRow::Reject)]
    on_bad_row: BadRow,
    /// Where to write everything: the JSON form of `punctual.v1.Calibration`.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to write a page with a reliability diagram.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    noise: argument::Noise,
}

/// What to do about a bad row.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum BadRow {
    /// Refuse the history.
    Reject,
    /// Leave out the row and the rest of its route.
    SetAside,
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Failure> {
    for path in [&arguments.json, &arguments.html].into_iter().flatten() {
        day_file::expect_writable(path)?;
    }
    let history = read(arguments)?;
    let options = ForecastOptions {
        scenarios: arguments.scenarios,
        seed: arguments.random.seed,
        ..ForecastOptions::default()
    };
    let app = day_file::local_app(arguments.noise.file.as_deref())?;
    let runtime = day_file::runtime(day_file::LOCAL_LOG)?;
    let calibrated = runtime.block_on(app.calibrate(history, options));
    let calibrated = calibrated.map_err(|refusal| {
        let action = format!("calibrate {}", arguments.history.display());
        Failure::refused(action, &refusal)
    })?;
    let Calibrated {
        calibration,
        options,
    } = calibrated;
    let Some(calibration) = calibration else {
        console::say("The history is too thin to judge forecasts by: it has no order.")?;
        return Ok(Done::InPart);
    };
    let made = format!(
        "{} simulated days for each recorded one, seed {}, noise model {:?}.",
        options.scenarios,
        options.seed,
        options.noise_version(),
    );
    console::say(tables(&calibration, &made))?;
    if let Some(path) = &arguments.json {
        day_file::write(path, &convert::calibration_message(&calibration, &options))?;
    }
    if let Some(path) = &arguments.html {
        day_file::write_text(path, calibration_html(&calibration, &made).as_bytes())?;
    }
    Ok(match calibration.standing() {
        Standing::Sound => Done::Fully,
        Standing::TooThin | Standing::Alarm => Done::InPart,
    })
}

/// Reads the history, with warnings of what is left out of it.
fn read(arguments: &Arguments) -> Result<History, Failure> {
    let path = &arguments.history;
    let on_bad_row = match arguments.on_bad_row {
        BadRow::Reject => OnBadRow::Reject,
        BadRow::SetAside => OnBadRow::SetAside,
    };
    let ReadHistory {
        history,
        warnings,
        set_aside,
    } = read_history(&day_file::read_text(path)?, on_bad_row).map_err(|findings| {
        let lines = findings.iter().map(finding_line);
        let lines = lines.map(|line| report::plain(&line));
        Failure::listed(format!("read {}", path.display()), lines.collect())
    })?;
    for warning in warnings.iter().take(WARNINGS_MAX) {
        console::note(report::plain(&format!(
            "warning: {}",
            finding_line(warning)
        )));
    }
    if warnings.len() > WARNINGS_MAX {
        let n_more = warnings.len() - WARNINGS_MAX;
        console::note(format_args!(
            "... and {}",
            report::counted(n_more, "more warning")
        ));
    }
    if set_aside > 0 {
        console::note(format_args!("{} set aside", rows(set_aside)));
    }
    Ok(history)
}

fn rows(count: usize) -> String {
    report::counted(count, "row")
}

/// All that a calibration says.
fn tables(calibration: &Calibration, made: &str) -> String {
    let overall = &calibration.overall;
    let parts = [
        format!(
            "{} of {}, forecast in the morning: {made}\n{}\n{}",
            report::counted(overall.reliability.n, "promise"),
            report::counted(overall.reliability.n_days, "day"),
            bins(overall),
            sentences(overall),
        ),
        bands(calibration),
        days(calibration),
        groups(calibration),
        calibration.to_string(),
    ];
    report::plain(&parts.join("\n"))
}

fn table<const N: usize>(header: [&str; N], n_left: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(header);
    for at in n_left..N {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

fn range(bounds: Option<Bounds>) -> String {
    bounds.map_or_else(String::new, |bounds| {
        format!("{:.1} - {:.1}", 100.0 * bounds.low, 100.0 * bounds.high)
    })
}

/// Promises by forecast chance.
fn bins(judgement: &Judgement) -> Table {
    let header = [
        "forecast %",
        "promises",
        "predicted %",
        "kept %",
        "95 % interval",
    ];
    let mut table = table(header, 1);
    // Where all promises of a bin came out alike, whole days say nothing of how sure that is.
    let interval = |bin: &Bin| {
        let over_days = bin.by_days.filter(|bounds| bounds.low < bounds.high);
        range(over_days.or(Some(bin.wilson)))
    };
    for bin in &judgement.reliability.bins {
        table.add_row([
            format!("{} - {}", 100.0 * bin.from, 100.0 * bin.to),
            bin.n.to_string(),
            percent(bin.predicted),
            percent(bin.happened),
            interval(bin),
        ]);
    }
    table
}

/// The scores of all promises.
fn sentences(judgement: &Judgement) -> String {
    let reliability = &judgement.reliability;
    let correction = &judgement.recalibration;
    let by_chance = reliability.error_by_chance;
    let by_chance =
        by_chance.map(|error| format!(" (right forecasts: about {} by chance)", percent(error)));
    let effect = reliability.design_effect;
    let effect = effect
        .map(|effect| format!(" Promises of a day hang together: design effect {effect:.1}."));
    format!(
        "Expected calibration error: {} points{}.{}\n\
         Brier score: {:.4} = {:.4} reliability - {:.4} resolution + {:.4} uncertainty.\n\
         Recalibration: logit p -> {:.2} + {:.2} logit p, {} chance explains.",
        percent(reliability.error),
        by_chance.unwrap_or_default(),
        effect.unwrap_or_default(),
        reliability.brier,
        reliability.brier_reliability,
        reliability.brier_resolution,
        reliability.brier_uncertainty,
        correction.intercept,
        correction.slope,
        if correction.is_significant {
            "more than"
        } else {
            "no more than"
        },
    )
}

/// What bands around the middle held, of arrivals and of days.
fn bands(calibration: &Calibration) -> String {
    let mut table = table(["band %", "arrivals held %", "days held %"], 0);
    let held = |band: &Coverage| format!("{} ({})", percent(band.held), range(band.interval));
    let days = &calibration.days.coverage;
    for (arrivals, days) in calibration.overall.coverage.iter().zip(days) {
        table.add_row([
            format!("{:.1}", 100.0 * arrivals.stated),
            held(arrivals),
            held(days),
        ]);
    }
    format!(
        "Arrivals by tenth of their forecast, %: {}. Mean CRPS {:.0} s.\n{table}",
        tenths(&calibration.overall.histogram),
        calibration.overall.crps,
    )
}

fn tenths(histogram: &Histogram) -> String {
    let shares = histogram.shares.iter();
    let shares: Vec<String> = shares
        .map(|share| format!("{:.1}", 100.0 * share))
        .collect();
    let flat = match histogram.is_flat() {
        Some(true) => " (flat)",
        Some(false) => " (not flat)",
        None => "",
    };
    shares.join(" ") + flat
}

fn days(calibration: &Calibration) -> String {
    let days = &calibration.days;
    let margin = days.margin;
    let margin = margin.map(|margin| format!(" +-{}", percent(margin)));
    format!(
        "Days: {} % expected, {} % kept (difference {:+.2}{} points), {} points apart on a day. By tenth, %: {}.",
        percent(days.predicted),
        percent(days.happened),
        100.0 * (days.happened - days.predicted),
        margin.unwrap_or_default(),
        percent(days.apart),
        tenths(&days.histogram),
    )
}

/// Groups of all kinds, those furthest off if there are many.
fn groups(calibration: &Calibration) -> String {
    let header = [
        "by",
        "group",
        "promises",
        "predicted %",
        "kept %",
        "95 % interval",
        "error",
        "by chance",
        "90 % band",
        "CRPS s",
        "correction",
    ];
    let mut table = table(header, 2);
    let mut rest = Vec::new();
    for (kind, groups) in [
        ("lead", &calibration.by_lead),
        ("zone", &calibration.by_zone),
        ("window, UTC", &calibration.by_slot),
        ("courier", &calibration.by_courier),
    ] {
        let mut groups: Vec<&Group> = groups.iter().collect();
        if groups.len() > GROUPS_MAX {
            rest.push(format!("{} of kind {kind}", groups.len() - GROUPS_MAX));
            groups.sort_by(|a, b| off(b).total_cmp(&off(a)));
            groups.truncate(GROUPS_MAX);
        }
        for group in groups {
            table.add_row(row(kind, group));
        }
    }
    let marked = "A group with ! is off by more than chance explains; of many groups, one in twenty may be so by chance.";
    let rest = match rest.as_slice() {
        [] => String::new(),
        rest => format!(" Less far off and left out: {}.", rest.join(", ")),
    };
    format!("{table}\n{marked}{rest}")
}

/// How far the forecasts of a group are off altogether.
fn off(group: &Group) -> f64 {
    let reliability = &group.judgement.reliability;
    (reliability.happened - reliability.predicted).abs()
}

fn row(kind: &str, group: &Group) -> [String; 11] {
    let Judgement {
        reliability,
        recalibration: correction,
        coverage,
        crps,
        ..
    } = &group.judgement;
    let mut bands = coverage.iter();
    let band = bands.find(|band| (0.89..0.91).contains(&band.stated));
    // With few broken promises, the correction alone is often large by chance.
    let is_outside = reliability
        .happened_by_days
        .is_some_and(|bounds| !(bounds.low..=bounds.high).contains(&reliability.predicted));
    let is_off = correction.is_alarming() && is_outside;
    let mark = if is_off { " !" } else { "" };
    [
        kind.to_owned(),
        group.name.clone(),
        reliability.n.to_string(),
        percent(reliability.predicted),
        percent(reliability.happened),
        range(reliability.happened_by_days),
        percent(reliability.error),
        reliability.error_by_chance.map(percent).unwrap_or_default(),
        band.map(|band| percent(band.held)).unwrap_or_default(),
        format!("{crps:.0}"),
        format!("{:+.2} {:.2}{mark}", correction.intercept, correction.slope),
    ]
}
