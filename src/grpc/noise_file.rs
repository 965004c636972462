//! The noise model that a process is configured with, from a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::convert;
use super::json::{self, JsonError};
use crate::model::{Finding, NoiseModel};

/// Why a file is no noise model.
#[derive(Debug, thiserror::Error)]
#[error("the noise model {}: {cause}", path.display())]
pub struct NoiseFileError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] JsonError),
    #[error("{}", lines(.0))]
    Invalid(Vec<Finding>),
}

/// Reads a noise model: the JSON form of `punctual.v1.NoiseModel`.
///
/// # Errors
/// If the file cannot be read or is not of that form, or with everything that is out of bounds in it.
pub fn read_noise_file(path: &Path) -> Result<NoiseModel, NoiseFileError> {
    read(path).map_err(|cause| NoiseFileError {
        path: path.to_owned(),
        cause,
    })
}

fn read(path: &Path) -> Result<NoiseModel, Cause> {
    parse(&fs::read_to_string(path)?)
}

fn parse(text: &str) -> Result<NoiseModel, Cause> {
    // Windows editors begin files with a byte order mark.
    let message = json::read(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    convert::read_noise_model(&message).map_err(Cause::Invalid)
}

/// Reads a noise model from its text.
///
/// # Errors
/// As for [`read_noise_file`], in words.
pub fn read_noise(text: &str) -> Result<NoiseModel, String> {
    parse(text).map_err(|cause| cause.to_string())
}

fn lines(findings: &[Finding]) -> String {
    let lines = findings.iter();
    let lines = lines.map(|finding| format!("{}: {}", finding.field, finding.message));
    lines.collect::<Vec<_>>().join("; ")
}
