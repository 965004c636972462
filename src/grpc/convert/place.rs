//! Places, windows and travel profiles.

use std::collections::BTreeMap;

use super::read::At;
use super::scalar::moment;
use crate::grpc::pb;
use crate::model::{
    GeoPoint, GeoTravel, Matrix, Place, PlaceId, PlaceIdx, Problem, ProfileId, Reason, TimeWindow,
    TravelBucket, TravelPace, TravelProfile, TravelSource,
};
use crate::units::{Meters, Seconds};

/// How much longer than the great circle a way is, if the request does not say.
pub(super) const DETOUR_DEFAULT: f64 = 1.3;

/// What makes two places the same: id, coordinates to the bit, address, zone.
type Key = (String, Option<(u64, u64)>, String, String);

/// Every place mentioned so far; the same place mentioned twice is kept once.
#[derive(Default)]
pub(super) struct Places {
    list: Vec<Place>,
    known: BTreeMap<Key, PlaceIdx>,
}

impl Places {
    pub(super) fn into_list(self) -> Vec<Place> {
        self.list
    }

    /// A place that must be there.
    pub(super) fn read(
        &mut self,
        at: &At<'_>,
        field: &'static str,
        place: Option<&pb::Place>,
    ) -> Option<PlaceIdx> {
        let place = at.required(field, place)?;
        let at = at.field(field);
        let id = match place.id.as_str() {
            "" => None,
            id => Some(at.id("id", id, PlaceId::parse)?),
        };
        let location = match &place.location {
            Some(point) => Some(read_point(&at.field("location"), point)?),
            None => None,
        };
        let bits = |point: GeoPoint| (point.latitude.to_bits(), point.longitude.to_bits());
        let zone = at.zone("zone", &place.zone)?;
        let key = (
            place.id.clone(),
            location.map(bits),
            place.address.clone(),
            place.zone.clone(),
        );
        if let Some(&known) = self.known.get(&key) {
            return Some(known);
        }
        let Ok(next) = u32::try_from(self.list.len()) else {
            at.report(Reason::TooLarge, "there are too many places");
            return None;
        };
        self.list.push(Place {
            id,
            location,
            address: place.address.clone(),
            zone,
        });
        self.known.insert(key, PlaceIdx(next));
        Some(PlaceIdx(next))
    }
}

pub(super) fn place_message(problem: &Problem, place: PlaceIdx) -> Option<pb::Place> {
    Some(message_of_place(problem.place(place)))
}

pub(super) fn message_of_place(place: &Place) -> pb::Place {
    pb::Place {
        id: place
            .id
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        location: place.location.map(point_message),
        address: place.address.clone(),
        zone: place
            .zone
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    }
}

pub(super) fn read_point(at: &At<'_>, point: &pb::GeoPoint) -> Option<GeoPoint> {
    let latitude = at.required("latitude", point.latitude.as_ref());
    let longitude = at.required("longitude", point.longitude.as_ref());
    Some(GeoPoint {
        latitude: *latitude?,
        longitude: *longitude?,
    })
}

pub(super) fn read_window(at: At<'_>, window: &pb::TimeWindow) -> Option<TimeWindow> {
    let start = at.moment("start_time", window.start_time.as_ref());
    let end = at.moment("end_time", window.end_time.as_ref());
    Some(TimeWindow {
        start: start?,
        end: end?,
    })
}

pub(super) fn point_message(point: GeoPoint) -> pb::GeoPoint {
    pb::GeoPoint {
        latitude: Some(point.latitude),
        longitude: Some(point.longitude),
    }
}

pub(super) fn window_message(window: TimeWindow) -> pb::TimeWindow {
    pb::TimeWindow {
        start_time: moment(window.start),
        end_time: moment(window.end),
    }
}

pub(super) fn read_profile(at: At<'_>, profile: &pb::TravelProfile) -> Option<TravelProfile> {
    use pb::travel_profile::Source;
    let id = at.id("id", &profile.id, ProfileId::parse);
    let source = match &profile.source {
        Some(Source::Matrix(matrix)) => {
            read_matrix(&at.field("matrix"), matrix).map(TravelSource::Matrix)
        }
        Some(Source::Geo(geo)) => Some(TravelSource::Geo(GeoTravel {
            speed_kmh: geo.speed_kmh,
            detour_factor: geo.detour_factor.unwrap_or(DETOUR_DEFAULT),
        })),
        None => {
            at.report(Reason::MissingField, "one of matrix and geo is required");
            None
        }
    };
    let buckets = at.all("buckets", &profile.buckets, read_bucket);
    Some(TravelProfile {
        id: id?,
        source: source?,
        buckets: buckets?,
    })
}

fn read_bucket(at: At<'_>, bucket: &pb::TravelBucket) -> Option<TravelBucket> {
    use pb::travel_bucket::Pace;
    let start = at.moment("start_time", bucket.start_time.as_ref());
    let pace = match &bucket.pace {
        Some(Pace::SpeedFactor(factor)) => at
            .ratio("speed_factor", Some(*factor))
            .map(TravelPace::Speed),
        Some(Pace::Durations(durations)) => {
            read_durations(&at.field("durations"), &durations.duration_seconds)
                .map(TravelPace::Durations)
        }
        None => {
            at.report(
                Reason::MissingField,
                "one of speed_factor and durations is required",
            );
            None
        }
    };
    Some(TravelBucket {
        start: start?,
        pace: pace?,
    })
}

fn read_matrix(at: &At<'_>, matrix: &pb::TravelMatrix) -> Option<Matrix> {
    let place_ids = at.ids("place_ids", &matrix.place_ids, PlaceId::parse);
    let durations = read_durations(at, &matrix.duration_seconds);
    let distances = matrix.distance_meters.iter();
    Some(Matrix {
        place_ids: place_ids?,
        durations: durations?,
        distances: distances.map(|&meters| Meters(i64::from(meters))).collect(),
    })
}

fn read_durations(at: &At<'_>, values: &[i32]) -> Option<Vec<Option<Seconds>>> {
    let mut durations = Vec::with_capacity(values.len());
    for (index, &seconds) in values.iter().enumerate() {
        match seconds {
            -1 => durations.push(None),
            0.. => durations.push(Some(Seconds(i64::from(seconds)))),
            _ => {
                at.item("duration_seconds", index).report(
                    Reason::OutOfRange,
                    "a travel time is at least 0, or -1 where there is no way",
                );
                return None;
            }
        }
    }
    Some(durations)
}

pub(super) fn profile_message(profile: &TravelProfile) -> pb::TravelProfile {
    use pb::travel_profile::Source;
    let source = match &profile.source {
        TravelSource::Matrix(matrix) => Source::Matrix(pb::TravelMatrix {
            place_ids: matrix.place_ids.iter().map(ToString::to_string).collect(),
            duration_seconds: duration_seconds(&matrix.durations),
            distance_meters: matrix
                .distances
                .iter()
                .map(|meters| clamp(meters.0))
                .collect(),
        }),
        TravelSource::Geo(geo) => Source::Geo(pb::GeoTravel {
            speed_kmh: geo.speed_kmh,
            detour_factor: Some(geo.detour_factor),
        }),
    };
    pb::TravelProfile {
        id: profile.id.to_string(),
        source: Some(source),
        buckets: profile.buckets.iter().map(bucket_message).collect(),
    }
}

fn bucket_message(bucket: &TravelBucket) -> pb::TravelBucket {
    use pb::travel_bucket::Pace;
    pb::TravelBucket {
        start_time: moment(bucket.start),
        pace: Some(match &bucket.pace {
            TravelPace::Speed(factor) => Pace::SpeedFactor(f64::from(factor.0) / 10_000.0),
            TravelPace::Durations(durations) => Pace::Durations(pb::BucketDurations {
                duration_seconds: duration_seconds(durations),
            }),
        }),
    }
}

fn duration_seconds(durations: &[Option<Seconds>]) -> Vec<i32> {
    let durations = durations.iter();
    durations
        .map(|duration| duration.map_or(-1, |seconds| clamp(seconds.0)))
        .collect()
}

/// The model's matrices came from the wire, or were made within the wire's bounds.
fn clamp(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
