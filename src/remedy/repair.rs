//! Repair of the rest of the day under a disruption budget.

use super::draft::Draft;
use super::request::{Prepared, RepairRequest, told};
use super::scene::Scene;
use super::search::{Limits, Search};
use super::worth::{Judge, Judged, Sight, loss};
use crate::clock::Clock;
use crate::day::{LiveDay, Replan, ReplanRefusal};
use crate::forecast::ArrivalBand;
use crate::model::{CourierId, Finding, Order, OrderId, TimeWindow, Verdict};
use crate::rng;
use crate::travel::TravelTimes;
use crate::units::{Cost, Seconds};

/// Sets the random numbers of repairs apart.
const REPAIR: u64 = 0x0072_6570;

/// An arrival that moves by less is not told of.
const TOLD: Seconds = Seconds(5 * 60);

/// Windows are moved in steps of this.
const STEP: i64 = 300;

/// What is to be expected of the whole day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Promises expected to be broken, those included that are broken already.
    pub late: f64,
    /// The smallest chance left to any promise that is still to be kept.
    pub lowest: f64,
    /// Orders to come that nobody comes for.
    pub unserved: usize,
    /// By how much promises that are to come are late on average, all together; grace is taken off, each counts for up to
    /// 12 hours, and orders that nobody comes for do not count.
    pub delay: Seconds,
    /// What the rest of the day costs.
    pub cost: Cost,
}

impl Figures {
    /// What is to be expected in promises broken, waiting included: ten hours of it count as one, and orders that nobody
    /// comes for as if their customers waited for twelve. Changes are judged by this first.
    #[must_use]
    pub fn loss(&self) -> f64 {
        loss(self.late, self.delay, self.unserved)
    }
}

/// Why something changes for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is new.
    New,
    /// It is not wanted any more.
    Cancelled,
    /// Its courier does not go on.
    Breakdown,
    /// Its promise was at risk.
    AtRisk,
    /// It makes room for others.
    MakesRoom,
    /// Nobody came for it: it was skipped, or left out of the plan.
    LeftOut,
}

/// What changes for an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The order.
    pub order: OrderId,
    /// Who was to come; `None` if nobody.
    pub from: Option<CourierId>,
    /// Who comes; `None` if nobody.
    pub to: Option<CourierId>,
    /// When somebody was expected.
    pub arrival_before: Option<ArrivalBand>,
    /// When somebody is.
    pub arrival_after: Option<ArrivalBand>,
    /// The chance that the promise would have been kept.
    pub on_time_before: f64,
    /// The chance that it is.
    pub on_time_after: f64,
    /// What the customer is to be told, if that is not what was told before.
    pub window: Option<TimeWindow>,
    /// Why.
    pub why: Why,
}

/// A plan for the rest of the day.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// What to do, at the version of the plan that it was found for. Without routes, if going on as before is best.
    pub replan: Replan,
    /// Whether routes or windows change, beside what was asked for.
    pub is_changed: bool,
    /// What was to be expected of going on as before, with what was asked for.
    pub before: Figures,
    /// What is to be expected now.
    pub after: Figures,
    /// What changes, by order: who comes, or by more than five minutes when; and orders that nobody comes for.
    pub changes: Vec<Change>,
    /// Stops that change courier.
    pub moved: usize,
    /// What is wrong with the rest of the day by expected times, as a plan of its own.
    pub verdict: Verdict,
    /// The same of going on as before.
    pub verdict_before: Verdict,
    /// Iterations made.
    pub iterations: u64,
}

/// Repairs what is left of the day.
///
/// Stops made, and those that couriers are at or on the way to, stay where they are. At most as many stops change courier
/// as the request allows, and no window told is moved by more than that. The plan is better than going on as before by what
/// the forecast expects: promises kept first, with the time that anybody waits ([`Figures::loss`]), as far as that is not luck of the
/// simulated days, then orders served, then the time by which promises are late, then cost; otherwise nothing changes beside what was asked for.
///
/// # Errors
/// Everything that is wrong with the request, by path and id.
pub fn repair(live: &LiveDay, request: &RepairRequest) -> Result<Repair, Vec<Finding>> {
    let clock = Clock::start();
    let prepared = request.prepare(live)?;
    // What is asked for has to be sound before anything is made of it.
    tried(live, &unrouted(live, &prepared))?;
    let travel = TravelTimes::new(&prepared.problem);
    let setting = prepared.setting(live, &travel, request.terms.goods);
    let scene = Scene::new(&setting);
    let judge = Judge::new(&scene, &prepared.pool());
    let before = judge.first(Draft::unchanged(&scene, prepared.pool()));
    let done = |iteration: u64| {
        let by_count = request
            .iteration_limit
            .map_or(0.0, |limit| iteration as f64 / limit.max(1) as f64);
        let by_time = request.time_limit.map_or(0.0, |limit| {
            clock.elapsed().as_secs_f64() / limit.as_secs_f64().max(1e-3)
        });
        by_count.max(by_time)
    };
    let limits = Limits {
        moves: request.moves_max,
        done: &done,
    };
    let search = Search::new(&judge, &before.draft, limits);
    let mut rng = rng::stream(request.seed, &[REPAIR]);
    let (best, iterations) = search.run(&before, &mut rng);
    let found = Found {
        scene: &scene,
        prepared: &prepared,
        request,
        before: &before,
    };
    let mut repair = found.repair(&judge, &best, iterations);
    // The day has the last word; what it does not take is not proposed.
    if repair.is_changed && tried(live, &repair.replan).is_err() {
        repair = found.repair(&judge, &before, iterations);
    }
    Ok(repair)
}

/// What the request brings, taken out of routes where it is cancelled.
fn unrouted(live: &LiveDay, prepared: &Prepared) -> Replan {
    let mut replan = prepared.brings.clone();
    replan.cancelled.retain(|order| {
        let place = live.day().roster().order(order);
        place.flatten().is_none()
    });
    replan
}

fn tried(live: &LiveDay, replan: &Replan) -> Result<(), Vec<Finding>> {
    match live.try_replan(replan) {
        Ok(()) => Ok(()),
        Err(ReplanRefusal::Invalid(findings) | ReplanRefusal::Overtaken(findings)) => {
            Err(findings.into_iter().map(renamed).collect())
        }
        // It is made for the version of now.
        Err(ReplanRefusal::Stale { .. }) => Ok(()),
    }
}

/// A finding of a change as one of the request.
fn renamed(mut finding: Finding) -> Finding {
    for (of_change, of_request) in [("orders[", "new_orders["), ("couriers[", "spare_couriers[")] {
        if let Some(rest) = finding.field.strip_prefix(of_change) {
            finding.field = format!("{of_request}{rest}");
            break;
        }
    }
    finding
}

/// What was found, to be told.
struct Found<'a> {
    scene: &'a Scene<'a>,
    prepared: &'a Prepared,
    request: &'a RepairRequest,
    before: &'a Judged,
}

impl Found<'_> {
    fn repair(&self, judge: &Judge<'_>, best: &Judged, iterations: u64) -> Repair {
        let brings = &self.prepared.brings;
        let mut replan = (self.prepared).completed(self.scene, &self.as_planned(), &best.draft);
        let taken_over = std::mem::take(&mut replan.orders);
        let visitors = std::mem::take(&mut replan.couriers);
        replan.places.clone_from(&brings.places);
        replan.orders.clone_from(&brings.orders);
        replan.couriers.clone_from(&brings.couriers);
        replan.cancelled.clone_from(&brings.cancelled);
        for order in taken_over {
            put(&mut replan.orders, order, |it| &it.id);
        }
        for courier in visitors {
            put(&mut replan.couriers, courier, |it| &it.id);
        }
        let shifts = self.shifts(best);
        for (order, window) in &shifts {
            let known = replan.orders.iter().find(|it| it.id == order.id);
            let order = told(known.unwrap_or(order).clone(), *window);
            put(&mut replan.orders, order, |it| &it.id);
        }
        let changes = self.changes(best, &shifts);
        let moved = changes.iter().filter(|change| {
            change.from.is_some() && change.from != change.to && change.why != Why::Cancelled
        });
        Repair {
            is_changed: best.draft != self.before.draft || !shifts.is_empty(),
            before: figures(self.before),
            after: figures(best),
            moved: moved.count(),
            changes,
            verdict: judge.residual.verdict(self.scene, &best.draft),
            verdict_before: judge.residual.verdict(self.scene, &self.before.draft),
            iterations,
            replan,
        }
    }

    /// The plan that the day has, cancelled orders in it: routes that lose one do change.
    fn as_planned(&self) -> Draft {
        let mut draft = self.before.draft.clone();
        let roster = self.scene.live.day().roster();
        for order in &self.request.cancelled {
            if let Some((courier, _)) = roster.order(order).flatten() {
                // Whatever it is, it is other than without the order.
                draft.tails[courier].clear();
                draft.tails[courier].push(super::scene::Halt::Break(usize::MAX));
            }
        }
        draft
    }

    /// Promises that would hold if they were moved a little, with their new windows.
    fn shifts(&self, best: &Judged) -> Vec<(&Order, TimeWindow)> {
        let rules = self.scene.live.alerts().rules();
        let mut shifts = Vec::new();
        for sight in best.sights() {
            let order = &self.scene.problem.orders[sight.order];
            let (Some(band), Some(window)) =
                (sight.arrival, order.service_windows().last().copied())
            else {
                continue;
            };
            if sight.on_time >= rules.threshold {
                continue;
            }
            let needed = (band.p90 - window.end).0;
            let shift = Seconds((needed + STEP - 1).div_euclid(STEP) * STEP);
            if shift > Seconds::ZERO && shift <= self.request.shift_max {
                let end = window.end + shift;
                shifts.push((order, TimeWindow { end, ..window }));
            }
        }
        shifts
    }

    fn changes(&self, best: &Judged, shifts: &[(&Order, TimeWindow)]) -> Vec<Change> {
        let mut changes = Vec::new();
        for (number, order) in self.scene.problem.orders.iter().enumerate() {
            let before = self.before.sight(number);
            let after = best.sight(number);
            let window = shifts.iter().find(|(moved, _)| moved.id == order.id);
            let asked = self.request.windows.iter();
            let mut asked = asked.filter(|moved| moved.order == order.id);
            let window = window.map(|(_, window)| *window);
            let window = window.or_else(|| asked.next().map(|moved| moved.window));
            let is_cancelled = self.request.cancelled.contains(&order.id);
            let is_waiting = after.is_none() && best.draft.pool.contains(&number);
            if !(is_cancelled || is_waiting || window.is_some() || is_other(before, after)) {
                continue;
            }
            let id = |courier: usize| self.scene.problem.couriers[courier].id.clone();
            let roster = self.scene.live.day().roster();
            let mut from = before.map(|(courier, _)| id(courier));
            let mut expected = before.map(|(_, sight)| (sight.arrival, sight.on_time));
            if is_cancelled && let Some((courier, stop)) = roster.order(&order.id).flatten() {
                from = Some(id(courier));
                let look = self.scene.live.look(courier);
                let mut stops = look.into_iter().flat_map(|(_, outlook)| &outlook.stops);
                let found = stops.find(|found| found.stop == stop);
                expected = found.map(|found| (found.arrival, found.on_time));
            }
            changes.push(Change {
                order: order.id.clone(),
                from,
                to: after.map(|(courier, _)| id(courier)),
                arrival_before: expected.and_then(|(arrival, _)| arrival),
                arrival_after: after.and_then(|(_, sight)| sight.arrival),
                on_time_before: expected.map_or(0.0, |(_, on_time)| on_time),
                on_time_after: after.map_or(0.0, |(_, sight)| sight.on_time),
                window,
                why: self.why(number, is_cancelled, before),
            });
        }
        changes
    }

    fn why(&self, order: usize, is_cancelled: bool, before: Option<(usize, Sight)>) -> Why {
        let rules = self.scene.live.alerts().rules();
        match before {
            _ if is_cancelled => Why::Cancelled,
            None if self.prepared.new.contains(&order) => Why::New,
            None => Why::LeftOut,
            Some((courier, _)) if self.scene.crews[courier].is_lost => Why::Breakdown,
            Some((_, sight)) if sight.on_time < rules.threshold => Why::AtRisk,
            Some(_) => Why::MakesRoom,
        }
    }
}

/// Whether somebody else comes, or at another time.
fn is_other(before: Option<(usize, Sight)>, after: Option<(usize, Sight)>) -> bool {
    let (Some((from, old)), Some((to, new))) = (before, after) else {
        return before.is_some() || after.is_some();
    };
    let is_retimed = match (old.arrival, new.arrival) {
        (Some(old), Some(new)) => (new.p50 - old.p50).0.abs() > TOLD.0,
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    };
    from != to || is_retimed
}

/// Puts `new` in place of the one of its id, or after all.
fn put<T, I: PartialEq>(all: &mut Vec<T>, new: T, id: impl Fn(&T) -> &I) {
    match all.iter().position(|old| id(old) == id(&new)) {
        Some(at) => all[at] = new,
        None => all.push(new),
    }
}

pub(super) fn figures(judged: &Judged) -> Figures {
    Figures {
        late: judged.broken,
        lowest: judged.lowest(),
        unserved: judged.unserved(),
        delay: judged.delay(),
        cost: judged.total.cost.rounded(),
    }
}
