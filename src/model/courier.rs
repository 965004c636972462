//! Couriers and the depots they load at.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{CourierId, DepotId, Order, PlaceIdx, ProfileId, TimeWindow};
use crate::units::{BasisPoints, Cost, ExactCost, Load, Meters, Seconds};

/// Where goods are loaded and routes begin and end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Depot {
    /// Identifies the depot.
    pub id: DepotId,
    /// Printed name.
    pub name: String,
    /// Where it is.
    pub place: PlaceIdx,
    /// Time a courier spends loading here before leaving.
    pub loading: Seconds,
}

/// Where a shift starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RouteStart {
    /// At a depot, where the goods are loaded.
    Depot(DepotId),
    /// Elsewhere, with the goods on board.
    Place(PlaceIdx),
}

/// Where a shift ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RouteEnd {
    /// Back at a depot.
    Depot(DepotId),
    /// At a place.
    Place(PlaceIdx),
    /// Wherever the last stop is.
    Open,
}

/// What using a courier costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// Once, if there is any stop.
    pub fixed: Cost,
    /// For a kilometer.
    pub per_km: Cost,
    /// For an hour of duty.
    pub per_hour: Cost,
    /// On top of `per_hour`, for an hour beyond the regular duty.
    pub overtime_per_hour: Cost,
}

/// What a courier may at most do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Stops.
    pub max_stops: Option<u32>,
    /// Distance.
    pub max_distance: Option<Meters>,
    /// Time from the start of loading to the end of the route.
    pub max_duty: Option<Seconds>,
    /// Duty beyond this is overtime.
    pub regular_duty: Option<Seconds>,
}

/// When a break has to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BreakStart {
    /// In a window; owed by a route that starts before its end and ends after it.
    Within(TimeWindow),
    /// No later than this after the end of the break taken before, or the start of the route if none was, with a stop in
    /// between; owed by a route that ends later than that.
    AfterWork(Seconds),
}

/// A break that a courier takes if the route is long enough for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourierBreak {
    /// How long it takes.
    pub duration: Seconds,
    /// When it has to begin.
    pub start: BreakStart,
}

impl CourierBreak {
    /// How many stops come before it at least, if so many come before the break taken before.
    #[must_use]
    pub fn first_place(&self, before: Option<usize>) -> usize {
        match self.start {
            BreakStart::Within(_) => before.unwrap_or(0),
            BreakStart::AfterWork(_) => before.unwrap_or(0) + 1,
        }
    }
}

/// One person and vehicle for one shift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Courier {
    /// Identifies the courier.
    pub id: CourierId,
    /// Printed name.
    pub name: String,
    /// Printed phone.
    pub phone: String,
    /// How the vehicle travels.
    pub profile: ProfileId,
    /// What the vehicle holds, by dimension; others are not limited.
    pub capacities: BTreeMap<String, Load>,
    /// What the courier can do.
    pub skills: BTreeSet<String>,
    /// Earliest start (loading included) and latest end.
    pub shift: TimeWindow,
    /// Where the shift starts.
    pub start: RouteStart,
    /// Where it ends.
    pub end: RouteEnd,
    /// What it costs.
    pub costs: Costs,
    /// What it is limited to.
    pub limits: Limits,
    /// Speed relative to the profile.
    pub speed_factor: BasisPoints,
    /// Time at the door relative to the order's.
    pub service_factor: BasisPoints,
    /// Depots where the courier may load for a further trip; empty means a single trip.
    pub reload_depots: BTreeSet<DepotId>,
    /// How often the courier may do so.
    pub max_reloads: Option<u32>,
    /// Breaks in sequence.
    pub breaks: Vec<CourierBreak>,
}

impl Courier {
    /// How long this courier takes at the door of `order`.
    #[must_use]
    pub fn service_time(&self, order: &Order) -> Seconds {
        self.service_factor.scale(order.service)
    }

    /// What overtime `duty` has.
    #[must_use]
    pub fn overtime(&self, duty: Seconds) -> Seconds {
        let regular = self.limits.regular_duty.unwrap_or(duty);
        Seconds((duty - regular).0.max(0))
    }

    /// What `distance` costs.
    #[must_use]
    pub fn distance_cost(&self, distance: Meters) -> ExactCost {
        ExactCost::of_distance(distance, self.costs.per_km)
    }

    /// What `duty` costs, overtime apart.
    #[must_use]
    pub fn time_cost(&self, duty: Seconds) -> ExactCost {
        ExactCost::of_time(duty, self.costs.per_hour)
    }

    /// What the overtime in `duty` costs.
    #[must_use]
    pub fn overtime_cost(&self, duty: Seconds) -> ExactCost {
        ExactCost::of_time(self.overtime(duty), self.costs.overtime_per_hour)
    }

    /// Whether skills, lists and depots let this courier serve `order`.
    #[must_use]
    pub fn may_serve(&self, order: &Order) -> bool {
        order.required_skills.is_subset(&self.skills)
            && self.is_admitted_by(order)
            && self.comes_from_depot_of(order)
    }

    /// Whether the order's lists of allowed and forbidden couriers admit this one.
    #[must_use]
    pub fn is_admitted_by(&self, order: &Order) -> bool {
        (order.allowed_couriers.is_empty() || order.allowed_couriers.contains(&self.id))
            && !order.forbidden_couriers.contains(&self.id)
    }

    /// Whether some trip of this courier may start (a delivery) or end (a collection) at a depot that stocks the goods.
    #[must_use]
    pub fn comes_from_depot_of(&self, order: &Order) -> bool {
        let may_reload = self.may_reload() && !order.depots.is_disjoint(&self.reload_depots);
        may_reload || order.is_stocked_by(self.start_depot(), self.end_depot())
    }

    /// Whether a route of this courier may have several trips.
    #[must_use]
    pub fn may_reload(&self) -> bool {
        !self.reload_depots.is_empty() && self.max_reloads != Some(0)
    }

    /// The depot where the shift starts, if it starts at one.
    #[must_use]
    pub fn start_depot(&self) -> Option<&DepotId> {
        match &self.start {
            RouteStart::Depot(id) => Some(id),
            RouteStart::Place(_) => None,
        }
    }

    /// The depot where the shift ends, if it ends at one.
    #[must_use]
    pub fn end_depot(&self) -> Option<&DepotId> {
        match &self.end {
            RouteEnd::Depot(id) => Some(id),
            RouteEnd::Place(_) | RouteEnd::Open => None,
        }
    }
}
