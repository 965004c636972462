//! Why something cannot be done with a promise.

use super::{PromiseState, Quote};
use crate::model::{DayId, Finding, OrderId, PromiseId, WindowId};
use crate::units::Timestamp;

/// Why a request about a day or its promises is refused. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The request is wrong; all that is wrong with it.
    #[error("the request is not valid")]
    Invalid(Vec<Finding>),
    /// The day is not known.
    #[error("there is no day {0}; open it first")]
    UnknownDay(DayId),
    /// The day exists already, on other terms.
    #[error("day {0} is open already; its terms cannot be changed")]
    DayExists(DayId),
    /// The day takes no more orders or changes.
    #[error("day {0} is closed; its plan is final")]
    DayClosed(DayId),
    /// The day does not offer the window.
    #[error("the day has no window {window}; it offers {offered}")]
    UnknownWindow {
        /// What was asked for.
        window: WindowId,
        /// What there is, in words.
        offered: String,
    },
    /// The window's cut-off has passed.
    #[error("window {window} could be promised until its cut-off only")]
    PastCutOff {
        /// Which window.
        window: WindowId,
        /// The last moment at which it could be promised.
        cut_off: Timestamp,
    },
    /// The promise is not known.
    #[error("the day has no promise {0}")]
    UnknownPromise(PromiseId),
    /// The order has a promise or a hold already.
    #[error(
        "order {order} has promise {promise} already; amend that one, or release or cancel it first"
    )]
    OrderTaken {
        /// Which order.
        order: OrderId,
        /// Its promise.
        promise: PromiseId,
    },
    /// The hold ran out.
    #[error("the hold {promise} ran out; hold a window again")]
    HoldExpired {
        /// Which hold.
        promise: PromiseId,
        /// When.
        at: Timestamp,
        /// What can be promised to the order now, if it still is known.
        alternatives: Option<Box<Quote>>,
    },
    /// The promise is not in a state in which that can be done.
    #[error("promise {promise} is {state}, so it cannot be {wanted}")]
    WrongState {
        /// Which promise.
        promise: PromiseId,
        /// Its state.
        state: PromiseState,
        /// What was asked for: `confirmed`, `released`, `amended`, `cancelled`.
        wanted: &'static str,
    },
    /// The window cannot be promised (any more).
    #[error("window {window} cannot be promised to this order now")]
    NotPossible {
        /// Which window.
        window: WindowId,
        /// All windows, this one included, with what they offer or why they do not.
        alternatives: Box<Quote>,
    },
    /// The chance of keeping the promise is less than the caller asked for.
    #[error("window {window} can only be promised with a smaller chance than asked for")]
    LessLikely {
        /// Which window.
        window: WindowId,
        /// All windows with what they offer.
        alternatives: Box<Quote>,
    },
    /// The request id was used before, with another body.
    #[error("request id {0:?} was used before with another body; use a new id for a new request")]
    RequestIdReused(String),
}
