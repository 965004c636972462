//! From what a courier has done to what it says.

use std::collections::BTreeMap;

use super::jams::Jams;
use super::learner::{Accident, Gauss, Lesson, Logs, N_SCALES, Observed, SCALES, learn};
use super::levels::{Share, Way, shares};
use super::path::{Path, hour, slot};
use super::spreads::{Table, widened};
use super::{Hold, RouteProgress, VisitTimes};
use crate::forecast::spread::{CourierSpread, Factor, Spread};
use crate::units::Timestamp;

/// Something on the way that holds up a courier for long: a flat tire, an accident, a blocked road. Rare enough to change
/// nothing while all goes well; what explains a courier who should have come long ago.
pub(super) const HOLD_UP: Accident = Accident {
    chance: 0.002,
    mean: 1_800.0,
};

/// Ways planned to be shorter than this, in seconds, say nothing: they are between two doors of a house.
const WAY_MIN: f64 = 30.0;

/// Services shorter than this, in seconds, were not there: somebody pressed two buttons at once.
const SERVICE_MIN: f64 = 20.0;

/// A way that was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaySeen {
    pub(super) observed: Observed,
    /// Index of the visit that it led to.
    pub(super) visit: usize,
    pub(super) zone: usize,
    pub(super) slot: usize,
}

/// A service that was done.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServiceSeen {
    observed: Observed,
    /// Index of the visit.
    pub(super) visit: usize,
}

/// What a courier's day so far says.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    pub(super) ways: Vec<WaySeen>,
    pub(super) services: Vec<ServiceSeen>,
    pub(super) way_lesson: Lesson,
    pub(super) service_lesson: Lesson,
    /// What services say of how much they vary, and couriers differ.
    pub(super) service_table: Table,
    pub(super) shares: Vec<Share>,
}

/// What something that goes on says.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    /// Of how much ways vary.
    pub(super) ways: Logs,
    /// Of how much services vary.
    pub(super) services: Logs,
    /// Of traffic: as for how much days vary, ways that have ended are the short ones.
    pub(super) shares: Vec<Share>,
}

/// What everything is compared with.
pub(super) struct Yardstick<'a> {
    pub(super) spread: &'a Spread,
    pub(super) courier: CourierSpread<'a>,
    pub(super) jams: &'a Jams,
    /// The moment that half hours are counted from.
    pub(super) first: Timestamp,
    /// Variance of the levels of traffic that couriers share.
    pub(super) shared: f64,
    /// Numbers of zones by their keys.
    pub(super) zones: &'a BTreeMap<u64, usize>,
}

impl Yardstick<'_> {
    /// What `progress` on `path` says.
    pub(super) fn evidence(&self, path: &Path, progress: &RouteProgress) -> Evidence {
        let mut evidence = Evidence::default();
        let mut left = progress.departure;
        let mut next = 0;
        for (times, &visit) in progress.visits.iter().zip(&path.visits) {
            if let (Some(left), Some(arrival)) = (left, times.arrival)
                && visit == next
            {
                evidence.ways.extend(self.way(path, visit, left, arrival));
            }
            evidence.services.extend(self.service(path, visit, times));
            left = times.end;
            next = visit + 1;
        }
        let prior = self.way_prior();
        let observed = |seen: &WaySeen| seen.observed;
        let ways: Vec<Observed> = evidence.ways.iter().map(observed).collect();
        let together = Gauss {
            variance: prior.variance + self.shared,
            ..prior
        };
        evidence.way_lesson = learn(together, HOLD_UP, &ways);
        let services = evidence.services.iter().map(|seen| seen.observed);
        let services: Vec<Observed> = services.collect();
        let pace = level(self.courier.pace);
        evidence.service_lesson = learn(pace, self.incident(), &services);
        evidence.service_table = evidence.service_lesson.table(pace);
        let weights = &evidence.way_lesson.weights;
        let ways: Vec<Way> = (evidence.ways.iter().zip(weights))
            .map(|(seen, weight)| Way {
                zone: seen.zone,
                slot: seen.slot,
                log: seen.observed.log + seen.observed.doubt / 2.0 - prior.mean,
                variance: seen.observed.variance,
                weight: weight / (seen.observed.variance + seen.observed.doubt).max(1e-4),
            })
            .collect();
        evidence.shares = shares(&ways, prior.variance);
        evidence
    }

    /// The courier's level on the way before anything is seen; its mean is that of the logarithm without noise of single
    /// legs.
    pub(super) fn way_prior(&self) -> Gauss {
        let own = level(self.courier.drive);
        Gauss {
            mean: own.mean - self.shared / 2.0,
            ..own
        }
    }

    /// What happens at doors now and then.
    pub(super) fn incident(&self) -> Accident {
        Accident {
            chance: f64::from(self.spread.incident_ln).exp(),
            mean: f64::from(self.spread.incident_mean),
        }
    }

    fn way(
        &self,
        path: &Path,
        visit: usize,
        left: Timestamp,
        arrival: Timestamp,
    ) -> Option<WaySeen> {
        let leg = &path.itinerary.visits[visit].leg;
        let planned = f64::from(leg.planned);
        let took = path.covered(visit, self.jams, left, arrival);
        if planned < WAY_MIN || took < 1.0 {
            return None;
        }
        let bias = self.bias(leg.zone, left);
        Some(WaySeen {
            observed: Observed {
                log: (took / planned).ln() - f64::from(bias.mean),
                ..self.going_way(path, visit, left)
            },
            visit,
            zone: self.zones.get(&leg.zone).copied().unwrap_or(0),
            slot: slot(self.first, left),
        })
    }

    fn service(&self, path: &Path, visit: usize, times: &VisitTimes) -> Option<ServiceSeen> {
        let door = &path.itinerary.visits[visit];
        let start = times.service_start.map(|start| path.seconds(start));
        let arrival = times.arrival.map(|arrival| path.seconds(arrival));
        let start = start.or_else(|| Some(path.service_start(visit, arrival?)))?;
        let took = path.seconds(times.end?) - start;
        let planned = f64::from(door.service);
        if !times.is_served || planned < 1.0 || took < SERVICE_MIN.min(planned / 4.0) {
            return None;
        }
        Some(ServiceSeen {
            observed: Observed {
                log: (took / planned).ln(),
                ..self.going_service(path, visit)
            },
            visit,
        })
    }

    /// What it says of ways and of services that the courier is still where `progress` has them at `now`.
    pub(super) fn pending(
        &self,
        path: &Path,
        progress: &RouteProgress,
        evidence: &Evidence,
        now: Timestamp,
    ) -> Pending {
        let mut pending = Pending::default();
        if progress.hold != Hold::None {
            return pending;
        }
        let last = progress.visits.last();
        let at = progress.visits.len().checked_sub(1);
        let visit = at.map(|at| path.visits[at]);
        if progress.is_at_door
            && let (Some(times), Some(visit)) = (last, visit)
        {
            let start = times.service_start.map(|start| path.seconds(start));
            let arrival = times.arrival.map_or(f64::MAX, |at| path.seconds(at));
            let start = start.unwrap_or_else(|| path.service_start(visit, arrival));
            let going = self.going_service(path, visit);
            let elapsed = path.seconds(now) - start;
            if elapsed > 0.0 {
                let lesson = &evidence.service_lesson;
                pending.services = lesson.still_going(going, self.incident(), elapsed);
            }
            return pending;
        }
        let left = last.map_or(progress.departure, |times| times.end);
        let next = visit.map_or(0, |visit| visit + 1);
        let door = path.itinerary.visits.get(next);
        if let (Some(left), Some(door)) = (left, door)
            && door.order.is_some()
            && f64::from(door.leg.planned) >= WAY_MIN
            && left < now
        {
            let covered = path.covered(next, self.jams, left, now);
            let going = self.going_way(path, next, left);
            let bias = f64::from(self.bias(door.leg.zone, left).mean);
            let lesson = &evidence.way_lesson;
            let covered = covered * (-bias).exp();
            pending.ways = lesson.still_going(going, HOLD_UP, covered);
            let prior = self.way_prior();
            let way = lesson.as_ended(going, covered).map(|(log, weight)| Way {
                zone: self.zones.get(&door.leg.zone).copied().unwrap_or(0),
                slot: slot(self.first, left),
                log: log + going.doubt / 2.0 - prior.mean,
                variance: going.variance,
                weight,
            });
            pending.shares = shares(way.as_slice(), prior.variance);
        }
        pending
    }

    /// The way to the visit with index `visit`, as it is planned.
    fn going_way(&self, path: &Path, visit: usize, left: Timestamp) -> Observed {
        let leg = &path.itinerary.visits[visit].leg;
        Observed {
            log: 0.0,
            variance: f64::from(leg.sigma).powi(2),
            doubt: f64::from(self.bias(leg.zone, left).sigma).powi(2),
            planned: f64::from(leg.planned),
        }
    }

    /// The service of the visit with index `visit`, as it is planned.
    fn going_service(&self, path: &Path, visit: usize) -> Observed {
        let door = &path.itinerary.visits[visit];
        let doubt = door.service_doubt.map_or(0.0, |bias| bias.factor.sigma);
        Observed {
            log: 0.0,
            variance: f64::from(self.spread.service).powi(2),
            doubt: f64::from(doubt).powi(2),
            planned: f64::from(door.service),
        }
    }

    /// The learnt bias of ways into the zone with key `zone` that begin at `departure`.
    pub(super) fn bias(&self, zone: u64, departure: Timestamp) -> Factor {
        let bias = self.spread.travel_bias(zone, hour(departure));
        bias.map_or_else(Factor::default, |bias| bias.factor)
    }
}

/// The level that `factor` is.
pub(super) fn level(factor: Factor) -> Gauss {
    let variance = f64::from(factor.sigma).powi(2);
    Gauss {
        mean: f64::from(factor.mean) - variance / 2.0,
        variance,
    }
}

impl ServiceSeen {
    /// Seconds that it took longer than planned.
    pub(super) fn over(&self) -> f64 {
        self.observed.planned * (self.observed.log.exp() - 1.0)
    }
}

impl Evidence {
    /// The courier's own level on the way, beside the shared one, which `shared` tells for a zone and half hour; its mean
    /// is beside that of `prior`. `spread` is the square of how much couriers differ, compared with the noise model.
    pub(super) fn drive(
        &self,
        prior: Gauss,
        spread: f64,
        weights: &[f64; N_SCALES],
        shared: impl Fn(usize, usize) -> f64,
    ) -> Gauss {
        let scale: f64 = (SCALES.iter().zip(weights))
            .map(|(scale, weight)| scale * scale * weight)
            .sum();
        if prior.variance <= 0.0 {
            return Gauss::default();
        }
        let wide = widened(prior, spread);
        let mut precision = 1.0 / wide.variance;
        let mut value = precision * (wide.mean - prior.mean);
        for (seen, weight) in self.ways.iter().zip(&self.way_lesson.weights) {
            let noise = scale * seen.observed.variance + seen.observed.doubt;
            let off = seen.observed.log + noise / 2.0 - prior.mean - shared(seen.zone, seen.slot);
            let weight = weight / noise.max(1e-4);
            precision += weight;
            value += weight * off;
        }
        Gauss {
            mean: value / precision,
            variance: 1.0 / precision,
        }
    }
}
