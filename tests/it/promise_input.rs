//! Requests about promises that are wrong: everything is told at once, with its path.

use punctual::grpc::pb;
use tonic::Code;
use tonic_types::StatusExt;

use crate::promises::{Shop, day_id, order, terms};

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_told_everything_at_once() {
    let mut shop = Shop::open(|_| ()).await;
    let mut bad = order(0);
    bad.loads.insert("kg".to_owned(), -4);
    bad.place.as_mut().unwrap().location = Some(pb::GeoPoint {
        latitude: Some(59.93),
        longitude: Some(30.33),
    });
    bad.promise = Some(pb::Promise {
        window: terms().windows[0].window,
        ..pb::Promise::default()
    });
    let request = pb::HoldWindowRequest {
        day_id: day_id(),
        order: Some(bad),
        load_spreads: [("liters".to_owned(), 1.0)].into(),
        least_percent: Some(101.0),
        ..pb::HoldWindowRequest::default()
    };
    let refused = shop.send_hold(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    for field in ["request_id", "window_id", "least_percent", "load_spreads"] {
        assert!(fields.contains(&field), "{field} in {fields:?}");
    }
    let unreadable = shop.quote(pb::Order::default()).await.unwrap_err();
    assert_eq!(unreadable.code(), Code::InvalidArgument);
    let mut outside = order(0);
    outside.place.as_mut().unwrap().location = Some(pb::GeoPoint {
        latitude: Some(59.93),
        longitude: Some(30.33),
    });
    outside.loads.insert("kg".to_owned(), -4);
    let refused = shop.quote(outside).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let said = |field: &str, text: &str| {
        let mut violations = violations.iter();
        violations.any(|v| v.field == field && v.description.contains(text))
    };
    assert!(said("order.place", "km from its center"), "{violations:?}");
    assert!(
        said("order.loads[\"kg\"]", "-4 is out of range"),
        "{violations:?}"
    );

    let mut empty = order(0);
    empty.loads.clear();
    empty.service_duration = None;
    let quote = shop.quote(empty).await.unwrap();
    assert!(quote.windows.iter().any(|window| window.is_offered));
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_that_cannot_be_promised_on_are_refused() {
    let mut shop = Shop::open(|_| ()).await;
    let mut bad = terms();
    bad.windows[1].id = bad.windows[0].id.clone();
    bad.scenarios = Some(500);
    let problem = bad.problem.as_mut().unwrap();
    problem.orders.push(order(0));
    let depot = problem.depots[0].id.clone();
    problem.couriers[0].reload_depot_ids.push(depot);
    let refused = shop.open_day("bad", bad).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    for field in [
        "terms.windows[1].id",
        "terms.scenarios",
        "terms.problem.orders",
        "terms.problem.couriers[0].reload_depot_ids",
    ] {
        let mut violations = violations.iter();
        assert!(
            violations.any(|violation| violation.field == field),
            "{field}"
        );
    }
}
