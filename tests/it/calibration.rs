//! Forecasts judged by what came of them, through a real server.

use punctual::grpc::convert::{self, Routes};
use punctual::grpc::pb;
use punctual::model::{History, RecordedPurpose, RecordedRoute, RecordedStop};
use punctual::units::{Seconds, Timestamp};
use tonic::Code;
use tonic_types::StatusExt;

use crate::days;
use crate::service::{Service, read_to_end, solve_request};

/// Noise with couriers who are new every day.
fn noise(service_mean: f64) -> pb::NoiseModel {
    pb::NoiseModel {
        version: "every-day-new".to_owned(),
        courier_drive_daily_sigma: Some(0.078),
        courier_service_daily_sigma: Some(0.17),
        service_biases: vec![pb::ServiceBias {
            factor: Some(pb::LogFactor {
                log_mean: service_mean,
                log_sigma: 0.0,
            }),
            ..pb::ServiceBias::default()
        }],
        ..pb::NoiseModel::default()
    }
}

/// What becomes of a plan of the small day on `n_days` days on which services take `exp(service_mean)` times as long.
async fn history(service: &Service, n_days: u32, service_mean: f64) -> Vec<pb::RecordedRoute> {
    let mut client = service.planning().await;
    let events = client.solve_plan(solve_request(days::small(), 300)).await;
    let (_, solved) = read_to_end(events.unwrap().into_inner()).await.unwrap();
    let request = pb::ForecastPlanRequest {
        problem: Some(days::small()),
        plan: solved.plan,
        options: Some(pb::ForecastOptions {
            noise: Some(noise(service_mean)),
            ..pb::ForecastOptions::default()
        }),
    };
    let Routes {
        problem,
        sketches,
        options,
        ..
    } = convert::read_forecast_request(&request, service.app.config()).unwrap();
    let simulated = service.app.simulate(problem, sketches, options, n_days);
    let History { routes } = simulated.await.unwrap();
    routes.iter().map(route_message).collect()
}

fn at(moment: Timestamp) -> Option<prost_types::Timestamp> {
    days::moment(moment.0)
}

fn route_message(route: &RecordedRoute) -> pb::RecordedRoute {
    let day = route.day.0.div_euclid(86_400);
    let date = calendar_date(day);
    let stops = route.stops.iter().enumerate();
    pb::RecordedRoute {
        date,
        courier_id: route.courier.to_string(),
        depot_id: route
            .depot
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        planned_departure_time: at(route.planned_departure),
        departure_time: at(route.departure),
        stops: stops
            .map(|(number, stop)| stop_message(stop, route.stops.get(number + 1)))
            .collect(),
    }
}

/// A calendar date of so many days since 1970.
fn calendar_date(days: i64) -> String {
    let moment = jiff::Timestamp::from_second(days * 86_400)
        .unwrap()
        .to_string();
    moment.split('T').next().unwrap().to_owned()
}

fn stop_message(stop: &RecordedStop, next: Option<&RecordedStop>) -> pb::RecordedStop {
    let RecordedPurpose::Order(order) = &stop.purpose else {
        panic!("the small day has no reloads and breaks");
    };
    let planned_departure = match next {
        Some(next) => next.planned_arrival - next.planned_travel,
        None => stop.planned_arrival.max(order.promised_start) + stop.planned_service,
    };
    pb::RecordedStop {
        kind: pb::RecordedStopKind::Order as i32,
        order_id: order.id.to_string(),
        zone: order.zone.to_string(),
        promise: Some(pb::TimeWindow {
            start_time: at(order.promised_start),
            end_time: at(order.promised_end),
        }),
        planned_arrival_time: at(stop.planned_arrival),
        planned_service_start_time: at(planned_departure - stop.planned_service),
        planned_departure_time: at(planned_departure),
        arrival_time: at(stop.arrival),
        service_start_time: at(stop.service_start.max(stop.arrival)),
        departure_time: at(stop.departure.max(stop.arrival + Seconds(1))),
    }
}

fn request(routes: Vec<pb::RecordedRoute>) -> pb::GetCalibrationRequest {
    pb::GetCalibrationRequest {
        routes,
        options: Some(pb::ForecastOptions {
            scenarios: Some(256),
            noise: Some(noise(0.0)),
            ..pb::ForecastOptions::default()
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forecasts_by_the_true_law_agree_with_a_history() {
    let service = Service::start().await;
    let routes = history(&service, 40, 0.0).await;
    let n_promises: usize = routes.iter().map(|route| route.stops.len()).sum();
    let mut client = service.forecasting().await;
    let answer = client.get_calibration(request(routes)).await.unwrap();
    let found = answer.into_inner().calibration.unwrap();
    assert_eq!(
        found.standing(),
        pb::CalibrationStanding::Sound,
        "{}",
        found.summary
    );
    assert_eq!(
        (found.scenarios, &*found.noise_version),
        (256, "every-day-new")
    );
    let overall = found.overall.unwrap();
    assert_eq!(overall.promises, i64::try_from(n_promises).unwrap());
    assert_eq!(overall.days, 40);
    assert_eq!(
        overall.bins.iter().map(|bin| bin.promises).sum::<i64>(),
        overall.promises
    );
    assert_eq!(overall.bands.len(), 4);
    assert_eq!(overall.tenths_percent.len(), 10);
    assert!(overall.recalibration.unwrap().is_judged);
    assert_eq!(found.days.unwrap().days, 40);
    assert_eq!(found.leads[0].name, "morning");
    assert!(!found.zones.is_empty() && !found.slots.is_empty() && !found.couriers.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn forecasts_that_expect_quick_services_raise_the_alarm_where_they_are_slow() {
    let service = Service::start().await;
    let routes = history(&service, 40, 0.7).await;
    let mut client = service.forecasting().await;
    let answer = client.get_calibration(request(routes)).await.unwrap();
    let found = answer.into_inner().calibration.unwrap();
    assert_eq!(
        found.standing(),
        pb::CalibrationStanding::Alarm,
        "{}",
        found.summary
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_a_history_is_told_at_once() {
    let service = Service::start().await;
    let mut routes = history(&service, 2, 0.0).await;
    routes[0].date.clear();
    routes[1].stops[0].arrival_time = None;
    let mut bad = request(routes);
    bad.options.as_mut().unwrap().scenarios = Some(8_192);
    let mut client = service.forecasting().await;
    let status = client.get_calibration(bad).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let violations = status.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations
        .iter()
        .map(|found| found.field.as_str())
        .collect();
    for field in [
        "routes[0].date",
        "routes[1].stops[0].arrival_time",
        "options.scenarios",
    ] {
        assert!(fields.contains(&field), "{field}: {fields:?}");
    }
    let status = client
        .get_calibration(request(Vec::new()))
        .await
        .unwrap_err();
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "routes");
}
