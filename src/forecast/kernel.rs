//! The recursion along a route for a block of scenarios: forward from departure to arrival, backward from promise to
//! latest departure.
//!
//! All loops run over the scenarios of a block without branches. Moments are in seconds since the start of loading.

use super::draws::{BLOCK, Block, Draws};
use super::elementary::{exp, larger, ln, smaller};
use super::factors::CourierBlock;
use super::itinerary::{Gap, Leg, Visit};
use super::spread::Spread;

/// Scratch memory for the noise of one block.
pub(super) struct NoiseBlock {
    leg: Block,
    service: Block,
    incident: Block,
}

impl Default for NoiseBlock {
    fn default() -> Self {
        Self {
            leg: [0.0; BLOCK],
            service: [0.0; BLOCK],
            incident: [0.0; BLOCK],
        }
    }
}

impl NoiseBlock {
    /// Draws the noise of the next block of a stop.
    pub(super) fn draw(&mut self, draws: &mut Draws) {
        draws.normals(&mut self.leg, &mut self.service);
        draws.uniforms(&mut self.incident);
    }

    /// Durations of a leg.
    pub(super) fn travel(&self, leg: Leg, traffic: &Block, courier: &CourierBlock) -> Block {
        let mut durations = [0.0; BLOCK];
        for s in 0..BLOCK {
            let own = exp(leg.sigma * (self.leg[s] - leg.sigma / 2.0));
            durations[s] = leg.planned * traffic[s] * courier.drive[s] * own;
        }
        durations
    }

    /// Durations of a service planned to take `planned` seconds, incidents included.
    ///
    /// A uniform number below the chance of an incident both tells that there is one and, divided by that chance, how
    /// long it takes.
    pub(super) fn service(&self, planned: f32, spread: &Spread, courier: &CourierBlock) -> Block {
        let mut durations = [0.0; BLOCK];
        for s in 0..BLOCK {
            let own = exp(spread.service * (self.service[s] - spread.service / 2.0));
            let incident = larger(spread.incident_ln - ln(self.incident[s]), 0.0);
            durations[s] = planned * courier.pace[s] * own + spread.incident_mean * incident;
        }
        durations
    }
}

/// Moves `clock` from the departure before `visit` to the departure from it; returns the arrivals and counts promises
/// kept.
pub(super) fn advance(
    visit: &Visit,
    travel: &Block,
    service: &Block,
    clock: &mut Block,
    kept: &mut [u32; BLOCK],
) -> Block {
    let deadline = visit.deadline.unwrap_or(f32::NEG_INFINITY);
    let mut arrival = [0.0; BLOCK];
    for s in 0..BLOCK {
        arrival[s] = clock[s] + travel[s];
        kept[s] += u32::from(arrival[s] <= deadline);
        clock[s] = larger(arrival[s], visit.open);
    }
    for &Gap { from, to } in &visit.gaps {
        for clock in clock.iter_mut() {
            let waits = (*clock > from) & (*clock < to);
            *clock = if waits { to } else { *clock };
        }
    }
    for s in 0..BLOCK {
        clock[s] += service[s];
    }
    arrival
}

/// Moves `latest` from the latest departure from `visit` that keeps every later promise to the latest departure from
/// the place before that keeps the promise of `visit` too; minus infinity where no departure is early enough.
pub(super) fn retreat(visit: &Visit, travel: &Block, service: &Block, latest: &mut Block) {
    // A promise that cannot be kept asks nothing of the departure.
    let deadline = visit.deadline.unwrap_or(f32::INFINITY);
    for s in 0..BLOCK {
        latest[s] = smaller(latest[s] - service[s], deadline);
    }
    for &Gap { from, to } in &visit.gaps {
        for latest in latest.iter_mut() {
            let falls_between = (*latest > from) & (*latest < to);
            *latest = if falls_between { from } else { *latest };
        }
    }
    for s in 0..BLOCK {
        let is_open = latest[s] >= visit.open;
        latest[s] = if is_open {
            latest[s] - travel[s]
        } else {
            f32::NEG_INFINITY
        };
    }
}
