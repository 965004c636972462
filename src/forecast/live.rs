//! The same simulated days for orders that come and go: as [`super::Rehearsal`], but what belongs to an order or a courier
//! is drawn when it comes, and kept by whoever needs it.
//!
//! Noise is keyed by ids, so that an order meets the same days whenever and in whatever company it comes.

#![expect(
    clippy::cast_possible_truncation,
    reason = "days are few and moments whole seconds"
)]

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use pulp::{Arch, Simd, WithSimd};

use super::TRAINING;
use super::draws::{self, BLOCK};
use super::elementary::larger;
use super::factors::{CourierBlock, Traffic};
use super::kernel::NoiseBlock;
use super::rehearsal::{Call, Door, courier_blocks, slots, stop_blocks};
use super::spread::{SLOT, Spread};
use crate::model::{Courier, NoiseModel, OrderId, Place, TimeWindow};
use crate::rng;
use crate::units::{Seconds, Timestamp};

/// Days on which routes are tried out whose orders are not known beforehand.
#[derive(Debug)]
pub struct LiveDays {
    /// Moments are in seconds since this.
    origin: Timestamp,
    grace: Seconds,
    seed: u64,
    n_blocks: usize,
    spread: Spread,
    slots: Vec<Timestamp>,
    /// Traffic of the zones that have been asked for.
    zones: RwLock<HashMap<u64, Arc<ZoneTraffic>>>,
}

/// The traffic of one zone.
#[derive(Debug)]
struct ZoneTraffic {
    traffic: Traffic,
    /// By slot.
    rows: Vec<usize>,
}

/// What a courier's shift has in common on each day.
#[derive(Debug)]
pub struct LiveCourier {
    blocks: Vec<CourierBlock>,
}

/// What varies at an order's door and on the way there.
#[derive(Debug)]
pub struct LiveStop {
    blocks: Vec<NoiseBlock>,
    traffic: Arc<ZoneTraffic>,
    /// What services here take, compared with what is planned, on average.
    service: f32,
}

/// What a promise asks of an arrival.
#[derive(Debug)]
pub struct LiveDoor(Door);

/// A stop of a route to try out.
#[derive(Clone, Copy, Debug)]
pub struct LiveStep<'a> {
    /// What varies.
    pub stop: &'a LiveStop,
    /// What is promised.
    pub door: &'a LiveDoor,
    /// Planned time from the stop before.
    pub travel: Seconds,
    /// Planned time at the door.
    pub service: Seconds,
}

impl LiveDays {
    /// Draws `days` days (rounded up to a multiple of [`super::Rehearsal::DAYS_STEP`]) on which couriers are on the way
    /// from `from` to `until`.
    ///
    /// They are the days that a [`super::Rehearsal`] with the same seed and `from` as its origin has, and others than
    /// those that forecasts report on.
    #[must_use]
    pub fn new(
        noise: &NoiseModel,
        grace: Seconds,
        days: u32,
        seed: u64,
        (from, until): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            origin: from,
            grace,
            seed: rng::hash(seed, &[TRAINING]),
            n_blocks: (days.max(1) as usize).div_ceil(BLOCK),
            spread: Spread::new(noise),
            slots: slots(from, until),
            zones: RwLock::default(),
        }
    }

    /// Days there are.
    #[must_use]
    pub fn days(&self) -> u32 {
        (self.n_blocks * BLOCK) as u32
    }

    /// What the shifts of `courier` have in common.
    #[must_use]
    pub fn courier(&self, courier: &Courier) -> LiveCourier {
        LiveCourier {
            blocks: courier_blocks(courier, &self.spread, self.seed, self.n_blocks),
        }
    }

    /// What varies at the door of `order` at `place`.
    #[must_use]
    pub fn stop(&self, order: &OrderId, place: &Place) -> LiveStop {
        let zone = draws::key(place.zone().as_str());
        LiveStop {
            blocks: stop_blocks(order, zone, &self.spread, self.seed, self.n_blocks),
            traffic: self.traffic(if self.spread.has_zones() { zone } else { 0 }),
            service: self
                .spread
                .service_bias(zone)
                .map_or(1.0, |bias| bias.mean_factor()),
        }
    }

    /// What a promise of `windows`, which are sorted, asks.
    #[must_use]
    pub fn door(&self, windows: &[TimeWindow]) -> LiveDoor {
        LiveDoor(Door::new(windows, self.origin, self.grace))
    }

    /// The traffic of the zone with key `zone`.
    fn traffic(&self, zone: u64) -> Arc<ZoneTraffic> {
        let zones = self.zones.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = zones.get(&zone) {
            return Arc::clone(known);
        }
        drop(zones);
        let cells = self.slots.iter().map(|&moment| (zone, moment));
        let traffic = Traffic::new(self.seed, &self.spread, self.origin, cells, self.n_blocks);
        let rows = self.slots.iter().map(|&moment| traffic.row(zone, moment));
        let rows = rows.collect();
        let fresh = Arc::new(ZoneTraffic { traffic, rows });
        let mut zones = self.zones.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(zones.entry(zone).or_insert(fresh))
    }

    /// On how many days `courier`, who is to depart at `departure`, is late at each of `steps`.
    pub fn late_days(
        &self,
        courier: &LiveCourier,
        departure: Timestamp,
        steps: &[LiveStep<'_>],
        late: &mut Vec<u32>,
    ) {
        late.clear();
        late.resize(steps.len(), 0);
        Arch::new().dispatch(Run {
            days: self,
            courier,
            departure: (departure - self.origin).0 as f32,
            steps,
            late,
        });
    }

    #[inline(always)]
    fn run(&self, courier: &LiveCourier, departure: f32, steps: &[LiveStep<'_>], late: &mut [u32]) {
        let into_slot = self.origin.0.rem_euclid(SLOT);
        for block in 0..self.n_blocks {
            let person = &courier.blocks[block];
            let mut planned = departure;
            let mut clock = person.start_delay.map(|delay| planned + delay);
            for (step, late) in steps.iter().zip(late.iter_mut()) {
                let LiveStep { stop, door, .. } = step;
                let slot = (planned as i64 + into_slot).div_euclid(SLOT).max(0);
                let rows = &stop.traffic.rows;
                let slot = usize::try_from(slot).unwrap_or(0).min(rows.len() - 1);
                let call = Call {
                    noise: &stop.blocks[block],
                    person,
                    traffic: stop.traffic.traffic.factors(block, rows[slot]),
                    sigma: self.spread.leg(step.travel.0),
                    travel: step.travel.0 as f32,
                    service: step.service.0 as f32 * stop.service,
                };
                *late += call.make(&door.0, &mut clock);
                planned = larger(planned + call.travel, door.0.open) + call.service;
            }
        }
    }
}

/// One route on all days, as what `pulp` compiles for each width of vector instructions.
struct Run<'a> {
    days: &'a LiveDays,
    courier: &'a LiveCourier,
    departure: f32,
    steps: &'a [LiveStep<'a>],
    late: &'a mut [u32],
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.days
            .run(self.courier, self.departure, self.steps, self.late);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Rehearsal, Step};
    use crate::model::fixture::{Fixture, at, hours};

    #[test]
    fn orders_that_come_later_meet_the_days_of_a_rehearsal() {
        let day = Fixture::new()
            .courier("anna", |_| {})
            .order("a", (600, 0), |order| order.windows = vec![hours(9, 10)])
            .order("b", (900, 0), |order| order.windows = vec![hours(9, 10)])
            .order("c", (2_000, 0), |order| {
                order.windows = vec![hours(9, 10), hours(11, 12)];
            })
            .build();
        let noise = NoiseModel::default();
        let origin = at(8, 0);
        let rehearsal = Rehearsal::new(&day, &noise, Seconds(60), 256, 7, origin);
        let live = LiveDays::new(&noise, Seconds(60), 256, 7, (origin, at(20, 0)));
        let steps: Vec<Step> = (0..3)
            .map(|order| Step {
                order,
                travel: 1_500,
                service: 900,
            })
            .collect();
        let mut expected = Vec::new();
        rehearsal.late_days(0, 3_600, &steps, &mut expected);

        let courier = live.courier(&day.couriers[0]);
        // In another sequence than they are visited in.
        let stops: Vec<_> = [2, 0, 1]
            .map(|at: usize| {
                let order = &day.orders[at];
                let stop = live.stop(&order.id, day.place(order.place));
                (at, stop, live.door(&order.service_windows()))
            })
            .into();
        let steps: Vec<LiveStep<'_>> = (0..3)
            .filter_map(|at| stops.iter().find(|stop| stop.0 == at))
            .map(|(_, stop, door)| LiveStep {
                stop,
                door,
                travel: Seconds(1_500),
                service: Seconds(900),
            })
            .collect();
        let mut late = Vec::new();
        live.late_days(&courier, at(9, 0), &steps, &mut late);
        assert_eq!(late, expected);
        assert!(late.iter().any(|days| *days > 0), "{late:?}");
    }
}
