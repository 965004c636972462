//! Couriers as the book needs them.

use crate::forecast::{LiveCourier, LiveDays};
use crate::model::{Courier, PlaceIdx, Problem};
use crate::travel::{Leg, Point, PointWays};
use crate::units::{ExactCost, Load, Seconds, Timestamp};

/// One courier, ready for computing.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) courier: Courier,
    pub(super) profile: usize,
    pub(super) start: Option<Point>,
    /// `None` with an open end.
    pub(super) end: Option<Point>,
    pub(super) loading: Seconds,
    /// By dimension; `None` for no limit.
    pub(super) capacities: Vec<Option<Load>>,
    pub(super) live: LiveCourier,
}

impl Driver {
    pub(super) fn new(
        base: &Problem,
        courier: &Courier,
        ways: &PointWays,
        days: &LiveDays,
        dimensions: &[String],
    ) -> Self {
        let point = |place: PlaceIdx| ways.point(base.place(place));
        let capacities = dimensions.iter();
        Self {
            profile: ways.profile(&courier.profile).unwrap_or(0),
            start: base.start_place(courier).map(point),
            end: base.end_place(courier).map(point),
            loading: base.loading(courier),
            capacities: capacities
                .map(|dimension| courier.capacities.get(dimension).copied())
                .collect(),
            live: days.courier(courier),
            courier: courier.clone(),
        }
    }

    /// The way between two points as this courier goes it.
    pub(super) fn leg(&self, ways: &PointWays, from: &Point, to: &Point) -> Option<Leg> {
        let leg = ways.leg(self.profile, from, to)?;
        Some(leg.at_speed(self.courier.speed_factor))
    }

    /// The way from the start to a point.
    pub(super) fn way_out(&self, ways: &PointWays, to: &Point) -> Option<Leg> {
        self.leg(ways, self.start.as_ref()?, to)
    }

    /// The way from a point to the end.
    pub(super) fn way_back(&self, ways: &PointWays, from: &Point) -> Option<Leg> {
        match &self.end {
            Some(end) => self.leg(ways, from, end),
            None => Some(Leg::NONE),
        }
    }

    /// Whether an hour of this courier costs something.
    pub(super) fn is_paid(&self) -> bool {
        let costs = &self.courier.costs;
        costs.per_hour.0 > 0 || costs.overtime_per_hour.0 > 0
    }

    /// The last moment of a route.
    pub(super) fn shift_end(&self) -> Timestamp {
        self.courier.shift.end
    }

    /// About what a longer way and duty cost, overtime apart.
    pub(super) fn about(&self, leg: Leg) -> ExactCost {
        self.courier.distance_cost(leg.distance) + self.courier.time_cost(leg.duration)
    }
}
