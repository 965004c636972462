//! The state of a day: what all reports together say.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::courier::{Claim, Claims, CourierState, EventKey, StopState};
use super::event::{Event, FailureReason, Report};
use super::outcome::{OrderOutcome, Outcome, Outcomes, outcome};
use super::refusal::{Origin, Refusal, findings};
use super::replan::Replan;
use super::roster::Roster;
use crate::model::{
    CourierId, EventId, Finding, InitialPlan, Lock, OrderId, Problem, ReloadSketch, RouteSketch,
    StopLock, TimeWindow, ZoneId,
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
/// Its state is a function of the set of reports and of the changes of the plan in their sequence: it is the same whatever
/// the sequence in which reports come, and whether before or after a change.
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
    /// By order: couriers who said that they delivered it.
    deliveries: BTreeMap<OrderId, BTreeMap<(Timestamp, EventId), usize>>,
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
                .map(|route| Arc::new(CourierState::of(route, &none, &Claims::new())))
                .collect(),
            events: vec![none; roster.routes().len()],
            roster,
            rules,
            reports: BTreeMap::new(),
            traffic: BTreeMap::new(),
            ratings: BTreeMap::new(),
            deliveries: BTreeMap::new(),
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
            day.recall(report)?;
        }
        Ok(day)
    }

    /// Takes a report.
    ///
    /// # Errors
    /// If it is not valid, or its id was used for something else: then nothing has changed.
    pub fn report(&mut self, report: Report) -> Result<Taken, Refusal> {
        self.take(report, Origin::Reported)
    }

    /// Takes a report that is on record, by the rules that it was taken by then.
    ///
    /// # Errors
    /// As for [`Self::report`].
    pub fn recall(&mut self, report: Report) -> Result<Taken, Refusal> {
        self.take(report, Origin::Recorded)
    }

    fn take(&mut self, report: Report, origin: Origin) -> Result<Taken, Refusal> {
        let courier = report.event.courier();
        let courier = courier.and_then(|courier| self.roster.courier(courier));
        if let Some(known) = self.reports.get(&report.id) {
            // The same event may be sent again later.
            if known.event != report.event || known.at != report.at {
                return Err(Refusal::IdReused(report.id));
            }
            return Ok(self.taken(&report.id, courier, true));
        }
        let wrong = findings(&self.roster, &report, self.rules.clock_tolerance, origin);
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
            self.place(report, courier);
            self.retell(courier);
            if let Some(order) = report.event.order().filter(|_| report.event.is_delivery()) {
                let by = self.deliveries.entry(order.clone()).or_default();
                by.insert(key, courier);
                // Others who had the order, or have it now, need not go there.
                let now = self.roster.order(order).flatten();
                let places = self.roster.former(order).iter().copied().chain(now);
                let others: Vec<usize> = places.map(|(other, _)| other).collect();
                for other in others.into_iter().filter(|other| *other != courier) {
                    self.retell(other);
                }
            }
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

    /// Puts a report among those of the courier with number `courier`.
    fn place(&mut self, report: &Arc<Report>, courier: usize) {
        let order = report.event.order();
        let stop = order.and_then(|order| self.roster.stop_of(courier, order));
        // Who cannot go on at the second of a delivery cannot after it.
        let usual = if report.event.is_standing() {
            usize::MAX
        } else {
            0
        };
        let key = (
            report.at,
            stop.unwrap_or(usual),
            report.event.step(),
            report.id.clone(),
        );
        self.events[courier].insert(key, Arc::clone(report));
    }

    /// Goes through the events of a courier again.
    fn retell(&mut self, courier: usize) {
        let route = &self.roster.routes()[courier];
        let claims = self.claims(courier);
        let state = CourierState::of(route, &self.events[courier], &claims);
        self.couriers[courier] = Arc::new(state);
    }

    /// What others have delivered that the courier with number `courier` has or had to.
    fn claims(&self, courier: usize) -> Claims {
        let mut claims = Claims::new();
        for order in self.roster.moved() {
            let Some(by) = self.deliveries.get(order) else {
                continue;
            };
            let first = by.iter().find(|(_, other)| **other != courier);
            let stop = self.roster.stop_of(courier, order);
            if let (Some(((at, id), other)), Some(stop)) = (first, stop) {
                let claim = Claim {
                    at: *at,
                    id: id.clone(),
                    courier: self.roster.routes()[*other].courier.clone(),
                };
                claims.insert(stop, claim);
            }
        }
        claims
    }

    /// Takes a change of the plan, which makes the problem `after` of `before`; the caller has looked at whether it is
    /// sound.
    pub(super) fn replan(&mut self, before: &Problem, after: &Problem, replan: &Replan) {
        self.roster = Arc::new(self.roster.replanned(before, after, replan));
        let n_couriers = self.roster.routes().len();
        let events = std::mem::take(&mut self.events);
        self.events = vec![BTreeMap::new(); n_couriers];
        for (courier, events) in events.into_iter().enumerate() {
            for report in events.values() {
                self.place(report, courier);
            }
        }
        let none = CourierState::of(&self.roster.routes()[0], &BTreeMap::new(), &Claims::new());
        self.couriers.resize(n_couriers, Arc::new(none));
        for courier in 0..n_couriers {
            self.retell(courier);
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

    /// What came of the promise of the stop with number `stop` of the courier with number `courier`: by whoever made it, if
    /// the plan has changed. Nothing is to come of a former stop that was not made.
    #[must_use]
    pub fn outcome(&self, courier: usize, stop: usize) -> Outcome {
        let planned = &self.roster.routes()[courier].stops[stop];
        if planned.is_former {
            return self.outcome_at((courier, stop));
        }
        let maker = self.maker(&planned.order);
        self.outcome_at(maker.unwrap_or((courier, stop)))
    }

    fn outcome_at(&self, (courier, stop): (usize, usize)) -> Outcome {
        outcome(
            &self.roster.routes()[courier].stops[stop],
            &self.couriers[courier].stops[stop],
            self.rules.grace,
        )
    }

    /// The former stop at which `order` was handed over.
    fn maker(&self, order: &OrderId) -> Option<(usize, usize)> {
        let is_made = |(courier, stop): &&(usize, usize)| {
            let state = self.couriers[*courier].stops[*stop].state;
            matches!(state, StopState::Delivered | StopState::DeliveredInPart)
        };
        self.roster.former(order).iter().find(is_made).copied()
    }

    /// What came of all promises so far, by courier and then in the sequence of the plan; then of orders that nobody visits
    /// any more since the plan changed, and of those that nobody ever was to visit though they are promised or have to be
    /// served. Of orders that were cancelled only if they were handed over all the same.
    #[must_use]
    pub fn outcomes(&self) -> Vec<OrderOutcome> {
        let mut outcomes = Vec::new();
        for (courier, route) in self.roster.routes().iter().enumerate() {
            for (stop, planned) in route.stops[..route.n_current()].iter().enumerate() {
                let is_near = matches!(
                    self.couriers[courier].stops[stop].state,
                    StopState::AtDoor | StopState::Unreported
                );
                let due = self.due(&planned.windows);
                outcomes.push(OrderOutcome {
                    order: planned.order.clone(),
                    outcome: self.outcome(courier, stop),
                    due: due.filter(|_| !is_near),
                });
            }
        }
        for order in self.roster.moved() {
            if self.roster.order(order).flatten().is_some() {
                continue;
            }
            let outcome = match self.maker(order) {
                Some(maker) => self.outcome_at(maker),
                None if self.roster.is_cancelled(order) => continue,
                None => Outcome::NotDelivered(FailureReason::NoTime),
            };
            outcomes.push(OrderOutcome {
                order: order.clone(),
                outcome,
                due: None,
            });
        }
        let loose = self.roster.loose();
        outcomes.extend(loose.map(|(order, windows)| OrderOutcome {
            order: order.clone(),
            outcome: Outcome::Open,
            due: self.due(windows),
        }));
        outcomes
    }

    /// The last moment at which somebody may come for a promise of `windows` to be kept.
    fn due(&self, windows: &[TimeWindow]) -> Option<Timestamp> {
        windows.last().map(|window| window.end + self.rules.grace)
    }

    /// How many promises came to what, as far as is known at `now`.
    #[must_use]
    pub fn tally(&self, now: Timestamp) -> Outcomes {
        Outcomes::count(&self.outcomes(), now)
    }

    /// Orders that nobody comes for, though their customers wait: those that were skipped, that the plan leaves out, or that
    /// it has left out since it changed.
    #[must_use]
    pub fn left_out(&self) -> Vec<OrderId> {
        let mut left = Vec::new();
        for (courier, route) in self.roster.routes().iter().enumerate() {
            for (stop, planned) in route.stops[..route.n_current()].iter().enumerate() {
                let is_skipped = self.couriers[courier].stops[stop].state == StopState::Skipped;
                if is_skipped && self.maker(&planned.order).is_none() {
                    left.push(planned.order.clone());
                }
            }
        }
        let nowhere = self
            .roster
            .moved()
            .chain(self.roster.loose().map(|(order, _)| order));
        let nowhere =
            nowhere.filter(|order| self.roster.is_left_out(order) && self.maker(order).is_none());
        left.extend(nowhere.cloned());
        left
    }

    /// The plan as the day has it now, to begin a repair with: stops made in the sequence in which they were made, then
    /// those to come, with the locks of what has happened or is happening. Stops that are skipped are in no route.
    #[must_use]
    pub fn initial_plan(&self) -> InitialPlan {
        let mut initial = InitialPlan::default();
        for (route, state) in self.roster.routes().iter().zip(&self.couriers) {
            let visited = state.visited.iter().copied();
            // What the courier did at the door of a former stop counts only if something was handed over.
            let kept = visited.filter(|stop| {
                let is_former = route.stops[*stop].is_former;
                match state.stops[*stop].state {
                    StopState::Skipped | StopState::Moved => false,
                    StopState::Delivered | StopState::DeliveredInPart => true,
                    StopState::ToCome
                    | StopState::AtDoor
                    | StopState::Failed(_)
                    | StopState::Unreported => !is_former,
                }
            });
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
