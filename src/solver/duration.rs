//! Durations of routes in constant time: what a route, or a route with one more client, takes from start to end.
//!
//! The time at which a sequence of visits is left is `max(start + work, earliest)`: a start later than the earliest
//! possible one first eats up waiting and then delays the end. So a feasible route lasts at least
//! `max(work, end - latest start)`. Source: the same observation underlies forward time slack (Savelsbergh, 1992).

use super::problem::VehicleType;
use super::state::State;

/// What a prefix and a suffix of a trip mean for its duration, kept per node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DurationAt {
    /// Loading, travel and service from the start of the trip to the departure from here.
    pub(super) work: i32,
    /// Latest start of the trip that is in time up to here.
    pub(super) latest_start: i32,
    /// Earliest end of the trip for the earliest possible arrival here, however early.
    pub(super) end: i32,
}

/// A stretch of a route: when it ends is `max(start + work, end)`, for any start up to `latest_start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Loading, travel and service.
    pub(super) work: i32,
    /// Latest start that is in time.
    pub(super) latest_start: i32,
    /// Earliest end, however early the start.
    pub(super) end: i32,
}

impl Segment {
    /// Nothing.
    pub(super) const EMPTY: Self = Self {
        work: 0,
        latest_start: i32::MAX,
        end: i32::MIN,
    };

    /// This stretch followed by `next`.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            work: self.work + next.work,
            latest_start: self
                .latest_start
                .min(next.latest_start.saturating_sub(self.work)),
            end: self.end.saturating_add(next.work).max(next.end),
        }
    }

    /// Shortest time from start to end of a whole route whose earliest end is `end` and whose latest is `latest`.
    pub(super) fn duration(self, end: i32, latest: i32) -> i32 {
        self.work
            .max(end - self.latest_start.min(latest - self.work))
    }
}

/// What the other trips of a route mean for the duration of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Carry {
    /// The trips before.
    pub(super) before: Segment,
    /// The trips after.
    pub(super) after: Segment,
    /// Shortest time from the start to the end of the route.
    pub(super) duration: i32,
}

impl Carry {
    /// Of a route with one trip that takes so long.
    pub(super) const fn alone(duration: i32) -> Self {
        Self {
            before: Segment::EMPTY,
            after: Segment::EMPTY,
            duration,
        }
    }
}

/// What matters of a trip's duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RouteDuration {
    /// Loading, travel and service in all.
    pub(super) work: i32,
    /// Earliest start: the vehicle is there and its goods are ready.
    pub(super) start: i32,
    /// Shortest time from start to end; means something only for routes of one trip.
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
        let loading = state.begin(slot).1;
        let start = visit.departure - loading;
        if nodes.is_empty() {
            state.durations[sentinel as usize] = DurationAt {
                work: loading,
                latest_start: vehicle.latest,
                end: i32::MIN,
            };
            return Self {
                work: loading,
                start,
                duration: 0,
            };
        }
        let mut at = DurationAt {
            work: loading,
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
