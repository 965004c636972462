//! Problems.

use super::courier::{courier_message, depot_message, read_courier, read_depot};
use super::order::{order_message, read_order};
use super::place::{Places, profile_message, read_profile};
use super::read::{At, Sink};
use crate::app::{Draft, Positions};
use crate::grpc::pb;
use crate::model::Problem;

/// Reads a problem as far as it can be read; paths are from the problem down.
#[must_use]
pub fn read_problem(problem: &pb::Problem) -> Draft {
    let sink = Sink::default();
    let at = At::root(&sink);
    let mut places = Places::default();
    let mut positions = Positions::default();
    let depots = each(&problem.depots, &mut positions.depots, |index, depot| {
        read_depot(
            at.item("depots", index).about(&depot.id),
            depot,
            &mut places,
        )
    });
    let couriers = each(
        &problem.couriers,
        &mut positions.couriers,
        |index, courier| {
            read_courier(
                at.item("couriers", index).about(&courier.id),
                courier,
                &mut places,
            )
        },
    );
    let orders = each(&problem.orders, &mut positions.orders, |index, order| {
        read_order(
            at.item("orders", index).about(&order.id),
            order,
            &mut places,
        )
    });
    let profiles = each(
        &problem.travel_profiles,
        &mut positions.profiles,
        |index, profile| {
            read_profile(
                at.item("travel_profiles", index).about(&profile.id),
                profile,
            )
        },
    );
    Draft {
        problem: Problem {
            name: problem.name.clone(),
            time_zone: problem.time_zone.clone(),
            places: places.into_list(),
            depots,
            couriers,
            orders,
            profiles,
        },
        unreadable: sink.into_inner(),
        positions,
        order_ids: problem
            .orders
            .iter()
            .map(|order| order.id.clone())
            .collect(),
    }
}

/// Reads the items that can be read and notes where they stood.
fn each<M, T>(
    items: &[M],
    positions: &mut Vec<usize>,
    mut read: impl FnMut(usize, &M) -> Option<T>,
) -> Vec<T> {
    let mut list = Vec::with_capacity(items.len());
    for (position, item) in items.iter().enumerate() {
        if let Some(item) = read(position, item) {
            list.push(item);
            positions.push(position);
        }
    }
    list
}

/// The message for a problem whose references hold.
#[must_use]
pub fn problem_message(problem: &Problem) -> pb::Problem {
    pb::Problem {
        orders: order_messages(problem).collect(),
        ..problem_frame(problem)
    }
}

/// The messages for the orders of a problem whose references hold.
pub fn order_messages(problem: &Problem) -> impl Iterator<Item = pb::Order> {
    let orders = problem.orders.iter();
    orders.map(|order| order_message(problem, order))
}

/// The message for a problem whose references hold, without its orders.
#[must_use]
pub fn problem_frame(problem: &Problem) -> pb::Problem {
    let depots = problem.depots.iter();
    let couriers = problem.couriers.iter();
    pb::Problem {
        name: problem.name.clone(),
        time_zone: problem.time_zone.clone(),
        depots: depots.map(|depot| depot_message(problem, depot)).collect(),
        couriers: couriers
            .map(|courier| courier_message(problem, courier))
            .collect(),
        orders: Vec::new(),
        travel_profiles: problem.profiles.iter().map(profile_message).collect(),
    }
}

#[cfg(test)]
mod tests;
