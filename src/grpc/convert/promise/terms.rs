//! The terms of a day.

use crate::app::Draft;
use crate::config::PlanningConfig;
use crate::grpc::convert::noise::{noise_message, read_noise};
use crate::grpc::convert::place::{read_point, read_window, window_message};
use crate::grpc::convert::read::{At, Sink};
use crate::grpc::convert::scalar::{count, moment, percent, span};
use crate::grpc::convert::target::read_target;
use crate::grpc::convert::{missing, prefixed, problem_message, read_problem};
use crate::grpc::pb;
use crate::model::{DayId, Finding, NoiseModel, OnTimeTarget, Problem, Reason, WindowId};
use crate::promise::{DayTerms, Drift, OfferedWindow, ServiceArea, base_findings};
use crate::units::Seconds;

/// How long a hold lasts, if the terms do not say.
const HOLD_DEFAULT: Seconds = Seconds(600);
/// Simulated days that quotes look at, if the terms do not say.
const SCENARIOS_DEFAULT: i32 = 512;
/// Random seed, if the terms have none.
const SEED_DEFAULT: u64 = 1;

/// Reads the terms of a day; where they do not say how much the day varies, it is by `noise`, or else by the built-in
/// defaults. Paths are from the terms down.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read_terms(
    terms: &pb::DayTerms,
    noise: Option<&NoiseModel>,
    config: &PlanningConfig,
) -> Result<DayTerms, Vec<Finding>> {
    let draft = terms.problem.as_ref().map(read_problem);
    let mut found = match &draft {
        Some(draft) => prefixed("problem", judge_base(draft, config)),
        None => missing("problem"),
    };
    let mut base = draft.map(|draft| draft.problem).unwrap_or_default();
    // Whoever sent any is told; the day is judged without.
    base.orders.clear();
    let sink = Sink::default();
    let mut read = read_rest(&At::root(&sink), terms, base, noise);
    let unread = sink.take();
    // Where something is unreadable, what stands in for it is no news.
    let is_unread = |finding: &Finding| {
        unread
            .iter()
            .any(|other| other.field.starts_with(&finding.field))
    };
    found.extend(
        read.findings()
            .into_iter()
            .filter(|finding| !is_unread(finding)),
    );
    found.splice(0..0, unread);
    if !found.is_empty() {
        return Err(found);
    }
    let by_start = |window: &OfferedWindow| (window.window, window.id.clone());
    read.windows.sort_by_key(by_start);
    Ok(read)
}

/// What is wrong with depots, couriers and travel.
fn judge_base(draft: &Draft, config: &PlanningConfig) -> Vec<Finding> {
    let mut found = draft.findings(config).errors;
    found.retain(|finding| !finding.field.starts_with("orders"));
    if !draft.order_ids.is_empty() {
        let message = "a day is opened without orders: leave them out, and hold windows for them";
        found.push(Finding::new("orders", "", Reason::Conflict, message));
    }
    let located = base_findings(&draft.problem).into_iter();
    found.extend(located.map(|finding| draft.positions.locate(finding)));
    found
}

/// The terms; what is unreadable is reported, and has something sound in its place.
fn read_rest(
    at: &At<'_>,
    terms: &pb::DayTerms,
    base: Problem,
    noise: Option<&NoiseModel>,
) -> DayTerms {
    let id = at.id("day_id", &terms.day_id, DayId::parse);
    let windows = at.all("windows", &terms.windows, |at, window| {
        read_offered(&at.about(&window.id), window)
    });
    let area = read_area(&at.field("area"), terms.area.as_ref());
    let target = read_target(&at.field("on_time_target"), terms.on_time_target.as_ref());
    let hold = at.span_if_any("hold_duration", terms.hold_duration.as_ref());
    let own_noise = (terms.noise.as_ref()).and_then(|noise| read_noise(&at.field("noise"), noise));
    let grace = at.short_span(
        "grace_duration",
        terms.grace_duration.as_ref(),
        Seconds::ZERO,
        Seconds::ZERO,
    );
    let scenarios = at.count_if_any(
        "scenarios",
        Some(terms.scenarios.unwrap_or(SCENARIOS_DEFAULT)),
    );
    let noise = own_noise.or_else(|| noise.cloned());
    DayTerms {
        id: id.unwrap_or_else(|| DayId::parse("unread").expect("a plain word is an id")),
        base,
        windows: windows.unwrap_or_default(),
        area: area.flatten(),
        target: target.flatten(),
        hold_duration: hold.flatten().unwrap_or(HOLD_DEFAULT),
        drift: terms.drift.map(|drift| Drift {
            toward: drift.toward_percent / 100.0,
            pull_empty: drift.pull_empty,
            pull_full: drift.pull_full,
        }),
        is_calibrated: noise.is_some(),
        noise: noise.unwrap_or_default(),
        grace: grace.unwrap_or(Seconds::ZERO),
        scenarios: scenarios.flatten().unwrap_or_default(),
        seed: terms.seed.unwrap_or(SEED_DEFAULT),
    }
}

fn read_offered(at: &At<'_>, window: &pb::OfferedWindow) -> Option<OfferedWindow> {
    let id = at.id("id", &window.id, WindowId::parse);
    let span = at
        .required("window", window.window.as_ref())
        .and_then(|span| read_window(at.field("window"), span));
    let cut_off = at.moment_if_any("cut_off_time", window.cut_off_time.as_ref());
    Some(OfferedWindow {
        id: id?,
        window: span?,
        cut_off: cut_off?,
    })
}

fn read_area(at: &At<'_>, area: Option<&pb::ServiceArea>) -> Option<Option<ServiceArea>> {
    use pb::service_area::Shape;
    let Some(area) = area else {
        return Some(None);
    };
    match &area.shape {
        Some(Shape::Circle(circle)) => {
            let at = at.field("circle");
            let center = at.required("center", circle.center.as_ref())?;
            let center = read_point(&at.field("center"), center)?;
            let radius = circle.radius_meters;
            Some(Some(ServiceArea::Circle { center, radius }))
        }
        Some(Shape::Polygon(polygon)) => {
            let at = at.field("polygon");
            let corners = at.all("corners", &polygon.corners, |at, corner| {
                read_point(&at, corner)
            })?;
            Some(Some(ServiceArea::Polygon(corners)))
        }
        None => {
            at.report(
                Reason::MissingField,
                "one of circle and polygon is required",
            );
            None
        }
    }
}

/// The message for terms.
#[must_use]
pub fn terms_message(terms: &DayTerms) -> pb::DayTerms {
    pb::DayTerms {
        day_id: terms.id.to_string(),
        problem: Some(problem_message(&terms.base)),
        windows: terms.windows.iter().map(offered_message).collect(),
        area: terms.area.as_ref().map(area_message),
        on_time_target: terms.target.map(target_message),
        hold_duration: span(terms.hold_duration),
        noise: terms.is_calibrated.then(|| noise_message(&terms.noise)),
        drift: terms.drift.map(|drift| pb::ChanceDrift {
            toward_percent: 100.0 * drift.toward,
            pull_empty: drift.pull_empty,
            pull_full: drift.pull_full,
        }),
        grace_duration: span(terms.grace),
        scenarios: Some(count(terms.scenarios)),
        seed: Some(terms.seed),
    }
}

fn offered_message(window: &OfferedWindow) -> pb::OfferedWindow {
    pb::OfferedWindow {
        id: window.id.to_string(),
        window: Some(window_message(window.window)),
        cut_off_time: window.cut_off.and_then(moment),
    }
}

fn area_message(area: &ServiceArea) -> pb::ServiceArea {
    use pb::service_area::Shape;
    let point = |point: &crate::model::GeoPoint| pb::GeoPoint {
        latitude: Some(point.latitude),
        longitude: Some(point.longitude),
    };
    let shape = match area {
        ServiceArea::Circle { center, radius } => Shape::Circle(pb::AreaCircle {
            center: Some(point(center)),
            radius_meters: *radius,
        }),
        ServiceArea::Polygon(corners) => Shape::Polygon(pb::AreaPolygon {
            corners: corners.iter().map(point).collect(),
        }),
    };
    pb::ServiceArea { shape: Some(shape) }
}

pub(super) fn target_message(target: OnTimeTarget) -> pb::OnTimeTarget {
    pb::OnTimeTarget {
        expected_percent: percent(target.expected),
        floor_percent: target.floor.map(percent),
    }
}
