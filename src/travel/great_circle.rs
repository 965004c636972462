//! Travel along the great circle with a declared speed and detour factor.

use super::Leg;
use crate::model::{GeoPoint, GeoTravel, PlaceIdx, Spot};
use crate::units::{Meters, Seconds};

/// Great-circle travel at a declared speed.
#[derive(Clone, Copy)]
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
    pub(super) fn leg(&self, from: GeoPoint, to: GeoPoint) -> Leg {
        self.leg_of(from.meters_to(to))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most half the Earth's circumference at 1 km/h: below 2^31"
    )]
    pub(super) fn leg_of(&self, great_circle: f64) -> Leg {
        let meters = great_circle * self.detour;
        Leg {
            duration: Seconds((meters / self.meters_per_second).round() as i64),
            distance: Meters(meters.round() as i64),
        }
    }
}

/// Ways along the great circle between some places, by their number: owned, and quicker to ask than
/// [`TravelTimes`](super::TravelTimes).
///
/// Shape: 32 bytes a place.
pub struct GeoWays {
    circle: GreatCircle,
    places: Vec<(PlaceIdx, Spot)>,
}

impl GeoWays {
    pub(super) fn new(circle: GreatCircle, places: Vec<(PlaceIdx, GeoPoint)>) -> Self {
        let places = places.into_iter();
        Self {
            circle,
            places: places.map(|(place, point)| (place, point.spot())).collect(),
        }
    }

    /// The way from place number `from` to number `to`, the same as [`TravelTimes`](super::TravelTimes) gives.
    #[must_use]
    pub fn leg(&self, from: usize, to: usize) -> Leg {
        let ((from, start), (to, end)) = (&self.places[from], &self.places[to]);
        if from == to {
            return Leg::NONE;
        }
        self.circle.leg_of(start.meters_to(end))
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
    fn ways_by_number_are_the_same_to_the_second() {
        let circle = GreatCircle::new(GeoTravel {
            speed_kmh: 17.3,
            detour_factor: 1.37,
        });
        let point = |number: u32| GeoPoint {
            latitude: 55.5 + f64::from(number * 7919 % 1_000) / 2_000.0,
            longitude: 37.3 - f64::from(number * 104_729 % 1_000) / 1_500.0,
        };
        let places = (0..60).map(|number| (PlaceIdx(number), point(number)));
        let ways = GeoWays::new(circle, places.collect());
        for (from, to) in (0..60).flat_map(|from| (0..60).map(move |to| (from, to))) {
            let expected = if from == to {
                Leg::NONE
            } else {
                circle.leg(point(from), point(to))
            };
            assert_eq!(ways.leg(from as usize, to as usize), expected);
        }
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
