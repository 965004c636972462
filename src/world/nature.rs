//! How long things take today.

use std::collections::BTreeMap;

use rand_distr::{Distribution, Exp, StandardNormal};

use crate::model::{BiasCell, Courier, LogFactor, NoiseModel, OrderId, Plan, Problem, ZoneId};
use crate::rng;
use crate::units::{Seconds, Timestamp};

/// Seconds in which the hour's traffic stays as it is.
const SLOT: i64 = 1_800;

/// The largest variance of a leg's logarithm.
const LEG_VARIANCE_MAX: f64 = 1.0;

/// Sets what is drawn for one thing apart from what is drawn for another.
#[derive(Clone, Copy, Debug)]
enum Of {
    Day,
    City,
    Zone,
    Drive,
    Pace,
    Start,
    Leg,
    Service,
    Incident,
    TravelBias,
    ServiceBias,
    Customer,
}

/// Everything random of a day.
#[derive(Debug)]
pub(super) struct Nature {
    noise: NoiseModel,
    seed: u64,
    /// The half hour that the first route starts in.
    first_slot: i64,
    /// Logarithms of the whole city's traffic by half hour, as far as they were asked for.
    city: Vec<f64>,
    /// Of each zone's own.
    zones: BTreeMap<ZoneId, Vec<f64>>,
}

impl Nature {
    pub(super) fn new(noise: &NoiseModel, problem: &Problem, plan: &Plan, seed: u64) -> Self {
        let starts = plan.routes.iter().map(|route| route.start);
        let shifts = problem.couriers.iter().map(|courier| courier.shift.start);
        let first = starts.min().or(shifts.min()).unwrap_or_default();
        Self {
            noise: noise.clone(),
            seed: rng::hash(seed, &[0x776f_726c]),
            first_slot: first.0.div_euclid(SLOT),
            city: Vec::new(),
            zones: BTreeMap::new(),
        }
    }

    /// How much longer than planned, as a factor, the way takes `courier` that leads to `order`, or to a depot if that is
    /// `None`, in `zone`, is planned for `planned`, and begins at `departure`.
    pub(super) fn way(
        &mut self,
        courier: &Courier,
        order: Option<&OrderId>,
        zone: &ZoneId,
        planned: Seconds,
        departure: Timestamp,
    ) -> f64 {
        let minutes = (planned.0 as f64 / 60.0).max(1.0);
        let variance = self.noise.leg_variance + self.noise.leg_variance_minutes / minutes;
        let leg = variance.clamp(0.0, LEG_VARIANCE_MAX);
        let key = match order {
            Some(order) => key(order.as_str()),
            None => rng::hash(key(courier.id.as_str()), &[departure.0.cast_unsigned()]),
        };
        let own = mean_one(leg.sqrt(), self.normal(Of::Leg, key));
        let drive = self.habit(courier, Of::Drive);
        (own + drive + self.traffic(zone, departure) + self.travel_bias(zone, departure)).exp()
    }

    /// Seconds at the door of `order` in `zone`, planned to take `planned`.
    pub(super) fn service(
        &self,
        courier: &Courier,
        order: &OrderId,
        zone: &ZoneId,
        planned: Seconds,
    ) -> Seconds {
        let key = key(order.as_str());
        let own = mean_one(
            self.noise.service_sigma.max(0.0),
            self.normal(Of::Service, key),
        );
        let log = own + self.habit(courier, Of::Pace) + self.service_bias(zone);
        let mut draws = self.stream(Of::Incident, key);
        let is_held = self.noise.incident_probability > uniform(&mut draws);
        let held = if is_held {
            self.noise.incident_mean
        } else {
            Seconds::ZERO
        };
        whole(planned.0 as f64 * log.exp() + exponential(&mut draws, held))
    }

    /// How much later than planned `courier` leaves the start.
    pub(super) fn start_delay(&self, courier: &Courier) -> Seconds {
        let mut draws = self.stream(Of::Start, key(courier.id.as_str()));
        let depot = courier.start_depot();
        let quantiles = depot.and_then(|depot| self.noise.start_delays.get(depot));
        match quantiles.map(Vec::as_slice) {
            Some(quantiles @ [_, _, ..]) => {
                let at = uniform(&mut draws) * (quantiles.len() - 1) as f64;
                let low = index(at).min(quantiles.len() - 2);
                let [from, to] = [quantiles[low], quantiles[low + 1]].map(|span| span.0 as f64);
                whole(from + (to - from) * (at - low as f64))
            }
            _ => whole(exponential(&mut draws, self.noise.start_delay)),
        }
    }

    /// Numbers between 0 and 1 that say what the customer of `order` is like.
    pub(super) fn customer(&self, order: &OrderId) -> Customer {
        let mut draws = self.stream(Of::Customer, key(order.as_str()));
        let mut next = || uniform(&mut draws);
        Customer {
            presence: next(),
            appetite: next(),
            talk: next(),
            mood: next(),
            patience: next(),
        }
    }

    /// Logarithm of the shared traffic of ways into `zone` that begin at `departure`.
    fn traffic(&mut self, zone: &ZoneId, departure: Timestamp) -> f64 {
        let slot = departure.0.div_euclid(SLOT) - self.first_slot;
        let slot = usize::try_from(slot).unwrap_or(0).min(2 * 48);
        let share = self.noise.city_share.clamp(0.0, 1.0);
        let [city, own] = [share, 1.0 - share].map(|share| self.noise.hour_sigma * share.sqrt());
        let memory = (-(SLOT as f64) / self.noise.hour_time_constant.0.max(1) as f64).exp();
        let seed = self.seed;
        let at = |path: &mut Vec<f64>, of: Of, key: u64| {
            while path.len() <= slot {
                let number = path.len() as u64;
                let fresh = normal(seed, of, rng::hash(key, &[number]));
                let next = path.last().map_or(fresh, |before| {
                    memory * before + (1.0 - memory * memory).sqrt() * fresh
                });
                path.push(next);
            }
            path[slot]
        };
        let of_city = at(&mut self.city, Of::City, 0);
        let of_zone = self.zones.entry(zone.clone()).or_default();
        let of_zone = at(of_zone, Of::Zone, key(zone.as_str()));
        let day = mean_one(self.noise.day_sigma, normal(seed, Of::Day, 0));
        day + mean_one(city, of_city) + mean_one(own, of_zone)
    }

    /// Logarithm of the courier's own factor on ways or at doors.
    fn habit(&self, courier: &Courier, of: Of) -> f64 {
        let NoiseModel {
            courier_drive_sigma: drive,
            courier_drive_daily_sigma: drive_daily,
            courier_service_sigma: pace,
            courier_service_daily_sigma: pace_daily,
            ..
        } = self.noise;
        let known = self.noise.couriers.get(&courier.id);
        let (known, all, daily) = if matches!(of, Of::Drive) {
            (known.and_then(|known| known.drive), drive, drive_daily)
        } else {
            (known.and_then(|known| known.service), pace, pace_daily)
        };
        let (mean, sigma) =
            known.map_or((0.0, all), |known| (known.mean, known.sigma.hypot(daily)));
        mean + mean_one(sigma, self.normal(of, key(courier.id.as_str())))
    }

    fn travel_bias(&self, zone: &ZoneId, departure: Timestamp) -> f64 {
        let hour = u8::try_from(departure.0.div_euclid(3_600).rem_euclid(24)).ok();
        let cells = [
            (Some(zone), hour),
            (Some(zone), None),
            (None, hour),
            (None, None),
        ];
        let found = cells.into_iter().find_map(|(zone, hour)| {
            let zone = zone.cloned();
            let cell = BiasCell { zone, hour };
            let factor = self.noise.travel_biases.get(&cell)?;
            let zone = cell.zone.as_ref().map_or(0, |zone| key(zone.as_str()));
            let hour = cell.hour.map_or(24, u64::from);
            Some((*factor, rng::hash(zone, &[hour])))
        });
        found.map_or(0.0, |(factor, key)| {
            self.settled(factor, Of::TravelBias, key)
        })
    }

    fn service_bias(&self, zone: &ZoneId) -> f64 {
        let cells = [Some(zone.clone()), None];
        let found = cells.into_iter().find_map(|zone| {
            let factor = self.noise.service_biases.get(&zone)?;
            Some((*factor, zone.map_or(0, |zone| key(zone.as_str()))))
        });
        found.map_or(0.0, |(factor, key)| {
            self.settled(factor, Of::ServiceBias, key)
        })
    }

    fn settled(&self, factor: LogFactor, of: Of, key: u64) -> f64 {
        factor.mean + mean_one(factor.sigma, self.normal(of, key))
    }

    fn normal(&self, of: Of, key: u64) -> f64 {
        normal(self.seed, of, key)
    }

    fn stream(&self, of: Of, key: u64) -> rng::Stream {
        rng::stream(self.seed, &[of as u64, key])
    }
}

/// What a customer is like, in numbers between 0 and 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Customer {
    /// Small: not at home.
    pub(super) presence: f64,
    /// Small: sends something back.
    pub(super) appetite: f64,
    /// Small: says what it was like.
    pub(super) talk: f64,
    /// How good the mood is.
    pub(super) mood: f64,
    /// How long it takes until something is said.
    pub(super) patience: f64,
}

fn normal(seed: u64, of: Of, key: u64) -> f64 {
    StandardNormal.sample(&mut rng::stream(seed, &[of as u64, key]))
}

/// A number between 0 and 1.
fn uniform(draws: &mut rng::Stream) -> f64 {
    use rand::RngExt;
    draws.random_range(0.0..1.0)
}

/// Seconds that are `mean` on average; none if that is none.
fn exponential(draws: &mut rng::Stream, mean: Seconds) -> f64 {
    match Exp::new(1.0) {
        Ok(law) if mean > Seconds::ZERO => mean.0 as f64 * law.sample(draws),
        _ => 0.0,
    }
}

/// Logarithm of a factor of mean 1.
fn mean_one(sigma: f64, normal: f64) -> f64 {
    sigma * (normal - sigma / 2.0)
}

/// A number for a name.
pub(super) fn key(name: &str) -> u64 {
    let bytes: Vec<u64> = name.bytes().map(u64::from).collect();
    rng::hash(name.len() as u64, &bytes)
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, which is meant")]
pub(super) fn whole(seconds: f64) -> Seconds {
    Seconds(seconds.round() as i64)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position in a short list"
)]
fn index(at: f64) -> usize {
    at as usize
}
