//! Studies for people and for other programs: one HTML page with plots and tables, CSV, and Parquet. Calibrations as a page.
//!
//! Knows nothing of planning or of simulating: everything is made from a [`Study`], a finished one or not, or from a
//! [`Calibration`](crate::backtest::Calibration). A page is complete in itself: no script, no request to anywhere.

mod answer;
mod calibration;
mod figures;
mod measure;
mod page;
mod plot;
mod rows;
mod tables;
#[cfg(test)]
mod tests;

pub use calibration::calibration_html;
pub use page::html;
pub use rows::{OutcomeRow, RowsError, StopRow, outcome_rows, stop_rows, write_csv, write_parquet};

use maud::Markup;

use crate::analysis::study::{Comparison, Study, Summary, comparisons, summaries};

/// The on-time rate that a grocer reported, which plans are measured against.
pub const REFERENCE: f64 = 0.981;

/// Longest name in a legend.
const LEGEND_NAME_MAX: usize = 48;

/// A study with what is said about it in several places.
struct Subject<'a> {
    study: &'a Study,
    /// Names of ways; their numbers are those of colors and shapes.
    ways: Vec<&'a str>,
    /// Names of ways, as they are shown.
    names: Vec<String>,
    stresses: Vec<&'a str>,
    /// The stress that changes nothing, or else the first one.
    base: &'a str,
    summaries: Vec<Summary>,
    comparisons: Vec<Comparison>,
}

impl<'a> Subject<'a> {
    fn new(study: &'a Study) -> Self {
        let definition = &study.definition;
        let ways: Vec<&str> = definition
            .ways
            .iter()
            .map(|way| way.name.as_str())
            .collect();
        let base = definition
            .stresses
            .iter()
            .find(|stress| stress.is_neutral())
            .or(definition.stresses.first());
        Self {
            study,
            names: ways.iter().map(|way| shown(way, LEGEND_NAME_MAX)).collect(),
            ways,
            stresses: definition
                .stresses
                .iter()
                .map(|stress| stress.name.as_str())
                .collect(),
            base: base.map_or("", |stress| stress.name.as_str()),
            summaries: summaries(study),
            comparisons: comparisons(study),
        }
    }

    /// The first way under a stress, if any of its days is done.
    fn first(&self, stress: &str) -> Option<&Summary> {
        let way = self.ways.first()?;
        self.summaries
            .iter()
            .find(|found| found.way == *way && found.stress == stress)
    }

    fn legend(&self) -> Markup {
        plot::legend(&self.names)
    }
}

/// A name fit to be shown: without characters that steer or reorder text, and no longer than `length`.
fn shown(name: &str, length: usize) -> String {
    let is_strange = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let name = name.replace(is_strange, "\u{fffd}");
    if name.chars().count() <= length {
        return name;
    }
    let start: String = name.chars().take(length - 1).collect();
    format!("{start}…")
}

/// A share in percent, without the sign.
fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

/// A difference with its sign and unit.
fn points(difference: f64, unit: &str) -> String {
    let text = format!("{difference:+.2}{unit}").replace('-', "−");
    if text.starts_with("−0.00") {
        text.replacen('−', "+", 1)
    } else {
        text
    }
}
