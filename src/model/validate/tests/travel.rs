//! Places, coordinates, matrices, and the ways between them.

use super::{day, errors, fields, geo_day, matrix, warnings};
use crate::model::fixture::{Fixture, at, hours, place_id};
use crate::model::{
    GeoPoint, GeoTravel, PlaceIdx, Problem, Reason, TravelBucket, TravelPace, TravelSource,
};
use crate::units::{BasisPoints, Meters, Seconds, Timestamp};

#[test]
fn coordinates_are_numbers_on_the_globe() {
    let put = |latitude, longitude| {
        move |day: &mut Problem| {
            let place = day.orders[0].place.index();
            day.places[place].location = Some(GeoPoint {
                latitude,
                longitude,
            });
        }
    };
    let latitude = ("orders[0].place.location.latitude", Reason::OutOfRange);
    let longitude = ("orders[0].place.location.longitude", Reason::OutOfRange);
    errors(geo_day(), put(f64::NAN, 37.0), &[latitude]);
    errors(geo_day(), put(55.0, f64::INFINITY), &[longitude]);
    errors(day(), put(-90.5, 180.5), &[latitude, longitude]);
    errors(
        geo_day(),
        |day| day.places[0].location = None,
        &[("depots[0].place.location", Reason::MissingField)],
    );
    errors(
        geo_day(),
        |day| day.places[1].id = day.places[2].id.clone(),
        &[("orders[1].place.location", Reason::Conflict)],
    );
}

#[test]
fn places_of_a_matrix_are_named_in_it() {
    errors(
        day(),
        |day| day.places[1].id = None,
        &[("orders[0].place.id", Reason::MissingField)],
    );
    errors(
        day(),
        |day| day.places[0].id = Some(place_id("elsewhere")),
        &[("depots[0].place.id", Reason::UnknownReference)],
    );
    errors(
        day(),
        |day| day.orders[0].place = PlaceIdx(99),
        &[("orders[0].place", Reason::MissingField)],
    );
}

#[test]
fn a_matrix_has_its_shape_and_bounds() {
    errors(
        day(),
        |day| {
            matrix(day).durations.pop();
            matrix(day).distances.clear();
        },
        &[
            (
                "travel_profiles[0].matrix.duration_seconds",
                Reason::MatrixShape,
            ),
            (
                "travel_profiles[0].matrix.distance_meters",
                Reason::MatrixShape,
            ),
        ],
    );
    let mut day = day();
    matrix(&mut day).durations[1] = Some(Seconds(-7));
    matrix(&mut day).durations[5] = Some(Seconds(1_000_001));
    matrix(&mut day).distances[3] = Meters(10_000_001);
    let findings = day.validate();
    assert_eq!(
        fields(&findings.errors),
        [
            (
                "travel_profiles[0].matrix.duration_seconds[1]",
                Reason::OutOfRange
            ),
            (
                "travel_profiles[0].matrix.distance_meters[3]",
                Reason::OutOfRange
            ),
        ]
    );
    assert_eq!(
        findings.errors[0].message,
        "-7 from `depot` to `a` is out of range: it must be 0 to 1000000 (and 1 more such values)"
    );
    let geo = GeoTravel {
        speed_kmh: f64::NAN,
        detour_factor: 0.5,
    };
    errors(
        geo_day(),
        |day| day.profiles[0].source = TravelSource::Geo(geo),
        &[
            ("travel_profiles[0].geo.speed_kmh", Reason::OutOfRange),
            ("travel_profiles[0].geo.detour_factor", Reason::OutOfRange),
        ],
    );
}

#[test]
fn a_place_without_a_way_there_or_back_is_unreachable() {
    for (from, to) in [("depot", "a"), ("a", "depot")] {
        let day = Fixture::new()
            .courier("anna", |_| {})
            .order("a", (100, 0), |_| {})
            .no_way(from, to)
            .build();
        errors(
            day,
            |_| {},
            &[("orders[0].place", Reason::UnreachablePlace)],
        );
    }
}

fn bucket(start: Timestamp, pace: TravelPace) -> TravelBucket {
    TravelBucket { start, pace }
}

fn speed(factor: u32) -> TravelPace {
    TravelPace::Speed(BasisPoints(factor))
}

#[test]
fn buckets_come_in_sequence_near_the_day_and_with_sane_speeds() {
    let sound = |day: &mut Problem| {
        day.profiles[0].buckets = vec![
            bucket(at(7, 0), speed(1_000)),
            bucket(at(9, 0), speed(100_000)),
        ];
    };
    warnings(day(), sound, &[]);
    warnings(geo_day(), sound, &[]);
    let buckets = vec![
        bucket(at(9, 0), speed(999)),
        bucket(at(9, 0), speed(0)),
        bucket(at(8 * 24, 0), speed(10_000)),
        bucket(Timestamp(-1), speed(10_000)),
    ];
    errors(
        day(),
        |day| day.profiles[0].buckets = buckets,
        &[
            (
                "travel_profiles[0].buckets[0].speed_factor",
                Reason::OutOfRange,
            ),
            ("travel_profiles[0].buckets[1].start_time", Reason::Conflict),
            (
                "travel_profiles[0].buckets[1].speed_factor",
                Reason::OutOfRange,
            ),
            (
                "travel_profiles[0].buckets[2].start_time",
                Reason::OutOfRange,
            ),
            (
                "travel_profiles[0].buckets[3].start_time",
                Reason::OutOfRange,
            ),
        ],
    );
    let many = |day: &mut Problem| {
        let moments = (0..201).map(|second| at(8, 0) + Seconds(second));
        day.profiles[0].buckets = moments.map(|start| bucket(start, speed(9_000))).collect();
    };
    errors(
        day(),
        many,
        &[("travel_profiles[0].buckets", Reason::TooLarge)],
    );
}

#[test]
fn durations_of_a_bucket_are_shaped_like_the_matrix_and_have_its_ways() {
    let with = |change: fn(&mut Vec<Option<Seconds>>)| {
        move |day: &mut Problem| {
            let mut durations = matrix(day).durations.clone();
            change(&mut durations);
            let pace = TravelPace::Durations(durations);
            day.profiles[0].buckets = vec![bucket(at(9, 0), pace)];
        }
    };
    let path = "travel_profiles[0].buckets[0].durations.duration_seconds";
    warnings(day(), with(|_| {}), &[]);
    errors(
        day(),
        with(|durations| {
            durations.pop();
        }),
        &[(path, Reason::MatrixShape)],
    );
    errors(
        day(),
        with(|durations| {
            durations[1] = None;
            durations[2] = Some(Seconds(1_000_001));
        }),
        &[
            (
                "travel_profiles[0].buckets[0].durations.duration_seconds[2]",
                Reason::OutOfRange,
            ),
            (
                "travel_profiles[0].buckets[0].durations.duration_seconds[1]",
                Reason::Conflict,
            ),
        ],
    );
    let pace = TravelPace::Durations(Vec::new());
    errors(
        geo_day(),
        |day| day.profiles[0].buckets = vec![bucket(at(9, 0), pace)],
        &[("travel_profiles[0].buckets[0].durations", Reason::Conflict)],
    );
}

#[test]
fn an_order_that_is_in_time_at_the_best_time_of_day_gets_no_warning() {
    let day = |factor| {
        let mut day = Fixture::new()
            .courier("anna", |_| {})
            .order("a", (4_000, 0), |order| order.windows = vec![hours(8, 9)])
            .build();
        day.profiles[0].buckets = vec![bucket(at(8, 0), speed(factor))];
        day
    };
    warnings(day(20_000), |_| {}, &[]);
    warnings(
        day(10_000),
        |_| {},
        &[("orders[0].windows", Reason::BadWindow)],
    );
}
