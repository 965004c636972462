//! Plans for other programs: tables as CSV and Excel workbooks, maps as GeoJSON, routes for navigation as GPX.
//!
//! Knows plans and forecasts as plain data. Whatever texts a plan has in it, they stay texts: in tables none is a formula,
//! in XML none is markup. Equal plans give equal files.

mod column;
mod geojson;
mod gpx;
mod path;
mod table;
mod value;
mod view;
mod words;

use std::io;

use crate::model::{OrderId, Plan, PlanForecast, Problem};
use view::View;

/// A format to export a plan in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A table with one row a stop.
    Csv,
    /// An Excel workbook: stops, routes, orders that are not served.
    Xlsx,
    /// A map: routes as lines, stops, depots and orders that are not served as points.
    GeoJson,
    /// Routes for navigation, one a courier.
    Gpx,
}

/// A language of headings and words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportLanguage {
    /// English: a CSV file has commas between its cells and points in its numbers.
    En,
    /// Russian: a CSV file has semicolons between its cells and commas in its numbers, as Excel wants them there.
    Ru,
}

/// A planned day to be exported. The plan names orders and couriers of the problem only.
#[derive(Clone, Copy, Debug)]
pub struct ExportDay<'a> {
    /// The day.
    pub problem: &'a Problem,
    /// Its plan.
    pub plan: &'a Plan,
    /// The plan's forecast, if there is one.
    pub forecast: Option<&'a PlanForecast>,
    /// The plan's version.
    pub version: &'a str,
}

/// Why a plan cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file takes no more.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The table takes no more.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// A workbook cannot hold it: too many rows or columns.
    #[error(transparent)]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The map takes no more.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// What a format does not show of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotShown {
    /// Orders that are not served.
    pub n_unserved: usize,
    /// Stops without coordinates.
    pub n_stops: usize,
}

/// What `format` does not show of a plan: tables of stops have no place for orders that are not served, and maps none for
/// stops that are nowhere.
#[must_use]
pub fn not_shown(day: &ExportDay<'_>, format: ExportFormat) -> NotShown {
    let shows_unserved = matches!(format, ExportFormat::Xlsx | ExportFormat::GeoJson);
    let is_map = matches!(format, ExportFormat::GeoJson | ExportFormat::Gpx);
    let stops = day.plan.routes.iter().flat_map(|route| &route.stops);
    let is_nowhere = |order: &OrderId| {
        let order = day.problem.order(order);
        order.is_some_and(|order| day.problem.place(order.place).location.is_none())
    };
    NotShown {
        n_unserved: if shows_unserved {
            0
        } else {
            day.plan.unserved.len()
        },
        n_stops: if is_map {
            stops.filter(|stop| is_nowhere(&stop.order)).count()
        } else {
            0
        },
    }
}

/// Writes a plan in `format`, with the words of `language`.
///
/// # Errors
/// If `sink` takes no more, or a workbook cannot hold so much.
pub fn export_plan(
    day: &ExportDay<'_>,
    format: ExportFormat,
    language: ExportLanguage,
    sink: &mut dyn io::Write,
) -> Result<(), ExportError> {
    let view = View::new(day, language);
    match format {
        ExportFormat::Csv => table::write_csv(&view, sink),
        ExportFormat::Xlsx => table::write_workbook(&view, sink),
        ExportFormat::GeoJson => geojson::write(&view, sink),
        ExportFormat::Gpx => gpx::write(&view, sink),
    }
}
