//! One courier's day: from door to door, by the plan as it is at each of them.

use std::collections::{BTreeSet, VecDeque};

use super::nature::whole;
use super::{Door, Scene};
use crate::day::{Event, FailureReason, RefusedItem};
use crate::model::{
    BreakStart, Courier, DepotId, Order, OrderId, OrderKind, PlaceIdx, Route, RouteStart,
    TimeWindow, ZoneId,
};
use crate::units::{Seconds, Timestamp};

/// How long a courier waits at a door that nobody opens.
const PATIENCE: Seconds = Seconds(300);

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
enum Task {
    /// Go to the door of an order.
    Door(OrderId),
    /// Go to a depot and load for the orders up to the next depot.
    Load(DepotId),
    /// Take the break with this number.
    Rest(usize),
}

/// What a courier does.
#[derive(Clone, Debug, PartialEq)]
enum Phase {
    /// Nothing has begun.
    AtStart,
    /// Loads, and leaves when that is done.
    Loading,
    /// Is on the way to a door.
    Way(OrderId),
    /// Is at the door, before service.
    Waiting(OrderId),
    /// Is at the door in service, or has given up at the end of it.
    Serving(OrderId),
    /// Is on the way to a depot.
    WayToDepot(DepotId),
    /// Takes a break.
    Resting,
    /// Has nothing to do.
    Idle,
}

/// A place by its name: numbers of places may change with the problem.
#[derive(Clone, Debug, PartialEq)]
enum Spot {
    /// Where the route starts.
    Start,
    /// An order's door.
    Door(OrderId),
    /// A depot.
    Depot(DepotId),
}

impl Spot {
    fn place(&self, courier: &Courier, scene: &Scene<'_>) -> Option<PlaceIdx> {
        match self {
            Self::Start => scene.problem.start_place(courier),
            Self::Door(order) => {
                let number = scene.orders.get(order)?;
                Some(scene.problem.orders[*number].place)
            }
            Self::Depot(depot) => scene.problem.depot(depot).map(|depot| depot.place),
        }
    }
}

/// A courier.
#[derive(Clone, Debug)]
pub(super) struct Traveler {
    /// Position in the problem.
    number: usize,
    tasks: VecDeque<Task>,
    phase: Phase,
    /// When what the courier does ends; `None` if it does not.
    due: Option<Timestamp>,
    /// Where the courier is, or was last.
    spot: Spot,
    /// When loading at the start begins, or began.
    start: Option<Timestamp>,
    n_loads: usize,
    rests: BTreeSet<usize>,
}

impl Traveler {
    pub(super) fn new(number: usize) -> Self {
        Self {
            number,
            tasks: VecDeque::new(),
            phase: Phase::AtStart,
            due: None,
            spot: Spot::Start,
            start: None,
            n_loads: 0,
            rests: BTreeSet::new(),
        }
    }

    /// When something happens to the courier next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Takes `route` instead of what was to be done, at `now`.
    pub(super) fn take(&mut self, route: Option<&Route>, now: Timestamp, scene: &mut Scene<'_>) {
        let courier = &scene.problem.couriers[self.number];
        if scene.trouble.stands_for_good(&courier.id, now)
            && matches!(self.phase, Phase::Way(_) | Phase::WayToDepot(_))
        {
            (self.phase, self.due) = (Phase::Idle, None);
        }
        self.tasks = route.map_or_else(VecDeque::new, |route| self.left_of(route, scene));
        match (&self.phase, route.filter(|_| !self.tasks.is_empty())) {
            (Phase::AtStart, None) => (self.start, self.due) = (None, None),
            // Who loads already goes on with it.
            (Phase::AtStart, Some(route)) if self.start.is_none_or(|start| start > now) => {
                let late = scene.nature.start_delay(courier);
                let start = route.start.max(now);
                self.start = Some(start);
                self.due = Some(start + scene.problem.loading(courier) + late);
            }
            (Phase::Idle, Some(_)) => self.go_on(now, scene),
            _ => {}
        }
    }

    /// What is left to do of `route`.
    fn left_of(&self, route: &Route, scene: &Scene<'_>) -> VecDeque<Task> {
        let mut tasks = VecDeque::new();
        let rests = |n_before: usize| {
            let breaks = route.breaks.iter();
            let breaks = breaks.filter(move |pause| pause.n_before == n_before);
            breaks.filter(|pause| !self.rests.contains(&pause.number))
        };
        let target = match &self.phase {
            Phase::Way(order) | Phase::Waiting(order) | Phase::Serving(order) => Some(order),
            Phase::AtStart
            | Phase::Loading
            | Phase::WayToDepot(_)
            | Phase::Resting
            | Phase::Idle => None,
        };
        for (position, stop) in route.stops.iter().enumerate() {
            tasks.extend(rests(position).map(|pause| Task::Rest(pause.number)));
            let reloads = route.reloads.iter().enumerate().skip(self.n_loads);
            let here = reloads.filter(|(_, reload)| reload.n_before == position);
            tasks.extend(here.map(|(_, reload)| Task::Load(reload.depot.clone())));
            let is_done = scene.doors.contains_key(&stop.order);
            if !is_done && target != Some(&stop.order) {
                tasks.push_back(Task::Door(stop.order.clone()));
            }
        }
        tasks.extend(rests(route.stops.len()).map(|pause| Task::Rest(pause.number)));
        tasks
    }

    /// Ends what the courier does at `now`, and begins what comes next. Returns what is to be reported, with when it
    /// happened.
    pub(super) fn step(
        &mut self,
        now: Timestamp,
        scene: &mut Scene<'_>,
    ) -> Vec<(Timestamp, Event)> {
        let courier = &scene.problem.couriers[self.number];
        let who = || courier.id.clone();
        self.due = None;
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::AtStart | Phase::Loading => {
                self.pick_up(now, scene);
                self.go_on(now, scene);
                vec![(now, Event::Departed { courier: who() })]
            }
            Phase::Way(order) => {
                self.arrive(order.clone(), now, scene);
                let courier = who();
                vec![(now, Event::Arrived { courier, order })]
            }
            Phase::Waiting(order) => {
                let is_absent = self.serve(order.clone(), now, scene);
                let courier = who();
                let started = Event::ServiceStarted { courier, order };
                if is_absent {
                    Vec::new()
                } else {
                    vec![(now, started)]
                }
            }
            Phase::Serving(order) => {
                let told = self.finish(&order, now, scene);
                self.go_on(now, scene);
                told
            }
            Phase::WayToDepot(depot) => {
                self.load(&depot, now, scene);
                Vec::new()
            }
            Phase::Resting => {
                self.go_on(now, scene);
                Vec::new()
            }
            Phase::Idle => Vec::new(),
        }
    }

    /// Begins the next task at `now`.
    fn go_on(&mut self, now: Timestamp, scene: &mut Scene<'_>) {
        let courier = &scene.problem.couriers[self.number];
        match self.tasks.pop_front() {
            None => (self.phase, self.due) = (Phase::Idle, None),
            Some(Task::Rest(number)) => {
                self.rests.insert(number);
                let rule = courier.breaks.get(number);
                let begin = match rule.map(|rule| rule.start) {
                    Some(BreakStart::Within(window)) => now.max(window.start),
                    Some(BreakStart::AfterWork(_)) | None => now,
                };
                let lasts = rule.map_or(Seconds::ZERO, |rule| rule.duration);
                (self.phase, self.due) = (Phase::Resting, Some(begin + lasts));
            }
            Some(Task::Load(depot)) => {
                self.n_loads += 1;
                self.due = self.travel(Spot::Depot(depot.clone()), now, scene);
                self.phase = Phase::WayToDepot(depot);
            }
            Some(Task::Door(order)) => {
                self.due = self.travel(Spot::Door(order.clone()), now, scene);
                self.phase = Phase::Way(order);
            }
        }
    }

    /// When the courier, who leaves at `now`, is at `to`; `None` if never.
    fn travel(&mut self, to: Spot, now: Timestamp, scene: &mut Scene<'_>) -> Option<Timestamp> {
        let courier = &scene.problem.couriers[self.number];
        let from = std::mem::replace(&mut self.spot, to).place(courier, scene)?;
        let to = self.spot.place(courier, scene)?;
        let way = scene.travel.way(courier, from, to)?;
        let order = match &self.spot {
            Spot::Door(order) => Some(order),
            Spot::Start | Spot::Depot(_) => None,
        };
        let zone = scene.problem.place(to).zone();
        let planned = way.duration(now);
        let factor = scene.nature.way(courier, order, &zone, planned, now);
        let stretches: Vec<(Option<Timestamp>, f64)> = (way.stretches())
            .map(|stretch| (stretch.start, stretch.rate as f64))
            .collect();
        let trip = Trip {
            courier,
            zone: &zone,
            stretches,
            work: way.work() as f64 * factor,
        };
        trip.arrival(now, scene)
    }

    /// Comes to the door of `order` at `now`.
    fn arrive(&mut self, order: OrderId, now: Timestamp, scene: &mut Scene<'_>) {
        let known = scene.orders.get(&order);
        let windows = known.map(|number| scene.problem.orders[*number].service_windows());
        let start = opening(&windows.unwrap_or_default(), now);
        let door = Door {
            courier: self.number,
            arrival: now,
            start,
            failure: None,
        };
        scene.doors.insert(order.clone(), door);
        (self.phase, self.due) = (Phase::Waiting(order), Some(start));
    }

    /// Begins service of `order` at `now`; returns whether nobody opens.
    fn serve(&mut self, order: OrderId, now: Timestamp, scene: &mut Scene<'_>) -> bool {
        let courier = &scene.problem.couriers[self.number];
        let customer = scene.nature.customer(&order);
        let is_absent = customer.presence < scene.trouble.customers.absent;
        let service = match scene.orders.get(&order) {
            _ if is_absent => PATIENCE,
            Some(number) => {
                let known = &scene.problem.orders[*number];
                let zone = scene.problem.place(known.place).zone();
                let planned = courier.service_time(known);
                scene.nature.service(courier, &order, &zone, planned)
            }
            None => Seconds::ZERO,
        };
        let failure = match self.has(&order, scene) {
            _ if is_absent => Some(FailureReason::CustomerAbsent),
            true => None,
            false => Some(FailureReason::GoodsMissing),
        };
        if let Some(door) = scene.doors.get_mut(&order) {
            door.failure = failure;
        }
        (self.phase, self.due) = (Phase::Serving(order), Some(now + service.max(Seconds(1))));
        is_absent
    }

    /// What is reported when service of `order` ends at `now`.
    fn finish(
        &self,
        order: &OrderId,
        now: Timestamp,
        scene: &mut Scene<'_>,
    ) -> Vec<(Timestamp, Event)> {
        let courier = scene.problem.couriers[self.number].id.clone();
        let customer = scene.nature.customer(order);
        let habits = scene.trouble.customers;
        let door = scene.doors.get(order).copied();
        let order = order.clone();
        if let Some(reason) = door.and_then(|door| door.failure) {
            let failed = Event::Failed {
                courier,
                order,
                reason,
                note: match reason {
                    FailureReason::CustomerAbsent => "nobody opened",
                    FailureReason::GoodsMissing => "it is in another vehicle",
                    FailureReason::Refused
                    | FailureReason::NoAccess
                    | FailureReason::NoTime
                    | FailureReason::Other => "",
                }
                .to_owned(),
            };
            return vec![(now, failed)];
        }
        let number = scene.orders.get(&order);
        let known = number.map(|number| &scene.problem.orders[*number]);
        let promised = known.and_then(|known| known.service_windows().last().copied());
        let is_delivery = known.is_none_or(|known| known.kind == OrderKind::Delivery);
        let end = if is_delivery && customer.appetite < habits.refusing {
            let refused = vec![refusal(known)];
            let order = order.clone();
            Event::DeliveredInPart {
                courier,
                order,
                refused,
            }
        } else {
            let order = order.clone();
            Event::Delivered { courier, order }
        };
        let mut told = vec![(now, end)];
        if customer.talk < habits.rating {
            let late = match (door, promised) {
                (Some(door), Some(window)) => (door.start - window.end).max(Seconds::ZERO),
                _ => Seconds::ZERO,
            };
            let (stars, words) = opinion(late, customer.mood);
            let after = whole(-1_200.0 * (1.0 - customer.patience).ln()) + Seconds(60);
            let rating = Event::Rating {
                order,
                stars,
                words: words.to_owned(),
                reason: if late > Seconds::ZERO { "late" } else { "" }.to_owned(),
            };
            told.push((now + after, rating));
        }
        told
    }

    /// Whether the courier has what belongs to the door of `order`, or needs nothing.
    fn has(&self, order: &OrderId, scene: &Scene<'_>) -> bool {
        let number = scene.orders.get(order);
        let known = number.map(|number| &scene.problem.orders[*number]);
        known.is_none_or(|known| {
            known.kind == OrderKind::Collection || scene.goods.get(order) == Some(&self.number)
        })
    }

    /// Takes at `now` what is to be delivered up to the next depot, as far as it is here.
    fn pick_up(&self, now: Timestamp, scene: &mut Scene<'_>) {
        let courier = &scene.problem.couriers[self.number];
        let here = match &self.spot {
            Spot::Depot(depot) => Some(depot),
            Spot::Start | Spot::Door(_) => match &courier.start {
                RouteStart::Depot(depot) => Some(depot),
                RouteStart::Place(_) => None,
            },
        };
        let trip = self.tasks.iter();
        let trip = trip.take_while(|task| !matches!(task, Task::Load(_)));
        for task in trip {
            let Task::Door(id) = task else { continue };
            let Some(number) = scene.orders.get(id) else {
                continue;
            };
            let depots = &scene.problem.orders[*number].depots;
            let is_named = here.is_some_and(|here| depots.contains(here));
            let is_here = match scene.goods.get(id) {
                None => here.is_none() || depots.is_empty() || is_named,
                Some(holder) => {
                    let holder = &scene.problem.couriers[*holder].id;
                    is_named && scene.trouble.stands_for_good(holder, now)
                }
            };
            if is_here {
                scene.goods.insert(id.clone(), self.number);
            }
        }
    }

    /// Loads at `depot` from `now` on for the orders up to the next depot.
    fn load(&mut self, depot: &DepotId, now: Timestamp, scene: &mut Scene<'_>) {
        let trip = self.tasks.iter();
        let trip = trip.take_while(|task| !matches!(task, Task::Load(_)));
        let orders = trip.filter_map(|task| match task {
            Task::Door(order) => scene.orders.get(order),
            Task::Load(_) | Task::Rest(_) => None,
        });
        let orders = orders.map(|number| &scene.problem.orders[*number]);
        let deliveries = orders.filter(|order| order.kind == OrderKind::Delivery);
        let ready = deliveries.filter_map(|order| order.ready).max();
        let begin = ready.map_or(now, |ready| now.max(ready));
        let depot = scene.problem.depot(depot);
        let lasts = depot.map_or(Seconds::ZERO, |depot| depot.loading);
        (self.phase, self.due) = (Phase::Loading, Some(begin + lasts));
    }
}

/// A way that is being made.
struct Trip<'a> {
    courier: &'a Courier,
    zone: &'a ZoneId,
    /// Work done a second from each moment on.
    stretches: Vec<(Option<Timestamp>, f64)>,
    /// All of it.
    work: f64,
}

impl Trip<'_> {
    /// When who leaves at `departure` arrives; `None` if the vehicle stands still before that, for the rest of the day.
    fn arrival(&self, departure: Timestamp, scene: &Scene<'_>) -> Option<Timestamp> {
        let (mut now, mut left) = (departure, self.work);
        loop {
            let is_past = |start: &Option<Timestamp>| start.is_none_or(|start| start <= now);
            let passed = self
                .stretches
                .iter()
                .take_while(|(start, _)| is_past(start));
            let rate = passed.last().map_or(1.0, |(_, rate)| *rate);
            let starts = self.stretches.iter().filter_map(|(start, _)| *start);
            let next = starts.filter(|start| *start > now).min();
            let trouble = scene.trouble;
            let change = trouble.next_change(&self.courier.id, now);
            let next = [next, change].into_iter().flatten().min();
            let rate = match trouble.stands(&self.courier.id, now) {
                true => 0.0,
                false => rate / trouble.jam(self.zone, now),
            };
            let needs = whole(left / rate.max(1e-9)).max(Seconds::ZERO);
            match next {
                Some(next) if rate <= 0.0 || now + needs > next => {
                    left -= rate * (next - now).0 as f64;
                    now = next;
                }
                None if rate <= 0.0 => return None,
                _ => return Some(now + needs),
            }
        }
    }
}

/// When somebody who comes at `now` is let in.
fn opening(windows: &[TimeWindow], now: Timestamp) -> Timestamp {
    let window = windows.iter().find(|window| now <= window.end);
    window.map_or(now, |window| now.max(window.start))
}

/// What a customer sends back.
fn refusal(order: Option<&Order>) -> RefusedItem {
    // One parcel of so many, at least a unit of what it takes room of.
    let parcels = order.and_then(|order| order.parcels).unwrap_or(1).max(1);
    let loads = order.map(|order| order.loads.clone()).unwrap_or_default();
    let part = |(name, load): (String, crate::units::Load)| {
        (name, crate::units::Load(load.0 / i64::from(parcels)))
    };
    RefusedItem {
        name: "a parcel".to_owned(),
        count: 1,
        loads: loads.into_iter().map(part).collect(),
        reason: "damaged".to_owned(),
    }
}

/// What a customer says who was served so late, in such a mood.
fn opinion(late: Seconds, mood: f64) -> (u8, &'static str) {
    let (best, words) = match late.0 {
        0 => (5, "as promised"),
        1..=900 => (4, "a little late"),
        901..=2_700 => (3, "late"),
        _ => (1, "I waited for hours"),
    };
    match mood {
        ..0.15 if best > 1 => (best - 1, words),
        _ => (best, words),
    }
}
