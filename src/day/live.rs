//! A day with what is to be expected of it: state, forecast and alerts together.
//!
//! Time is what callers say it is: the time at which something is reported, and [`LiveDay::tick`], which lets time pass in
//! which nothing is. Both go forward only; who says an earlier time than before means the latest.

use std::sync::Arc;

use super::alerts::{AlertChange, AlertRules, Alerts};
use super::courier::{CourierState, Outage, StopState, Whereabouts};
use super::event::{Event, Report};
use super::refusal::Refusal;
use super::replan::{Replan, ReplanRefusal, after, conflicts};
use super::roster::{Roster, RosterRoute};
use super::state::{Day, Rules, Taken, TrafficNote};
use crate::forecast::{DayUnderWay, Hold, RouteOutlook, RouteProgress, TrafficShift, VisitTimes};
use crate::model::{NoiseModel, Plan, Problem, Route};
use crate::units::{Seconds, Timestamp};

/// Couriers of whom nothing was reported for so long are looked at again: silence is news, too.
const LOOK_AGAIN: Seconds = Seconds(60);

/// How a day is forecast.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Debug)]
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

    /// What is to be expected at `now` of the courier with number `courier`; nothing changes.
    #[must_use]
    pub fn outlook(&self, courier: usize, now: Timestamp) -> RouteOutlook {
        self.forecast.outlook(courier, now)
    }

    /// Takes a report, and looks anew at whom it is about; what is said of the traffic is about everybody.
    ///
    /// # Errors
    /// If the report is refused: then nothing has changed.
    pub fn report(&mut self, report: Report) -> Result<Answer, Refusal> {
        let now = report.reported_at;
        let is_traffic = matches!(report.event, Event::Traffic { .. });
        let taken = self.day.report(report)?;
        let mut answer = Answer {
            taken,
            outlook: None,
            alerts: Vec::new(),
        };
        self.now = self.now.max(now);
        self.forecast.pass(self.now);
        let courier = answer.taken.courier;
        if !answer.taken.is_repeated {
            if let Some(courier) = courier {
                let state = &self.day.couriers()[courier];
                self.forecast.observe(courier, progress(state));
                answer.alerts = self.look_at(courier);
            } else if is_traffic {
                let shifts: Vec<TrafficShift> = self.day.traffic().map(shift).collect();
                self.forecast.set_traffic(&shifts);
                for courier in 0..self.looks.len() {
                    answer.alerts.extend(self.look_at(courier));
                }
            }
        }
        let look = courier.and_then(|courier| self.looks[courier].as_ref());
        answer.outlook = look.map(|(_, outlook)| Arc::clone(outlook));
        Ok(answer)
    }

    /// Lets time pass up to `now`: looks again at everybody who was not looked at for a minute.
    ///
    /// Shape: time in proportion to the couriers looked at, each as for a report.
    pub fn tick(&mut self, now: Timestamp) -> Vec<AlertChange> {
        self.now = self.now.max(now);
        self.forecast.pass(self.now);
        let mut changes = Vec::new();
        for courier in 0..self.looks.len() {
            let last = self.looks[courier].as_ref().map(|(at, _)| *at);
            if last.is_none_or(|last| last + LOOK_AGAIN <= self.now) {
                changes.extend(self.look_at(courier));
            }
        }
        changes
    }

    /// Whether a change of the plan would be taken; nothing changes.
    ///
    /// # Errors
    /// As for [`LiveDay::replan`].
    pub fn try_replan(&self, replan: &Replan) -> Result<(), ReplanRefusal> {
        self.checked(replan).map(|_| ())
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
        let mut changes = self.alerts.replan(|order| roster.order(order).flatten());
        for courier in 0..self.looks.len() {
            changes.extend(self.look_at(courier));
        }
        Ok(changes)
    }

    /// Looks at a courier now.
    fn look_at(&mut self, courier: usize) -> Vec<AlertChange> {
        let outlook = Arc::new(self.forecast.outlook(courier, self.now));
        let route = &self.day.roster().routes()[courier];
        let changes = self.alerts.review(courier, route, &outlook, self.now);
        self.looks[courier] = Some((self.now, outlook));
        changes
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
