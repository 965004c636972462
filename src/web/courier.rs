//! A courier's own page: the route of one courier, and nothing of anybody else's.

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use super::{Pages, answer, api, asset};
use crate::grpc::pb;

/// The page, or that there is none.
pub(super) async fn page(State(pages): State<Pages>, Path(token): Path<String>) -> Response {
    match own_route(&pages, &token).await {
        Ok(_) => answer::of(StatusCode::OK, asset::HTML, asset::COURIER),
        Err(refused) => refused,
    }
}

/// The route, for the script of the page.
pub(super) async fn route(State(pages): State<Pages>, Path(token): Path<String>) -> Response {
    match own_route(&pages, &token).await {
        Ok(day) => answer::message(day).await,
        Err(refused) => refused,
    }
}

/// What a token is for. Whoever has none is told the same, whatever is wrong.
async fn own_route(pages: &Pages, token: &str) -> Result<pb::PlannedDay, Response> {
    let unknown = || {
        answer::sentence(
            StatusCode::NOT_FOUND,
            "No route",
            "There is no route at this address, or not any more. Ask your dispatcher for a new one.",
        )
    };
    let (source, courier) = pages.secret.read(token).ok_or_else(unknown)?;
    let _turn = pages.large.acquire().await;
    let day = match api::planned_day(pages, &source).await {
        Ok(day) => day,
        Err(error) if error.http == StatusCode::NOT_FOUND => return Err(unknown()),
        Err(error) => return Err(answer::error(error)),
    };
    day.and_then(|day| own(day, &courier)).ok_or_else(unknown)
}

/// Of a day only what its courier needs: the route with its orders and places, without costs and other couriers.
fn own(day: pb::PlannedDay, courier_id: &str) -> Option<pb::PlannedDay> {
    let plan = day.plan?;
    let mut route = plan
        .routes
        .into_iter()
        .find(|route| route.courier_id == courier_id)?;
    route.cost = None;
    let problem = day.problem?;
    let courier = problem
        .couriers
        .into_iter()
        .find(|courier| courier.id == courier_id)
        .map(|courier| pb::Courier {
            costs: None,
            ..courier
        });
    let is_served = |order: &pb::Order| route.stops.iter().any(|stop| stop.order_id == order.id);
    let orders = problem.orders.into_iter().filter(is_served);
    let orders = orders.map(|order| pb::Order {
        drop_policy: None,
        preference: None,
        allowed_courier_ids: Vec::new(),
        forbidden_courier_ids: Vec::new(),
        ..order
    });
    let orders: Vec<_> = orders.collect();
    let forecast = day.forecast.map(|forecast| pb::PlanForecast {
        routes: forecast
            .routes
            .into_iter()
            .filter(|route| route.courier_id == courier_id)
            .collect(),
        leave_by_confidence_percent: forecast.leave_by_confidence_percent,
        ..pb::PlanForecast::default()
    });
    Some(pb::PlannedDay {
        problem: Some(pb::Problem {
            name: problem.name,
            time_zone: problem.time_zone,
            depots: problem.depots,
            couriers: courier.into_iter().collect(),
            orders,
            travel_profiles: Vec::new(),
        }),
        plan: Some(pb::Plan {
            version: plan.version,
            routes: vec![route],
            ..pb::Plan::default()
        }),
        forecast,
        target_outcome: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> pb::PlannedDay {
        let route = |courier: &str, order: &str| pb::Route {
            courier_id: courier.to_owned(),
            stops: vec![pb::Stop {
                order_id: order.to_owned(),
                ..pb::Stop::default()
            }],
            cost: Some(pb::CostBreakdown::default()),
            ..pb::Route::default()
        };
        let order = |id: &str| pb::Order {
            id: id.to_owned(),
            notes: format!("door of {id}"),
            ..pb::Order::default()
        };
        let courier = |id: &str| pb::Courier {
            id: id.to_owned(),
            costs: Some(pb::CourierCosts::default()),
            ..pb::Courier::default()
        };
        let forecast = |courier: &str| pb::RouteForecast {
            courier_id: courier.to_owned(),
            ..pb::RouteForecast::default()
        };
        pb::PlannedDay {
            problem: Some(pb::Problem {
                couriers: vec![courier("anna"), courier("boris")],
                orders: vec![order("a"), order("b"), order("c")],
                ..pb::Problem::default()
            }),
            plan: Some(pb::Plan {
                routes: vec![route("anna", "a"), route("boris", "b")],
                ..pb::Plan::default()
            }),
            forecast: Some(pb::PlanForecast {
                routes: vec![forecast("anna"), forecast("boris")],
                expected_on_time_percent: 90.0,
                ..pb::PlanForecast::default()
            }),
            target_outcome: None,
        }
    }

    #[test]
    fn a_courier_sees_the_own_route_and_nothing_of_others_or_of_costs() {
        let own = own(day(), "boris").unwrap();
        let said = format!("{own:?}");
        assert!(said.contains("door of b") && said.contains("boris"));
        for hidden in [
            "anna",
            "door of a",
            "door of c",
            "CostBreakdown",
            "CourierCosts",
        ] {
            assert!(!said.contains(hidden), "{hidden} in {said}");
        }
    }

    #[test]
    fn who_has_no_route_has_no_page() {
        assert_eq!(own(day(), "carla"), None);
        assert_eq!(own(pb::PlannedDay::default(), "anna"), None);
    }
}
