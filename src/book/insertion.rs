//! Where an order could go: every position of every route, with constant work for each window.

use std::sync::Arc;

use super::route::{LiveRoute, Obstacle, service_start};
use super::{Book, Caller, Site, Stop};
use crate::model::{ConstraintKind, Courier, TimeWindow};
use crate::travel::Leg;
use crate::units::{ExactCost, Load, Seconds, Timestamp};

/// Cheapest positions per window that are tried in full.
const CHEAP_MAX: usize = 4;
/// Positions per window that are tried in full because they have the most time to spare.
const SPARE_MAX: usize = 4;

/// A position with room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) driver: usize,
    pub(super) position: usize,
    /// About what it costs.
    pub(super) about: ExactCost,
    /// By how much service may be late without breaking this promise or a later one.
    spare: Seconds,
}

/// The position that comes nearest to having room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Miss {
    pub(super) driver: usize,
    pub(super) obstacle: Obstacle,
    /// From when on there would be room in time, were the window longer.
    pub(super) possible_from: Option<Timestamp>,
    /// The position meant.
    pub(super) position: usize,
}

/// What all positions together say about one window.
#[derive(Clone, Debug, Default)]
pub(super) struct Survey {
    /// The cheapest positions of couriers on duty, at most one for each.
    cheap: Vec<Candidate>,
    /// Those with the most time to spare, likewise: where the cheap ones put too much at risk, one of these may do.
    spare: Vec<Candidate>,
    /// Who stays at home so far: the cheapest to send, and who has the most time to spare.
    fresh: [Option<Candidate>; 2],
    /// If there is no position with room: what comes nearest.
    pub(super) miss: Option<Miss>,
}

impl Survey {
    /// Positions worth trying, each once.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let mut candidates = self.cheap.clone();
        candidates.extend(self.fresh[0]);
        for candidate in self.fresh[1].iter().chain(&self.spare) {
            if !candidates.contains(candidate) {
                candidates.push(*candidate);
            }
        }
        candidates
    }

    /// Notes a position with room.
    fn found(&mut self, candidate: Candidate, is_idle: bool) {
        self.miss = None;
        if is_idle {
            let cost = |of: &Candidate| (of.about, -of.spare.0);
            let haste = |of: &Candidate| (-of.spare.0, of.about);
            let [cheap, spare] = &mut self.fresh;
            if cheap.is_none_or(|best| cost(&candidate) < cost(&best)) {
                *cheap = Some(candidate);
            }
            if spare.is_none_or(|best| haste(&candidate) < haste(&best)) {
                *spare = Some(candidate);
            }
            return;
        }
        keep(&mut self.cheap, candidate, CHEAP_MAX, |a| a.about.0);
        keep(&mut self.spare, candidate, SPARE_MAX, |a| -a.spare.0);
    }

    fn is_empty(&self) -> bool {
        self.cheap.is_empty() && self.fresh[0].is_none()
    }

    /// Notes a position without room.
    fn missed(&mut self, miss: Miss) {
        if self.is_empty() && self.miss.as_ref().is_none_or(|best| nearer(&miss, best)) {
            self.miss = Some(miss);
        }
    }
}

/// Keeps the `max` candidates that `rank` lowest, at most one for each courier.
fn keep(
    kept: &mut Vec<Candidate>,
    candidate: Candidate,
    max: usize,
    rank: impl Fn(&Candidate) -> i64,
) {
    let is_full = kept.len() == max;
    if is_full
        && kept
            .last()
            .is_some_and(|last| rank(last) <= rank(&candidate))
    {
        return;
    }
    let rival = kept
        .iter()
        .position(|other| other.driver == candidate.driver);
    match rival {
        Some(rival) if rank(&kept[rival]) <= rank(&candidate) => return,
        Some(rival) => {
            kept.remove(rival);
        }
        None => {}
    }
    let at = kept.partition_point(|other| rank(other) <= rank(&candidate));
    kept.insert(at, candidate);
    kept.truncate(max);
}

/// Whether `a` comes nearer to having room than `b`: first what needs only a longer window, by how much longer; then time
/// after it; then everything else.
fn nearer(a: &Miss, b: &Miss) -> bool {
    let rank = |miss: &Miss| {
        let constraint = miss.obstacle.constraint;
        let is = |kinds: &[ConstraintKind]| kinds.contains(&constraint);
        let group = if miss.possible_from.is_some() {
            0
        } else if is(&[
            ConstraintKind::TimeWindow,
            ConstraintKind::LaterStop,
            ConstraintKind::ShiftEnd,
        ]) {
            1
        } else if is(&[ConstraintKind::Capacity, ConstraintKind::MaxStops]) {
            2
        } else {
            3
        };
        (group, miss.obstacle.amount)
    };
    rank(a) < rank(b)
}

/// Why a courier could not even come for this order alone, whatever the time.
pub(super) fn exclusion(site: &Site, courier: &Courier, caller: &Caller) -> Option<Obstacle> {
    let order = &caller.booking().order;
    if let Some(skill) = order.required_skills.difference(&courier.skills).next() {
        return Some(Obstacle {
            subject: skill.clone(),
            ..Obstacle::new(ConstraintKind::Skill, 0)
        });
    }
    if !courier.is_admitted_by(order) {
        return Some(Obstacle::new(ConstraintKind::CourierForbidden, 0));
    }
    if !courier.comes_from_depot_of(order) {
        return Some(Obstacle::new(ConstraintKind::Depot, 0));
    }
    let dimensions = site.dimensions().iter().zip(&caller.loads);
    for (dimension, load) in dimensions {
        if let Some(capacity) = courier.capacities.get(dimension)
            && load > capacity
        {
            return Some(Obstacle {
                constraint: ConstraintKind::Capacity,
                amount: (*load - *capacity).0,
                subject: dimension.clone(),
            });
        }
    }
    None
}

/// An order on its way through the routes.
struct Tour<'a> {
    book: &'a Book,
    caller: &'a Caller,
    /// Windows in which service may start, each list sorted.
    windows: &'a [Vec<TimeWindow>],
}

/// A position with what any window there has in common.
struct Gap {
    driver: usize,
    position: usize,
    /// Earliest arrival.
    arrival: Timestamp,
    /// Service may start no later than this, for the sake of what comes after.
    latest: Timestamp,
    /// How much longer the way is, and how much later what comes after, without waiting.
    detour: Leg,
    /// When service starts after it, at the earliest, without the order.
    next: Timestamp,
    /// From the order to what comes after it, with the service.
    onward: Seconds,
    is_idle: bool,
}

/// Surveys all positions for each list of windows.
pub(super) fn survey(book: &Book, caller: &Caller, windows: &[Vec<TimeWindow>]) -> Vec<Survey> {
    let mut surveys = vec![Survey::default(); windows.len()];
    let tour = Tour {
        book,
        caller,
        windows,
    };
    for route in book.routes() {
        tour.survey_route(route, &mut surveys);
    }
    surveys
}

impl Tour<'_> {
    fn survey_route(&self, route: &Arc<LiveRoute>, surveys: &mut [Survey]) {
        let site = self.book.site();
        let own = &site.drivers()[route.driver()];
        if let Some(obstacle) = exclusion(site, &own.courier, self.caller) {
            self.miss_all(route.driver(), 0, &obstacle, surveys);
            return;
        }
        let stops = i64::try_from(route.stops().len()).unwrap_or(i64::MAX);
        let room = own
            .courier
            .limits
            .max_stops
            .map(|max| i64::from(max) - stops);
        if room.is_some_and(|room| room < 1) {
            let obstacle = Obstacle::new(ConstraintKind::MaxStops, 1);
            self.miss_all(route.driver(), 0, &obstacle, surveys);
            return;
        }
        let ways = site.ways();
        let here = &self.caller.point;
        let is_symmetric = ways.is_symmetric(own.profile);
        let mut into = own.way_out(ways, here);
        for position in 0..=route.stops().len() {
            // The way on to what comes next is, where ways are symmetric, the way here from it.
            let (onto, into_next) = match route.stops().get(position) {
                None => (own.way_back(ways, here), None),
                Some(next) => {
                    let back = own.leg(ways, &next.caller.point, here);
                    let onto = if is_symmetric {
                        back
                    } else {
                        own.leg(ways, here, &next.caller.point)
                    };
                    (onto, back)
                }
            };
            match into.zip(onto) {
                None => {
                    let obstacle = Obstacle::new(ConstraintKind::Unreachable, 0);
                    self.miss_all(route.driver(), position, &obstacle, surveys);
                }
                Some((into, onto)) => self.survey_gap(route, position, into, onto, surveys),
            }
            into = into_next;
        }
    }

    fn survey_gap(
        &self,
        route: &LiveRoute,
        position: usize,
        into: Leg,
        onto: Leg,
        surveys: &mut [Survey],
    ) {
        let site = self.book.site();
        let own = &site.drivers()[route.driver()];
        let order = &self.caller.booking().order;
        if let Some(obstacle) = self.overload(route, position) {
            self.miss_all(route.driver(), position, &obstacle, surveys);
            return;
        }
        let service = self.service(route.driver());
        // Goods that are ready later hold the whole route back.
        let ready = order.ready.map(|ready| ready + own.loading);
        let departure = route.earliest_departure(position);
        let departure = ready.map_or(departure, |ready| departure.max(ready));
        let onward = onto.duration + service;
        let before = route.leg(position);
        let gap = Gap {
            driver: route.driver(),
            position,
            arrival: departure + into.duration,
            latest: route.latest_service(position) - onward,
            detour: Leg {
                duration: into.duration + onto.duration - before.duration,
                distance: into.distance + onto.distance - before.distance,
            },
            next: route.earliest_departure(position) + before.duration,
            onward,
            is_idle: route.stops().is_empty(),
        };
        for (windows, survey) in self.windows.iter().zip(surveys) {
            self.survey_window(&gap, windows, survey);
        }
    }

    fn survey_window(&self, gap: &Gap, windows: &[TimeWindow], survey: &mut Survey) {
        let own = &self.book.site().drivers()[gap.driver];
        let miss = |constraint, amount: Seconds, possible_from| Miss {
            driver: gap.driver,
            obstacle: Obstacle::new(constraint, amount.0),
            possible_from,
            position: gap.position,
        };
        let service = service_start(windows, gap.arrival);
        if let Some(service) = service.filter(|service| *service <= gap.latest) {
            let (longer, fixed) = if gap.is_idle {
                // Who stays at home leaves when it is time: waiting costs nothing.
                let duty = gap.detour.duration + self.service(gap.driver);
                (duty, ExactCost::from_cost(own.courier.costs.fixed))
            } else {
                // What comes after moves by no more than this.
                let delay = (service + gap.onward - gap.next).max(Seconds::ZERO);
                (delay, ExactCost::default())
            };
            let longer = Leg {
                duration: longer,
                ..gap.detour
            };
            let candidate = Candidate {
                driver: gap.driver,
                position: gap.position,
                about: own.about(longer) + fixed,
                spare: last_moment(windows, service).min(gap.latest) - service,
            };
            survey.found(candidate, gap.is_idle);
            return;
        }
        let (Some(first), Some(last)) = (windows.first(), windows.last()) else {
            survey.missed(miss(ConstraintKind::TimeWindow, Seconds(i64::MAX), None));
            return;
        };
        let earliest = gap.arrival.max(first.start);
        if earliest <= gap.latest {
            // Only the window is too short.
            let short = earliest - last.end;
            survey.missed(miss(ConstraintKind::TimeWindow, short, Some(earliest)));
        } else {
            let is_last = gap.position == self.book.routes()[gap.driver].stops().len();
            let constraint = if is_last {
                ConstraintKind::ShiftEnd
            } else {
                ConstraintKind::LaterStop
            };
            survey.missed(miss(constraint, earliest - gap.latest, None));
        }
    }

    /// How long the courier with number `driver` is at the door.
    fn service(&self, driver: usize) -> Seconds {
        let own = &self.book.site().drivers()[driver];
        own.courier.service_time(&self.caller.booking().order)
    }

    /// The dimension in which the vehicle would be too full.
    fn overload(&self, route: &LiveRoute, position: usize) -> Option<Obstacle> {
        let site = self.book.site();
        let own = &site.drivers()[route.driver()];
        let kind = self.caller.booking().order.kind;
        let loads = self.caller.loads.iter().zip(&own.capacities).enumerate();
        for (dimension, (load, capacity)) in loads {
            let Some(capacity) = capacity.filter(|_| *load > Load::ZERO) else {
                continue;
            };
            let peak = route.peak_beside(dimension, position, kind) + *load;
            if peak > capacity {
                return Some(Obstacle {
                    constraint: ConstraintKind::Capacity,
                    amount: (peak - capacity).0,
                    subject: site.dimensions()[dimension].clone(),
                });
            }
        }
        None
    }

    fn miss_all(
        &self,
        driver: usize,
        position: usize,
        obstacle: &Obstacle,
        surveys: &mut [Survey],
    ) {
        for survey in surveys {
            survey.missed(Miss {
                driver,
                obstacle: obstacle.clone(),
                possible_from: None,
                position,
            });
        }
    }
}

/// The end of the window in which service starts.
fn last_moment(windows: &[TimeWindow], service: Timestamp) -> Timestamp {
    let window = windows.iter().find(|window| window.end >= service);
    window.map_or(service, |window| window.end)
}

/// The stops of `route` with `stop` at `position`.
pub(super) fn with_stop(route: &LiveRoute, position: usize, stop: &Arc<Stop>) -> Vec<Arc<Stop>> {
    let mut stops = Vec::with_capacity(route.stops().len() + 1);
    stops.extend_from_slice(&route.stops()[..position]);
    stops.push(Arc::clone(stop));
    stops.extend_from_slice(&route.stops()[position..]);
    stops
}
