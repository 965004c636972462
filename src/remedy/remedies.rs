//! Remedies for one promise at risk.

use super::Terms;
use super::draft::Draft;
use super::repair::Figures;
use super::repair::figures;
use super::request::{Prepared, RepairRequest, told};
use super::scene::{Halt, Scene};
use super::worth::{Judge, Judged, hundredths};
use crate::day::{LiveDay, Replan, StopState};
use crate::forecast::ArrivalBand;
use crate::model::{CourierId, DropPolicy, Finding, OrderId, Reason, TimeWindow};
use crate::travel::TravelTimes;
use crate::units::{Cost, Seconds, Timestamp};

/// Windows offered begin so far apart.
const STEP: i64 = 30 * 60;

/// Candidates of each kind that are tried out in full.
const TRIED: usize = 5;

/// A remedy has to raise the chance by this.
const GAIN: f64 = 0.01;

/// One that gives up a promise which would be kept has to save so many promises on the whole day.
const SACRIFICE: f64 = 0.5;

/// What can be done about a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemedyKind {
    /// The courier makes the stops in another sequence.
    Reorder,
    /// The courier starts earlier.
    LeaveEarlier {
        /// When loading starts.
        start: Timestamp,
    },
    /// An order goes with another courier: the one at risk, or one in front of it.
    HandOver {
        /// Which.
        order: OrderId,
        /// Who takes it.
        to: CourierId,
    },
    /// An order goes with a courier who has nothing to do.
    SendSpare {
        /// Which.
        order: OrderId,
        /// Who takes it.
        to: CourierId,
    },
    /// A stop in front is left out that may be.
    DropStop {
        /// Which.
        order: OrderId,
    },
    /// The customer is offered another window.
    MoveWindow {
        /// The earliest that holds; the likeliest, if none does.
        window: TimeWindow,
    },
    /// The customer is told, and nothing else is done.
    TellCustomer,
}

/// A window that could be offered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// The window.
    pub window: TimeWindow,
    /// The chance that the courier comes in time.
    pub on_time: f64,
}

/// Something that can be done about a promise, with what it brings and costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// The order whose promise it is for.
    pub order: OrderId,
    /// What is done.
    pub kind: RemedyKind,
    /// All of it, ready to be taken by the day.
    pub replan: Replan,
    /// The chance of the promise as things are.
    pub on_time_before: f64,
    /// And with the remedy: of the window told then.
    pub on_time_after: f64,
    /// When the courier is expected then.
    pub arrival_after: Option<ArrivalBand>,
    /// What is to be expected of the whole day as things are.
    pub before: Figures,
    /// And with the remedy. A promise that is moved counts by the window told first.
    pub after: Figures,
    /// What it costs more; negative if less.
    pub cost_difference: Cost,
    /// Stops that change courier.
    pub moved: usize,
    /// For a window to be moved: the windows looked at, in sequence.
    pub quotes: Vec<Quote>,
}

/// Why there are no remedies for an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are no remedies for the order")]
pub struct UnknownOrder(pub Finding);

/// What can be done about the promise of `order`, the best first: what lets expect the least loss on the whole day
/// ([`Figures::loss`]), then by what promises are late by the least time, then what costs least. The last resort, to tell the customer, is always among them.
///
/// Shape: a few dozen routes are tried out; time for each as for an outlook.
///
/// # Errors
/// If the day has no such order, or there is nothing more to be expected of it.
pub fn remedies(
    live: &LiveDay,
    order: &OrderId,
    terms: &Terms,
) -> Result<Vec<Remedy>, UnknownOrder> {
    let is_waiting = is_waiting(live, order)?;
    let request = RepairRequest {
        terms: *terms,
        ..RepairRequest::default()
    };
    let Ok(prepared) = request.prepare(live) else {
        return Ok(Vec::new());
    };
    let travel = TravelTimes::new(&prepared.problem);
    let setting = prepared.setting(live, &travel, terms.goods);
    let scene = Scene::new(&setting);
    let Some(&number) = scene.number_of.get(order) else {
        return Ok(Vec::new());
    };
    let mut pool = prepared.pool();
    if is_waiting && !pool.contains(&number) {
        pool.push(number);
    }
    let judge = Judge::new(&scene, &pool);
    let before = judge.first(Draft::unchanged(&scene, pool));
    let sight = before.sight(number);
    let bench = Bench {
        prepared: &prepared,
        terms,
        order: number,
        courier: sight.map(|(courier, _)| courier),
        on_time: sight.map_or(0.0, |(_, sight)| sight.on_time),
        promised: sight.map_or(0.0, |(_, sight)| sight.promised),
        scene: &scene,
        judge: &judge,
        before: &before,
    };
    Ok(bench.remedies())
}

/// Whether nobody comes for the order.
fn is_waiting(live: &LiveDay, order: &OrderId) -> Result<bool, UnknownOrder> {
    let wrong = |reason, message: String| {
        UnknownOrder(Finding::new("order_id", order.as_str(), reason, message))
    };
    let day = live.day();
    let Some(place) = day.roster().order(order) else {
        let message = format!("the day has no order {order}");
        return Err(wrong(Reason::UnknownReference, message));
    };
    if day.roster().is_cancelled(order) {
        return Err(wrong(Reason::Conflict, "is cancelled".to_owned()));
    }
    let Some((courier, stop)) = place else {
        return Ok(true);
    };
    match day.couriers()[courier].stops[stop].state {
        StopState::ToCome => Ok(false),
        StopState::Skipped => Ok(true),
        StopState::AtDoor
        | StopState::Delivered
        | StopState::DeliveredInPart
        | StopState::Failed(_)
        | StopState::Unreported
        | StopState::Moved => {
            let message = "the courier is or was at the door".to_owned();
            Err(wrong(Reason::Conflict, message))
        }
    }
}

/// Everything that remedies for one order are found from.
struct Bench<'a> {
    scene: &'a Scene<'a>,
    prepared: &'a Prepared,
    judge: &'a Judge<'a>,
    before: &'a Judged,
    terms: &'a Terms,
    order: usize,
    /// Who is to come.
    courier: Option<usize>,
    on_time: f64,
    /// The chance of what was told first.
    promised: f64,
}

/// A remedy, not tried out yet.
struct Idea {
    kind: RemedyKind,
    draft: Draft,
    /// About how many more promises are broken.
    toll: f64,
}

impl Bench<'_> {
    fn remedies(&self) -> Vec<Remedy> {
        let mut ideas = Vec::new();
        for (mut found, max) in [
            (self.reorders(), TRIED),
            (self.handovers(), 2 * TRIED),
            (self.drops(), TRIED),
            (self.earlier(), 1),
        ] {
            found.sort_by(|a, b| a.toll.total_cmp(&b.toll));
            found.truncate(max);
            ideas.append(&mut found);
        }
        let mut remedies: Vec<Remedy> = ideas
            .into_iter()
            .filter_map(|idea| self.tried(idea))
            .collect();
        self.rank(&mut remedies);
        remedies.truncate(self.terms.remedies_max.saturating_sub(2));
        remedies.extend(self.moved_window());
        remedies.push(self.told());
        self.rank(&mut remedies);
        remedies
    }

    fn rank(&self, remedies: &mut [Remedy]) {
        remedies.sort_by_key(|remedy| {
            let chance = hundredths(1.0 - remedy.on_time_after);
            let is_last = remedy.kind == RemedyKind::TellCustomer;
            (
                hundredths(remedy.after.loss()),
                is_last,
                remedy.after.unserved,
                remedy.after.delay.0 / 60,
                remedy.cost_difference,
                chance,
            )
        });
    }

    /// Tries a remedy out; `None` if it breaks a constraint, or does not help.
    fn tried(&self, idea: Idea) -> Option<Remedy> {
        let judged = self.judge.next(self.before, idea.draft);
        let (_, sight) = judged.sight(self.order)?;
        if !Judge::is_sound(self.before, &judged) || sight.on_time < self.on_time + GAIN {
            return None;
        }
        if self.gives_up(&judged) && judged.late > self.before.late - SACRIFICE {
            return None;
        }
        let homes = self.before.draft.drivers();
        let moved = judged.draft.drivers();
        let moved = moved
            .iter()
            .filter(|(order, courier)| homes.get(order).is_some_and(|home| home != *courier));
        let replan = self
            .prepared
            .completed(self.scene, &self.before.draft, &judged.draft);
        Some(Remedy {
            kind: idea.kind,
            replan,
            on_time_after: sight.on_time,
            arrival_after: sight.arrival,
            after: figures(&judged),
            cost_difference: (judged.total.cost - self.before.total.cost).rounded(),
            moved: moved.count(),
            ..self.told()
        })
    }

    /// Whether a promise that would be kept is not any more, of an order that is not left out on purpose.
    fn gives_up(&self, judged: &Judged) -> bool {
        let rules = self.scene.live.alerts().rules();
        let safe = self
            .before
            .sights()
            .filter(|sight| sight.on_time >= rules.threshold);
        { safe }.any(|sight| {
            let after = judged.sight(sight.order);
            after.is_some_and(|(_, after)| after.on_time < rules.threshold.min(0.5))
        })
    }

    /// The customer is told, and that is all.
    fn told(&self) -> Remedy {
        let sight = self.before.sight(self.order);
        let figures = figures(self.before);
        Remedy {
            order: self.scene.problem.orders[self.order].id.clone(),
            kind: RemedyKind::TellCustomer,
            replan: Replan {
                version: self.scene.live.version(),
                at: self.scene.now,
                ..Replan::default()
            },
            on_time_before: self.on_time,
            on_time_after: self.on_time,
            arrival_after: sight.and_then(|(_, sight)| sight.arrival),
            before: figures,
            after: figures,
            cost_difference: Cost::ZERO,
            moved: 0,
            quotes: Vec::new(),
        }
    }

    /// The route of the order's courier, if somebody comes.
    fn route(&self) -> Option<(usize, &Vec<Halt>)> {
        let courier = self.courier?;
        Some((courier, &self.before.draft.tails[courier]))
    }

    /// Orders in front of this one that may be moved.
    fn in_front(&self) -> Vec<usize> {
        let Some((courier, tail)) = self.route() else {
            return Vec::new();
        };
        let n_locked = self.scene.crews[courier].n_locked;
        let own = |halt: &&Halt| **halt != Halt::Order(self.order);
        let before = tail.iter().take_while(own).skip(n_locked);
        before.filter_map(|halt| halt.order()).collect()
    }

    /// The plan with other routes of some couriers.
    fn with(&self, routes: Vec<(usize, Vec<Halt>)>) -> Draft {
        let mut draft = self.before.draft.clone();
        for (courier, tail) in routes {
            draft.tails[courier] = tail;
        }
        let drivers = draft.drivers();
        draft.pool.retain(|order| !drivers.contains_key(order));
        draft
    }

    /// This order earlier, or one in front of it later.
    fn reorders(&self) -> Vec<Idea> {
        let Some((courier, tail)) = self.route() else {
            return Vec::new();
        };
        if self.scene.crews[courier].is_lost {
            return Vec::new();
        }
        let place = tail
            .iter()
            .position(|halt| *halt == Halt::Order(self.order));
        if place.is_none_or(|place| place < self.scene.crews[courier].n_locked) {
            return Vec::new();
        }
        let whole = self.scene.walk(courier, tail).toll;
        let mut ideas = Vec::new();
        for order in self.in_front().into_iter().chain([self.order]) {
            let rest = self.scene.without(courier, tail, &[order]);
            let toll = self.scene.walk(courier, &rest).toll;
            for found in self.scene.insertions(order, courier, &rest, toll, 3) {
                if found.tail != *tail {
                    ideas.push(Idea {
                        kind: RemedyKind::Reorder,
                        toll: toll + found.toll - whole,
                        draft: self.with(vec![(courier, found.tail)]),
                    });
                }
            }
        }
        ideas
    }

    /// This order, or one in front of it, with another courier.
    fn handovers(&self) -> Vec<Idea> {
        let mut ideas = Vec::new();
        let mut orders = self.in_front();
        let is_locked = self.route().is_some_and(|(courier, tail)| {
            let locked = tail.iter().take(self.scene.crews[courier].n_locked);
            let is_lost = self.scene.crews[courier].is_lost;
            !is_lost
                && locked
                    .into_iter()
                    .any(|halt| *halt == Halt::Order(self.order))
        });
        if self
            .courier
            .is_some_and(|courier| self.scene.crews[courier].is_lost)
        {
            orders.clear();
        }
        if !is_locked {
            orders.push(self.order);
        }
        let homes = self.before.draft.drivers();
        for order in orders {
            let home = homes.get(&order).copied();
            let rest = home.map(|home| {
                let tail = &self.before.draft.tails[home];
                let rest = self.scene.without(home, tail, &[order]);
                let [whole, less] = [tail, &rest].map(|tail| self.scene.walk(home, tail).toll);
                (home, rest, less - whole)
            });
            for courier in 0..self.scene.crews.len() {
                if home == Some(courier) {
                    continue;
                }
                let tail = &self.before.draft.tails[courier];
                let toll = self.scene.walk(courier, tail).toll;
                let found = self.scene.insertions(order, courier, tail, toll, 1);
                let Some(found) = found.into_iter().next() else {
                    continue;
                };
                let mut routes = vec![(courier, found.tail)];
                let mut toll = found.toll;
                if let Some((home, rest, less)) = &rest {
                    routes.push((*home, rest.clone()));
                    toll += less;
                }
                ideas.push(Idea {
                    kind: self.handover(order, courier),
                    toll,
                    draft: self.with(routes),
                });
            }
        }
        ideas
    }

    fn handover(&self, order: usize, courier: usize) -> RemedyKind {
        let to = self.scene.problem.couriers[courier].id.clone();
        let order = self.scene.problem.orders[order].id.clone();
        let tail = &self.before.draft.tails[courier];
        if tail.iter().any(|halt| halt.order().is_some()) {
            RemedyKind::HandOver { order, to }
        } else {
            RemedyKind::SendSpare { order, to }
        }
    }

    /// A stop in front left out.
    fn drops(&self) -> Vec<Idea> {
        let Some((courier, tail)) = self.route() else {
            return Vec::new();
        };
        let whole = self.scene.walk(courier, tail).toll;
        let orders = self.in_front().into_iter();
        let optional = orders.filter(|order| {
            let policy = self.scene.problem.orders[*order].drop_policy;
            matches!(policy, DropPolicy::MayDrop { .. })
        });
        let idea = |order: usize| {
            let rest = self.scene.without(courier, tail, &[order]);
            let toll = self.scene.walk(courier, &rest).toll - whole + 1.0;
            let mut draft = self.with(vec![(courier, rest)]);
            draft.pool.push(order);
            Idea {
                kind: RemedyKind::DropStop {
                    order: self.scene.problem.orders[order].id.clone(),
                },
                draft,
                toll,
            }
        };
        optional.map(idea).collect()
    }

    /// The courier starts as early as can be.
    fn earlier(&self) -> Vec<Idea> {
        let Some((courier, _)) = self.route() else {
            return Vec::new();
        };
        let crew = &self.scene.crews[courier];
        let who = &self.scene.problem.couriers[courier];
        let start = self.scene.now.max(who.shift.start);
        if crew.has_left || crew.is_lost || crew.start.is_none_or(|planned| planned <= start) {
            return Vec::new();
        }
        let mut draft = self.before.draft.clone();
        draft.starts.insert(courier, start);
        vec![Idea {
            kind: RemedyKind::LeaveEarlier { start },
            draft,
            toll: 0.0,
        }]
    }

    /// The customer is offered the earliest later window that holds.
    fn moved_window(&self) -> Option<Remedy> {
        let (courier, _) = self.route()?;
        let order = &self.scene.problem.orders[self.order];
        let window = order.service_windows().last().copied()?;
        if self.scene.crews[courier].is_lost {
            return None;
        }
        let clear = self.scene.live.alerts().rules().clear;
        let mut quotes = Vec::new();
        let mut best: Option<(Quote, Vec<super::worth::Sight>)> = None;
        for step in 1..=self.terms.move_max.0 / STEP {
            let by = Seconds(step * STEP);
            let window = TimeWindow {
                start: window.start + by,
                end: window.end + by,
            };
            let within =
                |access: &TimeWindow| access.start <= window.start && window.end <= access.end;
            let is_open = order.windows.is_empty()
                || order.promise.is_none()
                || order.windows.iter().any(within);
            if window.end <= self.scene.now || !is_open {
                continue;
            }
            let sights = self.with_window(courier, window);
            let sight = sights.iter().find(|sight| sight.order == self.order)?;
            let quote = Quote {
                window,
                on_time: sight.on_time,
            };
            quotes.push(quote);
            let holds = |quote: &Quote| quote.on_time >= clear;
            let is_better = match &best {
                None => true,
                Some((best, _)) => !holds(best) && quote.on_time > best.on_time,
            };
            if is_better {
                best = Some((quote, sights));
            }
        }
        let (quote, sights) = best?;
        if quote.on_time < self.on_time + GAIN {
            return None;
        }
        Some(self.window_remedy(courier, quote, &sights, quotes))
    }

    fn window_remedy(
        &self,
        courier: usize,
        quote: Quote,
        sights: &[super::worth::Sight],
        quotes: Vec<Quote>,
    ) -> Remedy {
        let order = &self.scene.problem.orders[self.order];
        let first = self
            .judge
            .first_told(self.order)
            .last()
            .map(|window| window.end);
        // By what was told first: who waits for the new window comes no earlier for it.
        let kept = match first {
            Some(first) if quote.window.start <= first => self.promised,
            Some(_) | None => 0.0,
        };
        let broken = |sights: &[super::worth::Sight], own: f64| -> f64 {
            let others = sights.iter().filter(|sight| sight.order != self.order);
            others.map(|sight| 1.0 - sight.promised).sum::<f64>() + 1.0 - own
        };
        let before = broken(&self.before.courses[courier].sights, self.promised);
        let mut remedy = self.told();
        remedy.kind = RemedyKind::MoveWindow {
            window: quote.window,
        };
        remedy.replan.orders = vec![told(order.clone(), quote.window)];
        remedy.on_time_after = quote.on_time;
        let own = sights.iter().find(|sight| sight.order == self.order);
        remedy.arrival_after = own.and_then(|sight| sight.arrival);
        remedy.after.late += broken(sights, kept) - before;
        // How late this one is by what was told first does not change.
        let others = |sights: &[super::worth::Sight]| {
            let others = sights.iter().filter(|sight| sight.order != self.order);
            others.fold(0, |sum, sight| sum + sight.late.0)
        };
        let more = others(sights) - others(&self.before.courses[courier].sights);
        remedy.after.delay = Seconds(remedy.after.delay.0 + more);
        let lowest = sights.iter().map(|sight| sight.on_time);
        let others = self.before.courses.iter().enumerate();
        let others = others.filter(|(other, _)| *other != courier);
        let others = others.flat_map(|(_, course)| &course.sights);
        let others = others.map(|sight| sight.on_time);
        remedy.after.lowest = lowest.chain(others).fold(1.0, f64::min);
        remedy.quotes = quotes;
        remedy
    }

    /// What is to be expected of a route if the customer is told another window.
    fn with_window(&self, courier: usize, window: TimeWindow) -> Vec<super::worth::Sight> {
        let order = told(self.scene.problem.orders[self.order].clone(), window);
        let forecast = self.scene.live.forecast();
        let mut what_if = forecast.what_if(self.scene.problem, self.scene.travel);
        what_if.replace(&order);
        let course = self.judge.course(&what_if, &self.before.draft, courier);
        course.sights
    }
}
