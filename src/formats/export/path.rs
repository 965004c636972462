//! The way of a route, from place to place.

use super::view::{View, Visit};
use crate::model::{Courier, Place, Reload, Route, RouteEnd, RouteStart};

/// What a place of a route is.
pub(super) enum Point<'a> {
    /// Where it starts, with the depot if it is one.
    Start(Option<&'a str>),
    Stop(Box<Visit<'a>>),
    Reload(&'a Reload),
    /// Where it ends, with the depot if it is one.
    End(Option<&'a str>),
}

/// The places of a route in sequence, from its start to its end, reloads included.
pub(super) fn places<'a>(
    view: &View<'a>,
    route: &'a Route,
    courier: &'a Courier,
) -> Vec<(Point<'a>, &'a Place)> {
    let problem = view.problem();
    let mut places = Vec::new();
    if let Some(start) = problem.start_place(courier) {
        let depot = match &courier.start {
            RouteStart::Depot(id) => Some(id.as_str()),
            RouteStart::Place(_) => None,
        };
        places.push((Point::Start(depot), problem.place(start)));
    }
    for (at, visit) in view.visits(route, courier).enumerate() {
        for reload in route.reloads.iter().filter(|reload| reload.n_before == at) {
            if let Some(depot) = problem.depot(&reload.depot) {
                places.push((Point::Reload(reload), problem.place(depot.place)));
            }
        }
        let place = visit.place;
        places.push((Point::Stop(Box::new(visit)), place));
    }
    if let Some(end) = problem.end_place(courier) {
        let depot = match &courier.end {
            RouteEnd::Depot(id) => Some(id.as_str()),
            RouteEnd::Place(_) | RouteEnd::Open => None,
        };
        places.push((Point::End(depot), problem.place(end)));
    }
    places
}
