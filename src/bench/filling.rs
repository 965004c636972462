//! A day filled one customer at a time, against the same day planned when all customers are known.
//!
//! Customers come in random sequence. Each wants the window that the day's problem has for it, and is promised it if the
//! book offers it, otherwise lost. Between two customers the plan is improved for a while. Afterwards the chances quoted
//! are compared with what the final plan does on other simulated days.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::book::{Book, Caller, Site};
use crate::clock::Clock;
use crate::forecast::forecast;
use crate::model::{
    CourierId, DayId, DropPolicy, ForecastOptions, InitialPlan, MalformedId, NoiseModel,
    OnTimeTarget, Order, OrderId, Plan, PlanForecast, Problem, PromiseId, Route, RouteSketch,
    TimeWindow, WindowId,
};
use crate::planner::reliability::Reliability;
use crate::planner::{self, Cancel, PlanOptions};
use crate::promise::{
    Booking, Day, DayTerms, Entry, Event, Offer, OfferedWindow, Shortfall, Statement, Unfit,
};
use crate::rng;
use crate::travel::TravelTimes;
use crate::units::{BasisPoints, Seconds, Timestamp};

/// Why a day could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum FillingError {
    /// The operating system refuses search threads.
    #[error("start search threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A fault of ours.
    #[error("keep the ledger: {0}")]
    Ledger(#[from] Unfit),
    /// A fault of ours.
    #[error("name a thing: {0}")]
    Name(#[from] MalformedId),
}

/// A day to fill.
#[derive(Clone, Debug)]
pub struct FillingSpec {
    /// The day with everybody who will ask; each order has a promise, whose window it wants.
    pub problem: Problem,
    /// What the promises of the day are to reach together.
    pub target: Option<OnTimeTarget>,
    /// How much the day varies.
    pub noise: NoiseModel,
    /// Simulated days that quotes look at.
    pub scenarios: u32,
    /// Iterations of the search for a better plan after each customer.
    pub iterations: u64,
    /// Seed of the sequence, the days and the searches.
    pub seed: u64,
    /// Search threads, at least 1.
    pub threads: usize,
}

/// A promise made while a day was filled.
#[derive(Clone, Debug, PartialEq)]
pub struct FilledPromise {
    /// The order.
    pub order: OrderId,
    /// How many were in the plan before it.
    pub before: usize,
    /// Share of the couriers' shifts that the plan before it needed, 0 to 1.
    pub used: f64,
    /// The chance quoted.
    pub quoted: f64,
    /// The chance said to be expected at the end, if any was.
    pub at_close: Option<f64>,
    /// The chance in the final plan, on other simulated days.
    pub kept: f64,
}

/// What came of filling a day.
#[derive(Clone, Debug)]
pub struct Filling {
    /// Customers who asked.
    pub asked: usize,
    /// Promises, in the order in which they were made.
    pub promises: Vec<FilledPromise>,
    /// Customers who were refused because there was no room.
    pub without_room: usize,
    /// Customers who were refused for the day's target.
    pub for_target: usize,
    /// The final plan.
    pub plan: Plan,
    /// Its forecast, on days that neither quotes nor searches have looked at.
    pub forecast: PlanForecast,
    /// Time that each quote of all windows took, ascending.
    pub quotes: Vec<Duration>,
}

/// What can be had when all customers are known.
#[derive(Clone, Debug)]
pub struct Hindsight {
    /// Orders served.
    pub served: usize,
    /// Their plan.
    pub plan: Plan,
    /// Its forecast.
    pub forecast: PlanForecast,
}

/// Fills the day of `spec`; `on_customer` is told how many have been asked and how many promises there are.
///
/// The problem must have passed [`Problem::validate`], and its couriers neither reload nor take breaks, nor its travel times
/// change in the day.
///
/// # Errors
/// If the operating system refuses search threads, or by a fault of ours.
pub fn fill(
    spec: &FillingSpec,
    mut on_customer: impl FnMut(usize, usize),
) -> Result<Filling, FillingError> {
    let mut shop = Shop::open(spec)?;
    let sequence = sequence(spec);
    let (mut without_room, mut for_target) = (0, 0);
    let mut quotes = Vec::new();
    let mut told = Vec::new();
    for (number, &customer) in sequence.iter().enumerate() {
        let order = &spec.problem.orders[customer];
        let caller = Caller::new(shop.book.site(), Arc::new(booking(&spec.problem, order)));
        let clock = Clock::start();
        let outcomes = shop
            .book
            .quote(&caller, &shop.day.terms().windows, Timestamp(0));
        quotes.push(clock.elapsed());
        let wanted = order.promise.map(|promise| promise.window);
        let outcome = outcomes
            .into_iter()
            .find(|quote| Some(quote.window) == wanted);
        match outcome.map(|quote| (quote.id, quote.outcome)) {
            Some((window, Ok(offer))) => {
                told.push(FilledPromise {
                    order: order.id.clone(),
                    before: told.len(),
                    used: shop.book.used(),
                    quoted: offer.probability.estimate,
                    at_close: offer.at_close,
                    kept: 0.0,
                });
                shop.promise(&caller, &window, &offer)?;
                shop.improve(spec)?;
            }
            Some((_, Err(Shortfall::Target { .. }))) => for_target += 1,
            Some((_, Err(_))) | None => without_room += 1,
        }
        on_customer(number + 1, told.len());
    }
    quotes.sort_unstable();
    let problem = shop.book.problem(&shop.day);
    let (plan, forecast) = judged(&problem, &shop.book.sketches(), spec);
    let chances: BTreeMap<&OrderId, f64> = (forecast.routes.iter())
        .flat_map(|route| &route.stops)
        .map(|stop| (&stop.order, stop.on_time.estimate))
        .collect();
    let promises = told.into_iter().map(|promise| FilledPromise {
        kept: chances.get(&promise.order).copied().unwrap_or(0.0),
        ..promise
    });
    Ok(Filling {
        asked: sequence.len(),
        promises: promises.collect(),
        without_room,
        for_target,
        plan,
        forecast,
        quotes,
    })
}

/// Chooses and plans, with all customers of `spec` known, as many as the target allows, in searches of `budget` each.
///
/// First everybody who can be served is. While the target is missed, as many of the least likely promises are given up as
/// would let the others meet it, and these are planned again from where they stand.
///
/// # Errors
/// If the operating system refuses search threads.
pub fn hindsight(
    spec: &FillingSpec,
    budget: Duration,
    mut on_round: impl FnMut(usize, f64),
) -> Result<Hindsight, FillingError> {
    let mut problem = spec.problem.clone();
    for order in &mut problem.orders {
        order.drop_policy = DropPolicy::MayDrop {
            penalty: 1_000_000_000,
        };
    }
    let mut initial = None;
    loop {
        let travel = TravelTimes::new(&problem);
        let options = PlanOptions {
            time_budget: Some(budget),
            seed: spec.seed,
            threads: spec.threads,
            reliability: spec.reliability(spec.target),
            initial: initial.take(),
            ..PlanOptions::default()
        };
        let clock = Clock::start();
        let planned = planner::plan(
            &problem,
            &travel,
            &options,
            &clock,
            &Cancel::default(),
            &mut |_| {},
        )?;
        let mut sketches: Vec<RouteSketch> = planned.plan.routes.iter().map(sketch).collect();
        let served: BTreeSet<&OrderId> =
            sketches.iter().flat_map(|sketch| &sketch.orders).collect();
        let n_served = served.len();
        let (plan, forecast) = judged(&problem, &sketches, spec);
        on_round(n_served, forecast.expected_on_time);
        let chances = chances(&forecast);
        let is_met = is_met(&forecast, &chances, spec);
        if is_met || n_served == 0 {
            return Ok(Hindsight {
                served: n_served,
                plan,
                forecast,
            });
        }
        let given_up = surplus(&chances, spec);
        let given_up: BTreeSet<OrderId> = chances
            .into_iter()
            .take(given_up)
            .map(|(_, order)| order)
            .collect();
        let kept: BTreeSet<OrderId> = served
            .into_iter()
            .filter(|id| !given_up.contains(id))
            .cloned()
            .collect();
        drop(travel);
        problem.orders.retain(|order| kept.contains(&order.id));
        for route in &mut sketches {
            route.orders.retain(|order| kept.contains(order));
        }
        sketches.retain(|route| !route.orders.is_empty());
        initial = Some(InitialPlan {
            routes: sketches,
            locks: Vec::new(),
        });
    }
}

/// A route as a sequence with its start.
fn sketch(route: &Route) -> RouteSketch {
    RouteSketch {
        courier: route.courier.clone(),
        orders: route.stops.iter().map(|stop| stop.order.clone()).collect(),
        start: Some(route.start),
        reloads: Vec::new(),
    }
}

/// The chances of all promises, ascending.
fn chances(forecast: &PlanForecast) -> Vec<(f64, OrderId)> {
    let stops = forecast.routes.iter().flat_map(|route| &route.stops);
    let mut chances: Vec<(f64, OrderId)> = stops
        .map(|stop| (stop.on_time.estimate, stop.order.clone()))
        .collect();
    chances.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    chances
}

/// Whether a plan meets the target.
fn is_met(forecast: &PlanForecast, chances: &[(f64, OrderId)], spec: &FillingSpec) -> bool {
    spec.target.is_none_or(|target| {
        let floor = target.floor.unwrap_or(0.0);
        forecast.expected_on_time >= target.expected
            && chances.first().is_none_or(|worst| worst.0 >= floor)
    })
}

/// How many of the least likely promises, of which there are `chances` in ascending order, have to go so that the others
/// meet the target; at least one.
fn surplus(chances: &[(f64, OrderId)], spec: &FillingSpec) -> usize {
    let floor = spec.target.and_then(|target| target.floor).unwrap_or(0.0);
    let expected = spec.target.map_or(0.0, |target| target.expected);
    let n_below = chances.iter().filter(|(chance, _)| *chance < floor).count();
    let mut sum: f64 = chances.iter().map(|(chance, _)| chance).sum();
    let mut gone = 0;
    for (chance, _) in chances {
        let n_left = (chances.len() - gone) as f64;
        if gone >= n_below && sum >= expected * n_left {
            break;
        }
        sum -= chance;
        gone += 1;
    }
    gone.max(1)
}

/// Customers in the random sequence in which they come.
fn sequence(spec: &FillingSpec) -> Vec<usize> {
    let mut customers: Vec<usize> = (0..spec.problem.orders.len()).collect();
    let key = |customer: &usize| rng::hash(spec.seed, &[*customer as u64]);
    customers.sort_by_key(key);
    customers
}

fn booking(problem: &Problem, order: &Order) -> Booking {
    Booking {
        order: Order {
            promise: None,
            ..order.clone()
        },
        place: problem.place(order.place).clone(),
    }
}

/// Times and judges routes on days that nobody has seen.
fn judged(problem: &Problem, sketches: &[RouteSketch], spec: &FillingSpec) -> (Plan, PlanForecast) {
    let travel = TravelTimes::new(problem);
    let plan = planner::evaluate(problem, &travel, sketches);
    let options = ForecastOptions {
        seed: spec.seed,
        noise: Some(spec.noise.clone()),
        ..ForecastOptions::default()
    };
    let forecast = forecast(problem, &travel, &plan, &options);
    (plan, forecast)
}

/// A day that is being filled.
struct Shop {
    day: Day,
    book: Book,
}

impl Shop {
    fn open(spec: &FillingSpec) -> Result<Self, FillingError> {
        let windows: BTreeSet<TimeWindow> = (spec.problem.orders.iter())
            .filter_map(|order| Some(order.promise?.window))
            .collect();
        let windows = windows.into_iter().enumerate().map(|(number, window)| {
            Ok(OfferedWindow {
                id: WindowId::parse(&format!("window-{number}"))?,
                window,
                cut_off: None,
            })
        });
        let mut base = spec.problem.clone();
        base.orders.clear();
        let terms = DayTerms {
            id: DayId::parse("day")?,
            base,
            windows: windows.collect::<Result<_, MalformedId>>()?,
            area: None,
            target: spec.target,
            hold_duration: Seconds(600),
            noise: spec.noise.clone(),
            drift: None,
            is_calibrated: true,
            grace: Seconds::ZERO,
            scenarios: spec.scenarios,
            seed: spec.seed,
        };
        let entry = Entry {
            number: 0,
            at: Timestamp(0),
            event: Event::Opened(Box::new(terms)),
        };
        let day = Day::open(&entry)?;
        let book = Book::new(Arc::new(Site::new(Arc::clone(day.terms()))));
        Ok(Self { day, book })
    }

    fn write(&mut self, event: Event) -> Result<(), Unfit> {
        self.day.apply(&Entry {
            number: self.day.length(),
            at: self.day.last_at(),
            event,
        })
    }

    /// Takes an order in whose window is on offer.
    fn promise(
        &mut self,
        caller: &Arc<Caller>,
        window: &WindowId,
        offer: &Offer,
    ) -> Result<(), FillingError> {
        let Some(offered) = self.day.terms().window(window).cloned() else {
            return Ok(());
        };
        let Ok(taken) = self.book.take(caller, &offered) else {
            return Ok(());
        };
        self.book = taken.book;
        let event = Event::Held {
            promise: PromiseId::parse(caller.booking().order.id.as_str())?,
            booking: Box::new(caller.booking().as_ref().clone()),
            window: window.clone(),
            statement: Statement {
                window: offered.window,
                probability: BasisPoints::of_share(offer.probability.estimate),
                at_close: None,
                error: BasisPoints(0),
                plan_version: self.day.plan_version(),
                noise_version: self.day.terms().noise_version().to_owned(),
            },
            expires_at: Timestamp::LAST,
            routes: vec![taken.change],
        };
        Ok(self.write(event)?)
    }

    /// Looks for a better plan.
    fn improve(&mut self, spec: &FillingSpec) -> Result<(), FillingError> {
        if spec.iterations == 0 || self.day.live().len() < 2 {
            return Ok(());
        }
        let problem = self.book.problem(&self.day);
        let travel = TravelTimes::new(&problem);
        let options = PlanOptions {
            iteration_limit: Some(spec.iterations),
            seed: rng::hash(spec.seed, &[self.day.length()]),
            threads: spec.threads,
            reliability: spec.reliability(self.day.terms().search_target()),
            initial: Some(InitialPlan {
                routes: self.book.sketches(),
                locks: Vec::new(),
            }),
            ..PlanOptions::default()
        };
        let (clock, cancel) = (Clock::start(), Cancel::default());
        let planned = planner::plan(&problem, &travel, &options, &clock, &cancel, &mut |_| {})?;
        let routes: BTreeMap<CourierId, Vec<OrderId>> = (planned.plan.routes.iter())
            .map(|route| {
                let orders = route.stops.iter().map(|stop| stop.order.clone());
                (route.courier.clone(), orders.collect())
            })
            .collect();
        if let Some(moved) = self.book.taking_over(&routes) {
            self.book = moved.book;
            self.write(Event::Replanned {
                routes: moved.changes,
            })?;
        }
        Ok(())
    }
}

impl FillingSpec {
    fn reliability(&self, target: Option<OnTimeTarget>) -> Option<Reliability> {
        target.map(|target| Reliability {
            target,
            noise: self.noise.clone(),
            grace: Seconds::ZERO,
        })
    }
}
