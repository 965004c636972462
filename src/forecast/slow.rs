//! A second simulation of the day, written from the documentation of the model alone: one day after the other, in double
//! precision, with random numbers of its own. It shares no code with the fast one, and both must agree.

#![expect(
    clippy::cast_possible_truncation,
    reason = "seconds of a day are whole and small"
)]

use std::collections::BTreeMap;

use super::fixture::{at, courier_id, day, options, order, plan};
use super::*;
use crate::model::{
    BiasCell, CourierEffect, CourierId, DepotId, LogFactor, PlaceIdx, RouteStart, TravelBucket,
    TravelPace, ZoneId,
};
use crate::units::{BasisPoints, Timestamp};

/// Days that are simulated slowly.
const DAYS: u32 = 60_000;

const MINUTE: f64 = 60.0;

/// Random numbers: xorshift64*, and the polar way to normal ones.
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let word = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        ((word >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }

    /// A factor whose logarithm has this standard deviation, and whose mean is `exp(mean)`.
    fn factor(&mut self, mean: f64, sigma: f64) -> f64 {
        (mean + sigma * self.normal() - sigma * sigma / 2.0).exp()
    }
}

/// One stop of a route: where, how long, and when it is open. Moments are in seconds since midnight.
struct Door {
    place: u32,
    north: bool,
    service: f64,
    windows: Vec<(f64, f64)>,
}

/// Base seconds from place to place.
fn leg(from: u32, to: u32) -> i64 {
    240 + 60 * i64::from((3 * from + 5 * to) % 13)
}

/// A day of traffic: its own factor, and that of each half hour in the north and in the south.
struct City {
    day: f64,
    half_hours: [[f64; 48]; 2],
    /// Of ways into the north at any hour, of all others between eight and nine in the morning.
    biases: [f64; 2],
    /// Of services in the south.
    service_bias: f64,
}

impl City {
    fn new(dice: &mut Dice) -> Self {
        let (sigma, share) = (0.2_f64, 0.3_f64);
        let memory = (-30.0_f64 / 120.0).exp();
        // City, north, south.
        let mut states = [0.0; 3].map(|_: f64| dice.normal());
        let mut half_hours = [[0.0; 48]; 2];
        for slot in 0..48 {
            for (zone, rows) in half_hours.iter_mut().enumerate() {
                let mix = share.sqrt() * states[0] + (1.0 - share).sqrt() * states[zone + 1];
                rows[slot] = (sigma * mix - sigma * sigma / 2.0).exp();
            }
            for state in &mut states {
                *state = memory * *state + (1.0 - memory * memory).sqrt() * dice.normal();
            }
        }
        Self {
            day: dice.factor(0.0, 0.1),
            half_hours,
            biases: [dice.factor(0.15, 0.1), dice.factor(0.1, 0.05)],
            service_bias: dice.factor(-0.1, 0.15),
        }
    }

    /// The factor on a way planned to begin at `departure`.
    fn factor(&self, departure: f64, north: bool) -> f64 {
        let slot = (departure / 1_800.0).floor() as usize;
        let bias = match (north, slot / 2) {
            (true, _) => self.biases[0],
            (false, 8) => self.biases[1],
            (false, _) => 1.0,
        };
        self.day * self.half_hours[usize::from(!north)][slot] * bias
    }
}

/// Half the speed from nine to ten, everywhere.
fn arrive(departure: f64, seconds: f64) -> f64 {
    let (from, to) = (9.0 * 3_600.0, 10.0 * 3_600.0);
    let mut clock = departure;
    let mut left = seconds;
    for (until, speed) in [(from, 1.0), (to, 0.5), (f64::INFINITY, 1.0)] {
        let possible = ((until - clock).max(0.0) * speed).min(left);
        left -= possible;
        clock += possible / speed;
    }
    clock
}

fn wait(arrival: f64, windows: &[(f64, f64)]) -> f64 {
    let open = windows.iter().find(|(_, end)| arrival <= *end);
    open.map_or(arrival, |(start, _)| arrival.max(*start))
}

/// Who drives: what is known, and how the start is delayed.
struct Driver {
    known: bool,
    departure: f64,
}

/// Where the ways of a route begin, and when they do as planned.
fn planned_departures(driver: &Driver, doors: &[Door]) -> Vec<(f64, f64)> {
    let (mut clock, mut place) = (driver.departure, 0);
    let mut planned = Vec::new();
    for door in doors {
        let base = leg(place, door.place) as f64;
        let arrival = arrive(clock, base);
        planned.push((clock, arrival - clock));
        clock = wait(arrival, &door.windows) + door.service;
        place = door.place;
    }
    planned
}

/// One day of one route: whether each promise is kept.
fn live(dice: &mut Dice, city: &City, driver: &Driver, doors: &[Door]) -> Vec<bool> {
    let (drive, pace) = if driver.known {
        let steady = (dice.factor(0.08, 0.05), dice.factor(-0.2, 0.06));
        (
            steady.0 * dice.factor(0.0, 0.06),
            steady.1 * dice.factor(0.0, 0.1),
        )
    } else {
        (dice.factor(0.0, 0.1), dice.factor(0.0, 0.2))
    };
    let delay = if driver.known {
        // Half of the days up to two minutes, half of them from there up to twenty.
        match dice.uniform() {
            p if p < 0.5 => 240.0 * p,
            p => 120.0 + 2.0 * (p - 0.5) * 1_080.0,
        }
    } else {
        -300.0 * dice.uniform().ln()
    };
    let mut clock = driver.departure + delay;
    let mut place = 0;
    let mut kept = Vec::new();
    for (door, (departure, duration)) in doors.iter().zip(planned_departures(driver, doors)) {
        let variance: f64 = 0.04 + 0.36 / (duration / MINUTE).max(1.0);
        let factor = city.factor(departure, door.north) * drive * dice.factor(0.0, variance.sqrt());
        let arrival = arrive(clock, leg(place, door.place) as f64 * factor);
        kept.push(arrival <= door.windows[door.windows.len() - 1].1);
        let bias = if door.north { 1.0 } else { city.service_bias };
        let mut service = door.service * bias * pace * dice.factor(0.0, 0.45);
        if dice.uniform() < 0.05 {
            service += -600.0 * dice.uniform().ln();
        }
        clock = wait(arrival, &door.windows) + service;
        place = door.place;
    }
    kept
}

/// Ten stops a route, in the north and in the south by turns of two; some open late, some twice.
fn doors(driver: &Driver, first: u32) -> Vec<Door> {
    let door = |number: u32| Door {
        place: first + number,
        north: number % 4 < 2,
        service: 240.0 + 60.0 * f64::from(number % 3),
        windows: Vec::new(),
    };
    let mut doors: Vec<Door> = (0..10).map(door).collect();
    for number in 0..doors.len() {
        let planned = planned_departures(driver, &doors[..=number]);
        let (departure, duration) = planned[number];
        let arrival = ((departure + duration) / MINUTE).round() * MINUTE;
        let leeway = MINUTE * (6 + 7 * (number % 4)) as f64;
        doors[number].windows = match number {
            3 | 7 => vec![(arrival + 5.0 * MINUTE, arrival + leeway)],
            5 => vec![
                (0.0, arrival + 3.0 * MINUTE),
                (arrival + 9.0 * MINUTE, arrival + leeway + 9.0 * MINUTE),
            ],
            _ => vec![(0.0, arrival + leeway)],
        };
    }
    doors
}

fn noise() -> NoiseModel {
    let factor = |mean, sigma| LogFactor { mean, sigma };
    let zone = |name| ZoneId::parse(name).ok();
    let cell = |zone, hour| BiasCell { zone, hour };
    NoiseModel {
        day_sigma: 0.1,
        hour_sigma: 0.2,
        hour_time_constant: Seconds(7_200),
        city_share: 0.3,
        courier_drive_sigma: 0.1,
        courier_drive_daily_sigma: 0.06,
        courier_service_sigma: 0.2,
        courier_service_daily_sigma: 0.1,
        couriers: BTreeMap::from([(
            courier_id(0),
            CourierEffect {
                drive: Some(factor(0.08, 0.05)),
                service: Some(factor(-0.2, 0.06)),
            },
        )]),
        travel_biases: BTreeMap::from([
            (cell(zone("north"), None), factor(0.15, 0.1)),
            (cell(None, Some(8)), factor(0.1, 0.05)),
        ]),
        service_biases: BTreeMap::from([(zone("south"), factor(-0.1, 0.15))]),
        incident_probability: 0.05,
        incident_mean: Seconds(600),
        start_delay: Seconds(300),
        start_delays: BTreeMap::from([(
            DepotId::parse("depot").unwrap(),
            [0, 120, 1_200].map(Seconds).into(),
        )]),
        ..NoiseModel::default()
    }
}

/// The same day for the fast simulation. The second courier does not begin at the depot, so that nothing is known of
/// delays there.
fn problem(routes: [&[Door]; 2]) -> Problem {
    let moment = |seconds: f64| at(0, 0) + Seconds(seconds as i64);
    let orders = routes.iter().copied().flatten().map(|door| {
        let windows = door.windows.iter();
        let windows: Vec<(Timestamp, Timestamp)> = windows
            .map(|&(start, end)| (moment(start), moment(end)))
            .collect();
        order(door.place, door.service as i64, &windows)
    });
    let mut problem = day(orders.collect(), 2, |from, to| Some(leg(from, to)));
    for door in routes.iter().copied().flatten() {
        let name = if door.north { "north" } else { "south" };
        problem.places[door.place as usize].zone = ZoneId::parse(name).ok();
    }
    problem.couriers[1].start = RouteStart::Place(PlaceIdx(0));
    let bucket = |hour, factor| TravelBucket {
        start: at(hour, 0),
        pace: TravelPace::Speed(BasisPoints(factor)),
    };
    problem.profiles[0].buckets = vec![bucket(9, 5_000), bucket(10, 10_000)];
    problem
}

#[test]
fn a_slow_simulation_written_from_the_documentation_agrees_at_every_stop() {
    // The first courier loads for ten minutes from eight on; the second leaves at a quarter past.
    let drivers = [(true, 8.0 * 3_600.0 + 600.0), (false, 8.25 * 3_600.0)];
    let drivers = drivers.map(|(known, departure)| Driver { known, departure });
    let routes = [doors(&drivers[0], 1), doors(&drivers[1], 11)];

    let mut dice = Dice(77);
    let mut kept = [[0_u32; 10]; 2];
    for _ in 0..DAYS {
        let city = City::new(&mut dice);
        for ((driver, doors), kept) in drivers.iter().zip(&routes).zip(&mut kept) {
            let lived = live(&mut dice, &city, driver, doors);
            for (total, kept) in kept.iter_mut().zip(lived) {
                *total += u32::from(kept);
            }
        }
    }

    let problem = problem([&routes[0], &routes[1]]);
    let (first, second): (Vec<u32>, Vec<u32>) = (1..=20).partition(|number| *number <= 10);
    let plan = plan(&[(0, at(8, 0), &first), (1, at(8, 15), &second)]);
    let options = options(SCENARIOS_MAX, noise());
    let forecast = forecast(&problem, &TravelTimes::new(&problem), &plan, &options);
    let mut lowest = 1.0_f64;
    for (route, kept) in forecast.routes.iter().zip(kept) {
        let of: &CourierId = &route.courier;
        for (number, (stop, kept)) in route.stops.iter().zip(kept).enumerate() {
            let (fast, slow) = (stop.on_time.estimate, f64::from(kept) / f64::from(DAYS));
            let n = f64::from(DAYS).recip() + f64::from(SCENARIOS_MAX).recip();
            let error = (slow * (1.0 - slow) * n).sqrt();
            assert!(
                (fast - slow).abs() <= 3.0 * error,
                "stop {number} of {of}: {fast} against {slow} +-{error}"
            );
            lowest = lowest.min(slow);
        }
    }
    // A day on which everything is kept would prove nothing.
    assert!((0.1..0.8).contains(&lowest), "{lowest}");
}
