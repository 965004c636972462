//! Ruin and recreate on the rest of the day, within a disruption budget.
//!
//! A few orders are taken out, those at risk more often, with neighbors; then they are put in again, at each step the one
//! that would lose most by waiting (regret). What it comes to is guessed by expected times. Whenever the guess is better
//! than ever, the plan is judged by the forecast, and kept if that says so too.

use std::collections::BTreeMap;

use rand::RngExt;

use super::draft::Draft;
use super::insertion::Insertion;
use super::scene::{Halt, Scene};
use super::worth::{Choice, Judge, Judged, LATE_HOUR, LATE_MAX};
use crate::rng::Stream;

/// What an order that nobody comes for counts as: a broken promise, and as long a wait as counts.
const UNSERVED: f64 = 1.0 + LATE_HOUR * LATE_MAX.0 as f64 / 3_600.0;

/// Most orders taken out at a time.
const RUIN_MAX: usize = 5;

/// How much worse, in promises, a plan may become at first and in the end.
const HEAT: (f64, f64) = (0.03, 0.0005);

/// Plans looked at by the forecast are at least so many iterations apart.
const JUDGE_EVERY: u64 = 25;

/// How far a search may go.
pub(super) struct Limits<'a> {
    /// Stops that may change courier.
    pub(super) moves: usize,
    /// Share of the search that is over after so many iterations, 0 to 1.
    pub(super) done: &'a dyn Fn(u64) -> f64,
}

/// The plan as the search has it.
#[derive(Clone)]
struct State {
    tails: Vec<Vec<Halt>>,
    /// By courier: what the route to come comes to.
    tolls: Vec<f64>,
    pool: Vec<usize>,
    /// Stops that have changed courier.
    moved: usize,
}

impl State {
    fn toll(&self) -> f64 {
        self.tolls.iter().sum::<f64>() + UNSERVED * self.pool.len() as f64
    }
}

pub(super) struct Search<'a> {
    scene: &'a Scene<'a>,
    judge: &'a Judge<'a>,
    limits: Limits<'a>,
    /// By order: who serves it in the plan as it is.
    home: BTreeMap<usize, usize>,
}

impl<'a> Search<'a> {
    pub(super) fn new(judge: &'a Judge<'a>, before: &Draft, limits: Limits<'a>) -> Self {
        Self {
            scene: judge.scene,
            judge,
            limits,
            home: before.drivers(),
        }
    }

    /// The best plan found, `before` if none is better, and the iterations made.
    pub(super) fn run(&self, before: &Judged, rng: &mut Stream) -> (Judged, u64) {
        let mut choice = Choice::new(before);
        let mut now = self.state(&before.draft);
        let waiting = self.waiting(&now);
        if !waiting.is_empty()
            && let Some(next) = self.recreate(self.ruined(&now, &waiting), &waiting, None)
        {
            now = next;
        }
        self.judge_it(before, &now, &mut choice);
        let (mut lowest, mut judged) = (now.toll(), now.toll());
        let mut looked = 0;
        let mut iteration = 0;
        while !self.movable(&now).is_empty() {
            let done = (self.limits.done)(iteration);
            if done >= 1.0 {
                break;
            }
            iteration += 1;
            let heat = HEAT.0 * (HEAT.1 / HEAT.0).powf(done);
            let orders = self.choose(&now, rng);
            let Some(next) = self.recreate(self.ruined(&now, &orders), &orders, Some(rng)) else {
                continue;
            };
            let slack = -heat * rng.random_range(1e-9_f64..1.0).ln();
            if next.moved <= self.limits.moves && next.toll() < now.toll() + slack {
                now = next;
            }
            if now.toll() < lowest - 1e-9 {
                lowest = now.toll();
            }
            if lowest < judged - 1e-3 && now.toll() <= lowest && iteration >= looked + JUDGE_EVERY {
                self.judge_it(before, &now, &mut choice);
                (judged, looked) = (lowest, iteration);
            }
        }
        self.judge_it(before, &now, &mut choice);
        (choice.best().clone(), iteration)
    }

    /// Lets the plan of `state` be chosen if nothing is broken by it.
    fn judge_it(&self, before: &Judged, state: &State, choice: &mut Choice) {
        if state.moved > self.limits.moves {
            return;
        }
        let draft = Draft {
            tails: state.tails.clone(),
            pool: state.pool.clone(),
            starts: before.draft.starts.clone(),
        };
        let judged = self.judge.next(before, draft);
        if Judge::is_sound(before, &judged) {
            choice.add(judged);
        }
    }

    fn state(&self, draft: &Draft) -> State {
        let tails = draft.tails.iter().enumerate();
        State {
            tolls: tails
                .map(|(courier, tail)| self.toll(courier, tail))
                .collect(),
            tails: draft.tails.clone(),
            pool: draft.pool.clone(),
            moved: 0,
        }
    }

    fn toll(&self, courier: usize, tail: &[Halt]) -> f64 {
        let toll = self.scene.walk(courier, tail).toll;
        if self.scene.crews[courier].is_lost {
            return UNSERVED * toll;
        }
        // The plan as it is may overload somebody: that is no reason not to begin with it.
        if toll.is_finite() { toll } else { 100.0 }
    }

    /// Orders that nobody comes for.
    fn waiting(&self, state: &State) -> Vec<usize> {
        let lost = state.tails.iter().zip(&self.scene.crews);
        let lost = lost.filter(|(_, crew)| crew.is_lost);
        let lost = lost.flat_map(|(tail, _)| tail.iter().filter_map(|halt| halt.order()));
        state.pool.iter().copied().chain(lost).collect()
    }

    /// Orders whose places may change.
    fn movable(&self, state: &State) -> Vec<(usize, usize)> {
        let tails = state.tails.iter().zip(&self.scene.crews).enumerate();
        let free = tails.flat_map(|(courier, (tail, crew))| {
            let n_locked = if crew.is_lost { 0 } else { crew.n_locked };
            let free = tail.iter().skip(n_locked);
            free.filter_map(move |halt| Some((halt.order()?, courier)))
        });
        free.collect()
    }

    /// A few orders that lie near each other, one of them often one at risk; and some that nobody comes for.
    fn choose(&self, state: &State, rng: &mut Stream) -> Vec<usize> {
        let movable = self.movable(state);
        let n = rng.random_range(1..=RUIN_MAX);
        let seed = if rng.random_bool(0.6) {
            self.at_risk(state, rng)
        } else {
            None
        };
        let seed = seed.unwrap_or_else(|| movable[rng.random_range(0..movable.len())].0);
        let place = self.scene.problem.orders[seed].place;
        let mut near: Vec<(f64, usize)> = (movable.iter())
            .map(|(order, courier)| {
                let crew = &self.scene.crews[*courier];
                let to = self.scene.problem.orders[*order].place;
                let seconds = self.scene.seconds(crew, place, to);
                // Windows that do not meet are no neighbors.
                let apart = self.scene.windows[seed].zip(self.scene.windows[*order]);
                let apart = apart.map_or(0.0, |(one, other)| {
                    (one.0.max(other.0) - one.1.min(other.1)).max(0.0)
                });
                let noise: f64 = rng.random_range(0.7..1.3);
                ((seconds + 0.3 * apart) * noise, *order)
            })
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut chosen = vec![seed];
        chosen.extend(
            near.into_iter()
                .map(|(_, order)| order)
                .filter(|order| *order != seed),
        );
        chosen.truncate(n);
        let mut waiting = self.waiting(state);
        waiting.retain(|order| !chosen.contains(order));
        if !waiting.is_empty() {
            let one = rng.random_range(0..waiting.len());
            chosen.push(waiting[one]);
        }
        chosen
    }

    /// An order at risk that may be moved, the likelier the more it is at risk.
    fn at_risk(&self, state: &State, rng: &mut Stream) -> Option<usize> {
        let mut all: Vec<(f64, usize)> = Vec::new();
        let mut total = 0.0;
        for (courier, tail) in state.tails.iter().enumerate() {
            let crew = &self.scene.crews[courier];
            if crew.is_lost || state.tolls[courier] < 0.02 {
                continue;
            }
            let risks = self.scene.walk(courier, tail).risks;
            for (halt, risk) in tail.iter().zip(risks).skip(crew.n_locked) {
                if let (Some(order), true) = (halt.order(), risk > 0.01) {
                    total += risk;
                    all.push((total, order));
                }
            }
        }
        if all.is_empty() {
            return None;
        }
        let at = rng.random_range(0.0..total);
        let found = all.iter().find(|(up_to, _)| *up_to > at);
        found.map(|(_, order)| *order)
    }

    /// `state` without `orders`.
    fn ruined(&self, state: &State, orders: &[usize]) -> State {
        let mut ruined = state.clone();
        for courier in 0..ruined.tails.len() {
            let has = |halt: &Halt| halt.order().is_some_and(|order| orders.contains(&order));
            if !ruined.tails[courier].iter().any(has) {
                continue;
            }
            let tail = &ruined.tails[courier];
            let gone = tail.iter().filter_map(|halt| halt.order());
            let gone = gone.filter(|order| {
                orders.contains(order) && self.home.get(order).is_some_and(|it| *it != courier)
            });
            ruined.moved -= gone.count();
            let tail = self.scene.without(courier, tail, orders);
            ruined.tolls[courier] = self.toll(courier, &tail);
            ruined.tails[courier] = tail;
        }
        ruined.pool.retain(|order| !orders.contains(order));
        ruined
    }

    /// `state` with `orders` put in; `None` if one of them would be left out that is not now.
    fn recreate(
        &self,
        mut state: State,
        orders: &[usize],
        mut rng: Option<&mut Stream>,
    ) -> Option<State> {
        let mut left: Vec<usize> = orders.to_vec();
        let n_couriers = state.tails.len();
        let mut options: Vec<Vec<Option<Insertion>>> = left
            .iter()
            .map(|order| {
                let of = |courier| self.option(&state, *order, courier);
                (0..n_couriers).map(of).collect()
            })
            .collect();
        while !left.is_empty() {
            let has_room = state.moved < self.limits.moves;
            let mut next: Option<(f64, usize, usize)> = None;
            for (row, order) in left.iter().enumerate() {
                let home = self.home.get(order);
                let is_open = |courier: usize| has_room || home.is_none_or(|home| *home == courier);
                let mut best = (UNSERVED, None);
                let mut second = UNSERVED;
                for option in options[row].iter().flatten() {
                    let noise = rng.as_mut().map_or(0.0, noise);
                    let toll = option.toll * (1.0 + noise);
                    if !is_open(option.courier) || toll >= second {
                        continue;
                    }
                    if toll < best.0 {
                        second = best.0;
                        best = (toll, Some(option.courier));
                    } else {
                        second = toll;
                    }
                }
                // Who has nowhere else to go keeps the place, however late.
                let courier = best.1.or_else(|| self.keeper(*order, &options[row]));
                if let Some(courier) = courier {
                    let regret = second - best.0;
                    if next.is_none_or(|(most, ..)| regret > most) {
                        next = Some((regret, row, courier));
                    }
                }
            }
            let Some((_, row, courier)) = next else {
                break;
            };
            let order = left.remove(row);
            let insertion = options.remove(row).swap_remove(courier)?;
            state.moved += usize::from(self.home.get(&order).is_some_and(|it| *it != courier));
            state.tolls[courier] += insertion.toll;
            state.tails[courier] = insertion.tail;
            for (row, order) in left.iter().enumerate() {
                options[row][courier] = self.option(&state, *order, courier);
            }
        }
        for order in left {
            match self.home.get(&order) {
                Some(&home) if self.scene.crews[home].is_lost => {
                    state.tails[home].push(Halt::Order(order));
                    state.tolls[home] += UNSERVED;
                }
                Some(_) => return None,
                None => state.pool.push(order),
            }
        }
        Some(state)
    }

    /// The courier in whose route the order is, if that can be done.
    fn keeper(&self, order: usize, options: &[Option<Insertion>]) -> Option<usize> {
        let home = *self.home.get(&order)?;
        options[home].as_ref().map(|option| option.courier)
    }

    fn option(&self, state: &State, order: usize, courier: usize) -> Option<Insertion> {
        let tail = &state.tails[courier];
        let toll = state.tolls[courier];
        let found = self.scene.insertions(order, courier, tail, toll, 1);
        found.into_iter().next()
    }
}

/// A little luck, so that not every time the same comes out.
fn noise(rng: &mut &mut Stream) -> f64 {
    rng.random_range(-0.1..0.1)
}
