//! Ways at any time of day, held against counting the work of every second.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{TravelTimes, Way};
use crate::model::fixture::{Fixture, MIDNIGHT, at};
use crate::model::{PlaceIdx, Problem, TravelBucket, TravelPace};
use crate::units::{BasisPoints, Seconds, Timestamp};

/// A day with one way of `seconds` from place 0 to place 1.
fn day(seconds: i64, speed_factor: u32) -> Problem {
    Fixture::new()
        .courier("anna", |courier| {
            courier.speed_factor = BasisPoints(speed_factor)
        })
        .order("a", (seconds, 0), |_| {})
        .build()
}

fn speed(start: Timestamp, factor: u32) -> TravelBucket {
    let pace = TravelPace::Speed(BasisPoints(factor));
    TravelBucket { start, pace }
}

/// A bucket in which every way but staying takes `seconds`.
fn durations(start: Timestamp, seconds: i64) -> TravelBucket {
    let cells = [0, seconds, seconds, 0].map(|seconds| Some(Seconds(seconds)));
    let pace = TravelPace::Durations(cells.to_vec());
    TravelBucket { start, pace }
}

fn with_way<T>(problem: &Problem, judge: impl FnOnce(Way<'_>) -> T) -> T {
    let travel = TravelTimes::new(problem);
    let way = travel.way(&problem.couriers[0], PlaceIdx(0), PlaceIdx(1));
    judge(way.expect("the fixture has a way"))
}

/// Counts the work second by second.
fn slow_arrival(way: &Way<'_>, departure: Timestamp) -> Timestamp {
    let stretches: Vec<_> = way.stretches().collect();
    let (mut now, mut left) = (departure, way.work());
    while left > 0 {
        let current = stretches
            .iter()
            .rfind(|stretch| stretch.start.is_none_or(|start| start <= now));
        left -= current.expect("the first stretch has always been").rate;
        now = now + Seconds(1);
    }
    now
}

#[test]
fn a_way_through_the_rush_hour_takes_longer_by_what_lies_in_it() {
    let mut day = day(3_600, 10_000);
    day.profiles[0].buckets = vec![speed(at(17, 0), 5_000), speed(at(19, 0), 10_000)];
    with_way(&day, |way| {
        assert_eq!(way.arrival(at(12, 0)), at(13, 0));
        assert_eq!(way.arrival(at(16, 30)), at(17, 30) + Seconds(1_800));
        assert_eq!(way.arrival(at(17, 0)), at(19, 0));
        assert_eq!(way.arrival(at(18, 0)), at(19, 30));
        assert_eq!(way.latest_departure(at(19, 30)), at(18, 0));
        assert_eq!(way.latest_departure(at(17, 0)), at(16, 0));
        assert_eq!(way.duration(at(20, 0)), Seconds(3_600));
    });
}

#[test]
fn a_bucket_with_durations_replaces_those_of_the_matrix() {
    let mut day = day(600, 20_000);
    day.profiles[0].buckets = vec![durations(at(9, 0), 1_201), speed(at(10, 0), 5_000)];
    with_way(&day, |way| {
        // Everything at twice the speed: 300 s, then 601 s, then 600 s.
        assert_eq!(way.arrival(at(8, 0)), at(8, 5));
        assert_eq!(way.arrival(at(9, 0)), at(9, 10) + Seconds(1));
        assert_eq!(way.arrival(at(10, 0)), at(10, 10));
        // Half of the way before nine, the other half after.
        assert_eq!(way.arrival(at(8, 57) + Seconds(30)), at(9, 5) + Seconds(1));
    });
}

#[test]
fn without_buckets_the_courier_factor_is_rounded_as_ever() {
    with_way(&day(59, 11_000), |way| {
        assert!(way.is_steady());
        assert_eq!(way.arrival(at(8, 0)), at(8, 0) + Seconds(54));
        assert_eq!(way.latest_departure(at(8, 0)), at(8, 0) - Seconds(54));
    });
}

#[test]
fn a_bucket_at_full_speed_changes_no_second() {
    for (seconds, factor) in [(59, 11_000), (7, 9_999), (3_600, 12_345), (1, 100_000)] {
        let mut timed = day(seconds, factor);
        timed.profiles[0].buckets = vec![speed(at(9, 0), 10_000)];
        let steady = day(seconds, factor);
        for departure in (-4_000..100).map(|second| at(9, 0) + Seconds(second)) {
            let arrival = with_way(&timed, |way| way.arrival(departure));
            assert_eq!(arrival, with_way(&steady, |way| way.arrival(departure)));
        }
    }
}

#[test]
fn the_longest_way_at_the_slowest_pace_overflows_nothing() {
    let mut day = day(1_000_000, 1_000);
    day.profiles[0].buckets = vec![speed(at(9, 0), 1_000)];
    with_way(&day, |way| {
        assert_eq!(way.duration(at(9, 0)), Seconds(100_000_000));
        assert_eq!(
            way.latest_departure(at(9, 0)),
            at(9, 0) - Seconds(10_000_000)
        );
        assert_eq!(way.arrival(Timestamp(i64::MAX)), Timestamp(i64::MAX));
    });
    day.profiles[0]
        .buckets
        .push(durations(at(20, 0), 1_000_000));
    with_way(&day, |way| {
        assert_eq!(way.duration(at(20, 0)), Seconds(10_000_000));
        assert_eq!(
            way.latest_departure(at(9, 0)),
            at(9, 0) - Seconds(10_000_000)
        );
    });
}

#[test]
fn staying_takes_no_time_at_any_time() {
    let mut day = day(0, 10_000);
    day.profiles[0].buckets = vec![durations(at(9, 0), 0), speed(at(10, 0), 5_000)];
    with_way(&day, |way| assert_eq!(way.arrival(at(9, 30)), at(9, 30)));
    // What takes time in one bucket takes a second at least in all.
    day.profiles[0].buckets.push(durations(at(11, 0), 60));
    with_way(&day, |way| assert_eq!(way.duration(at(9, 30)), Seconds(1)));
}

fn buckets() -> impl Strategy<Value = Vec<TravelBucket>> {
    let bucket = (
        1..900_i64,
        prop_oneof![
            (1_000..100_000_u32).prop_map(|factor| (true, i64::from(factor))),
            (0..2_000_i64).prop_map(|seconds| (false, seconds)),
        ],
    );
    (vec(bucket, 1..6), any::<bool>()).prop_map(|(buckets, with_durations)| {
        let mut start = MIDNIGHT;
        let place = |(length, (is_speed, value)): (i64, (bool, i64))| {
            start = start + Seconds(length);
            if is_speed || !with_durations {
                speed(start, u32::try_from(value.max(1_000)).expect("small"))
            } else {
                durations(start, value)
            }
        };
        buckets.into_iter().map(place).collect()
    })
}

proptest! {
    #[test]
    fn arrivals_are_those_of_counting_seconds_and_leaving_later_never_arrives_sooner(
        buckets in buckets(),
        seconds in 0..3_000_i64,
        factor in 1_000..100_000_u32,
        from in -2_000..4_000_i64,
    ) {
        let mut day = day(seconds, factor);
        day.profiles[0].buckets = buckets;
        with_way(&day, |way| {
            let mut before = Timestamp(i64::MIN);
            for departure in (from..from + 40).map(|second| MIDNIGHT + Seconds(second)) {
                let arrival = way.arrival(departure);
                prop_assert_eq!(arrival, slow_arrival(&way, departure));
                prop_assert!(arrival >= before.max(departure));
                before = arrival;
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_latest_departure_is_the_last_one_that_arrives_in_time(
        buckets in buckets(),
        seconds in 0..3_000_i64,
        factor in 1_000..100_000_u32,
        arrival in -2_000..8_000_i64,
    ) {
        let mut day = day(seconds, factor);
        day.profiles[0].buckets = buckets;
        let arrival = MIDNIGHT + Seconds(arrival);
        with_way(&day, |way| {
            let latest = way.latest_departure(arrival);
            prop_assert!(way.arrival(latest) <= arrival);
            prop_assert!(way.arrival(latest + Seconds(1)) > arrival);
            Ok(())
        })?;
    }

    #[test]
    fn a_way_within_one_bucket_takes_its_duration(
        seconds in 1..1_000_000_i64,
        own in 1..1_000_000_i64,
        factor in 1_000..100_000_u32,
    ) {
        let mut day = day(own, factor);
        day.profiles[0].buckets = vec![durations(at(9, 0), seconds)];
        let expected = BasisPoints(factor).divide(Seconds(seconds));
        prop_assert_eq!(with_way(&day, |way| way.duration(at(9, 0))), expected);
    }
}
