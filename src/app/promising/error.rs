//! Why a request about promises is not served.

use std::time::Duration;

use crate::app::Fault;
use crate::promise::Refusal;
use crate::store::StoreError;

/// When a caller should try again whom nobody can serve right now.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request about a day or its promises is not served.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PromiseError {
    /// It cannot be done. Nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Another process keeps the day.
    #[error("the day is kept by the server at {address}; ask there, or here again once it is gone")]
    NotOwner {
        /// Where.
        address: String,
        /// When to ask here again.
        retry_after: Duration,
    },
    /// The store cannot be reached, or written.
    #[error("the store is not available: {what}; {}", outcome(*.is_outcome_known))]
    Unavailable {
        /// What happened.
        what: String,
        /// Whether it is sure that nothing has changed.
        is_outcome_known: bool,
        /// When to try again.
        retry_after: Duration,
    },
    /// Too many requests are waiting.
    #[error("too many changes are waiting already; try again later")]
    Busy,
    /// The process is ending.
    #[error("the server is shutting down; ask another one, or this one after its restart")]
    ShuttingDown,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

fn outcome(is_known: bool) -> &'static str {
    if is_known {
        "nothing has changed, try again later"
    } else {
        "whether the change was made is not known: repeat the request with the same request id to find out"
    }
}

impl PromiseError {
    /// What the failure of a reading call means.
    pub(in crate::app) fn of_read(error: &StoreError) -> Self {
        Self::Unavailable {
            what: error.to_string(),
            is_outcome_known: true,
            retry_after: RETRY_AFTER,
        }
    }

    /// What the failure of writing means: nothing may be known of what became of it.
    pub(in crate::app) fn of_write(error: &StoreError) -> Self {
        Self::Unavailable {
            what: error.to_string(),
            is_outcome_known: !matches!(error, StoreError::Unavailable(_)),
            retry_after: RETRY_AFTER,
        }
    }

    /// Another process keeps the day.
    pub(in crate::app) fn kept_by(address: &str) -> Self {
        Self::NotOwner {
            address: address.to_owned(),
            retry_after: RETRY_AFTER,
        }
    }
}
