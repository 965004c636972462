//! Days gone by, forecast from what had been planned for them in the morning, or as they could have been on the way.
//!
//! Uses what a history says was planned: departures, ways, services and promises. What really happened is not looked at,
//! except for the departure that a forecast on the way begins with.

use std::ops::Range;

use rayon::prelude::*;

use super::draws::{self, BLOCK};
use super::factors::Traffic;
use super::itinerary::{Itinerary, Leg, Visit, float};
use super::route::{Day, Simulator};
use super::spread::Spread;
use super::{RECORDED, SCENARIOS_MAX, SCENARIOS_STEP, TRAFFIC_MAX, waves};
use crate::model::{ForecastOptions, NoiseModel, RecordedPurpose, RecordedRoute, RecordedStop};
use crate::rng;
use crate::units::{Seconds, Timestamp};

/// What was to be expected of one recorded day.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedForecast {
    /// What was promised, by route and then by stop.
    pub promises: Vec<RecordedPromise>,
    /// Promises kept in each scenario, of all of the day.
    pub kept: Vec<u32>,
}

/// What was to be expected of one promise of a recorded day.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedPromise {
    /// Index of the route among those forecast.
    pub route: usize,
    /// Index of the stop in the route.
    pub stop: usize,
    /// The chance that the promise is kept.
    pub on_time: f64,
    /// Arrivals in all scenarios, ascending, in whole seconds since the route's planned departure.
    pub arrivals: Vec<f32>,
}

/// Forecasts `routes`, all that were planned for one day, by the law of [`forecast`](super::forecast).
///
/// Traffic is the same for all couriers in a scenario. Runs in the caller's rayon pool; the answer depends on the arguments
/// alone. Days have scenarios of their own under one seed. Scenarios are rounded up as for
/// [`forecast`](super::forecast).
///
/// # What a history does not say
/// * How travel depends on the time of day: the noise multiplies the planned way.
/// * The times between the windows of one promise: couriers wait for the first window alone.
/// * When goods of a reload are ready, or a break may begin: no sooner than planned, if the plan had the courier wait for
///   it, otherwise at any time.
///
/// Shape: time and memory in proportion to stops times scenarios.
#[must_use]
pub fn forecast_recorded(routes: &[&RecordedRoute], options: &ForecastOptions) -> RecordedForecast {
    let spread = spread(options);
    let itineraries: Vec<Itinerary> = (routes.iter())
        .map(|route| itinerary(route, &spread, options.grace))
        .collect();
    let mut forecast = RecordedForecast {
        promises: Vec::new(),
        kept: vec![0; scenarios(options)],
    };
    let followed = follow_all(routes, &itineraries, &spread, options);
    for (route, (promises, kept)) in followed.into_iter().enumerate() {
        let of_route = |promise| RecordedPromise { route, ..promise };
        forecast.promises.extend(promises.into_iter().map(of_route));
        let totals = forecast.kept.iter_mut().zip(kept);
        totals.for_each(|(total, kept)| *total += kept);
    }
    forecast
}

/// Forecasts the promises of `routes`, all that were planned for one day, as they could have been forecast on the way,
/// about `lead` before each stop: from the actual departure at the last stop, or the start, whose planned departure is at
/// least `lead` before the planned arrival. Promises so close to the start that there is no such departure are not
/// forecast.
///
/// Which departure counts follows from the plan alone: by what really happened, late stops would be chosen for being
/// late. The departure is all that is known of how the day went so far; couriers and traffic are not. Otherwise as
/// [`forecast_recorded`].
#[must_use]
pub fn forecast_recorded_ahead(
    routes: &[&RecordedRoute],
    options: &ForecastOptions,
    lead: Seconds,
) -> Vec<RecordedPromise> {
    let spread = spread(options);
    let (mut parts, mut itineraries) = (Vec::new(), Vec::new());
    for (number, route) in routes.iter().enumerate() {
        let mut rest = itinerary(route, &spread, options.grace);
        rest.has_left = true;
        let visits = std::mem::take(&mut rest.visits);
        for part in anchored(route, lead) {
            itineraries.push(Itinerary {
                departure: float(part.departure.0.saturating_sub(rest.origin.0)),
                visits: visits[part.anchor..part.wanted.end].to_vec(),
                ..rest.clone()
            });
            parts.push((number, part));
        }
    }
    let followed = follow_all(routes, &itineraries, &spread, options);
    let mut promises = Vec::new();
    for ((route, part), (found, _)) in parts.into_iter().zip(followed) {
        let placed = found.into_iter().map(|promise| RecordedPromise {
            route,
            stop: promise.stop + part.anchor,
            ..promise
        });
        promises.extend(placed.filter(|promise| part.wanted.contains(&promise.stop)));
    }
    promises
}

/// Stops that are forecast from the same departure.
struct Anchored {
    /// Stops made before the departure.
    anchor: usize,
    /// The departure as it was.
    departure: Timestamp,
    /// Indices of the stops that are forecast.
    wanted: Range<usize>,
}

/// The stops of `route` by the departure that they are forecast from, `lead` before.
fn anchored(route: &RecordedRoute, lead: Seconds) -> Vec<Anchored> {
    let befores = route.stops.iter().map(|stop| stop.departure);
    let left: Vec<Timestamp> = [route.departure].into_iter().chain(befores).collect();
    let planned = |stop: &RecordedStop| stop.planned_arrival - stop.planned_travel;
    let mut parts: Vec<Anchored> = Vec::new();
    for (at, stop) in route.stops.iter().enumerate() {
        let latest = stop.planned_arrival - lead;
        // The planned departure before stop `n` is that after `n` stops.
        let Some(anchor) = (0..=at).rev().find(|n| planned(&route.stops[*n]) <= latest) else {
            continue;
        };
        match parts.last_mut() {
            Some(part) if part.anchor == anchor => part.wanted.end = at + 1,
            _ => parts.push(Anchored {
                anchor,
                departure: left[anchor],
                wanted: at..at + 1,
            }),
        }
    }
    parts
}

/// How the days vary.
fn spread(options: &ForecastOptions) -> Spread {
    let noise = options.noise.as_ref();
    noise.map_or_else(|| Spread::new(&NoiseModel::default()), Spread::new)
}

/// How many days are simulated.
fn scenarios(options: &ForecastOptions) -> usize {
    let scenarios = options.scenarios.clamp(1, SCENARIOS_MAX);
    scenarios.next_multiple_of(SCENARIOS_STEP) as usize
}

/// What is found on each of the itineraries, parts of `routes`, all of one day.
fn follow_all(
    routes: &[&RecordedRoute],
    itineraries: &[Itinerary],
    spread: &Spread,
    options: &ForecastOptions,
) -> Vec<(Vec<RecordedPromise>, Vec<u32>)> {
    let scenarios = scenarios(options);
    let day = routes.first().map_or(0, |route| route.day.0);
    let seed = rng::hash(options.seed, &[RECORDED, day.cast_unsigned()]);
    let first = itineraries.iter().map(|route| route.origin).min();
    let n_blocks = scenarios / BLOCK;
    let mut all = Vec::with_capacity(itineraries.len());
    for wave in waves(itineraries, TRAFFIC_MAX / scenarios) {
        let legs = wave.iter().flat_map(Itinerary::legs);
        let departures = legs.map(|leg| (leg.zone, leg.departure));
        let traffic = Traffic::new(
            seed,
            spread,
            first.unwrap_or_default(),
            departures,
            n_blocks,
        );
        let day = Day {
            seed,
            spread,
            traffic: &traffic,
            n_blocks,
        };
        let of_wave: Vec<_> = (wave.par_iter())
            .map_init(|| Simulator::new(&day), followed)
            .collect();
        all.extend(of_wave);
    }
    all
}

/// The promises of a route, and how many of them are kept in each scenario.
fn followed(simulator: &mut Simulator<'_>, route: &Itinerary) -> (Vec<RecordedPromise>, Vec<u32>) {
    let visits = route.visits.iter().enumerate();
    let mut stops = visits.filter_map(|(at, visit)| visit.order.is_some().then_some(at));
    let mut promises = Vec::new();
    simulator.follow(route, |visit, arrivals| {
        let deadline = visit.deadline.unwrap_or(f32::NEG_INFINITY);
        let n_kept = arrivals.iter().filter(|&&at| at <= deadline).count();
        let mut whole: Vec<f32> = arrivals.iter().map(|at| at.round_ties_even()).collect();
        whole.sort_unstable_by(f32::total_cmp);
        promises.push(RecordedPromise {
            route: 0,
            stop: stops.next().unwrap_or_default(),
            on_time: n_kept as f64 / arrivals.len() as f64,
            arrivals: whole,
        });
    });
    (promises, simulator.kept().to_vec())
}

/// The route as it was planned.
fn itinerary(route: &RecordedRoute, spread: &Spread, grace: Seconds) -> Itinerary {
    let mut visits: Vec<Visit> = Vec::with_capacity(route.stops.len());
    for (number, stop) in route.stops.iter().enumerate() {
        let next = route.stops.get(number + 1);
        visits.push(visit(route, stop, next, number, spread, grace));
    }
    let last = route.stops.last();
    Itinerary {
        courier: route.courier.clone(),
        key: draws::key(route.courier.as_str()),
        depot: route.depot.clone(),
        origin: route.planned_departure,
        departure: 0.0,
        has_left: false,
        visits,
        // Nothing is asked of the way to the end, which histories do not tell.
        back: Leg {
            planned: 0.0,
            sigma: 0.0,
            departure: last.map_or(route.planned_departure, |stop| stop.planned_arrival),
            zone: 0,
            paces: Vec::new(),
        },
    }
}

/// The stop with index `number`, which `next` follows.
fn visit(
    route: &RecordedRoute,
    stop: &RecordedStop,
    next: Option<&RecordedStop>,
    number: usize,
    spread: &Spread,
    grace: Seconds,
) -> Visit {
    let relative = |moment: Timestamp| float(moment.0.saturating_sub(route.planned_departure.0));
    let leg = |zone: u64| Leg {
        planned: float(stop.planned_travel.0.max(0)),
        sigma: spread.leg(stop.planned_travel.0.max(0)),
        departure: stop.planned_arrival - stop.planned_travel,
        zone: if spread.has_zones() { zone } else { 0 },
        paces: Vec::new(),
    };
    let service = float(stop.planned_service.0.max(0));
    match &stop.purpose {
        RecordedPurpose::Order(order) => {
            let zone = draws::key(order.zone.as_str());
            let bias = spread.service_bias(zone);
            let mean = bias.map_or(0.0, |bias| bias.factor.mean);
            let deadline = (order.promised_end.0).saturating_add(grace.0.max(0));
            Visit {
                order: Some(order.id.clone()),
                key: draws::key(order.id.as_str()),
                leg: leg(zone),
                service: service * mean.exp(),
                service_doubt: bias.filter(|bias| bias.factor.sigma > 0.0),
                open: relative(order.promised_start),
                gaps: Vec::new(),
                promised: relative(order.promised_end),
                deadline: Some(relative(Timestamp(deadline))),
            }
        }
        RecordedPurpose::Reload | RecordedPurpose::Break => {
            let left = next.map(|next| next.planned_arrival - next.planned_travel);
            let begun = left.map(|left| left - stop.planned_service);
            let waited = begun.filter(|begun| *begun > stop.planned_arrival);
            Visit {
                order: None,
                key: draws::key(&format!("{} stop {number}", route.courier)),
                leg: leg(0),
                service,
                service_doubt: None,
                open: waited.map_or(f32::NEG_INFINITY, relative),
                gaps: Vec::new(),
                promised: f32::INFINITY,
                deadline: None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::fixture::{at, calm, day, options, order, plan, reload};
    use crate::forecast::{forecast, realize};
    use crate::model::{Plan, Problem};
    use crate::travel::TravelTimes;

    /// Two couriers, each with eight stops ten minutes apart, in windows of an hour.
    fn planned() -> (Problem, Plan) {
        let order = |number: u32| {
            let opens = at(8, 30) + Seconds(i64::from((number - 1) % 8) * 900);
            order(number, 300, &[(opens, opens + Seconds(3_600))])
        };
        let problem = day((1..=16).map(order).collect(), 2, |_, _| Some(600));
        let (first, second): (Vec<u32>, Vec<u32>) = (1..=16).partition(|number| *number <= 8);
        let mut plan = plan(&[(0, at(8, 0), &first), (1, at(8, 0), &second)]);
        plan.routes[0].reloads = vec![reload(4)];
        (problem, plan)
    }

    fn recorded(noise: &NoiseModel) -> Vec<RecordedRoute> {
        let (problem, plan) = planned();
        realize(&problem, &TravelTimes::new(&problem), &plan, noise, 3, 0)
    }

    #[test]
    fn without_noise_a_recorded_day_is_forecast_to_go_as_planned() {
        let routes = recorded(&NoiseModel::default());
        let routes: Vec<&RecordedRoute> = routes.iter().collect();
        let forecast = forecast_recorded(&routes, &options(256, calm()));
        assert_eq!(forecast.promises.len(), 16);
        for promise in &forecast.promises {
            let route = routes[promise.route];
            let planned = route.stops[promise.stop].planned_arrival - route.planned_departure;
            assert!(
                promise
                    .arrivals
                    .iter()
                    .all(|at| (at - float(planned.0)).abs() < 0.5)
            );
        }
    }

    #[test]
    fn a_recorded_day_has_the_chances_of_its_plan() {
        let (problem, plan) = planned();
        let noise = NoiseModel::default();
        let options = options(16_384, noise.clone());
        let travel = TravelTimes::new(&problem);
        let of_plan = forecast(&problem, &travel, &plan, &options);
        let routes = recorded(&noise);
        let routes: Vec<&RecordedRoute> = routes.iter().collect();
        let of_record = forecast_recorded(&routes, &options);
        let stops = of_plan.routes.iter().flat_map(|route| &route.stops);
        for (promise, stop) in of_record.promises.iter().zip(stops) {
            let apart = (promise.on_time - stop.on_time.estimate).abs();
            assert!(apart < 0.02, "{apart}");
            let median = f64::from(promise.arrivals[promise.arrivals.len() / 2]);
            let planned = (stop.arrival_p50 - routes[promise.route].planned_departure).0 as f64;
            assert!((median - planned).abs() < 30.0, "{median} {planned}");
        }
        let kept = of_record.kept.iter().map(|kept| f64::from(*kept));
        let rate = kept.sum::<f64>() / 16.0 / of_record.kept.len() as f64;
        assert!((rate - of_plan.expected_on_time).abs() < 0.01, "{rate}");
    }

    #[test]
    fn what_happened_does_not_change_what_was_to_be_expected() {
        let options = options(256, NoiseModel::default());
        let forecast = |routes: &[RecordedRoute]| {
            let routes: Vec<&RecordedRoute> = routes.iter().collect();
            forecast_recorded(&routes, &options)
        };
        assert_eq!(
            forecast(&recorded(&calm())),
            forecast(&recorded(&NoiseModel::default()))
        );
    }

    #[test]
    fn any_number_of_threads_gives_the_same_forecast() {
        let routes = recorded(&NoiseModel::default());
        let routes: Vec<&RecordedRoute> = routes.iter().collect();
        let with = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads);
            let options = options(512, NoiseModel::default());
            let pool = pool.build().unwrap();
            pool.install(|| forecast_recorded(&routes, &options))
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn days_have_scenarios_of_their_own() {
        let routes = recorded(&calm());
        let next: Vec<RecordedRoute> = (routes.iter())
            .map(|route| RecordedRoute {
                day: route.day + Seconds(86_400),
                ..route.clone()
            })
            .collect();
        let of = |routes: &[RecordedRoute]| {
            let routes: Vec<&RecordedRoute> = routes.iter().collect();
            forecast_recorded(&routes, &options(256, NoiseModel::default()))
        };
        assert_ne!(of(&routes), of(&next));
    }

    /// Where the middle arrivals are, in seconds after the planned ones.
    fn medians(routes: &[&RecordedRoute], promises: &[RecordedPromise]) -> Vec<f64> {
        let after = |promise: &RecordedPromise| {
            let route = routes[promise.route];
            let planned = route.stops[promise.stop].planned_arrival - route.planned_departure;
            f64::from(promise.arrivals[promise.arrivals.len() / 2]) - planned.0 as f64
        };
        promises.iter().map(after).collect()
    }

    #[test]
    fn on_the_way_stops_are_forecast_from_an_actual_departure() {
        let mut routes = recorded(&calm());
        // The first courier leaves the last stop before the reload twenty minutes late.
        routes[0].stops[3].departure = routes[0].stops[3].departure + Seconds(1_200);
        let routes: Vec<&RecordedRoute> = routes.iter().collect();
        let options = options(256, calm());
        let ahead = forecast_recorded_ahead(&routes, &options, Seconds(1_800));
        let of_first = ahead.iter().filter(|promise| promise.route == 0);
        let stops: Vec<usize> = of_first.map(|promise| promise.stop).collect();
        assert_eq!(
            stops,
            [1, 2, 3, 5, 6, 7, 8],
            "all but the one near the start"
        );
        for (promise, late) in ahead.iter().zip(medians(&routes, &ahead)) {
            // These two are at least half an hour after that departure, but not after the next.
            let is_late = promise.route == 0 && [5, 6].contains(&promise.stop);
            let expected = if is_late { 1_200.0 } else { 0.0 };
            assert!((late - expected).abs() < 0.5, "{} {late}", promise.stop);
        }
    }

    #[test]
    fn a_forecast_on_the_way_is_narrower_than_that_of_the_morning() {
        let routes = recorded(&NoiseModel::default());
        let routes: Vec<&RecordedRoute> = routes.iter().collect();
        let options = options(1_024, NoiseModel::default());
        let width = |promise: &RecordedPromise| promise.arrivals[921] - promise.arrivals[102];
        let ahead = forecast_recorded_ahead(&routes, &options, Seconds(1_800));
        let is_ahead = |promise: &&RecordedPromise| {
            let mut ahead = ahead.iter();
            ahead.any(|other| (other.route, other.stop) == (promise.route, promise.stop))
        };
        let morning = forecast_recorded(&routes, &options).promises;
        let before: f32 = morning.iter().filter(is_ahead).map(width).sum();
        let after: f32 = ahead.iter().map(width).sum();
        assert!(after < 0.9 * before, "{after} {before}");
    }

    #[test]
    fn only_the_departure_that_a_forecast_begins_with_matters() {
        let routes = recorded(&NoiseModel::default());
        let mut other = routes.clone();
        for route in &mut other {
            for stop in &mut route.stops {
                (stop.arrival, stop.service_start) = (Timestamp(0), Timestamp(0));
            }
        }
        let ahead = |routes: &[RecordedRoute]| {
            let routes: Vec<&RecordedRoute> = routes.iter().collect();
            let options = options(256, NoiseModel::default());
            forecast_recorded_ahead(&routes, &options, Seconds(3_600))
        };
        assert_eq!(ahead(&routes), ahead(&other));
    }
}
