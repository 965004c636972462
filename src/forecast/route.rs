//! One route on every simulated day.
//!
//! The whole simulation of a route is compiled once for each width of vector instructions that a processor may have,
//! and the widest it has is chosen when it runs. That is why everything called from [`Simulator::simulate`] on blocks
//! of scenarios is inlined always: a function of its own would be compiled for the narrowest only.

use pulp::{Arch, Simd, WithSimd};

use super::LEAVE_BY_CONFIDENCE;
use super::draws::{BLOCK, Block, Draws, Purpose};
use super::factors::{CourierBlock, ServiceDoubt, Traffic};
use super::itinerary::{Itinerary, Visit};
use super::kernel::{NoiseBlock, advance, arrive, retreat};
use super::quantiles::order_statistics;
use super::spread::{Bias, Spread};
use super::statistics::{KeptCounts, rank, rank_from_above, wilson};
use crate::model::{OrderId, RouteForecast, StopForecast};
use crate::units::{Seconds, Timestamp};

/// Stops whose durations are kept from the way forward to the way back. Those of longer routes are drawn twice, so that
/// memory does not grow with the length of a route.
const SEGMENT: usize = 32;

/// What all routes of a forecast have in common.
pub(super) struct Day<'a> {
    pub(super) seed: u64,
    pub(super) spread: &'a Spread,
    pub(super) traffic: &'a Traffic,
    pub(super) n_blocks: usize,
}

/// Travel and service durations of one stop in one block.
struct Durations {
    travel: Block,
    service: Block,
}

impl Default for Durations {
    fn default() -> Self {
        Self {
            travel: [0.0; BLOCK],
            service: [0.0; BLOCK],
        }
    }
}

/// Simulates routes one after the other in the same memory.
pub(super) struct Simulator<'a> {
    day: &'a Day<'a>,
    couriers: Vec<CourierBlock>,
    /// The same at a stop where it is not certain how far off the bias of its service is.
    doubtful: Vec<CourierBlock>,
    noise: NoiseBlock,
    /// By stop of the segment, then by block.
    durations: Vec<Durations>,
    /// The current moment of each scenario: the clock on the way forward, the latest departure on the way back.
    moments: Vec<Block>,
    arrivals: Vec<Block>,
    kept: Vec<[u32; BLOCK]>,
}

impl<'a> Simulator<'a> {
    pub(super) fn new(day: &'a Day<'a>) -> Self {
        Self {
            day,
            couriers: Vec::with_capacity(day.n_blocks),
            doubtful: Vec::new(),
            noise: NoiseBlock::default(),
            durations: Vec::new(),
            moments: vec![[0.0; BLOCK]; day.n_blocks],
            arrivals: vec![[0.0; BLOCK]; day.n_blocks],
            kept: vec![[0; BLOCK]; day.n_blocks],
        }
    }

    /// Promises kept in each scenario on the route simulated last.
    pub(super) fn kept(&self) -> &[u32] {
        self.kept.as_flattened()
    }

    /// Forecasts a route.
    pub(super) fn forecast(&mut self, route: &Itinerary) -> RouteForecast {
        Arch::new().dispatch(Simulation {
            simulator: self,
            route,
        })
    }

    /// Moves along a route and shows `see` every order's stop with the arrivals there, in the sequence of the scenarios.
    pub(super) fn follow(&mut self, route: &Itinerary, see: impl FnMut(&Visit, &[f32])) {
        Arch::new().dispatch(Following {
            simulator: self,
            route,
            see,
        });
    }

    #[inline(always)]
    fn go(&mut self, route: &Itinerary, mut see: impl FnMut(&Visit, &[f32])) {
        self.meet(route);
        for first in (0..route.visits.len()).step_by(SEGMENT) {
            let visits = segment(route, first);
            self.draw(visits);
            for (at, visit) in visits.iter().enumerate() {
                self.arrive(at, visit);
                if visit.order.is_some() {
                    see(visit, self.arrivals.as_flattened());
                }
            }
        }
    }

    #[inline(always)]
    fn simulate(&mut self, route: &Itinerary) -> RouteForecast {
        self.meet(route);
        let segments = || (0..route.visits.len()).step_by(SEGMENT);
        let mut stops = Vec::with_capacity(route.visits.len());
        for first in segments() {
            let visits = segment(route, first);
            self.draw(visits);
            for (at, visit) in visits.iter().enumerate() {
                self.arrive(at, visit);
                if let Some(order) = &visit.order {
                    stops.push(self.stop_forecast(route, visit, order));
                }
            }
        }
        let [end_p50, end_p90] = self.end(route);

        self.moments.fill([f32::INFINITY; BLOCK]);
        let mut unsaid = stops.iter_mut().rev();
        for first in segments().rev() {
            let visits = segment(route, first);
            if first + SEGMENT < route.visits.len() {
                self.draw(visits);
            }
            for (at, visit) in visits.iter().enumerate().rev() {
                if visit.order.is_some()
                    && let Some(stop) = unsaid.next()
                {
                    stop.leave_by = self.leave_by(route);
                }
                self.back_up(at, visit);
            }
        }
        let counts = KeptCounts::new(self.kept.as_flattened(), route.n_orders());
        RouteForecast {
            courier: route.courier.clone(),
            stops,
            expected_on_time: counts.mean_rate(),
            on_time_p5: counts.rate_quantile(0.05),
            all_on_time: counts.all_kept(),
            leave_by: self
                .leave_by(route)
                .unwrap_or_else(|| route.moment(route.departure)),
            end_p50,
            end_p90,
        }
    }

    /// Makes the couriers' factors, sets the clock to the departure, and forgets the promises kept before.
    #[inline(always)]
    fn meet(&mut self, route: &Itinerary) {
        let Day { seed, spread, .. } = *self.day;
        let mut draws = Draws::new(seed, Purpose::Courier, route.key);
        self.couriers.clear();
        let spread = spread.courier(&route.courier, route.depot.as_ref());
        for _ in 0..self.day.n_blocks {
            self.couriers.push(CourierBlock::draw(&spread, &mut draws));
        }
        for (clock, courier) in self.moments.iter_mut().zip(&self.couriers) {
            *clock = if route.has_left {
                [route.departure; BLOCK]
            } else {
                courier.start_delay.map(|delay| route.departure + delay)
            };
        }
        self.kept.fill([0; BLOCK]);
    }

    /// Draws the durations of a segment.
    #[inline(always)]
    fn draw(&mut self, visits: &[Visit]) {
        let day = self.day;
        let n_durations = visits.len() * day.n_blocks;
        if self.durations.len() < n_durations {
            self.durations.resize_with(n_durations, Durations::default);
        }
        let rows = self.durations.chunks_exact_mut(day.n_blocks);
        for (visit, durations) in visits.iter().zip(rows) {
            let mut draws = Draws::new(day.seed, Purpose::Stop, visit.key);
            let row = day.traffic.row(visit.leg.zone, visit.leg.departure);
            let couriers = match visit.service_doubt {
                Some(bias) => {
                    doubt(day.seed, bias, &self.couriers, &mut self.doubtful);
                    &self.doubtful
                }
                None => &self.couriers,
            };
            for (block, (courier, durations)) in couriers.iter().zip(&mut *durations).enumerate() {
                let Durations { travel, service } = durations;
                let traffic = day.traffic.factors(block, row);
                let noise = &mut self.noise;
                noise.draw(day.spread, &mut draws);
                noise.travel(&visit.leg, traffic, courier, travel);
                noise.service(visit.service, courier, service);
            }
            if visit.order.is_none() {
                // Loading takes as long as planned, as at the start of the route, and so does a break.
                durations
                    .iter_mut()
                    .for_each(|durations| durations.service.fill(visit.service));
            } else if day.spread.incident_sure > 0.0 {
                let services = durations
                    .iter_mut()
                    .flat_map(|durations| &mut durations.service);
                services.for_each(|seconds| *seconds += day.spread.incident_sure);
            }
        }
    }

    /// Moves the clocks over the stop at index `at` of the segment drawn last.
    #[inline(always)]
    fn arrive(&mut self, at: usize, visit: &Visit) {
        let durations = self.durations[at * self.day.n_blocks..].iter();
        let clocks = self.moments.iter_mut().zip(&mut self.kept);
        let rows = clocks.zip(&mut self.arrivals).zip(durations);
        for (((clock, kept), arrival), Durations { travel, service }) in rows {
            advance(visit, travel, service, clock, arrival, kept);
        }
    }

    /// Moves the latest departures back over the stop at index `at` of the segment drawn last.
    #[inline(always)]
    fn back_up(&mut self, at: usize, visit: &Visit) {
        let durations = self.durations[at * self.day.n_blocks..].iter();
        for (latest, Durations { travel, service }) in self.moments.iter_mut().zip(durations) {
            retreat(visit, travel, service, latest);
        }
    }

    /// What the arrivals say about `visit`.
    #[inline(always)]
    fn stop_forecast(&mut self, route: &Itinerary, visit: &Visit, order: &OrderId) -> StopForecast {
        let n = self.arrivals.len() * BLOCK;
        let ranks = [0.1, 0.5, 0.8, 0.9, 0.95, 0.981].map(|p| rank(p, n));
        let quantiles = order_statistics(&self.arrivals, ranks, f32::round_ties_even);
        let [p10, p50, p80, p90, p95, p98_1] = quantiles.map(|moment| route.moment(moment));
        let lateness = Lateness::of(visit, &self.arrivals);
        StopForecast {
            order: order.clone(),
            on_time: wilson(n - lateness.n_days, n),
            arrival_p10: p10,
            arrival_p50: p50,
            arrival_p80: p80,
            arrival_p90: p90,
            arrival_p95: p95,
            arrival_p98_1: p98_1,
            expected_lateness: lateness.mean(n),
            leave_by: None,
        }
    }

    /// Median and 90 % quantile of the end, from the clocks at the last departure.
    #[inline(always)]
    fn end(&mut self, route: &Itinerary) -> [Timestamp; 2] {
        let day = self.day;
        let mut draws = Draws::new(day.seed, Purpose::Return, route.key);
        let row = day.traffic.row(route.back.zone, route.back.departure);
        let mut travel = [0.0; BLOCK];
        for (block, courier) in self.couriers.iter().enumerate() {
            self.noise.draw(day.spread, &mut draws);
            let factors = day.traffic.factors(block, row);
            let noise = &self.noise;
            noise.travel(&route.back, factors, courier, &mut travel);
            let left = self.moments[block];
            arrive(&route.back, &travel, &left, &mut self.moments[block]);
        }
        let ranks = [0.5, 0.9].map(|p| rank(p, self.moments.len() * BLOCK));
        let ends = order_statistics(&self.moments, ranks, f32::round_ties_even);
        ends.map(|end| route.moment(end))
    }

    /// The quantile of the latest departures that is reported; `None` if no promise is left to keep.
    #[inline(always)]
    fn leave_by(&mut self, route: &Itinerary) -> Option<Timestamp> {
        let rank = rank_from_above(LEAVE_BY_CONFIDENCE, self.moments.len() * BLOCK);
        let [moment] = order_statistics(&self.moments, [rank], f32::floor);
        if moment == f32::INFINITY {
            None
        } else if moment == f32::NEG_INFINITY {
            Some(route.origin)
        } else {
            Some(route.moment_before(moment))
        }
    }
}

/// The simulation of one route, as what `pulp` compiles for each width.
struct Simulation<'a, 'b> {
    simulator: &'b mut Simulator<'a>,
    route: &'b Itinerary,
}

impl WithSimd for Simulation<'_, '_> {
    type Output = RouteForecast;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> RouteForecast {
        self.simulator.simulate(self.route)
    }
}

/// The way forward along one route, as what `pulp` compiles for each width.
struct Following<'a, 'b, F> {
    simulator: &'b mut Simulator<'a>,
    route: &'b Itinerary,
    see: F,
}

impl<F: FnMut(&Visit, &[f32])> WithSimd for Following<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.simulator.go(self.route, self.see);
    }
}

/// The factors of `couriers` with the paces that they come to where it is not certain how far off a service's bias is.
#[inline(always)]
fn doubt(seed: u64, bias: Bias, couriers: &[CourierBlock], doubtful: &mut Vec<CourierBlock>) {
    let mut doubt = ServiceDoubt::new(seed, bias);
    doubtful.clear();
    for courier in couriers {
        let off = doubt.next();
        doubtful.push(CourierBlock {
            pace: std::array::from_fn(|s| courier.pace[s] * off[s]),
            ..*courier
        });
    }
}

/// Late days of one stop.
struct Lateness {
    n_days: usize,
    /// Seconds on all of them together.
    total: f64,
}

impl Lateness {
    #[inline(always)]
    fn of(visit: &Visit, arrivals: &[Block]) -> Self {
        let Some(deadline) = visit.deadline else {
            return Self {
                n_days: arrivals.len() * BLOCK,
                total: 0.0,
            };
        };
        let (mut days, mut seconds) = ([0_u32; BLOCK], [0.0; BLOCK]);
        for arrivals in arrivals {
            for s in 0..BLOCK {
                let lateness = arrivals[s] - visit.promised;
                let is_late = arrivals[s] > deadline;
                days[s] += u32::from(is_late);
                seconds[s] += if is_late { lateness } else { 0.0 };
            }
        }
        Self {
            n_days: days.iter().sum::<u32>() as usize,
            total: seconds.map(f64::from).iter().sum(),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "saturates, which is meant")]
    fn mean(&self, n: usize) -> Seconds {
        Seconds((self.total / n as f64).round() as i64)
    }
}

/// The visits of the segment that begins with `first`.
fn segment(route: &Itinerary, first: usize) -> &[Visit] {
    &route.visits[first..route.visits.len().min(first + SEGMENT)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::fixture::{at, courier_id, order_id};
    use crate::forecast::itinerary::{Gap, Leg, Pace};
    use crate::model::NoiseModel;

    fn paces(is_timed: bool) -> Vec<Pace> {
        let seconds = |start: f32| 400.0 + start / 100.0;
        let pace = |start: f32| Pace {
            from: start,
            until: start + 5_000.0,
            seconds: seconds(start),
        };
        let starts = (0..8_u8).map(|number| f32::from(number) * 5_000.0);
        starts.map(pace).filter(|_| is_timed).collect()
    }

    fn visit(number: u32) -> Visit {
        let opens = number as f32 * 900.0;
        Visit {
            order: Some(order_id(number)),
            key: u64::from(number),
            leg: Leg {
                planned: 500.0,
                sigma: 0.3,
                departure: at(8, 0) + Seconds(i64::from(number) * 900),
                zone: u64::from(number % 3),
                paces: paces(number.is_multiple_of(2)),
            },
            service: 300.0,
            service_doubt: None,
            open: opens,
            gaps: vec![Gap {
                from: opens + 600.0,
                to: opens + 1_200.0,
            }],
            promised: opens + 3_600.0,
            deadline: Some(opens + 3_600.0),
        }
    }

    #[test]
    fn any_width_of_vectors_gives_the_same_bits() {
        let spread = Spread::new(&NoiseModel::default());
        let visits: Vec<Visit> = (1..=40).map(visit).collect();
        let departures = visits.iter().map(|visit| &visit.leg);
        let departures = departures.map(|leg| (leg.zone, leg.departure));
        let traffic = Traffic::new(1, &spread, at(8, 0), departures, 4);
        let day = Day {
            seed: 1,
            spread: &spread,
            traffic: &traffic,
            n_blocks: 4,
        };
        let route = Itinerary {
            courier: courier_id(1),
            key: 7,
            depot: None,
            origin: at(8, 0),
            departure: 600.0,
            has_left: false,
            back: visits[39].leg.clone(),
            visits,
        };
        let (mut widest, mut narrowest) = (Simulator::new(&day), Simulator::new(&day));
        assert_eq!(widest.forecast(&route), narrowest.simulate(&route));
        let bits = |simulator: &Simulator<'_>| {
            let moments = simulator.moments.as_flattened().iter();
            moments.map(|moment| moment.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(bits(&widest), bits(&narrowest));
        assert_eq!(widest.kept(), narrowest.kept());
    }
}
