//! The ledger's entries. Their serialized form is what is stored: fields are added with a default, never renamed or
//! removed.

use serde::{Deserialize, Serialize};

use super::DayTerms;
use crate::model::{CourierId, Order, OrderId, Place, PromiseId, TimeWindow, WindowId};
use crate::units::{BasisPoints, Timestamp};

/// What a customer wants: an order and where its door is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    /// The order, without promise. Its place says nothing.
    pub order: Order,
    /// Where its door is.
    pub place: Place,
}

/// What was said of a promise, and on which grounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The window told.
    pub window: TimeWindow,
    /// Chance that it is kept by the plan of that moment.
    pub probability: BasisPoints,
    /// Chance to be expected at the close of the day; `None` if nothing was known of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_close: Option<BasisPoints>,
    /// Standard error of that, from the number of simulated days.
    pub error: BasisPoints,
    /// The plan that it was looked up in: the number of the entry that changed routes last.
    pub plan_version: u64,
    /// The noise model that it rests on.
    pub noise_version: String,
}

/// A route after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteChange {
    /// Who drives.
    pub courier: CourierId,
    /// All orders, in the sequence of visits; none if the courier stays at home.
    pub orders: Vec<OrderId>,
    /// When loading starts; `None` without orders.
    pub start: Option<Timestamp>,
}

/// How a promise ends without a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The customer, or the shop, let the hold go.
    Released,
    /// The hold ran out.
    Expired,
    /// A confirmed promise was taken back.
    Cancelled,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The day was opened.
    Opened(Box<DayTerms>),
    /// A window was held for an order.
    Held {
        /// The promise that it is to become.
        promise: PromiseId,
        /// For what.
        booking: Box<Booking>,
        /// In which window.
        window: WindowId,
        /// What was said.
        statement: Statement,
        /// The last moment at which it can be confirmed.
        expires_at: Timestamp,
        /// Routes that changed.
        routes: Vec<RouteChange>,
    },
    /// A hold became a promise.
    Confirmed {
        /// Which.
        promise: PromiseId,
        /// What was said then.
        statement: Statement,
    },
    /// A promise was given another window, another content, or both.
    Amended {
        /// Which.
        promise: PromiseId,
        /// For what now.
        booking: Box<Booking>,
        /// In which window now.
        window: WindowId,
        /// What was said.
        statement: Statement,
        /// Routes that changed.
        routes: Vec<RouteChange>,
    },
    /// A promise ended.
    Ended {
        /// Which.
        promise: PromiseId,
        /// How.
        end: End,
        /// Routes that changed.
        routes: Vec<RouteChange>,
    },
    /// A better plan was found.
    Replanned {
        /// Routes that changed.
        routes: Vec<RouteChange>,
    },
    /// The day takes no more orders; its plan is final.
    Closed,
}

impl Event {
    /// Routes that it changes.
    #[must_use]
    pub fn routes(&self) -> &[RouteChange] {
        match self {
            Self::Held { routes, .. }
            | Self::Amended { routes, .. }
            | Self::Ended { routes, .. }
            | Self::Replanned { routes } => routes,
            Self::Opened(_) | Self::Confirmed { .. } | Self::Closed => &[],
        }
    }

    /// The promise that it is about.
    #[must_use]
    pub fn promise(&self) -> Option<&PromiseId> {
        match self {
            Self::Held { promise, .. }
            | Self::Confirmed { promise, .. }
            | Self::Amended { promise, .. }
            | Self::Ended { promise, .. } => Some(promise),
            Self::Opened(_) | Self::Replanned { .. } | Self::Closed => None,
        }
    }

    /// What it says of the promise.
    #[must_use]
    pub fn statement(&self) -> Option<&Statement> {
        match self {
            Self::Held { statement, .. }
            | Self::Confirmed { statement, .. }
            | Self::Amended { statement, .. } => Some(statement),
            Self::Ended { .. } | Self::Opened(_) | Self::Replanned { .. } | Self::Closed => None,
        }
    }

    /// Its kind in one word, as the ledger's table has it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened(_) => "opened",
            Self::Held { .. } => "held",
            Self::Confirmed { .. } => "confirmed",
            Self::Amended { .. } => "amended",
            Self::Ended { end, .. } => match end {
                End::Released => "released",
                End::Expired => "expired",
                End::Cancelled => "cancelled",
            },
            Self::Replanned { .. } => "replanned",
            Self::Closed => "closed",
        }
    }
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number within the day: 0 opens it, then one by one.
    pub number: u64,
    /// When it was written; never before the entry before.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}
