//! What alerts and remedies bring: simulated days on which things go wrong, run in several ways.
//!
//! A day is lived by a [`World`], which knows nothing of forecasts, and followed by a [`LiveDay`], which knows nothing but
//! what is reported. Run in another way, the same day has the same noise and the same trouble; what differs is what is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::remedied::Dispatcher;
use super::told::{Bystander, LEADS, Tales};
use crate::day::{AlertChange, AlertRules, LiveDay, LiveTerms, Report};
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// In truth.
    pub truth: Truth,
    /// Whether it was known to be at risk as long before the end of its window as alerts are to be, and still was then.
    pub is_announced: bool,
    /// The same for each of [`LEADS`].
    pub open_at: [bool; LEADS.len()],
    /// How often an alert was raised for it.
    pub raised: u32,
    /// How often anything was told of it.
    pub told: u32,
    /// How long each alert was open that was cleared.
    pub cleared_after: Vec<Seconds>,
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
    tales: Tales,
    /// Others who follow the day.
    bystanders: Vec<Bystander>,
    n_reports: usize,
}

/// How often time passes for the live day where nothing is reported.
const TICK: Seconds = Seconds(60);

impl LiveSpec {
    /// Runs day number `number` in one way.
    ///
    /// Shape: one outlook for each report and for each courier a minute, and what remedies take.
    ///
    /// # Errors
    /// If an event could not be named, which does not happen.
    pub fn run(&self, number: u32, handling: Handling) -> Result<LiveRun, MalformedId> {
        let mut running = self.begin(number);
        let mut dispatcher = (handling == Handling::Remedied).then(Dispatcher::default);
        self.go_through(&mut running, |running, changes, now| {
            if let Some(dispatcher) = &mut dispatcher {
                dispatcher.act(running, changes, now);
            }
        })?;
        let dispatcher = dispatcher.unwrap_or_default();
        Ok(LiveRun {
            remedies: dispatcher.remedies,
            repairs: dispatcher.repairs,
            moved: dispatcher.moved,
            ..running.outcome(&running.tales)
        })
    }

    /// Runs day number `number` once, the plan followed whatever happens, and says for each of `rules` what would have been
    /// told by it.
    ///
    /// Shape: as [`Self::run`]; more rules cost next to nothing.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn compare(&self, number: u32, rules: &[AlertRules]) -> Result<Vec<LiveRun>, MalformedId> {
        let mut running = self.begin(number);
        running.bystanders = rules.iter().copied().map(Bystander::new).collect();
        self.go_through(&mut running, |_, _, _| ())?;
        let bystanders = running.bystanders.iter();
        Ok(bystanders
            .map(|bystander| running.outcome(bystander.tales()))
            .collect())
    }

    fn begin(&self, number: u32) -> Running {
        let seed = rng::hash(self.seed, &[u64::from(number)]);
        let trouble = Trouble::generate(&self.problem, &self.plan, &self.severity, seed);
        let terms = LiveTerms {
            alerts: self.alerts,
            noise: self.noise.clone(),
            days: self.scenarios,
            ..LiveTerms::default()
        };
        let problem = || Arc::clone(&self.problem);
        Running {
            world: World::new(problem(), &self.plan, &self.nature, trouble, seed),
            live: LiveDay::new(problem(), &self.plan, &terms),
            tales: Tales::default(),
            bystanders: Vec::new(),
            n_reports: 0,
        }
    }

    /// Goes through the day minute by minute; `act` does what there is to be done about what was told.
    fn go_through(
        &self,
        running: &mut Running,
        mut act: impl FnMut(&mut Running, &[AlertChange], Timestamp),
    ) -> Result<(), MalformedId> {
        let first = self.plan.routes.iter().map(|route| route.start).min();
        let mut now = first.unwrap_or_default();
        while let Some(next) = running.world.next_moment() {
            // Minutes in between are not skipped: silence is news, too.
            now = Timestamp((now.0.div_euclid(TICK.0) + 1) * TICK.0).min(next.max(now));
            let changes = running.pass(now)?;
            act(running, &changes, now);
            let Running { world, tales, .. } = &mut *running;
            tales.note_open(world, self.alerts.notice, now, TICK);
            for bystander in &mut running.bystanders {
                bystander.note_open(&running.world, now, TICK);
            }
        }
        Ok(())
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
                self.show();
            }
        }
        if now.0 % TICK.0 == 0 {
            changes.extend(self.live.tick(now));
            self.show();
        }
        self.note(&changes);
        Ok(changes)
    }

    /// Lets bystanders look.
    fn show(&mut self) {
        for bystander in &mut self.bystanders {
            bystander.look(&self.live);
        }
    }

    /// Notes what was told.
    pub(super) fn note(&mut self, changes: &[AlertChange]) {
        self.tales.note(changes, self.live.now());
    }

    /// What came of the day, with what was told by `tales`.
    fn outcome(&self, tales: &Tales) -> LiveRun {
        let truths = self.world.truths().into_iter();
        let fates = truths.map(|(order, truth)| (order.clone(), tales.fate(order, truth)));
        LiveRun {
            fates: fates.collect(),
            remedies: 0,
            repairs: 0,
            moved: 0,
            reports: self.n_reports,
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
    /// For each of [`LEADS`]: promises whose alert was open so long before the end of the window.
    pub open_at: [usize; LEADS.len()],
    /// Of these, those that were broken.
    pub right_at: [usize; LEADS.len()],
    /// How long each alert was open that was cleared.
    pub cleared_after: Vec<Seconds>,
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
            for (lead, was_open) in fate.open_at.into_iter().enumerate() {
                self.open_at[lead] += usize::from(was_open);
                self.right_at[lead] += usize::from(was_open && !is_kept);
            }
            self.cleared_after.extend(&fate.cleared_after);
        }
    }

    /// Of the promises broken, the share whose alert was open at each of [`LEADS`], 0 to 1.
    #[must_use]
    pub fn recall(&self) -> [f64; LEADS.len()] {
        self.right_at
            .map(|right| right as f64 / self.broken.max(1) as f64)
    }

    /// Of the promises whose alert was open at each of [`LEADS`], the share that was broken, 0 to 1.
    #[must_use]
    pub fn precision(&self) -> [f64; LEADS.len()] {
        std::array::from_fn(|lead| self.right_at[lead] as f64 / self.open_at[lead].max(1) as f64)
    }

    /// How long alerts are open that are cleared, half of them shorter; `None` without any.
    #[must_use]
    pub fn time_to_clear(&self) -> Option<Seconds> {
        let mut spans = self.cleared_after.clone();
        spans.sort_unstable();
        spans.get(spans.len() / 2).copied()
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
