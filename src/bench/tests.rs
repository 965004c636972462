//! Studies on small made-up days.

use std::ops::ControlFlow;

use super::{Bench, Day, Event, Given, day_of_instance, digest, routes_of_nodes};
use crate::analysis::study::{
    BATCHES, DayRef, Definition, Outcome, Settings, Stress, Study, Way, WaySource, read, write,
};
use crate::check::check;
use crate::formats::{Rounding, read_instance, read_solution, write_solution};
use crate::generate::{DaySpec, Style, benchmark_instance, generate};
use crate::model::{NoiseModel, Problem, RouteSketch};
use crate::planner::schedule::sketch_findings;
use crate::planner::{Cancel, evaluate_early};
use crate::travel::TravelTimes;

fn day(name: &str, problem: Problem) -> Day {
    Day {
        about: DayRef {
            name: name.to_owned(),
            path: String::new(),
            digest: digest([format!("{problem:?}").as_str()]),
            n_orders: problem.orders.len(),
            n_couriers: problem.couriers.len(),
        },
        problem,
    }
}

fn planned(name: &str, on_time_percent: Option<f64>) -> Way {
    Way {
        name: name.to_owned(),
        source: WaySource::Planned(Settings {
            iterations: Some(300),
            on_time_percent,
            seed: 1,
            ..Settings::default()
        }),
    }
}

fn rough() -> Stress {
    Stress {
        name: "noise x1.3".to_owned(),
        spread: 1.3,
        ..Stress::default()
    }
}

/// Two small days, a nominal way and one for a target, with noise as it is and with more.
fn bench() -> Bench {
    let spec = |seed| DaySpec {
        seed,
        ..DaySpec::small()
    };
    let days: Vec<Day> = [("one", 1), ("two", 2)]
        .map(|(name, seed)| day(name, generate(&spec(seed))))
        .into();
    Bench {
        definition: Definition {
            days: days.iter().map(|day| day.about.clone()).collect(),
            ways: vec![planned("nominal", None), planned("98", Some(98.0))],
            stresses: vec![Stress::default(), rough()],
            noise: None,
            scenarios: 512,
            seed: 7,
        },
        days,
        given: [].into(),
        noise: NoiseModel::default(),
        threads: 2,
    }
}

fn run(bench: &Bench, earlier: Option<&Study>) -> Study {
    let mut watch = |_: Event<'_>| ControlFlow::Continue(());
    bench.run(earlier, &Cancel::default(), &mut watch).unwrap()
}

/// The study without what clocks have to say.
fn timeless(mut study: Study) -> Study {
    study
        .plans
        .iter_mut()
        .for_each(|plan| plan.solve_seconds = 0.0);
    study
        .outcomes
        .iter_mut()
        .for_each(|outcome| outcome.solve_seconds = 0.0);
    study
}

/// An outcome without its names and times.
fn figures(outcome: &Outcome) -> Outcome {
    Outcome {
        way: String::new(),
        solve_seconds: 0.0,
        ..outcome.clone()
    }
}

#[test]
fn a_study_that_was_stopped_ends_as_if_it_had_not_been() {
    let bench = bench();
    let whole = run(&bench, None);
    assert!(whole.is_finished());
    for n_cells in 1..4 {
        let (mut written, mut n_advanced) = (String::new(), 0);
        let mut watch = |event: Event<'_>| {
            if let Event::Advanced(study) = event {
                written = write(study).unwrap();
                n_advanced += 1;
            }
            if n_advanced == n_cells {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        assert!(bench.run(None, &Cancel::default(), &mut watch).is_err());
        let begun = read(&written).unwrap();
        assert_eq!(begun.plans.len(), n_cells);
        let resumed = run(&bench, Some(&begun));
        assert_eq!(resumed.plans[..n_cells], begun.plans[..]);
        assert_eq!(timeless(resumed), timeless(whole.clone()));
    }
}

#[test]
fn only_what_has_changed_is_done_again() {
    let mut bench = bench();
    let before = run(&bench, None);
    let mut searched = Vec::new();
    bench.definition.stresses.remove(0);
    bench.definition.stresses.push(Stress {
        name: "late".to_owned(),
        start_delay: 2.0,
        ..Stress::default()
    });
    bench.definition.ways[1] = planned("98", Some(97.0));
    let mut watch = |event: Event<'_>| {
        if let Event::Advanced(study) = event {
            searched.push(study.outcomes.len());
        }
        ControlFlow::Continue(())
    };
    let after = bench
        .run(Some(&before), &Cancel::default(), &mut watch)
        .unwrap();
    // The outcomes of the first way under the stress that stays are there from the beginning.
    assert_eq!(searched, [3, 5, 6, 8]);
    assert_eq!(after.plan("two", "nominal"), before.plan("two", "nominal"));
    assert_ne!(
        after.plan("one", "98").unwrap().digest,
        before.plan("one", "98").unwrap().digest
    );
    assert_eq!(
        after.outcome("one", "nominal", "noise x1.3"),
        before.outcome("one", "nominal", "noise x1.3")
    );
    assert_eq!(timeless(after), timeless(run(&bench, None)));
}

#[test]
fn the_same_routes_score_the_same_whoever_gives_them() {
    let mut bench = bench();
    bench.definition.ways.truncate(1);
    let first = run(&bench, None);
    bench.definition.ways.push(Way {
        name: "theirs".to_owned(),
        source: WaySource::Given {
            path: "theirs".to_owned(),
        },
    });
    for day in &bench.days {
        let record = first.plan(&day.about.name, "nominal").unwrap();
        // A start of their own does not count.
        let routes = record.routes.iter().map(|route| RouteSketch {
            start: Some(day.problem.couriers[0].shift.start),
            ..crate::model::fixture::sketch(
                &route.courier,
                &route.orders.iter().map(String::as_str).collect::<Vec<_>>(),
            )
        });
        let given = Given {
            digest: "theirs".to_owned(),
            routes: routes.collect(),
        };
        bench
            .given
            .insert((day.about.name.clone(), "theirs".to_owned()), given);
    }
    let both = run(&bench, Some(&first));
    for day in ["one", "two"] {
        for stress in ["base", "noise x1.3"] {
            let of = |way| figures(both.outcome(day, way, stress).unwrap());
            assert_eq!(of("nominal"), of("theirs"));
        }
    }
}

#[test]
fn outcomes_agree_with_themselves() {
    let study = run(&bench(), None);
    for outcome in &study.outcomes {
        let n_orders = outcome.served + outcome.unserved;
        assert_eq!(outcome.batches.len(), BATCHES);
        assert_eq!(outcome.stops.len(), outcome.served);
        assert!(outcome.day_rates.is_sorted());
        assert_eq!(
            outcome
                .hours
                .iter()
                .map(|group| group.promises)
                .sum::<usize>(),
            n_orders
        );
        assert_eq!(
            outcome
                .couriers
                .iter()
                .map(|group| group.promises)
                .sum::<usize>(),
            outcome.served
        );
        let of_stops = outcome.stops.iter().map(|stop| stop.kept).sum::<f64>() / n_orders as f64;
        assert!((of_stops - outcome.expected_kept).abs() < 1e-5);
        let of_hours = outcome
            .hours
            .iter()
            .map(|group| group.kept * group.promises as f64)
            .sum::<f64>();
        assert!((of_hours / n_orders as f64 - outcome.expected_kept).abs() < 1e-5);
    }
    for (base, rough) in study.outcomes.iter().zip(&study.outcomes[1..]).step_by(2) {
        assert_eq!(base.cost, rough.cost);
        assert!(rough.expected_kept < base.expected_kept);
    }
}

#[test]
fn whoever_keeps_the_windows_of_an_instance_keeps_those_of_its_day() {
    let text = benchmark_instance(Style::Rc1, 60, 3);
    let instance = read_instance(&text, Some(Rounding::Dimacs)).unwrap();
    let problem = day_of_instance("rc", &instance).unwrap();
    assert_eq!(problem.validate().errors, []);
    let mean = problem
        .orders
        .iter()
        .map(|order| order.service.0)
        .sum::<i64>()
        / 60;
    assert!((539..=540).contains(&mean), "{mean}");
    // A solution that the instance's own checker accepts, through the text of a `.sol` file.
    let outcome = crate::solver::search::search(
        &instance.to_problem(),
        &crate::solver::params::SearchParams {
            seed: 1,
            time_limit: None,
            iteration_limit: Some(200),
            stagnation_limit: None,
        },
        &mut crate::solver::control::Control {
            clock: &crate::clock::Clock::start(),
            is_cancelled: &|| false,
            on_progress: &mut |_| {},
        },
    );
    let routes = instance.routes_of(&outcome.solution);
    assert!(instance.check(&routes).is_ok());
    let solution = read_solution(&write_solution(&routes, "1")).unwrap();
    let sketches = routes_of_nodes(&solution.routes);
    assert_eq!(sketch_findings(&problem, &sketches), []);
    let travel = TravelTimes::new(&problem);
    let plan = evaluate_early(&problem, &travel, &sketches, &NoiseModel::default());
    assert_eq!(check(&problem, &travel, &plan).violations, []);
    assert_eq!(plan.unserved, []);
    // Driving is the whole cost: a second of it costs 1.
    let driving: i64 = plan.routes.iter().map(|route| route.travel.0).sum();
    assert_eq!(plan.total_cost().0, driving);
}

#[test]
fn an_instance_with_more_than_a_day_has_is_refused_with_the_reason() {
    let text = "NAME : odd\nTYPE : PCVRPTW\nDIMENSION : 2\nEDGE_WEIGHT_TYPE : EXPLICIT\nEDGE_WEIGHT_FORMAT : FULL_MATRIX\n\
        VEHICLES : 1\nCAPACITY : 5\nEDGE_WEIGHT_SECTION\n0 1\n1 0\nDEMAND_SECTION\n1 0\n2 1\nPRIZE_SECTION\n1 0\n2 5\n\
        DEPOT_SECTION\n1\n-1\nEOF\n";
    let instance = read_instance(text, None).unwrap();
    let error = day_of_instance("odd", &instance).unwrap_err().to_string();
    assert!(
        error.ends_with("this one has optional clients, no time windows"),
        "{error}"
    );
}
