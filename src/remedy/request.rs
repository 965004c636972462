//! What a repair is asked for, and what is wrong with that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Terms;
use super::draft::Draft;
use super::goods::Goods;
use super::insertion::VEHICLE;
use super::scene::{Scene, Setting};
use crate::day::{CourierState, LiveDay, Replan, StopState, Whereabouts};
use crate::forecast::Hold;
use crate::model::{
    Courier, CourierId, Depot, DepotId, Finding, Order, OrderId, Place, PlaceIdx, Problem, Promise,
    Reason, TimeWindow, TravelSource,
};
use crate::travel::TravelTimes;
use crate::units::{Seconds, Timestamp};

/// A window that a customer is told instead of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedWindow {
    /// Whose.
    pub order: OrderId,
    /// The new one.
    pub window: TimeWindow,
}

/// A courier who cannot go on, or who can again. Where the day knows of it by a report, there is no need to say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutageChange {
    /// Who.
    pub courier: CourierId,
    /// When the courier goes on; `None` if nobody knows.
    pub until: Option<Timestamp>,
}

/// What a repair is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct RepairRequest {
    /// Places of new orders and couriers; they follow those of the day's problem.
    pub places: Vec<Place>,
    /// Orders that are new.
    pub orders: Vec<Order>,
    /// Orders that are not wanted any more.
    pub cancelled: Vec<OrderId>,
    /// Couriers who cannot go on, or who can again.
    pub outages: Vec<OutageChange>,
    /// Couriers who come to help.
    pub spares: Vec<Courier>,
    /// Windows that customers have agreed to instead of what they were told.
    pub windows: Vec<MovedWindow>,
    /// How many stops may change courier; new orders do not count, orders of couriers who have broken down do.
    pub moves_max: usize,
    /// By how much the end of a told window may be moved to later, where that lets a promise hold that would not.
    pub shift_max: Seconds,
    /// How long to search; `None` for no limit.
    pub time_limit: Option<Duration>,
    /// Largest number of iterations: without a time limit, the same request has the same answer. `None` for no limit; one
    /// of the two has to be given.
    pub iteration_limit: Option<u64>,
    /// Random seed.
    pub seed: u64,
    /// What the repair goes by.
    pub terms: Terms,
}

impl Default for RepairRequest {
    /// Nothing has changed but what was reported; ten stops may change courier; two seconds.
    fn default() -> Self {
        Self {
            places: Vec::new(),
            orders: Vec::new(),
            cancelled: Vec::new(),
            outages: Vec::new(),
            spares: Vec::new(),
            windows: Vec::new(),
            moves_max: 10,
            shift_max: Seconds::ZERO,
            time_limit: Some(Duration::from_secs(2)),
            iteration_limit: None,
            seed: 1,
            terms: Terms::default(),
        }
    }
}

/// A request, made ready.
pub(super) struct Prepared {
    /// The problem with what the request brings, and with vehicles that have become depots.
    pub(super) problem: Problem,
    /// What the request brings, without routes.
    pub(super) brings: Replan,
    /// Positions of the new orders.
    pub(super) new: Vec<usize>,
    /// Positions of orders that nobody comes for, though their customers wait; new ones are not among them.
    pub(super) left_out: Vec<usize>,
    cancelled: Vec<usize>,
    holds: BTreeMap<usize, Hold>,
    vehicles: Vec<Option<usize>>,
}

impl Prepared {
    /// Orders that somebody is to be found for.
    pub(super) fn pool(&self) -> Vec<usize> {
        [&self.new[..], &self.left_out].concat()
    }

    pub(super) fn setting<'a>(
        &'a self,
        live: &'a LiveDay,
        travel: &'a TravelTimes<'a>,
        goods: Goods,
    ) -> Setting<'a> {
        Setting {
            live,
            problem: &self.problem,
            travel,
            goods,
            holds: self.holds.clone(),
            vehicles: self.vehicles.clone(),
            cancelled: self.cancelled.clone(),
        }
    }
}

impl Prepared {
    /// What turns `before` into `draft`, with the vehicles that are met.
    pub(super) fn completed(&self, scene: &Scene<'_>, before: &Draft, draft: &Draft) -> Replan {
        let mut replan = scene.replan(before, draft);
        let depots = &self.problem.depots[scene.live.problem().depots.len()..];
        let is_met = |depot: &&Depot| {
            let mut reloads = replan.routes.iter().flat_map(|route| &route.reloads);
            reloads.any(|reload| reload.depot == depot.id)
        };
        replan.depots = depots.iter().filter(is_met).cloned().collect();
        if !replan.depots.is_empty() {
            replan.places.clone_from(&self.brings.places);
        }
        replan
    }
}

impl RepairRequest {
    /// Makes the request ready.
    ///
    /// # Errors
    /// Everything that is wrong with it, by path and id.
    pub(super) fn prepare(&self, live: &LiveDay) -> Result<Prepared, Vec<Finding>> {
        let wrong = self.findings(live);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let mut problem = (**live.problem()).clone();
        let mut brings = Replan {
            version: live.version(),
            at: live.now(),
            places: self.places.clone(),
            couriers: self.spares.clone(),
            orders: self.orders.clone(),
            cancelled: self.cancelled.clone(),
            ..Replan::default()
        };
        for moved in &self.windows {
            let order = problem.order(&moved.order).cloned();
            brings
                .orders
                .extend(order.map(|order| told(order, moved.window)));
        }
        problem.places.extend(self.places.iter().cloned());
        problem.couriers.extend(self.spares.iter().cloned());
        let n_before = problem.orders.len();
        for order in &brings.orders {
            match problem.orders.iter_mut().find(|old| old.id == order.id) {
                Some(old) => *old = order.clone(),
                None => problem.orders.push(order.clone()),
            }
        }
        let position = |id: &OrderId| problem.orders.iter().position(|order| order.id == *id);
        let cancelled: Vec<usize> = self.cancelled.iter().filter_map(position).collect();
        let left_out = live.day().left_out();
        let left_out = left_out.iter().filter_map(position);
        let mut prepared = Prepared {
            left_out: left_out
                .filter(|order| !cancelled.contains(order))
                .collect(),
            new: (n_before..problem.orders.len()).collect(),
            cancelled,
            holds: self.holds(live),
            vehicles: vec![None; problem.couriers.len()],
            problem,
            brings,
        };
        if self.terms.goods != Goods::Everywhere {
            self.park(live, &mut prepared);
        }
        Ok(prepared)
    }

    fn holds(&self, live: &LiveDay) -> BTreeMap<usize, Hold> {
        let hold = |outage: &OutageChange| {
            let number = live.day().roster().courier(&outage.courier)?;
            Some((number, outage.until.map_or(Hold::Lost, Hold::Until)))
        };
        self.outages.iter().filter_map(hold).collect()
    }

    /// Makes depots of vehicles that do not go on.
    fn park(&self, live: &LiveDay, prepared: &mut Prepared) {
        for (number, state) in live.day().couriers().iter().enumerate() {
            let known = state.outage.is_some_and(|outage| outage.until.is_none());
            let is_lost = match prepared.holds.get(&number) {
                Some(hold) => *hold == Hold::Lost,
                None => known,
            };
            let has_left = state.departure().is_some() || !state.visited.is_empty();
            if !is_lost || !has_left || state.ahead().next().is_none() {
                continue;
            }
            let Some(place) = standing(live, number, state, prepared) else {
                continue;
            };
            let Ok(id) = DepotId::parse(&format!("{VEHICLE}{number}.{}", live.version())) else {
                continue;
            };
            let courier = &prepared.problem.couriers[number];
            let name = if courier.name.is_empty() {
                courier.id.as_str()
            } else {
                &courier.name
            };
            let depot = Depot {
                id,
                name: name.to_owned(),
                place,
                loading: self.terms.handover,
            };
            prepared.vehicles[number] = Some(prepared.problem.depots.len());
            prepared.problem.depots.push(depot);
        }
    }

    fn check_outages(&self, live: &LiveDay, add: &mut impl FnMut(String, &str, Reason, String)) {
        for (row, outage) in self.outages.iter().enumerate() {
            let courier = &outage.courier;
            if live.day().roster().courier(courier).is_none() {
                let path = format!("outages[{row}].courier_id");
                let message = format!("the day has no courier {courier}");
                add(path, courier.as_str(), Reason::UnknownReference, message);
            }
        }
    }

    fn check_windows(
        &self,
        live: &LiveDay,
        known: &BTreeSet<&OrderId>,
        add: &mut impl FnMut(String, &str, Reason, String),
    ) {
        for (row, moved) in self.windows.iter().enumerate() {
            let order = moved.order.as_str();
            let path = |field: &str| format!("windows[{row}].{field}");
            if !known.contains(&moved.order) {
                let message = format!("the day has no order {order}");
                add(path("order_id"), order, Reason::UnknownReference, message);
            } else if moved.window.end < moved.window.start {
                let message = "ends before it begins".to_owned();
                add(path("window.end_time"), order, Reason::BadWindow, message);
            } else if moved.window.end < live.now() {
                let message = "is over".to_owned();
                add(path("window.end_time"), order, Reason::OutOfRange, message);
            }
        }
    }

    /// Everything that is wrong with the request; what is wrong with orders and couriers themselves is found when the change
    /// is tried.
    fn findings(&self, live: &LiveDay) -> Vec<Finding> {
        let roster = live.day().roster();
        let mut findings = Vec::new();
        let mut add = |path: String, id: &str, reason, message: String| {
            findings.push(Finding::new(path, id, reason, message));
        };
        let known: BTreeSet<&OrderId> = live.problem().orders.iter().map(|it| &it.id).collect();
        for (row, order) in self.orders.iter().enumerate() {
            if known.contains(&order.id) {
                let message = "the day has an order of this id: give new ones ids of their own";
                let path = format!("new_orders[{row}].id");
                add(
                    path,
                    order.id.as_str(),
                    Reason::DuplicateId,
                    message.to_owned(),
                );
            }
        }
        for (row, courier) in self.spares.iter().enumerate() {
            if roster.courier(&courier.id).is_some() {
                let message =
                    "the day has a courier of this id: who has no route is a spare anyhow";
                let path = format!("spare_couriers[{row}].id");
                add(
                    path,
                    courier.id.as_str(),
                    Reason::DuplicateId,
                    message.to_owned(),
                );
            }
        }
        for (row, order) in self.cancelled.iter().enumerate() {
            let path = format!("cancelled_order_ids[{row}]");
            match state_of(live, order) {
                _ if !known.contains(order) => {
                    let message = format!("the day has no order {order}");
                    add(path, order.as_str(), Reason::UnknownReference, message);
                }
                Some(state) if state.is_done() || state == StopState::AtDoor => {
                    let message = "the courier is or was at the door".to_owned();
                    add(path, order.as_str(), Reason::Conflict, message);
                }
                _ => {}
            }
        }
        self.check_outages(live, &mut add);
        self.check_windows(live, &known, &mut add);
        if self.time_limit.is_none() && self.iteration_limit.is_none() {
            let message = "give one, or iteration_limit".to_owned();
            add(
                "time_limit_duration".to_owned(),
                "",
                Reason::MissingField,
                message,
            );
        }
        if self.shift_max < Seconds::ZERO {
            let message = "must not be negative".to_owned();
            add(
                "window_shift_max_duration".to_owned(),
                "",
                Reason::OutOfRange,
                message,
            );
        }
        findings
    }
}

/// `order`, whose customer is told `window`.
pub(super) fn told(order: Order, window: TimeWindow) -> Order {
    Order {
        promise: Some(match order.promise {
            Some(promise) => Promise { window, ..promise },
            None => Promise {
                window,
                promised_at: None,
                stated_probability: None,
            },
        }),
        // Windows are those that were agreed to: the new one has been, too.
        windows: Vec::new(),
        ..order
    }
}

fn state_of(live: &LiveDay, order: &OrderId) -> Option<StopState> {
    let (courier, stop) = live.day().roster().order(order)??;
    Some(live.day().couriers()[courier].stops[stop].state)
}

/// Where a vehicle that does not go on is: where it was seen, if it was after the last door, or there.
fn standing(
    live: &LiveDay,
    number: usize,
    state: &CourierState,
    prepared: &mut Prepared,
) -> Option<PlaceIdx> {
    let problem = &mut prepared.problem;
    let route = &live.day().roster().routes()[number];
    let last = state.visited.last().map(|stop| (stop, &state.stops[*stop]));
    let left = last.and_then(|(_, record)| record.end.or(record.arrival));
    let left = left.or(state.departure());
    let seen = state.position.filter(|(at, location)| {
        let is_since = left.is_none_or(|left| *at >= left);
        is_since && live.day().roster().is_near(*location)
    });
    let is_geo = |source: &TravelSource| matches!(source, TravelSource::Geo(_));
    let is_at_door = matches!(state.whereabouts, Whereabouts::AtDoor { .. });
    if let Some((_, location)) = seen
        && !is_at_door
        && problem
            .profiles
            .iter()
            .all(|profile| is_geo(&profile.source))
    {
        let place = Place {
            id: None,
            location: Some(location),
            address: String::new(),
            zone: None,
        };
        let number = u32::try_from(problem.places.len()).ok()?;
        problem.places.push(place.clone());
        prepared.brings.places.push(place);
        return Some(PlaceIdx(number));
    }
    let courier = &problem.couriers[number];
    let start = problem.start_place(courier);
    let order = last.and_then(|(stop, _)| problem.order(&route.stops[*stop].order));
    order.map(|order| order.place).or(start)
}
