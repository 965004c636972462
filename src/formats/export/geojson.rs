//! Maps: routes as lines, stops, depots and orders that are not served as points (RFC 7946).

use std::io::Write;

use serde_json::{Value, json};

use super::ExportError;
use super::path::places;
use super::view::{View, Visit};
use crate::model::{Courier, GeoPoint, Place, Route, TimeWindow};
use crate::units::Timestamp;

/// Writes a map. Lines are straight from place to place; what has no coordinates is a feature without geometry.
pub(super) fn write(view: &View<'_>, sink: &mut dyn Write) -> Result<(), ExportError> {
    let problem = view.problem();
    write!(
        sink,
        "{{\n\"type\": \"FeatureCollection\",\n\"name\": {},\n\"features\": [",
        json!(problem.name)
    )?;
    let mut is_first = true;
    let mut add = |feature: Value| -> Result<(), ExportError> {
        sink.write_all(if is_first { b"\n" } else { b",\n" })?;
        is_first = false;
        serde_json::to_writer(&mut *sink, &feature)?;
        Ok(())
    };
    for depot in &problem.depots {
        let place = problem.place(depot.place);
        let properties = json!({
            "kind": "depot",
            "depot": depot.id.as_str(),
            "name": depot.name,
            "address": place.address,
        });
        add(feature(point(place), &properties))?;
    }
    for (route, courier) in view.routes() {
        add(line(view, route, courier))?;
        for visit in view.visits(route, courier) {
            add(stop(view, &visit))?;
        }
    }
    for unserved in &view.day.plan.unserved {
        let Some(order) = view.order(&unserved.order) else {
            continue;
        };
        let place = problem.place(order.place);
        let properties = json!({
            "kind": "unserved",
            "order": order.id.as_str(),
            "address": place.address,
            "must_serve": unserved.must_serve,
        });
        add(feature(point(place), &properties))?;
    }
    sink.write_all(b"\n]\n}\n")?;
    Ok(())
}

fn feature(geometry: Value, properties: &Value) -> Value {
    json!({"type": "Feature", "geometry": geometry, "properties": properties})
}

fn position(point: GeoPoint) -> Value {
    json!([point.longitude, point.latitude])
}

fn point(place: &Place) -> Value {
    place.location.map_or(
        Value::Null,
        |point| json!({"type": "Point", "coordinates": position(point)}),
    )
}

fn line(view: &View<'_>, route: &Route, courier: &Courier) -> Value {
    let places = places(view, route, courier);
    let points = places.iter().filter_map(|(_, place)| place.location);
    let points: Vec<Value> = points.map(position).collect();
    // A line has two points at least.
    let geometry = match points.len() {
        0 | 1 => Value::Null,
        _ => json!({"type": "LineString", "coordinates": points}),
    };
    let on_time = view
        .route_forecast(route)
        .map(|forecast| percent(forecast.expected_on_time));
    let properties = json!({
        "kind": "route",
        "courier": courier.id.as_str(),
        "courier_name": courier.name,
        "stops": route.stops.len(),
        "start_time": view.exact(route.start),
        "departure_time": view.exact(route.departure),
        "end_time": view.exact(route.end),
        "distance_meters": route.distance.0,
        "on_time_percent": on_time,
        "plan_version": view.day.version,
    });
    feature(geometry, &properties)
}

fn stop(view: &View<'_>, visit: &Visit<'_>) -> Value {
    let window = visit.order.promise.map(|promise| promise.window);
    let moment = |pick: fn(TimeWindow) -> Timestamp| window.map(|window| view.exact(pick(window)));
    let properties = json!({
        "kind": "stop",
        "courier": visit.courier.id.as_str(),
        "stop": visit.number,
        "trip": visit.trip,
        "order": visit.order.id.as_str(),
        "address": visit.place.address,
        "window_start_time": moment(|window| window.start),
        "window_end_time": moment(|window| window.end),
        "arrival_time": view.exact(visit.stop.arrival),
        "service_start_time": view.exact(visit.stop.service_start),
        "departure_time": view.exact(visit.stop.departure),
        "lateness_seconds": visit.stop.lateness.0,
        "on_time_percent": visit.forecast.map(|forecast| percent(forecast.on_time.estimate)),
        "contact": visit.order.contact.name,
        "phone": visit.order.contact.phone,
        "notes": visit.order.notes,
    });
    feature(point(visit.place), &properties)
}

fn percent(share: f64) -> f64 {
    (share * 1_000.0).round() / 10.0
}
