//! The clock of one route: when to start, when each service starts, how much delay every stop can take.
//!
//! Knows a courier and a sequence of visits with the legs between them; nothing of other routes, loads or reports.

use std::borrow::Cow;

use super::book::Book;
use super::breaks::Rests;
use super::visit::{ALWAYS, Errand, Moments, Visit};
use crate::model::{CostBreakdown, Courier, DepotId, PlaceIdx, TimeWindow};
use crate::travel::Way;
use crate::units::{Cost, ExactCost, Meters, Seconds, Timestamp};

pub(super) const MOMENT: Seconds = Seconds(1);

/// One courier's sequence of visits.
#[derive(Clone)]
pub(in crate::planner) struct Tour<'a> {
    pub(in crate::planner) courier: &'a Courier,
    pub(in crate::planner) visits: Vec<Visit<'a>>,
    /// The way from the last visit to the end.
    pub(in crate::planner) back: Way<'a>,
    /// When loading starts, if the planner is not to choose.
    pub(in crate::planner) given_start: Option<Timestamp>,
    pub(in crate::planner) loading: Seconds,
    /// Latest end of the route.
    pub(in crate::planner) shift_end: Timestamp,
    /// The courier's breaks in their places.
    pub(super) rests: Rests,
}

impl<'a> Tour<'a> {
    /// The tour of `courier` along the orders at `positions`, with `reloads` after so many of them; an unknown depot is
    /// left out.
    ///
    /// A way that does not exist counts as no time and no distance, so that the rest can still be timed; the checker
    /// reports it.
    pub(in crate::planner) fn new(
        book: &'a Book<'a>,
        courier: &'a Courier,
        positions: &[usize],
        reloads: &[(usize, &DepotId)],
        given_start: Option<Timestamp>,
    ) -> Self {
        let mut here = book.problem.start_place(courier);
        let mut way = |to| way_or_nothing(book, courier, here.replace(to), Some(to));
        let mut visits = Vec::with_capacity(positions.len() + reloads.len());
        let mut reloads = reloads.iter().peekable();
        for (n_before, &position) in positions.iter().enumerate() {
            while let Some((_, depot)) = reloads.next_if(|(after, _)| *after == n_before) {
                if let Some(depot) = book.problem.depot(depot) {
                    visits.push(Visit::reload(depot, way(depot.place)));
                }
            }
            let order = &book.problem.orders[position];
            visits.push(Visit {
                errand: Errand::Order(order),
                windows: Cow::Borrowed(book.windows(position)),
                service: courier.service_time(order),
                way: way(order.place),
            });
        }
        let mut tour = Self {
            courier,
            back: way_or_nothing(book, courier, here, book.problem.end_place(courier)),
            visits,
            given_start,
            loading: book.loading(courier),
            shift_end: courier.shift.end,
            rests: Rests::default(),
        };
        tour.note_ready();
        tour.place_breaks();
        tour
    }

    /// Opens each reload when all goods of its trip are ready.
    pub(in crate::planner) fn note_ready(&mut self) {
        let mut ready = ALWAYS.start;
        for visit in self.visits.iter_mut().rev() {
            if visit.depot().is_some() {
                let start = std::mem::replace(&mut ready, ALWAYS.start);
                visit.windows = Cow::Owned(vec![TimeWindow { start, ..ALWAYS }]);
            } else if let Some(moment) = visit.ready() {
                ready = ready.max(moment);
            }
        }
    }

    /// How many of the visits before position `at` are orders.
    pub(in crate::planner) fn n_orders_before(&self, at: usize) -> usize {
        let visits = self.visits[..at].iter();
        visits.filter(|visit| visit.order().is_some()).count()
    }

    /// Depots where the trip that has position `at` starts and ends, if these are depots.
    ///
    /// The position of a reload belongs to the trip before it.
    pub(in crate::planner) fn trip_depots(
        &self,
        at: usize,
    ) -> (Option<&'a DepotId>, Option<&'a DepotId>) {
        let courier: &'a Courier = self.courier;
        let start = self.visits[..at].iter().rev().find_map(Visit::depot);
        let end = self.visits[at..].iter().find_map(Visit::depot);
        (
            start.map_or(courier.start_depot(), |depot| Some(&depot.id)),
            end.map_or(courier.end_depot(), |depot| Some(&depot.id)),
        )
    }

    /// When loading starts: as late as costs neither lateness nor longer duty.
    ///
    /// Of all starts that keep every window, every break and the end of the shift, the earliest with the shortest duty. If
    /// there is no such start, the earliest one allowed.
    ///
    /// Shape: O(visits), and as much again for every gap between two windows of one visit that the start can move a
    /// service across; where travel depends on the time of day, see [`Tour::shortest_start`].
    pub(in crate::planner) fn start(&self) -> Timestamp {
        let given = self.given_start.or(self.rests.late_start);
        given
            .or_else(|| self.sound_start())
            .unwrap_or_else(|| self.earliest_start())
    }

    /// The start by the rule of [`Tour::start`], or the given one; `None` if something is late with it.
    pub(super) fn sound_start(&self) -> Option<Timestamp> {
        if let Some(start) = self.given_start {
            return self.is_sound(start).then_some(start);
        }
        let ready = self.earliest_start();
        let earliest = self.rests.start_from.map_or(ready, |from| from.max(ready));
        let latest = self.latest_start(self.latest_end())?;
        if !self.is_steady() {
            return if self.courier.breaks.is_empty() {
                Some(self.shortest_start(earliest, latest))
            } else {
                self.shortest_rested_start(earliest, latest)
            };
        }
        let (mut least, mut best) = (None, None);
        let mut from = Some(earliest);
        // Each round looks at the starts that keep every service in the window it has at `first`. Among them duty falls
        // while waiting is used up and then stays the same: the last start with the same end is the first of the best.
        while let Some(first) = from.filter(|first| *first <= latest) {
            let end = self.end(first);
            let last = self.latest_start(end).unwrap_or(first).min(latest);
            if least.is_none_or(|least| end - last < least) && self.is_rested(last) {
                (least, best) = (Some(end - last), Some(last));
            }
            from = self.next_turn(last);
        }
        best
    }

    /// Whether starting at `start` leaves no break late and owes none that has no place.
    pub(super) fn is_rested(&self, start: Timestamp) -> bool {
        self.break_excess(start) == Seconds::ZERO
    }

    /// Whether everything is in time if loading starts at `start`.
    fn is_sound(&self, start: Timestamp) -> bool {
        let mut visits = self.visits.iter().zip(self.moments(start));
        self.rests.start_from.is_none_or(|from| start >= from)
            && self.end(start) <= self.latest_end()
            && self.is_rested(start)
            && visits.all(|(visit, moments)| visit.lateness(moments.service_start) == Seconds::ZERO)
    }

    /// Whether every way takes the same time at all times of day.
    fn is_steady(&self) -> bool {
        self.back.is_steady() && self.visits.iter().all(|visit| visit.way.is_steady())
    }

    /// The first moment at which loading may start.
    pub(in crate::planner) fn earliest_start(&self) -> Timestamp {
        let first_trip = self
            .visits
            .iter()
            .take_while(|visit| visit.depot().is_none());
        first_trip
            .filter_map(Visit::ready)
            .fold(self.courier.shift.start, Timestamp::max)
    }

    /// The moments of every visit if loading starts at `start`.
    pub(in crate::planner) fn moments(&self, start: Timestamp) -> impl Iterator<Item = Moments> {
        let mut clock = start + self.loading;
        self.visits.iter().enumerate().map(move |(at, visit)| {
            clock = self.rests.pass(at, clock);
            let arrival = visit.way.arrival(clock);
            let service_start = visit.service_start(arrival);
            clock = service_start + visit.service;
            Moments {
                arrival,
                service_start,
                departure: clock,
            }
        })
    }

    /// The end of the route if loading starts at `start`.
    pub(in crate::planner) fn end(&self, start: Timestamp) -> Timestamp {
        let last = self.moments(start).last();
        let free = last.map_or(start + self.loading, |moments| moments.departure);
        self.back.arrival(self.rests.pass(self.visits.len(), free))
    }

    /// The last moment at which service may start at each visit so that it and everything after it is in time, each break
    /// begins by its moment in `breaks_until`, and the route ends by `end`; `None` where there is no such moment.
    pub(in crate::planner) fn latest_services(
        &self,
        end: Timestamp,
        breaks_until: &[Timestamp],
    ) -> Vec<Option<Timestamp>> {
        let mut bound = Some(self.back.latest_departure(end));
        let mut latest: Vec<_> = (self.visits.iter().enumerate().rev())
            .map(|(at, visit)| {
                bound = self
                    .rests
                    .retreat(at + 1, bound?, |position| breaks_until[position]);
                let service = visit.latest_service(bound? - visit.service);
                bound = service.map(|service| visit.way.latest_departure(service));
                service
            })
            .collect();
        latest.reverse();
        latest
    }

    /// The last start that keeps every window, also those of breaks, and ends by `end`.
    pub(super) fn latest_start(&self, end: Timestamp) -> Option<Timestamp> {
        let until = |position| self.rests.window_end(position);
        let mut visits = self.visits.iter().enumerate().rev();
        let departure =
            visits.try_fold(self.back.latest_departure(end), |bound, (at, visit)| {
                let bound = self.rests.retreat(at + 1, bound, until)?;
                let service = visit.latest_service(bound - visit.service)?;
                Some(visit.way.latest_departure(service))
            })?;
        Some(self.rests.retreat(0, departure, until)? - self.loading)
    }

    /// The first start after `start` that moves a service into a later window.
    ///
    /// `start` must be the last start with its end: then only visits before the first one that waits, or follows a break
    /// that is waited for, move with it.
    fn next_turn(&self, start: Timestamp) -> Option<Timestamp> {
        let moving = self.visits.iter().zip(self.moments(start));
        let pauses = self.rests.pauses.iter().zip(self.pause_moments(start));
        let n_moving = pauses
            .filter(|(_, moments)| moments.begin > moments.free)
            .map(|(pause, _)| pause.n_before)
            .min();
        moving
            .take(n_moving.unwrap_or(self.visits.len()))
            .take_while(|(_, moments)| moments.service_start == moments.arrival)
            .filter_map(|(visit, moments)| {
                Some(visit.window_at(moments.arrival)?.end - moments.arrival)
            })
            .min()
            .map(|room| start + room + MOMENT)
    }

    /// The length of the way.
    pub(in crate::planner) fn distance(&self) -> Meters {
        self.visits
            .iter()
            .map(|visit| visit.way.distance)
            .sum::<Meters>()
            + self.back.distance
    }

    /// What the tour costs if loading starts at `start`; nothing without a visit.
    pub(in crate::planner) fn cost(&self, start: Timestamp) -> CostBreakdown {
        if self.visits.is_empty() {
            return CostBreakdown::default();
        }
        let duty = self.end(start) - start;
        let preference = |(visit, moments): (&Visit<'_>, Moments)| {
            let cost = (visit.order()).map_or(Cost::ZERO, |order| {
                order.preference_cost(moments.service_start)
            });
            ExactCost::from_cost(cost)
        };
        CostBreakdown {
            fixed: ExactCost::from_cost(self.courier.costs.fixed),
            distance: self.courier.distance_cost(self.distance()),
            time: self.courier.time_cost(duty),
            overtime: self.courier.overtime_cost(duty),
            preference: self
                .visits
                .iter()
                .zip(self.moments(start))
                .map(preference)
                .sum(),
        }
    }
}

/// The way between two places; none where one of them is missing or there is no way.
fn way_or_nothing<'a>(
    book: &Book<'a>,
    courier: &Courier,
    from: Option<PlaceIdx>,
    to: Option<PlaceIdx>,
) -> Way<'a> {
    from.zip(to)
        .and_then(|(from, to)| book.way(courier, from, to))
        .unwrap_or(Way::NONE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::fixture::{Fixture, arbitrary, at, hours};
    use crate::model::{Problem, RouteSketch};
    use crate::travel::TravelTimes;

    /// Hands the tour of the only courier through every order to `judge`.
    fn with_tour<T>(problem: &Problem, judge: impl FnOnce(&Tour<'_>) -> T) -> T {
        let travel = TravelTimes::new(problem);
        let book = Book::new(problem, &travel);
        let positions: Vec<usize> = (0..problem.orders.len()).collect();
        judge(&Tour::new(
            &book,
            &problem.couriers[0],
            &positions,
            &[],
            None,
        ))
    }

    /// Whether starting at `start` keeps every window, every break where it is, and the shift.
    fn is_on_time(tour: &Tour<'_>, start: Timestamp) -> bool {
        tour.is_sound(start)
    }

    /// The rule, tried second by second.
    fn slow_start(tour: &Tour<'_>) -> Timestamp {
        let earliest = tour.earliest_start();
        let starts = (earliest.0..=tour.shift_end.0).map(Timestamp);
        starts
            .filter(|&start| is_on_time(tour, start))
            .min_by_key(|&start| (tour.end(start) - start, start))
            .unwrap_or(earliest)
    }

    /// Whether the tour could be in time with its breaks somewhere, starting at one of every seven seconds.
    fn is_possible(tour: &Tour<'_>) -> bool {
        let starts = (tour.earliest_start().0..=tour.shift_end.0).step_by(7);
        starts
            .map(Timestamp)
            .any(|start| is_possible_from(tour, start))
    }

    fn is_possible_from(tour: &Tour<'_>, start: Timestamp) -> bool {
        let mut tour = tour.without_breaks();
        tour.given_start = Some(start);
        tour.place_breaks();
        is_on_time(&tour, start)
    }

    #[test]
    fn the_start_is_as_late_as_costs_no_time() {
        let day = Fixture::new()
            .courier("anna", |_| {})
            .order("a", (600, 0), |order| order.windows = vec![hours(10, 12)])
            .build();
        assert_eq!(with_tour(&day, |tour| tour.start()), at(9, 50));
    }

    #[test]
    fn goods_that_are_not_ready_hold_the_start_back() {
        let day = Fixture::new()
            .courier("anna", |_| {})
            .order("a", (600, 0), |order| order.ready = Some(at(11, 0)))
            .build();
        assert_eq!(with_tour(&day, |tour| tour.start()), at(11, 0));
    }

    #[test]
    fn a_route_that_must_be_late_starts_as_early_as_allowed() {
        let day = Fixture::new()
            .courier("anna", |_| {})
            .order("a", (7_200, 0), |order| order.windows = vec![hours(8, 9)])
            .build();
        assert_eq!(with_tour(&day, |tour| tour.start()), at(8, 0));
    }

    #[test]
    fn a_later_window_is_worth_starting_later_for() {
        let day = Fixture::new()
            .courier("anna", |_| {})
            .order("a", (60, 0), |order| {
                order.windows = vec![hours(8, 9), hours(14, 15)]
            })
            .order("b", (120, 0), |order| order.windows = vec![hours(14, 15)])
            .build();
        with_tour(&day, |tour| {
            assert_eq!(tour.start(), at(13, 59));
            assert_eq!(tour.end(at(13, 59)), at(14, 5));
        });
    }

    proptest! {
        #[test]
        fn the_start_is_the_one_found_by_trying_every_second(
            (problem, sketches) in arbitrary::trips_day()
        ) {
            let travel = TravelTimes::new(&problem);
            let book = Book::new(&problem, &travel);
            for RouteSketch { courier, orders, reloads, .. } in &sketches {
                let reloads: Vec<_> = reloads.iter().map(|reload| (reload.n_before, &reload.depot)).collect();
                let courier = problem.courier(courier).expect("taken from the problem");
                let positions: Vec<_> = orders.iter().filter_map(|id| book.order(id)).collect();
                let tour = Tour::new(&book, courier, &positions, &reloads, None);
                if positions.is_empty() {
                    continue;
                }
                if tour.courier.breaks.is_empty() {
                    prop_assert_eq!(tour.start(), slow_start(&tour));
                } else if is_possible(&tour) {
                    prop_assert!(is_on_time(&tour, tour.start()));
                }
            }
        }
    }
}
