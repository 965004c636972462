//! What is wrong with the terms of a day, and with an order that asks for a window: all of it at once.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{Booking, DayTerms, Drift, OfferedWindow, ServiceArea};
use crate::model::{DropPolicy, Finding, Findings, GeoPoint, Problem, Reason};
use crate::units::{Seconds, Timestamp};

/// Windows that a day may offer.
const WINDOWS_MAX: usize = 200;
/// How long a hold may last, in seconds: up to a day.
const HOLD: RangeInclusive<i64> = 10..=86_400;
/// Simulated days that quotes may look at, and the block they come in.
const SCENARIOS: RangeInclusive<u32> = 128..=2_048;
const SCENARIO_BLOCK: u32 = 128;
/// Corners of a polygon.
const CORNERS: RangeInclusive<usize> = 3..=1_000;
/// Largest radius of a circle, in meters.
const RADIUS_MAX: f64 = 1_000_000.0;
/// Farthest that a window lies from the couriers' shifts: what a problem allows its orders, too.
const SPREAD_MAX: Seconds = Seconds(7 * 86_400);

impl DayTerms {
    /// Everything that keeps a day from being promised on these terms, apart from what [`Problem::validate`] says of
    /// their `base` and [`base_findings`]; paths are from the terms down.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        self.check_windows(&mut found);
        if let Some(area) = &self.area {
            check_area(area, &mut found);
        }
        if !HOLD.contains(&self.hold_duration.0) {
            let message = format!(
                "{} s is out of range: a hold lasts {} s to 24 hours",
                self.hold_duration,
                HOLD.start()
            );
            report(&mut found, "hold_duration", "", Reason::OutOfRange, message);
        }
        let is_block = self.scenarios.is_multiple_of(SCENARIO_BLOCK);
        if !SCENARIOS.contains(&self.scenarios) || !is_block {
            let message = format!(
                "{} is out of range: it must be a multiple of {SCENARIO_BLOCK} from {} to {}",
                self.scenarios,
                SCENARIOS.start(),
                SCENARIOS.end()
            );
            report(&mut found, "scenarios", "", Reason::OutOfRange, message);
        }
        if let Some(drift) = self.drift {
            let Drift {
                toward,
                pull_empty,
                pull_full,
            } = drift;
            let mut out = |field: &str, bounds: &str| {
                let message = format!("it must be {bounds}");
                report(&mut found, field, "", Reason::OutOfRange, message);
            };
            if !(toward > 0.0 && toward < 1.0) {
                out("drift.toward_percent", "above 0 and below 100");
            }
            for (field, pull) in [("empty", pull_empty), ("full", pull_full)] {
                if !(0.0..=1.0).contains(&pull) {
                    out(&format!("drift.pull_{field}"), "0 to 1");
                }
            }
        }
        found
    }

    fn check_windows(&self, found: &mut Vec<Finding>) {
        match self.windows.len() {
            0 => {
                let message = "the day offers nothing: give at least one window";
                report(found, "windows", "", Reason::MissingField, message);
            }
            1..=WINDOWS_MAX => {}
            many => {
                let message = format!("{many} windows are too many: at most {WINDOWS_MAX}");
                report(found, "windows", "", Reason::TooLarge, message);
            }
        }
        let mut firsts = BTreeMap::new();
        for (position, window) in self.windows.iter().enumerate() {
            let path = format!("windows[{position}]");
            let first = *firsts.entry(&window.id).or_insert(position);
            if first != position {
                let message = format!(
                    "the id `{}` is already used by windows[{first}]: ids must differ",
                    window.id
                );
                let field = format!("{path}.id");
                report(
                    found,
                    field,
                    window.id.as_str(),
                    Reason::DuplicateId,
                    message,
                );
            }
            self.check_window(&path, window, found);
        }
    }

    fn check_window(&self, path: &str, window: &OfferedWindow, found: &mut Vec<Finding>) {
        let mut error = |field: &str, message: &str| {
            let field = format!("{path}.{field}");
            report(found, field, window.id.as_str(), Reason::BadWindow, message);
        };
        let span = window.window;
        if span.start >= span.end {
            error("window.end_time", "the window must end after it starts");
            return;
        }
        if window.cut_off.is_some_and(|cut_off| cut_off > span.end) {
            error(
                "cut_off_time",
                "the cut-off must not be after the end of the window",
            );
        }
        let shifts = || self.base.couriers.iter().map(|courier| courier.shift);
        if shifts().next().is_none() {
            return;
        }
        let is_near = |moment: Timestamp| {
            shifts().any(|shift| {
                let distance = moment.0.saturating_sub(shift.start.0);
                distance.saturating_abs() <= SPREAD_MAX.0
            })
        };
        if !is_near(span.start) || !is_near(span.end) {
            error(
                "window",
                "the window is more than 7 days away from the couriers' shifts: is its date right?",
            );
        } else if !shifts().any(|shift| shift.intersection(span).is_some()) {
            error(
                "window",
                "no courier works in the window: nobody could ever be promised it",
            );
        }
    }
}

/// What keeps orders from being promised against depots, couriers and travel of a day; paths are from the problem down.
#[must_use]
pub fn base_findings(base: &Problem) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut cannot = |field: String, subject: &str, what: &str| {
        let message = format!("{what} cannot be promised against yet: leave them out");
        report(&mut found, field, subject, Reason::Conflict, message);
    };
    for (position, courier) in base.couriers.iter().enumerate() {
        if courier.may_reload() {
            let field = format!("couriers[{position}].reload_depot_ids");
            cannot(field, courier.id.as_str(), "reloads");
        }
        if !courier.breaks.is_empty() {
            let field = format!("couriers[{position}].breaks");
            cannot(field, courier.id.as_str(), "breaks");
        }
    }
    for (position, profile) in base.profiles.iter().enumerate() {
        if !profile.buckets.is_empty() {
            let field = format!("travel_profiles[{position}].buckets");
            let what = "travel times that depend on the time of day";
            cannot(field, profile.id.as_str(), what);
        }
    }
    found
}

impl Booking {
    /// Everything that keeps a day from looking at this order; paths are from the order down.
    #[must_use]
    pub fn findings(&self, terms: &DayTerms) -> Vec<Finding> {
        self.judged(terms).errors
    }

    /// Everything that keeps a day from looking at this order, and what is allowed but probably not meant; paths are from
    /// the order down.
    #[must_use]
    pub fn judged(&self, terms: &DayTerms) -> Findings {
        let Findings {
            errors: mut found,
            warnings,
        } = terms.base.validate_order(&self.order, &self.place);
        let id = self.order.id.as_str();
        if self.order.promise.is_some() {
            let message = "a window is promised by holding it: leave the promise out";
            report(&mut found, "promise", id, Reason::Conflict, message);
        }
        if self.order.drop_policy != DropPolicy::MustServe {
            let message = "what is promised must be served: give `must_serve`, or nothing";
            report(&mut found, "may_drop", id, Reason::Conflict, message);
        }
        if let Some(area) = &terms.area {
            match self.place.location {
                Some(location) => {
                    if let Some(distance) = area.outside(location) {
                        let message = format!("the place is outside the service area, {distance}");
                        report(&mut found, "place", id, Reason::OutOfRange, message);
                    }
                }
                None if found
                    .iter()
                    .any(|finding| finding.field == "place.location") => {}
                None => {
                    let message = "the day has a service area: give coordinates";
                    report(
                        &mut found,
                        "place.location",
                        id,
                        Reason::MissingField,
                        message,
                    );
                }
            }
        }
        Findings {
            errors: found,
            warnings,
        }
    }
}

impl ServiceArea {
    /// How far `point` lies outside, in words; `None` if it lies inside or is no point.
    fn outside(&self, point: GeoPoint) -> Option<String> {
        if !is_point(point) || self.contains(point) {
            return None;
        }
        Some(match self {
            Self::Circle { center, radius } => format!(
                "{:.1} km from its center; its radius is {:.1} km",
                center.meters_to(point) / 1_000.0,
                radius / 1_000.0
            ),
            Self::Polygon(corners) => format!(
                "about {:.1} km from its border",
                meters_to_border(corners, point) / 1_000.0
            ),
        })
    }
}

fn is_point(point: GeoPoint) -> bool {
    (-90.0..=90.0).contains(&point.latitude) && (-180.0..=180.0).contains(&point.longitude)
}

/// Distance to the nearest side of a polygon, in meters, on the plane that touches the globe at `point`.
fn meters_to_border(corners: &[GeoPoint], point: GeoPoint) -> f64 {
    const METERS_PER_DEGREE: f64 = 111_195.0;
    let flat = |corner: &GeoPoint| {
        let east = (corner.longitude - point.longitude) * point.latitude.to_radians().cos();
        let north = corner.latitude - point.latitude;
        (east * METERS_PER_DEGREE, north * METERS_PER_DEGREE)
    };
    let next = corners.iter().cycle().skip(1);
    let sides = corners.iter().zip(next).map(|(a, b)| {
        let ((ax, ay), (bx, by)) = (flat(a), flat(b));
        let (dx, dy) = (bx - ax, by - ay);
        let length = dx * dx + dy * dy;
        let along = if length > 0.0 {
            (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0)
        } else {
            0.0
        };
        (ax + along * dx).hypot(ay + along * dy)
    });
    sides.fold(f64::INFINITY, f64::min)
}

fn check_area(area: &ServiceArea, found: &mut Vec<Finding>) {
    let mut point = |field: String, point: GeoPoint| {
        if !is_point(point) {
            let message = "a latitude is -90 to 90 degrees, a longitude -180 to 180";
            report(found, field, "", Reason::OutOfRange, message);
        }
    };
    match area {
        ServiceArea::Circle { center, radius } => {
            point("area.circle.center".to_owned(), *center);
            if !(*radius > 0.0 && *radius <= RADIUS_MAX) {
                let message = format!(
                    "{radius} is out of range: it must be above 0 and at most {RADIUS_MAX}"
                );
                let field = "area.circle.radius_meters";
                report(found, field, "", Reason::OutOfRange, message);
            }
        }
        ServiceArea::Polygon(corners) => {
            for (position, corner) in corners.iter().enumerate() {
                point(format!("area.polygon.corners[{position}]"), *corner);
            }
            if !CORNERS.contains(&corners.len()) {
                let message = format!(
                    "{} corners: a polygon has {} to {}",
                    corners.len(),
                    CORNERS.start(),
                    CORNERS.end()
                );
                let field = "area.polygon.corners";
                report(found, field, "", Reason::OutOfRange, message);
            }
        }
    }
}

fn report(
    found: &mut Vec<Finding>,
    field: impl Into<String>,
    subject: &str,
    reason: Reason,
    message: impl Into<String>,
) {
    found.push(Finding::new(field, subject, reason, message));
}

#[cfg(test)]
mod tests;
