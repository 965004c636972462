//! Look-ups by id, and the travel between orders, as the planner's own stages need them.

use std::collections::HashMap;

use crate::model::{Courier, CourierId, Order, OrderId, PlaceIdx, Problem, TimeWindow};
use crate::travel::{TravelTimes, Way};
use crate::units::Seconds;

/// A problem with an index over its ids.
pub(in crate::planner) struct Book<'a> {
    pub(in crate::planner) problem: &'a Problem,
    travel: &'a TravelTimes<'a>,
    orders: HashMap<&'a OrderId, usize>,
    couriers: HashMap<&'a CourierId, usize>,
    windows: Vec<Vec<TimeWindow>>,
}

impl<'a> Book<'a> {
    pub(in crate::planner) fn new(problem: &'a Problem, travel: &'a TravelTimes<'a>) -> Self {
        Self {
            problem,
            travel,
            orders: (problem.orders.iter().map(|order| &order.id))
                .zip(0..)
                .collect(),
            couriers: (problem.couriers.iter().map(|courier| &courier.id))
                .zip(0..)
                .collect(),
            windows: problem.orders.iter().map(Order::service_windows).collect(),
        }
    }

    /// The position in the problem of the order called `id`.
    pub(in crate::planner) fn order(&self, id: &OrderId) -> Option<usize> {
        self.orders.get(id).copied()
    }

    /// The position in the problem of the courier called `id`.
    pub(in crate::planner) fn courier(&self, id: &CourierId) -> Option<usize> {
        self.couriers.get(id).copied()
    }

    /// When service may start at the order at `position`, sorted.
    pub(in crate::planner) fn windows(&self, position: usize) -> &[TimeWindow] {
        &self.windows[position]
    }

    /// The way from `from`; `None` if there is none.
    pub(in crate::planner) fn way(
        &self,
        courier: &Courier,
        from: PlaceIdx,
        to: PlaceIdx,
    ) -> Option<Way<'a>> {
        self.travel.way(courier, from, to)
    }

    /// How long `courier` loads.
    pub(super) fn loading(&self, courier: &Courier) -> Seconds {
        self.problem.loading(courier)
    }
}
