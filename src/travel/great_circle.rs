//! Travel along the great circle with a declared speed and detour factor.

use super::Leg;
use crate::model::{GeoPoint, GeoTravel};
use crate::units::{Meters, Seconds};

/// Great-circle travel at a declared speed.
pub(super) struct GreatCircle {
    detour: f64,
    meters_per_second: f64,
}

impl GreatCircle {
    pub(super) fn new(geo: GeoTravel) -> Self {
        Self {
            detour: geo.detour_factor,
            meters_per_second: geo.speed_kmh / 3.6,
        }
    }

    /// The way between two points; rounded to the nearest meter and second.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most half the Earth's circumference at 1 km/h: below 2^31"
    )]
    pub(super) fn leg(&self, from: GeoPoint, to: GeoPoint) -> Leg {
        let meters = from.meters_to(to) * self.detour;
        Leg {
            duration: Seconds((meters / self.meters_per_second).round() as i64),
            distance: Meters(meters.round() as i64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOSCOW: GeoPoint = GeoPoint {
        latitude: 55.7558,
        longitude: 37.6173,
    };
    const PETERSBURG: GeoPoint = GeoPoint {
        latitude: 59.9343,
        longitude: 30.3351,
    };

    #[test]
    fn moscow_to_petersburg_is_634_km() {
        assert!((MOSCOW.meters_to(PETERSBURG) - 634_000.0).abs() < 2_000.0);
    }

    #[test]
    fn the_detour_lengthens_the_way_and_the_speed_sets_the_time() {
        let leg = GreatCircle::new(GeoTravel {
            speed_kmh: 36.0,
            detour_factor: 1.5,
        })
        .leg(MOSCOW, PETERSBURG);
        assert_eq!(leg.duration.0, (leg.distance.0 + 5) / 10);
        assert!((leg.distance.0 - 951_000).abs() < 3_000);
    }
}
