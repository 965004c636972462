//! What a closed day was worth: every promise in its plan, and how many are kept when it is played out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::day::read_plan;
use crate::cli::report::{counted, kilometers};
use crate::cli::{Failure, day_file};
use crate::grpc::{convert, pb};
use crate::world::{Trouble, World};

/// Days that the plan is played out on.
const DAYS: u64 = 200;
/// Chances that promises are grouped by, in percent.
const EDGES: [f64; 6] = [0.0, 90.0, 95.0, 98.0, 99.5, 100.1];

/// What a customer was told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promised {
    pub(super) window: Option<pb::TimeWindow>,
    /// The chance stated, in percent.
    pub(super) percent: f64,
    /// The chance said to be expected at the close of the day, in percent.
    pub(super) at_close: f64,
}

/// A promise with what became of it.
struct Fate {
    stated: f64,
    expected: f64,
    /// Chance by the closed plan on other days than those that quotes look at, in percent.
    planned: f64,
    /// Share of the days played on which it was kept, in percent.
    played: f64,
}

/// Compares the closed day `read` with what customers were `promised`.
///
/// # Errors
/// If a promise is not in the plan, or not in its window.
pub(super) fn verdict(
    read: pb::GetDayResponse,
    promised: &BTreeMap<String, Promised>,
    seed: u64,
) -> Result<String, Failure> {
    let day = read.day.unwrap_or_default();
    let planned = read.plan.unwrap_or_default();
    audit(&planned, promised)?;
    let terms = read.terms.unwrap_or_default();
    let terms = convert::read_terms(&terms, None, &day_file::local_limits());
    let terms = terms.map_err(|found| {
        let refusal = crate::app::Refusal::Invalid(found);
        Failure::refused("read the terms", &refusal)
    })?;
    let (problem, plan) = read_plan(&planned)?;
    let problem = Arc::new(problem);
    let mut kept: BTreeMap<String, u64> = BTreeMap::new();
    for number in 0..DAYS {
        let seed = crate::rng::hash(seed, &[number]);
        let trouble = Trouble::default();
        let mut world = World::new(Arc::clone(&problem), &plan, &terms.noise, trouble, seed);
        while let Some(next) = world.next_moment() {
            world.pass(next);
        }
        for (order, truth) in world.truths() {
            *kept.entry(order.to_string()).or_default() += u64::from(truth.is_kept());
        }
    }
    let forecast = planned.forecast.unwrap_or_default();
    let chances: BTreeMap<&str, f64> = (forecast.routes.iter())
        .flat_map(|route| &route.stops)
        .map(|stop| {
            let chance = stop.on_time.map_or(0.0, |chance| chance.percent);
            (stop.order_id.as_str(), chance)
        })
        .collect();
    let fates: Vec<Fate> = promised
        .iter()
        .map(|(order, promised)| Fate {
            stated: promised.percent,
            expected: promised.at_close,
            planned: chances.get(order.as_str()).copied().unwrap_or(0.0),
            played: 100.0 * kept.get(order).copied().unwrap_or(0) as f64 / DAYS as f64,
        })
        .collect();
    Ok(format!(
        "{} is closed: {} in {}, {:.1} km. Each is in the plan, in the window that the customer was told.\n\n{}",
        day.day_id,
        counted(promised.len(), "promise"),
        counted(day.couriers, "route"),
        kilometers(day.distance_meters),
        table(&fates, forecast.scenarios),
    ))
}

/// Whether every promise is in the plan once, with its service in its window.
fn audit(day: &pb::PlannedDay, promised: &BTreeMap<String, Promised>) -> Result<(), Failure> {
    let mut stops: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let routes = day.plan.iter().flat_map(|plan| &plan.routes);
    for stop in routes.flat_map(|route| &route.stops) {
        let start = stop.service_start_time.map_or(0, |start| start.seconds);
        stops.entry(&stop.order_id).or_default().push(start);
    }
    let broken = promised.iter().filter_map(|(order, promised)| {
        let window = promised.window.unwrap_or_default();
        let (from, until) = (window.start_time?.seconds, window.end_time?.seconds);
        let found = stops.remove(order.as_str()).unwrap_or_default();
        let is_kept = matches!(found.as_slice(), [start] if (from..=until).contains(start));
        (!is_kept).then(|| format!("{order} is not in the plan as promised"))
    });
    let mut broken: Vec<String> = broken.collect();
    let strangers = stops.keys();
    broken.extend(strangers.map(|order| format!("{order} is in the plan without a promise")));
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Failure::listed("audit the closed day", broken))
    }
}

fn table(fates: &[Fate], scenarios: i32) -> String {
    let mut text = String::from(
        "      stated   promises   on average   expected at close   by the closed plan*   kept when played**\n",
    );
    let mut row = |name: String, fates: &[&Fate]| {
        let mean = |of: fn(&Fate) -> f64| {
            let sum: f64 = fates.iter().map(|fate| of(fate)).sum();
            format!("{:.2} %", sum / fates.len().max(1) as f64)
        };
        text += &format!(
            "{name:>12}   {:>8}   {:>10}   {:>17}   {:>19}   {:>18}\n",
            fates.len(),
            mean(|fate| fate.stated),
            mean(|fate| fate.expected),
            mean(|fate| fate.planned),
            mean(|fate| fate.played),
        );
    };
    for edges in EDGES.windows(2) {
        let inside = |fate: &&Fate| (edges[0]..edges[1]).contains(&fate.stated);
        let inside: Vec<&Fate> = fates.iter().filter(inside).collect();
        if !inside.is_empty() {
            row(format!("{}-{} %", edges[0], edges[1].min(100.0)), &inside);
        }
    }
    row("all".to_owned(), &fates.iter().collect::<Vec<_>>());
    text += &format!(
        "* on {scenarios} simulated days that no quote looked at; ** on {DAYS} days played stop by stop, a simulation of its own"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    }

    fn planned(stops: &[(&str, i64)]) -> pb::PlannedDay {
        let stops = stops.iter().map(|(order, start)| pb::Stop {
            order_id: (*order).to_owned(),
            service_start_time: at(*start),
            ..pb::Stop::default()
        });
        let route = pb::Route {
            stops: stops.collect(),
            ..pb::Route::default()
        };
        pb::PlannedDay {
            plan: Some(pb::Plan {
                routes: vec![route],
                ..pb::Plan::default()
            }),
            ..pb::PlannedDay::default()
        }
    }

    #[test]
    fn a_promise_that_is_lost_doubled_moved_or_made_up_is_found() {
        let promise = Promised {
            window: Some(pb::TimeWindow {
                start_time: at(100),
                end_time: at(200),
            }),
            percent: 99.0,
            at_close: 98.5,
        };
        let promised = BTreeMap::from([("a".to_owned(), promise)]);
        assert!(audit(&planned(&[("a", 200)]), &promised).is_ok());
        for wrong in [
            &[][..],
            &[("a", 201)],
            &[("a", 99)],
            &[("a", 150), ("a", 150)],
            &[("a", 150), ("b", 150)],
        ] {
            assert!(audit(&planned(wrong), &promised).is_err(), "{wrong:?}");
        }
    }
}
