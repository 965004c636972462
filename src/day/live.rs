//! A day with what is to be expected of it: state, forecast and alerts together.
//!
//! Time is what callers say it is: the time at which something is reported, and [`LiveDay::tick`], which lets time pass in
//! which nothing is. Both go forward only; who says an earlier time than before means the latest.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::alerts::{AlertChange, AlertRules, Alerts};
use super::courier::{CourierState, Outage, StopState, Whereabouts};
use super::event::{Event, Report};
use super::outcome::Outcomes;
use super::refusal::Refusal;
use super::replan::{Replan, ReplanRefusal, after, conflicts, late_windows};
use super::roster::{Roster, RosterRoute};
use super::state::{Day, Rules, Taken, TrafficNote};
use crate::forecast::{
    DayUnderWay, Hold, RouteOutlook, RouteProgress, StopOutlook, TrafficShift, VisitTimes,
};
use crate::model::{NoiseModel, Plan, Problem, Route};
use crate::units::{Seconds, Timestamp};

/// Couriers of whom nothing was reported for so long are looked at again: silence is news, too.
const LOOK_AGAIN: Seconds = Seconds(60);

/// How a day is forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveTerms {
    /// What the state goes by.
    pub rules: Rules,
    /// When alerts are raised.
    pub alerts: AlertRules,
    /// How days vary.
    pub noise: NoiseModel,
    /// Days that each outlook is drawn on; rounded up to a multiple of 128.
    pub days: u32,
    /// Random seed.
    pub seed: u64,
}

impl Default for LiveTerms {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            alerts: AlertRules::default(),
            noise: NoiseModel::default(),
            days: 512,
            seed: 1,
        }
    }
}

/// What a report changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What became of it.
    pub taken: Taken,
    /// What is to be expected of the courier whom it is about.
    pub outlook: Option<Arc<RouteOutlook>>,
    /// What is to be told.
    pub alerts: Vec<AlertChange>,
}

/// A day with its forecast and its alerts.
#[derive(Clone, Debug)]
pub struct LiveDay {
    problem: Arc<Problem>,
    /// How often the plan has changed.
    version: u64,
    day: Day,
    forecast: DayUnderWay,
    alerts: Alerts,
    /// By courier: the last look, and when it was taken.
    looks: Vec<Option<(Timestamp, Arc<RouteOutlook>)>>,
    now: Timestamp,
}

impl LiveDay {
    /// A day of which nothing has been reported, as `plan`, which is one of `problem`, has it.
    #[must_use]
    pub fn new(problem: Arc<Problem>, plan: &Plan, terms: &LiveTerms) -> Self {
        let roster = Arc::new(Roster::new(&problem, plan));
        let LiveTerms {
            rules, days, seed, ..
        } = *terms;
        Self {
            looks: vec![None; roster.routes().len()],
            day: Day::new(roster, rules),
            version: 0,
            problem: Arc::clone(&problem),
            forecast: DayUnderWay::new(problem, plan, &terms.noise, rules.grace, days, seed),
            alerts: Alerts::new(terms.alerts),
            now: Timestamp(i64::MIN),
        }
    }

    /// The state.
    #[must_use]
    pub fn day(&self) -> &Day {
        &self.day
    }

    /// The problem as it is now: with the orders that came since, and the windows told now.
    #[must_use]
    pub fn problem(&self) -> &Arc<Problem> {
        &self.problem
    }

    /// How often the plan has changed.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The latest moment that was said to be now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The forecast.
    #[must_use]
    pub fn forecast(&self) -> &DayUnderWay {
        &self.forecast
    }

    /// Open alerts.
    #[must_use]
    pub fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// What was to be expected of the courier with number `courier` when looked at last, and when that was.
    #[must_use]
    pub fn look(&self, courier: usize) -> Option<(Timestamp, &Arc<RouteOutlook>)> {
        let (at, outlook) = self.looks.get(courier)?.as_ref()?;
        Some((*at, outlook))
    }

    /// How many promises came to what, as far as is known now.
    #[must_use]
    pub fn tally(&self) -> Outcomes {
        self.day.tally(self.now)
    }

    /// The chance that the promise first told of the stop with number `stop` of the courier with number `courier` is kept,
    /// of which `found` is to be expected.
    #[must_use]
    pub fn first_chance(&self, courier: usize, found: &StopOutlook) -> f64 {
        let stop = &self.day.roster().routes()[courier].stops[found.stop];
        stop.first_chance(found.on_time, found.arrival, self.day.rules().grace)
    }

    /// What is to be expected at `now` of the courier with number `courier`: of the stops to come, and of those that were
    /// skipped, to which nobody comes. Nothing changes.
    #[must_use]
    pub fn outlook(&self, courier: usize, now: Timestamp) -> RouteOutlook {
        let mut outlook = self.forecast.outlook(courier, now);
        let route = &self.day.roster().routes()[courier];
        let state = &self.day.couriers()[courier];
        // Nobody comes to who is skipped, and somebody waits there.
        for (stop, record) in state.stops.iter().enumerate() {
            let is_waiting = record.state == StopState::Skipped && !route.stops[stop].is_former;
            let planned = (self.forecast).planned_arrival(courier, stop);
            if let (true, Some(planned)) = (is_waiting, planned) {
                outlook.stops.push(StopOutlook::nobody(stop, planned));
            }
        }
        outlook
    }

    /// Takes a report, and looks anew at whom it is about; what is said of the traffic is about everybody.
    ///
    /// # Errors
    /// If the report is refused: then nothing has changed.
    pub fn report(&mut self, report: Report) -> Result<Answer, Refusal> {
        let (taken, concerned) = self.take(report)?;
        let alerts = self.look_at(concerned);
        let look = taken.courier.and_then(|courier| self.look(courier));
        let outlook = look.map(|(_, outlook)| Arc::clone(outlook));
        Ok(Answer {
            taken,
            outlook,
            alerts,
        })
    }

    /// Takes a report without looking anew at anybody; also gives the numbers of the couriers who should be looked at. One
    /// that is repeated changes nothing at all.
    ///
    /// # Errors
    /// If the report is refused: then nothing has changed.
    pub fn take(&mut self, report: Report) -> Result<(Taken, Range<usize>), Refusal> {
        self.take_by(Day::report, report)
    }

    /// Takes a report that is on record, as [`Self::take`] took it then.
    pub(super) fn recall(&mut self, report: Report) -> Result<(Taken, Range<usize>), Refusal> {
        self.take_by(Day::recall, report)
    }

    fn take_by(
        &mut self,
        take: impl Fn(&mut Day, Report) -> Result<Taken, Refusal>,
        report: Report,
    ) -> Result<(Taken, Range<usize>), Refusal> {
        let now = report.reported_at;
        let is_traffic = matches!(report.event, Event::Traffic { .. });
        let taken = take(&mut self.day, report)?;
        if taken.is_repeated {
            return Ok((taken, 0..0));
        }
        self.pass(now);
        let mut concerned = 0..0;
        if let Some(courier) = taken.courier {
            let state = &self.day.couriers()[courier];
            self.forecast.observe(courier, progress(state));
            concerned = courier..courier + 1;
        } else if is_traffic {
            let shifts: Vec<TrafficShift> = self.day.traffic().map(shift).collect();
            self.forecast.set_traffic(&shifts);
            concerned = 0..self.looks.len();
        }
        Ok((taken, concerned))
    }

    /// Lets time pass up to `now` without looking at anybody; says whether anything is expected otherwise from then on.
    pub fn pass(&mut self, now: Timestamp) -> bool {
        self.now = self.now.max(now);
        self.forecast.pass(self.now)
    }

    /// Numbers of the couriers who were not looked at for a minute, those who were not for longest first.
    #[must_use]
    pub fn due(&self) -> Vec<usize> {
        let last = |courier: usize| self.looks[courier].as_ref().map(|(at, _)| *at);
        let is_due = |courier: &usize| last(*courier).is_none_or(|at| at + LOOK_AGAIN <= self.now);
        let mut due: Vec<usize> = (0..self.looks.len()).filter(is_due).collect();
        due.sort_by_key(|courier| last(*courier));
        due
    }

    /// Lets time pass up to `now`: looks again at everybody who was not looked at for a minute.
    ///
    /// Shape: time in proportion to the couriers looked at, each as for a report.
    pub fn tick(&mut self, now: Timestamp) -> Vec<AlertChange> {
        self.pass(now);
        self.look_at(self.due())
    }

    /// Looks at couriers now; gives what is to be told of them.
    ///
    /// # Panics
    /// If a number is not that of a courier.
    pub fn look_at(&mut self, couriers: impl IntoIterator<Item = usize>) -> Vec<AlertChange> {
        let mut changes = Vec::new();
        for courier in couriers {
            let outlook = Arc::new(self.outlook(courier, self.now));
            let route = &self.day.roster().routes()[courier];
            changes.extend(self.alerts.review(courier, route, &outlook, self.now));
            self.looks[courier] = Some((self.now, outlook));
        }
        changes
    }

    /// Whether a change of the plan would be taken; nothing changes.
    ///
    /// # Errors
    /// As for [`LiveDay::replan`].
    pub fn try_replan(&self, replan: &Replan) -> Result<(), ReplanRefusal> {
        self.checked(replan)?;
        // Records have some of these.
        let late = late_windows(&self.day, replan);
        if late.is_empty() {
            Ok(())
        } else {
            Err(ReplanRefusal::Overtaken(late))
        }
    }

    /// The problem after a change of the plan that can be taken.
    fn checked(&self, replan: &Replan) -> Result<Problem, ReplanRefusal> {
        if replan.version != self.version {
            return Err(ReplanRefusal::Stale {
                of: replan.version,
                is: self.version,
            });
        }
        let problem = after(&self.problem, self.day.roster(), replan)?;
        let conflicts = conflicts(&self.day, replan);
        if conflicts.is_empty() {
            Ok(problem)
        } else {
            Err(ReplanRefusal::Overtaken(conflicts))
        }
    }

    /// Takes a change of the plan, and looks anew at everybody.
    ///
    /// What was reported stays, and so do promises first told: they are what the day is judged by. The forecast learns from
    /// the day anew; alerts stay with their orders.
    ///
    /// Shape: time in proportion to the orders of the day and what was reported of them.
    ///
    /// # Errors
    /// If the change is not sound, or is one of another version: then nothing has changed.
    pub fn replan(&mut self, replan: &Replan) -> Result<Vec<AlertChange>, ReplanRefusal> {
        let mut changes = self.take_replan(replan)?;
        changes.extend(self.look_at(0..self.looks.len()));
        Ok(changes)
    }

    /// Takes a change of the plan without looking anew at anybody; gives the alerts that end because nobody visits their
    /// orders any more.
    ///
    /// # Errors
    /// As for [`LiveDay::replan`].
    pub fn take_replan(&mut self, replan: &Replan) -> Result<Vec<AlertChange>, ReplanRefusal> {
        let problem = Arc::new(self.checked(replan)?);
        self.day.replan(&self.problem, &problem, replan);
        self.problem = problem;
        self.version += 1;
        self.now = self.now.max(replan.at);
        let roster = Arc::clone(self.day.roster());
        let routes: Vec<Option<(Route, usize)>> =
            roster.routes().iter().map(planned_route).collect();
        self.forecast = (self.forecast).replanned(Arc::clone(&self.problem), &routes);
        let shifts: Vec<TrafficShift> = self.day.traffic().map(shift).collect();
        self.forecast.set_traffic(&shifts);
        for (courier, state) in self.day.couriers().iter().enumerate() {
            self.forecast.observe(courier, progress(state));
        }
        self.forecast.pass(self.now);
        self.looks.resize(roster.routes().len(), None);
        Ok(self.alerts.replan(|order| roster.order(order).flatten()))
    }

    /// Looks at everybody now without telling anything, after a record was played back.
    pub fn refresh(&mut self) {
        for courier in 0..self.looks.len() {
            let outlook = Arc::new(self.outlook(courier, self.now));
            self.looks[courier] = Some((self.now, outlook));
        }
    }

    /// Does again what was told before, which [`Self::look_at`] then does not tell again.
    pub(super) fn restore(&mut self, change: &AlertChange) {
        self.alerts.restore(change);
    }
}

/// A route as the forecast needs to know it, former stops last, and how many are not former; `None` without stops.
fn planned_route(route: &RosterRoute) -> Option<(Route, usize)> {
    let start = route.start?;
    let orders = route.stops.iter().map(|stop| stop.order.clone());
    let sketch = Route::sketched(
        route.courier.clone(),
        start,
        orders,
        &route.reloads,
        route
            .breaks
            .iter()
            .map(|pause| (pause.number, pause.n_before)),
    );
    (!route.stops.is_empty()).then_some((sketch, route.n_current()))
}

/// What the forecast needs to know of `state`.
pub(super) fn progress(state: &CourierState) -> RouteProgress {
    let visit = |&stop: &usize| {
        let record = &state.stops[stop];
        VisitTimes {
            stop,
            arrival: record.arrival,
            service_start: record.service_start,
            end: record.end,
            is_served: match record.state {
                StopState::AtDoor | StopState::Delivered | StopState::DeliveredInPart => true,
                StopState::ToCome
                | StopState::Failed(_)
                | StopState::Skipped
                | StopState::Moved
                | StopState::Unreported => false,
            },
        }
    };
    let reloads = state.departures.get(1..).unwrap_or_default();
    RouteProgress {
        departure: state.departure(),
        reload_departure: reloads.last().copied(),
        visits: state.visited.iter().map(visit).collect(),
        is_at_door: matches!(state.whereabouts, Whereabouts::AtDoor { .. }),
        ahead: state.ahead().collect(),
        position: state.position,
        hold: match state.outage {
            None => Hold::None,
            Some(Outage {
                until: Some(until), ..
            }) => Hold::Until(until),
            Some(Outage { until: None, .. }) => Hold::Lost,
        },
    }
}

fn shift(note: &TrafficNote) -> TrafficShift {
    TrafficShift {
        since: note.since,
        until: note.until,
        zone: note.area.clone(),
        factor: note.factor,
    }
}
