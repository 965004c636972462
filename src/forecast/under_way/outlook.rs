//! From what is known to what is to be expected of the rest of a route.

use super::delay::{Habits, Ledger, so_far};
use super::draw::{Begin, Change, Drawing, Outset, Rest, Step, narrow};
use super::evidence::{HOLD_UP, Yardstick, level};
use super::learner::{Gauss, mean_square};
use super::levels::Belief;
use super::overdue::Overdue;
use super::path::{Path, arrival, slot, whole};
use super::{ArrivalBand, CourierDay, DayUnderWay, Hold, RouteOutlook, StopOutlook, Tempo};
use crate::forecast::spread::StartDelay;
use crate::units::{Seconds, Timestamp};

/// Somebody who takes longer than this share of days lets expect is overdue.
const OVERDUE: f64 = 0.1;

/// What is known of one courier at some moment.
pub(super) struct Look<'a> {
    day: &'a DayUnderWay,
    of: &'a CourierDay,
    path: &'a Path,
    yardstick: Yardstick<'a>,
    now: Timestamp,
    /// The half hour of now.
    slot: usize,
    /// Squares of how much ways and services vary today, compared with the noise model.
    scales: [f64; 2],
    belief: Belief,
    /// Levels of the zones that the route leads to, with their numbers, by half hour.
    zones: Vec<(usize, Vec<Gauss>)>,
    drive: Gauss,
    pace: Gauss,
}

/// Where a courier is, and what is next.
struct Onset<'a> {
    begin: Begin<'a>,
    /// Index of the next visit.
    next: usize,
    /// When what goes on now is over, on average, in seconds since the start of the route. For ways, the departure.
    clock: f64,
    /// When what goes on now would have been over on average, had nothing been known of it yet; `None` if nothing goes on.
    usual: Option<f64>,
    /// Whether it takes so long that few take longer.
    is_overdue: bool,
}

impl DayUnderWay {
    /// What is to be expected at `now` of the rest of the route of the courier with number `courier`.
    ///
    /// What is known then is what was observed; nothing that was observed is looked at for whether it happened before
    /// `now`.
    ///
    /// Shape: time in proportion to the stops to come times the days that outlooks are drawn on.
    #[must_use]
    pub fn outlook(&self, courier: usize, now: Timestamp) -> RouteOutlook {
        let Some(Some(of)) = self.couriers.get(courier) else {
            return RouteOutlook::default();
        };
        self.outlook_of(of, now)
    }

    /// What is to be expected at `now` of the rest of a route.
    fn outlook_of(&self, of: &CourierDay, now: Timestamp) -> RouteOutlook {
        self.drawn_outlook(of, now).0
    }

    /// What is to be expected at `now` of the rest of a route, and by day how many promises are broken.
    pub(super) fn drawn_outlook(
        &self,
        of: &CourierDay,
        now: Timestamp,
    ) -> (RouteOutlook, Vec<u16>) {
        if of.progress.ahead.is_empty() {
            return (RouteOutlook::default(), Vec::new());
        }
        let look = Look::new(self, of, now);
        if of.progress.hold == Hold::Lost {
            return (look.lost(), Vec::new());
        }
        let onset = look.onset();
        let steps = look.steps(&onset);
        let drawing = look.draw(onset.begin.clone(), &steps);
        (look.outlook(&onset, &steps, &drawing), drawing.broken)
    }

    /// How rough today is: the standard deviations of single ways and of single services, compared with those of the noise
    /// model.
    #[must_use]
    pub fn roughness(&self) -> [f64; 2] {
        let weights = [&self.way_weights, &self.service_weights.scales];
        weights.map(|weights| mean_square(weights).sqrt())
    }
}

impl<'a> Look<'a> {
    pub(super) fn new(day: &'a DayUnderWay, of: &'a CourierDay, now: Timestamp) -> Self {
        let path = &*of.path;
        let yardstick = day.yardstick(of);
        let now_slot = slot(day.first, now);
        let weights = [&day.way_weights, &day.service_weights.scales];
        let scales = weights.map(mean_square);
        let belief = day.levels.belief(now_slot, scales[0]);
        let visits = path.itinerary.visits.iter();
        let mut numbers: Vec<usize> = visits.map(|visit| day.zone(visit.leg.zone)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let zones: Vec<(usize, Vec<Gauss>)> = (numbers.into_iter())
            .map(|zone| (zone, day.levels.zone(zone, &belief, scales[0])))
            .collect();
        let shared = |zone, slot| shared(&belief, &zones, zone, slot);
        let evidence = &of.evidence;
        // How much couriers differ shows best at doors, and is taken for ways, too.
        let spread = day.service_weights.spread();
        let drive = evidence.drive(yardstick.way_prior(), spread, &day.way_weights, shared);
        let pace =
            (evidence.service_lesson).level(level(yardstick.courier.pace), &day.service_weights);
        Self {
            day,
            of,
            path,
            yardstick,
            now,
            slot: now_slot,
            scales,
            belief,
            zones,
            drive,
            pace,
        }
    }

    /// How fast the courier is.
    pub(super) fn tempo(&self) -> Tempo {
        let onset = self.onset();
        let now = self.path.seconds(self.now);
        let free = match onset.begin {
            Begin::Way { .. } => onset.usual.unwrap_or(now),
            Begin::Start { .. } | Begin::Left { .. } | Begin::Door { .. } => onset.clock,
        };
        let ahead = self.path.itinerary.visits.iter().enumerate();
        let ahead = ahead.skip(onset.next).map(|(visit, door)| {
            let (way, sigma) = self.way(visit, self.now, f64::from(door.leg.planned));
            let jam = (self.yardstick.jams).factor(self.path.areas[visit], self.now);
            way + sigma * sigma / 2.0 + self.shared_now(visit).mean + jam.ln()
        });
        let ahead: Vec<f64> = ahead.collect();
        let level = if ahead.is_empty() {
            let city = self.belief.path.last().copied().unwrap_or_default();
            self.yardstick.way_prior().mean
                + city.mean
                + self.yardstick.jams.factor(0, self.now).ln()
        } else {
            ahead.iter().sum::<f64>() / ahead.len() as f64
        };
        Tempo {
            ways: (level + self.drive.mean).exp(),
            services: (self.pace.mean + self.pace.variance / 2.0).exp(),
            free: self.path.moment(self.free(free.max(now))),
        }
    }

    /// Where the courier is.
    fn onset(&self) -> Onset<'a> {
        let progress = &self.of.progress;
        let made = progress.visits.len();
        let last = made.checked_sub(1).map(|last| self.path.visits[last]);
        let (left, mut next) = match last {
            Some(visit) if progress.is_at_door => return self.at_door(visit),
            Some(visit) => (self.left(visit), visit + 1),
            None => match progress.departure {
                Some(departure) => (departure, 0),
                None => return self.at_start(),
            },
        };
        let mut left = left;
        if let Some(reloaded) = progress.reload_departure
            && reloaded >= left
        {
            let rest = &self.path.itinerary.visits[next..];
            let loads = rest.iter().take_while(|visit| visit.order.is_none());
            (left, next) = (reloaded, next + loads.count());
        }
        match self.path.itinerary.visits.get(next) {
            Some(visit) if visit.order.is_some() => self.on_the_way(next, left),
            _ => Onset {
                begin: Begin::Left {
                    at: narrow(self.path.seconds(left)),
                },
                next,
                clock: self.path.seconds(left),
                usual: None,
                is_overdue: false,
            },
        }
    }

    /// When the courier left the visit with index `visit`, as far as that is known.
    fn left(&self, visit: usize) -> Timestamp {
        let times = self.of.progress.visits.last();
        if let Some(end) = times.and_then(|times| times.end) {
            return end;
        }
        let start = times.and_then(|times| times.service_start.or(times.arrival));
        let start = self.path.seconds(start.unwrap_or(self.now));
        let service = f64::from(self.path.itinerary.visits[visit].service);
        let end = self.path.service_start(visit, start) + service;
        self.path.moment(end).min(self.now)
    }

    fn at_start(&self) -> Onset<'a> {
        let planned = f64::from(self.path.itinerary.departure);
        let now = self.path.seconds(self.now);
        let law = self.yardstick.courier.start_delay;
        let mean = match law {
            StartDelay::Exponential(mean) => f64::from(mean),
            StartDelay::Quantiles(quantiles) => {
                f64::from(quantiles.iter().sum::<f32>()) / quantiles.len() as f64
            }
        };
        Onset {
            begin: Begin::Start {
                planned: narrow(planned),
                elapsed: narrow((now - planned).max(0.0)),
                law,
            },
            next: 0,
            clock: self.free(now.max(planned) + mean),
            usual: None,
            is_overdue: false,
        }
    }

    fn at_door(&self, visit: usize) -> Onset<'a> {
        let times = self.of.progress.visits.last();
        let begun = times.and_then(|times| times.service_start);
        let arrival = times.and_then(|times| times.arrival).unwrap_or(self.now);
        let start = match begun {
            Some(begun) => self.path.seconds(begun),
            None => (self.path).service_start(visit, self.path.seconds(arrival)),
        };
        let now = self.path.seconds(self.now);
        let door = &self.path.itinerary.visits[visit];
        let planned = f64::from(door.service).max(1.0).ln();
        let noise = self.service_noise(visit);
        let body = Gauss {
            mean: planned + self.pace.mean - noise / 2.0,
            variance: self.pace.variance + noise,
        };
        let overdue = Overdue::new(
            body,
            self.pace.variance,
            self.yardstick.incident(),
            now - start,
        );
        let mean = (body.mean + body.variance / 2.0).exp();
        Onset {
            clock: self.free((start + mean).max(now)),
            usual: Some(start + mean),
            is_overdue: overdue.tail() < OVERDUE,
            begin: Begin::Door {
                overdue,
                key: door.key,
                planned: planned - noise / 2.0,
                sigma: noise.sqrt(),
                from: narrow(start.max(now)),
            },
            next: visit + 1,
        }
    }

    fn on_the_way(&self, next: usize, left: Timestamp) -> Onset<'a> {
        let leg = &self.path.itinerary.visits[next].leg;
        let seen = self.of.progress.position.filter(|(at, _)| *at > left);
        let seen = seen.and_then(|(at, spot)| Some((at, self.path.share_left(next, spot)?)));
        let (since, share) = seen.unwrap_or((left, 1.0));
        let from = self.now.max(since);
        let whole_way = f64::from(leg.planned).max(1.0);
        let planned = whole_way * share;
        let (way, sigma) = self.way(next, left, planned);
        let level = self.shared_now(next);
        let body = Gauss {
            mean: planned.ln() + way + level.mean + self.drive.mean,
            variance: sigma * sigma + level.variance + self.drive.variance,
        };
        let lasting = level.variance + self.drive.variance;
        let covered = self.path.covered(next, self.yardstick.jams, since, from);
        let overdue = Overdue::new(body, lasting, HOLD_UP, covered);
        let jam = self.yardstick.jams.factor(self.path.areas[next], from);
        let mean = (body.mean + body.variance / 2.0).exp();
        Onset {
            // The moment at which who left then would be there as planned.
            clock: self.path.seconds(left),
            usual: Some(arrival(leg, self.path.seconds(since), mean / whole_way)),
            is_overdue: overdue.tail() < OVERDUE,
            begin: Begin::Way {
                overdue,
                planned: planned.ln(),
                from: narrow(self.path.seconds(from)),
                jam,
                whole: if leg.paces.is_empty() { 1.0 } else { whole_way },
            },
            next,
        }
    }

    /// Logarithm of what the way to the visit with index `visit`, of which `planned` seconds are planned, takes more, levels
    /// that are learnt not included, and its standard deviation.
    fn way(&self, visit: usize, departure: Timestamp, planned: f64) -> (f64, f64) {
        let leg = &self.path.itinerary.visits[visit].leg;
        let bias = self.yardstick.bias(leg.zone, departure);
        let single = f64::from(self.day.spread.leg(whole(planned).0));
        let noise = self.scales[0] * single * single + f64::from(bias.sigma).powi(2);
        let mean = self.yardstick.way_prior().mean + f64::from(bias.mean);
        (mean - noise / 2.0, noise.sqrt())
    }

    /// Variance of the service of the visit with index `visit`, the courier's level not included.
    fn service_noise(&self, visit: usize) -> f64 {
        let doubt = self.path.itinerary.visits[visit].service_doubt;
        let doubt = doubt.map_or(0.0, |bias| f64::from(bias.factor.sigma));
        self.scales[1] * f64::from(self.day.spread.service).powi(2) + doubt * doubt
    }

    /// The shared level of traffic now on the way to the visit with index `visit`.
    fn shared_now(&self, visit: usize) -> Gauss {
        let zone = self.day.zone(self.path.itinerary.visits[visit].leg.zone);
        let city = self.belief.path.last().copied().unwrap_or_default();
        let own = self.zones.iter().find(|(number, _)| *number == zone);
        let own = own.and_then(|(_, path)| path.last().copied());
        let own = own.unwrap_or_default();
        Gauss {
            mean: city.mean + own.mean,
            variance: city.variance + own.variance,
        }
    }

    /// `clock`, or the moment at which the courier goes on if that is later.
    fn free(&self, clock: f64) -> f64 {
        clock.max(f64::from(self.held_until()))
    }

    fn held_until(&self) -> f32 {
        match self.of.progress.hold {
            Hold::Until(moment) => narrow(self.path.seconds(moment)),
            Hold::None | Hold::Lost => f32::NEG_INFINITY,
        }
    }

    /// The stops to come, with what is expected of the ways there.
    fn steps(&self, onset: &Onset<'_>) -> Vec<Step> {
        let visits = &self.path.itinerary.visits;
        let mut clock = onset.clock;
        let mut steps = Vec::with_capacity(visits.len() - onset.next);
        let habits = self.drive.mean;
        for (visit, door) in visits.iter().enumerate().skip(onset.next) {
            let departure = self.path.moment(clock);
            let zone = self.day.zone(door.leg.zone);
            let zone = self.zones.iter().position(|(number, _)| *number == zone);
            let is_under_way = visit == onset.next && matches!(onset.begin, Begin::Way { .. });
            let (way, sigma) = self.way(visit, departure, f64::from(door.leg.planned));
            let jam = self
                .yardstick
                .jams
                .factor(self.path.areas[visit], departure);
            // What holds up the way that the courier is on is known by how much of it is covered.
            let jam = if is_under_way { 1.0 } else { jam };
            let noise = if door.order.is_some() {
                self.service_noise(visit)
            } else {
                0.0
            };
            steps.push(Step {
                visit,
                slot: slot(self.day.first, departure).max(self.slot),
                zone: zone.unwrap_or(0),
                way: narrow(way + jam.ln()),
                way_sigma: narrow(sigma),
                service: narrow(-noise / 2.0),
                service_sigma: narrow(noise.sqrt()),
            });
            let level = self.shared_now(visit);
            let factor = (way + sigma * sigma / 2.0 + level.mean + habits).exp() * jam;
            let now = self.path.seconds(self.now);
            let arrival = arrival(&door.leg, clock, factor).max(now);
            let service = if door.order.is_some() {
                (self.pace.mean + self.pace.variance / 2.0).exp()
            } else {
                1.0
            };
            clock = self.path.service_start(visit, arrival) + service * f64::from(door.service);
        }
        steps
    }

    fn draw(&self, begin: Begin<'a>, steps: &[Step]) -> Drawing {
        let spread = &self.day.spread;
        let outset = Outset {
            drive: self.drive,
            pace: self.pace,
            day: self.belief.day,
            city: self.belief.city,
            covariance: self.belief.covariance,
            zones: (self.zones.iter())
                .map(|(number, path)| (*number, path.last().copied().unwrap_or_default()))
                .collect(),
        };
        let rest = Rest {
            seed: self.day.seed,
            n_blocks: self.day.n_blocks,
            itinerary: &self.path.itinerary,
            outset: &outset,
            change: Change {
                memory: spread.hour_memory,
                city: spread.hour_city,
                zone: spread.hour_zone,
            },
            slot: self.slot,
            begin,
            now: narrow(self.path.seconds(self.now)),
            held_until: self.held_until(),
            steps,
            incident_ln: spread.incident_ln,
            incident_mean: spread.incident_mean,
        };
        rest.draw()
    }

    /// What was drawn, with the causes of delays.
    fn outlook(&self, onset: &Onset<'_>, steps: &[Step], drawing: &Drawing) -> RouteOutlook {
        let jams = self.yardstick.jams;
        let traffic = |zone, slot| shared(&self.belief, &self.zones, zone, slot);
        let habits = Habits {
            drive: self.drive.mean,
            pace: self.pace.mean + self.pace.variance / 2.0,
            traffic: &traffic,
        };
        let mut ledger = so_far(self.path, &self.of.progress, &self.of.evidence, &habits);
        let now = self.path.seconds(self.now);
        let overdue = onset.usual.map_or(0.0, |usual| (now - usual).max(0.0));
        self.now_going_on(onset, overdue, &mut ledger);
        let mut outlook = RouteOutlook {
            stops: Vec::with_capacity(drawing.stops.len()),
            overdue: if onset.is_overdue {
                whole(overdue)
            } else {
                Seconds::ZERO
            },
        };
        let mut drawn = drawing.stops.iter().peekable();
        for step in steps {
            let door = &self.path.itinerary.visits[step.visit];
            let jam = jams.factor(self.path.areas[step.visit], self.now);
            let level = self.shared_now(step.visit).mean + jam.ln();
            ledger.way_ahead(f64::from(door.leg.planned), level, &habits);
            let Some(found) = drawn.next_if(|found| found.visit == step.visit) else {
                continue;
            };
            let Ok(place) = self.path.visits.binary_search(&step.visit) else {
                continue;
            };
            let stop = self.path.sequence[place];
            let planned = self.planned_arrival(stop);
            let [p10, p50, p90] = found.band.map(|at| self.path.moment(f64::from(at)));
            ledger.settle((p50 - planned).0 as f64, |ledger| &mut ledger.usual);
            let causes = match &onset.begin {
                Begin::Start { .. } => ledger.before_going().causes(),
                Begin::Way { .. } | Begin::Door { .. } | Begin::Left { .. } => ledger.causes(),
            };
            outlook.stops.push(StopOutlook {
                stop,
                on_time: found.on_time,
                late: whole(found.late),
                arrival: Some(ArrivalBand { p10, p50, p90 }),
                planned_arrival: planned,
                causes,
            });
            self.serve(step.visit, p50, planned, &habits, &mut ledger);
        }
        outlook
    }

    /// Adds what goes on now: a start that is late already, or what should be over by now.
    fn now_going_on(&self, onset: &Onset<'_>, overdue: f64, ledger: &mut Ledger) {
        match &onset.begin {
            Begin::Start {
                planned, elapsed, ..
            } => {
                // That it is late already is known; that it will be is what couriers of any day are.
                ledger.start += f64::from(*elapsed);
                if self.of.progress.hold == Hold::None {
                    ledger.usual += onset.clock - f64::from(*planned) - f64::from(*elapsed);
                }
            }
            Begin::Way { .. } | Begin::Door { .. } => ledger.silence += overdue,
            Begin::Left { .. } => {}
        }
        let held = f64::from(self.held_until()) - self.path.seconds(self.now);
        ledger.incident += held.max(0.0);
    }

    /// Carries causes over a service to come: waiting takes off what the courier is late.
    fn serve(
        &self,
        visit: usize,
        arrival: Timestamp,
        planned: Timestamp,
        habits: &Habits<'_>,
        ledger: &mut Ledger,
    ) {
        let [start, planned] =
            [arrival, planned].map(|at| self.path.service_start(visit, self.path.seconds(at)));
        ledger.settle(start - planned, |ledger| &mut ledger.service);
        let service = f64::from(self.path.itinerary.visits[visit].service);
        ledger.service_ahead(service, habits);
    }

    fn planned_arrival(&self, stop: usize) -> Timestamp {
        let planned = &self.of.planned;
        planned.planned_arrival(planned.visits[stop])
    }

    /// What is to be expected of a courier who does not go on: nothing.
    fn lost(&self) -> RouteOutlook {
        let stop = |&stop: &usize| StopOutlook::nobody(stop, self.planned_arrival(stop));
        RouteOutlook {
            stops: self.of.progress.ahead.iter().map(stop).collect(),
            overdue: Seconds::ZERO,
        }
    }
}

/// Logarithm of the shared level of traffic in a zone and half hour; after now, that of now.
fn shared(belief: &Belief, zones: &[(usize, Vec<Gauss>)], zone: usize, slot: usize) -> f64 {
    let at = |path: &[Gauss]| {
        path.get(slot)
            .or(path.last())
            .map_or(0.0, |level| level.mean)
    };
    let own = zones.iter().find(|(number, _)| *number == zone);
    at(&belief.path) + own.map_or(0.0, |(_, path)| at(path))
}
