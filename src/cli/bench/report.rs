//! `punctual bench report`: what a study says, as a page and as rows.

use std::path::PathBuf;

use super::read_text;
use crate::analysis::study;
use crate::cli::{Done, Failure, console, day_file};
use crate::report;

/// Makes a report of a study: one HTML page with plots and tables, and rows for other programs.
///
/// The page needs no network and no script. CSV and Parquet have the same columns, one row for each outcome
/// (`outcomes`) and one for each stop of each outcome (`stops`). Exits with 2 if the study is not finished: the report
/// is then of what is there.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("results").required(true).multiple(true).args(["html", "csv", "parquet"]))]
pub(super) struct Arguments {
    /// The study, as `bench study` writes it.
    #[arg(value_name = "STUDY")]
    study: PathBuf,
    /// Where the page is written.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Folder for `outcomes.csv` and `stops.csv`.
    #[arg(long, value_name = "FOLDER")]
    csv: Option<PathBuf>,
    /// Folder for `outcomes.parquet` and `stops.parquet`.
    #[arg(long, value_name = "FOLDER")]
    parquet: Option<PathBuf>,
}

pub(super) fn run(args: &Arguments) -> Result<Done, Failure> {
    if let Some(path) = &args.html {
        day_file::expect_writable(path)?;
    }
    let study = study::read(&read_text(&args.study)?)
        .map_err(|error| Failure::new(format!("read {}", args.study.display()), error))?;
    for folder in [&args.csv, &args.parquet].into_iter().flatten() {
        day_file::ready_folder(folder)?;
    }
    if let Some(path) = &args.html {
        day_file::write_text(path, report::html(&study).as_bytes())?;
    }
    for (folder, write) in [
        (&args.csv, report::write_csv as fn(&_, &_) -> _),
        (&args.parquet, report::write_parquet),
    ] {
        if let Some(folder) = folder {
            write(&study, folder.as_path())
                .map_err(|error| Failure::new(format!("write to {}", folder.display()), error))?;
        }
    }
    if study.is_finished() {
        return Ok(Done::Fully);
    }
    console::note(format_args!(
        "the study is not finished: the report is of {} results",
        study.outcomes.len()
    ));
    Ok(Done::InPart)
}
