//! Breaks of couriers.

use super::{day, errors};
use crate::model::fixture::{at, hours};
use crate::model::{
    BreakStart, CourierBreak, Problem, Reason, TimeWindow, TravelBucket, TravelPace,
};
use crate::units::{BasisPoints, Seconds};

fn within(from: i64, to: i64) -> CourierBreak {
    CourierBreak {
        duration: Seconds(1_800),
        start: BreakStart::Within(hours(from, to)),
    }
}

fn after(hours: i64) -> CourierBreak {
    CourierBreak {
        duration: Seconds(900),
        start: BreakStart::AfterWork(Seconds(hours * 3_600)),
    }
}

fn with(breaks: Vec<CourierBreak>) -> impl FnOnce(&mut Problem) {
    |day| day.couriers[0].breaks = breaks
}

#[test]
fn up_to_three_breaks_in_sequence_are_taken() {
    errors(
        day(),
        with(vec![within(10, 11), after(2), within(11, 14)]),
        &[],
    );
    let four = vec![after(1); 4];
    errors(
        day(),
        with(four),
        &[("couriers[0].breaks", Reason::TooLarge)],
    );
    let swapped = vec![within(12, 14), after(2), within(11, 13)];
    let expected = [("couriers[0].breaks[2].start_window", Reason::BadWindow)];
    errors(day(), with(swapped), &expected);
}

#[test]
fn breaks_have_a_length_and_a_bound_of_work() {
    let mut breaks = vec![within(10, 11), after(-1)];
    breaks[0].duration = Seconds(0);
    let expected = [
        ("couriers[0].breaks[0].break_duration", Reason::OutOfRange),
        (
            "couriers[0].breaks[1].after_work_duration",
            Reason::OutOfRange,
        ),
    ];
    errors(day(), with(breaks), &expected);
    let backward = CourierBreak {
        start: BreakStart::Within(TimeWindow {
            start: at(12, 0),
            end: at(11, 0),
        }),
        ..after(1)
    };
    let expected = [(
        "couriers[0].breaks[0].start_window.end_time",
        Reason::BadWindow,
    )];
    errors(day(), with(vec![backward]), &expected);
}

#[test]
fn breaks_go_together_with_reloads_and_times_of_day() {
    let all = |day: &mut Problem| {
        let depot = day.depots[0].id.clone();
        day.couriers[0].reload_depots.insert(depot);
        day.profiles[0].buckets.push(TravelBucket {
            start: at(9, 0),
            pace: TravelPace::Speed(BasisPoints(8_000)),
        });
        day.couriers[0].breaks.push(after(4));
    };
    errors(day(), all, &[]);
}
