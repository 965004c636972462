//! A route to come by expected times: quick enough to look at every place in it.

use super::scene::{Crew, Halt, Scene};
use super::worth::{LATE_HOUR, LATE_MAX};
use crate::model::{BreakStart, OrderKind};
use crate::units::Timestamp;

/// Square seconds by which an arrival varies that is near.
const NEAR: f64 = 120.0 * 120.0;

/// What a second of driving, waiting or working counts as in promises broken: half an hour is worth a hundredth.
const SECOND: f64 = 5e-6;

/// What an end after the shift counts as, for each hour of it, where the plan has one.
const OVERTIME: f64 = 5.0;

/// What walking along a route to come finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Walk {
    /// Expected arrivals at the halts, in seconds from now.
    pub(super) arrivals: Vec<f64>,
    /// By halt: about how likely it is that a promise is broken there.
    pub(super) risks: Vec<f64>,
    /// By how many seconds it ends after the courier has to be done; negative if before.
    pub(super) over: f64,
    /// About what it comes to, in promises broken; infinite if it cannot be done.
    pub(super) toll: f64,
}

impl Scene<'_> {
    /// Walks along `tail`, which the courier with number `courier` would have to do.
    pub(super) fn walk(&self, courier: usize, tail: &[Halt]) -> Walk {
        let crew = &self.crews[courier];
        let mut walk = Walk {
            arrivals: Vec::with_capacity(tail.len()),
            risks: Vec::with_capacity(tail.len()),
            over: f64::NEG_INFINITY,
            toll: 0.0,
        };
        let orders = tail.iter().filter(|halt| halt.order().is_some()).count();
        if crew.is_lost {
            // Nobody comes.
            walk.risks = tail
                .iter()
                .map(|halt| f64::from(u8::from(halt.order().is_some())))
                .collect();
            walk.arrivals = vec![f64::INFINITY; tail.len()];
            walk.toll = orders as f64;
            return walk;
        }
        if orders == 0 {
            walk.arrivals = vec![0.0; tail.len()];
            walk.risks = vec![0.0; tail.len()];
            return walk;
        }
        if orders > crew.stops_max || !self.fits(courier, tail) {
            walk.toll = f64::INFINITY;
        }
        let who = &self.problem.couriers[courier];
        let start = (crew.free - self.now).0 as f64;
        let service = crew.tempo.services * f64::from(who.service_factor.0) / 10_000.0;
        let (mut clock, mut here) = (start, crew.from);
        for halt in tail {
            let to = match *halt {
                Halt::Order(order) => Some(self.problem.orders[order].place),
                Halt::Reload(depot) => Some(self.problem.depots[depot].place),
                Halt::Break(_) => here,
            };
            if let (Some(from), Some(to)) = (here, to) {
                clock += self.seconds(crew, from, to);
            }
            here = to.or(here);
            walk.arrivals.push(clock);
            let mut risk = 0.0;
            match *halt {
                Halt::Order(order) => {
                    if let Some((open, last)) = self.windows[order] {
                        risk = self.risk(clock, last);
                        let late = (clock - last).clamp(0.0, LATE_MAX.0 as f64);
                        walk.toll += LATE_HOUR * late / 3_600.0;
                        clock = clock.max(open);
                    }
                    clock += service * self.problem.orders[order].service.0 as f64;
                }
                Halt::Reload(depot) => clock += self.problem.depots[depot].loading.0 as f64,
                Halt::Break(number) => clock = self.rest(courier, number, clock),
            }
            walk.toll += risk;
            walk.risks.push(risk);
        }
        if let (Some(from), Some(end)) = (here, self.problem.end_place(who)) {
            clock += self.seconds(crew, from, end);
        }
        walk.over = clock - (self.end_max(courier) - self.now).0 as f64;
        walk.toll += SECOND * (clock - start) + OVERTIME * walk.over.max(0.0) / 3_600.0;
        // What the plan has already may stay as it is; nothing more is planned for after the end.
        let most = self.over_max.get(courier);
        if most.is_some_and(|most| walk.over > *most) {
            walk.toll = f64::INFINITY;
        }
        walk
    }

    /// When the courier has to be done: by the shift, or by the longest duty.
    fn end_max(&self, courier: usize) -> Timestamp {
        let (crew, who) = (&self.crews[courier], &self.problem.couriers[courier]);
        let begun = if crew.has_left { crew.start } else { None };
        let begun = begun.unwrap_or(crew.free - self.problem.loading(who));
        let by_duty = who.limits.max_duty.map(|longest| begun + longest);
        by_duty.map_or(who.shift.end, |end| end.min(who.shift.end))
    }

    /// By how many seconds each courier may end too late: as much as the plan has it; below zero, so long before at least.
    pub(super) fn over_max(&self) -> Vec<f64> {
        /// Routes that are given more end so long before, since expected times are guesses.
        const SPARE: f64 = 300.0;
        let crews = self.crews.iter().enumerate();
        let over = crews.map(|(courier, crew)| self.walk(courier, &crew.tail).over);
        over.map(|over| over.max(-SPARE)).collect()
    }

    /// About how likely it is that who is expected `arrival` seconds from now comes after `last`.
    fn risk(&self, arrival: f64, last: f64) -> f64 {
        let sigma = (NEAR + self.spread * arrival.max(0.0)).sqrt();
        let grace = self.live.day().rules().grace.0 as f64;
        let off = (last + grace - arrival) / sigma;
        // The logistic law is near enough to the normal one.
        1.0 / (1.0 + (1.702 * off).exp())
    }

    /// When a break is over that the courier comes to at `clock`.
    fn rest(&self, courier: usize, number: usize, clock: f64) -> f64 {
        let Some(rule) = self.problem.couriers[courier].breaks.get(number) else {
            return clock;
        };
        let open = match rule.start {
            BreakStart::Within(window) => (window.start - self.now).0 as f64,
            BreakStart::AfterWork(_) => f64::NEG_INFINITY,
        };
        clock.max(open) + rule.duration.0 as f64
    }

    /// Whether the vehicle has room at every moment.
    fn fits(&self, courier: usize, tail: &[Halt]) -> bool {
        let crew = &self.crews[courier];
        (0..self.dimensions.len()).all(|dimension| {
            let Some(room) = crew.room[dimension] else {
                return true;
            };
            self.peak(crew, tail, dimension) <= room
        })
    }

    /// The largest load of what is to come.
    fn peak(&self, crew: &Crew, tail: &[Halt], dimension: usize) -> i64 {
        let load = |order: usize| self.loads[order][dimension];
        let is_delivery = |order: usize| self.problem.orders[order].kind == OrderKind::Delivery;
        let is_here = |order: &usize| crew.on_board.binary_search(order).is_ok();
        let trip = |from: usize| {
            let halts = tail[from..].iter();
            let halts = halts.take_while(|halt| !matches!(halt, Halt::Reload(_)));
            let orders = halts.filter_map(|halt| halt.order());
            let loaded = orders.filter(|order| is_delivery(*order) && !is_here(order));
            loaded.map(load).sum::<i64>()
        };
        let aboard = tail.iter().filter_map(|halt| halt.order()).filter(is_here);
        let mut on_board: i64 = aboard.map(load).sum::<i64>() + trip(0);
        let mut peak = on_board;
        for (at, halt) in tail.iter().enumerate() {
            match *halt {
                Halt::Order(order) if is_delivery(order) => on_board -= load(order),
                Halt::Order(order) => on_board += load(order),
                Halt::Reload(_) => on_board += trip(at + 1),
                Halt::Break(_) => {}
            }
            peak = peak.max(on_board);
        }
        peak
    }
}
