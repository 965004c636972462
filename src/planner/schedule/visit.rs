//! One stop of a route, at a door or at a depot: when service may start there, and how long it takes.
//!
//! Knows the way from the stop before; nothing of the others.

use std::borrow::Cow;

use crate::model::{Depot, Order, OrderKind, PlaceIdx, TimeWindow};
use crate::travel::Way;
use crate::units::{Seconds, Timestamp};

/// The window of a depot where goods need not be waited for.
pub(super) const ALWAYS: TimeWindow = TimeWindow {
    start: Timestamp(0),
    end: Timestamp::LAST,
};

/// What a courier stops for.
#[derive(Clone, Copy)]
pub(in crate::planner) enum Errand<'a> {
    /// An order.
    Order(&'a Order),
    /// Loading for the next trip.
    Reload(&'a Depot),
}

/// One stop in a courier's sequence: at a door, or at a depot between two trips.
///
/// A reload is like a door that opens when all goods of the next trip are ready and never closes.
#[derive(Clone)]
pub(in crate::planner) struct Visit<'a> {
    pub(in crate::planner) errand: Errand<'a>,
    /// When service may start, sorted and without overlaps.
    pub(in crate::planner) windows: Cow<'a, [TimeWindow]>,
    /// Time at the door, by this courier, or of loading.
    pub(in crate::planner) service: Seconds,
    /// The way from the stop before.
    pub(in crate::planner) way: Way<'a>,
}

impl<'a> Visit<'a> {
    /// A return to `depot`.
    pub(super) fn reload(depot: &'a Depot, way: Way<'a>) -> Self {
        Self {
            errand: Errand::Reload(depot),
            windows: Cow::Owned(vec![ALWAYS]),
            service: depot.loading,
            way,
        }
    }

    /// The order, unless this is a reload.
    pub(in crate::planner) fn order(&self) -> Option<&'a Order> {
        match self.errand {
            Errand::Order(order) => Some(order),
            Errand::Reload(_) => None,
        }
    }

    /// The depot, if this is a reload.
    pub(in crate::planner) fn depot(&self) -> Option<&'a Depot> {
        match self.errand {
            Errand::Order(_) => None,
            Errand::Reload(depot) => Some(depot),
        }
    }

    /// Where it is.
    pub(in crate::planner) fn place(&self) -> PlaceIdx {
        match self.errand {
            Errand::Order(order) => order.place,
            Errand::Reload(depot) => depot.place,
        }
    }

    /// When the goods of a delivery are ready, if that is stated.
    pub(super) fn ready(&self) -> Option<Timestamp> {
        let order = self.order()?;
        order.ready.filter(|_| order.kind == OrderKind::Delivery)
    }

    /// When service starts after arriving at `arrival`: at once if every window is over.
    pub(super) fn service_start(&self, arrival: Timestamp) -> Timestamp {
        self.window_at(arrival)
            .map_or(arrival, |window| arrival.max(window.start))
    }

    /// The window in which service starts after arriving at `arrival`.
    pub(super) fn window_at(&self, arrival: Timestamp) -> Option<TimeWindow> {
        let mut windows = self.windows.iter();
        windows.find(|window| arrival <= window.end).copied()
    }

    /// The last moment up to `bound` at which service may start.
    pub(super) fn latest_service(&self, bound: Timestamp) -> Option<Timestamp> {
        let mut windows = self.windows.iter().rev();
        let window = windows.find(|window| window.start <= bound)?;
        Some(bound.min(window.end))
    }

    /// How long after the last window a service at `moment` starts.
    pub(in crate::planner) fn lateness(&self, moment: Timestamp) -> Seconds {
        match self.windows.last() {
            Some(last) => Seconds::ZERO.max(moment - last.end),
            None => Seconds::ZERO,
        }
    }
}

/// The moments of one visit.
#[derive(Clone, Copy)]
pub(in crate::planner) struct Moments {
    pub(in crate::planner) arrival: Timestamp,
    pub(in crate::planner) service_start: Timestamp,
    pub(in crate::planner) departure: Timestamp,
}
