//! Statuses of requests about live days.

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{error_info, of_promise, violations};
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
        LiveError::StalePlan { is, .. } => {
            let version = is.to_string();
            let info = error_info(ErrorReason::StalePlan, [("plan_version", version.as_str())]);
            return Status::with_error_details(Code::FailedPrecondition, error.to_string(), info);
        }
        LiveError::Overtaken(findings) => {
            let mut details = error_info(ErrorReason::Overtaken, []);
            details.set_bad_request(violations(findings));
            return Status::with_error_details(
                Code::FailedPrecondition,
                error.to_string(),
                details,
            );
        }
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
            (
                LiveError::StalePlan { of: 1, is: 2 },
                Code::FailedPrecondition,
                "STALE_PLAN",
            ),
            (
                LiveError::Overtaken(Vec::new()),
                Code::FailedPrecondition,
                "OVERTAKEN",
            ),
            (LiveError::TooSlow, exhausted, "TOO_SLOW"),
        ] {
            let status = of_live(&error);
            assert_eq!(status.code(), code);
            assert_eq!(status.get_details_error_info().unwrap().reason, reason);
        }
    }
}
