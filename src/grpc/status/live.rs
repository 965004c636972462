//! Statuses of requests about live days.

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{error_info, of_promise};
use crate::app::LiveError;
use crate::grpc::convert::Clocks;
use crate::grpc::pb::ErrorReason;

/// The status for `error`.
#[must_use]
pub fn of_live(error: &LiveError) -> Status {
    let (code, reason, day) = match error {
        LiveError::Other(error) => return of_promise(error, &Clocks::new("")),
        LiveError::UnknownDay(day) => (Code::NotFound, ErrorReason::UnknownDay, Some(day)),
        LiveError::DayExists(day) => (Code::AlreadyExists, ErrorReason::DayExists, Some(day)),
        LiveError::DayOpen(day) => (Code::FailedPrecondition, ErrorReason::DayOpen, Some(day)),
        LiveError::TooSlow => (Code::ResourceExhausted, ErrorReason::TooSlow, None),
    };
    let day = day.map(|day| ("day", day.as_str()));
    Status::with_error_details(code, error.to_string(), error_info(reason, day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DayId;

    #[test]
    fn every_refusal_has_a_code_and_a_reason_of_its_own() {
        let day = || DayId::parse("monday").unwrap();
        let exhausted = Code::ResourceExhausted;
        for (error, code, reason) in [
            (LiveError::UnknownDay(day()), Code::NotFound, "UNKNOWN_DAY"),
            (
                LiveError::DayExists(day()),
                Code::AlreadyExists,
                "DAY_EXISTS",
            ),
            (
                LiveError::DayOpen(day()),
                Code::FailedPrecondition,
                "DAY_OPEN",
            ),
            (LiveError::TooSlow, exhausted, "TOO_SLOW"),
        ] {
            let status = of_live(&error);
            assert_eq!(status.code(), code);
            assert_eq!(status.get_details_error_info().unwrap().reason, reason);
        }
    }
}
