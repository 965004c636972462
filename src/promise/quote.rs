//! What can be promised to a new order, and what not and why.

use crate::model::{ConstraintKind, CourierId, OrderId, Probability, TimeWindow, WindowId};
use crate::units::{Cost, Timestamp};

/// What promising a window would mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Chance that the promise is kept by the plan as it would be then.
    pub probability: Probability,
    /// Chance to be expected when the day is closed, for other orders come meanwhile; `None` if nothing is known of that.
    pub at_close: Option<f64>,
    /// What the plan costs more.
    pub added_cost: Cost,
    /// Expected late orders among those already promised, more than without it.
    pub added_late: f64,
    /// The lowest chance that any order of the route is left with, and whose it is: its own, if no other's is lower.
    pub lowest: (f64, OrderId),
    /// Who would come.
    pub courier: CourierId,
    /// When service would start, as planned.
    pub service_start: Timestamp,
}

/// Why a window cannot be promised.
#[derive(Clone, Debug, PartialEq)]
pub enum Shortfall {
    /// Its cut-off has passed.
    PastCutOff {
        /// The last moment at which it could be promised.
        cut_off: Timestamp,
    },
    /// The customer's door is closed all through it.
    DoorClosed {
        /// When it is open, by the order; sorted.
        open: Vec<TimeWindow>,
    },
    /// No courier could ever come: skills, lists, depots or the size of the order exclude all of them, or there is no way.
    NoCourier {
        /// What excludes the courier that comes nearest.
        constraint: ConstraintKind,
        /// That courier; `None` if there are no couriers at all.
        courier: Option<CourierId>,
        /// The skill or dimension concerned, if any.
        subject: String,
        /// By how much, in units of the dimension; 0 for what is no amount.
        amount: i64,
    },
    /// There is no room: the courier who comes nearest, and by how much it falls short.
    NoRoom {
        /// What is short there.
        constraint: ConstraintKind,
        /// The courier who comes nearest.
        courier: CourierId,
        /// By how much: seconds, meters, stops or units of a dimension.
        amount: i64,
        /// The dimension concerned, if any.
        subject: String,
        /// The earliest moment after the window's start from which on a courier could really come; `None` if there is none.
        possible_from: Option<Timestamp>,
    },
    /// There is room, but the day's target would be missed.
    Target {
        /// The best that could be had.
        offer: Box<Offer>,
        /// Expected share of all promises kept with it, 0 to 1.
        expected: f64,
        /// Whether it is the expected share that is missed, or the floor of single promises.
        is_expected_missed: bool,
    },
}

/// One window of a quote.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowQuote {
    /// Which window.
    pub id: WindowId,
    /// When it is.
    pub window: TimeWindow,
    /// What promising it would mean, or why it cannot be promised.
    pub outcome: Result<Offer, Shortfall>,
}

/// An answer to "when can you come?". It keeps nothing: holding a window asks again.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote {
    /// The windows of the day, by start.
    pub windows: Vec<WindowQuote>,
    /// The plan that was looked at.
    pub plan_version: u64,
    /// The noise model that probabilities rest on.
    pub noise_version: String,
    /// When it was given.
    pub at: Timestamp,
    /// After this moment, ask anew.
    pub expires_at: Timestamp,
}
