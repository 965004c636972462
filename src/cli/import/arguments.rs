//! What `punctual import` can be told.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use crate::cli::argument;
use crate::formats::{
    DayFault, ImportTable, Part, TableLimits, TableOptions, TextEncoding, check_import_field,
    read_coordinates,
};
use crate::model::{DepotId, GeoPoint};

/// Makes a day from tables of orders and couriers: CSV in any usual encoding, or Excel workbooks (.xlsx).
///
/// Columns are known by their headings, Russian or English; README lists them under "Spreadsheets and maps". Everything
/// wrong with any row is told at once, with row, column, value and what would be right; nothing is written then, unless
/// --keep-good says so.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The orders: .csv or .xlsx, one row each.
    #[arg(value_name = "ORDERS")]
    pub(super) orders: PathBuf,
    /// The couriers and their shifts: .csv or .xlsx; may be another sheet of the same workbook.
    #[arg(long, value_name = "FILE")]
    pub(super) couriers: PathBuf,
    /// The depots: .csv or .xlsx.
    #[arg(long, value_name = "FILE")]
    pub(super) depots: Option<PathBuf>,
    /// A depot, as in store=55.7558,37.6173; may be repeated.
    #[arg(long, value_name = "ID=LATITUDE,LONGITUDE", value_parser = depot)]
    pub(super) depot: Vec<(DepotId, GeoPoint)>,
    /// Where to write the day: the JSON form of `punctual.v1.Problem`.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// The day of times without a date, as in 2026-11-26 or 26.11.2026.
    #[arg(long, value_name = "DATE", value_parser = argument::date)]
    pub(super) date: Option<Date>,
    /// IANA name of the time zone of all times without an offset.
    #[arg(long, value_name = "NAME", default_value = "UTC")]
    pub(super) time_zone: String,
    /// Name of the day; by default its date.
    #[arg(long, value_name = "TEXT")]
    pub(super) name: Option<String>,
    /// Minutes at the door where a row does not say, 0 to 1440.
    #[arg(long, value_name = "MINUTES", default_value_t = 5, value_parser = clap::value_parser!(u16).range(0..=1440))]
    pub(super) service: u16,
    /// Average speed on the way actually driven, in km/h: 1 to 200.
    #[arg(long, value_name = "KMH", default_value_t = 22.0, allow_negative_numbers = true, value_parser = speed)]
    pub(super) speed: f64,
    /// How much longer the way is than the great circle: 1 to 5.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.3, allow_negative_numbers = true, value_parser = detour)]
    pub(super) detour: f64,
    /// Times and distances from place to place, one way a row: .csv or .xlsx, instead of --speed and --detour. Places are
    /// called by the ids of orders and depots, or as a column `place id` says; those need no coordinates then.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["speed", "detour"])]
    pub(super) matrix: Option<PathBuf>,
    /// What a service outside the times that an order prefers costs where a row does not say, 1 to 1000000000.
    #[arg(long, value_name = "COST", value_parser = clap::value_parser!(i64).range(1..=1_000_000_000))]
    pub(super) preference_cost: Option<i64>,
    /// Sheet of the workbook with the orders; by default the first one.
    #[arg(long, value_name = "NAME")]
    pub(super) sheet: Option<String>,
    /// Sheet of the workbook with the couriers.
    #[arg(long, value_name = "NAME")]
    pub(super) couriers_sheet: Option<String>,
    /// Sheet of the workbook with the depots.
    #[arg(long, value_name = "NAME", requires = "depots")]
    pub(super) depots_sheet: Option<String>,
    /// Sheet of the workbook with the matrix.
    #[arg(long, value_name = "NAME", requires = "matrix")]
    pub(super) matrix_sheet: Option<String>,
    /// The heading of an order's field, as in phone=Contact, or none, as in weight_kg=; may be repeated.
    #[arg(long, value_name = "FIELD=HEADING", value_parser = order_column)]
    pub(super) column: Vec<(String, String)>,
    /// The same for couriers.
    #[arg(long, value_name = "FIELD=HEADING", value_parser = courier_column)]
    pub(super) couriers_column: Vec<(String, String)>,
    /// The same for depots.
    #[arg(long, value_name = "FIELD=HEADING", value_parser = depot_column, requires = "depots")]
    pub(super) depots_column: Vec<(String, String)>,
    /// The same for the matrix.
    #[arg(long, value_name = "FIELD=HEADING", value_parser = way_column, requires = "matrix")]
    pub(super) matrix_column: Vec<(String, String)>,
    /// What stands between cells of CSV files, or the word tab; by default found out.
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub(super) delimiter: Option<u8>,
    /// Encoding of CSV files; by default found out.
    #[arg(long, value_name = "NAME", value_enum)]
    pub(super) encoding: Option<Encoding>,
    /// Write the good rows and leave the others out, which exits with 2.
    #[arg(long)]
    pub(super) keep_good: bool,
    /// Where to write everything that is wrong, as CSV.
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
}

/// An encoding of CSV files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Encoding {
    /// UTF-8.
    #[value(name = "utf-8")]
    Utf8,
    /// UTF-16, low byte first.
    #[value(name = "utf-16le")]
    Utf16Le,
    /// UTF-16, high byte first.
    #[value(name = "utf-16be")]
    Utf16Be,
    /// The Cyrillic encoding of Windows.
    #[value(name = "windows-1251")]
    Windows1251,
}

impl Arguments {
    /// The table of a part of the day. Depots and ways without one are given by the command line itself, or not at all.
    pub(super) fn path(&self, part: Part) -> &Path {
        match part {
            Part::Order => &self.orders,
            Part::Courier => &self.couriers,
            Part::Depot => self.depots.as_deref().unwrap_or(Path::new("--depot")),
            Part::Way => self.matrix.as_deref().unwrap_or(Path::new("--matrix")),
        }
    }

    fn sheet(&self, part: Part) -> &Option<String> {
        match part {
            Part::Order => &self.sheet,
            Part::Courier => &self.couriers_sheet,
            Part::Depot => &self.depots_sheet,
            Part::Way => &self.matrix_sheet,
        }
    }

    /// What to call a table: its file, and its sheet if one was chosen.
    pub(super) fn table_name(&self, part: Part) -> String {
        let path = self.path(part).display();
        match self.sheet(part) {
            Some(sheet) => format!("{path} ({sheet})"),
            None => path.to_string(),
        }
    }

    /// What to call the place of a fault; of the day as a whole, it is the output.
    pub(super) fn label(&self, fault: &DayFault) -> String {
        match fault.part {
            Some(part) => self.table_name(part),
            None => self.output.display().to_string(),
        }
    }

    /// How to read one of the tables.
    pub(super) fn how(&self, part: Part) -> ImportTable {
        let columns = match part {
            Part::Order => &self.column,
            Part::Courier => &self.couriers_column,
            Part::Depot => &self.depots_column,
            Part::Way => &self.matrix_column,
        };
        let encoding = self.encoding.map(|encoding| match encoding {
            Encoding::Utf8 => TextEncoding::Utf8,
            Encoding::Utf16Le => TextEncoding::Utf16Le,
            Encoding::Utf16Be => TextEncoding::Utf16Be,
            Encoding::Windows1251 => TextEncoding::Windows1251,
        });
        ImportTable {
            table: TableOptions {
                delimiter: self.delimiter,
                encoding,
                sheet: self.sheet(part).clone(),
                limits: TableLimits::default(),
            },
            columns: columns.clone(),
        }
    }
}

fn depot(text: &str) -> Result<(DepotId, GeoPoint), String> {
    let read = || {
        let (id, point) = text.split_once('=')?;
        Some((DepotId::parse(id).ok()?, read_coordinates(point)?))
    };
    read().ok_or_else(|| "an id with degrees is needed, as in store=55.7558,37.6173".to_owned())
}

fn order_column(text: &str) -> Result<(String, String), String> {
    column(text, Part::Order)
}

fn courier_column(text: &str) -> Result<(String, String), String> {
    column(text, Part::Courier)
}

fn depot_column(text: &str) -> Result<(String, String), String> {
    column(text, Part::Depot)
}

fn way_column(text: &str) -> Result<(String, String), String> {
    column(text, Part::Way)
}

fn column(text: &str, part: Part) -> Result<(String, String), String> {
    let parts = text.split_once('=');
    let (field, heading) =
        parts.ok_or_else(|| "a field and a heading are needed, as in phone=Contact".to_owned())?;
    let field = field.trim();
    check_import_field(part, field)?;
    Ok((field.to_owned(), heading.trim().to_owned()))
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" => Ok(b'\t'),
        [byte] if byte.is_ascii_punctuation() && *byte != b'"' => Ok(*byte),
        [b'\t'] => Ok(b'\t'),
        _ => Err("one of , ; | or another mark is needed, or the word tab".to_owned()),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    number(text, 1.0, 200.0)
}

fn detour(text: &str) -> Result<f64, String> {
    number(text, 1.0, 5.0)
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("a number from {least} to {most} is needed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_typed() {
        let (id, point) = depot("store-1=55.75,37.62").unwrap();
        assert_eq!((id.as_str(), point.longitude), ("store-1", 37.62));
        assert!(
            depot("store").is_err() && depot("склад=55,37").is_err() && depot("a=95,37").is_err()
        );
        assert_eq!(delimiter("tab"), Ok(b'\t'));
        assert_eq!(delimiter("|"), Ok(b'|'));
        assert!(delimiter("x").is_err() && delimiter("\"").is_err() && delimiter("").is_err());
        let parts = order_column("phone = Тел.=1").unwrap();
        assert_eq!(parts, ("phone".to_owned(), "Тел.=1".to_owned()));
        assert!(order_column("phone").is_err() && order_column("shoe=X").is_err());
        assert!(order_column("load:crates=X").is_ok() && courier_column("capacity:kg=X").is_ok());
        assert!(depot_column("loading=X").is_ok() && depot_column("phone=X").is_err());
        assert!(way_column("km=X").is_ok() && way_column("id=X").is_err());
        assert!(speed("0.5").is_err() && speed("nan").is_err() && detour("1.3").is_ok());
        assert!(argument::date("26.11.2026").is_ok() && argument::date("26.11.1926").is_err());
    }
}
