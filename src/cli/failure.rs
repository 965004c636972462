//! Why a command failed: everything that is wrong, one line each.

use std::fmt;

use crate::app::Refusal;
use crate::model::Finding;

/// The command failed.
pub const EXIT_FAILURE: u8 = 1;
/// The command gave a result that is less than one would wish.
pub const EXIT_PARTIAL: u8 = 2;
/// The command was called in a wrong way.
pub const EXIT_USAGE: u8 = 64;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    action: String,
    causes: Vec<String>,
    exit_code: u8,
}

impl Failure {
    /// `action` failed because of `cause`.
    pub(super) fn new(action: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self {
            action: action.into(),
            causes: vec![cause.to_string()],
            exit_code: EXIT_FAILURE,
        }
    }

    /// The command was called in a wrong way.
    pub(super) fn usage(action: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self {
            exit_code: EXIT_USAGE,
            ..Self::new(action, cause)
        }
    }

    /// `action` was refused; every finding is a line.
    pub(super) fn refused(action: impl Into<String>, refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Invalid(findings) => Self {
                action: action.into(),
                causes: findings.iter().map(finding_line).collect(),
                exit_code: EXIT_FAILURE,
            },
            Refusal::Busy
            | Refusal::UnknownJob(_)
            | Refusal::RequestIdReused(_)
            | Refusal::ShuttingDown
            | Refusal::TooLate
            | Refusal::Fault(_) => Self::new(action, refusal),
        }
    }

    /// The server refused `action`; every violation it names is a line.
    pub(super) fn status(action: impl Into<String>, status: &tonic::Status) -> Self {
        use tonic_types::StatusExt;
        let mut failure = Self::new(action, format!("{:?}: {}", status.code(), status.message()));
        if let Some(bad) = status.get_details_bad_request() {
            let lines = bad.field_violations.into_iter();
            failure.causes.extend(
                lines.map(|violation| format!("{}: {}", violation.field, violation.description)),
            );
        }
        failure
    }

    pub(super) fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

/// A finding as one line.
pub(super) fn finding_line(finding: &Finding) -> String {
    match finding.subject.as_str() {
        "" => format!("{}: {}", finding.field, finding.message),
        id => format!("{} ({id}): {}", finding.field, finding.message),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.causes.as_slice() {
            [only] => writeln!(f, "punctual: {}: {only}", self.action),
            causes => {
                writeln!(f, "punctual: {}: {} problems", self.action, causes.len())?;
                causes.iter().try_for_each(|cause| writeln!(f, "  {cause}"))
            }
        }
    }
}
