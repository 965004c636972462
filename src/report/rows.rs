//! A study as rows for other programs: CSV and Parquet with the same columns, units in their names.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::record::RecordWriter;
use parquet_derive::ParquetRecordWriter;
use serde::Serialize;

use crate::analysis::study::Study;

/// Rows of a group in a Parquet file.
const GROUP_ROWS: usize = 65_536;

/// What a way's plan for a day comes to under a stress.
///
/// A field is a column of both kinds of file; the unit ends its name, and shares are of 1.
#[derive(Clone, Debug, PartialEq, Serialize, ParquetRecordWriter)]
pub struct OutcomeRow {
    /// The day.
    pub day: String,
    /// SHA-256 of its problem, in hexadecimal.
    pub day_digest: String,
    /// The way.
    pub way: String,
    /// The stress.
    pub stress: String,
    /// Whether the checker accepts the plan.
    pub is_feasible: bool,
    /// Cost in currency units.
    pub cost: i64,
    /// Planned time on the way.
    pub driving_seconds: i64,
    /// Planned way.
    pub distance_meters: i64,
    /// Couriers who drive.
    pub couriers_used: i64,
    /// Orders served.
    pub served: i64,
    /// Orders left out.
    pub unserved: i64,
    /// Wall time of the search.
    pub solve_seconds: f64,
    /// Expected share of promises kept.
    pub expected_kept_share: f64,
    /// Half the width of its 95 % interval from simulating.
    pub expected_error_share: f64,
    /// The share kept that 99 of 100 simulated days reach.
    pub day_p01_share: f64,
    /// The share kept that 19 of 20 reach.
    pub day_p05_share: f64,
    /// The share kept that 3 of 4 reach.
    pub day_p25_share: f64,
    /// The share kept that half of them reach.
    pub day_p50_share: f64,
    /// The smallest chance of any promise.
    pub worst_stop_share: f64,
    /// Simulated days.
    pub scenarios: i64,
}

/// What becomes of one promise.
#[derive(Clone, Debug, PartialEq, Serialize, ParquetRecordWriter)]
pub struct StopRow {
    /// The day.
    pub day: String,
    /// The way.
    pub way: String,
    /// The stress.
    pub stress: String,
    /// Who serves the order.
    pub courier: String,
    /// Which of the courier's stops, from 1.
    pub visit: i64,
    /// The order.
    pub order: String,
    /// The chance that was predicted, without any stress and on other simulated days.
    pub predicted_share: f64,
    /// The share of simulated days on which the promise is kept.
    pub kept_share: f64,
}

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// Not to be written there.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// As CSV.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// As Parquet.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
}

fn integer(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A row for each outcome, in their order.
#[must_use]
pub fn outcome_rows(study: &Study) -> Vec<OutcomeRow> {
    let definition = &study.definition;
    let rows = study.outcomes.iter().map(|outcome| {
        let day = definition.days.iter().find(|day| day.name == outcome.day);
        let quantile = |percent: usize| outcome.day_rates.get(percent).copied().unwrap_or(f64::NAN);
        OutcomeRow {
            day: outcome.day.clone(),
            day_digest: day.map(|day| day.digest.clone()).unwrap_or_default(),
            way: outcome.way.clone(),
            stress: outcome.stress.clone(),
            is_feasible: outcome.is_feasible,
            cost: outcome.cost,
            driving_seconds: outcome.driving_seconds,
            distance_meters: outcome.distance_meters,
            couriers_used: integer(outcome.couriers_used),
            served: integer(outcome.served),
            unserved: integer(outcome.unserved),
            solve_seconds: outcome.solve_seconds,
            expected_kept_share: outcome.expected_kept,
            expected_error_share: outcome.expected_error,
            day_p01_share: quantile(1),
            day_p05_share: quantile(5),
            day_p25_share: quantile(25),
            day_p50_share: quantile(50),
            worst_stop_share: outcome.worst_stop,
            scenarios: i64::from(definition.scenarios),
        }
    });
    rows.collect()
}

/// A row for each stop of each outcome, in their order; orders left out have none.
#[must_use]
pub fn stop_rows(study: &Study) -> Vec<StopRow> {
    let mut rows: Vec<StopRow> = Vec::new();
    for outcome in &study.outcomes {
        let mut last = ("", 0);
        for stop in &outcome.stops {
            last = (
                stop.courier.as_str(),
                if stop.courier == last.0 {
                    last.1 + 1
                } else {
                    1
                },
            );
            rows.push(StopRow {
                day: outcome.day.clone(),
                way: outcome.way.clone(),
                stress: outcome.stress.clone(),
                courier: stop.courier.clone(),
                visit: last.1,
                order: stop.order.clone(),
                predicted_share: stop.predicted,
                kept_share: stop.kept,
            });
        }
    }
    rows
}

/// Writes `outcomes.csv` and `stops.csv` to a folder, which is made if it is not there.
///
/// # Errors
/// If they cannot be written.
pub fn write_csv(study: &Study, folder: &Path) -> Result<(), RowsError> {
    fs::create_dir_all(folder)?;
    csv_file(
        fs::File::create(folder.join("outcomes.csv"))?,
        &outcome_rows(study),
    )?;
    csv_file(
        fs::File::create(folder.join("stops.csv"))?,
        &stop_rows(study),
    )
}

/// The columns are named as in Parquet, in a file without rows, too.
fn csv_file<T: Serialize>(file: impl Write, rows: &[T]) -> Result<(), RowsError>
where
    for<'a> &'a [T]: RecordWriter<T>,
{
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(file);
    let schema = rows.schema()?;
    writer.write_record(schema.get_fields().iter().map(|field| field.name()))?;
    for row in rows {
        writer.serialize(row)?;
    }
    writer.flush()?;
    Ok(())
}

/// Writes `outcomes.parquet` and `stops.parquet` to a folder, which is made if it is not there.
///
/// # Errors
/// If they cannot be written.
pub fn write_parquet(study: &Study, folder: &Path) -> Result<(), RowsError> {
    fs::create_dir_all(folder)?;
    parquet_file(
        fs::File::create(folder.join("outcomes.parquet"))?,
        &outcome_rows(study)[..],
    )?;
    parquet_file(
        fs::File::create(folder.join("stops.parquet"))?,
        &stop_rows(study)[..],
    )
}

fn parquet_file<T>(file: fs::File, rows: &[T]) -> Result<(), RowsError>
where
    for<'a> &'a [T]: RecordWriter<T>,
{
    let schema = rows.schema()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
    for rows in rows.chunks(GROUP_ROWS) {
        let mut group = writer.next_row_group()?;
        rows.write_to_row_group(&mut group)?;
        group.close()?;
    }
    writer.close()?;
    Ok(())
}
