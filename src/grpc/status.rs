//! From refusals to gRPC statuses: the only place that names status codes.
//!
//! | refusal | code | details |
//! |---|---|---|
//! | invalid request | `INVALID_ARGUMENT` | `BadRequest` with the problems that fit in 4 KiB, `ErrorInfo` |
//! | message that cannot be read | `INVALID_ARGUMENT` | `ErrorInfo` `MALFORMED_MESSAGE` |
//! | message over the size limit | `RESOURCE_EXHAUSTED` | `ErrorInfo` `TOO_LARGE`, no `RetryInfo` |
//! | busy | `RESOURCE_EXHAUSTED` | `RetryInfo`, `ErrorInfo` `BUSY` |
//! | unknown job | `NOT_FOUND` | `ErrorInfo` `UNKNOWN_JOB` |
//! | unknown day or promise | `NOT_FOUND` | `ErrorInfo` `UNKNOWN_DAY`, `UNKNOWN_PROMISE` |
//! | live day not started, started otherwise | `NOT_FOUND`, `ALREADY_EXISTS` | `ErrorInfo` `UNKNOWN_DAY`, `DAY_EXISTS` |
//! | live day from a day that is open | `FAILED_PRECONDITION` | `ErrorInfo` `DAY_OPEN` |
//! | change of a plan that has changed, or of what has happened | `FAILED_PRECONDITION` | `ErrorInfo` `STALE_PLAN`, `OVERTAKEN` |
//! | watcher too far behind | `RESOURCE_EXHAUSTED` | `ErrorInfo` `TOO_SLOW` |
//! | window that the day does not have | `INVALID_ARGUMENT` | `ErrorInfo` `WINDOW_NOT_OFFERED` with those it has |
//! | window not possible (any more) | `FAILED_PRECONDITION` | `ErrorInfo` `WINDOW_NOT_POSSIBLE`, the current quote |
//! | chance less than asked for | `ABORTED` | `ErrorInfo` `LESS_LIKELY`, the current quote |
//! | hold that ran out | `FAILED_PRECONDITION` | `ErrorInfo` `HOLD_EXPIRED`, the current quote |
//! | past the cut-off, day closed, wrong state | `FAILED_PRECONDITION` | `ErrorInfo` `PAST_CUT_OFF`, `DAY_CLOSED`, `WRONG_STATE` |
//! | order with a promise, day open on other terms | `ALREADY_EXISTS` | `ErrorInfo` `ORDER_TAKEN`, `DAY_EXISTS` |
//! | request id used twice | `ALREADY_EXISTS` | `ErrorInfo` `REQUEST_ID_REUSED` |
//! | day kept by another server | `UNAVAILABLE` | `RetryInfo`, `ErrorInfo` `NOT_OWNER` with its address |
//! | ledger cannot be read or written | `UNAVAILABLE` | `RetryInfo`, `ErrorInfo` `STORE_UNAVAILABLE` with the outcome |
//! | no ledger in this process | `FAILED_PRECONDITION` | `ErrorInfo` `NO_LEDGER` |
//! | shutting down | `UNAVAILABLE` | `ErrorInfo` `SHUTTING_DOWN` |
//! | deadline before any plan | `DEADLINE_EXCEEDED` | `ErrorInfo` `TOO_LATE` |
//! | our fault | `INTERNAL` | `ErrorInfo` `INTERNAL` with the fault's id |

mod live;
mod promise;

pub use live::of_live;
pub use promise::{no_ledger, of_promise, quote_in};

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::pb::ErrorReason;
use crate::app::{Fault, Refusal};
use crate::model::{Finding, Reason};

/// Findings listed in the body of one answer.
pub const FINDINGS_MAX: usize = 100;

/// Bytes of problems listed in the details of a status, which travel as headers: in base64 and with everything else
/// they must stay below the 8 KiB that clients take.
const DETAILS_BYTES_MAX: usize = 4_096;

/// Bytes of a problem besides its texts.
const DETAIL_FRAME_BYTES: usize = 12;

/// Domain of every `ErrorInfo`.
pub const ERROR_DOMAIN: &str = "punctual";

/// When a caller that was refused because the server is busy should try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The status for `refusal`.
#[must_use]
pub fn of(refusal: &Refusal) -> Status {
    let message = refusal.to_string();
    match refusal {
        Refusal::Invalid(findings) => invalid(findings),
        Refusal::Busy => {
            let mut details = error_info(ErrorReason::Busy, []);
            details.set_retry_info(Some(RETRY_AFTER));
            Status::with_error_details(Code::ResourceExhausted, message, details)
        }
        Refusal::UnknownJob(_) => with_info(Code::NotFound, message, ErrorReason::UnknownJob),
        Refusal::RequestIdReused(_) => {
            with_info(Code::AlreadyExists, message, ErrorReason::RequestIdReused)
        }
        Refusal::ShuttingDown => with_info(Code::Unavailable, message, ErrorReason::ShuttingDown),
        Refusal::TooLate => with_info(Code::DeadlineExceeded, message, ErrorReason::TooLate),
        Refusal::Fault(Fault { id }) => {
            let details = error_info(ErrorReason::Internal, [("fault", id.as_str())]);
            Status::with_error_details(Code::Internal, message, details)
        }
    }
}

/// What to say instead of a status that the transport made by itself, which callers could not tell from our faults.
///
/// The transport calls unreadable messages internal errors and large ones out of range.
#[must_use]
pub(super) fn of_transport(status: &Status) -> Option<Status> {
    let message = status.message();
    match status.code() {
        Code::Internal => Some(with_info(
            Code::InvalidArgument,
            format!("the message cannot be read: {message}"),
            ErrorReason::MalformedMessage,
        )),
        Code::OutOfRange => Some(with_info(
            Code::ResourceExhausted,
            format!("the message is larger than this server takes: {message}"),
            ErrorReason::TooLarge,
        )),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Unimplemented
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => None,
    }
}

/// How a status is told over plain HTTP: the name of its code, and the code of HTTP that says the same.
#[must_use]
pub(super) fn over_http(code: Code) -> (&'static str, StatusCode) {
    match code {
        Code::Ok => ("OK", StatusCode::OK),
        Code::Cancelled => ("CANCELLED", StatusCode::SERVICE_UNAVAILABLE),
        Code::Unknown => ("UNKNOWN", StatusCode::INTERNAL_SERVER_ERROR),
        Code::InvalidArgument => ("INVALID_ARGUMENT", StatusCode::BAD_REQUEST),
        Code::DeadlineExceeded => ("DEADLINE_EXCEEDED", StatusCode::GATEWAY_TIMEOUT),
        Code::NotFound => ("NOT_FOUND", StatusCode::NOT_FOUND),
        Code::AlreadyExists => ("ALREADY_EXISTS", StatusCode::CONFLICT),
        Code::PermissionDenied => ("PERMISSION_DENIED", StatusCode::FORBIDDEN),
        Code::ResourceExhausted => ("RESOURCE_EXHAUSTED", StatusCode::TOO_MANY_REQUESTS),
        Code::FailedPrecondition => ("FAILED_PRECONDITION", StatusCode::CONFLICT),
        Code::Aborted => ("ABORTED", StatusCode::CONFLICT),
        Code::OutOfRange => ("OUT_OF_RANGE", StatusCode::BAD_REQUEST),
        Code::Unimplemented => ("UNIMPLEMENTED", StatusCode::NOT_IMPLEMENTED),
        Code::Internal => ("INTERNAL", StatusCode::INTERNAL_SERVER_ERROR),
        Code::Unavailable => ("UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE),
        Code::DataLoss => ("DATA_LOSS", StatusCode::INTERNAL_SERVER_ERROR),
        Code::Unauthenticated => ("UNAUTHENTICATED", StatusCode::UNAUTHORIZED),
    }
}

/// The reason as the API names it.
#[must_use]
pub fn reason(reason: Reason) -> ErrorReason {
    match reason {
        Reason::MissingField => ErrorReason::MissingField,
        Reason::MalformedId => ErrorReason::MalformedId,
        Reason::DuplicateId => ErrorReason::DuplicateId,
        Reason::UnknownReference => ErrorReason::UnknownReference,
        Reason::UnknownSkill => ErrorReason::UnknownSkill,
        Reason::OutOfRange => ErrorReason::OutOfRange,
        Reason::BadWindow => ErrorReason::BadWindow,
        Reason::MatrixShape => ErrorReason::MatrixShape,
        Reason::UnreachablePlace => ErrorReason::UnreachablePlace,
        Reason::EmptyProblem => ErrorReason::EmptyProblem,
        Reason::TooLarge => ErrorReason::TooLarge,
        Reason::NoCourier => ErrorReason::NoCourier,
        Reason::Conflict => ErrorReason::Conflict,
        Reason::UnknownName => ErrorReason::UnknownName,
    }
}

/// Findings that fit in the details of a status.
fn violations(findings: &[Finding]) -> Vec<FieldViolation> {
    let mut room = DETAILS_BYTES_MAX;
    findings
        .iter()
        .map(violation)
        .take_while(|violation| {
            let texts = [&violation.field, &violation.description, &violation.reason];
            let size = DETAIL_FRAME_BYTES + texts.map(String::len).iter().sum::<usize>();
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        })
        .collect()
}

fn invalid(findings: &[Finding]) -> Status {
    let violations = violations(findings);
    let cut_off = findings.len() - violations.len();
    let first = findings
        .first()
        .map_or(Reason::MissingField, |finding| finding.reason);
    let mut details = error_info(reason(first), [("findings_cut_off", &*cut_off.to_string())]);
    details.set_bad_request(violations);
    let rest = match cut_off {
        0 => String::new(),
        more => format!("; {more} of them are not listed"),
    };
    let message = match findings {
        [only] => format!("{}: {}", only.field, only.message),
        _ => format!("{} problems in the request{rest}", findings.len()),
    };
    Status::with_error_details(Code::InvalidArgument, message, details)
}

fn violation(finding: &Finding) -> FieldViolation {
    let subject = match finding.subject.as_str() {
        "" => String::new(),
        id => format!("{id}: "),
    };
    let mut violation =
        FieldViolation::new(&finding.field, format!("{subject}{}", finding.message));
    violation.reason = short_name(reason(finding.reason)).to_owned();
    violation
}

fn with_info(code: Code, message: String, reason: ErrorReason) -> Status {
    Status::with_error_details(code, message, error_info(reason, []))
}

fn error_info<'a>(
    reason: ErrorReason,
    metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> ErrorDetails {
    let metadata: HashMap<String, String> = metadata
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    ErrorDetails::with_error_info(short_name(reason), ERROR_DOMAIN, metadata)
}

/// The name of a reason without the prefix that all of them have.
fn short_name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_of_problems_is_cut_off_and_says_so() {
        let finding = |number| {
            let field = format!("orders[{number}].windows[0].end_time");
            Finding::new(field, "a", Reason::BadWindow, "ends before it begins")
        };
        let status = of(&Refusal::Invalid((0..130).map(finding).collect()));
        assert_eq!(status.code(), Code::InvalidArgument);
        // What the Python client takes, in base64, with room for the other headers.
        assert!(status.details().len() * 4 / 3 < 7_000);
        let details = status.get_error_details();
        let listed = details.bad_request().unwrap().field_violations.len();
        assert!((30..130).contains(&listed), "{listed}");
        let not_listed = (130 - listed).to_string();
        assert!(status.message().contains("130"));
        assert!(status.message().contains(&format!("{not_listed} of them")));
        let info = details.error_info().unwrap();
        assert_eq!(info.reason, "BAD_WINDOW");
        assert_eq!(info.domain, ERROR_DOMAIN);
        assert_eq!(info.metadata["findings_cut_off"], not_listed);
    }

    #[test]
    fn a_busy_server_says_when_to_come_back() {
        let status = of(&Refusal::Busy);
        assert_eq!(status.code(), Code::ResourceExhausted);
        let details = status.get_error_details();
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(RETRY_AFTER));
        assert_eq!(details.error_info().unwrap().reason, "BUSY");
    }

    #[test]
    fn a_fault_tells_its_id_and_nothing_else() {
        let id = "7".repeat(32);
        let status = of(&Refusal::Fault(Fault { id: id.clone() }));
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(
            status.get_error_details().error_info().unwrap().metadata["fault"],
            id
        );
    }
}
