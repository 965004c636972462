//! Orders as the book needs them.

use std::sync::Arc;

use super::Site;
use crate::forecast::{LiveDoor, LiveStop};
use crate::model::{OrderId, TimeWindow, WindowId};
use crate::promise::Booking;
use crate::travel::Point;
use crate::units::Load;

/// An order that asks for a window.
#[derive(Debug)]
pub struct Caller {
    pub(super) booking: Arc<Booking>,
    pub(super) point: Point,
    /// By dimension that somebody limits.
    pub(super) loads: Vec<Load>,
    pub(super) live: LiveStop,
}

impl Caller {
    /// Makes an order ready for questions.
    #[must_use]
    pub fn new(site: &Site, booking: Arc<Booking>) -> Arc<Self> {
        Arc::new(Self {
            point: site.ways().point(&booking.place),
            loads: site.loads(&booking.order),
            live: site.days().stop(&booking.order.id, &booking.place),
            booking,
        })
    }

    /// What is wanted.
    #[must_use]
    pub fn booking(&self) -> &Arc<Booking> {
        &self.booking
    }

    pub(super) fn id(&self) -> &OrderId {
        &self.booking.order.id
    }
}

/// An order with its window.
#[derive(Debug)]
pub struct Stop {
    pub(super) caller: Arc<Caller>,
    /// The window promised.
    pub(super) window: WindowId,
    /// When service may start: the window promised, cut to those in which the door is open. Empty if nothing is left.
    pub(super) windows: Vec<TimeWindow>,
    pub(super) door: LiveDoor,
}

impl Stop {
    /// `caller` in the window `promised`, which the day calls `window`.
    #[must_use]
    pub fn new(
        site: &Site,
        caller: &Arc<Caller>,
        window: &WindowId,
        promised: TimeWindow,
    ) -> Arc<Self> {
        let open = &caller.booking.order.windows;
        let mut windows = if open.is_empty() {
            vec![promised]
        } else {
            let both = open.iter().filter_map(|open| open.intersection(promised));
            both.collect()
        };
        windows.sort_unstable();
        Arc::new(Self {
            caller: Arc::clone(caller),
            window: window.clone(),
            door: site.days().door(&windows),
            windows,
        })
    }

    /// The order.
    #[must_use]
    pub fn order(&self) -> &OrderId {
        self.caller.id()
    }

    /// The order in full.
    #[must_use]
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }
}
