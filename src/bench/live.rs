//! What alerts and remedies bring: simulated days on which things go wrong, run in several ways.
//!
//! A day is lived by a [`World`], which knows nothing of forecasts, and followed by a [`LiveDay`], which knows nothing but
//! what is reported. Run in another way, the same day has the same noise and the same trouble; what differs is what is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::remedied::Dispatcher;
use crate::day::{Alert, AlertChange, AlertRules, LiveDay, LiveTerms, Report};
use crate::model::{EventId, MalformedId, NoiseModel, OrderId, Plan, Problem};
use crate::rng;
use crate::units::{Seconds, Timestamp};
use crate::world::{Severity, Trouble, Truth, World};

/// Days that go wrong.
#[derive(Clone, Debug)]
pub struct LiveSpec {
    /// The day.
    pub problem: Arc<Problem>,
    /// Its plan.
    pub plan: Plan,
    /// How days vary in truth.
    pub nature: NoiseModel,
    /// How the live forecast expects them to.
    pub noise: NoiseModel,
    /// What goes wrong.
    pub severity: Severity,
    /// When alerts are raised.
    pub alerts: AlertRules,
    /// Simulated days that outlooks are drawn on.
    pub scenarios: u32,
    /// Random seed.
    pub seed: u64,
}

/// What is done on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// The plan is followed whatever happens, and promises at risk are told: without alerts, just as many are kept.
    Told,
    /// For every promise at risk the best remedy is applied, and the rest of the day is repaired after a breakdown.
    Remedied,
}

/// What came of one promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// In truth.
    pub truth: Truth,
    /// Whether it was known to be at risk as long before the end of its window as alerts are to be, and still was then.
    pub is_announced: bool,
    /// How often an alert was raised for it.
    pub raised: u32,
    /// How often anything was told of it.
    pub told: u32,
}

/// A day that was run.
#[derive(Clone, Debug)]
pub struct LiveRun {
    /// What came of every promise.
    pub fates: BTreeMap<OrderId, Fate>,
    /// Remedies applied.
    pub remedies: usize,
    /// Repairs applied.
    pub repairs: usize,
    /// Stops that changed courier.
    pub moved: usize,
    /// Reports.
    pub reports: usize,
}

/// A day that is being run.
pub(super) struct Running {
    pub(super) world: World,
    pub(super) live: LiveDay,
    /// By order: how often it was raised, how often told, and whether it is open.
    tales: BTreeMap<OrderId, Tale>,
    n_reports: usize,
}

#[derive(Clone, Debug, Default)]
struct Tale {
    raised: u32,
    told: u32,
    /// When the open alert was raised first.
    open_since: Option<Timestamp>,
    /// Whether an alert was open as long before the end of the window as alerts are to be.
    is_announced: bool,
}

/// How often time passes for the live day where nothing is reported.
const TICK: i64 = 60;

impl LiveSpec {
    /// Runs day number `number` in one way.
    ///
    /// Shape: one outlook for each report and for each courier a minute, and what remedies take.
    ///
    /// # Errors
    /// If an event could not be named, which does not happen.
    pub fn run(&self, number: u32, handling: Handling) -> Result<LiveRun, MalformedId> {
        let seed = rng::hash(self.seed, &[u64::from(number)]);
        let trouble = Trouble::generate(&self.problem, &self.plan, &self.severity, seed);
        let terms = LiveTerms {
            alerts: self.alerts,
            noise: self.noise.clone(),
            days: self.scenarios,
            ..LiveTerms::default()
        };
        let problem = || Arc::clone(&self.problem);
        let mut running = Running {
            world: World::new(problem(), &self.plan, &self.nature, trouble, seed),
            live: LiveDay::new(problem(), &self.plan, &terms),
            tales: BTreeMap::new(),
            n_reports: 0,
        };
        let mut dispatcher = (handling == Handling::Remedied).then(Dispatcher::default);
        let first = self.plan.routes.iter().map(|route| route.start).min();
        let mut now = first.unwrap_or_default();
        while let Some(next) = running.world.next_moment() {
            // Minutes in between are not skipped: silence is news, too.
            now = Timestamp((now.0.div_euclid(TICK) + 1) * TICK).min(next.max(now));
            let changes = running.pass(now)?;
            if let Some(dispatcher) = &mut dispatcher {
                dispatcher.act(&mut running, &changes, now);
            }
            running.note_announced(self.alerts.notice, now);
        }
        let truths = running.world.truths();
        let fates = truths.into_iter().map(|(order, truth)| {
            let tale = running.tales.get(order).cloned().unwrap_or_default();
            let fate = Fate {
                truth,
                is_announced: tale.is_announced,
                raised: tale.raised,
                told: tale.told,
            };
            (order.clone(), fate)
        });
        let fates = fates.collect();
        let dispatcher = dispatcher.unwrap_or_default();
        Ok(LiveRun {
            fates,
            remedies: dispatcher.remedies,
            repairs: dispatcher.repairs,
            moved: dispatcher.moved,
            reports: running.n_reports,
        })
    }
}

impl Running {
    /// Lets time pass up to `now`, in the world and in the live day.
    fn pass(&mut self, now: Timestamp) -> Result<Vec<AlertChange>, MalformedId> {
        let mut changes = Vec::new();
        for happening in self.world.pass(now) {
            self.n_reports += 1;
            let report = Report {
                id: EventId::parse(&format!("event-{}", self.n_reports))?,
                at: happening.at,
                reported_at: happening.reported_at,
                event: happening.event,
            };
            // What is refused would be refused in practice, too: a report of a courier of whom a door was taken away.
            if let Ok(answer) = self.live.report(report) {
                changes.extend(answer.alerts);
            }
        }
        if now.0 % TICK == 0 {
            changes.extend(self.live.tick(now));
        }
        self.note(&changes);
        Ok(changes)
    }

    /// Notes what was told.
    pub(super) fn note(&mut self, changes: &[AlertChange]) {
        for change in changes {
            let (AlertChange::Raised(alert)
            | AlertChange::Moved(alert)
            | AlertChange::Cleared(alert)
            | AlertChange::Ended(alert)) = change;
            let tale = self.tales.entry(alert.order.clone()).or_default();
            match change {
                AlertChange::Raised(Alert { since, .. }) => {
                    tale.raised += 1;
                    tale.told += 1;
                    tale.open_since = Some(*since);
                }
                AlertChange::Moved(_) => tale.told += 1,
                AlertChange::Cleared(_) => {
                    tale.told += 1;
                    tale.open_since = None;
                }
                AlertChange::Ended(_) => tale.open_since = None,
            }
        }
    }

    /// Notes whose alert is open at the last moment that leaves enough notice.
    fn note_announced(&mut self, notice: Seconds, now: Timestamp) {
        let world = &self.world;
        for (order, tale) in &mut self.tales {
            let Some(since) = tale.open_since else {
                continue;
            };
            let latest = world.promised_end(order).map(|end| end - notice);
            if let Some(latest) = latest
                && since <= latest
                && now <= latest + Seconds(TICK)
            {
                tale.is_announced = now + Seconds(TICK) > latest;
            }
        }
    }
}

/// What came of many days.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveTotals {
    /// Promises.
    pub promises: usize,
    /// Kept, customers who were not there included.
    pub kept: usize,
    /// Not kept.
    pub broken: usize,
    /// Not kept, and announced in time.
    pub announced: usize,
    /// Promises for which an alert was raised.
    pub alerted: usize,
    /// Of these, kept: false alarms, or remedies that worked.
    pub alerted_kept: usize,
    /// Alerts raised.
    pub raised: u32,
    /// Promises for which an alert was raised more than once.
    pub raised_again: usize,
    /// Everything told of promises at risk.
    pub told: u32,
}

impl LiveTotals {
    /// Adds up what came of a day.
    pub fn add(&mut self, run: &LiveRun) {
        for fate in run.fates.values() {
            let is_kept = fate.truth.is_kept();
            self.promises += 1;
            self.kept += usize::from(is_kept);
            self.broken += usize::from(!is_kept);
            self.announced += usize::from(!is_kept && fate.is_announced);
            self.alerted += usize::from(fate.raised > 0);
            self.alerted_kept += usize::from(fate.raised > 0 && is_kept);
            self.raised += fate.raised;
            self.raised_again += usize::from(fate.raised > 1);
            self.told += fate.told;
        }
    }
}

/// What remedies changed on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contrast {
    /// Promises broken by the plan followed blindly.
    pub broken: usize,
    /// Of these, kept with remedies.
    pub avoided: usize,
    /// Of these, broken in spite of remedies, but announced in time.
    pub announced: usize,
    /// Promises that the plan followed blindly would have kept, and remedies broke.
    pub harmed: usize,
    /// Of these, announced in time.
    pub harmed_announced: usize,
}

impl Contrast {
    /// How `remedied` compares with `blind`, the same day.
    #[must_use]
    pub fn of(blind: &LiveRun, remedied: &LiveRun) -> Self {
        let mut contrast = Self::default();
        let orders: BTreeSet<&OrderId> = blind.fates.keys().collect();
        for order in orders {
            let Some(after) = remedied.fates.get(order) else {
                continue;
            };
            match (blind.fates[order].truth.is_kept(), after.truth.is_kept()) {
                (true, true) => {}
                (true, false) => {
                    contrast.harmed += 1;
                    contrast.harmed_announced += usize::from(after.is_announced);
                }
                (false, is_kept) => {
                    contrast.broken += 1;
                    contrast.avoided += usize::from(is_kept);
                    contrast.announced += usize::from(!is_kept && after.is_announced);
                }
            }
        }
        contrast
    }

    /// Adds up days.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            broken: self.broken + other.broken,
            avoided: self.avoided + other.avoided,
            announced: self.announced + other.announced,
            harmed: self.harmed + other.harmed,
            harmed_announced: self.harmed_announced + other.harmed_announced,
        }
    }
}
