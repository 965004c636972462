//! One courier's day, as all events of it together tell it.
//!
//! The state is a function of the set of events: they are gone through by the time at which they happened, whenever they
//! were reported. What does not fit what happened before it is set aside with the reason, and changes nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{Event, FailureReason, RefusedItem, Report};
use super::roster::{RosterRoute, RosterStop};
use super::words::{clock, lag};
use crate::model::{CourierId, EventId, Finding, GeoPoint, Lock, OrderKind, Reason};
use crate::units::{Load, Seconds, Timestamp};

/// Where an event stands among those of its courier: the time at which it happened first; within a second, stops in the
/// sequence of the plan, and at a stop what usually comes first; how things stand with the courier after all stops.
pub(super) type EventKey = (Timestamp, usize, u8, EventId);

/// A delivery that is reported so soon after an outage is of what the courier had in hand, where it is not known when the
/// courier came to the door.
const IN_HAND: Seconds = Seconds(15 * 60);

/// What has become of a stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StopState {
    /// Nothing yet.
    #[default]
    ToCome,
    /// The courier is at the door.
    AtDoor,
    /// Everything was handed over.
    Delivered,
    /// A part was handed over.
    DeliveredInPart,
    /// Nothing was handed over.
    Failed(FailureReason),
    /// The courier will not go there, at least not now.
    Skipped,
    /// The courier was at the door and is elsewhere; what came of it was not reported.
    Unreported,
    /// The courier need not go there any more: the plan has changed, or somebody else has been there.
    Moved,
}

impl StopState {
    /// Whether the courier has been at the door and left it.
    #[must_use]
    pub fn is_done(self) -> bool {
        match self {
            Self::Delivered | Self::DeliveredInPart | Self::Failed(_) | Self::Unreported => true,
            Self::ToCome | Self::AtDoor | Self::Skipped | Self::Moved => false,
        }
    }
}

/// What is known of a stop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StopRecord {
    /// What has become of it.
    pub state: StopState,
    /// When the courier came to the door.
    pub arrival: Option<Timestamp>,
    /// When service began.
    pub service_start: Option<Timestamp>,
    /// When the courier left the door.
    pub end: Option<Timestamp>,
    /// When the courier decided not to go there.
    pub skipped: Option<Timestamp>,
    /// What the customer did not take.
    pub refused: Vec<RefusedItem>,
}

/// Where a courier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// Not gone yet.
    AtStart,
    /// On the way to the stop with this number.
    OnTheWay {
        /// The next stop.
        to: usize,
        /// When the courier left the place before.
        since: Timestamp,
    },
    /// At the door of the stop with this number.
    AtDoor {
        /// The stop.
        stop: usize,
        /// When the courier came, or service began if only that was reported.
        since: Timestamp,
        /// Whether service has begun.
        in_service: bool,
    },
    /// All stops are made or skipped.
    Finished {
        /// When the courier left the last one.
        since: Timestamp,
    },
}

/// Why a courier does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None` if that is not known.
    pub until: Option<Timestamp>,
    /// Whether it is the vehicle.
    pub is_breakdown: bool,
}

/// One courier's day so far. Stops have the numbers that they have in the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct CourierState {
    /// Stops by number.
    pub stops: Vec<StopRecord>,
    /// Departures from the start and from each reload.
    pub departures: Vec<Timestamp>,
    /// Numbers of the stops at whose doors the courier was or is, in the sequence in which that was.
    pub visited: Vec<usize>,
    /// Where the courier is.
    pub whereabouts: Whereabouts,
    /// What keeps the courier from going on, if anything does.
    pub outage: Option<Outage>,
    /// Where the courier was seen last, and when.
    pub position: Option<(Timestamp, GeoPoint)>,
    /// The last sign of life.
    pub last_heard: Option<Timestamp>,
    /// Events that do not fit, with what does not fit, by the time at which they are said to have happened.
    pub contradictions: Vec<(EventId, Finding)>,
}

impl CourierState {
    /// The state after `events`, which are all of this courier; `claims` are deliveries that others have reported.
    pub(super) fn of(
        route: &RosterRoute,
        events: &BTreeMap<EventKey, Arc<Report>>,
        claims: &Claims,
    ) -> Self {
        let mut state = Self {
            stops: vec![StopRecord::default(); route.stops.len()],
            departures: Vec::new(),
            visited: Vec::new(),
            whereabouts: Whereabouts::AtStart,
            outage: None,
            position: None,
            last_heard: None,
            contradictions: Vec::new(),
        };
        for (number, stop) in route.stops.iter().enumerate() {
            if stop.is_former || claims.contains_key(&number) {
                state.stops[number].state = StopState::Moved;
            }
        }
        for ((_, stop, ..), report) in events {
            state.last_heard = Some(report.at);
            let claim = claims.get(stop).filter(|_| report.event.is_visit());
            let taken = match claim.filter(|claim| (claim.at, &claim.id) < (report.at, &report.id))
            {
                Some(claim) => Err(("order_id", claim.words())),
                None => state.take(route, report, *stop),
            };
            if let Err((field, reason)) = taken {
                let subject = match report.event.order() {
                    Some(order) => order.as_str(),
                    None => route.courier.as_str(),
                };
                let finding = Finding::new(
                    format!("{}.{field}", report.event.kind()),
                    subject,
                    Reason::Conflict,
                    format!("{reason}{}", lag(report)),
                );
                state.contradictions.push((report.id.clone(), finding));
            }
            state.settle();
        }
        state
    }

    /// Numbers of the stops still to come, in the sequence of the plan.
    pub fn ahead(&self) -> impl Iterator<Item = usize> {
        let stops = self.stops.iter().enumerate();
        stops.filter_map(|(number, stop)| (stop.state == StopState::ToCome).then_some(number))
    }

    /// How firmly a repair has to leave the stop with this number where it is.
    #[must_use]
    pub fn lock(&self, number: usize) -> Lock {
        let is_next = match self.whereabouts {
            Whereabouts::OnTheWay { to, .. } => to == number,
            Whereabouts::AtDoor { stop, .. } => stop == number,
            Whereabouts::AtStart | Whereabouts::Finished { .. } => false,
        };
        match self.stops.get(number) {
            Some(stop) if stop.state.is_done() => Lock::Done,
            Some(_) if is_next => Lock::InProgress,
            _ => Lock::Free,
        }
    }

    /// When the courier left the start.
    #[must_use]
    pub fn departure(&self) -> Option<Timestamp> {
        self.departures.first().copied()
    }

    /// Whether the courier is on the way or at a door at `now`, and nothing is known to keep them from going on.
    #[must_use]
    pub fn is_going(&self, now: Timestamp) -> bool {
        let is_out = (self.outage).is_some_and(|outage| outage.until.is_none_or(|end| now <= end));
        let is_under_way = match self.whereabouts {
            Whereabouts::OnTheWay { .. } | Whereabouts::AtDoor { .. } => true,
            Whereabouts::AtStart | Whereabouts::Finished { .. } => false,
        };
        is_under_way && !is_out
    }

    /// Goods on board, by dimension: what this trip was loaded with and not handed over, and what was collected.
    #[must_use]
    pub fn on_board(&self, route: &RosterRoute) -> BTreeMap<String, Load> {
        let mut loads = BTreeMap::new();
        for (stop, record) in self.of_trip(route) {
            match (stop.kind, record.state) {
                (OrderKind::Delivery, StopState::Delivered)
                | (
                    OrderKind::Collection,
                    StopState::ToCome
                    | StopState::AtDoor
                    | StopState::Skipped
                    | StopState::Failed(_)
                    | StopState::Unreported
                    | StopState::Moved
                    | StopState::DeliveredInPart,
                ) => {}
                (OrderKind::Delivery, StopState::Moved) => {
                    if stop.is_left_on_board {
                        add(&mut loads, &stop.loads);
                    }
                }
                (OrderKind::Delivery, StopState::DeliveredInPart) => {
                    add(&mut loads, &come_back(stop, record));
                }
                (
                    OrderKind::Delivery,
                    StopState::ToCome
                    | StopState::AtDoor
                    | StopState::Failed(_)
                    | StopState::Skipped
                    | StopState::Unreported,
                )
                | (OrderKind::Collection, StopState::Delivered) => add(&mut loads, &stop.loads),
            }
        }
        loads
    }

    /// Goods on this trip that customers did not take and that come back, by dimension.
    #[must_use]
    pub fn returns(&self, route: &RosterRoute) -> BTreeMap<String, Load> {
        let mut loads = BTreeMap::new();
        for (stop, record) in self.of_trip(route) {
            match record.state {
                StopState::DeliveredInPart => add(&mut loads, &come_back(stop, record)),
                StopState::Failed(_) if stop.kind == OrderKind::Delivery => {
                    add(&mut loads, &stop.loads);
                }
                StopState::Moved if stop.is_left_on_board => add(&mut loads, &stop.loads),
                StopState::Failed(_)
                | StopState::ToCome
                | StopState::AtDoor
                | StopState::Delivered
                | StopState::Skipped
                | StopState::Moved
                | StopState::Unreported => {}
            }
        }
        loads
    }

    /// The stops of the trip that the courier is on.
    fn of_trip<'a>(
        &'a self,
        route: &'a RosterRoute,
    ) -> impl Iterator<Item = (&'a RosterStop, &'a StopRecord)> {
        let n_current = route.n_current();
        let touched = self.visited.iter().filter(|number| **number < n_current);
        let n_touched = touched.map(|number| number + 1).max();
        let n_touched = n_touched.unwrap_or(0);
        let n_left = self.departures.len().saturating_sub(1);
        let reloads = || route.reloads.iter().map(|reload| reload.n_before);
        let reported = n_left.checked_sub(1).and_then(|n| reloads().nth(n));
        let passed = reloads().filter(|before| *before < n_touched);
        let from = passed.chain(reported).max().unwrap_or(0);
        let later = reloads().filter(|before| *before > from);
        let until = later.min().unwrap_or(n_current);
        let both = route.stops.iter().zip(&self.stops).enumerate();
        both.filter(move |(at, _)| (from..until).contains(at) || *at >= n_current)
            .map(|(_, both)| both)
    }

    /// Takes the next event; says which field does not fit and why.
    fn take(
        &mut self,
        route: &RosterRoute,
        report: &Report,
        stop: usize,
    ) -> Result<(), (&'static str, String)> {
        match &report.event {
            Event::Departed { .. } => self.depart(route, report.at),
            Event::Arrived { .. } => self.arrive(stop, report.at),
            Event::ServiceStarted { .. } => self.begin(stop, report.at),
            Event::Delivered { .. } => self.end(stop, report.at, StopState::Delivered),
            Event::DeliveredInPart { refused, .. } => {
                self.end(stop, report.at, StopState::DeliveredInPart)?;
                self.stops[stop].refused.clone_from(refused);
                Ok(())
            }
            Event::Failed { reason, .. } => self.end(stop, report.at, StopState::Failed(*reason)),
            Event::Skipped { .. } => {
                self.skip(stop, report.at)?;
                if route.stops[stop]
                    .resumed
                    .is_some_and(|since| report.at <= since)
                {
                    self.resume(stop);
                }
                Ok(())
            }
            Event::Position { location, .. } => {
                self.position = Some((report.at, *location));
                Ok(())
            }
            Event::Unavailable { until, .. } | Event::BrokenDown { until, .. } => {
                self.outage = Some(Outage {
                    since: report.at,
                    until: *until,
                    is_breakdown: matches!(report.event, Event::BrokenDown { .. }),
                });
                Ok(())
            }
            // These belong to no courier.
            Event::Traffic { .. } | Event::Rating { .. } => Ok(()),
        }
    }

    fn depart(&mut self, route: &RosterRoute, at: Timestamp) -> Result<(), (&'static str, String)> {
        let n_before = self.departures.len();
        if n_before > route.reloads.len() {
            let last = self.departures.last().copied().unwrap_or(at);
            return Err((
                "courier_id",
                format!("the courier departed already, at {}", clock(last)),
            ));
        }
        if n_before == 0 && !self.visited.is_empty() {
            return Err((
                "event_time",
                "the courier was at a door before departing".to_owned(),
            ));
        }
        self.leave_door(None);
        self.departures.push(at);
        self.outage = None;
        self.whereabouts = Whereabouts::Finished { since: at };
        Ok(())
    }

    fn arrive(&mut self, number: usize, at: Timestamp) -> Result<(), (&'static str, String)> {
        let stop = &self.stops[number];
        match stop.state {
            StopState::Delivered | StopState::DeliveredInPart => {
                return Err(("order_id", already(stop, "delivered")));
            }
            StopState::AtDoor => {
                let since = stop.arrival.or(stop.service_start).unwrap_or(at);
                let reason = format!("the courier is at the door since {}", clock(since));
                return Err(("order_id", reason));
            }
            StopState::ToCome
            | StopState::Failed(_)
            | StopState::Skipped
            | StopState::Moved
            | StopState::Unreported => {}
        }
        self.leave_door(Some(number));
        self.visit(number);
        let stop = &mut self.stops[number];
        stop.state = StopState::AtDoor;
        stop.arrival = Some(at);
        self.outage = None;
        self.whereabouts = Whereabouts::AtDoor {
            stop: number,
            since: at,
            in_service: false,
        };
        Ok(())
    }

    fn begin(&mut self, number: usize, at: Timestamp) -> Result<(), (&'static str, String)> {
        let stop = &self.stops[number];
        match stop.state {
            StopState::Delivered | StopState::DeliveredInPart => {
                return Err(("order_id", already(stop, "delivered")));
            }
            StopState::AtDoor => {}
            StopState::ToCome
            | StopState::Failed(_)
            | StopState::Skipped
            | StopState::Moved
            | StopState::Unreported => {
                self.arrive(number, at)?;
                self.stops[number].arrival = None;
            }
        }
        let stop = &mut self.stops[number];
        if let Some(start) = stop.service_start {
            let reason = format!("service began already, at {}", clock(start));
            return Err(("order_id", reason));
        }
        stop.service_start = Some(at);
        self.whereabouts = Whereabouts::AtDoor {
            stop: number,
            since: at,
            in_service: true,
        };
        Ok(())
    }

    fn end(
        &mut self,
        number: usize,
        at: Timestamp,
        state: StopState,
    ) -> Result<(), (&'static str, String)> {
        let stop = &self.stops[number];
        match stop.state {
            StopState::Delivered | StopState::DeliveredInPart => {
                return Err(("order_id", already(stop, "delivered")));
            }
            StopState::Failed(_) if matches!(state, StopState::Failed(_)) => {
                return Err(("order_id", already(stop, "given up")));
            }
            // The courier was asked back, or forgot to say what came of it.
            StopState::Failed(_) | StopState::Unreported => {
                self.stops[number].state = state;
                return Ok(());
            }
            StopState::ToCome | StopState::AtDoor | StopState::Skipped | StopState::Moved => {}
        }
        let was_there = stop.state == StopState::AtDoor;
        if !was_there {
            self.leave_door(Some(number));
            self.visit(number);
        }
        let stop = &mut self.stops[number];
        stop.state = state;
        stop.end = Some(at);
        if !self.is_kept_after(was_there, at) {
            self.outage = None;
        }
        self.whereabouts = Whereabouts::Finished { since: at };
        Ok(())
    }

    /// Whether what keeps the courier from going on still does after leaving a door at `at`: what is in hand is handed over
    /// all the same, and only who moves on can go on.
    fn is_kept_after(&self, was_there: bool, at: Timestamp) -> bool {
        self.outage.is_some_and(|outage| {
            let is_over = outage.until.is_some_and(|until| until <= at);
            !is_over && (was_there || at <= outage.since + IN_HAND)
        })
    }

    fn skip(&mut self, number: usize, at: Timestamp) -> Result<(), (&'static str, String)> {
        let stop = &mut self.stops[number];
        match stop.state {
            StopState::Delivered | StopState::DeliveredInPart => {
                return Err(("order_id", already(stop, "delivered")));
            }
            StopState::Failed(_) => return Err(("order_id", already(stop, "given up"))),
            StopState::Skipped => {
                return Err(("order_id", "the stop was skipped already".to_owned()));
            }
            StopState::ToCome | StopState::AtDoor | StopState::Moved | StopState::Unreported => {}
        }
        if stop.state == StopState::AtDoor {
            stop.end = Some(at);
            self.whereabouts = Whereabouts::Finished { since: at };
        }
        stop.state = StopState::Skipped;
        stop.skipped = Some(at);
        Ok(())
    }

    /// Takes back that a stop was skipped: the plan has it to come again.
    fn resume(&mut self, number: usize) {
        self.visited.retain(|visited| *visited != number);
        self.stops[number] = StopRecord::default();
    }

    /// Begins a visit at the door, whatever came of visits before.
    fn visit(&mut self, number: usize) {
        self.visited.retain(|visited| *visited != number);
        self.visited.push(number);
        self.stops[number] = StopRecord::default();
    }

    /// Notes that the courier is not at the door any more where they were last, unless that is `next`.
    fn leave_door(&mut self, next: Option<usize>) {
        let Whereabouts::AtDoor { stop, .. } = self.whereabouts else {
            return;
        };
        if next != Some(stop) {
            self.stops[stop].state = StopState::Unreported;
        }
    }

    /// Says where a courier who has left a place goes.
    fn settle(&mut self) {
        let since = match self.whereabouts {
            Whereabouts::AtStart | Whereabouts::AtDoor { .. } => return,
            Whereabouts::OnTheWay { since, .. } | Whereabouts::Finished { since } => since,
        };
        let next = self.ahead().next();
        self.whereabouts = match next {
            Some(to) => Whereabouts::OnTheWay { to, since },
            None => Whereabouts::Finished { since },
        };
    }
}

/// Deliveries that other couriers have reported, by the number of the stop.
pub(super) type Claims = BTreeMap<usize, Claim>;

/// A delivery that another courier has reported.
pub(super) struct Claim {
    /// When.
    pub(super) at: Timestamp,
    /// The report.
    pub(super) id: EventId,
    /// Who.
    pub(super) courier: CourierId,
}

impl Claim {
    fn words(&self) -> String {
        format!(
            "courier {} delivered the order already, at {}",
            self.courier,
            clock(self.at)
        )
    }
}

fn already(stop: &StopRecord, what: &str) -> String {
    match stop.end {
        Some(end) => format!("the order was {what} already, at {}", clock(end)),
        None => format!("the order was {what} already"),
    }
}

fn add(total: &mut BTreeMap<String, Load>, loads: &BTreeMap<String, Load>) {
    for (dimension, load) in loads {
        *total.entry(dimension.clone()).or_default() += *load;
    }
}

/// What the customer did not take of the goods of `stop`, by dimension: never more than there were.
fn come_back(stop: &RosterStop, record: &StopRecord) -> BTreeMap<String, Load> {
    let share = |(dimension, all): (&String, &Load)| {
        let items = record.refused.iter();
        let loads = items.filter_map(|item| item.loads.get(dimension));
        let back = loads.fold(0_i64, |sum, load| sum.saturating_add(load.0));
        (dimension.clone(), Load(back.min(all.0)))
    };
    stop.loads.iter().map(share).collect()
}
