//! Durations of routes in constant time: what a route, or a route with one more client, takes from start to end.
//!
//! The time at which a sequence of visits is left is `max(start + work, earliest)`: a start later than the earliest
//! possible one first eats up waiting and then delays the end. So a feasible route lasts at least
//! `max(work, end - latest start)`. Source: the same observation underlies forward time slack (Savelsbergh, 1992).

use super::problem::VehicleType;
use super::state::State;

/// What a prefix and a suffix of a route mean for its duration, kept per node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DurationAt {
    /// Loading, travel and service from the start to the departure from here.
    pub(super) work: i32,
    /// Latest start of the route that is in time up to here.
    pub(super) latest_start: i32,
    /// Earliest end of the route for the earliest possible arrival here, however early.
    pub(super) end: i32,
}

/// What matters of a route's duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RouteDuration {
    /// Loading, travel and service in all.
    pub(super) work: i32,
    /// Earliest start: the vehicle is there and its goods are ready.
    pub(super) start: i32,
    /// Shortest time from start to end.
    pub(super) duration: i32,
}

impl RouteDuration {
    /// What it costs with a vehicle of this type.
    pub(super) fn cost(&self, vehicle: &VehicleType) -> i64 {
        duration_cost(vehicle, self.duration)
    }

    /// Computes everything from the times and windows of the route in `slot`, whose clients are `nodes`.
    pub(super) fn refresh(state: &mut State<'_>, slot: u32, nodes: &[u32]) -> Self {
        let kind = state.head(slot).kind;
        let vehicle = &state.problem.types()[kind as usize];
        let sentinel = state.sentinel(slot);
        let visit = *state.visit(sentinel);
        let start = visit.departure - vehicle.loading;
        if nodes.is_empty() {
            state.durations[sentinel as usize] = DurationAt {
                work: vehicle.loading,
                latest_start: vehicle.latest,
                end: i32::MIN,
            };
            return Self {
                work: vehicle.loading,
                start,
                duration: 0,
            };
        }
        let mut at = DurationAt {
            work: vehicle.loading,
            latest_start: vehicle.latest,
            end: i32::MIN,
        };
        state.durations[sentinel as usize] = at;
        let (mut travel, mut departure) = (visit.travel, visit.departure);
        for &node in nodes {
            let visit = *state.visit(node);
            let arrival = at.work + travel;
            at.latest_start = at.latest_start.min(visit.end - arrival);
            at.work = arrival + state.service(node, kind);
            state.durations[node as usize] = at;
            (travel, departure) = (visit.travel, visit.departure);
        }
        let work = at.work + travel;
        let end = departure + travel;
        let latest_start = at.latest_start.min(vehicle.latest - work);
        let mut suffix = i32::MIN;
        for &node in nodes.iter().rev() {
            let leave = state.visit(node).start + state.service(node, kind);
            suffix = suffix.max(leave + work - state.durations[node as usize].work);
            state.durations[node as usize].end = suffix;
        }
        Self {
            work,
            start,
            duration: work.max(end - latest_start),
        }
    }
}

/// What `duration` costs with a vehicle of this type.
#[inline]
pub(super) fn duration_cost(vehicle: &VehicleType, duration: i32) -> i64 {
    let overtime = (duration - vehicle.regular_duration).max(0);
    vehicle.per_time * i64::from(duration) + vehicle.per_overtime * i64::from(overtime)
}
