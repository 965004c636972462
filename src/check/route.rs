//! One route: who may drive it, how long it is, what it costs; times and loads are judged in their own files.

use std::collections::HashMap;

use super::trip::{self, Halt};
use super::{Report, breaks, clock};
use crate::model::{ConstraintKind, Courier, Order, OrderId, Problem, Route, Stop};
use crate::travel::{Leg, TravelTimes, Way};
use crate::units::{ExactCost, Meters, Seconds, Timestamp};

/// A stated stop beside what the problem says about it.
pub(super) struct Visit<'a> {
    pub(super) stop: &'a Stop,
    pub(super) order: &'a Order,
    /// The way from the stop before; `None` if there is none.
    way: Option<Way<'a>>,
    /// When the courier leaves the stop before, or the start, as stated.
    left: Timestamp,
}

impl Visit<'_> {
    /// The way from the stop before, nothing where there is no way: that is reported once, not in every total.
    pub(super) fn way(&self) -> Way<'_> {
        self.way.unwrap_or(Way::NONE)
    }

    /// What the way amounts to at the time it is begun.
    pub(super) fn leg(&self) -> Leg {
        clock::leg(&self.way(), self.left)
    }
}

/// A stated route beside what the problem says about it.
pub(super) struct Drive<'a> {
    pub(super) courier: &'a Courier,
    pub(super) route: &'a Route,
    pub(super) visits: Vec<Visit<'a>>,
    /// Reloads that the problem has a depot for.
    pub(super) halts: Vec<Halt<'a>>,
    pub(super) loading: Seconds,
    way_back: Option<Way<'a>>,
}

impl<'a> Drive<'a> {
    /// Looks everything up; the error is an order that the problem does not have.
    pub(super) fn new(
        problem: &'a Problem,
        travel: &'a TravelTimes<'_>,
        courier: &'a Courier,
        route: &'a Route,
        orders: &HashMap<&OrderId, &'a Order>,
    ) -> Result<Self, &'a OrderId> {
        let mut here = problem.start_place(courier);
        let mut left = route.departure;
        let mut visits = Vec::with_capacity(route.stops.len());
        let mut halts = Vec::with_capacity(route.reloads.len());
        for (position, stop) in route.stops.iter().enumerate() {
            left = breaks::left(route, position, left);
            for reload in (route.reloads.iter()).filter(|reload| reload.n_before == position) {
                let Some(depot) = problem.depot(&reload.depot) else {
                    continue;
                };
                let way = here.and_then(|here| travel.way(courier, here, depot.place));
                here = Some(depot.place);
                halts.push(Halt {
                    reload,
                    depot,
                    way,
                    left,
                });
                left = reload.departure;
            }
            let order = *orders.get(&stop.order).ok_or(&stop.order)?;
            let way = here.and_then(|here| travel.way(courier, here, order.place));
            here = Some(order.place);
            visits.push(Visit {
                stop,
                order,
                way,
                left,
            });
            left = stop.departure;
        }
        let way_back = match (here, problem.end_place(courier)) {
            (Some(here), Some(end)) => travel.way(courier, here, end),
            _ => Some(Way::NONE),
        };
        Ok(Self {
            courier,
            route,
            visits,
            halts,
            loading: problem.loading(courier),
            way_back,
        })
    }

    /// The way from the last stop to the end; nothing where there is none.
    pub(super) fn return_way(&self) -> Way<'_> {
        self.way_back.unwrap_or(Way::NONE)
    }

    /// What the way to the end amounts to at the time it is begun.
    pub(super) fn return_leg(&self) -> Leg {
        let last = self.visits.last();
        let free = last.map_or(self.route.departure, |visit| visit.stop.departure);
        let left = breaks::left(self.route, self.visits.len(), free);
        clock::leg(&self.return_way(), left)
    }

    /// Reports everything that is wrong.
    pub(super) fn check(&self, report: &mut Report<'_>) {
        if self.visits.is_empty() {
            report.route(ConstraintKind::Inconsistent, 1, "the route has no stop");
        }
        if !self.has_plausible_times() {
            let message = "a stated time is not between the years 1970 and 9999, so that the route is not judged";
            report.route(ConstraintKind::Inconsistent, 1, message);
            return;
        }
        if self.halts.len() < self.route.reloads.len()
            || !trip::are_in_place(&self.route.reloads, self.visits.len())
        {
            let message = "a reload names a depot that the problem does not have, or is not between two stops, so that the route is not judged";
            report.route(ConstraintKind::Inconsistent, 1, message);
            return;
        }
        if !self.has_breaks_in_place() {
            let message = "a break is not one of the courier's, or not in sequence behind a stop (or the start, if it has a window), so that the route is not judged";
            report.route(ConstraintKind::Inconsistent, 1, message);
            return;
        }
        for visit in &self.visits {
            self.check_courier_of(visit, report);
        }
        self.check_trips(report);
        self.check_ways(report);
        self.check_times(report);
        self.check_owed_breaks(report);
        self.check_slack(report);
        self.check_loads(report);
        self.check_limits(report);
        self.check_totals(report);
        self.check_cost(report);
    }

    /// Whether differences of the stated times can be formed at all.
    fn has_plausible_times(&self) -> bool {
        let route = [self.route.start, self.route.departure, self.route.end];
        let stops = (self.route.stops.iter())
            .flat_map(|stop| [stop.arrival, stop.service_start, stop.departure]);
        let reloads = (self.route.reloads.iter())
            .flat_map(|reload| [reload.arrival, reload.loading_start, reload.departure]);
        let breaks = (self.route.breaks.iter()).flat_map(|pause| [pause.start, pause.end]);
        let range = Timestamp(0)..=Timestamp::LAST;
        route
            .into_iter()
            .chain(stops)
            .chain(reloads)
            .chain(breaks)
            .all(|moment| range.contains(&moment))
    }

    /// Skills and lists.
    fn check_courier_of(&self, visit: &Visit<'_>, report: &mut Report<'_>) {
        let order = visit.order;
        for skill in order.required_skills.difference(&self.courier.skills) {
            let message =
                format!("the order requires the skill `{skill}`, which the courier does not have");
            report.add(Some(&order.id), ConstraintKind::Skill, 1, skill, &message);
        }
        if !self.courier.is_admitted_by(order) {
            let message = "the order's lists of couriers exclude this one";
            report.stop(&order.id, ConstraintKind::CourierForbidden, 1, message);
        }
    }

    fn check_ways(&self, report: &mut Report<'_>) {
        for visit in &self.visits {
            if visit.way.is_none() {
                let message = "there is no way here from the stop before";
                report.stop(&visit.order.id, ConstraintKind::Unreachable, 1, message);
            }
            let (id, leg) = (Some(&visit.order.id), visit.leg());
            report.figure(
                id,
                "travel time",
                "s",
                visit.stop.leg_duration.0,
                leg.duration.0,
            );
            report.figure(
                id,
                "distance",
                "m",
                visit.stop.leg_distance.0,
                leg.distance.0,
            );
        }
        if self.way_back.is_none() {
            let message = "there is no way from the last stop to the end of the route";
            report.route(ConstraintKind::Unreachable, 1, message);
        }
        let (route, leg) = (self.route, self.return_leg());
        report.figure(
            None,
            "travel time back",
            "s",
            route.return_duration.0,
            leg.duration.0,
        );
        report.figure(
            None,
            "distance back",
            "m",
            route.return_distance.0,
            leg.distance.0,
        );
    }

    fn distance(&self) -> Meters {
        let legs = self.visits.iter().map(|visit| visit.leg().distance);
        let reloads = self.halts.iter().map(|halt| halt.leg().distance);
        legs.sum::<Meters>() + reloads.sum::<Meters>() + self.return_leg().distance
    }

    fn check_limits(&self, report: &mut Report<'_>) {
        let limits = &self.courier.limits;
        let stops = i64::try_from(self.visits.len()).unwrap_or(i64::MAX);
        let pairs = [
            (
                ConstraintKind::MaxStops,
                stops,
                limits.max_stops.map(i64::from),
                "stops",
            ),
            (
                ConstraintKind::MaxDistance,
                self.distance().0,
                limits.max_distance.map(|m| m.0),
                "m",
            ),
            (
                ConstraintKind::MaxDuty,
                self.route.duty().0,
                limits.max_duty.map(|s| s.0),
                "s of duty",
            ),
        ];
        for (constraint, amount, limit, unit) in pairs {
            if let Some(limit) = limit.filter(|limit| amount > *limit) {
                let message = format!("{amount} {unit}, where the courier's limit is {limit}");
                report.route(constraint, amount - limit, &message);
            }
        }
    }

    fn check_totals(&self, report: &mut Report<'_>) {
        let route = self.route;
        let travel = self.visits.iter().map(|visit| visit.leg().duration);
        let reloads = self.halts.iter().map(|halt| halt.leg().duration);
        let travel =
            travel.sum::<Seconds>() + reloads.sum::<Seconds>() + self.return_leg().duration;
        let service = self
            .visits
            .iter()
            .map(|visit| self.courier.service_time(visit.order));
        let waiting: Seconds = self.visits.iter().map(|visit| visit.stop.waiting()).sum();
        let for_goods = self.halts.iter().map(|halt| halt.reload.waiting());
        let waiting = waiting + for_goods.sum::<Seconds>() + self.waiting_for_breaks();
        report.figure(
            None,
            "total distance",
            "m",
            route.distance.0,
            self.distance().0,
        );
        report.figure(None, "total travel time", "s", route.travel.0, travel.0);
        report.figure(
            None,
            "total service time",
            "s",
            route.service.0,
            service.sum::<Seconds>().0,
        );
        report.figure(None, "total waiting", "s", route.waiting.0, waiting.0);
    }

    fn check_cost(&self, report: &mut Report<'_>) {
        let (costs, stated) = (&self.courier.costs, &self.route.cost);
        let duty = self.route.duty();
        let regular = self.courier.limits.regular_duty.unwrap_or(duty);
        let overtime = Seconds((duty - regular).0.max(0));
        let preference = self.visits.iter().map(|visit| {
            ExactCost::from_cost(visit.order.preference_cost(visit.stop.service_start))
        });
        let components = [
            (
                "fixed cost",
                stated.fixed,
                ExactCost::from_cost(costs.fixed),
            ),
            (
                "cost of distance",
                stated.distance,
                ExactCost::of_distance(self.distance(), costs.per_km),
            ),
            (
                "cost of time",
                stated.time,
                ExactCost::of_time(duty, costs.per_hour),
            ),
            (
                "cost of overtime",
                stated.overtime,
                ExactCost::of_time(overtime, costs.overtime_per_hour),
            ),
            (
                "cost of missed preferences",
                stated.preference,
                preference.sum(),
            ),
        ];
        for (what, stated, due) in components {
            report.figure(None, what, "1/18,000 of a currency unit", stated.0, due.0);
        }
    }
}
