//! The promise book: the plan behind a day's promises, what it can still take, and how likely every promise is to be
//! kept.
//!
//! A [`Book`] is a value: taking an order in, or out, makes another one, which shares every route that did not change.
//! So quotes look at a book without holding anybody up, and a change is visible as a whole or not at all.
//!
//! # How an order is taken in
//! Every position of every route is looked at with constant work per window: the earliest moments before it, the latest
//! after it, and the loads before and after it say exactly whether there is room (Savelsbergh 1992; Campbell and
//! Savelsbergh 2004 for its use in choosing time windows). The few cheapest positions are then tried in full: timed,
//! priced, and rehearsed on the day's simulated days together with everything else in the route. The best of those that
//! leave the day's target standing is taken.
//!
//! Knows the day's terms, travel and the simulation; nothing of how plans are searched for, of stores or of clocks.

mod change;
mod client;
mod driver;
mod insertion;
mod offer;
mod problem;
mod route;
mod site;
#[cfg(test)]
mod tests;

pub use change::Moved;
pub use client::{Caller, Stop};
pub use offer::Taken;
pub use route::LiveRoute;
pub use site::Site;

use std::sync::Arc;

use crate::units::{ExactCost, Meters};

/// The plan behind a day's promises.
#[derive(Clone, Debug)]
pub struct Book {
    site: Arc<Site>,
    /// By courier, in the order of the day's terms; also of those who stay at home.
    routes: Vec<Arc<LiveRoute>>,
    totals: Totals,
}

/// What the routes of a book add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Stops.
    pub stops: u64,
    /// Promises broken, on all simulated days together.
    pub broken: u64,
    /// Stops whose promise is less likely to be kept than the floor.
    pub below_floor: u64,
    /// Routes with a stop.
    pub routes: u64,
    /// Cost.
    pub cost: ExactCost,
    /// Distance.
    pub distance: Meters,
}

/// What a promise broken on average counts as, in mean costs of a stop: a likelier promise is worth a detour, but not any.
const BROKEN_STOPS: f64 = 4.0;

impl Totals {
    /// What a promise broken on average counts as beside the cost.
    fn broken_price(&self) -> f64 {
        BROKEN_STOPS * self.cost.0 as f64 / self.stops.max(1) as f64
    }

    /// With `route`, which replaces `before`.
    fn replacing(self, site: &Site, before: &LiveRoute, route: &LiveRoute) -> Self {
        let old = Self::of(site, before);
        let new = Self::of(site, route);
        Self {
            stops: self.stops - old.stops + new.stops,
            broken: self.broken - old.broken + new.broken,
            below_floor: self.below_floor - old.below_floor + new.below_floor,
            routes: self.routes - old.routes + new.routes,
            cost: self.cost - old.cost + new.cost,
            distance: self.distance - old.distance + new.distance,
        }
    }

    fn of(site: &Site, route: &LiveRoute) -> Self {
        let late = route.late_days().iter();
        let below = late.clone().filter(|days| **days > site.tolerated());
        Self {
            stops: route.stops().len() as u64,
            broken: late.map(|days| u64::from(*days)).sum(),
            below_floor: below.count() as u64,
            routes: u64::from(!route.stops().is_empty()),
            cost: route.cost(),
            distance: route.distance(),
        }
    }
}

impl Book {
    /// A book without orders.
    #[must_use]
    pub fn new(site: Arc<Site>) -> Self {
        let couriers = 0..site.drivers().len();
        Self {
            routes: couriers
                .map(|driver| Arc::new(LiveRoute::idle(&site, driver)))
                .collect(),
            totals: Totals::default(),
            site,
        }
    }

    /// What is settled for the day.
    #[must_use]
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// All routes, also of couriers who stay at home.
    #[must_use]
    pub fn routes(&self) -> &[Arc<LiveRoute>] {
        &self.routes
    }

    /// What they add up to.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Expected share of the promises in the plan that are kept, 0 to 1; 1 without any.
    #[must_use]
    pub fn expected(&self) -> f64 {
        self.site.expected(self.totals)
    }

    /// How full the day is: the share of all couriers' shifts from the start of loading to the last service of a route, 0
    /// to 1.
    #[must_use]
    pub fn used(&self) -> f64 {
        let shifts = self.site.drivers().iter();
        let shifts: i64 = shifts
            .map(|driver| (driver.courier.shift.end - driver.courier.shift.start).0)
            .sum();
        let busy = self.routes.iter().filter_map(|route| {
            let last = route.services().last()?;
            Some((*last - route.start()).0.max(0))
        });
        (busy.sum::<i64>() as f64 / shifts.max(1) as f64).min(1.0)
    }

    /// The chance to be expected at the close of the day of a promise that the plan keeps with `chance`; `None` if nothing
    /// is known of that.
    #[must_use]
    pub fn at_close(&self, chance: f64) -> Option<f64> {
        let drift = self.site.terms().drift()?;
        Some(drift.at_close(chance, self.used()))
    }

    /// With another route of the same courier.
    fn with(&self, route: LiveRoute) -> Self {
        let mut book = self.clone();
        book.put(route);
        book
    }

    fn put(&mut self, route: LiveRoute) {
        self.place(Arc::new(route));
    }

    fn place(&mut self, route: Arc<LiveRoute>) {
        let place = &mut self.routes[route.driver()];
        self.totals = self.totals.replacing(&self.site, place, &route);
        *place = route;
    }
}
