//! Changes of the plan under way. The serialized form is what is stored: fields are added with a default, never renamed or
//! removed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::courier::StopState;
use super::roster::Roster;
use super::state::Day;
use crate::model::{
    Courier, CourierId, Depot, DepotId, Finding, Order, OrderId, Place, PlaceIdx, Problem, Reason,
    ReloadSketch, RouteEnd, RouteStart,
};
use crate::units::Timestamp;

/// A change of the plan: what is other than before, with whole records in place of those of the same id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Replan {
    /// The version of the plan that it changes: how often the plan had changed before.
    pub version: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Places that follow those of the problem.
    pub places: Vec<Place>,
    /// Depots that are new.
    pub depots: Vec<Depot>,
    /// Couriers who are new, or other than before.
    pub couriers: Vec<Courier>,
    /// Orders that are new, or other than before: where the promise is, the customer was told another window.
    pub orders: Vec<Order>,
    /// Orders that are not wanted any more; they are in no route.
    pub cancelled: Vec<OrderId>,
    /// Orders that their courier skipped before, and is to come to all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<OrderId>,
    /// Orders taken out of the route of a courier in whose vehicle the goods stay.
    pub left_on_board: Vec<OrderId>,
    /// Routes that are other than before, as wholes, stops already made included. An order that was in one of them and is
    /// in none now is not served.
    pub routes: Vec<NewRoute>,
}

impl Replan {
    /// Whether nothing is other than before.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        let nothing = Self {
            version: self.version,
            at: self.at,
            ..Self::default()
        };
        *self == nothing
    }
}

/// One courier's route as it is from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewRoute {
    /// Who.
    pub courier: CourierId,
    /// Stops in sequence, those already made first.
    pub orders: Vec<OrderId>,
    /// When loading starts; `None` leaves it as it was.
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// Returns to a depot, in sequence.
    #[serde(default)]
    pub reloads: Vec<NewReload>,
    /// Breaks, in sequence.
    #[serde(default)]
    pub breaks: Vec<NewBreak>,
}

/// A return to a depot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReload {
    /// The depot.
    pub depot: DepotId,
    /// How many of the route's stops come before.
    pub n_before: usize,
}

impl From<&NewReload> for ReloadSketch {
    fn from(reload: &NewReload) -> Self {
        Self {
            depot: reload.depot.clone(),
            n_before: reload.n_before,
        }
    }
}

/// A break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewBreak {
    /// Which of the courier's breaks.
    pub number: usize,
    /// How many of the route's stops come before.
    pub n_before: usize,
}

/// Why a change of the plan is not taken. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplanRefusal {
    /// It changes a plan that has changed since.
    #[error(
        "the change is one of version {of} of the plan, which is at version {is} now; ask for it anew"
    )]
    Stale {
        /// The version that it changes.
        of: u64,
        /// The version that the plan has.
        is: u64,
    },
    /// It is wrong; all that is wrong with it.
    #[error("the change of the plan is not valid")]
    Invalid(Vec<Finding>),
    /// It moves what has happened meanwhile; all of that.
    #[error("what the change moves has happened meanwhile; ask for it anew")]
    Overtaken(Vec<Finding>),
}

/// The problem after `replan`.
///
/// # Errors
/// If the change is wrong by itself, whatever was reported.
pub(super) fn after(
    before: &Problem,
    roster: &Roster,
    replan: &Replan,
) -> Result<Problem, ReplanRefusal> {
    let mut findings = Vec::new();
    let mut problem = before.clone();
    problem.places.extend(replan.places.iter().cloned());
    problem.depots.extend(replan.depots.iter().cloned());
    let couriers = merge(&mut problem.couriers, &replan.couriers, |it| &it.id);
    let orders = merge(&mut problem.orders, &replan.orders, |it| &it.id);
    twice(&couriers, "couriers", &mut findings, |it| {
        problem.couriers[it].id.as_str()
    });
    twice(&orders, "orders", &mut findings, |it| {
        problem.orders[it].id.as_str()
    });
    nowhere(replan, problem.places.len(), &mut findings);
    if findings.is_empty()
        && !(replan.places.is_empty()
            && replan.orders.is_empty()
            && replan.couriers.is_empty()
            && replan.depots.is_empty())
    {
        for mut finding in problem.validate().errors {
            finding.field = path(&finding.field, &couriers, &orders);
            findings.push(finding);
        }
    }
    let names = Names::new(&problem, roster, replan);
    names.check(&mut findings);
    if findings.is_empty() {
        Ok(problem)
    } else {
        Err(ReplanRefusal::Invalid(findings))
    }
}

/// Places that the problem, which has `n_places`, does not have.
fn nowhere(replan: &Replan, n_places: usize, findings: &mut Vec<Finding>) {
    let mut check = |list: &str, row: usize, id: &str, place: Option<PlaceIdx>| {
        if place.is_some_and(|place| place.index() >= n_places) {
            let message = format!("there are {n_places} places, counted from 0");
            let path = format!("{list}[{row}].place");
            findings.push(Finding::new(path, id, Reason::UnknownReference, message));
        }
    };
    for (row, order) in replan.orders.iter().enumerate() {
        check("orders", row, order.id.as_str(), Some(order.place));
    }
    for (row, depot) in replan.depots.iter().enumerate() {
        check("depots", row, depot.id.as_str(), Some(depot.place));
    }
    for (row, courier) in replan.couriers.iter().enumerate() {
        let start = match courier.start {
            RouteStart::Place(place) => Some(place),
            RouteStart::Depot(_) => None,
        };
        let end = match courier.end {
            RouteEnd::Place(place) => Some(place),
            RouteEnd::Depot(_) | RouteEnd::Open => None,
        };
        check("couriers", row, courier.id.as_str(), start.max(end));
    }
}

/// Puts `new` in place of those of the same id, or after all; where each is now.
fn merge<T: Clone, I: Ord + Clone>(
    all: &mut Vec<T>,
    new: &[T],
    id: impl Fn(&T) -> &I,
) -> Vec<usize> {
    let known: BTreeMap<I, usize> = all.iter().map(|it| id(it).clone()).zip(0..).collect();
    let mut added: BTreeMap<I, usize> = BTreeMap::new();
    let mut places = Vec::with_capacity(new.len());
    for it in new {
        let place = known.get(id(it)).or(added.get(id(it))).copied();
        let place = place.unwrap_or(all.len());
        if place == all.len() {
            all.push(it.clone());
            added.insert(id(it).clone(), place);
        } else {
            all[place] = it.clone();
        }
        places.push(place);
    }
    places
}

fn twice<'a>(
    places: &[usize],
    list: &str,
    findings: &mut Vec<Finding>,
    id: impl Fn(usize) -> &'a str,
) {
    let mut seen = BTreeMap::new();
    for (row, place) in places.iter().enumerate() {
        if let Some(first) = seen.insert(*place, row) {
            let message = format!("already in {list}[{first}]: name it once");
            let path = format!("{list}[{row}].id");
            findings.push(Finding::new(path, id(*place), Reason::DuplicateId, message));
        }
    }
}

/// The path in the change of a field of the problem: `couriers` and `orders` are where those of the change are in it.
fn path(field: &str, couriers: &[usize], orders: &[usize]) -> String {
    for (list, places) in [("couriers", couriers), ("orders", orders)] {
        let rest = field
            .strip_prefix(list)
            .and_then(|rest| rest.strip_prefix('['));
        let Some((number, rest)) = rest.and_then(|rest| rest.split_once(']')) else {
            continue;
        };
        let number = number.parse::<usize>().ok();
        let row = places.iter().position(|place| Some(*place) == number);
        if let Some(row) = row {
            return format!("{list}[{row}]{rest}");
        }
    }
    field.to_owned()
}

/// A change beside what it changes, by names.
struct Names<'a> {
    replan: &'a Replan,
    roster: &'a Roster,
    couriers: BTreeSet<&'a CourierId>,
    orders: BTreeSet<&'a OrderId>,
    depots: BTreeSet<&'a DepotId>,
    /// Rows of the couriers whose routes change.
    rows: BTreeMap<&'a CourierId, usize>,
}

impl<'a> Names<'a> {
    fn new(problem: &'a Problem, roster: &'a Roster, replan: &'a Replan) -> Self {
        Self {
            couriers: problem.couriers.iter().map(|it| &it.id).collect(),
            orders: problem.orders.iter().map(|it| &it.id).collect(),
            depots: problem.depots.iter().map(|it| &it.id).collect(),
            rows: replan
                .routes
                .iter()
                .map(|it| &it.courier)
                .zip(0..)
                .collect(),
            roster,
            replan,
        }
    }

    fn check(&self, findings: &mut Vec<Finding>) {
        let mut add = |path: String, id: &str, reason, message: String| {
            findings.push(Finding::new(path, id, reason, message));
        };
        let mut served: BTreeMap<&OrderId, (usize, usize)> = BTreeMap::new();
        for (row, route) in self.replan.routes.iter().enumerate() {
            let courier = &route.courier;
            let path = || format!("routes[{row}].courier_id");
            if !self.couriers.contains(courier) {
                let message = format!("the day has no courier {courier}");
                add(path(), courier.as_str(), Reason::UnknownReference, message);
            } else if self.rows[courier] != row {
                let message = "has two routes: name the courier once".to_owned();
                add(path(), courier.as_str(), Reason::DuplicateId, message);
            }
            let has_start = (self.roster.courier(courier))
                .and_then(|number| self.roster.routes()[number].start)
                .or(route.start)
                .is_some();
            if !has_start && !route.orders.is_empty() {
                let message = "say when loading starts: the courier had no route".to_owned();
                add(
                    format!("routes[{row}].start_time"),
                    courier.as_str(),
                    Reason::MissingField,
                    message,
                );
            }
            for (column, order) in route.orders.iter().enumerate() {
                let path = format!("routes[{row}].order_ids[{column}]");
                if !self.orders.contains(order) {
                    let message = format!("the day has no order {order}");
                    add(path, order.as_str(), Reason::UnknownReference, message);
                } else if self.replan.cancelled.contains(order) {
                    let message = "is cancelled: leave it out of the route".to_owned();
                    add(path, order.as_str(), Reason::Conflict, message);
                } else if let Some((row, column)) = served.insert(order, (row, column)) {
                    let message = format!("already in routes[{row}].order_ids[{column}]");
                    add(path, order.as_str(), Reason::DuplicateId, message);
                } else if let Some(driver) = self.other_driver(order) {
                    let message =
                        format!("is in the route of courier {driver}, which does not change");
                    add(path, order.as_str(), Reason::Conflict, message);
                }
            }
            self.check_places(row, route, &mut add);
        }
        for (row, order) in self.replan.cancelled.iter().enumerate() {
            let path = format!("cancelled_order_ids[{row}]");
            if !self.orders.contains(order) {
                let message = format!("the day has no order {order}");
                add(path, order.as_str(), Reason::UnknownReference, message);
            } else if let Some(driver) = self.other_driver(order) {
                let message = format!("is in the route of courier {driver}, which does not change");
                add(path, order.as_str(), Reason::Conflict, message);
            }
        }
    }

    /// Whose route has `order`, if that does not change.
    fn other_driver(&self, order: &OrderId) -> Option<&CourierId> {
        let (number, _) = self.roster.order(order)??;
        let driver = &self.roster.routes()[number].courier;
        (!self.rows.contains_key(driver)).then_some(driver)
    }

    /// Reloads and breaks are where the route has stops.
    fn check_places(
        &self,
        row: usize,
        route: &NewRoute,
        add: &mut impl FnMut(String, &str, Reason, String),
    ) {
        let mut before = 0;
        for (number, reload) in route.reloads.iter().enumerate() {
            let path = |field: &str| format!("routes[{row}].reloads[{number}].{field}");
            let depot = &reload.depot;
            if !self.depots.contains(depot) {
                let message = format!("the day has no depot {depot}");
                add(
                    path("depot_id"),
                    depot.as_str(),
                    Reason::UnknownReference,
                    message,
                );
            }
            if reload.n_before < before || reload.n_before >= route.orders.len() {
                let message = "must be in sequence, with a stop after it".to_owned();
                add(
                    path("after_stops"),
                    depot.as_str(),
                    Reason::OutOfRange,
                    message,
                );
            }
            before = reload.n_before;
        }
        let mut before = 0;
        for (number, pause) in route.breaks.iter().enumerate() {
            if pause.n_before < before || pause.n_before > route.orders.len() {
                let message = "must be in sequence, within the route".to_owned();
                let path = format!("routes[{row}].breaks[{number}].after_stops");
                add(path, route.courier.as_str(), Reason::OutOfRange, message);
            }
            before = pause.n_before;
        }
    }
}

/// What `replan` moves although it has happened, or is happening, by what was reported: doors where couriers were or are
/// stay in their routes.
pub(super) fn conflicts(day: &Day, replan: &Replan) -> Vec<Finding> {
    let roster = day.roster();
    let mut findings = Vec::new();
    for (row, new) in replan.routes.iter().enumerate() {
        let Some(number) = roster.courier(&new.courier) else {
            continue;
        };
        let kept: BTreeSet<&OrderId> = new.orders.iter().collect();
        let stops = roster.routes()[number].stops.iter();
        for (stop, record) in stops.zip(&day.couriers()[number].stops) {
            let is_there = record.state == StopState::AtDoor || record.state.is_done();
            if is_there && !stop.is_former && !kept.contains(&stop.order) {
                let message = format!(
                    "courier {} is or was at the door: the stop stays in the route",
                    new.courier
                );
                let path = format!("routes[{row}].order_ids");
                let id = stop.order.as_str();
                findings.push(Finding::new(path, id, Reason::Conflict, message));
            }
        }
    }
    findings
}

/// Windows that `replan` moves of orders at whose doors somebody is or was.
pub(super) fn late_windows(day: &Day, replan: &Replan) -> Vec<Finding> {
    let roster = day.roster();
    let mut findings = Vec::new();
    for (row, order) in replan.orders.iter().enumerate() {
        let now = roster.order(&order.id).flatten();
        let places = roster.former(&order.id).iter().copied().chain(now);
        let is_met = places.clone().any(|(courier, stop)| {
            let state = day.couriers()[courier].stops[stop].state;
            state == StopState::AtDoor || state.is_done()
        });
        let is_moved = places.into_iter().any(|(courier, stop)| {
            roster.routes()[courier].stops[stop].told != order.service_windows()
        });
        if is_met && is_moved {
            let message = "a courier is or was at the door: there is no window to move any more";
            let path = format!("orders[{row}].promise");
            let id = order.id.as_str();
            findings.push(Finding::new(path, id, Reason::Conflict, message));
        }
    }
    findings
}
