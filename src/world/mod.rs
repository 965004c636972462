//! Days as they are lived: couriers, customers, traffic and what goes wrong, event by event in the sequence of time.
//!
//! What happens follows the law that the noise model states, drawn and put together here with nothing of the forecast's
//! own code, so that each can be held against the other. Noise belongs to orders, couriers, zones and half hours, never to
//! the sequence in which they come: two days of one seed differ only by what is done in them, which is what makes ways to
//! run the same day comparable.
//!
//! Couriers go by the plan as it is when they leave a door. A plan that changes under way ([`World::follow`]) changes
//! nothing for whoever is on the way somewhere, unless the vehicle stands still.
//!
//! Goods are followed: a courier leaves with what the plan says is to be loaded and is there, which is at a depot, or in a
//! vehicle that has broken down for good and that others come to. Who comes to a door without what belongs there cannot
//! deliver it.

mod courier;
mod nature;
#[cfg(test)]
mod tests;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::day::{Event, FailureReason};
use crate::model::{NoiseModel, OrderId, Plan, Problem, Route};
use crate::travel::TravelTimes;
use crate::units::{Seconds, Timestamp};
use courier::Traveler;
use nature::Nature;

pub use trouble::{Breakdown, Customers, Jam, Severity, Silence, Trouble};

/// Something that happened, when it comes to be known.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// When it happened.
    pub at: Timestamp,
    /// When it is reported: later, if a device was out of reach, or if somebody had to call.
    pub reported_at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What happened at one door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Number of the courier in the problem.
    pub courier: usize,
    /// When the courier came.
    pub arrival: Timestamp,
    /// When service began, or would have, had somebody opened.
    pub start: Timestamp,
    /// Why nothing was handed over, if nothing was.
    pub failure: Option<FailureReason>,
}

/// What came of one promise in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// Service began in time.
    Kept,
    /// Nobody opened to a courier who was there in time.
    Absent,
    /// Service began so long after the last moment promised.
    Late(Seconds),
    /// Nobody came, or not with what was to be delivered.
    Nobody,
}

impl Truth {
    /// Whether the promise was kept; it is not the courier's fault if the customer was not there.
    #[must_use]
    pub fn is_kept(self) -> bool {
        matches!(self, Self::Kept | Self::Absent)
    }
}

/// A day as it is lived.
#[derive(Debug)]
pub struct World {
    problem: Arc<Problem>,
    orders: BTreeMap<OrderId, usize>,
    nature: Nature,
    trouble: Trouble,
    couriers: Vec<Traveler>,
    /// Last moments promised first, however often windows are moved later.
    promised: BTreeMap<OrderId, Timestamp>,
    doors: BTreeMap<OrderId, Door>,
    /// Whose vehicle the goods of an order were loaded into, by number; those of others are at the depot.
    goods: BTreeMap<OrderId, usize>,
    /// What happened and is not told yet, by the moment at which it is; then in the sequence in which it happened.
    untold: BTreeMap<(Timestamp, u64), Happening>,
    n_happenings: u64,
    now: Timestamp,
}

impl World {
    /// The day of `problem` on which couriers set out by `plan`, with the noise of `noise` and with `trouble`.
    ///
    /// What a noise model knows of couriers and biases is drawn once for the day, as far as it is not sure.
    #[must_use]
    pub fn new(
        problem: Arc<Problem>,
        plan: &Plan,
        noise: &NoiseModel,
        trouble: Trouble,
        seed: u64,
    ) -> Self {
        let mut world = Self {
            nature: Nature::new(noise, &problem, plan, seed),
            couriers: (0..problem.couriers.len()).map(Traveler::new).collect(),
            orders: BTreeMap::new(),
            trouble,
            promised: BTreeMap::new(),
            doors: BTreeMap::new(),
            goods: BTreeMap::new(),
            untold: BTreeMap::new(),
            n_happenings: 0,
            now: Timestamp(i64::MIN),
            problem,
        };
        world.take(&plan.routes);
        world.announce();
        world
    }

    /// Lets couriers go by `routes`, which are of `problem`, from `now` on. Stops already made may be among their stops;
    /// times of stops do not count.
    ///
    /// Who is at a door or on the way to one ends that first; a courier whose vehicle does not move any more gives it up.
    /// Couriers and orders that the day had before must be in `problem`, couriers with the numbers that they had.
    pub fn follow(&mut self, problem: Arc<Problem>, routes: &[Route], now: Timestamp) {
        self.now = self.now.max(now);
        while self.couriers.len() < problem.couriers.len() {
            self.couriers.push(Traveler::new(self.couriers.len()));
        }
        self.problem = problem;
        self.take(routes);
    }

    /// The moment at which something happens next or is reported, if the plan stays as it is; `None` when the day is over.
    #[must_use]
    pub fn next_moment(&self) -> Option<Timestamp> {
        let due = self.due().map(|(due, _)| due);
        let told = self.untold.first_key_value().map(|((at, _), _)| *at);
        [due, told].into_iter().flatten().min()
    }

    /// Lets time pass up to and including `now`; returns what is reported meanwhile, in sequence.
    pub fn pass(&mut self, now: Timestamp) -> Vec<Happening> {
        while let Some((due, courier)) = self.due().filter(|(due, _)| *due <= now) {
            self.step(courier, due);
        }
        self.now = self.now.max(now);
        let later = self.untold.split_off(&(now + Seconds(1), 0));
        let told = std::mem::replace(&mut self.untold, later);
        told.into_values().collect()
    }

    /// What has happened at doors so far.
    #[must_use]
    pub fn doors(&self) -> &BTreeMap<OrderId, Door> {
        &self.doors
    }

    /// What came of every promise by now, whatever was moved later; orders without a promise are not among them.
    #[must_use]
    pub fn truths(&self) -> BTreeMap<&OrderId, Truth> {
        let truth = |(order, end): (_, &Timestamp)| {
            let truth = match self.doors.get(order) {
                None => Truth::Nobody,
                Some(door) if door.failure == Some(FailureReason::GoodsMissing) => Truth::Nobody,
                Some(door) if door.start > *end => Truth::Late(door.start - *end),
                Some(door) if door.failure.is_some() => Truth::Absent,
                Some(_) => Truth::Kept,
            };
            (order, truth)
        };
        self.promised.iter().map(truth).collect()
    }

    /// The last moment that the customer of `order` was promised first.
    #[must_use]
    pub fn promised_end(&self, order: &OrderId) -> Option<Timestamp> {
        self.promised.get(order).copied()
    }

    /// Gives every courier what `routes` have for them and is not done.
    fn take(&mut self, routes: &[Route]) {
        let problem = Arc::clone(&self.problem);
        self.orders = (problem.orders.iter().zip(0..))
            .map(|(order, number)| (order.id.clone(), number))
            .collect();
        for order in &problem.orders {
            if let Some(window) = order.service_windows().last() {
                let promised = self.promised.entry(order.id.clone());
                promised.or_insert(window.end);
            }
        }
        let travel = TravelTimes::new(&problem);
        for (number, courier) in problem.couriers.iter().enumerate() {
            let mut routes = routes.iter();
            let route = routes.find(|route| route.courier == courier.id);
            let mut scene = Scene {
                problem: &problem,
                travel: &travel,
                orders: &self.orders,
                nature: &mut self.nature,
                trouble: &self.trouble,
                doors: &mut self.doors,
                goods: &mut self.goods,
            };
            self.couriers[number].take(route, self.now, &mut scene);
        }
    }

    /// Puts what is said of jams and breakdowns on the list of what is to be told.
    fn announce(&mut self) {
        for happening in self.trouble.announcements(&self.problem) {
            self.tell(happening);
        }
    }

    /// The courier to whom something happens next, and when.
    fn due(&self) -> Option<(Timestamp, usize)> {
        let couriers = self.couriers.iter().enumerate();
        let due = couriers.filter_map(|(number, courier)| Some((courier.due()?, number)));
        due.min()
    }

    /// Lets happen what is due.
    fn step(&mut self, courier: usize, due: Timestamp) {
        let problem = Arc::clone(&self.problem);
        let travel = TravelTimes::new(&problem);
        let mut scene = Scene {
            problem: &problem,
            travel: &travel,
            orders: &self.orders,
            nature: &mut self.nature,
            trouble: &self.trouble,
            doors: &mut self.doors,
            goods: &mut self.goods,
        };
        for (at, event) in self.couriers[courier].step(due, &mut scene) {
            let reported_at = match event.courier() {
                Some(id) => self.trouble.heard_at(id, at),
                None => at,
            };
            self.tell(Happening {
                at,
                reported_at,
                event,
            });
        }
    }

    fn tell(&mut self, happening: Happening) {
        let number = self.n_happenings;
        self.n_happenings += 1;
        self.untold
            .insert((happening.reported_at, number), happening);
    }
}

/// What a courier finds.
struct Scene<'a> {
    problem: &'a Problem,
    travel: &'a TravelTimes<'a>,
    orders: &'a BTreeMap<OrderId, usize>,
    nature: &'a mut Nature,
    trouble: &'a Trouble,
    doors: &'a mut BTreeMap<OrderId, Door>,
    goods: &'a mut BTreeMap<OrderId, usize>,
}
