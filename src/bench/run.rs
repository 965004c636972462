//! Running a study: what is missing of it, cell by cell.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::noise::stressed;
use super::outcome::Trial;
use crate::analysis::study::{
    DayRef, Definition, PlanRecord, RouteRecord, Settings, Stress, Study, Way, WaySource,
};
use crate::clock::Clock;
use crate::forecast::forecast_days;
use crate::model::{
    CourierId, DepotId, ForecastOptions, MalformedId, NoiseModel, OnTimeTarget, OrderId, Plan,
    PlanForecast, Problem, ReloadSketch, RouteSketch, StopReason,
};
use crate::planner::reliability::Reliability;
use crate::planner::{self, Cancel, PlanOptions, PlanProgress, evaluate_early};
use crate::rng;
use crate::travel::TravelTimes;
use crate::units::Seconds;

/// Sets the days that chances are predicted on apart from those that plans are tried out on.
const PREDICTION: u64 = 0x7072_6564_6963;

/// A day to plan.
#[derive(Clone, Debug)]
pub struct Day {
    /// What the study says of it.
    pub about: DayRef,
    /// The day itself, which has passed validation.
    pub problem: Problem,
}

/// Routes that somebody else planned.
#[derive(Clone, Debug)]
pub struct Given {
    /// SHA-256 of the text that they come from, in hexadecimal.
    pub digest: String,
    /// The routes, which must have passed [`sketch_findings`](crate::planner::schedule::sketch_findings).
    pub routes: Vec<RouteSketch>,
}

/// What a study is made from.
#[derive(Debug)]
pub struct Bench {
    /// What to compare. Names are different from each other, and every setting is in bounds.
    pub definition: Definition,
    /// The days of the definition, in its order.
    pub days: Vec<Day>,
    /// The plans of the ways that are given, by day and way.
    pub given: BTreeMap<(String, String), Given>,
    /// The noise before any stress.
    pub noise: NoiseModel,
    /// Search threads, at least 1.
    pub threads: usize,
}

/// What happens while a study runs.
#[derive(Debug)]
pub enum Event<'a> {
    /// A day is planned in a way, as number `number` (from 1) of `of`.
    Begun {
        /// Which.
        number: usize,
        /// How many there are, those included that are done already.
        of: usize,
        /// The day.
        day: &'a str,
        /// The way.
        way: &'a str,
    },
    /// A search goes on.
    Searching(&'a PlanProgress),
    /// A plan and all its outcomes are there.
    Advanced(&'a Study),
}

/// Why a study ended before it was finished.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Whoever watches does not want any more.
    #[error("the study was stopped")]
    Stopped,
    /// The operating system does not give the threads.
    #[error("start search threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A plan of an earlier run has ids that are none.
    #[error("the plan of {way} for {day}: {cause}")]
    Record {
        /// The day.
        day: String,
        /// The way.
        way: String,
        /// What is wrong.
        cause: MalformedId,
    },
    /// A day has no given plan.
    #[error("{way} has no plan for {day}")]
    NoPlan {
        /// The day.
        day: String,
        /// The way.
        way: String,
    },
}

/// SHA-256 of parts of text, in hexadecimal.
#[must_use]
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    format!("{:x}", digest.finalize())
}

impl Bench {
    /// Runs the study, or what `earlier` has not of it.
    ///
    /// Of an earlier run by the same version, plans are kept that were made from the same day in the same way, and
    /// outcomes of these under the same stresses on the same simulated days. Blocks the calling thread. `watch` is told
    /// what happens; once it breaks off, or `cancel` is cancelled, the cell at hand is given up.
    ///
    /// Shape: a search for each day and way, and a simulation for each day, way and stress and one more for each day and
    /// way, one after the other.
    ///
    /// # Errors
    /// If it was stopped, the threads are not there, or a given plan is missing.
    pub fn run(
        &self,
        earlier: Option<&Study>,
        cancel: &Cancel,
        watch: &mut (dyn FnMut(Event<'_>) -> ControlFlow<()> + Send),
    ) -> Result<Study, RunError> {
        let mut study = Study::new(self.definition.clone());
        if let Some(earlier) = earlier {
            self.keep(&mut study, earlier);
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads.max(1))
            .build()?;
        let of = self.days.len() * self.definition.ways.len();
        let cells = self
            .days
            .iter()
            .flat_map(|day| self.definition.ways.iter().map(move |way| (day, way)));
        for (number, (day, way)) in (1..).zip(cells) {
            let begun = Event::Begun {
                number,
                of,
                day: &day.about.name,
                way: &way.name,
            };
            if watch(begun).is_break() {
                return Err(RunError::Stopped);
            }
            if self.is_done(&study, day, way) {
                continue;
            }
            let cell = Cell {
                bench: self,
                day,
                way,
                travel: TravelTimes::new(&day.problem),
            };
            cell.fill(&mut study, &pool, cancel, watch)?;
            self.sort(&mut study);
            if watch(Event::Advanced(&study)).is_break() {
                return Err(RunError::Stopped);
            }
        }
        Ok(study)
    }

    /// Puts what still holds of an earlier run into `study`.
    fn keep(&self, study: &mut Study, earlier: &Study) {
        if earlier.punctual != study.punctual {
            return;
        }
        for day in &self.days {
            for way in &self.definition.ways {
                let kept = earlier.plan(&day.about.name, &way.name);
                let digest = self.digest(day, way);
                study
                    .plans
                    .extend(kept.filter(|plan| plan.digest == digest).cloned());
            }
        }
        let (old, new) = (&earlier.definition, &self.definition);
        if (old.scenarios, old.seed, &old.noise) != (new.scenarios, new.seed, &new.noise) {
            return;
        }
        let outcomes = earlier.outcomes.iter().filter(|outcome| {
            let is_of = |stress: &&Stress| stress.name == outcome.stress;
            let stress = new.stresses.iter().find(is_of);
            stress.is_some()
                && stress == old.stresses.iter().find(is_of)
                && study.plan(&outcome.day, &outcome.way).is_some()
        });
        let outcomes: Vec<_> = outcomes.cloned().collect();
        study.outcomes = outcomes;
        self.sort(study);
    }

    /// Puts plans and outcomes in the order of the definition.
    fn sort(&self, study: &mut Study) {
        let position = |names: Vec<&String>| -> BTreeMap<String, usize> {
            names.into_iter().cloned().zip(0..).collect()
        };
        let definition = &self.definition;
        let days = position(definition.days.iter().map(|day| &day.name).collect());
        let ways = position(definition.ways.iter().map(|way| &way.name).collect());
        let stresses = position(
            definition
                .stresses
                .iter()
                .map(|stress| &stress.name)
                .collect(),
        );
        study
            .plans
            .sort_by_key(|plan| (days.get(&plan.day).copied(), ways.get(&plan.way).copied()));
        study.outcomes.sort_by_key(|outcome| {
            let place = (
                days.get(&outcome.day),
                ways.get(&outcome.way),
                stresses.get(&outcome.stress),
            );
            (place.0.copied(), place.1.copied(), place.2.copied())
        });
    }

    fn is_done(&self, study: &Study, day: &Day, way: &Way) -> bool {
        let (day, way) = (&day.about.name, &way.name);
        let mut stresses = self.definition.stresses.iter();
        study.plan(day, way).is_some()
            && stresses.all(|stress| study.outcome(day, way, &stress.name).is_some())
    }

    /// What the plan of `way` for `day` is made from.
    fn digest(&self, day: &Day, way: &Way) -> String {
        let source = match &way.source {
            WaySource::Planned(settings) => {
                // Without a target, noise has no say in a plan.
                let noise = self.definition.noise.as_ref();
                let noise = noise.filter(|_| settings.on_time_percent.is_some());
                serde_json::to_string(&(settings, noise)).unwrap_or_default()
            }
            WaySource::Given { .. } => {
                let key = (day.about.name.clone(), way.name.clone());
                let given = self.given.get(&key);
                given.map(|given| given.digest.clone()).unwrap_or_default()
            }
        };
        digest([day.about.digest.as_str(), source.as_str()])
    }
}

/// One day planned in one way.
struct Cell<'a> {
    bench: &'a Bench,
    day: &'a Day,
    way: &'a Way,
    travel: TravelTimes<'a>,
}

impl Cell<'_> {
    /// Makes the plan unless it is there, and the outcomes that are missing.
    fn fill(
        &self,
        study: &mut Study,
        pool: &rayon::ThreadPool,
        cancel: &Cancel,
        watch: &mut (dyn FnMut(Event<'_>) -> ControlFlow<()> + Send),
    ) -> Result<(), RunError> {
        let (day, way) = (&self.day.about.name, &self.way.name);
        let (problem, noise) = (&self.day.problem, &self.bench.noise);
        let known = study.plan(day, way).cloned();
        let is_new = known.is_none();
        let mut record = match known {
            Some(record) => record,
            None => self.record(cancel, watch)?,
        };
        let routes = sketches(&record)?;
        let plan = evaluate_early(problem, &self.travel, &routes, noise);
        record.violations = plan
            .verdict
            .violations
            .iter()
            .map(|violation| violation.message.clone())
            .collect();
        let definition = &self.bench.definition;
        let predicted = self
            .simulated(
                pool,
                &plan,
                noise,
                rng::hash(definition.seed, &[PREDICTION]),
            )
            .0;
        for stress in &definition.stresses {
            if cancel.is_cancelled() {
                return Err(RunError::Stopped);
            }
            if study.outcome(day, way, &stress.name).is_some() {
                continue;
            }
            let (simulated, kept) =
                self.simulated(pool, &plan, &stressed(noise, stress), definition.seed);
            let trial = Trial {
                problem,
                record: &record,
                plan: &plan,
                predicted: &predicted,
                stress,
                simulated: &simulated,
                kept: &kept,
            };
            study.outcomes.push(trial.outcome());
        }
        if is_new {
            study.plans.push(record);
        }
        Ok(())
    }

    fn simulated(
        &self,
        pool: &rayon::ThreadPool,
        plan: &Plan,
        noise: &NoiseModel,
        seed: u64,
    ) -> (PlanForecast, Vec<u32>) {
        let options = ForecastOptions {
            scenarios: self.bench.definition.scenarios,
            seed,
            noise: Some(noise.clone()),
            ..ForecastOptions::default()
        };
        pool.install(|| forecast_days(&self.day.problem, &self.travel, plan, &options))
    }

    /// The plan: searched for, or given.
    fn record(
        &self,
        cancel: &Cancel,
        watch: &mut (dyn FnMut(Event<'_>) -> ControlFlow<()> + Send),
    ) -> Result<PlanRecord, RunError> {
        let (day, way) = (self.day.about.name.clone(), self.way.name.clone());
        let mut record = PlanRecord {
            digest: self.bench.digest(self.day, self.way),
            solve_seconds: 0.0,
            threads: 0,
            iterations: 0,
            rehearsed: None,
            violations: Vec::new(),
            routes: Vec::new(),
            day,
            way,
        };
        match &self.way.source {
            WaySource::Given { .. } => {
                let key = (record.day.clone(), record.way.clone());
                let Some(given) = self.bench.given.get(&key) else {
                    let (day, way) = key;
                    return Err(RunError::NoPlan { day, way });
                };
                record.routes = given.routes.iter().map(route_record).collect();
            }
            WaySource::Planned(settings) => self.search(settings, &mut record, cancel, watch)?,
        }
        Ok(record)
    }

    fn search(
        &self,
        settings: &Settings,
        record: &mut PlanRecord,
        cancel: &Cancel,
        watch: &mut (dyn FnMut(Event<'_>) -> ControlFlow<()> + Send),
    ) -> Result<(), RunError> {
        let share = |percent: f64| percent / 100.0;
        let options = PlanOptions {
            time_budget: settings.time_ms.map(Duration::from_millis),
            iteration_limit: settings.iterations,
            stagnation_limit: None,
            seed: settings.seed,
            threads: self.bench.threads,
            fleet_first: settings.fleet_first,
            reliability: settings.on_time_percent.map(|percent| Reliability {
                target: OnTimeTarget {
                    expected: share(percent),
                    floor: settings.floor_percent.map(share),
                },
                noise: self.bench.noise.clone(),
                grace: Seconds::ZERO,
            }),
            initial: None,
        };
        let mut on_progress = |progress: &PlanProgress| {
            if watch(Event::Searching(progress)).is_break() {
                cancel.cancel();
            }
        };
        let clock = Clock::start();
        let planned = planner::plan(
            &self.day.problem,
            &self.travel,
            &options,
            &clock,
            cancel,
            &mut on_progress,
        )?;
        let provenance = &planned.plan.provenance;
        if provenance.stop_reason == StopReason::Cancelled || cancel.is_cancelled() {
            return Err(RunError::Stopped);
        }
        record.solve_seconds = (clock.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0;
        record.threads = provenance.threads;
        record.iterations = provenance.iterations;
        record.rehearsed = planned.rehearsed;
        record.routes = planned
            .plan
            .routes
            .iter()
            .map(|route| RouteRecord {
                courier: route.courier.to_string(),
                orders: route
                    .stops
                    .iter()
                    .map(|stop| stop.order.to_string())
                    .collect(),
                reloads: route
                    .reloads
                    .iter()
                    .map(|reload| (reload.n_before, reload.depot.to_string()))
                    .collect(),
            })
            .collect();
        Ok(())
    }
}

fn route_record(sketch: &RouteSketch) -> RouteRecord {
    RouteRecord {
        courier: sketch.courier.to_string(),
        orders: sketch.orders.iter().map(ToString::to_string).collect(),
        reloads: sketch
            .reloads_by_position()
            .map(|(n_before, depot)| (n_before, depot.to_string()))
            .collect(),
    }
}

/// The routes of a record as sequences of ids.
fn sketches(record: &PlanRecord) -> Result<Vec<RouteSketch>, RunError> {
    let sketch = |route: &RouteRecord| {
        let orders = route.orders.iter().map(|order| OrderId::parse(order));
        let reload = |(n_before, depot): &(usize, String)| {
            let n_before = *n_before;
            DepotId::parse(depot).map(|depot| ReloadSketch { depot, n_before })
        };
        Ok(RouteSketch {
            courier: CourierId::parse(&route.courier)?,
            orders: orders.collect::<Result<_, _>>()?,
            start: None,
            reloads: route.reloads.iter().map(reload).collect::<Result<_, _>>()?,
        })
    };
    let routes = record.routes.iter().map(sketch);
    routes
        .collect::<Result<_, _>>()
        .map_err(|cause| RunError::Record {
            day: record.day.clone(),
            way: record.way.clone(),
            cause,
        })
}
