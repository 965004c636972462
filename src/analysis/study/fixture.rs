//! A small finished study, made up: two days, three ways, two stresses.

use super::{
    BATCHES, DAY_QUANTILES, DayRef, Definition, Group, Outcome, PlanRecord, RouteRecord, Settings,
    StopOutcome, Stress, Study, Way, WaySource,
};

/// Orders of each day.
const ORDERS: usize = 24;
/// Couriers who drive.
const COURIERS: usize = 4;

/// Two days with three ways: a nominal plan, one for a target that costs 2 % more and keeps more promises, and one that
/// another system made.
pub(crate) fn sample() -> Study {
    let days = ["monday", "tuesday"].map(|name| DayRef {
        name: name.to_owned(),
        path: format!("days/{name}.json"),
        digest: format!("{:0>64}", name.len()),
        n_orders: ORDERS,
        n_couriers: COURIERS + 1,
    });
    let planned = |on_time_percent| {
        WaySource::Planned(Settings {
            time_ms: Some(5_000),
            on_time_percent,
            seed: 1,
            ..Settings::default()
        })
    };
    let given = WaySource::Given {
        path: "dispatcher".to_owned(),
    };
    let ways = [
        ("nominal", planned(None)),
        ("98.1", planned(Some(98.1))),
        ("dispatcher", given),
    ];
    let rough = Stress {
        name: "noise x1.3".to_owned(),
        spread: 1.3,
        ..Stress::default()
    };
    let mut study = Study::new(Definition {
        days: days.to_vec(),
        ways: ways
            .map(|(name, source)| Way {
                name: name.to_owned(),
                source,
            })
            .to_vec(),
        stresses: vec![Stress::default(), rough],
        noise: None,
        scenarios: 4_096,
        seed: 1,
    });
    "0.0.0".clone_into(&mut study.punctual);
    for day in 0..2 {
        for way in 0..3 {
            let record = plan(&study, day, way);
            study.plans.push(record);
            for stress in 0..2 {
                let outcome = outcome(&study, day, way, stress);
                study.outcomes.push(outcome);
            }
        }
    }
    study
}

fn courier(number: usize) -> String {
    format!("courier-{}", number % COURIERS + 1)
}

fn order(number: usize) -> String {
    format!("order-{:02}", number + 1)
}

/// Orders in the sequence of visits: every courier has every `COURIERS`th.
fn visits() -> impl Iterator<Item = usize> {
    (0..COURIERS).flat_map(|courier| (courier..ORDERS).step_by(COURIERS))
}

fn plan(study: &Study, day: usize, way: usize) -> PlanRecord {
    let routes = (0..COURIERS).map(|number| RouteRecord {
        courier: courier(number),
        orders: (number..ORDERS).step_by(COURIERS).map(order).collect(),
        reloads: Vec::new(),
    });
    let is_given = way == 2;
    PlanRecord {
        day: study.definition.days[day].name.clone(),
        way: study.definition.ways[way].name.clone(),
        digest: format!("{day}{way:0>63}"),
        solve_seconds: if is_given { 0.0 } else { 5.0 },
        threads: if is_given { 0 } else { 2 },
        iterations: if is_given { 0 } else { 120_000 },
        rehearsed: (way == 1).then_some(0.984),
        violations: Vec::new(),
        routes: routes.collect(),
    }
}

fn outcome(study: &Study, day: usize, way: usize, stress: usize) -> Outcome {
    let definition = &study.definition;
    // The share of promises broken by a way, more of them on the second day and under stress.
    let broken = [0.045, 0.018, 0.06][way] * [1.0, 1.2][day] * [1.0, 1.8][stress];
    let chance =
        |number: usize, broken: f64| 1.0 - 2.0 * broken * number as f64 / (ORDERS - 1) as f64;
    let stop = |number: usize| StopOutcome {
        order: order(number),
        courier: courier(number),
        predicted: rounded(
            chance(number, broken / [1.0, 1.8][stress]) + 0.001 * (number % 3) as f64 - 0.001,
        )
        .min(1.0),
        kept: rounded(chance(number, broken)),
    };
    let batch = |number: usize| rounded(1.0 - broken + 0.002 * (number as f64 - 7.5) / 7.5);
    let quantile =
        |number: usize| rounded((1.0 - broken * (2.5 - 2.4 * number as f64 / 100.0)).min(1.0));
    let group = |name: String, members: Vec<usize>| Group {
        name,
        promises: members.len(),
        kept: rounded(
            members
                .iter()
                .map(|&number| chance(number, broken))
                .sum::<f64>()
                / members.len() as f64,
        ),
    };
    let hours = (0..8).map(|hour| {
        group(
            format!("{:02}", hour + 9),
            (hour * 3..hour * 3 + 3).collect(),
        )
    });
    let couriers = (0..COURIERS).map(|number| {
        group(
            courier(number),
            (number..ORDERS).step_by(COURIERS).collect(),
        )
    });
    Outcome {
        day: definition.days[day].name.clone(),
        way: definition.ways[way].name.clone(),
        stress: definition.stresses[stress].name.clone(),
        is_feasible: true,
        cost: [10_000, 10_200, 10_350][way] + 400 * day as i64,
        driving_seconds: [20_000, 20_400, 20_700][way] + 800 * day as i64,
        distance_meters: [150_000, 153_000, 155_000][way] + 6_000 * day as i64,
        couriers_used: COURIERS,
        served: ORDERS,
        unserved: 0,
        solve_seconds: if way == 2 { 0.0 } else { 5.0 },
        expected_kept: rounded(1.0 - broken),
        expected_error: 0.001,
        batches: (0..BATCHES).map(batch).collect(),
        day_rates: (0..DAY_QUANTILES).map(quantile).collect(),
        worst_stop: rounded(chance(ORDERS - 1, broken)),
        hours: hours.collect(),
        couriers: couriers.collect(),
        stops: visits().map(stop).collect(),
    }
}

/// Five decimals, as measured shares have.
fn rounded(share: f64) -> f64 {
    (share * 1e5).round() / 1e5
}
