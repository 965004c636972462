//! A day to be planned: places, windows of time, travel profiles, and the problem that holds them together.

use serde::{Deserialize, Serialize};

use super::{
    Courier, CourierId, Depot, DepotId, Order, OrderId, PlaceId, ProfileId, RouteEnd, RouteStart,
    ZoneId,
};
use crate::units::{BasisPoints, Meters, Seconds, Timestamp};

/// A closed interval of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TimeWindow {
    /// First moment.
    pub start: Timestamp,
    /// Last moment, not before `start`.
    pub end: Timestamp,
}

impl TimeWindow {
    /// The moments that both windows have, if there are any.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let both = Self {
            start: self.start.max(other.start),
            end: self.end.min(other.end),
        };
        (both.start <= both.end).then_some(both)
    }

    /// Whether `moment` lies in the window.
    #[must_use]
    pub fn contains(self, moment: Timestamp) -> bool {
        self.start <= moment && moment <= self.end
    }
}

/// A position on the globe (WGS 84), in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeoPoint {
    /// -90 to 90.
    pub latitude: f64,
    /// -180 to 180.
    pub longitude: f64,
}

/// Mean radius of the Earth in meters (IUGG).
pub(super) const EARTH_RADIUS: f64 = 6_371_008.8;

impl GeoPoint {
    /// Great-circle distance in meters, by the haversine formula.
    #[must_use]
    pub fn meters_to(self, other: Self) -> f64 {
        self.spot().meters_to(&other.spot())
    }

    /// The point with what every distance from it needs.
    #[must_use]
    pub fn spot(self) -> Spot {
        let latitude = self.latitude.to_radians();
        Spot {
            latitude,
            cosine: latitude.cos(),
            longitude: self.longitude,
        }
    }
}

/// A point on Earth prepared for measuring many distances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// In radians.
    latitude: f64,
    /// Of the latitude.
    cosine: f64,
    /// In degrees.
    longitude: f64,
}

impl Spot {
    /// As [`GeoPoint::meters_to`].
    #[must_use]
    pub fn meters_to(&self, other: &Self) -> f64 {
        let half_lat = ((other.latitude - self.latitude) / 2.0).sin();
        let half_lon = ((other.longitude - self.longitude).to_radians() / 2.0).sin();
        let h = half_lat * half_lat + self.cosine * other.cosine * half_lon * half_lon;
        2.0 * EARTH_RADIUS * h.sqrt().min(1.0).asin()
    }
}

/// A place where something happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Names the place in matrices.
    pub id: Option<PlaceId>,
    /// Where it is.
    pub location: Option<GeoPoint>,
    /// Postal address.
    pub address: String,
    /// The part of the city that it lies in, if the caller says; see [`Place::zone`].
    pub zone: Option<ZoneId>,
}

/// Position of a place in [`Problem::places`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlaceIdx(pub u32);

impl PlaceIdx {
    /// As an index into a vector.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Travel times as the caller knows them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// Rows and columns.
    pub place_ids: Vec<PlaceId>,
    /// Row-major, `place_ids` squared values; `None` where there is no way.
    pub durations: Vec<Option<Seconds>>,
    /// Row-major, of the same shape.
    pub distances: Vec<Meters>,
}

/// Travel along the great circle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeoTravel {
    /// Average speed on the way actually driven, in kilometers an hour.
    pub speed_kmh: f64,
    /// How much longer the way is than the great circle.
    pub detour_factor: f64,
}

/// Where travel times come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TravelSource {
    /// From the caller.
    Matrix(Matrix),
    /// From coordinates.
    Geo(GeoTravel),
}

/// How fast a profile travels during one stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TravelPace {
    /// At this ratio of the speed that the profile's own times stand for.
    Speed(BasisPoints),
    /// In these times instead of the matrix's own; of the same shape, with ways where the matrix has them.
    Durations(Vec<Option<Seconds>>),
}

/// A stretch of time with a pace of its own: from its start to the start of the next one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TravelBucket {
    /// First moment.
    pub start: Timestamp,
    /// How fast vehicles travel from then on.
    pub pace: TravelPace,
}

/// How one kind of vehicle travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TravelProfile {
    /// Identifies the profile.
    pub id: ProfileId,
    /// Where its times come from.
    pub source: TravelSource,
    /// How times change during the day, in the order of their starts; before the first one, and without any, times are
    /// those of `source`. Distances never change.
    pub buckets: Vec<TravelBucket>,
}

/// Everything a day's plan depends on.
///
/// A value of this type is not valid by itself: [`Problem::validate`] says what is wrong with it, and everything that
/// computes with problems expects that nothing is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Names the day.
    pub name: String,
    /// IANA name of the time zone for printing; empty means UTC.
    pub time_zone: String,
    /// Every place that is mentioned.
    pub places: Vec<Place>,
    /// Where goods are loaded.
    pub depots: Vec<Depot>,
    /// Who drives.
    pub couriers: Vec<Courier>,
    /// What is to be done.
    pub orders: Vec<Order>,
    /// How vehicles travel.
    pub profiles: Vec<TravelProfile>,
}

impl Problem {
    /// The place that `place` refers to.
    #[must_use]
    pub fn place(&self, place: PlaceIdx) -> &Place {
        &self.places[place.index()]
    }

    /// The depot called `id`.
    #[must_use]
    pub fn depot(&self, id: &DepotId) -> Option<&Depot> {
        self.depots.iter().find(|depot| depot.id == *id)
    }

    /// The courier called `id`.
    #[must_use]
    pub fn courier(&self, id: &CourierId) -> Option<&Courier> {
        self.couriers.iter().find(|courier| courier.id == *id)
    }

    /// The order called `id`. Takes time in proportion to the number of orders: build an index for many look-ups.
    #[must_use]
    pub fn order(&self, id: &OrderId) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == *id)
    }

    /// The profile called `id`.
    #[must_use]
    pub fn profile(&self, id: &ProfileId) -> Option<&TravelProfile> {
        self.profiles.iter().find(|profile| profile.id == *id)
    }

    /// Where `courier` starts; `None` if the depot it names does not exist.
    #[must_use]
    pub fn start_place(&self, courier: &Courier) -> Option<PlaceIdx> {
        match &courier.start {
            RouteStart::Depot(id) => self.depot(id).map(|depot| depot.place),
            RouteStart::Place(place) => Some(*place),
        }
    }

    /// Where `courier` ends; `None` with an open end, or if the depot it names does not exist.
    #[must_use]
    pub fn end_place(&self, courier: &Courier) -> Option<PlaceIdx> {
        match &courier.end {
            RouteEnd::Depot(id) => self.depot(id).map(|depot| depot.place),
            RouteEnd::Place(place) => Some(*place),
            RouteEnd::Open => None,
        }
    }

    /// How long `courier` loads before leaving.
    #[must_use]
    pub fn loading(&self, courier: &Courier) -> Seconds {
        match &courier.start {
            RouteStart::Depot(id) => self.depot(id).map_or(Seconds::ZERO, |depot| depot.loading),
            RouteStart::Place(_) => Seconds::ZERO,
        }
    }
}
