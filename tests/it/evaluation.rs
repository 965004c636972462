//! Given routes: evaluated, forecast, printed.

use punctual::grpc::pb;
use tonic::Code;
use tonic_types::StatusExt;

use crate::days;
use crate::service::{Service, read_to_end, solve_request};

async fn planned_day(service: &Service) -> pb::PlannedDay {
    planned(service, days::small()).await
}

async fn planned(service: &Service, day: pb::Problem) -> pb::PlannedDay {
    let mut client = service.planning().await;
    let events = client
        .solve_plan(solve_request(day.clone(), 300))
        .await
        .unwrap()
        .into_inner();
    let (_, solved) = read_to_end(events).await.unwrap();
    pb::PlannedDay {
        problem: Some(day),
        plan: solved.plan,
        forecast: solved.forecast,
        target_outcome: None,
    }
}

fn sketches(plan: &pb::Plan) -> Vec<pb::RouteSketch> {
    let routes = plan.routes.iter();
    routes
        .map(|route| pb::RouteSketch {
            courier_id: route.courier_id.clone(),
            order_ids: route
                .stops
                .iter()
                .map(|stop| stop.order_id.clone())
                .collect(),
            start_time: route.start_time,
            reloads: (route.reloads.iter())
                .map(|reload| pb::ReloadSketch {
                    depot_id: reload.depot_id.clone(),
                    after_stops: reload.after_stops,
                })
                .collect(),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_sent_back_is_evaluated_to_itself() {
    let service = Service::start().await;
    let day = planned_day(&service).await;
    let plan = day.plan.unwrap();
    let request = pb::EvaluatePlanRequest {
        routes: sketches(&plan),
        problem: day.problem,
        forecast: None,
    };
    let mut client = service.planning().await;
    let evaluated = client.evaluate_plan(request).await.unwrap().into_inner();
    let again = evaluated.plan.unwrap();
    assert_eq!(again.version, plan.version);
    assert_eq!(again.cost, plan.cost);
    assert!(again.verdict.unwrap().feasible);
    assert_eq!(
        again.provenance.unwrap().stop_reason(),
        pb::StopReason::Unspecified
    );
    assert_eq!(evaluated.forecast.unwrap().routes.len(), plan.routes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_go_through_planning_evaluation_forecast_and_sheets() {
    let service = Service::start().await;
    let day = planned(&service, days::with_reloads()).await;
    let plan = day.plan.clone().unwrap();
    assert!(plan.verdict.as_ref().unwrap().feasible);
    let reloads = |plan: &pb::Plan| -> usize {
        let routes = plan.routes.iter();
        routes.map(|route| route.reloads.len()).sum()
    };
    assert!(reloads(&plan) > 0);
    let forecast = day.forecast.as_ref().unwrap();
    for (route, forecast) in plan.routes.iter().zip(&forecast.routes) {
        assert_eq!(route.stops.len(), forecast.stops.len());
    }
    let request = pb::EvaluatePlanRequest {
        routes: sketches(&plan),
        problem: day.problem.clone(),
        forecast: None,
    };
    let mut client = service.planning().await;
    let again = client.evaluate_plan(request).await.unwrap().into_inner();
    assert_eq!(again.plan.unwrap().version, plan.version);
    let request = pb::GetRouteSheetRequest {
        day: Some(day),
        courier_ids: Vec::new(),
        ..pb::GetRouteSheetRequest::default()
    };
    let mut client = service.sheets().await;
    let sheets = client.get_route_sheet(request).await.unwrap().into_inner();
    let on_sheets: usize = sheets.sheets.iter().map(|sheet| sheet.reloads.len()).sum();
    assert_eq!(on_sheets, reloads(&plan));
}

#[tokio::test(flavor = "multi_thread")]
async fn breaks_go_through_planning_evaluation_forecast_and_sheets() {
    let service = Service::start().await;
    let day = planned(&service, days::with_breaks()).await;
    let plan = day.plan.clone().unwrap();
    assert!(plan.verdict.as_ref().unwrap().feasible);
    let breaks: Vec<&pb::Break> = plan.routes.iter().flat_map(|route| &route.breaks).collect();
    assert!(!breaks.is_empty());
    for pause in &breaks {
        let (start, end) = (pause.start_time.unwrap(), pause.end_time.unwrap());
        assert_eq!(end.seconds - start.seconds, 1_800);
    }
    let request = pb::EvaluatePlanRequest {
        routes: sketches(&plan),
        problem: day.problem.clone(),
        forecast: None,
    };
    let mut client = service.planning().await;
    let again = client.evaluate_plan(request).await.unwrap().into_inner();
    assert_eq!(again.plan.unwrap().version, plan.version);
    let forecast = day.forecast.as_ref().unwrap();
    for (route, forecast) in plan.routes.iter().zip(&forecast.routes) {
        assert_eq!(route.stops.len(), forecast.stops.len());
    }
    let on_sheets = |sheets: Vec<pb::RouteSheet>| -> usize {
        sheets.iter().map(|sheet| sheet.breaks.len()).sum()
    };
    let n_breaks = breaks.len();
    let request = pb::GetRouteSheetRequest {
        day: Some(day),
        courier_ids: Vec::new(),
        ..pb::GetRouteSheetRequest::default()
    };
    let mut client = service.sheets().await;
    let sheets = client.get_route_sheet(request).await.unwrap().into_inner();
    assert_eq!(on_sheets(sheets.sheets), n_breaks);
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_that_break_something_are_reported_with_its_size() {
    let service = Service::start().await;
    let day = days::small();
    // One courier, everything, in an order that nobody would choose.
    let mut order_ids: Vec<String> = day.orders.iter().map(|order| order.id.clone()).collect();
    order_ids.reverse();
    let request = pb::EvaluatePlanRequest {
        routes: vec![pb::RouteSketch {
            courier_id: day.couriers[0].id.clone(),
            order_ids,
            start_time: None,
            reloads: Vec::new(),
        }],
        problem: Some(day),
        forecast: None,
    };
    let mut client = service.planning().await;
    let plan = client
        .evaluate_plan(request)
        .await
        .unwrap()
        .into_inner()
        .plan
        .unwrap();
    let verdict = plan.verdict.unwrap();
    assert!(!verdict.feasible);
    let late = |v: &&pb::Violation| v.constraint() == pb::ConstraintKind::TimeWindow;
    let late = verdict.violations.iter().find(late).unwrap();
    assert!(late.amount > 0 && !late.order_id.is_empty() && !late.message.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_that_name_unknown_things_are_refused() {
    let service = Service::start().await;
    let request = pb::EvaluatePlanRequest {
        routes: vec![pb::RouteSketch {
            courier_id: "nobody".to_owned(),
            order_ids: vec!["nothing".to_owned(), "not an id".to_owned()],
            start_time: None,
            reloads: Vec::new(),
        }],
        problem: Some(days::small()),
        forecast: None,
    };
    let mut client = service.planning().await;
    let refused = client.evaluate_plan(request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let bad = refused.get_details_bad_request().unwrap();
    assert_eq!(bad.field_violations[0].field, "routes[0].order_ids[1]");
    let mut request = request;
    request.routes[0].order_ids.pop();
    let refused = client.evaluate_plan(request).await.unwrap_err();
    let bad = refused.get_details_bad_request().unwrap();
    let fields: Vec<&str> = bad
        .field_violations
        .iter()
        .map(|v| v.field.as_str())
        .collect();
    assert!(fields.contains(&"routes[0].courier_id"), "{fields:?}");
    assert!(fields.contains(&"routes[0].order_ids[0]"), "{fields:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_noise_model_is_used_where_a_request_has_none() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("noise.json");
    std::fs::write(&file, r#"{"version": "ours-3"}"#).unwrap();
    let service = Service::with(|config| config.noise = Some(file)).await;
    let day = planned_day(&service).await;
    let solved = day.forecast.clone().unwrap();
    assert_eq!(solved.spread_source(), pb::SpreadSource::Configured);
    let mut client = service.forecasting().await;
    for (noise, source, version) in [
        (None, pb::SpreadSource::Configured, "ours-3"),
        (
            Some(pb::NoiseModel::default()),
            pb::SpreadSource::Request,
            "request",
        ),
    ] {
        let request = pb::ForecastPlanRequest {
            problem: day.problem.clone(),
            plan: day.plan.clone(),
            options: Some(pb::ForecastOptions {
                noise,
                ..pb::ForecastOptions::default()
            }),
        };
        let answer = client.forecast_plan(request).await.unwrap().into_inner();
        let forecast = answer.forecast.unwrap();
        assert_eq!(forecast.spread_source(), source);
        assert_eq!(forecast.noise_version, version);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_forecast_from_its_sequences_and_start_times() {
    let service = Service::start().await;
    let day = planned_day(&service).await;
    let request = pb::ForecastPlanRequest {
        problem: day.problem,
        plan: day.plan.clone(),
        options: Some(pb::ForecastOptions {
            scenarios: Some(1_000),
            seed: Some(5),
            noise: Some(pb::NoiseModel {
                version: "mine".to_owned(),
                day_sigma: Some(0.2),
                ..pb::NoiseModel::default()
            }),
            grace_duration: None,
            causes: true,
        }),
    };
    let mut client = service.forecasting().await;
    let forecast = client
        .forecast_plan(request.clone())
        .await
        .unwrap()
        .into_inner();
    let forecast = forecast.forecast.unwrap();
    assert_eq!(forecast.scenarios, 1_024);
    assert_eq!(forecast.seed, 5);
    assert_eq!(forecast.spread_source(), pb::SpreadSource::Request);
    assert_eq!(forecast.noise_version, "mine");
    let causes = forecast.causes.unwrap();
    assert_eq!(causes.scenarios, 1_024);
    assert!((causes.expected_on_time_percent - forecast.expected_on_time_percent).abs() < 1e-9);
    let order = |plan: &pb::Plan| -> Vec<String> {
        plan.routes
            .iter()
            .map(|route| route.courier_id.clone())
            .collect()
    };
    let routes: Vec<String> = forecast
        .routes
        .iter()
        .map(|r| r.courier_id.clone())
        .collect();
    assert_eq!(routes, order(&day.plan.unwrap()));
    let mut strange = request;
    strange.plan.as_mut().unwrap().routes[0].stops[0].order_id = "nothing".to_owned();
    let refused = client.forecast_plan(strange).await.unwrap_err();
    let bad = refused.get_details_bad_request().unwrap();
    assert_eq!(
        bad.field_violations[0].field,
        "plan.routes[0].stops[0].order_id"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sheets_are_given_and_rendered_for_the_couriers_asked_for() {
    let service = Service::start().await;
    let day = planned_day(&service).await;
    let plan = day.plan.clone().unwrap();
    let mut client = service.sheets().await;
    let request = pb::GetRouteSheetRequest {
        day: Some(day.clone()),
        courier_ids: Vec::new(),
        ..pb::GetRouteSheetRequest::default()
    };
    let sheets = client
        .get_route_sheet(request)
        .await
        .unwrap()
        .into_inner()
        .sheets;
    assert_eq!(sheets.len(), plan.routes.len());
    assert_eq!(sheets[0].plan_version, plan.version);
    assert_eq!(sheets[0].stops.len(), plan.routes[0].stops.len());
    let request = pb::RenderRouteSheetRequest {
        day: Some(day.clone()),
        courier_ids: vec![plan.routes[0].courier_id.clone()],
        language: pb::Language::Ru as i32,
        ..pb::RenderRouteSheetRequest::default()
    };
    let rendered = client
        .render_route_sheet(request)
        .await
        .unwrap()
        .into_inner()
        .sheets;
    assert_eq!(rendered.len(), 1);
    assert_eq!(rendered[0].content_type, "text/html; charset=utf-8");
    let html = String::from_utf8(rendered[0].content.clone()).unwrap();
    assert!(html.to_lowercase().starts_with("<!doctype html>"));
    assert!(!rendered[0].file_name.contains(['/', '\\']));
    let request = pb::GetRouteSheetRequest {
        day: Some(day),
        courier_ids: vec!["nobody".to_owned()],
        ..pb::GetRouteSheetRequest::default()
    };
    let refused = client.get_route_sheet(request).await.unwrap_err();
    let bad = refused.get_details_bad_request().unwrap();
    assert_eq!(bad.field_violations[0].field, "courier_ids[0]");
    let nothing = client
        .get_route_sheet(pb::GetRouteSheetRequest::default())
        .await
        .unwrap_err();
    assert_eq!(
        nothing.get_details_bad_request().unwrap().field_violations[0].field,
        "day"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sheets_are_written_as_pdf_in_one_document_or_apart() {
    let service = Service::start().await;
    let day = planned_day(&service).await;
    let n_routes = day.plan.as_ref().unwrap().routes.len();
    let mut client = service.sheets().await;
    let mut render = async |merge, format: pb::SheetFormat| {
        let request = pb::RenderRouteSheetRequest {
            day: Some(day.clone()),
            language: pb::Language::Ru as i32,
            format: format as i32,
            merge,
            ..pb::RenderRouteSheetRequest::default()
        };
        client.render_route_sheet(request).await
    };
    let apart = render(false, pb::SheetFormat::Pdf).await.unwrap();
    let apart = apart.into_inner().sheets;
    assert_eq!(apart.len(), n_routes);
    for sheet in &apart {
        assert_eq!(sheet.content_type, "application/pdf");
        assert!(sheet.file_name.ends_with(".pdf") && sheet.content.starts_with(b"%PDF-"));
    }
    let merged = render(true, pb::SheetFormat::Pdf).await.unwrap();
    let merged = merged.into_inner().sheets;
    assert_eq!(merged.len(), 1);
    assert_eq!(
        (merged[0].courier_id.as_str(), merged[0].file_name.as_str()),
        ("", "sheets.pdf")
    );
    let refused = render(true, pb::SheetFormat::Html).await.unwrap_err();
    let bad = refused.get_details_bad_request().unwrap();
    assert_eq!(bad.field_violations[0].field, "merge");
}

#[tokio::test(flavor = "multi_thread")]
async fn sheets_tell_what_changed_since_an_earlier_plan() {
    let service = Service::start().await;
    let previous = planned_day(&service).await;
    let mut day = previous.clone();
    let dropped = day.plan.as_mut().unwrap().routes[0].stops.remove(0);
    // Without a forecast, leave-by times follow from the slack.
    day.forecast = None;
    let mut client = service.sheets().await;
    let request = pb::GetRouteSheetRequest {
        day: Some(day.clone()),
        previous: Some(previous.clone()),
        ..pb::GetRouteSheetRequest::default()
    };
    let sheets = client
        .get_route_sheet(request)
        .await
        .unwrap()
        .into_inner()
        .sheets;
    assert_eq!(sheets[0].leave_by_basis(), pb::LeaveByBasis::Slack);
    assert!(sheets[0].stops[0].arrival_p10_time.is_none());
    assert!(sheets[0].stop_code_texts[0].contains(&sheets[0].checksum));
    let changes = sheets[0].changes.as_ref().unwrap();
    assert!(changes.is_changed && !changes.is_withdrawn);
    assert_eq!(changes.removed[0].order_id, dropped.order_id);
    assert_eq!(
        changes.since_version,
        previous.plan.as_ref().unwrap().version
    );
    let same = pb::GetRouteSheetRequest {
        day: Some(previous.clone()),
        previous: Some(previous.clone()),
        changed_only: true,
        ..pb::GetRouteSheetRequest::default()
    };
    let same = client.get_route_sheet(same).await.unwrap().into_inner();
    assert_eq!(same.sheets.len(), 0);
    let mut broken = previous.clone();
    broken.problem.as_mut().unwrap().orders.clear();
    let request = pb::GetRouteSheetRequest {
        day: Some(day),
        previous: Some(broken),
        ..pb::GetRouteSheetRequest::default()
    };
    let refused = client.get_route_sheet(request).await.unwrap_err();
    let bad = refused.get_details_bad_request().unwrap();
    assert!(
        bad.field_violations
            .iter()
            .all(|found| found.field.starts_with("previous."))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_made_without_invalid_orders_is_forecast_and_printed_without_them() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let mut day = days::small();
    day.orders[1].id = day.orders[0].id.clone();
    let mut request = solve_request(day.clone(), 300);
    request.options.as_mut().unwrap().on_invalid_order = pb::OnInvalidOrder::SetAside as i32;
    let events = client.solve_plan(request).await.unwrap().into_inner();
    let (_, solved) = read_to_end(events).await.unwrap();
    assert!(!solved.plan.as_ref().unwrap().set_aside_order_ids.is_empty());
    let request = pb::ForecastPlanRequest {
        problem: Some(day.clone()),
        plan: solved.plan.clone(),
        options: None,
    };
    service
        .forecasting()
        .await
        .forecast_plan(request)
        .await
        .unwrap();
    let request = pb::GetRouteSheetRequest {
        day: Some(pb::PlannedDay {
            problem: Some(day),
            plan: solved.plan,
            forecast: solved.forecast,
            target_outcome: None,
        }),
        courier_ids: Vec::new(),
        ..pb::GetRouteSheetRequest::default()
    };
    service
        .sheets()
        .await
        .get_route_sheet(request)
        .await
        .unwrap();
}
