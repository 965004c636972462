//! Days as they might have been: what the simulation of forecasts makes of a plan, once for each day, with the times that
//! an operator would have recorded.

use std::collections::BTreeMap;

use super::draws::{self, BLOCK, Block, Draws, Purpose};
use super::factors::{CourierBlock, Traffic};
use super::itinerary::{Itinerary, Timetable, Visit};
use super::kernel::{NoiseBlock, arrive, wait};
use super::spread::Spread;
use crate::model::{
    CourierEffect, CourierId, LogFactor, NoiseModel, Order, OrderId, Place, Plan, Problem,
    RecordedOrder, RecordedPurpose, RecordedRoute, RecordedStop, Route,
};
use crate::rng;
use crate::travel::TravelTimes;
use crate::units::{Seconds, Timestamp};

/// Sets realized days apart from those that plans are forecast on or optimized against under the same seed.
const REALIZED: u64 = 0x7265_616c;

/// Where orders are of which nothing is known.
const UNKNOWN_PLACE: Place = Place {
    id: None,
    location: None,
    address: String::new(),
    zone: None,
};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// One day on which `plan` is carried out, `day` days after its own, as `noise` has days vary: what was planned and what
/// happened, by the law of [`forecast`](super::forecast).
///
/// Traffic is the same for all couriers of a day. Days are independent, except for what is the same on all of them under
/// one `seed`: couriers' lasting factors, which are drawn from the part of their spread that does not change from day to
/// day, and how far off the learnt biases and couriers are. Times are whole seconds. Orders have the same ids on all days.
#[must_use]
pub fn realize(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    plan: &Plan,
    noise: &NoiseModel,
    seed: u64,
    day: u32,
) -> Vec<RecordedRoute> {
    let seed = rng::hash(seed, &[REALIZED]);
    let spread = Spread::new(&settled(noise, plan, seed));
    let timetable = Timetable::new(problem, travel, &spread, Seconds::ZERO);
    let itineraries: Vec<Itinerary> = (plan.routes.iter())
        .map(|route| timetable.itinerary(route))
        .collect();
    let first = itineraries.iter().map(|route| route.origin).min();
    let first = first.unwrap_or_default();
    let seed = rng::hash(seed, &[u64::from(day)]);
    let legs = itineraries.iter().flat_map(Itinerary::legs);
    let departures = legs.map(|leg| (leg.zone, leg.departure));
    let traffic = Traffic::new(seed, &spread, first, departures, 1);
    // Planned services are those without biases.
    let calm = Spread::new(&NoiseModel::default());
    let planner = Timetable::new(problem, travel, &calm, Seconds::ZERO);
    let shift = Seconds(i64::from(day) * DAY);
    let midnight = Timestamp(first.0.div_euclid(DAY) * DAY) + shift;
    let scene = Scene {
        seed,
        spread: &spread,
        traffic: &traffic,
        shift,
        midnight,
    };
    let orders: BTreeMap<&OrderId, &Order> = (problem.orders.iter())
        .map(|order| (&order.id, order))
        .collect();
    let record = |(route, lived): (&Route, &Itinerary)| {
        let purposes = purposes(problem, &orders, route);
        scene.record(&planner.itinerary(route), lived, purposes)
    };
    plan.routes.iter().zip(&itineraries).map(record).collect()
}

/// `noise` with everything drawn that is the same on all days.
fn settled(noise: &NoiseModel, plan: &Plan, seed: u64) -> NoiseModel {
    let mut settled = noise.clone();
    let lasting = |sigma: f64, daily: f64| LogFactor {
        mean: 0.0,
        sigma: (sigma * sigma - daily * daily).max(0.0).sqrt(),
    };
    let drive = lasting(noise.courier_drive_sigma, noise.courier_drive_daily_sigma);
    let pace = lasting(
        noise.courier_service_sigma,
        noise.courier_service_daily_sigma,
    );
    for route in &plan.routes {
        let known = noise.couriers.get(&route.courier).copied();
        let known = known.unwrap_or_default();
        let [drive_normal, pace_normal] = normals(seed, Purpose::Courier, key_of(&route.courier));
        let effect = CourierEffect {
            drive: Some(fixed(known.drive.unwrap_or(drive), drive_normal)),
            service: Some(fixed(known.service.unwrap_or(pace), pace_normal)),
        };
        settled.couriers.insert(route.courier.clone(), effect);
    }
    for (cell, factor) in &mut settled.travel_biases {
        let zone = cell
            .zone
            .as_ref()
            .map_or(0, |zone| draws::key(zone.as_str()));
        let hour = cell.hour.map_or(24, u64::from);
        let [normal, _] = normals(seed, Purpose::TravelBias, rng::hash(zone, &[hour]));
        *factor = fixed(*factor, normal);
    }
    for (zone, factor) in &mut settled.service_biases {
        let key = zone.as_ref().map_or(0, |zone| draws::key(zone.as_str()));
        let [normal, _] = normals(seed, Purpose::ServiceBias, key);
        *factor = fixed(*factor, normal);
    }
    settled
}

fn key_of(courier: &CourierId) -> u64 {
    draws::key(courier.as_str())
}

/// Two standard normal numbers.
fn normals(seed: u64, purpose: Purpose, key: u64) -> [f64; 2] {
    let (mut first, mut second) = ([0.0; BLOCK], [0.0; BLOCK]);
    Draws::new(seed, purpose, key).normals(&mut first, &mut second);
    [first[0], second[0]].map(f64::from)
}

/// The factor that `factor` happens to be, if its noise is `normal`.
fn fixed(factor: LogFactor, normal: f64) -> LogFactor {
    LogFactor {
        mean: factor.mean + factor.sigma * (normal - factor.sigma / 2.0),
        sigma: 0.0,
    }
}

/// What all routes of a day have in common.
struct Scene<'a> {
    seed: u64,
    spread: &'a Spread,
    traffic: &'a Traffic,
    /// From the day of the plan to the day that is realized.
    shift: Seconds,
    midnight: Timestamp,
}

/// Moments at a stop, in seconds since the start of loading.
struct Moments {
    arrival: f32,
    service_start: f32,
    departure: f32,
}

impl Scene<'_> {
    /// A route of the day: its times as planned, and those that are lived through.
    fn record(
        &self,
        planned: &Itinerary,
        lived: &Itinerary,
        purposes: Vec<RecordedPurpose>,
    ) -> RecordedRoute {
        let spread = (self.spread).courier(&lived.courier, lived.depot.as_ref());
        let mut draws = Draws::new(self.seed, Purpose::Courier, lived.key);
        let courier = CourierBlock::draw(&spread, &mut draws);
        let departure = lived.departure + courier.start_delay[0];
        let mut clock = [departure; BLOCK];
        let mut stops = Vec::with_capacity(lived.visits.len());
        let visits = lived.visits.iter().zip(&planned.visits);
        for ((visit, plan), purpose) in visits.zip(purposes) {
            let moments = self.visit(visit, &courier, &mut clock);
            stops.push(RecordedStop {
                purpose: self.shifted(purpose),
                planned_travel: whole(plan.leg.planned),
                planned_service: whole(plan.service),
                planned_arrival: plan.leg.departure + whole(plan.leg.planned) + self.shift,
                arrival: lived.moment(moments.arrival) + self.shift,
                service_start: lived.moment(moments.service_start) + self.shift,
                departure: lived.moment(moments.departure) + self.shift,
            });
        }
        RecordedRoute {
            day: self.midnight,
            courier: lived.courier.clone(),
            depot: lived.depot.clone(),
            planned_departure: planned.moment(planned.departure) + self.shift,
            departure: lived.moment(departure) + self.shift,
            stops,
        }
    }

    /// The purpose on the day that is realized.
    fn shifted(&self, purpose: RecordedPurpose) -> RecordedPurpose {
        match purpose {
            RecordedPurpose::Order(order) => RecordedPurpose::Order(RecordedOrder {
                promised_start: order.promised_start + self.shift,
                promised_end: order.promised_end.min(Timestamp::LAST - self.shift) + self.shift,
                ..order
            }),
            other @ (RecordedPurpose::Reload | RecordedPurpose::Break) => other,
        }
    }

    /// Moves the clock over a stop. Only the first scenario of the block is meant; the others come along.
    fn visit(&self, visit: &Visit, courier: &CourierBlock, clock: &mut Block) -> Moments {
        let mut draws = Draws::new(self.seed, Purpose::Stop, visit.key);
        let mut noise = NoiseBlock::default();
        noise.draw(self.spread, &mut draws);
        let row = self.traffic.row(visit.leg.zone, visit.leg.departure);
        let (mut travel, mut service) = ([0.0; BLOCK], [visit.service; BLOCK]);
        noise.travel(
            &visit.leg,
            self.traffic.factors(0, row),
            courier,
            &mut travel,
        );
        if visit.order.is_some() {
            // How far off a bias is has been settled for all days.
            noise.service(visit.service, courier, &mut service);
        }
        let mut arrival = [0.0; BLOCK];
        arrive(&visit.leg, &travel, clock, &mut arrival);
        *clock = arrival.map(|arrival| arrival.max(visit.open));
        wait(&visit.gaps, clock);
        let service_start = clock[0];
        for (clock, service) in clock.iter_mut().zip(service) {
            *clock += service;
        }
        Moments {
            arrival: arrival[0],
            service_start,
            departure: clock[0],
        }
    }
}

/// What the visits of the itinerary of `route` are for, in their sequence: at each position breaks, then reloads, then the
/// order.
fn purposes(
    problem: &Problem,
    orders: &BTreeMap<&OrderId, &Order>,
    route: &Route,
) -> Vec<RecordedPurpose> {
    let mut purposes = Vec::new();
    let breaks = |position: usize| {
        let breaks = route.breaks.iter();
        let breaks = breaks.filter(move |pause| pause.n_before == position);
        breaks.map(|_| RecordedPurpose::Break)
    };
    for (position, stop) in route.stops.iter().enumerate() {
        purposes.extend(breaks(position));
        let reloads = route.reloads.iter();
        let reloads = reloads.filter(|reload| reload.n_before == position);
        purposes.extend(reloads.map(|_| RecordedPurpose::Reload));
        let order = orders.get(&stop.order).copied();
        purposes.push(RecordedPurpose::Order(recorded(
            problem,
            &stop.order,
            order,
        )));
    }
    purposes.extend(breaks(route.stops.len()));
    purposes
}

/// The order called `id` as a history has it; what the problem does not tell is a promise of all times.
fn recorded(problem: &Problem, id: &OrderId, order: Option<&Order>) -> RecordedOrder {
    let windows = order.map(Order::service_windows).unwrap_or_default();
    let place = order.and_then(|order| problem.places.get(order.place.index()));
    RecordedOrder {
        id: id.clone(),
        zone: place.map_or_else(|| UNKNOWN_PLACE.zone(), Place::zone),
        promised_start: windows.first().map_or(Timestamp(0), |window| window.start),
        promised_end: windows.last().map_or(Timestamp::LAST, |window| window.end),
    }
}

/// Planned seconds, which are whole.
#[expect(
    clippy::cast_possible_truncation,
    reason = "whole and within the horizon"
)]
fn whole(seconds: f32) -> Seconds {
    Seconds(seconds.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::fixture::{at, calm, day, order, plan, reload};

    /// Two couriers, each with 12 stops ten minutes apart, on the days from number 0.
    fn days(noise: &NoiseModel, n_days: u32) -> Vec<Vec<RecordedRoute>> {
        let order = |number| order(number, 300, &[(at(9, 0), at(20, 0))]);
        let mut problem = day((1..=24).map(order).collect(), 2, |_, _| Some(600));
        problem.places[3].zone = crate::model::ZoneId::parse("north").ok();
        let (first, second): (Vec<u32>, Vec<u32>) = (1..=24).partition(|number| *number <= 12);
        let mut plan = plan(&[(0, at(8, 0), &first), (1, at(8, 0), &second)]);
        plan.routes[0].reloads = vec![reload(6)];
        let travel = TravelTimes::new(&problem);
        let day = |day| realize(&problem, &travel, &plan, noise, 5, day);
        (0..n_days).map(day).collect()
    }

    fn orders(route: &RecordedRoute) -> impl Iterator<Item = &RecordedStop> {
        let stops = route.stops.iter();
        stops.filter(|stop| matches!(stop.purpose, RecordedPurpose::Order(_)))
    }

    fn mean(values: impl Iterator<Item = f64>) -> f64 {
        let (n, sum) = values.fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
        sum / n
    }

    fn travel_logs(route: &RecordedRoute) -> impl Iterator<Item = f64> {
        let befores = route.stops.iter().map(|stop| stop.departure);
        let befores = [route.departure].into_iter().chain(befores);
        route.stops.iter().zip(befores).map(|(stop, before)| {
            let took = (stop.arrival - before).0.max(1) as f64;
            (took / stop.planned_travel.0 as f64).ln()
        })
    }

    #[test]
    fn a_day_without_noise_goes_as_planned() {
        for (number, routes) in (0..).zip(days(&calm(), 3)) {
            let shift = Seconds(number * DAY);
            assert_eq!(routes[0].day, at(0, 0) + shift);
            for route in &routes {
                assert_eq!(route.departure, route.planned_departure);
                assert_eq!(route.departure, at(8, 10) + shift);
                assert_eq!(route.stops[0].service_start, at(9, 0) + shift);
                for stop in &route.stops {
                    assert_eq!(stop.arrival, stop.planned_arrival);
                    assert_eq!(stop.departure - stop.service_start, stop.planned_service);
                }
            }
            assert_eq!(routes[0].stops[6].purpose, RecordedPurpose::Reload);
            assert_eq!(routes[0].stops.len(), 13);
        }
    }

    #[test]
    fn days_differ_and_each_is_the_same_every_time() {
        let noise = NoiseModel::default();
        let days_once = days(&noise, 3);
        assert_eq!(days_once, days(&noise, 3));
        let late = |routes: &Vec<RecordedRoute>| routes[0].departure - routes[0].planned_departure;
        assert_ne!(late(&days_once[0]), late(&days_once[1]));
    }

    #[test]
    fn what_lasts_of_a_courier_is_the_same_on_all_days() {
        let noise = NoiseModel {
            courier_service_sigma: 0.5,
            courier_drive_sigma: 0.4,
            ..calm()
        };
        let days = days(&noise, 3);
        let served = |stop: &RecordedStop| stop.departure - stop.service_start;
        let first = days[0][0].stops.iter().map(served).next();
        for routes in &days {
            for stop in orders(&routes[0]) {
                assert!((served(stop) - first.unwrap()).0.abs() <= 1);
            }
        }
        assert_ne!(first.unwrap(), served(&days[0][1].stops[0]));
    }

    #[test]
    fn days_vary_by_the_law_of_the_noise_model() {
        let noise = NoiseModel {
            day_sigma: 0.3,
            service_sigma: 0.45,
            incident_probability: 0.0,
            start_delay: Seconds(600),
            ..calm()
        };
        let days = days(&noise, 2_000);
        // Everybody has the day's factor alone, whose mean is one.
        let log = |routes: &Vec<RecordedRoute>| travel_logs(&routes[0]).next().unwrap();
        let logs: Vec<f64> = days.iter().map(log).collect();
        let center = mean(logs.iter().copied());
        let square = mean(logs.iter().map(|log| (log - center).powi(2)));
        assert!((center + 0.045).abs() < 0.02, "{center}");
        assert!((square - 0.09).abs() < 0.01, "{square}");
        let factors = days
            .iter()
            .map(|routes| travel_logs(&routes[1]).next().unwrap());
        let apart = factors
            .zip(&logs)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(apart < 0.01, "{apart}");
        let delays = days.iter().flatten();
        let delay = mean(delays.map(|r| (r.departure - r.planned_departure).0 as f64));
        assert!((delay - 600.0).abs() < 40.0, "{delay}");
        let stops = || days.iter().flatten().flat_map(orders);
        let service = mean(stops().map(|stop| (stop.departure - stop.service_start).0 as f64));
        assert!((service - 300.0).abs() < 3.0, "{service}");
    }
}
