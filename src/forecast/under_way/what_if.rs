//! What would be to be expected if the rest of a route were another one.
//!
//! A route that is tried out is drawn on the same days as the one that it replaces: two looks differ by what is other about
//! them, not by luck.

use std::sync::Arc;

use super::evidence::{Evidence, Pending};
use super::outlook::Look;
use super::path::Surveyor;
use super::{CourierDay, DayUnderWay, Hold, RouteOutlook, RouteProgress, VisitTimes};
use crate::forecast::itinerary::Timetable;
use crate::model::{Order, OrderId, Problem, ReloadSketch, Route, RouteStart};
use crate::travel::TravelTimes;
use crate::units::Timestamp;

/// Tries out routes on a day under way.
pub struct WhatIf<'a> {
    day: &'a DayUnderWay,
    problem: &'a Problem,
    surveyor: Surveyor<'a>,
}

/// A route to be tried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Orders in sequence: first those at whose doors the courier was or is, in that sequence.
    pub orders: Vec<OrderId>,
    /// When loading starts.
    pub start: Timestamp,
    /// Returns to a depot, in sequence.
    pub reloads: Vec<ReloadSketch>,
    /// Breaks: their numbers, and how many of the orders come before.
    pub breaks: Vec<(usize, usize)>,
    /// What keeps the courier from going on; `None` as it is known.
    pub hold: Option<Hold>,
}

/// How fast a courier is today, as far as that is known, compared with the plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tempo {
    /// How many times as long as planned ways take on average, in the traffic of now.
    pub ways: f64,
    /// How many times as long as planned services take on average.
    pub services: f64,
    /// When what the courier does now is over on average: the start, the way to the next stop, the service.
    pub free: Timestamp,
}

impl Default for Tempo {
    /// As planned, and free since ever.
    fn default() -> Self {
        Self {
            ways: 1.0,
            services: 1.0,
            free: Timestamp(i64::MIN),
        }
    }
}

impl DayUnderWay {
    /// Tries out routes of `problem`, which has all that the day's own problem has, in the same sequence; it may have more.
    #[must_use]
    pub fn what_if<'a>(&'a self, problem: &'a Problem, travel: &'a TravelTimes<'a>) -> WhatIf<'a> {
        let timetable = Timetable::new(problem, travel, &self.spread, self.grace);
        WhatIf {
            day: self,
            problem,
            surveyor: Surveyor::new(problem, timetable),
        }
    }

    /// How fast the courier with number `courier` is at `now`.
    #[must_use]
    pub fn tempo(&self, courier: usize, now: Timestamp) -> Tempo {
        let Some(Some(of)) = self.couriers.get(courier) else {
            return Tempo::default();
        };
        Look::new(self, of, now).tempo()
    }
}

impl<'a> WhatIf<'a> {
    /// Takes `order` instead of the one of the problem that has its id.
    pub fn replace(&mut self, order: &'a Order) {
        self.surveyor.replace(order);
    }

    /// What would be to be expected at `now` of the courier with number `courier`. Stops have the numbers that they have
    /// in `trial`.
    ///
    /// Shape: as [`DayUnderWay::outlook`].
    #[must_use]
    pub fn outlook(&self, courier: usize, trial: &Trial, now: Timestamp) -> RouteOutlook {
        self.tried(courier, trial, now).0
    }

    /// The same, and on each of the days that it is drawn on how many promises are broken; empty if nobody comes, or there
    /// is nothing to come.
    #[must_use]
    pub fn tried(&self, courier: usize, trial: &Trial, now: Timestamp) -> (RouteOutlook, Vec<u16>) {
        let Some(who) = self.problem.couriers.get(courier) else {
            return (RouteOutlook::default(), Vec::new());
        };
        let known = self.day.couriers.get(courier).and_then(Option::as_ref);
        let route = Route::sketched(
            who.id.clone(),
            trial.start,
            trial.orders.iter().cloned(),
            &trial.reloads,
            trial.breaks.iter().copied(),
        );
        let sequence: Vec<usize> = (0..trial.orders.len()).collect();
        let path = Arc::new(self.surveyor.path(&route, &sequence));
        let progress = progress(known, trial);
        let mut of = CourierDay {
            route,
            depot: match &who.start {
                RouteStart::Depot(depot) => Some(depot.clone()),
                RouteStart::Place(_) => None,
            },
            planned: Arc::clone(&path),
            path,
            progress,
            evidence: known.map_or_else(Evidence::default, |known| known.evidence.clone()),
            pending: Pending::default(),
        };
        if known.is_none() {
            of.evidence = self.day.yardstick(&of).evidence(&of.path, &of.progress);
        }
        self.day.drawn_outlook(&of, now)
    }
}

/// What the courier has done, with the numbers of `trial`.
fn progress(known: Option<&CourierDay>, trial: &Trial) -> RouteProgress {
    let mut progress = known.map_or_else(RouteProgress::default, |known| known.progress.clone());
    let renumbered = progress.visits.iter().enumerate();
    let renumbered = renumbered.map(|(stop, times)| VisitTimes { stop, ..*times });
    progress.visits = renumbered.collect();
    progress.ahead = (progress.visits.len()..trial.orders.len()).collect();
    progress.hold = trial.hold.unwrap_or(progress.hold);
    progress
}
