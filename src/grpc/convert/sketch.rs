//! Sequences of orders without times.

use super::read::{At, Sink};
use super::read_plan::read_after_stops;
use super::{enums, prefixed};
use crate::grpc::pb;
use crate::model::{
    CourierId, DepotId, Finding, InitialPlan, OrderId, Plan, Reason, ReloadSketch, RouteSketch,
    StopLock,
};

/// Reads sketches; paths start with `routes[0]`.
///
/// # Errors
/// Everything that could not be read.
pub(super) fn read_sketches(routes: &[pb::RouteSketch]) -> Result<Vec<RouteSketch>, Vec<Finding>> {
    let sink = Sink::default();
    let sketches = At::root(&sink).all("routes", routes, |at, route| {
        let at = at.about(&route.courier_id);
        let courier = at.id("courier_id", &route.courier_id, CourierId::parse);
        let orders = at.ids("order_ids", &route.order_ids, OrderId::parse);
        let start = at.moment_if_any("start_time", route.start_time.as_ref());
        let reloads = at.all("reloads", &route.reloads, |at, reload| {
            let (depot, n_before) = (&reload.depot_id, reload.after_stops);
            read_reload(&at.about(depot), depot, n_before, route.order_ids.len())
        });
        Some(RouteSketch {
            courier: courier?,
            orders: orders?,
            start: start?,
            reloads: reloads?,
        })
    });
    sketches.ok_or_else(|| sink.take())
}

/// Reads a plan to start from; paths start with `initial_plan`.
///
/// # Errors
/// Everything that could not be read.
pub(super) fn read_initial_plan(plan: &pb::InitialPlan) -> Result<InitialPlan, Vec<Finding>> {
    let routes = read_sketches(&plan.routes);
    let sink = Sink::default();
    let locks = At::root(&sink).all("locks", &plan.locks, |at, stop| {
        let at = at.about(&stop.order_id);
        let order = at.id("order_id", &stop.order_id, OrderId::parse);
        let lock = enums::read_lock(stop.lock);
        if lock.is_none() {
            at.field("lock")
                .report(Reason::UnknownName, "there is no such lock");
        }
        Some(StopLock {
            order: order?,
            lock: lock?,
        })
    });
    let found = match (routes, locks) {
        (Ok(routes), Some(locks)) => return Ok(InitialPlan { routes, locks }),
        (routes, _) => [routes.err().unwrap_or_default(), sink.take()].concat(),
    };
    Err(prefixed("initial_plan", found))
}

fn read_reload(at: &At<'_>, depot: &str, after: i32, n_stops: usize) -> Option<ReloadSketch> {
    let depot = at.id("depot_id", depot, DepotId::parse);
    let n_before = read_after_stops(at, after, n_stops);
    Some(ReloadSketch {
        depot: depot?,
        n_before: n_before?,
    })
}

/// Reads the sequences and start times of a plan as it came over the wire; paths start with `routes[0]`.
///
/// # Errors
/// Everything that could not be read.
pub(super) fn read_plan_sketches(routes: &[pb::Route]) -> Result<Vec<RouteSketch>, Vec<Finding>> {
    let sink = Sink::default();
    let sketches = At::root(&sink).all("routes", routes, |at, route| {
        let at = at.about(&route.courier_id);
        let courier = at.id("courier_id", &route.courier_id, CourierId::parse);
        let orders = at.all("stops", &route.stops, |at, stop| {
            at.id("order_id", &stop.order_id, OrderId::parse)
        });
        let start = at.moment_if_any("start_time", route.start_time.as_ref());
        let reloads = at.all("reloads", &route.reloads, |at, reload| {
            let (depot, n_before) = (&reload.depot_id, reload.after_stops);
            read_reload(&at.about(depot), depot, n_before, route.stops.len())
        });
        Some(RouteSketch {
            courier: courier?,
            orders: orders?,
            start: start?,
            reloads: reloads?,
        })
    });
    sketches.ok_or_else(|| sink.take())
}

/// The path in a plan of what stands at `path` in its sketches: `order_ids[2]` is `stops[2].order_id`.
pub(super) fn path_in_plan(path: &str) -> String {
    match path.split_once(".order_ids") {
        Some((route, index)) => format!("{route}.stops{index}.order_id"),
        None => path.to_owned(),
    }
}

/// The sequences and start times of a plan.
pub(super) fn sketches_of(plan: &Plan) -> Vec<RouteSketch> {
    plan.routes
        .iter()
        .map(|route| RouteSketch {
            courier: route.courier.clone(),
            orders: route.stops.iter().map(|stop| stop.order.clone()).collect(),
            start: Some(route.start),
            reloads: (route.reloads.iter())
                .map(|reload| ReloadSketch {
                    depot: reload.depot.clone(),
                    n_before: reload.n_before,
                })
                .collect(),
        })
        .collect()
}

/// Reads a list of couriers.
///
/// # Errors
/// Everything that is no id.
pub(super) fn read_courier_ids(ids: &[String]) -> Result<Vec<CourierId>, Vec<Finding>> {
    let sink = Sink::default();
    let read = At::root(&sink).ids("courier_ids", ids, CourierId::parse);
    read.ok_or_else(|| sink.take())
}
