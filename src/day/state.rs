//! The state of a day: what all reports together say.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::courier::{CourierState, EventKey, StopState};
use super::event::{Event, Report};
use super::outcome::{OrderOutcome, Outcome, Outcomes, outcome};
use super::refusal::{Refusal, findings};
use super::roster::Roster;
use crate::model::{
    CourierId, EventId, Finding, InitialPlan, Lock, OrderId, ReloadSketch, RouteSketch, StopLock,
    ZoneId,
};
use crate::units::{BasisPoints, Seconds, Timestamp};

/// What a day goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Lateness that still counts as on time.
    pub grace: Seconds,
    /// How far the clock of a device may be ahead.
    pub clock_tolerance: Seconds,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            grace: Seconds::ZERO,
            clock_tolerance: Seconds(120),
        }
    }
}

/// What became of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Whether the same was reported before, so that nothing has changed.
    pub is_repeated: bool,
    /// The number of the courier whom it is about, if it is about one.
    pub courier: Option<usize>,
    /// What does not fit, if it does not: then it is on record, and has no effect.
    pub contradiction: Option<Finding>,
}

/// What was said of the traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficNote {
    /// From when on.
    pub since: Timestamp,
    /// The last moment; `None` for the rest of the day.
    pub until: Option<Timestamp>,
    /// Where; `None` for wherever nothing is said by itself.
    pub area: Option<ZoneId>,
    /// Factor on travel times.
    pub factor: BasisPoints,
}

/// What a customer thought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    /// When.
    pub at: Timestamp,
    /// 1 to 5, the best.
    pub stars: u8,
    /// In words.
    pub words: String,
    /// The reason that the customer chose.
    pub reason: String,
}

/// A day under way.
///
/// Its state is a function of the set of reports: it is the same whatever the sequence in which they come.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    roster: Arc<Roster>,
    rules: Rules,
    reports: BTreeMap<EventId, Arc<Report>>,
    /// By courier.
    events: Vec<BTreeMap<EventKey, Arc<Report>>>,
    couriers: Vec<Arc<CourierState>>,
    /// In the sequence of events.
    traffic: BTreeMap<(Timestamp, EventId), TrafficNote>,
    /// By order; the last one counts.
    ratings: BTreeMap<OrderId, BTreeMap<(Timestamp, EventId), Rating>>,
    last_report: Option<Timestamp>,
}

impl Day {
    /// A day of which nothing has been reported.
    #[must_use]
    pub fn new(roster: Arc<Roster>, rules: Rules) -> Self {
        let none = BTreeMap::new();
        let couriers = roster.routes().iter();
        Self {
            couriers: couriers
                .map(|route| Arc::new(CourierState::of(route, &none)))
                .collect(),
            events: vec![none; roster.routes().len()],
            roster,
            rules,
            reports: BTreeMap::new(),
            traffic: BTreeMap::new(),
            ratings: BTreeMap::new(),
            last_report: None,
        }
    }

    /// The day that `reports`, a record of it, make.
    ///
    /// # Errors
    /// If one of them is not one that a day takes.
    pub fn replay(
        roster: Arc<Roster>,
        rules: Rules,
        reports: impl IntoIterator<Item = Report>,
    ) -> Result<Self, Refusal> {
        let mut day = Self::new(roster, rules);
        for report in reports {
            day.report(report)?;
        }
        Ok(day)
    }

    /// Takes a report.
    ///
    /// # Errors
    /// If it is not valid, or its id was used for something else: then nothing has changed.
    pub fn report(&mut self, report: Report) -> Result<Taken, Refusal> {
        let courier = report.event.courier();
        let courier = courier.and_then(|courier| self.roster.courier(courier));
        if let Some(known) = self.reports.get(&report.id) {
            // The same event may be sent again later.
            if known.event != report.event || known.at != report.at {
                return Err(Refusal::IdReused(report.id));
            }
            return Ok(self.taken(&report.id, courier, true));
        }
        let wrong = findings(&self.roster, &report, self.rules.clock_tolerance);
        if !wrong.is_empty() {
            return Err(Refusal::Invalid(wrong));
        }
        let report = Arc::new(report);
        self.last_report = self.last_report.max(Some(report.reported_at));
        self.reports.insert(report.id.clone(), Arc::clone(&report));
        self.file(&report, courier);
        Ok(self.taken(&report.id, courier, false))
    }

    /// Puts a new report where it belongs.
    fn file(&mut self, report: &Arc<Report>, courier: Option<usize>) {
        let key = (report.at, report.id.clone());
        if let Some(courier) = courier {
            let order = report.event.order();
            let place = order.and_then(|order| self.roster.order(order)).flatten();
            let stop = place.map_or(0, |(_, stop)| stop);
            let key = (report.at, stop, report.event.step(), report.id.clone());
            self.events[courier].insert(key, Arc::clone(report));
            let route = &self.roster.routes()[courier];
            self.couriers[courier] = Arc::new(CourierState::of(route, &self.events[courier]));
        } else if let Event::Traffic {
            area,
            factor,
            until,
        } = &report.event
        {
            let note = TrafficNote {
                since: report.at,
                until: *until,
                area: area.clone(),
                factor: *factor,
            };
            self.traffic.insert(key, note);
        } else if let Event::Rating {
            order,
            stars,
            words,
            reason,
        } = &report.event
        {
            let rating = Rating {
                at: report.at,
                stars: *stars,
                words: words.clone(),
                reason: reason.clone(),
            };
            let of_order = self.ratings.entry(order.clone()).or_default();
            of_order.insert(key, rating);
        }
    }

    /// What became of the report called `id`.
    fn taken(&self, id: &EventId, courier: Option<usize>, is_repeated: bool) -> Taken {
        let contradictions = courier.map(|courier| &self.couriers[courier].contradictions);
        let mut contradictions = contradictions.into_iter().flatten();
        let contradiction = contradictions.find(|(event, _)| event == id);
        Taken {
            is_repeated,
            courier,
            contradiction: contradiction.map(|(_, finding)| finding.clone()),
        }
    }

    /// The plan of the day.
    #[must_use]
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// What the day goes by.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// All reports taken, by id.
    #[must_use]
    pub fn reports(&self) -> &BTreeMap<EventId, Arc<Report>> {
        &self.reports
    }

    /// When something was reported last.
    #[must_use]
    pub fn last_report(&self) -> Option<Timestamp> {
        self.last_report
    }

    /// The couriers, in the order of the roster.
    #[must_use]
    pub fn couriers(&self) -> &[Arc<CourierState>] {
        &self.couriers
    }

    /// The courier called `id`.
    #[must_use]
    pub fn courier(&self, id: &CourierId) -> Option<&CourierState> {
        let number = self.roster.courier(id)?;
        Some(&self.couriers[number])
    }

    /// What was said of the traffic, in the sequence of its beginning.
    pub fn traffic(&self) -> impl Iterator<Item = &TrafficNote> {
        self.traffic.values()
    }

    /// What the customer of `order` thought of it last.
    #[must_use]
    pub fn rating(&self, order: &OrderId) -> Option<&Rating> {
        let of_order = self.ratings.get(order)?;
        of_order.last_key_value().map(|(_, rating)| rating)
    }

    /// What came of the promise of the stop with number `stop` of the courier with number `courier`.
    #[must_use]
    pub fn outcome(&self, courier: usize, stop: usize) -> Outcome {
        let planned = &self.roster.routes()[courier].stops[stop];
        outcome(
            planned,
            &self.couriers[courier].stops[stop],
            self.rules.grace,
        )
    }

    /// What came of all promises so far, by courier and then in the sequence of the plan.
    #[must_use]
    pub fn outcomes(&self) -> Vec<OrderOutcome> {
        let mut outcomes = Vec::new();
        for (courier, route) in self.roster.routes().iter().enumerate() {
            for (stop, planned) in route.stops.iter().enumerate() {
                outcomes.push(OrderOutcome {
                    order: planned.order.clone(),
                    outcome: self.outcome(courier, stop),
                });
            }
        }
        outcomes
    }

    /// How many promises came to what.
    #[must_use]
    pub fn tally(&self) -> Outcomes {
        Outcomes::count(self.outcomes().into_iter().map(|order| order.outcome))
    }

    /// The plan as the day has it now, to begin a repair with: stops made in the sequence in which they were made, then
    /// those to come, with the locks of what has happened or is happening. Stops that are skipped are in no route.
    #[must_use]
    pub fn initial_plan(&self) -> InitialPlan {
        let mut initial = InitialPlan::default();
        for (route, state) in self.roster.routes().iter().zip(&self.couriers) {
            let visited = state.visited.iter().copied();
            let kept = visited.filter(|stop| state.stops[*stop].state != StopState::Skipped);
            let sequence: Vec<usize> = kept.chain(state.ahead()).collect();
            if sequence.is_empty() {
                continue;
            }
            let order = |stop: &usize| route.stops[*stop].order.clone();
            for stop in &sequence {
                let lock = state.lock(*stop);
                if lock != Lock::Free {
                    let order = order(stop);
                    initial.locks.push(StopLock { order, lock });
                }
            }
            initial.routes.push(RouteSketch {
                courier: route.courier.clone(),
                orders: sequence.iter().map(order).collect(),
                start: route.start,
                reloads: reloads(&route.reloads, &sequence),
            });
        }
        initial
    }
}

/// `planned`, returns to a depot, where they are in `sequence`, which has other stops than the plan.
fn reloads(planned: &[ReloadSketch], sequence: &[usize]) -> Vec<ReloadSketch> {
    let mut reloads: Vec<ReloadSketch> = Vec::new();
    for reload in planned {
        let before = sequence.iter().filter(|stop| **stop < reload.n_before);
        let n_before = before.count();
        let last = reloads.last().map_or(0, |reload| reload.n_before);
        if n_before > last && n_before < sequence.len() {
            let depot = reload.depot.clone();
            reloads.push(ReloadSketch { depot, n_before });
        }
    }
    reloads
}
