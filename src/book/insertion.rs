//! Where an order could go: every position of every route, with constant work for each window.

use std::sync::Arc;

use super::route::{LiveRoute, Obstacle, service_start};
use super::{Book, Caller, Site, Stop};
use crate::model::{ConstraintKind, Courier, TimeWindow};
use crate::travel::Leg;
use crate::units::{ExactCost, Load, Seconds, Timestamp};

/// Positions per window that are tried in full.
const TRIED_MAX: usize = 4;

/// A position with room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) driver: usize,
    pub(super) position: usize,
    /// About what it costs.
    pub(super) about: ExactCost,
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
    /// The cheapest positions, at most one for each courier on duty and one for all that stay at home so far.
    pub(super) candidates: Vec<Candidate>,
    /// If there is none: what comes nearest.
    pub(super) miss: Option<Miss>,
}

impl Survey {
    /// Notes a position with room.
    fn found(&mut self, candidate: Candidate, is_idle: bool, book: &Book) {
        self.miss = None;
        let rival = self.candidates.iter().position(|other| {
            let is_other_idle = book.routes()[other.driver].stops().is_empty();
            other.driver == candidate.driver || (is_idle && is_other_idle)
        });
        match rival {
            Some(rival) if self.candidates[rival].about <= candidate.about => return,
            Some(rival) => {
                self.candidates.remove(rival);
            }
            None => {}
        }
        let at = self
            .candidates
            .partition_point(|other| other.about <= candidate.about);
        if at < TRIED_MAX {
            self.candidates.insert(at, candidate);
            self.candidates.truncate(TRIED_MAX);
        }
    }

    /// Notes a position without room.
    fn missed(&mut self, miss: Miss) {
        if self.candidates.is_empty() && self.miss.as_ref().is_none_or(|best| nearer(&miss, best)) {
            self.miss = Some(miss);
        }
    }
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
        let service = own.courier.service_time(order);
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
            // What comes after moves by no more than this.
            let delay = (service + gap.onward - gap.next).0.max(0);
            let fixed = if gap.is_idle {
                ExactCost::from_cost(own.courier.costs.fixed)
            } else {
                ExactCost::default()
            };
            let longer = Leg {
                duration: Seconds(delay),
                ..gap.detour
            };
            let candidate = Candidate {
                driver: gap.driver,
                position: gap.position,
                about: own.about(longer) + fixed,
            };
            survey.found(candidate, gap.is_idle, self.book);
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

/// The stops of `route` with `stop` at `position`.
pub(super) fn with_stop(route: &LiveRoute, position: usize, stop: &Arc<Stop>) -> Vec<Arc<Stop>> {
    let mut stops = Vec::with_capacity(route.stops().len() + 1);
    stops.extend_from_slice(&route.stops()[..position]);
    stops.push(Arc::clone(stop));
    stops.extend_from_slice(&route.stops()[position..]);
    stops
}
