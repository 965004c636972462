//! Why a request about a live day is not served.

use std::time::Duration;

use crate::app::{Fault, PromiseError};
use crate::day::ReplanRefusal;
use crate::model::{DayId, Finding};
use crate::promise;

/// When a watcher should ask again whose day was let go.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request about a live day is not served.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LiveError {
    /// The live day is not known.
    #[error("there is no live day {0}; start it first")]
    UnknownDay(DayId),
    /// The live day exists already, otherwise.
    #[error("live day {0} was started already, on other terms or from another plan")]
    DayExists(DayId),
    /// The day whose plan is asked for still takes orders.
    #[error("day {0} is open still; close it first, which makes its plan final")]
    DayOpen(DayId),
    /// The plan has changed since the change was found.
    #[error(
        "the change is one of version {of} of the plan, which is at version {is} now; ask for it anew"
    )]
    StalePlan {
        /// The version that it changes.
        of: u64,
        /// The version that the plan has.
        is: u64,
    },
    /// What the change moves has happened meanwhile.
    #[error("what the change moves has happened meanwhile; ask for it anew")]
    Overtaken(Vec<Finding>),
    /// The watcher is too far behind.
    #[error(
        "the watcher is too slow for the changes that there are; ask again for what is open now"
    )]
    TooSlow,
    /// What can be wrong with days of promises, too.
    #[error(transparent)]
    Other(#[from] PromiseError),
}

impl LiveError {
    /// What is wrong with the request, if it is that.
    #[must_use]
    pub fn findings(&self) -> Option<&[Finding]> {
        match self {
            Self::Other(PromiseError::Refused(promise::Refusal::Invalid(found))) => Some(found),
            Self::Other(_)
            | Self::UnknownDay(_)
            | Self::DayExists(_)
            | Self::DayOpen(_)
            | Self::StalePlan { .. }
            | Self::Overtaken(_)
            | Self::TooSlow => None,
        }
    }

    /// The day is not in memory any more, for whatever reason.
    #[must_use]
    pub fn let_go() -> Self {
        Self::Other(PromiseError::Unavailable {
            what: "the live day is read anew from its record".to_owned(),
            is_outcome_known: true,
            retry_after: RETRY_AFTER,
        })
    }
}

impl From<Vec<Finding>> for LiveError {
    fn from(findings: Vec<Finding>) -> Self {
        PromiseError::from(promise::Refusal::Invalid(findings)).into()
    }
}

impl From<ReplanRefusal> for LiveError {
    fn from(refusal: ReplanRefusal) -> Self {
        match refusal {
            ReplanRefusal::Stale { of, is } => Self::StalePlan { of, is },
            ReplanRefusal::Invalid(findings) => findings.into(),
            ReplanRefusal::Overtaken(findings) => Self::Overtaken(findings),
        }
    }
}

impl From<Fault> for LiveError {
    fn from(fault: Fault) -> Self {
        PromiseError::from(fault).into()
    }
}
