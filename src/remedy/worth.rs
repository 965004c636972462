//! What a plan for the rest of the day is worth, by the forecast of now, and which of several is best.
//!
//! Promises kept come first: a plan is better if fewer are expected to be broken, by more than could be luck of the days
//! that plans are tried out on. Nobody is given up for a little of that, though: ten hours by which somebody waits longer
//! weigh as much as a broken promise ([`Figures::loss`](super::Figures::loss)). Of plans that cannot be told apart so, the one is
//! better that leaves fewer orders without anybody, then the one by which promises are late by less time all together, then
//! the cheaper one.

use std::sync::Arc;

use super::draft::Draft;
use super::residual::{Account, Residual};
use super::scene::Scene;
use crate::day::{Outcome, first_chance};
use crate::forecast::{ArrivalBand, WhatIf};
use crate::model::TimeWindow;
use crate::units::Seconds;

/// What is to be expected of one order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sight {
    /// Position of the order.
    pub(super) order: usize,
    /// Chance that its promise is kept, as it was told last.
    pub(super) on_time: f64,
    /// And as it was told first.
    pub(super) promised: f64,
    /// By how much it is broken on average, at most [`LATE_MAX`].
    pub(super) late: Seconds,
    /// When somebody comes.
    pub(super) arrival: Option<ArrivalBand>,
}

/// What is to be expected of the route to come of one courier.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// Of the orders to come, in sequence.
    pub(super) sights: Vec<Sight>,
    /// By simulated day: how many of their promises are broken; empty if that is the same on all days.
    broken: Vec<u16>,
}

/// A draft with what is to be expected of it.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) draft: Draft,
    /// By courier.
    pub(super) courses: Vec<Arc<Course>>,
    /// By courier.
    accounts: Vec<Arc<Account>>,
    pub(super) total: Account,
    /// Promises expected to be broken on the whole day, as they were told last: what customers wait for now decides.
    pub(super) late: f64,
    /// And as they were told first, by which the day is judged.
    pub(super) broken: f64,
}

/// Who waits longer than this waits for the next day: it counts no more, and as much for orders that nobody comes for.
pub(super) const LATE_MAX: Seconds = Seconds(12 * 3_600);

/// What an hour of waiting counts as in promises broken.
pub(super) const LATE_HOUR: f64 = 0.1;

/// By how little time promises may be late, all together, for plans to be taken for alike: less is not told to anybody.
const ALIKE: Seconds = Seconds(5 * 60);

/// How many standard errors a difference of promises broken has to be for it not to be luck.
const LUCK: f64 = 2.0;

/// Less than this is rounding.
const ROUNDING: f64 = 1e-9;

impl Judged {
    pub(super) fn sights(&self) -> impl Iterator<Item = &Sight> {
        self.courses.iter().flat_map(|course| &course.sights)
    }

    /// By how much promises that are to come are late on average, all together.
    pub(super) fn delay(&self) -> Seconds {
        self.sights().map(|sight| sight.late).sum()
    }

    /// What is to be expected of the whole day in promises broken, waiting included.
    pub(super) fn loss(&self) -> f64 {
        loss(self.late, self.delay(), self.unserved())
    }

    /// The largest loss with which `other` cannot be told apart from this plan.
    fn as_good_as(&self, other: &Self) -> f64 {
        self.loss() + other.luck(self) + loss(0.0, ALIKE, 0) + ROUNDING
    }

    /// By how many the promises broken here and in `other` may differ by luck: both are tried out on the same days, so that
    /// only what differs between them counts.
    pub(super) fn luck(&self, other: &Self) -> f64 {
        let mut by_day: Vec<i32> = Vec::new();
        for (one, other) in self.courses.iter().zip(&other.courses) {
            if Arc::ptr_eq(one, other) {
                continue;
            }
            for (broken, sign) in [(&one.broken, 1), (&other.broken, -1)] {
                by_day.resize(by_day.len().max(broken.len()), 0);
                for (sum, broken) in by_day.iter_mut().zip(broken) {
                    *sum += sign * i32::from(*broken);
                }
            }
        }
        let n = by_day.len() as f64;
        if by_day.len() < 2 {
            return 0.0;
        }
        let mean = by_day.iter().map(|sum| f64::from(*sum)).sum::<f64>() / n;
        let squares = by_day.iter().map(|sum| (f64::from(*sum) - mean).powi(2));
        LUCK * (squares.sum::<f64>() / (n - 1.0) / n).sqrt()
    }

    /// What is to be expected of `order`; `None` if nobody comes.
    pub(super) fn sight(&self, order: usize) -> Option<(usize, Sight)> {
        let couriers = self.courses.iter().enumerate();
        let mut found = couriers.filter_map(|(courier, course)| {
            let sight = course.sights.iter().find(|sight| sight.order == order)?;
            Some((courier, *sight))
        });
        found.next()
    }

    /// Orders that nobody comes for.
    pub(super) fn unserved(&self) -> usize {
        let lost = self.sights().filter(|sight| sight.arrival.is_none());
        self.draft.pool.len() + lost.count()
    }

    /// The smallest chance left to anyone; 1 without orders to come.
    pub(super) fn lowest(&self) -> f64 {
        if !self.draft.pool.is_empty() {
            return 0.0;
        }
        self.sights().map(|sight| sight.on_time).fold(1.0, f64::min)
    }
}

/// Plans looked at, and which of them is best.
pub(super) struct Choice {
    /// The plan as it is, then others.
    seen: Vec<Judged>,
}

impl Choice {
    /// Only the plan as it is.
    pub(super) fn new(before: &Judged) -> Self {
        Self {
            seen: vec![before.clone()],
        }
    }

    /// Takes one more into account.
    pub(super) fn add(&mut self, judged: Judged) {
        self.seen.push(judged);
        let fewest = self.fewest().clone();
        let mut number = 0;
        self.seen.retain(|plan| {
            number += 1;
            number == 1 || plan.loss() <= fewest.as_good_as(plan)
        });
    }

    /// The one with the least loss.
    fn fewest(&self) -> &Judged {
        let fewest = (self.seen.iter()).min_by(|a, b| a.loss().total_cmp(&b.loss()));
        fewest.unwrap_or(&self.seen[0])
    }

    /// The best one: the plan as it is, if nothing is better. In nothing that decides is it worse than that.
    pub(super) fn best(&self) -> &Judged {
        let (before, fewest) = (&self.seen[0], self.fewest());
        let is_alike =
            |plan: &&Judged| plan.loss() <= fewest.as_good_as(plan).min(before.loss() + ROUNDING);
        let mut best: Vec<&Judged> = self.seen.iter().filter(is_alike).collect();
        let served = best.iter().map(|plan| plan.unserved()).min();
        best.retain(|plan| Some(plan.unserved()) == served);
        let least = best.iter().map(|plan| plan.delay()).min();
        let mut most = least.unwrap_or_default() + ALIKE;
        if std::ptr::eq(best[0], before) {
            most = most.min(before.delay());
        }
        best.retain(|plan| plan.delay() <= most);
        let cheapest = best.iter().min_by_key(|plan| plan.total.cost);
        cheapest.copied().unwrap_or(before)
    }
}

/// Judges drafts.
pub(super) struct Judge<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) residual: Residual,
    /// Promises that are broken already.
    so_far: f64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(scene: &'a Scene<'a>, pool: &[usize]) -> Self {
        let outcomes = scene.live.day().outcomes();
        let is_broken =
            |outcome: &Outcome| matches!(outcome, Outcome::Late { .. } | Outcome::NotDelivered(_));
        let so_far = outcomes.iter().filter(|order| {
            // Those that may still be served count by their chance.
            let number = scene.number_of.get(&order.order);
            is_broken(&order.outcome) && number.is_none_or(|number| !pool.contains(number))
        });
        Self {
            residual: Residual::new(scene, pool),
            so_far: so_far.count() as f64,
            scene,
        }
    }

    /// A draft by itself.
    pub(super) fn first(&self, draft: Draft) -> Judged {
        let couriers = 0..draft.tails.len();
        let course = |it| Arc::new(self.course(&self.scene.what_if, &draft, it));
        let courses: Vec<_> = couriers.clone().map(course).collect();
        let account = |it| Arc::new(self.residual.account(self.scene, &draft, &[it]));
        let accounts: Vec<_> = couriers.map(account).collect();
        self.judged(draft, courses, accounts)
    }

    /// A draft that differs from `before`: only routes that do are looked at.
    pub(super) fn next(&self, before: &Judged, draft: Draft) -> Judged {
        let mut courses = before.courses.clone();
        let mut accounts = before.accounts.clone();
        for courier in draft.changed(&before.draft) {
            courses[courier] = Arc::new(self.course(&self.scene.what_if, &draft, courier));
            let account = self.residual.account(self.scene, &draft, &[courier]);
            accounts[courier] = Arc::new(account);
        }
        self.judged(draft, courses, accounts)
    }

    /// Whether `judged` breaks no constraint more than `before`, windows apart.
    pub(super) fn is_sound(before: &Judged, judged: &Judged) -> bool {
        judged.total.is_as_sound_as(&before.total)
    }

    fn judged(
        &self,
        draft: Draft,
        courses: Vec<Arc<Course>>,
        accounts: Vec<Arc<Account>>,
    ) -> Judged {
        let mut total = Account::default();
        for account in &accounts {
            total.add(account);
        }
        let chances = courses.iter().flat_map(|course| &course.sights);
        let to_come: f64 = chances.clone().map(|sight| 1.0 - sight.on_time).sum();
        let by_first: f64 = chances.map(|sight| 1.0 - sight.promised).sum();
        let gone = self.so_far + draft.pool.len() as f64;
        Judged {
            late: gone + to_come,
            broken: gone + by_first,
            draft,
            courses,
            accounts,
            total,
        }
    }

    /// The windows that the customer of `order` was told first.
    pub(super) fn first_told(&self, order: usize) -> Vec<TimeWindow> {
        let order = &self.scene.problem.orders[order];
        let roster = self.scene.live.day().roster();
        let first = roster.first_told(&order.id).map(<[TimeWindow]>::to_vec);
        first.unwrap_or_else(|| order.service_windows())
    }

    /// What is to be expected of the route to come of a courier.
    pub(super) fn course(&self, what_if: &WhatIf<'_>, draft: &Draft, courier: usize) -> Course {
        let orders = draft.tails[courier].iter();
        let orders: Vec<usize> = orders.filter_map(|halt| halt.order()).collect();
        if orders.is_empty() {
            return Course::default();
        }
        let trial = self.scene.trial(draft, courier);
        let first = trial.orders.len() - orders.len();
        let (outlook, broken) = what_if.tried(courier, &trial, self.scene.now);
        let grace = self.scene.live.day().rules().grace;
        let stops = outlook.stops.iter().filter_map(|stop| {
            let order = *orders.get(stop.stop.checked_sub(first)?)?;
            let told = self.scene.problem.orders[order].service_windows();
            let windows = (&*self.first_told(order), &*told);
            Some(Sight {
                order,
                promised: first_chance(windows, stop.on_time, stop.arrival, grace),
                on_time: stop.on_time,
                late: stop.late.min(LATE_MAX),
                arrival: stop.arrival,
            })
        });
        Course {
            sights: stops.collect(),
            broken,
        }
    }
}

/// Promises broken, with what waiting counts as.
pub(super) fn loss(late: f64, delay: Seconds, unserved: usize) -> f64 {
    let hours = |span: Seconds| span.0 as f64 / 3_600.0;
    late + LATE_HOUR * (hours(delay) + hours(LATE_MAX) * unserved as f64)
}

#[expect(clippy::cast_possible_truncation, reason = "days are short")]
pub(super) fn hundredths(promises: f64) -> i64 {
    (promises * 100.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Cost, ExactCost};

    /// Days that plans of these tests are tried out on.
    const DAYS: u16 = 128;

    /// A plan with one route, whose stops have these chances and are late by so many seconds on average, infinitely if nobody
    /// comes. Unlucky days are the first ones, or the last.
    fn plan(stops: &[(f64, f64)], is_first: bool, cost: i64) -> Judged {
        let mut course = Course {
            broken: vec![0; usize::from(DAYS)],
            ..Course::default()
        };
        for (order, &(on_time, late)) in stops.iter().enumerate() {
            let lost = (1.0 - on_time) * f64::from(DAYS);
            for day in 0..DAYS {
                let number = if is_first { day } else { DAYS - 1 - day };
                course.broken[usize::from(day)] += u16::from(f64::from(number) < lost);
            }
            let band = ArrivalBand {
                p10: crate::units::Timestamp(0),
                p50: crate::units::Timestamp(0),
                p90: crate::units::Timestamp(0),
            };
            #[expect(clippy::cast_possible_truncation, reason = "days are short")]
            course.sights.push(Sight {
                order,
                on_time,
                promised: on_time,
                late: Seconds(if late.is_finite() { late as i64 } else { 0 }),
                arrival: late.is_finite().then_some(band),
            });
        }
        let late = course.sights.iter().map(|sight| 1.0 - sight.on_time).sum();
        Judged {
            draft: Draft {
                tails: Vec::new(),
                pool: Vec::new(),
                starts: std::collections::BTreeMap::new(),
            },
            courses: vec![Arc::new(course)],
            accounts: Vec::new(),
            total: Account {
                cost: ExactCost::from_cost(Cost(cost)),
                ..Account::default()
            },
            late,
            broken: late,
        }
    }

    /// Which of `others` is chosen instead of `before`, by position; `None` if `before` stays.
    fn chosen(before: &Judged, others: &[Judged]) -> Option<usize> {
        let mut choice = Choice::new(before);
        for other in others {
            choice.add(other.clone());
        }
        let best = choice.best();
        let is_best = |plan: &Judged| Arc::ptr_eq(&plan.courses[0], &best.courses[0]);
        assert!(best.loss() <= before.loss() + ROUNDING);
        others.iter().position(is_best)
    }

    #[test]
    fn a_promise_kept_is_worth_hours_of_waiting_and_any_cost() {
        let before = plan(&[(0.0, 60.0), (0.9, 60.0)], true, 100);
        let kept = plan(&[(0.9, 600.0), (0.9, 7_200.0)], true, 1_000_000);
        assert_eq!(chosen(&before, &[kept]), Some(0));
    }

    #[test]
    fn nobody_is_given_up_for_a_tenth_of_a_promise() {
        let before = plan(&[(0.54, 300.0), (0.99, 0.0)], true, 100);
        let ruin = plan(&[(0.72, 200.0), (0.91, 42_000.0)], true, 100);
        assert!(ruin.late < before.late - 0.09);
        assert_eq!(chosen(&before, &[ruin]), None);
    }

    #[test]
    fn a_promise_that_is_broken_anyhow_is_better_broken_by_less() {
        let before = plan(&[(0.0, 7_200.0), (0.0, 7_200.0)], true, 100);
        let sooner = plan(&[(0.0, 1_800.0), (0.0, 7_200.0)], true, 900);
        assert_eq!(chosen(&before, &[sooner]), Some(0));
    }

    #[test]
    fn promises_that_only_luck_tells_apart_are_told_apart_by_the_delay() {
        let before = plan(&[(0.0, 3_600.0)], true, 100);
        let luckier = plan(&[(0.55, 3_000.0)], true, 100);
        let sooner = plan(&[(0.53, 600.0)], false, 100);
        assert!(luckier.luck(&sooner) > 0.02);
        assert_eq!(chosen(&before, &[luckier, sooner]), Some(1));
        // The same difference on the very same days is none of luck.
        let surely = plan(&[(0.56, 3_000.0)], true, 100);
        let less = plan(&[(0.40, 600.0)], true, 100);
        assert!(surely.luck(&less) < 0.1);
        assert_eq!(chosen(&before, &[surely, less]), Some(0));
    }

    #[test]
    fn to_come_too_late_is_better_than_not_to_come() {
        let before = plan(&[(0.0, f64::INFINITY)], true, 100);
        let late = plan(&[(0.0, 9_000.0)], true, 5_000);
        assert_eq!(chosen(&before, &[late]), Some(0));
    }

    #[test]
    fn of_plans_that_are_alike_the_cheaper_one_is_taken() {
        let before = plan(&[(0.2, 3_600.0)], true, 100);
        let dear = plan(&[(0.9, 60.0)], true, 900);
        let cheap = plan(&[(0.9, 200.0)], true, 300);
        assert_eq!(chosen(&before, &[dear, cheap]), Some(1));
    }

    #[test]
    fn nothing_changes_for_luck_or_for_what_is_no_better() {
        let before = plan(&[(0.50, 600.0)], true, 100);
        // A little luckier, but later; a little cheaper, but later; as good.
        let luckier = plan(&[(0.51, 900.0)], false, 100);
        let cheaper = plan(&[(0.50, 700.0)], true, 50);
        let same = plan(&[(0.50, 600.0)], true, 100);
        assert_eq!(chosen(&before, &[luckier, cheaper, same]), None);
    }
}
