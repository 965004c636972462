//! Plans from initial plans over the API: locks, conflicts, cancelled orders, few couriers.

use punctual::grpc::pb;
use tonic::Code;
use tonic_types::StatusExt;

use crate::days;
use crate::service::{Service, read_to_end, solve_request};

async fn solve(service: &Service, request: pb::SolvePlanRequest) -> pb::SolvedPlan {
    let mut client = service.planning().await;
    let events = client.solve_plan(request).await.unwrap().into_inner();
    read_to_end(events).await.unwrap().1
}

/// A plan of the small day as a plan to start from.
async fn initial(service: &Service) -> (pb::Plan, pb::InitialPlan) {
    let solved = solve(service, solve_request(days::small(), 300)).await;
    let plan = solved.plan.unwrap();
    let routes = plan.routes.iter().map(|route| pb::RouteSketch {
        courier_id: route.courier_id.clone(),
        order_ids: orders(route),
        start_time: route.start_time,
        reloads: Vec::new(),
    });
    let initial = pb::InitialPlan {
        routes: routes.collect(),
        locks: Vec::new(),
    };
    (plan, initial)
}

fn orders(route: &pb::Route) -> Vec<String> {
    let stops = route.stops.iter();
    stops.map(|stop| stop.order_id.clone()).collect()
}

fn lock(order: &str, lock: pb::Lock) -> pb::StopLock {
    pb::StopLock {
        order_id: order.to_owned(),
        lock: lock as i32,
    }
}

fn cost(plan: &pb::Plan) -> i64 {
    plan.cost.as_ref().unwrap().total_cost
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_sent_back_with_hardly_any_time_comes_back_no_worse() {
    let service = Service::start().await;
    let (plan, initial) = initial(&service).await;
    let request = pb::SolvePlanRequest {
        initial_plan: Some(initial),
        ..solve_request(days::small(), 1)
    };
    let again = solve(&service, request).await.plan.unwrap();
    assert!(again.broken_promises <= plan.broken_promises);
    assert!(again.unserved_orders.len() <= plan.unserved_orders.len());
    assert!(cost(&again) <= cost(&plan));
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_stops_stay_and_a_cancelled_order_is_told() {
    let service = Service::start().await;
    let (_, mut initial) = initial(&service).await;
    let route = initial
        .routes
        .iter()
        .position(|route| route.order_ids.len() > 2);
    let route = route.expect("some route has three stops");
    // The reverse of what the search likes, as far as it is locked.
    let last = initial.routes[route].order_ids.pop().unwrap();
    let kept = initial.routes[route].order_ids[0].clone();
    initial.routes[route]
        .order_ids
        .insert(1, "cancelled".to_owned());
    initial.locks = vec![
        lock(&kept, pb::Lock::Done),
        lock(
            &initial.routes[route].order_ids[2],
            pb::Lock::FixedCourierAndOrder,
        ),
    ];
    let courier = initial.routes[route].courier_id.clone();
    let expected = [kept, initial.routes[route].order_ids[2].clone()];
    let request = pb::SolvePlanRequest {
        initial_plan: Some(initial.clone()),
        ..solve_request(days::small(), 300)
    };
    let solved = solve(&service, request).await;
    let plan = solved.plan.unwrap();
    let found = plan.routes.iter().find(|route| route.courier_id == courier);
    let found = found.expect("a locked route stays");
    assert_eq!(orders(found)[..2], expected);
    assert_eq!(found.start_time, initial.routes[route].start_time);
    assert!(
        plan.routes
            .iter()
            .any(|route| orders(route).contains(&last))
    );
    assert!(plan.verdict.unwrap().feasible);
    let told = solved
        .warnings
        .iter()
        .find(|it| it.subject_id == "cancelled")
        .unwrap();
    assert_eq!(
        told.field,
        format!("initial_plan.routes[{route}].order_ids[1]")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn conflicts_are_reported_all_at_once_with_path_and_id() {
    let service = Service::start().await;
    let (_, mut initial) = initial(&service).await;
    let route = initial
        .routes
        .iter()
        .find(|route| route.order_ids.len() > 1)
        .unwrap();
    let second = route.order_ids[1].clone();
    initial.routes[0].order_ids.push("not an id".to_owned());
    initial.locks = vec![
        lock(&second, pb::Lock::Done),
        lock("nothing", pb::Lock::FixedCourier),
        pb::StopLock {
            order_id: second.clone(),
            lock: 77,
        },
    ];
    let mut request = pb::SolvePlanRequest {
        initial_plan: Some(initial),
        ..solve_request(days::small(), 300)
    };
    let mut client = service.planning().await;
    let refused = client.solve_plan(request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields = |status: tonic::Status| -> Vec<String> {
        let bad = status.get_details_bad_request().unwrap();
        bad.field_violations
            .into_iter()
            .map(|it| it.field)
            .collect()
    };
    let unreadable = fields(refused);
    assert!(unreadable[0].starts_with("initial_plan.routes[0].order_ids["));
    assert_eq!(unreadable[1], "initial_plan.locks[2].lock");
    let initial = request.initial_plan.as_mut().unwrap();
    initial.routes[0].order_ids.pop();
    initial.locks[2].lock = pb::Lock::Done as i32;
    let refused = client.solve_plan(request).await.unwrap_err();
    let bad = refused.get_details_bad_request().unwrap();
    assert!(bad.field_violations[0].description.contains("nothing"));
    let expected = [
        "initial_plan.locks[1].order_id",
        "initial_plan.locks[1].order_id",
        "initial_plan.locks[2].order_id",
        "initial_plan.locks[0].lock",
    ];
    assert_eq!(fields(refused), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_with_another_initial_plan_is_another_request() {
    let service = Service::start().await;
    let (_, initial) = initial(&service).await;
    let mut client = service.planning().await;
    let mut request = pb::StartPlanRequest {
        problem: Some(days::small()),
        options: solve_request(days::small(), 50).options,
        request_id: "again".to_owned(),
        initial_plan: Some(initial),
    };
    client.start_plan(request.clone()).await.unwrap();
    client.start_plan(request.clone()).await.unwrap();
    request.initial_plan = None;
    let refused = client.start_plan(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
}

#[tokio::test(flavor = "multi_thread")]
async fn few_couriers_are_used_if_they_come_first() {
    let service = Service::start().await;
    let (plan, _) = initial(&service).await;
    let mut request = solve_request(days::small(), 500);
    request.options.as_mut().unwrap().fleet_first = true;
    let few = solve(&service, request).await.plan.unwrap();
    assert!(few.routes.len() <= plan.routes.len());
    assert!(few.broken_promises <= plan.broken_promises);
    assert!(few.verdict.unwrap().feasible);
}
