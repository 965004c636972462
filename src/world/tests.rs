//! What holds of days as they are lived.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::day::{LiveDay, LiveTerms, Report};
use crate::forecast::fixture::{at, calm, courier_id, day, options, order, order_id, plan, reload};
use crate::model::{EventId, TimeWindow};
use crate::units::BasisPoints;

/// Two couriers with six stops each, ten minutes apart, five at the door, from eight on; promised until the planned
/// arrival and so much more.
fn town(slack: i64) -> (Arc<Problem>, Plan) {
    let order = |number: u32| {
        let before = i64::from((number - 1) % 6);
        let planned = at(8, 20) + Seconds(900 * before);
        order(number, 300, &[(at(8, 0), planned + Seconds(slack))])
    };
    let problem = day((1..=12).map(order).collect(), 2, |_, _| Some(600));
    let (first, second): (Vec<u32>, Vec<u32>) = (1..=12).partition(|number| *number <= 6);
    let mut plan = plan(&[(0, at(8, 0), &first), (1, at(8, 0), &second)]);
    for route in &mut plan.routes {
        (route.departure, route.end) = (at(8, 10), at(9, 50));
    }
    (Arc::new(problem), plan)
}

fn world((problem, plan): &(Arc<Problem>, Plan), noise: &NoiseModel, trouble: Trouble) -> World {
    World::new(Arc::clone(problem), plan, noise, trouble, 7)
}

fn lived(mut world: World) -> (World, Vec<Happening>) {
    let mut happenings = Vec::new();
    while let Some(next) = world.next_moment() {
        happenings.extend(world.pass(next));
    }
    (world, happenings)
}

fn arrivals(world: &World, orders: std::ops::RangeInclusive<u32>) -> Vec<Option<Timestamp>> {
    let door = |number| world.doors().get(&order_id(number));
    orders.map(|number| Some(door(number)?.arrival)).collect()
}

/// Each quarter of an hour from a moment on.
fn quarters(from: Timestamp, n: i64) -> Vec<Option<Timestamp>> {
    (0..n)
        .map(|number| Some(from + Seconds(900 * number)))
        .collect()
}

#[test]
fn a_day_without_noise_goes_as_planned() {
    let (world, happenings) = lived(world(&town(0), &calm(), Trouble::default()));
    assert_eq!(arrivals(&world, 1..=6), quarters(at(8, 20), 6));
    assert_eq!(arrivals(&world, 7..=12), quarters(at(8, 20), 6));
    assert!(world.truths().values().all(|truth| *truth == Truth::Kept));
    // Departures, and three events at every door.
    assert_eq!(happenings.len(), 2 + 3 * 12);
    assert!(happenings.is_sorted_by_key(|happening| happening.reported_at));
    assert!(matches!(happenings[0].event, Event::Departed { .. }));
    assert_eq!(happenings[0].at, at(8, 10));
}

#[test]
fn a_courier_loads_again_and_leaves_again_where_the_plan_says_so() {
    let mut town = town(9_000);
    town.1.routes[0].reloads = vec![reload(3)];
    let (world, happenings) = lived(world(&town, &calm(), Trouble::default()));
    // Ten minutes to the depot and ten of loading.
    assert_eq!(arrivals(&world, 4..=6), quarters(at(9, 25), 3));
    let departures = happenings.iter().filter(
        |happening| matches!(&happening.event, Event::Departed { courier } if *courier == courier_id(0)),
    );
    assert_eq!(
        departures.map(|happening| happening.at).collect::<Vec<_>>(),
        [at(8, 10), at(9, 15)]
    );
}

#[test]
fn a_jam_holds_up_ways_while_it_lasts_and_where_it_is() {
    let jam = Jam {
        zones: [].into(),
        window: TimeWindow {
            start: at(8, 15),
            end: at(8, 40),
        },
        factor: 2.0,
        told_after: Some(Seconds(300)),
    };
    let trouble = Trouble {
        jams: vec![jam.clone()],
        ..Trouble::default()
    };
    let (jammed, happenings) = lived(world(&town(0), &calm(), trouble));
    // Half of the first way at half the speed: 8:25. The next is left at 8:30, of which five minutes are made by 8:40.
    let expected = [at(8, 25), at(8, 45), at(9, 0)].map(Some);
    assert_eq!(arrivals(&jammed, 1..=3), expected);
    let told: Vec<(Timestamp, BasisPoints)> = (happenings.iter())
        .filter_map(|happening| {
            if let Event::Traffic { factor, .. } = happening.event {
                Some((happening.reported_at, factor))
            } else {
                None
            }
        })
        .collect();
    assert_eq!(told, [(at(8, 20), BasisPoints(20_000))]);
    let elsewhere = Trouble {
        jams: vec![Jam {
            zones: [crate::model::ZoneId::parse("elsewhere").unwrap()].into(),
            ..jam
        }],
        ..Trouble::default()
    };
    let (calm_day, _) = lived(world(&town(0), &calm(), elsewhere));
    assert_eq!(arrivals(&calm_day, 1..=6), quarters(at(8, 20), 6));
}

fn broken(until: Option<Timestamp>) -> Trouble {
    Trouble {
        breakdowns: vec![Breakdown {
            courier: courier_id(0),
            at: at(8, 30),
            until,
            told_after: Some(Seconds(60)),
            note: "gearbox".to_owned(),
        }],
        ..Trouble::default()
    }
}

#[test]
fn a_vehicle_that_stands_still_goes_on_when_it_is_repaired_or_never() {
    let (repaired, _) = lived(world(&town(0), &calm(), broken(Some(at(9, 30)))));
    let expected = [at(8, 20), at(9, 35), at(9, 50)].map(Some);
    assert_eq!(arrivals(&repaired, 1..=3), expected);
    assert_eq!(repaired.truths()[&order_id(2)], Truth::Late(Seconds(3_600)));
    let (lost, happenings) = lived(world(&town(0), &calm(), broken(None)));
    assert_eq!(arrivals(&lost, 1..=3), [Some(at(8, 20)), None, None]);
    assert_eq!(lost.truths()[&order_id(6)], Truth::Nobody);
    assert_eq!(arrivals(&lost, 7..=12), quarters(at(8, 20), 6));
    assert!(
        happenings
            .iter()
            .any(|happening| happening.reported_at == at(8, 31)
                && matches!(happening.event, Event::BrokenDown { until: None, .. }))
    );
}

#[test]
fn a_changed_plan_is_followed_from_the_next_door_on() {
    let town = town(0);
    let mut world = world(&town, &calm(), broken(None));
    world.pass(at(8, 39));
    // The second courier is at the second door, and takes over what the first one has not made; order 2 comes last.
    let changed = plan(&[
        (0, at(8, 0), &[1]),
        (1, at(8, 0), &[7, 8, 3, 9, 10, 11, 12, 2]),
    ]);
    world.follow(Arc::clone(&town.0), &changed.routes, at(8, 39));
    let (world, _) = lived(world);
    let expected = [
        (7, at(8, 20)),
        (8, at(8, 35)),
        (3, at(8, 50)),
        (9, at(9, 5)),
        (12, at(9, 50)),
        (2, at(10, 5)),
    ];
    for (number, moment) in expected {
        assert_eq!(world.doors()[&order_id(number)].arrival, moment, "{number}");
        assert_eq!(world.doors()[&order_id(number)].courier, 1);
    }
    assert!(!world.doors().contains_key(&order_id(4)));
    // What belongs there is in the vehicle that stands still.
    assert_eq!(world.truths()[&order_id(3)], Truth::Nobody);
}

#[test]
fn goods_of_a_vehicle_that_stands_still_are_delivered_by_who_comes_for_them() {
    let mut town = town(7_200);
    let mut world = world(&town, &calm(), broken(None));
    world.pass(at(8, 39));
    // The vehicle becomes a depot; the second courier comes to it for order 2, but not for order 3.
    let mut problem = (*town.0).clone();
    let vehicle = crate::model::DepotId::parse("vehicle").unwrap();
    problem.depots.push(crate::model::Depot {
        id: vehicle.clone(),
        loading: Seconds(300),
        ..problem.depots[0].clone()
    });
    problem.orders[1].depots = [vehicle.clone()].into();
    town.0 = Arc::new(problem);
    let mut changed = plan(&[(0, at(8, 0), &[1]), (1, at(8, 0), &[7, 8, 2, 3, 9])]);
    changed.routes[1].reloads = vec![crate::model::Reload {
        depot: vehicle,
        ..reload(2)
    }];
    world.follow(Arc::clone(&town.0), &changed.routes, at(8, 39));
    let (world, happenings) = lived(world);
    let truths = world.truths();
    assert_eq!(truths[&order_id(2)], Truth::Kept);
    assert_eq!(world.doors()[&order_id(2)].arrival, at(9, 5));
    assert_eq!(truths[&order_id(3)], Truth::Nobody);
    assert_eq!(truths[&order_id(9)], Truth::Kept);
    let missing = happenings.iter().filter(|happening| {
        matches!(
            &happening.event,
            Event::Failed { order, reason: FailureReason::GoodsMissing, .. } if *order == order_id(3)
        )
    });
    assert_eq!(missing.count(), 1);
}

#[test]
fn who_is_on_the_way_or_loads_is_not_held_up_by_a_changed_plan() {
    let town = town(0);
    let mut world = world(&town, &calm(), Trouble::default());
    world.pass(at(8, 5));
    world.follow(Arc::clone(&town.0), &town.1.routes, at(8, 5));
    world.pass(at(8, 15));
    let changed = plan(&[(0, at(8, 0), &[3, 2, 1]), (1, at(8, 0), &[7])]);
    world.follow(Arc::clone(&town.0), &changed.routes, at(8, 15));
    let (world, _) = lived(world);
    let expected = [at(8, 20), at(8, 50), at(8, 35)].map(Some);
    assert_eq!(arrivals(&world, 1..=3), expected);
}

#[test]
fn noise_belongs_to_orders_whatever_is_done() {
    let town = town(0);
    let trouble = Trouble::default();
    let (first, _) = lived(world(&town, &NoiseModel::default(), trouble.clone()));
    let other = plan(&[
        (0, at(8, 0), &[6, 5, 4]),
        (1, at(8, 0), &[12, 11, 10, 9, 8, 7]),
    ]);
    let other = (Arc::clone(&town.0), other);
    let (_, first_told) = lived(world(&town, &NoiseModel::default(), trouble.clone()));
    let (second, second_told) = lived(world(&other, &NoiseModel::default(), trouble));
    assert_ne!(arrivals(&first, 4..=6), arrivals(&second, 4..=6));
    let services = |told: &[Happening]| -> BTreeMap<OrderId, Seconds> {
        let mut begun = BTreeMap::new();
        let mut took = BTreeMap::new();
        for happening in told {
            if let Event::ServiceStarted { order, .. } = &happening.event {
                begun.insert(order.clone(), happening.at);
            } else if let Event::Delivered { order, .. } = &happening.event {
                took.insert(order.clone(), happening.at - begun[order]);
            }
        }
        took
    };
    let [one, two] = [services(&first_told), services(&second_told)];
    assert_eq!(two.len(), 9);
    for (order, took) in two {
        assert_eq!(one[&order], took, "{order}");
    }
}

#[test]
fn days_keep_as_many_promises_as_the_forecast_expects() {
    // The same law, written twice: in the forecast for many days at once, here event by event.
    let town = town(480);
    let noise = NoiseModel {
        start_delay: Seconds(120),
        ..NoiseModel::default()
    };
    let travel = TravelTimes::new(&town.0);
    let expected =
        crate::forecast::forecast(&town.0, &travel, &town.1, &options(8_192, noise.clone()));
    let n_days = 1_500;
    let mut kept = [0_u32; 12];
    for seed in 0..n_days {
        let world = World::new(
            Arc::clone(&town.0),
            &town.1,
            &noise,
            Trouble::default(),
            seed,
        );
        let (world, _) = lived(world);
        let truths = world.truths();
        for (number, kept) in (1..).zip(&mut kept) {
            *kept += u32::from(truths[&order_id(number)] == Truth::Kept);
        }
    }
    let stops = expected.routes.iter().flat_map(|route| &route.stops);
    for (stop, kept) in stops.zip(kept) {
        let kept = f64::from(kept) / n_days as f64;
        let apart = (kept - stop.on_time.estimate).abs();
        assert!(apart < 0.045, "{}: {kept} {:?}", stop.order, stop.on_time);
    }
}

#[test]
fn customers_are_absent_send_back_and_rate_as_often_as_stated() {
    let town = town(0);
    let trouble = Trouble {
        customers: Customers {
            absent: 0.2,
            refusing: 0.3,
            rating: 0.5,
        },
        ..Trouble::default()
    };
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..200 {
        let world = World::new(Arc::clone(&town.0), &town.1, &calm(), trouble.clone(), seed);
        let (_, happenings) = lived(world);
        for happening in happenings {
            *kinds.entry(happening.event.kind()).or_default() += 1;
        }
    }
    let expected = [
        ("failed", 0.2),
        ("delivered_in_part", 0.8 * 0.3),
        ("rating", 0.8 * 0.5),
    ];
    for (kind, share) in expected {
        let found = f64::from(kinds[kind]) / 2_400.0;
        assert!((found - share).abs() < 0.03, "{kind}: {found}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_live_day_takes_all_that_is_reported_and_comes_to_the_truth(seed in 0_u64..10_000) {
        let town = town(300);
        let severity = Severity { jams: 2, breakdowns: 1, ..Severity::default() };
        let trouble = Trouble::generate(&town.0, &town.1, &severity, seed);
        let world = World::new(Arc::clone(&town.0), &town.1, &NoiseModel::default(), trouble, seed);
        let (world, happenings) = lived(world);
        let terms = LiveTerms { days: 128, ..LiveTerms::default() };
        let mut live = LiveDay::new(Arc::clone(&town.0), &town.1, &terms);
        for (number, happening) in happenings.into_iter().enumerate() {
            prop_assert!(happening.at <= happening.reported_at);
            let answer = live.report(Report {
                id: EventId::parse(&format!("event-{number}")).unwrap(),
                at: happening.at,
                reported_at: happening.reported_at,
                event: happening.event,
            });
            let answer = answer.unwrap();
            prop_assert_eq!(answer.taken.contradiction, None);
        }
        let tally = live.tally();
        let truths = world.truths();
        let count = |of: fn(&Truth) -> bool| truths.values().filter(|truth| of(truth)).count();
        prop_assert_eq!(tally.kept, count(|truth| *truth == Truth::Kept));
        prop_assert_eq!(tally.absent, count(|truth| *truth == Truth::Absent));
        prop_assert_eq!(tally.open + tally.overdue, count(|truth| *truth == Truth::Nobody));
        prop_assert_eq!(tally.late, count(|truth| matches!(truth, Truth::Late(_))));
    }
}
