//! Taking orders out, and taking over better plans.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::route::LiveRoute;
use super::{Book, Caller, Site, Stop, Totals};
use crate::model::{CourierId, OrderId, Probability};
use crate::promise::{Day, RouteChange, Unfit};
use crate::units::Timestamp;

/// A change of several routes.
#[derive(Debug)]
pub struct Moved {
    /// The book after it.
    pub book: Book,
    /// The routes that changed.
    pub changes: Vec<RouteChange>,
}

impl Book {
    /// The book that a day's ledger describes.
    ///
    /// # Errors
    /// If a route of the ledger is impossible.
    pub fn of_day(site: &Arc<Site>, day: &Day) -> Result<Self, Unfit> {
        let mut book = Self::new(Arc::clone(site));
        let unfit = |reason: String| Unfit {
            number: day.plan_version(),
            reason,
        };
        for (courier, sequence) in day.routes() {
            let driver = site
                .driver_of(courier)
                .ok_or_else(|| unfit(format!("there is no courier {courier}")))?;
            let stops = sequence.orders.iter().map(|order| {
                let promise = day.live().get(order).and_then(|id| day.promises().get(id));
                let promise = promise.ok_or_else(|| unfit(format!("order {order} is unknown")))?;
                let window = (day.terms().window(&promise.window))
                    .ok_or_else(|| unfit(format!("there is no window {}", promise.window)))?;
                let caller = Caller::new(site, Arc::new(promise.booking.clone()));
                Ok(Stop::new(site, &caller, &promise.window, window.window))
            });
            let stops: Vec<Arc<Stop>> = stops.collect::<Result<_, Unfit>>()?;
            book.put(LiveRoute::bent(site, driver, stops));
        }
        Ok(book)
    }

    /// The chance that the promise of `order`, in the route of `courier`, is kept, and when service starts as planned.
    #[must_use]
    pub fn standing(
        &self,
        courier: &CourierId,
        order: &OrderId,
    ) -> Option<(Probability, Timestamp)> {
        let route = &self.routes[self.site.driver_of(courier)?];
        let position = route.position(order)?;
        let chance = self.site.chance(route.late_days()[position]);
        Some((chance, route.services()[position]))
    }

    /// The least likely promise, if there is any.
    #[must_use]
    pub fn least_likely(&self) -> Option<(&OrderId, Probability)> {
        let stops = self.routes.iter().flat_map(|route| {
            let late = route.late_days().iter();
            route.stops().iter().zip(late)
        });
        let worst = stops.max_by_key(|(stop, late)| (**late, std::cmp::Reverse(stop.order())));
        worst.map(|(stop, late)| (stop.order(), self.site.chance(*late)))
    }

    /// Takes `order` out of the route of `courier`.
    ///
    /// Leaving an order out makes what comes after earlier, but for roundings, and for matrices in which a detour is the
    /// quicker way: then what is late by it stays so until a better plan is found.
    #[must_use]
    pub fn without(&self, courier: &CourierId, order: &OrderId) -> Option<Moved> {
        let driver = self.site.driver_of(courier)?;
        let stops = self.routes[driver].stops().iter();
        let stops: Vec<_> = stops
            .filter(|stop| stop.order() != order)
            .cloned()
            .collect();
        let route = LiveRoute::bent(&self.site, driver, stops);
        Some(Moved {
            changes: vec![route.change(&self.site)],
            book: self.with(route),
        })
    }

    /// Takes over the sequences `routes`, if the book gets better by it.
    ///
    /// They may come from a search that began when other orders were in the book: orders that are not in it any more are
    /// left out, and those that came since are put in. `None` if that cannot be done, if a promise that could be kept on
    /// paper could not be any more, or if it would be no gain: cost and expected broken promises together must fall, where
    /// broken ones may rise as far as the day's target allows, and chances under the floor may not become more.
    #[must_use]
    pub fn taking_over(&self, routes: &BTreeMap<CourierId, Vec<OrderId>>) -> Option<Moved> {
        let mut stops: HashMap<&OrderId, &Arc<Stop>> = HashMap::new();
        for stop in self.routes.iter().flat_map(|route| route.stops()) {
            stops.insert(stop.order(), stop);
        }
        let mut book = self.clone();
        let mut changed = BTreeSet::new();
        for (driver, before) in self.routes.iter().enumerate() {
            let courier = before.courier(&self.site);
            let orders = routes.get(courier).map_or(&[][..], Vec::as_slice);
            let after: Vec<Arc<Stop>> = (orders.iter())
                .filter_map(|order| stops.remove(order).cloned())
                .collect();
            let is_same = after.len() == before.stops().len()
                && (after.iter().zip(before.stops())).all(|(a, b)| a.order() == b.order());
            if !is_same {
                book.put(LiveRoute::new(&self.site, driver, after).ok()?);
                changed.insert(driver);
            }
        }
        let mut late_comers: Vec<&Arc<Stop>> = stops.into_values().collect();
        late_comers.sort_by(|a, b| a.order().cmp(b.order()));
        for stop in late_comers {
            let window = self.site.terms().window(&stop.window)?;
            let taken = book.take_anyway(&stop.caller, window).ok()?;
            changed.insert(self.site.driver_of(&taken.change.courier)?);
            book = taken.book;
        }
        if !self.site.is_better(book.totals, self.totals) {
            return None;
        }
        let changes = changed.into_iter();
        let changes = changes.map(|driver| book.routes[driver].change(&self.site));
        Some(Moved {
            changes: changes.collect(),
            book,
        })
    }
}

impl Site {
    /// Whether `new` is better than `old`, for the same orders: cost and expected broken promises together are less, and
    /// nothing is worse than the day's target allows.
    fn is_better(&self, new: Totals, old: Totals) -> bool {
        let days = f64::from(self.days().days());
        let target = self.terms().target;
        let allowed = target.map_or(u64::MAX, |target| self.allowed(target.expected, old.stops));
        let is_sound = new.below_floor <= old.below_floor
            && new.broken <= old.broken.max(allowed)
            && new.stops == old.stops;
        let price = old.broken_price() / days;
        let score = |totals: Totals| totals.cost.0 as f64 + price * totals.broken as f64;
        let mends = new.below_floor < old.below_floor;
        is_sound && (mends || score(new) < score(old))
    }
}
