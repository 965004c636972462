//! Why a command failed: everything that is wrong, one line each.

use std::fmt;

use crate::app::Refusal;
use crate::grpc::status::quote_in;
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
    headline: String,
    /// Everything in particular, if the headline does not say it.
    details: Vec<String>,
    exit_code: u8,
}

impl Failure {
    /// `action` failed because of `cause`.
    pub(super) fn new(action: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self {
            headline: format!("{action}: {cause}"),
            details: Vec::new(),
            exit_code: EXIT_FAILURE,
        }
    }

    /// Nobody is there to be told.
    pub(super) fn silent() -> Self {
        Self {
            headline: String::new(),
            details: Vec::new(),
            exit_code: EXIT_FAILURE,
        }
    }

    /// Whether there is nothing to say.
    pub(super) fn is_silent(&self) -> bool {
        self.headline.is_empty()
    }

    /// The command was called in a wrong way.
    pub(super) fn usage(action: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self {
            exit_code: EXIT_USAGE,
            ..Self::new(action, cause)
        }
    }

    /// `action` failed for several reasons; each is a line.
    pub(super) fn listed(action: impl fmt::Display, reasons: Vec<String>) -> Self {
        match reasons.as_slice() {
            [only] => Self::new(action, only),
            several => Self {
                headline: format!("{action}: {} problems", several.len()),
                details: reasons,
                exit_code: EXIT_FAILURE,
            },
        }
    }

    /// `action` was refused; every finding is a line.
    pub(super) fn refused(action: impl fmt::Display, refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Invalid(findings) => match findings.as_slice() {
                [only] => Self::new(action, finding_line(only)),
                several => Self {
                    details: several.iter().map(finding_line).collect(),
                    ..Self::new(action, format_args!("{} problems", several.len()))
                },
            },
            Refusal::Busy
            | Refusal::UnknownJob(_)
            | Refusal::RequestIdReused(_)
            | Refusal::ShuttingDown
            | Refusal::TooLate
            | Refusal::Fault(_) => Self::new(action, refusal),
        }
    }

    /// The server refused `action`; every violation it names is a line if there are several, and every window that it
    /// offers instead.
    pub(super) fn status(action: impl fmt::Display, status: &tonic::Status) -> Self {
        use tonic_types::StatusExt;
        let violations = status
            .get_details_bad_request()
            .map(|bad| bad.field_violations)
            .unwrap_or_default();
        // The message of a status with one finding is that finding.
        let is_said =
            matches!(violations.as_slice(), [only] if status.message().starts_with(&only.field));
        let violations = violations.into_iter().filter(|_| !is_said);
        let violations =
            violations.map(|violation| format!("{}: {}", violation.field, violation.description));
        let quote = quote_in(status).unwrap_or_default().windows.into_iter();
        let offers = quote.filter_map(|window| {
            let chance = window.offer?.probability?.percent;
            Some(format!(
                "{} could be promised: {chance:.1} %",
                window.window_id
            ))
        });
        Self {
            details: violations.chain(offers).collect(),
            ..Self::new(
                action,
                format_args!("{:?}: {}", status.code(), status.message()),
            )
        }
    }

    /// With one line more.
    pub(super) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
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
        write!(f, "punctual: {}", self.headline)?;
        self.details
            .iter()
            .try_for_each(|detail| write!(f, "\n  {detail}"))
    }
}
