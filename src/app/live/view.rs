//! What callers see of live days.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::check::check;
use crate::day::{
    Alert, AlertChange, LiveDay, Outcome, Outcomes, Refusal, Roster, RosterRoute, Start, StopState,
    Taken,
};
use crate::forecast::{ArrivalBand, RouteOutlook};
use crate::model::{CourierId, DayId, Plan, Provenance, RouteSketch, UnservedOrder, Verdict};
use crate::planner::schedule::schedule;
use crate::travel::TravelTimes;
use crate::units::Timestamp;

/// A live day as it stands: everything that it shows is on record.
pub struct LiveState {
    /// How it was started.
    pub start: Arc<Start>,
    /// Its state, forecast and alerts.
    pub day: LiveDay,
    /// Entries in its record.
    pub entries: u64,
    /// The moment of the last one.
    pub changed_at: Timestamp,
    /// Tells every change of an alert to watchers.
    pub(super) told: broadcast::Sender<Arc<News>>,
    /// What time it is, for watchers.
    pub(super) clock: Arc<AtomicI64>,
}

/// What watchers hear.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// An alert has changed.
    Alert(Told),
    /// Time has passed on a simulated day; every change up to then was told before.
    Passed(Timestamp),
}

/// A change of an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What is to be told.
    pub change: AlertChange,
    /// Whose route it is about.
    pub courier: CourierId,
    /// When that was found.
    pub at: Timestamp,
}

/// A promise at risk, as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAlert {
    /// Whose route it is about.
    pub courier: CourierId,
    /// What is to be expected now, and since when it is at risk.
    pub now: Alert,
    /// When the courier was to come by what was told last.
    pub told: Option<ArrivalBand>,
}

/// A watcher's beginning: what is open, and what comes.
pub struct Watch {
    /// How the day was started.
    pub start: Arc<Start>,
    /// Open alerts, by courier and stop.
    pub open: Vec<OpenAlert>,
    /// When they were looked at.
    pub at: Timestamp,
    /// What changes.
    pub changes: broadcast::Receiver<Arc<News>>,
    clock: Arc<AtomicI64>,
}

impl Watch {
    /// When the day was looked at last.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::Relaxed))
    }
}

impl LiveState {
    /// Open alerts with the couriers whom they are about, by courier and stop, and with what is to be expected now.
    #[must_use]
    pub fn open(&self) -> Vec<OpenAlert> {
        let routes = self.day.day().roster().routes();
        let alerts = self.day.alerts().open().iter();
        let open = alerts.map(|((courier, stop), told)| {
            let look = self.day.look(*courier);
            let mut stops = look.into_iter().flat_map(|(_, outlook)| &outlook.stops);
            OpenAlert {
                courier: routes[*courier].courier.clone(),
                now: match stops.find(|found| found.stop == *stop) {
                    Some(found) => told.seen(found),
                    None => told.clone(),
                },
                told: told.arrival,
            }
        });
        open.collect()
    }

    /// Begins to watch.
    pub(super) fn watch(&self) -> Watch {
        Watch {
            start: Arc::clone(&self.start),
            open: self.open(),
            at: self.day.now(),
            changes: self.told.subscribe(),
            clock: Arc::clone(&self.clock),
        }
    }
}

/// What became of reports.
#[derive(Clone, Debug)]
pub struct Reported {
    /// What became of each, in their sequence.
    pub answers: Vec<Result<Taken, Refusal>>,
    /// What is to be expected of each courier whom one that was taken is about, by number.
    pub looks: Vec<Look>,
    /// Names of couriers and stops.
    pub roster: Arc<Roster>,
    /// What time it was taken to be.
    pub as_of: Timestamp,
}

/// What is to be expected of a courier.
#[derive(Clone, Debug)]
pub struct Look {
    /// The courier's number.
    pub courier: usize,
    /// When that was looked at.
    pub at: Timestamp,
    /// What is to be expected.
    pub outlook: Arc<RouteOutlook>,
}

/// What customers thought, of each order what was said last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ratings {
    /// Orders rated.
    pub count: usize,
    /// Mean of their stars; `None` without any.
    pub mean: Option<f64>,
    /// The same of orders whose promise was kept.
    pub kept_mean: Option<f64>,
    /// The same of orders that were late.
    pub late_mean: Option<f64>,
}

/// A live day in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveView {
    /// The live day.
    pub id: DayId,
    /// Its name, from its problem.
    pub name: String,
    /// Its time zone.
    pub time_zone: String,
    /// Whether requests say what time it is.
    pub is_simulated: bool,
    /// When it was looked at last.
    pub as_of: Timestamp,
    /// Couriers who drive.
    pub couriers: usize,
    /// Stops of the plan.
    pub stops: usize,
    /// What came of the promises so far.
    pub tally: Outcomes,
    /// Share kept of those of which something is known, 0 to 1; `None` without any.
    pub on_time: Option<f64>,
    /// Share to expect of all, 0 to 1; `None` without any.
    pub expected: Option<f64>,
    /// Orders that nobody comes for, though their customers wait.
    #[serde(default)]
    pub left_out: usize,
    /// Promises at risk.
    pub open_alerts: usize,
    /// What customers thought.
    pub ratings: Ratings,
    /// Entries in the record.
    pub entries: u64,
    /// The moment of the last one.
    pub changed_at: Timestamp,
    /// Name and version of the noise model.
    pub noise_version: String,
    /// Whether that is someone's own.
    pub is_calibrated: bool,
    /// How often the plan has changed.
    #[serde(default)]
    pub plan_version: u64,
}

impl LiveState {
    /// The plan as it is now: routes as planned from their starts, without what has come of them.
    #[must_use]
    pub fn plan(&self) -> Plan {
        if self.day.version() == 0 {
            return (*self.start.plan).clone();
        }
        let problem = self.day.problem();
        let travel = TravelTimes::new(problem);
        let routes = self.day.day().roster().routes().iter();
        let sketches: Vec<RouteSketch> = routes
            .filter(|route| route.n_current() > 0)
            .map(|route| RouteSketch {
                courier: route.courier.clone(),
                orders: (route.stops[..route.n_current()].iter())
                    .map(|stop| stop.order.clone())
                    .collect(),
                start: route.start,
                // Who begins at a vehicle that has broken down has no stop before.
                reloads: (route.reloads.iter())
                    .filter(|reload| reload.n_before > 0)
                    .cloned()
                    .collect(),
            })
            .collect();
        let scheduled = schedule(problem, &travel, &sketches);
        let unserved = |&order: &usize| UnservedOrder::unexplained(&problem.orders[order]);
        let mut plan = Plan {
            unserved: scheduled.unserved.iter().map(unserved).collect(),
            routes: scheduled.routes,
            provenance: Provenance::not_searched(),
            verdict: Verdict::default(),
        };
        plan.verdict = check(problem, &travel, &plan);
        plan
    }
}

impl LiveView {
    /// The day as it stands.
    #[must_use]
    pub fn of(state: &LiveState) -> Self {
        let LiveState { start, day, .. } = state;
        let routes = day.day().roster().routes();
        let tally = day.tally();
        Self {
            id: start.id.clone(),
            name: start.problem.name.clone(),
            time_zone: start.problem.time_zone.clone(),
            is_simulated: start.is_simulated,
            as_of: day.now(),
            couriers: (routes.iter().filter(|route| route.n_current() > 0)).count(),
            stops: routes.iter().map(RosterRoute::n_current).sum(),
            tally,
            on_time: tally.on_time_rate(),
            expected: expected(day, tally),
            left_out: day.day().left_out().len(),
            open_alerts: day.alerts().open().len(),
            ratings: ratings(day),
            entries: state.entries,
            changed_at: state.changed_at,
            noise_version: start.noise_version().to_owned(),
            is_calibrated: start.is_calibrated,
            plan_version: day.version(),
        }
    }
}

/// Share of all promises that are kept, or are to be expected to be, customers who were not there apart.
fn expected(day: &LiveDay, tally: Outcomes) -> Option<f64> {
    let all = tally.all() - tally.absent;
    let mut kept = tally.kept as f64;
    for (courier, state) in day.day().couriers().iter().enumerate() {
        let ahead = day.look(courier).map(|(_, outlook)| &outlook.stops);
        let ahead = ahead.into_iter().flatten();
        // By what was told first, as promises are judged.
        kept += ahead
            .map(|stop| day.first_chance(courier, stop))
            .sum::<f64>();
        // Who is at the door, or was there and has not said what came of it, was not late.
        let stops = state.stops.iter().enumerate();
        let there = stops.filter(|(number, record)| {
            let was_there = matches!(record.state, StopState::AtDoor | StopState::Unreported);
            was_there && day.day().outcome(courier, *number) == Outcome::Open
        });
        kept += there.count() as f64;
    }
    (all > 0).then(|| kept / all as f64)
}

/// What customers thought, beside lateness.
fn ratings(day: &LiveDay) -> Ratings {
    let day = day.day();
    let (mut all, mut kept, mut late) = ((0, 0), (0, 0), (0, 0));
    let add = |(count, stars): &mut (usize, usize), more: u8| {
        *count += 1;
        *stars += usize::from(more);
    };
    for (courier, route) in day.roster().routes().iter().enumerate() {
        for (stop, planned) in route.stops.iter().enumerate() {
            // A rating belongs to the delivery that was made, or is to be.
            let Some(rating) = day.rating(&planned.order).filter(|_| !planned.is_former) else {
                continue;
            };
            add(&mut all, rating.stars);
            match day.outcome(courier, stop) {
                Outcome::Kept { .. } => add(&mut kept, rating.stars),
                Outcome::Late { .. } => add(&mut late, rating.stars),
                Outcome::Open | Outcome::CustomerAbsent { .. } | Outcome::NotDelivered(_) => {}
            }
        }
    }
    let mean = |(count, stars): (usize, usize)| (count > 0).then(|| stars as f64 / count as f64);
    Ratings {
        count: all.0,
        mean: mean(all),
        kept_mean: mean(kept),
        late_mean: mean(late),
    }
}
