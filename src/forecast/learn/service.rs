//! Service: the bias of planned times, couriers' pace, single services, and incidents.
//!
//! An actual time is a body, whose logarithm is normal, plus now and then an exponential incident. Which services had an
//! incident is not known, so body and incidents are estimated in turn until they agree (expectation and maximization).
//! Source: Dempster, Laird and Rubin (1977).

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::cells::{Sample, effects};
use super::moments::{Nested, Value};
use super::observe::Service;
use super::travel::median;
use crate::model::{LogFactor, NoiseModel};

/// Rounds of expectation and maximization.
const ROUNDS: usize = 40;

/// Rounds that start from what is nearly right.
const ROUNDS_AGAIN: usize = 15;

/// Bodies that are tried for a service with an incident.
const NODES: usize = 24;

/// Standard deviations within which the body lies.
const REACH: f64 = 4.5;

/// Half the width of the middle of the normal law that holds half of it, in standard deviations.
const QUARTILE: f64 = 0.674_5;

/// Means of incidents in seconds, outside of which none is believed.
const INCIDENT_MEANS: [f64; 2] = [30.0, 14_400.0];

/// The law of services.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Mean logarithm of the body by the planned time, over all services.
    pub(super) center: f64,
    /// `None` if couriers cannot be told apart.
    pub(super) lasting: Option<f64>,
    /// `None` if days of a courier cannot be told apart.
    pub(super) daily: Option<f64>,
    /// Variance of a single body.
    pub(super) own: f64,
    pub(super) incident_probability: f64,
    /// Seconds.
    pub(super) incident_mean: f64,
    /// Services with an incident, as expected.
    pub(super) n_incidents: f64,
    /// Mean logarithm of bodies, from `center`, and number of services by courier.
    pub(super) couriers: Vec<(f64, usize)>,
    /// How far single zones are off `center`.
    pub(super) zones: BTreeMap<usize, LogFactor>,
}

/// What is thought of one service.
#[derive(Clone, Copy, Debug, Default)]
struct Thought {
    /// Chance of an incident.
    incident: f64,
    /// The time that it took, if there was one; seconds.
    incident_seconds: f64,
    /// Mean logarithm of the body by the planned time.
    body: f64,
    /// Variance of it.
    body_variance: f64,
}

/// Estimates everything from `services`, with the incidents of `prior` to begin with.
pub(super) fn pace(services: &[Service], n_couriers: usize, prior: &NoiseModel) -> Pace {
    let begun = begun(services, n_couriers, prior);
    let (pace, thoughts) = estimated(services, begun, ROUNDS);
    let samples: Vec<Sample<usize>> = (services.iter().zip(&thoughts))
        .map(|(service, thought)| Sample {
            cell: service.zone,
            day: service.day,
            courier: service.courier,
            value: thought.body,
        })
        .collect();
    let zones = effects(&samples);
    if zones.is_empty() {
        return pace;
    }
    again(services, &Pace { zones, ..pace })
}

/// The same from some of the services that `all` rests on, biases of zones taken from there.
pub(super) fn again(services: &[Service], all: &Pace) -> Pace {
    let planned = |service: &Service| {
        let bias = all.zones.get(&service.zone).map_or(0.0, |bias| bias.mean);
        service.planned * bias.exp()
    };
    let services: Vec<Service> = (services.iter())
        .map(|service| Service {
            planned: planned(service),
            ..*service
        })
        .collect();
    let (pace, _) = estimated(&services, all.clone(), ROUNDS_AGAIN);
    Pace {
        zones: all.zones.clone(),
        ..pace
    }
}

/// A law to begin with.
fn begun(services: &[Service], n_couriers: usize, prior: &NoiseModel) -> Pace {
    let logs: Vec<f64> = (services.iter())
        .map(|service| (service.actual / service.planned).ln())
        .collect();
    let center = median(logs.clone());
    // Incidents make services longer only: the lower half tells of the body.
    let lower = logs.iter().filter(|log| **log <= center);
    let sigma = median(lower.map(|log| center - log).collect()) / QUARTILE;
    Pace {
        center,
        lasting: None,
        daily: None,
        own: (sigma * sigma).max(1e-4),
        incident_probability: 0.03,
        incident_mean: (prior.incident_mean.0 as f64).clamp(INCIDENT_MEANS[0], INCIDENT_MEANS[1]),
        n_incidents: 0.0,
        couriers: vec![(0.0, 0); n_couriers],
        zones: BTreeMap::new(),
    }
}

/// The law after so many `rounds` from `pace` on, and what is then thought of the services.
fn estimated(services: &[Service], mut pace: Pace, rounds: usize) -> (Pace, Vec<Thought>) {
    let mut thoughts = vec![Thought::default(); services.len()];
    let mut levels = if pace.n_incidents > 0.0 {
        let logs = (services.iter()).map(|service| (service.actual / service.planned).ln());
        let bodies = logs.map(|body| Thought {
            body,
            ..Thought::default()
        });
        expected(services, &bodies.collect::<Vec<_>>(), &pace)
    } else {
        vec![(0.0, pace.own); services.len()]
    };
    for _ in 0..rounds {
        thoughts = (services.par_iter().zip(&levels))
            .map(|(service, (level, variance))| {
                think(service, &pace, pace.center + level, variance.sqrt())
            })
            .collect();
        pace = maximized(services, &thoughts, pace.couriers.len());
        levels = expected(services, &thoughts, &pace);
    }
    (pace, thoughts)
}

/// What to think of `service` if the logarithm of its body by the planned time has mean `level` and standard deviation
/// `sigma`.
fn think(service: &Service, pace: &Pace, level: f64, sigma: f64) -> Thought {
    let log = (service.actual / service.planned).ln();
    let limit = (log - level) / sigma;
    let density = (-limit * limit / 2.0).exp() / (sigma * service.actual);
    let highest = limit.min(REACH);
    let without = Thought {
        body: log,
        ..Thought::default()
    };
    if highest <= -REACH || pace.incident_probability <= 0.0 {
        return without;
    }
    // Midpoints of the bodies that leave room for an incident, each weighed by how well both fit.
    let step = (highest + REACH) / NODES as f64;
    let [mut total, mut seconds, mut sum, mut squares] = [0.0; 4];
    for node in 0..NODES {
        let normal = -REACH + step * (node as f64 + 0.5);
        let body = level + sigma * normal;
        let incident = (service.actual - service.planned * body.exp()).max(0.0);
        let weight = (-normal * normal / 2.0 - incident / pace.incident_mean).exp();
        total += weight;
        seconds += weight * incident;
        sum += weight * body;
        squares += weight * body * body;
    }
    let with = pace.incident_probability * total * step / pace.incident_mean;
    let chance = with / (with + (1.0 - pace.incident_probability) * density);
    if !chance.is_finite() || total <= 0.0 {
        return without;
    }
    let [seconds, mean, squares] = [seconds, sum, squares].map(|sum| sum / total);
    let body = chance * mean + (1.0 - chance) * log;
    Thought {
        incident: chance,
        incident_seconds: seconds,
        body,
        body_variance: chance * squares + (1.0 - chance) * log * log - body * body,
    }
}

/// The law under which `thoughts` are the most likely.
fn maximized(services: &[Service], thoughts: &[Thought], n_couriers: usize) -> Pace {
    let n = services.len().max(1) as f64;
    let center = thoughts.iter().map(|thought| thought.body).sum::<f64>() / n;
    let values = services
        .iter()
        .zip(thoughts)
        .map(|(service, thought)| Value {
            day: service.day,
            courier: service.courier,
            value: thought.body - center,
        });
    let nested = Nested::of(values.clone());
    let square = values.clone().map(|value| value.value * value.value);
    let doubt = thoughts.iter().map(|thought| thought.body_variance);
    let whole = (square.sum::<f64>() + doubt.sum::<f64>()) / n;
    let common = nested.apart + nested.lasting.unwrap_or(0.0) + nested.daily.unwrap_or(0.0);
    let n_incidents: f64 = thoughts.iter().map(|thought| thought.incident).sum();
    let seconds = (thoughts.iter()).map(|thought| thought.incident * thought.incident_seconds);
    let mean = seconds.sum::<f64>() / n_incidents.max(1e-9);
    let mut couriers = vec![(0.0, 0); n_couriers];
    for value in values {
        let (sum, n) = &mut couriers[value.courier];
        *sum += value.value;
        *n += 1;
    }
    Pace {
        center,
        lasting: nested.lasting,
        daily: nested.daily,
        own: (whole - common).max(1e-4),
        incident_probability: n_incidents / n,
        incident_mean: mean.clamp(INCIDENT_MEANS[0], INCIDENT_MEANS[1]),
        n_incidents,
        couriers: (couriers.into_iter())
            .map(|(sum, n)| (sum / n.max(1) as f64, n))
            .collect(),
        zones: BTreeMap::new(),
    }
}

/// Where the body of each service is expected, from the center, and its variance, as far as the other services of the
/// courier tell: a service that were among them would look less unusual than it is.
fn expected(services: &[Service], thoughts: &[Thought], pace: &Pace) -> Vec<(f64, f64)> {
    let lasting_variance = pace.lasting.unwrap_or(0.0);
    let daily_variance = pace.daily.unwrap_or(0.0);
    let mut days: BTreeMap<(usize, usize), (f64, f64)> = BTreeMap::new();
    for (service, thought) in services.iter().zip(thoughts) {
        let (sum, n) = days.entry((service.courier, service.day)).or_default();
        *sum += thought.body - pace.center;
        *n += 1.0;
    }
    let mut n_days = vec![0_usize; pace.couriers.len()];
    for (courier, _) in days.keys() {
        n_days[*courier] += 1;
    }
    let lasting: Vec<f64> = (pace.couriers.iter().zip(&n_days))
        .map(|((mean, n), n_days)| {
            let error = pace.own / (*n).max(1) as f64 + daily_variance / (*n_days).max(1) as f64;
            mean * lasting_variance / (lasting_variance + error).max(1e-12)
        })
        .collect();
    let others = services.iter().zip(thoughts).map(|(service, thought)| {
        let (sum, n) = days[&(service.courier, service.day)];
        let (sum, n) = (sum - (thought.body - pace.center), n - 1.0);
        let lasting = lasting[service.courier];
        let weight = n * daily_variance / (n * daily_variance + pace.own).max(1e-12);
        let level = lasting + weight * (sum / n.max(1.0) - lasting);
        (level, pace.own + daily_variance * (1.0 - weight))
    });
    others.collect()
}
