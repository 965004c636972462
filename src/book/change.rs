//! Taking orders out, and taking over better plans.

use std::collections::BTreeMap;
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

    /// Takes over the sequences `routes`, or as much of them as makes the book better.
    ///
    /// They may come from a search that began when other orders were in the book: orders that are not in it any more are
    /// left out, and those that came since are put in. Better means that cost and expected broken promises together fall,
    /// where broken ones may rise as far as the day's target allows, and chances under the floor may not become more. Where
    /// the whole is not better, each group of routes that exchange orders with each other is taken that is; orders whose
    /// chance would fall below the floor by it are put elsewhere first. `None` if nothing is better.
    #[must_use]
    pub fn taking_over(&self, routes: &BTreeMap<CourierId, Vec<OrderId>>) -> Option<Moved> {
        self.following(&Wanted::of(self, routes), None)
    }

    /// As [`Self::taking_over`] with the sequences of `better`, a book for about the same orders: what it has worked out of
    /// routes that are the same here is not worked out again.
    #[must_use]
    pub fn catching_up(&self, better: &Self) -> Option<Moved> {
        let routes = better.routes.iter().map(|route| {
            let orders = route.stops().iter().map(|stop| stop.order().clone());
            (route.courier(&self.site).clone(), orders.collect())
        });
        self.following(&Wanted::of(self, &routes.collect()), Some(better))
    }

    fn following(&self, wanted: &Wanted, ready: Option<&Self>) -> Option<Moved> {
        let all: Vec<usize> = wanted.routes.keys().copied().collect();
        let mut best = self.better_by(&all, wanted, ready);
        if best.is_none() {
            let groups = wanted.groups(self);
            // One group alone is all of it, which has been tried.
            for group in groups.iter().filter(|_| groups.len() > 1) {
                let book = best.as_ref().unwrap_or(self);
                best = book.better_by(group, wanted, ready).or(best);
            }
        }
        let book = best?;
        let pairs = book.routes.iter().zip(&self.routes);
        let changed = pairs.filter(|(after, before)| !is_same(after.stops(), before.stops()));
        let changes = changed.map(|(after, _)| after.change(&self.site)).collect();
        Some(Moved { book, changes })
    }

    /// The book with the routes of the couriers in `group` as they are `wanted`, if that is better.
    fn better_by(&self, group: &[usize], wanted: &Wanted, ready: Option<&Self>) -> Option<Self> {
        let mut book = self.clone();
        for &driver in group {
            let stops = wanted.routes.get(&driver)?;
            let known = ready.map(|ready| &ready.routes[driver]);
            match known.filter(|known| is_same(known.stops(), stops)) {
                Some(known) => book.place(Arc::clone(known)),
                None => book.put(LiveRoute::new(&self.site, driver, stops.clone()).ok()?),
            }
        }
        for (driver, stop) in &wanted.late_comers {
            if group.contains(driver) {
                let window = self.site.terms().window(&stop.window)?;
                book = book.take_anyway(&stop.caller, window).ok()?.book;
            }
        }
        if !self.site.is_better(book.totals, self.totals) {
            book = book.mended(group)?;
        }
        self.site
            .is_better(book.totals, self.totals)
            .then_some(book)
    }

    /// The book with all orders below the floor that are in the routes of `group` in better places, as far as there are any.
    /// `None` if there is no such order.
    fn mended(&self, group: &[usize]) -> Option<Self> {
        let tolerated = self.site.tolerated();
        let mut below = Vec::new();
        for &driver in group {
            let route = &self.routes[driver];
            let stops = route.stops().iter().zip(route.late_days());
            below.extend(
                stops
                    .filter(|(_, late)| **late > tolerated)
                    .map(|(stop, _)| (driver, Arc::clone(stop))),
            );
        }
        if below.is_empty() {
            return None;
        }
        let mut book = self.clone();
        for (driver, stop) in below {
            let route = &book.routes[driver];
            // Where an order before it has been taken out, it may be likely enough now.
            let position = route.position(stop.order())?;
            if route.late_days()[position] <= tolerated {
                continue;
            }
            let others = route
                .stops()
                .iter()
                .filter(|other| !Arc::ptr_eq(other, &stop));
            let others = others.cloned().collect();
            book.put(LiveRoute::new(&self.site, driver, others).ok()?);
            let window = self.site.terms().window(&stop.window)?;
            book = book.take_anyway(&stop.caller, window).ok()?.book;
        }
        Some(book)
    }
}

/// Routes that somebody wants a book to have.
struct Wanted {
    /// By courier: the stops of each route that is to change.
    routes: BTreeMap<usize, Vec<Arc<Stop>>>,
    /// Stops that are in no route that is wanted, with whose route they are in now; by order.
    late_comers: Vec<(usize, Arc<Stop>)>,
}

impl Wanted {
    fn of(book: &Book, routes: &BTreeMap<CourierId, Vec<OrderId>>) -> Self {
        let mut stops: BTreeMap<&OrderId, (usize, &Arc<Stop>)> = BTreeMap::new();
        for route in &book.routes {
            let own = route.stops().iter();
            stops.extend(own.map(|stop| (stop.order(), (route.driver(), stop))));
        }
        let mut changing = BTreeMap::new();
        for (driver, before) in book.routes.iter().enumerate() {
            let courier = before.courier(&book.site);
            let orders = routes.get(courier).map_or(&[][..], Vec::as_slice);
            let after: Vec<Arc<Stop>> = (orders.iter())
                .filter_map(|order| Some(Arc::clone(stops.remove(order)?.1)))
                .collect();
            if !is_same(&after, before.stops()) {
                changing.insert(driver, after);
            }
        }
        let late_comers = stops.into_values();
        Self {
            routes: changing,
            late_comers: late_comers
                .map(|(driver, stop)| (driver, Arc::clone(stop)))
                .collect(),
        }
    }

    /// The couriers whose routes change, in groups that can be changed one without the other: within a group, orders go
    /// from one to another. By the first courier of each.
    fn groups(&self, book: &Book) -> Vec<Vec<usize>> {
        let mut leader: Vec<usize> = (0..book.routes.len()).collect();
        let find = |leader: &[usize], mut driver: usize| {
            while leader[driver] != driver {
                driver = leader[driver];
            }
            driver
        };
        let mut had: BTreeMap<&OrderId, usize> = BTreeMap::new();
        for driver in self.routes.keys() {
            let stops = book.routes[*driver].stops().iter();
            had.extend(stops.map(|stop| (stop.order(), *driver)));
        }
        for (driver, stops) in &self.routes {
            for from in stops.iter().filter_map(|stop| had.get(stop.order())) {
                let (a, b) = (find(&leader, *driver), find(&leader, *from));
                leader[a.max(b)] = a.min(b);
            }
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for driver in self.routes.keys() {
            let first = find(&leader, *driver);
            groups.entry(first).or_default().push(*driver);
        }
        groups.into_values().collect()
    }
}

/// Whether two routes make the same stops in the same sequence.
fn is_same(a: &[Arc<Stop>], b: &[Arc<Stop>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
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
