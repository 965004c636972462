//! Bad input is answered with everything that is wrong with it.

use punctual::grpc::pb;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::days;
use crate::service::{Service, solve_request};

/// What the service says about `problem`: reasons by path.
async fn refusal(service: &Service, problem: pb::Problem) -> Status {
    let mut client = service.planning().await;
    let refused = client
        .solve_plan(solve_request(problem, 200))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert_eq!(refused.get_details_error_info().unwrap().domain, "punctual");
    assert_eq!(service.app.occupancy().running, 0);
    refused
}

/// Whether a violation of `status` has this reason and a path that starts so.
fn says(status: &Status, path: &str, reason: &str) -> bool {
    let bad = status.get_details_bad_request().unwrap();
    let mut violations = bad.field_violations.iter();
    violations.any(|v| v.field.starts_with(path) && v.reason == reason)
}

macro_rules! refused {
    ($name:ident, $path:literal, $reason:literal, $day:expr, $change:expr) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let service = Service::start().await;
            let mut day = $day;
            let change: fn(&mut pb::Problem) = $change;
            change(&mut day);
            let refused = refusal(&service, day).await;
            let bad = refused.get_details_bad_request();
            assert!(says(&refused, $path, $reason), "{bad:?}");
        }
    };
}

refused!(
    an_empty_problem_is_refused,
    "problem",
    "EMPTY_PROBLEM",
    days::small(),
    |day| {
        *day = pb::Problem::default();
    }
);
refused!(
    an_order_without_window_is_refused,
    "problem.orders[1]",
    "MISSING_FIELD",
    days::small(),
    |day| {
        day.orders[1].windows.clear();
        day.orders[1].promise = None;
    }
);
refused!(
    a_window_that_ends_before_it_begins_is_refused,
    "problem.orders[0]",
    "BAD_WINDOW",
    days::small(),
    |day| {
        day.orders[0].promise = Some(pb::Promise {
            window: Some(pb::TimeWindow {
                start_time: days::moment(200),
                end_time: days::moment(100),
            }),
            ..pb::Promise::default()
        });
    }
);
refused!(
    an_unknown_skill_is_refused,
    "problem.orders[0]",
    "UNKNOWN_SKILL",
    days::small(),
    |day| {
        day.orders[0].required_skills = vec!["juggling".to_owned()];
    }
);
refused!(
    a_negative_load_is_refused,
    "problem.orders[0].loads",
    "OUT_OF_RANGE",
    days::small(),
    |day| {
        day.orders[0].loads.insert("kg".to_owned(), -1);
    }
);
refused!(
    coordinates_that_are_no_numbers_are_refused,
    "problem.orders[3].place",
    "OUT_OF_RANGE",
    days::small(),
    |day| {
        day.orders[3]
            .place
            .as_mut()
            .unwrap()
            .location
            .as_mut()
            .unwrap()
            .latitude = Some(f64::NAN);
    }
);
refused!(
    a_matrix_of_the_wrong_size_is_refused,
    "problem.travel_profiles[0]",
    "MATRIX_SHAPE",
    days::with_matrix(),
    |day| {
        days::matrix(day).duration_seconds.pop();
    }
);
refused!(
    a_negative_travel_time_is_refused,
    "problem.travel_profiles[0]",
    "OUT_OF_RANGE",
    days::with_matrix(),
    |day| {
        days::matrix(day).duration_seconds[1] = -2;
    }
);
refused!(
    an_id_used_twice_is_refused,
    "problem.orders[1]",
    "DUPLICATE_ID",
    days::small(),
    |day| {
        day.orders[1].id = day.orders[0].id.clone();
    }
);
refused!(
    a_place_that_nobody_can_reach_is_refused,
    "problem.orders[1]",
    "UNREACHABLE_PLACE",
    days::with_matrix(),
    |day| {
        // No way to the second door, from anywhere.
        days::matrix(day).duration_seconds[2] = -1;
        days::matrix(day).duration_seconds[5] = -1;
    }
);
refused!(
    a_missing_drop_policy_is_refused,
    "problem.orders[0]",
    "MISSING_FIELD",
    days::small(),
    |day| {
        day.orders[0].drop_policy = None;
    }
);
refused!(
    a_malformed_id_is_refused,
    "problem.couriers[0].id",
    "MALFORMED_ID",
    days::small(),
    |day| {
        day.couriers[0].id = "a courier".to_owned();
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_refused_at_once_options_included() {
    let service = Service::start().await;
    let mut day = days::small();
    day.orders[0].place = None;
    day.orders[4].loads.insert("kg".to_owned(), -1);
    day.orders[7].parcels = Some(-3);
    let mut request = solve_request(day, 200);
    request.options.as_mut().unwrap().threads = Some(0);
    let mut client = service.planning().await;
    let refused = client.solve_plan(request).await.unwrap_err();
    assert!(says(&refused, "problem.orders[0].place", "MISSING_FIELD"));
    assert!(says(&refused, "problem.orders[4].loads", "OUT_OF_RANGE"));
    assert!(says(&refused, "problem.orders[7].parcels", "OUT_OF_RANGE"));
    assert!(says(&refused, "options.threads", "OUT_OF_RANGE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_larger_than_the_server_takes_is_refused() {
    let service = Service::with(|config| config.planning.orders_max = 10).await;
    let refused = refusal(&service, days::small()).await;
    assert!(says(&refused, "problem.orders", "TOO_LARGE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_courier_is_not_blamed_on_the_orders() {
    let service = Service::start().await;
    let mut day = days::small();
    for courier in &mut day.couriers {
        courier.shift = None;
    }
    let refused = refusal(&service, day).await;
    let bad = refused.get_details_bad_request().unwrap();
    assert!(
        bad.field_violations
            .iter()
            .all(|v| v.field.starts_with("problem.couriers[")),
        "{bad:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn validation_lists_every_problem_without_refusing_the_call() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let mut day = days::small();
    day.orders[0].loads.insert("kg".to_owned(), -1);
    day.orders[1].id = day.orders[2].id.clone();
    day.orders[3].drop_policy = None;
    let request = pb::ValidateProblemRequest { problem: Some(day) };
    let found = client.validate_problem(request).await.unwrap().into_inner();
    let reasons: Vec<pb::ErrorReason> = found.errors.iter().map(pb::Finding::reason).collect();
    for reason in [
        pb::ErrorReason::OutOfRange,
        pb::ErrorReason::DuplicateId,
        pb::ErrorReason::MissingField,
    ] {
        assert!(reasons.contains(&reason), "{found:?}");
    }
    let sound = pb::ValidateProblemRequest {
        problem: Some(days::small()),
    };
    let found = client.validate_problem(sound).await.unwrap().into_inner();
    assert_eq!(found.errors, []);
    let nothing = client
        .validate_problem(pb::ValidateProblemRequest::default())
        .await
        .unwrap();
    assert_eq!(nothing.into_inner().errors[0].field, "problem");
}
