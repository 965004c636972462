//! What inserting one order into one courier's tour would mean: which constraints it breaks, and by how much.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::{ConstraintKind, Courier, Order, OrderKind, PlaceIdx, Problem};
use crate::planner::schedule::{Book, Errand, Tour, Visit};
use crate::travel::Way;
use crate::units::{ExactCost, Load, Seconds, Timestamp};

/// A constraint that an insertion breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hurdle<'a> {
    pub(super) constraint: ConstraintKind,
    /// By how much, in the unit of the constraint; 1 where there is no unit.
    pub(super) amount: i64,
    /// The dimension or skill concerned, if any.
    pub(super) subject: &'a str,
}

impl<'a> Hurdle<'a> {
    fn new(constraint: ConstraintKind, amount: i64, subject: &'a str) -> Self {
        Self {
            constraint,
            amount,
            subject,
        }
    }
}

/// A single change of the problem's terms for one insertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant<'a> {
    pub(super) what: Hurdle<'a>,
    /// For a later end of a window, which of the order's windows.
    pub(super) window: usize,
}

/// How much of `constraint` about `subject` is granted.
fn granted(grant: Option<&Grant<'_>>, constraint: ConstraintKind, subject: &str) -> i64 {
    match grant {
        Some(Grant { what, .. }) if what.constraint == constraint && what.subject == subject => {
            what.amount
        }
        _ => 0,
    }
}

/// A courier's tour as it stands, ready for trying further orders.
pub(super) struct Base<'a> {
    book: &'a Book<'a>,
    pub(super) tour: Tour<'a>,
    /// How many of the first visits nothing may be inserted before.
    locked: usize,
    start_place: Option<PlaceIdx>,
    end_place: Option<PlaceIdx>,
    pub(super) cost: ExactCost,
    on_board: BTreeMap<&'a str, OnBoard>,
    /// When the courier can leave the start and each visit, at the earliest.
    earliest_departures: Vec<Timestamp>,
    /// When service can start at each visit, at the latest; `None` if not at all.
    latest_services: Vec<Option<Timestamp>>,
}

/// Largest loads of one limited dimension, by position in the sequence.
struct OnBoard {
    /// At `p`: from the start of the trip up to the leg that leads to visit `p`.
    up_to: Vec<Load>,
    /// At `p`: from that leg to the end of the trip.
    from: Vec<Load>,
}

impl<'a> Base<'a> {
    pub(super) fn new(book: &'a Book<'a>, tour: Tour<'a>) -> Self {
        let courier = tour.courier;
        // Another order may move the breaks: only what holds without them rules anything out.
        let free = tour.without_breaks();
        let earliest = free.given_start.unwrap_or_else(|| free.earliest_start());
        let departures = free.moments(earliest).map(|moments| moments.departure);
        let cost = if tour.visits.is_empty() {
            ExactCost::ZERO
        } else {
            tour.cost(tour.start()).total()
        };
        Self {
            book,
            start_place: book.problem.start_place(courier),
            end_place: book.problem.end_place(courier),
            cost,
            on_board: (courier.capacities.keys())
                .map(|dimension| (dimension.as_str(), OnBoard::new(&tour, dimension)))
                .collect(),
            earliest_departures: std::iter::once(earliest + tour.loading)
                .chain(departures)
                .collect(),
            latest_services: free.latest_services(free.shift_end, &[]),
            locked: 0,
            tour,
        }
    }

    /// The same with the first `locked` visits as they are.
    pub(super) fn behind(self, locked: usize) -> Self {
        Self { locked, ..self }
    }

    /// Positions at which an order may be inserted.
    pub(super) fn places(&self) -> std::ops::RangeInclusive<usize> {
        self.locked.min(self.tour.visits.len())..=self.tour.visits.len()
    }

    pub(super) fn problem(&self) -> &'a Problem {
        self.book.problem
    }

    pub(super) fn courier(&self) -> &'a Courier {
        self.tour.courier
    }

    /// The order after which position `at` is, a reload in between or not.
    pub(super) fn before(&self, at: usize) -> Option<&'a Order> {
        self.tour.visits[..at].iter().rev().find_map(Visit::order)
    }

    /// The ways to and from `order` at position `at`, and the way they replace; `None` if there is no way.
    pub(super) fn ways(&self, order: &Order, at: usize) -> Option<Ways<'a>> {
        let last = self.tour.visits[..at].last();
        let from = last.map_or(self.start_place, |visit| Some(visit.place()));
        let next = self.tour.visits.get(at);
        let to = next.map_or(self.end_place, |visit| Some(visit.place()));
        let is_unused = self.tour.visits.is_empty();
        Some(Ways {
            left: self.earliest_departures[at],
            to_order: self.book.way(self.courier(), from?, order.place)?,
            onward: match to {
                Some(to) => self.book.way(self.courier(), order.place, to)?,
                None => Way::NONE,
            },
            replaced: match next {
                _ if is_unused => Way::NONE,
                Some(visit) => visit.way,
                None => self.tour.back,
            },
        })
    }

    /// The tour with the order at `position` inserted at `at`, and the breaks put where they fit best with it.
    pub(super) fn with(
        &self,
        position: usize,
        at: usize,
        ways: &Ways<'a>,
        grant: Option<&Grant<'_>>,
    ) -> Tour<'a> {
        let order = &self.book.problem.orders[position];
        let mut windows = Cow::Borrowed(self.book.windows(position));
        let later = granted(grant, ConstraintKind::TimeWindow, "");
        if let Some(grant) = grant.filter(|_| later > 0) {
            windows.to_mut()[grant.window].end.0 += later;
        }
        let mut tour = self.tour.clone();
        tour.shift_end.0 += granted(grant, ConstraintKind::ShiftEnd, "");
        match tour.visits.get_mut(at) {
            Some(next) => next.way = ways.onward,
            None => tour.back = ways.onward,
        }
        let visit = Visit {
            errand: Errand::Order(order),
            windows,
            service: tour.courier.service_time(order),
            way: ways.to_order,
        };
        tour.visits.insert(at, visit);
        tour.note_ready();
        tour.place_breaks();
        tour
    }

    /// Skills and lists that keep the courier from the order, wherever it would be inserted.
    pub(super) fn personal_hurdles(
        &self,
        order: &'a Order,
        grant: Option<&Grant<'_>>,
    ) -> Vec<Hurdle<'a>> {
        let courier = self.courier();
        let mut hurdles: Vec<_> = (order.required_skills.difference(&courier.skills))
            .filter(|skill| granted(grant, ConstraintKind::Skill, skill) == 0)
            .map(|skill| Hurdle::new(ConstraintKind::Skill, 1, skill))
            .collect();
        let is_let_in = granted(grant, ConstraintKind::CourierForbidden, "") > 0;
        if !courier.is_admitted_by(order) && !is_let_in {
            hurdles.push(Hurdle::new(ConstraintKind::CourierForbidden, 1, ""));
        }
        hurdles
    }

    /// Depots, number of stops and loads.
    pub(super) fn room_hurdles(
        &self,
        order: &'a Order,
        at: usize,
        grant: Option<&Grant<'_>>,
    ) -> Vec<Hurdle<'a>> {
        let courier = self.courier();
        let mut hurdles = Vec::new();
        let (start, end) = self.tour.trip_depots(at);
        if !order.is_stocked_by(start, end) {
            hurdles.push(Hurdle::new(ConstraintKind::Depot, 1, ""));
        }
        let n_orders = self.tour.n_orders_before(self.tour.visits.len());
        let stops = i64::try_from(n_orders + 1).unwrap_or(i64::MAX);
        let stops_max = courier.limits.max_stops.map_or(i64::MAX, i64::from);
        let excess = stops.saturating_sub(stops_max) - granted(grant, ConstraintKind::MaxStops, "");
        if excess > 0 {
            hurdles.push(Hurdle::new(ConstraintKind::MaxStops, excess, ""));
        }
        for (dimension, &load) in &order.loads {
            let Some((&capacity, on_board)) = courier
                .capacities
                .get(dimension)
                .zip(self.on_board.get(dimension.as_str()))
            else {
                continue;
            };
            let extra = granted(grant, ConstraintKind::Capacity, dimension);
            let excess = (on_board.peak_with(order.kind, load, at) - capacity).0 - extra;
            if load > Load::ZERO && excess > 0 {
                hurdles.push(Hurdle::new(ConstraintKind::Capacity, excess, dimension));
            }
        }
        hurdles
    }

    /// Distance, windows, breaks, shift and duty of `tour`, which has the order at `at`.
    pub(super) fn way_hurdles(
        &self,
        tour: &Tour<'a>,
        at: usize,
        grant: Option<&Grant<'_>>,
    ) -> Vec<Hurdle<'a>> {
        let limits = &self.courier().limits;
        let start = tour.start();
        let (own, others) = lateness(tour, start, at);
        let end = tour.end(start);
        let break_excess = tour.break_excess(start).0;
        let is_late = own > 0 || others > 0 || break_excess > 0 || end > tour.shift_end;
        let beyond = |amount: i64, limit: Option<i64>, constraint| {
            limit.map_or(0, |limit| amount - limit - granted(grant, constraint, ""))
        };
        let distance = limits.max_distance.map(|limit| limit.0);
        let duty = limits.max_duty.map(|limit| limit.0).filter(|_| !is_late);
        // Later trips wait for their goods.
        let is_first_trip = tour.visits[..at]
            .iter()
            .all(|visit| visit.depot().is_none());
        let order = tour.visits[at].order().filter(|_| is_first_trip);
        let order = order.filter(|order| order.kind == OrderKind::Delivery);
        let ready = order.and_then(|order| order.ready);
        let not_ready = ready.map_or(0, |ready| (ready - start).0);
        let amounts = [
            (
                ConstraintKind::MaxDistance,
                beyond(tour.distance().0, distance, ConstraintKind::MaxDistance),
            ),
            (ConstraintKind::NotReady, not_ready),
            (ConstraintKind::TimeWindow, own),
            (ConstraintKind::LaterStop, others),
            (ConstraintKind::Break, break_excess),
            (ConstraintKind::ShiftEnd, (end - tour.shift_end).0),
            (
                ConstraintKind::MaxDuty,
                beyond((end - start).0, duty, ConstraintKind::MaxDuty),
            ),
        ];
        let broken = amounts.into_iter().filter(|(_, amount)| *amount > 0);
        broken
            .map(|(constraint, amount)| Hurdle::new(constraint, amount, ""))
            .collect()
    }

    /// Whether the order's windows leave any hope at `at`, before any way is looked up.
    pub(super) fn is_thinkable(&self, position: usize, at: usize) -> bool {
        let windows = self.book.windows(position);
        let Some((first, last)) = windows.first().zip(windows.last()) else {
            return false;
        };
        let is_too_late = self.earliest_departures[at] > last.end;
        let is_too_early = match self.latest_services.get(at) {
            Some(Some(latest)) => first.start > *latest,
            Some(None) => true,
            None => first.start > self.tour.shift_end,
        };
        !is_too_late && !is_too_early
    }
}

/// Lateness at `at`, and the largest elsewhere.
fn lateness(tour: &Tour<'_>, start: Timestamp, at: usize) -> (i64, i64) {
    let visits = tour.visits.iter().zip(tour.moments(start)).enumerate();
    visits.fold((0, 0), |(own, others), (index, (visit, moments))| {
        let late = visit.lateness(moments.service_start).0;
        if index == at {
            (late, others)
        } else {
            (own, late.max(others))
        }
    })
}

/// The ways that an insertion adds, and the one it replaces.
pub(super) struct Ways<'a> {
    /// When the place before can be left at the earliest.
    left: Timestamp,
    to_order: Way<'a>,
    onward: Way<'a>,
    replaced: Way<'a>,
}

impl Ways<'_> {
    /// Travel time that the insertion adds at the earliest departure, time at the door apart.
    pub(super) fn detour(&self) -> Seconds {
        let there = self.onward.arrival(self.to_order.arrival(self.left));
        there - self.replaced.arrival(self.left)
    }
}

impl OnBoard {
    fn new(tour: &Tour<'_>, dimension: &str) -> Self {
        let mut on_board = Self {
            up_to: Vec::new(),
            from: Vec::new(),
        };
        for trip in tour.visits.split(|visit| visit.depot().is_some()) {
            on_board.add_trip(trip.iter().filter_map(Visit::order), dimension);
        }
        on_board
    }

    /// Adds the legs of the next trip, as many as it has orders and one more.
    fn add_trip<'a>(&mut self, orders: impl Iterator<Item = &'a Order> + Clone, dimension: &str) {
        let deliveries = orders
            .clone()
            .filter(|order| order.kind == OrderKind::Delivery);
        let mut load: Load = deliveries.map(|order| order.load(dimension)).sum();
        let mut loads = vec![load];
        for order in orders {
            match order.kind {
                OrderKind::Delivery => load -= order.load(dimension),
                OrderKind::Collection => load += order.load(dimension),
            }
            loads.push(load);
        }
        let highest = |peak: &mut Load, &load: &Load| {
            *peak = load.max(*peak);
            Some(*peak)
        };
        self.up_to.extend(loads.iter().scan(Load::ZERO, highest));
        let mut from: Vec<_> = loads.iter().rev().scan(Load::ZERO, highest).collect();
        from.reverse();
        self.from.append(&mut from);
    }

    /// The largest load while the goods of an order at `at` are on board.
    fn peak_with(&self, kind: OrderKind, load: Load, at: usize) -> Load {
        match kind {
            OrderKind::Delivery => self.up_to[at] + load,
            OrderKind::Collection => self.from[at] + load,
        }
    }
}
