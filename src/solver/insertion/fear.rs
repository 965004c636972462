//! Fear of harm: what going into a gap is likely to put at risk, guessed in constant time.
//!
//! Harm is known of whole routes only, and takes long to find out. A guess is enough to look for places where there is
//! time to spare; what really comes of a change is found out before it is kept.
//!
//! The guess: what goes wrong falls off exponentially with the time to spare. How fast depends on how long the route has
//! been under way, for delays add up. The client itself has the time until its window closes; those behind the gap had
//! their harm found out when the route was last kept, and come later now.

use super::query::{Gap, Query};
use crate::solver::state::State;

/// Time to spare that makes harm 2.7 times less likely, in seconds, at the start of a route.
///
/// Source, as for the next three: a few runs on EURO-NeurIPS days for 98.1 % on time; not settled.
const SPREAD_AT_START: f64 = 200.0;
/// How much that grows with each second under way.
const SPREAD_GROWTH: f64 = 0.065;
/// Share of certain harm that a client without time to spare does.
const WITHOUT_SLACK: f64 = 0.6;
/// Share of certain harm that clients count as doing at least: what has not gone wrong yet may when they come later.
const NEVER_SAFE: f64 = 0.002;
/// Growth of what is at stake beyond this many times 2.7 is not told apart.
const RISE_MAX: f64 = 3.0;

/// What a route's delays cost.
pub(super) struct Fear {
    toll: f64,
    /// The harm of a client that is sure to be late.
    certain: f64,
    /// When the first client is left.
    begin: i32,
}

impl Fear {
    /// The fear for the route in `slot`; `None` if harm costs nothing.
    pub(super) fn of_route(state: &State<'_>, slot: u32) -> Option<Self> {
        let limit = state.problem.harm_limit()?;
        let first = state.visit(state.sentinel(slot)).succ;
        (state.toll() > 0).then(|| Self {
            toll: state.toll() as f64,
            certain: limit.certain as f64,
            begin: state.visit(first).departure,
        })
    }

    /// What it is likely to cost that the query's client goes into a gap: at least 0.
    pub(super) fn of_gap(&self, state: &State<'_>, query: &Query<'_>, gap: &Gap) -> i64 {
        let spare = gap.window_end + query.service - gap.leave;
        let own = WITHOUT_SLACK * (-(spare as f64) / self.spread(gap.leave)).exp() * self.certain;
        ((own + self.behind(state, gap)) * self.toll) as i64
    }

    /// The harm that the clients behind the gap are likely to do on top, because they come later.
    fn behind(&self, state: &State<'_>, gap: &Gap) -> f64 {
        if !state.is_client(gap.x) {
            return 0.0;
        }
        let before = state.visit(gap.u);
        let next = gap.leave + gap.travel_out;
        let stake = state.stake(gap.x);
        let spread = self.spread(next);
        // Who has to wait anyway loses only what there was to spare before.
        let waiting = state.visit(gap.x).start - spread as i32;
        let (old, new) = (before.departure + before.travel, next);
        if new.max(waiting) <= old.max(waiting) {
            return 0.0;
        }
        let rise = |arrival: i32| match arrival.max(waiting) - stake.arrival.max(waiting) {
            0 => 1.0,
            later => (f64::from(later) / spread).min(RISE_MAX).exp(),
        };
        let harm = stake.harm as f64 + NEVER_SAFE * self.certain;
        (harm * (rise(new) - rise(old))).max(0.0)
    }

    fn spread(&self, moment: i32) -> f64 {
        SPREAD_AT_START + SPREAD_GROWTH * (moment - self.begin).max(0) as f64
    }
}
