//! The shortest route with breaks is the one found by trying every start with the breaks everywhere.

use proptest::prelude::*;

use super::*;
use crate::solver::problem::Break;

fn vehicle(breaks: Vec<Break>, max_duration: i32) -> VehicleType {
    VehicleType {
        count: 1,
        capacity: vec![i64::MAX],
        start: 0,
        end: Some(0),
        earliest: 0,
        latest: 300,
        loading: 5,
        reloads: Vec::new(),
        max_reloads: 0,
        breaks,
        fixed: 0,
        per_distance: 1,
        per_time: 1,
        per_overtime: 0,
        regular_duration: 300,
        max_clients: u32::MAX,
        max_distance: i64::MAX,
        max_duration,
        profile: 0,
        pace: 0,
    }
}

/// The end of the route that starts at `start` with each break behind so many stops, or not at all; `None` if
/// something is late or a break is owed and not taken.
fn end(
    vehicle: &VehicleType,
    stops: &[Stop],
    back: i32,
    start: i32,
    places: &[Option<usize>],
) -> Option<i32> {
    let mut now = start + vehicle.loading;
    let mut rested = start;
    // When a break that is not taken would be owed.
    let mut dues = Vec::new();
    let (mut next, mut last) = (0, 0);
    for at in 0..=stops.len() {
        if at > 0 {
            let stop = &stops[at - 1];
            now += stop.travel;
            if now > stop.end {
                return None;
            }
            now = now.max(stop.start) + stop.service;
        }
        while let Some(place) = places
            .get(next)
            .filter(|place| place.is_none_or(|place| place == at))
        {
            let Break { duration, rule } = vehicle.breaks[next];
            let (from, until) = match rule {
                BreakRule::Window { start, end } => (start, end),
                BreakRule::AfterWork(limit) => (i32::MIN, rested + limit),
            };
            if place.is_some() {
                if matches!(rule, BreakRule::AfterWork(_)) && at == last {
                    return None;
                }
                last = at;
                now = now.max(from);
                if now > until {
                    return None;
                }
                now += duration;
                rested = now;
            } else {
                dues.push((rule, until));
            }
            next += 1;
        }
    }
    let end = now + back;
    let is_owed = |&(rule, until): &(BreakRule, i32)| {
        let has_begun = matches!(rule, BreakRule::AfterWork(_)) || start < until;
        has_begun && end > until
    };
    (end <= vehicle.latest && !dues.iter().any(is_owed)).then_some(end)
}

/// The shortest duration, by trying every start with the breaks everywhere.
fn slow(vehicle: &VehicleType, stops: &[Stop], back: i32, earliest: i32) -> Option<i32> {
    let mut choices: Vec<Vec<Option<usize>>> = vec![Vec::new()];
    for _ in &vehicle.breaks {
        let longer = |choice: &Vec<Option<usize>>| {
            let least = choice.iter().flatten().max().copied().unwrap_or(0);
            let places = (least..=stops.len()).map(Some).chain([None]);
            let choice = choice.clone();
            places
                .map(move |place| [choice.as_slice(), &[place]].concat())
                .collect::<Vec<_>>()
        };
        choices = choices.iter().flat_map(longer).collect();
    }
    let durations = choices.iter().flat_map(|choice| {
        let starts = earliest..=vehicle.latest;
        starts.filter_map(|start| Some(end(vehicle, stops, back, start, choice)? - start))
    });
    let least = durations.min()?;
    (least <= vehicle.max_duration).then_some(least)
}

fn some_break() -> impl Strategy<Value = (i32, bool, i32)> {
    (1..40_i32, any::<bool>(), 20..120_i32)
}

#[test]
fn a_break_before_the_first_stop_is_not_forgotten_over_others() {
    let stop = |travel, start, end, service| Stop {
        travel,
        start,
        end,
        service,
    };
    let stops = [
        stop(11, 22, 94, 7),
        stop(9, 33, 99, 0),
        stop(1, 124, 129, 13),
    ];
    let lunch = Break {
        duration: 1,
        rule: BreakRule::Window { start: 43, end: 68 },
    };
    let rest = Break {
        duration: 4,
        rule: BreakRule::AfterWork(32),
    };
    // Off at 63, lunch at 68, both stops by 96 and rest there, until the last one is over at 137.
    let vehicle = vehicle(vec![lunch, rest], 100);
    assert_eq!(shortest(&vehicle, &stops, 0, 0), Some(74));
}

proptest! {
    #[test]
    fn breaks_are_where_trying_everything_puts_them(
        stops in prop::collection::vec((1..30_i32, 0..250_i32, 5..120_i32, 0..20_i32), 1..5),
        breaks in prop::collection::vec(some_break(), 1..3),
        back in 0..30_i32,
        earliest in 0..60_i32,
        max_duration in 100..300_i32,
    ) {
        let stops: Vec<Stop> = (stops.iter())
            .map(|&(travel, start, length, service)| {
                Stop { travel, start, end: start + length, service }
            })
            .collect();
        let mut last = 0;
        let breaks = (breaks.iter())
            .map(|&(duration, is_window, figure)| {
                let rule = if is_window {
                    let start = last + figure;
                    last = start + 25;
                    BreakRule::Window { start, end: last }
                } else {
                    BreakRule::AfterWork(figure)
                };
                Break { duration, rule }
            })
            .collect();
        let vehicle = vehicle(breaks, max_duration);
        prop_assert_eq!(
            shortest(&vehicle, &stops, back, earliest),
            slow(&vehicle, &stops, back, earliest)
        );
    }
}
