//! On which terms a day is promised.

use serde::{Deserialize, Serialize};

use super::Drift;
use crate::model::{DayId, GeoPoint, NoiseModel, OnTimeTarget, Problem, TimeWindow, WindowId};
use crate::units::{Seconds, Timestamp};

/// A window that customers can choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedWindow {
    /// Identifies the window within the day.
    pub id: WindowId,
    /// Service starts in it.
    pub window: TimeWindow,
    /// The last moment at which it can be held or promised; `None` for its end.
    pub cut_off: Option<Timestamp>,
}

impl OfferedWindow {
    /// The last moment at which the window can be promised.
    #[must_use]
    pub fn last_call(&self) -> Timestamp {
        self.cut_off.unwrap_or(self.window.end)
    }
}

/// Where deliveries are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ServiceArea {
    /// Within so many meters of a point, along the great circle.
    Circle {
        /// Its center.
        center: GeoPoint,
        /// In meters.
        radius: f64,
    },
    /// Inside a polygon, given by at least three corners in sequence; its sides are straight in degrees.
    Polygon(Vec<GeoPoint>),
}

impl ServiceArea {
    /// Whether `point` lies inside.
    #[must_use]
    pub fn contains(&self, point: GeoPoint) -> bool {
        match self {
            Self::Circle { center, radius } => center.meters_to(point) <= *radius,
            Self::Polygon(corners) => is_inside(corners, point),
        }
    }
}

/// Whether a ray to the east from `point` leaves the polygon an odd number of times.
fn is_inside(corners: &[GeoPoint], point: GeoPoint) -> bool {
    let next = corners.iter().cycle().skip(1);
    let crossings = corners.iter().zip(next).filter(|(a, b)| {
        let is_beside = (a.latitude > point.latitude) != (b.latitude > point.latitude);
        is_beside && {
            let along = (point.latitude - a.latitude) / (b.latitude - a.latitude);
            point.longitude < a.longitude + along * (b.longitude - a.longitude)
        }
    });
    crossings.count() % 2 == 1
}

/// Everything that is settled when a day is opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DayTerms {
    /// Identifies the day.
    pub id: DayId,
    /// Depots, couriers and travel; without orders.
    pub base: Problem,
    /// What customers can choose from, by start.
    pub windows: Vec<OfferedWindow>,
    /// Where deliveries are made; `None` for wherever couriers get to.
    pub area: Option<ServiceArea>,
    /// What the promises of the day are to reach together; `None` to promise whatever is possible on paper.
    pub target: Option<OnTimeTarget>,
    /// How long a hold lasts.
    pub hold_duration: Seconds,
    /// How chances change until the day is closed; `None` for what was measured on days with a target, see [`Self::drift`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// How much the day varies.
    pub noise: NoiseModel,
    /// Whether `noise` is someone's own, not the built-in defaults.
    pub is_calibrated: bool,
    /// Lateness that still counts as on time.
    pub grace: Seconds,
    /// Simulated days that quotes look at.
    pub scenarios: u32,
    /// Seed of the simulated days, and of the search for better plans.
    pub seed: u64,
}

impl DayTerms {
    /// The offered window called `id`.
    #[must_use]
    pub fn window(&self, id: &WindowId) -> Option<&OfferedWindow> {
        self.windows.iter().find(|window| window.id == *id)
    }

    /// What the search for better plans aims at while orders still come: half as many broken promises as the target
    /// allows. A plan that just meets the target has none to spare for the next order.
    #[must_use]
    pub fn search_target(&self) -> Option<OnTimeTarget> {
        let target = self.target?;
        Some(OnTimeTarget {
            expected: f64::midpoint(1.0, target.expected).min(0.999),
            ..target
        })
    }

    /// How chances change until the day is closed. Nothing is known of that without a target, unless the terms say it: then
    /// nothing keeps later orders from spoiling earlier promises.
    #[must_use]
    pub fn drift(&self) -> Option<Drift> {
        self.drift.or(self.target.map(|_| Drift::MEASURED))
    }

    /// Name and version of the noise model that probabilities rest on.
    #[must_use]
    pub fn noise_version(&self) -> &str {
        match (&self.noise.version, self.is_calibrated) {
            (Some(version), _) => version,
            (None, true) => "request",
            (None, false) => "default",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(latitude: f64, longitude: f64) -> GeoPoint {
        GeoPoint {
            latitude,
            longitude,
        }
    }

    #[test]
    fn a_polygon_contains_what_lies_between_its_corners() {
        let corners = vec![
            point(55.0, 37.0),
            point(56.0, 37.0),
            point(56.0, 38.0),
            point(55.5, 37.2),
            point(55.0, 38.0),
        ];
        let area = ServiceArea::Polygon(corners);
        assert!(area.contains(point(55.5, 37.1)));
        assert!(area.contains(point(55.9, 37.8)));
        assert!(!area.contains(point(55.5, 37.5)), "in the notch");
        assert!(!area.contains(point(54.9, 37.1)));
        assert!(!area.contains(point(55.5, 36.9)));
    }

    #[test]
    fn a_circle_contains_what_is_near_its_center() {
        let area = ServiceArea::Circle {
            center: point(55.75, 37.62),
            radius: 10_000.0,
        };
        assert!(area.contains(point(55.80, 37.62)));
        assert!(!area.contains(point(55.85, 37.62)));
    }
}
