//! The figures of any scheduled plan: none is wrong, none can be changed unnoticed, and slack is exact.

use proptest::prelude::*;

use super::{judge, plan};
use crate::model::fixture::arbitrary;
use crate::model::{BreakStart, ConstraintKind, Courier, PlaceIdx, Problem, Route, RouteSketch};
use crate::travel::TravelTimes;
use crate::units::{Seconds, Timestamp};

/// Changes one figure of a route; which one is chosen by `pick`.
fn tamper(route: &mut Route, stop: usize, pick: usize, by: i64) {
    let chosen = &mut route.stops[stop];
    let route_figures: [&mut i64; 15] = [
        &mut route.start.0,
        &mut route.departure.0,
        &mut route.end.0,
        &mut route.distance.0,
        &mut route.travel.0,
        &mut route.service.0,
        &mut route.waiting.0,
        &mut route.cost.fixed.0,
        &mut route.cost.distance.0,
        &mut route.cost.time.0,
        &mut route.cost.overtime.0,
        &mut route.cost.preference.0,
        &mut route.return_distance.0,
        &mut route.return_duration.0,
        &mut route.load_at_start.entry("kg".to_owned()).or_default().0,
    ];
    let stop_figures: [&mut i64; 9] = [
        &mut chosen.arrival.0,
        &mut chosen.service_start.0,
        &mut chosen.departure.0,
        &mut chosen.slack.0,
        &mut chosen.leg_distance.0,
        &mut chosen.leg_duration.0,
        &mut chosen.lateness.0,
        &mut chosen.load_after.entry("kg".to_owned()).or_default().0,
        &mut route.peak_load.entry("kg".to_owned()).or_default().0,
    ];
    let break_figures =
        (route.breaks.iter_mut()).flat_map(|pause| [&mut pause.start.0, &mut pause.end.0]);
    let mut figures: Vec<&mut i64> = route_figures
        .into_iter()
        .chain(stop_figures)
        .chain(break_figures)
        .collect();
    let pick = pick % figures.len();
    *figures[pick] += by;
}

/// Sketches of days with several trips a shift, or with breaks.
fn trips_or_breaks() -> impl Strategy<Value = (Problem, Vec<RouteSketch>)> {
    prop_oneof![arbitrary::trips_day(), arbitrary::sketched_day()]
}

proptest! {
    #[test]
    fn the_scheduler_never_states_a_wrong_figure((problem, sketches) in trips_or_breaks()) {
        let verdict = judge(&problem, &plan(&problem, &sketches));
        let is_wrong = |kind| matches!(kind, ConstraintKind::Inconsistent | ConstraintKind::Coverage);
        for violation in &verdict.violations {
            prop_assert!(!is_wrong(violation.constraint), "{}", violation.message);
        }
    }

    #[test]
    fn any_changed_figure_is_noticed(
        (problem, sketches) in trips_or_breaks(),
        (stop, pick) in (any::<usize>(), any::<usize>()),
        by in prop_oneof![-50..0i64, 1..50i64],
    ) {
        let mut plan = plan(&problem, &sketches);
        let before = judge(&problem, &plan).violations;
        if let Some(route) = plan.routes.first_mut() {
            let stop = stop % route.stops.len();
            tamper(route, stop, pick, by);
            let after = judge(&problem, &plan).violations;
            let is_wrong = |v: &crate::model::Violation| v.constraint == ConstraintKind::Inconsistent;
            prop_assert!(after.iter().any(is_wrong), "unnoticed; before: {before:?}");
        }
    }

    #[test]
    fn a_dropped_or_repeated_stop_is_noticed(
        (problem, sketches) in trips_or_breaks(),
        stop in any::<usize>(),
        is_repeated in any::<bool>(),
    ) {
        let mut plan = plan(&problem, &sketches);
        if let Some(route) = plan.routes.first_mut() {
            let stop = stop % route.stops.len();
            if is_repeated {
                route.stops.insert(stop, route.stops[stop].clone());
            } else {
                route.stops.remove(stop);
            }
            let verdict = judge(&problem, &plan);
            let coverage = |v: &crate::model::Violation| v.constraint == ConstraintKind::Coverage;
            prop_assert!(verdict.violations.iter().any(coverage));
        }
    }

    #[test]
    fn slack_is_exact((problem, sketches) in trips_or_breaks()) {
        let plan = plan(&problem, &sketches);
        prop_assume!(judge(&problem, &plan).is_feasible());
        for route in &plan.routes {
            for stop in 0..route.stops.len() {
                let slack = route.stops[stop].slack;
                prop_assert!(holds_with_delay(&problem, route, stop, slack));
                prop_assert!(!holds_with_delay(&problem, route, stop, slack + Seconds(1)));
            }
        }
    }
}

/// When who leaves at `left` arrives, anywhere.
fn arrival(
    travel: &TravelTimes<'_>,
    courier: &Courier,
    (from, to): (PlaceIdx, PlaceIdx),
    left: Timestamp,
) -> Timestamp {
    let way = travel.way(courier, from, to);
    way.expect("the day has all ways").arrival(left)
}

/// When the goods of the trip that begins with the stop at `from` are ready.
fn ready_of_trip(problem: &Problem, route: &Route, from: usize) -> Timestamp {
    let later = route.reloads.iter().map(|reload| reload.n_before);
    let to = later.filter(|&n_before| n_before > from).min();
    let stops = &route.stops[from..to.unwrap_or(route.stops.len())];
    let ready = stops
        .iter()
        .filter_map(|stop| problem.order(&stop.order)?.ready);
    ready.max().unwrap_or(route.start)
}

/// Whether the route still keeps windows, breaks, shift and duty if service at `delayed` starts `delay` later than planned.
fn holds_with_delay(problem: &Problem, route: &Route, delayed: usize, delay: Seconds) -> bool {
    let courier = problem
        .courier(&route.courier)
        .expect("scheduled from the problem");
    let travel = TravelTimes::new(problem);
    let mut here = problem
        .start_place(courier)
        .expect("the fixture has depots");
    let mut clock = route.departure;
    for (position, stop) in route.stops.iter().enumerate() {
        let Some(left) = after_breaks(courier, route, position, clock) else {
            return false;
        };
        clock = left;
        if let Some(reload) = route
            .reloads
            .iter()
            .find(|reload| reload.n_before == position)
        {
            // A depot never closes; goods that are ready on time cannot be missed.
            let depot = problem
                .depot(&reload.depot)
                .expect("scheduled from the problem");
            let ready = ready_of_trip(problem, route, position);
            let arrival = arrival(&travel, courier, (here, depot.place), clock);
            clock = arrival.max(ready) + depot.loading;
            here = depot.place;
        }
        let order = problem
            .order(&stop.order)
            .expect("scheduled from the problem");
        let ready_at = match position == delayed {
            true => stop.service_start + delay,
            false => arrival(&travel, courier, (here, order.place), clock),
        };
        here = order.place;
        let windows = order.service_windows();
        let Some(window) = windows.iter().find(|window| ready_at <= window.end) else {
            return false;
        };
        clock = ready_at.max(window.start) + courier.service_time(order);
    }
    let Some(clock) = after_breaks(courier, route, route.stops.len(), clock) else {
        return false;
    };
    let end = problem.end_place(courier);
    let end = end.map_or(clock, |end| arrival(&travel, courier, (here, end), clock));
    let owes_none = (0..courier.breaks.len())
        .filter(|number| route.breaks.iter().all(|pause| pause.number != *number))
        .all(|number| {
            let until = break_until(courier, route, number);
            let is_window = matches!(courier.breaks[number].start, BreakStart::Within(_));
            end <= until || is_window && route.start >= until
        });
    let duty_holds = courier
        .limits
        .max_duty
        .is_none_or(|limit| end - route.start <= limit);
    duty_holds && owes_none && end <= courier.shift.end
}

/// The last moment at which a break may begin, those before it being as planned.
fn break_until(courier: &Courier, route: &Route, number: usize) -> Timestamp {
    match courier.breaks[number].start {
        BreakStart::Within(window) => window.end,
        BreakStart::AfterWork(limit) => {
            let before = route.breaks.iter().filter(|pause| pause.number < number);
            before.map(|pause| pause.end).max().unwrap_or(route.start) + limit
        }
    }
}

/// When the courier leaves the breaks behind `n_stops` stops, being free at `clock`; `None` if one begins too late.
fn after_breaks(
    courier: &Courier,
    route: &Route,
    n_stops: usize,
    clock: Timestamp,
) -> Option<Timestamp> {
    let here = route
        .breaks
        .iter()
        .filter(|pause| pause.n_before == n_stops);
    here.map(|pause| pause.number)
        .try_fold(clock, |clock, number| {
            let rule = courier.breaks[number];
            let begin = match rule.start {
                BreakStart::Within(window) => clock.max(window.start),
                BreakStart::AfterWork(_) => clock,
            };
            (begin <= break_until(courier, route, number)).then_some(begin + rule.duration)
        })
}
