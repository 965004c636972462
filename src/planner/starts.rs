//! When couriers start in a plan for a target: early where that costs nothing or the target takes it, late otherwise.
//!
//! The search rehearses every route with an early start, and does not charge for it where couriers are paid by the hour.
//! Here routes get the starts that they are planned with: those that cost least are given up for early ones, the
//! promises kept for a unit of cost deciding, until the target is met or there are none left.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::initial::Pins;
use super::reliability::{BrokenPromises, Reliability};
use super::schedule::{Schedule, schedule};
use super::translate::Translation;
use crate::forecast::Step;
use crate::model::{CourierId, OrderId, Problem, Route, RouteSketch};
use crate::solver::solution::Solution;
use crate::travel::TravelTimes;
use crate::units::{Cost, ExactCost, Seconds, Timestamp};

/// A target, and the days on which plans are tried out for it.
pub(super) struct Rehearsed<'a> {
    pub(super) reliability: &'a Reliability,
    pub(super) hazard: Arc<BrokenPromises>,
    /// The most harm allowed.
    pub(super) allowed: i64,
}

/// Chooses when couriers start.
pub(super) struct Starts<'a> {
    rehearsed: &'a Rehearsed<'a>,
    problem: &'a Problem,
    travel: &'a TravelTimes<'a>,
    translation: &'a Translation,
    pins: &'a Pins,
    /// Where orders stand in the problem.
    orders: BTreeMap<&'a OrderId, u32>,
    /// The vehicle type of each courier.
    kinds: BTreeMap<&'a CourierId, usize>,
}

impl Rehearsed<'_> {
    /// Chooses starts for `translation`, which is that of `problem`; what is in `pins` has happened.
    pub(super) fn starts<'a>(
        &'a self,
        problem: &'a Problem,
        travel: &'a TravelTimes<'a>,
        translation: &'a Translation,
        pins: &'a Pins,
    ) -> Starts<'a> {
        let couriers = problem.couriers.iter().enumerate();
        Starts {
            rehearsed: self,
            problem,
            travel,
            translation,
            pins,
            orders: problem
                .orders
                .iter()
                .map(|order| &order.id)
                .zip(0..)
                .collect(),
            kinds: couriers
                .filter_map(|(at, courier)| Some((&courier.id, translation.kind_of(at)?)))
                .collect(),
        }
    }
}

impl Starts<'_> {
    /// Gives the routes of `solution`, sketched in `sketches`, the starts that the target takes.
    pub(super) fn choose(
        &self,
        solution: &Solution,
        mut sketches: Vec<RouteSketch>,
    ) -> Vec<RouteSketch> {
        let mut early = sketches.clone();
        for ((late, early), route) in sketches.iter_mut().zip(&mut early).zip(&solution.routes) {
            late.start = self.pins.of(&late.courier).start;
            early.start = late.start.or_else(|| {
                let target = &self.translation.target;
                let reliability = self.rehearsed.reliability;
                let start = reliability.start(target, route.kind, &route.clients);
                Some(self.translation.origin() + Seconds(i64::from(start)))
            });
        }
        let (late, early) = (self.timed(&sketches).routes, self.timed(&early).routes);
        let choices: Vec<Choice> = (late.iter().zip(&early))
            .map(|(late, early)| Choice {
                price: early.cost.total().0 - late.cost.total().0,
                saved: self.harm(late) - self.harm(early),
            })
            .collect();
        let harm = late.iter().map(|route| self.harm(route)).sum();
        let chosen = choose_early(&choices, harm, self.rehearsed.allowed);
        let starts: BTreeMap<&CourierId, Timestamp> = (early.iter().zip(chosen))
            .filter_map(|(route, is_early)| is_early.then_some((&route.courier, route.start)))
            .collect();
        for sketch in &mut sketches {
            sketch.start = starts.get(&sketch.courier).copied().or(sketch.start);
        }
        sketches
    }

    /// What the routes lack to the target, in harm beyond what is allowed.
    pub(super) fn lacking(&self, routes: &[Route]) -> i64 {
        let harm: i64 = routes.iter().map(|route| self.harm(route)).sum();
        (harm - self.rehearsed.allowed).max(0)
    }

    /// The expected share of all promises that are kept on the days of the rehearsal, 0 to 1.
    pub(super) fn kept(&self, sketches: &[RouteSketch]) -> f64 {
        let schedule = self.timed(sketches);
        let n_days = u64::from(self.rehearsed.hazard.days());
        let late = schedule
            .routes
            .iter()
            .flat_map(|route| self.late_days(route));
        let absent = n_days * schedule.unserved.len() as u64;
        let broken = absent + late.map(u64::from).sum::<u64>();
        let promises = n_days * self.problem.orders.len().max(1) as u64;
        1.0 - broken as f64 / promises as f64
    }

    /// What a plan of `sketches` costs.
    pub(super) fn cost(&self, sketches: &[RouteSketch]) -> Cost {
        let routes = self.timed(sketches).routes;
        let total: ExactCost = routes.iter().map(|route| route.cost.total()).sum();
        total.rounded()
    }

    fn timed(&self, sketches: &[RouteSketch]) -> Schedule {
        schedule(self.problem, self.travel, sketches)
    }

    fn harm(&self, route: &Route) -> i64 {
        let late = self.late_days(route).into_iter();
        late.map(|days| self.rehearsed.hazard.harm_of(days)).sum()
    }

    /// On how many days each stop of a route is late.
    fn late_days(&self, route: &Route) -> Vec<u32> {
        let Some(&kind) = self.kinds.get(&route.courier) else {
            return Vec::new();
        };
        let narrow = |span: Seconds| i32::try_from(span.0).unwrap_or(i32::MAX);
        let steps: Vec<Step> = (route.stops.iter())
            .filter_map(|stop| {
                Some(Step {
                    order: *self.orders.get(&stop.order)?,
                    travel: narrow(stop.leg_duration),
                    service: narrow(stop.departure - stop.service_start),
                })
            })
            .collect();
        let departure = narrow(route.departure - self.translation.origin());
        self.rehearsed.hazard.late_days_of(kind, departure, &steps)
    }
}

/// What an early start of a route is about.
#[derive(Clone, Copy, Debug)]
struct Choice {
    /// What it costs.
    price: i64,
    /// The harm that it saves.
    saved: i64,
}

/// Which routes are to start early, where `harm` is done if none does and `allowed` may be.
fn choose_early(choices: &[Choice], mut harm: i64, allowed: i64) -> Vec<bool> {
    let mut is_early = vec![false; choices.len()];
    let mut priced = Vec::new();
    for (number, choice) in choices.iter().enumerate() {
        if choice.price <= 0 && choice.saved >= 0 {
            is_early[number] = true;
            harm -= choice.saved;
        } else if choice.saved > 0 {
            priced.push(number);
        }
    }
    let worth = |number: &usize| choices[*number];
    priced.sort_by(|a, b| {
        let (a, b) = (worth(a), worth(b));
        let left = i128::from(b.saved) * i128::from(a.price);
        left.cmp(&(i128::from(a.saved) * i128::from(b.price)))
    });
    let mut taken = Vec::new();
    for number in priced {
        if harm <= allowed {
            break;
        }
        is_early[number] = true;
        harm -= choices[number].saved;
        taken.push(number);
    }
    // The last one taken may make earlier ones needless.
    taken.sort_by_key(|&number| -choices[number].price);
    for number in taken {
        let without = harm + choices[number].saved;
        if without <= allowed {
            is_early[number] = false;
            harm = without;
        }
    }
    is_early
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn choice(price: i64, saved: i64) -> Choice {
        Choice { price, saved }
    }

    #[test]
    fn early_starts_that_cost_nothing_are_free_and_others_are_taken_for_the_target_alone() {
        let choices = [choice(0, 2), choice(10, 5), choice(10, 9), choice(5, 0)];
        let early = |allowed| choose_early(&choices, 20, allowed);
        assert_eq!(early(20), [true, false, false, false]);
        assert_eq!(early(17), [true, false, true, false]);
        assert_eq!(early(5), [true, true, true, false]);
        assert_eq!(early(0), [true, true, true, false], "as near as can be");
    }

    #[test]
    fn an_early_start_that_a_later_choice_makes_needless_is_given_back() {
        // The first keeps more promises for its price, but does not do; the second does alone.
        let choices = [choice(1, 2), choice(10, 9)];
        assert_eq!(choose_early(&choices, 10, 1), [false, true]);
    }

    proptest! {
        #[test]
        fn a_target_that_can_be_met_is_met(
            choices in prop::collection::vec((0..100_i64, -3..30_i64), 0..8),
            allowed in 0..100_i64,
        ) {
            let choices: Vec<Choice> = choices.into_iter().map(|(p, s)| choice(p, s)).collect();
            let harm = 100;
            let chosen = choose_early(&choices, harm, allowed);
            let saved = |is_early: &dyn Fn(usize) -> bool| -> i64 {
                let numbers = (0..choices.len()).filter(|&number| is_early(number));
                numbers.map(|number| choices[number].saved).sum()
            };
            let most = saved(&|number| choices[number].saved > 0);
            let left = harm - saved(&|number| chosen[number]);
            prop_assert!(left <= allowed.max(harm - most));
        }
    }
}
