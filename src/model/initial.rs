//! Plans to start from, and what must not change in them.

use super::{OrderId, RouteSketch};

/// How firmly a stop stands where the initial plan has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// It may go anywhere.
    #[default]
    Free,
    /// No other courier serves it; its place in the courier's route is free.
    FixedCourier,
    /// It stays in its courier's route, at its place.
    FixedCourierAndOrder,
    /// The courier is on the way to it or at the door: it stays where it is.
    InProgress,
    /// It has happened: it stays where it is.
    Done,
}

impl Lock {
    /// Whether the stop keeps its place in the sequence. Such stops are the first ones of their route.
    #[must_use]
    pub fn keeps_place(self) -> bool {
        self >= Self::FixedCourierAndOrder
    }

    /// Whether the courier must have started for this.
    #[must_use]
    pub fn has_begun(self) -> bool {
        self >= Self::InProgress
    }
}

/// The lock of one stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopLock {
    /// The order served at the stop.
    pub order: OrderId,
    /// Its lock.
    pub lock: Lock,
}

/// A plan to start a search from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitialPlan {
    /// Its sequences. Orders of the problem that are in none of them are new.
    pub routes: Vec<RouteSketch>,
    /// What must not change. Stops that are not named are free.
    pub locks: Vec<StopLock>,
}
