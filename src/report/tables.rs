//! The tables beneath the plots.

use maud::{Markup, html};

use super::measure::{class_name, couriers, days_with, hours, reliability};
use super::{REFERENCE, Subject, percent, points, shown};
use crate::analysis::resample::Estimate;
use crate::analysis::study::{AtEqual, Contrast, Outcome, on_equal_terms, optimism};

/// Longest name in a table.
const NAME_MAX: usize = 60;
/// Couriers of each way that are named.
const COURIERS_NAMED: usize = 5;

/// A table with texts in its first columns and numbers in the rest.
fn table(texts: usize, heads: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        div.scroll {
            table {
                thead { tr { @for (at, head) in heads.iter().enumerate() { th.n[at >= texts] { (head) } } } }
                tbody {
                    @for row in rows {
                        tr { @for (at, cell) in row.iter().enumerate() { td.n[at >= texts] { (cell) } } }
                    }
                }
            }
        }
    }
}

fn name(text: &str) -> String {
    shown(text, NAME_MAX)
}

fn with_interval(mean: f64, estimate: Option<Estimate>) -> String {
    match estimate {
        Some(found) => format!(
            "{} [{}, {}]",
            points(mean, ""),
            points(found.low, ""),
            points(found.high, "")
        ),
        None => points(mean, ""),
    }
}

fn share_interval(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(String::new, |(low, high)| {
        format!("{} to {}", percent(low), percent(high))
    })
}

/// Means over days by stress and way.
pub(super) fn overview(subject: &Subject<'_>) -> Markup {
    let heads = [
        "stress",
        "way",
        "days done",
        "plans accepted",
        "cost a day, units",
        "on the way, h",
        "way, km",
        "couriers",
        "orders left out",
        "kept, %",
        "± simulating, points",
        "against 98.1 %, points",
        "kept on 19 of 20 days, %",
        "least likely promise, %",
        "search, s",
    ];
    let rows = subject.summaries.iter().map(|row| {
        vec![
            name(&row.stress),
            name(&row.way),
            row.n_days.to_string(),
            row.n_feasible.to_string(),
            format!("{:.0}", row.cost),
            format!("{:.2}", row.driving_hours),
            format!("{:.1}", row.kilometers),
            format!("{:.1}", row.couriers),
            row.unserved.to_string(),
            percent(row.kept),
            percent(row.kept_error),
            points(100.0 * (row.kept - REFERENCE), ""),
            percent(row.day_p5),
            percent(row.worst_stop),
            format!("{:.1}", row.solve_seconds),
        ]
    });
    table(2, &heads, &rows.collect::<Vec<_>>())
}

/// Every way against the first one.
pub(super) fn differences(subject: &Subject<'_>) -> Markup {
    let heads = [
        "stress",
        "way",
        "days compared",
        "days left out",
        "promises kept, points",
        "± simulating, points",
        "days better / alike / worse",
        "p",
        "cost, %",
        "p",
        "on the way, %",
        "couriers a day",
    ];
    let p_value = |contrast: &Contrast| {
        contrast
            .adjusted_p
            .map_or_else(String::new, |p| format!("{p:.3}"))
    };
    let rows = subject.comparisons.iter().map(|row| {
        let mut cells = vec![
            name(&row.stress),
            name(&row.way),
            row.n_days.to_string(),
            row.n_left_out.to_string(),
        ];
        let figures = [
            with_interval(row.kept.mean, row.kept.estimate),
            format!("{:.2}", row.kept_error),
            format!(
                "{} / {} / {}",
                row.kept.wins, row.kept.ties, row.kept.losses
            ),
            p_value(&row.kept),
            with_interval(row.cost.mean, row.cost.estimate),
            p_value(&row.cost),
            with_interval(row.driving.mean, row.driving.estimate),
            with_interval(row.couriers.mean, row.couriers.estimate),
        ];
        // Without a day there is nothing to tell.
        cells.extend(if row.n_days > 0 {
            figures
        } else {
            figures.map(|_| String::new())
        });
        cells
    });
    table(2, &heads, &rows.collect::<Vec<_>>())
}

/// Ways compared with frontiers at equal promises and at equal cost.
pub(super) fn equal_terms(subject: &Subject<'_>) -> Option<Markup> {
    let found = on_equal_terms(subject.study);
    let heads = [
        "stress",
        "way",
        "frontier of",
        "cost where as many are kept, %",
        "days",
        "promises kept at the same cost, points",
        "days",
    ];
    let difference = |at: &AtEqual| {
        at.mean.map_or_else(
            || "out of reach".to_owned(),
            |mean| with_interval(mean, at.estimate),
        )
    };
    let rows = found.iter().map(|row| {
        vec![
            name(&row.stress),
            name(&row.way),
            name(&row.frontier.join(", ")),
            difference(&row.cost),
            row.cost.n_days.to_string(),
            difference(&row.kept),
            row.kept.n_days.to_string(),
        ]
    });
    (!found.is_empty()).then(|| table(3, &heads, &rows.collect::<Vec<_>>()))
}

/// What plans promise on the days that they were made for.
pub(super) fn optimism_rows(subject: &Subject<'_>) -> Option<Markup> {
    let found = optimism(subject.study);
    let heads = [
        "way",
        "days",
        "kept on simulated days it was planned for, %",
        "kept on others, %",
        "optimism, points",
    ];
    let rows = found.iter().map(|row| {
        let optimism = 100.0 * (row.rehearsed - row.kept);
        vec![
            name(&row.way),
            row.n_days.to_string(),
            percent(row.rehearsed),
            percent(row.kept),
            points(optimism, ""),
        ]
    });
    (!found.is_empty()).then(|| table(1, &heads, &rows.collect::<Vec<_>>()))
}

/// Predicted chances against what came of them.
pub(super) fn calibration(subject: &Subject<'_>) -> Markup {
    let heads = [
        "stress",
        "way",
        "predicted, %",
        "promises",
        "mean prediction, %",
        "kept, %",
        "95 % interval, %",
    ];
    let mut rows = Vec::new();
    for stress in &subject.stresses {
        for way in &subject.ways {
            rows.extend(
                reliability(&subject.study.outcomes_of(way, stress))
                    .into_iter()
                    .map(|class| {
                        vec![
                            name(stress),
                            name(way),
                            class_name(class.number),
                            class.kept.n.to_string(),
                            percent(class.predicted),
                            percent(class.kept.mean),
                            share_interval(class.kept.interval),
                        ]
                    }),
            );
        }
    }
    table(3, &heads, &rows)
}

/// Promises kept by hour.
pub(super) fn by_hour(subject: &Subject<'_>) -> Markup {
    let heads = ["way", "hour", "promises", "kept, %", "95 % interval, %"];
    let mut rows = Vec::new();
    for way in &subject.ways {
        rows.extend(
            hours(&subject.study.outcomes_of(way, subject.base))
                .into_iter()
                .map(|(hour, share)| {
                    vec![
                        name(way),
                        name(&hour),
                        share.n.to_string(),
                        percent(share.mean),
                        share_interval(share.interval),
                    ]
                }),
        );
    }
    table(2, &heads, &rows)
}

/// The couriers who keep least, and what others keep.
pub(super) fn by_courier(subject: &Subject<'_>) -> Markup {
    let heads = ["way", "couriers", "courier", "day", "promises", "kept, %"];
    let mut rows = Vec::new();
    for way in &subject.ways {
        let ranked = couriers(&subject.study.outcomes_of(way, subject.base));
        for (rank, (kept, day, group)) in ranked.iter().enumerate().take(COURIERS_NAMED) {
            let place = format!("number {} of {}", rank + 1, ranked.len());
            rows.push(vec![
                name(way),
                place,
                name(&group.name),
                name(day),
                group.promises.to_string(),
                percent(*kept),
            ]);
        }
        for (share, words) in [
            (10, "one in ten keeps at most"),
            (50, "half of them keep at most"),
        ] {
            let rank = (ranked.len() * share).div_ceil(100);
            if let Some((kept, ..)) = rank.checked_sub(1).and_then(|at| ranked.get(at)) {
                let nothing = String::new;
                rows.push(vec![
                    name(way),
                    words.to_owned(),
                    nothing(),
                    nothing(),
                    nothing(),
                    percent(*kept),
                ]);
            }
        }
    }
    table(4, &heads, &rows)
}

/// How many days keep so many promises.
pub(super) fn days(subject: &Subject<'_>) -> Markup {
    let heads = [
        "stress",
        "way",
        "days with 95 % or more, %",
        "days with 98.1 % or more, %",
        "days with 99 % or more, %",
        "kept on 19 of 20 days, %",
        "kept on half of them, %",
    ];
    let mut rows = Vec::new();
    for stress in &subject.stresses {
        for way in &subject.ways {
            let outcomes = subject.study.outcomes_of(way, stress);
            if outcomes.is_empty() {
                continue;
            }
            let with = |rate: f64| format!("{:.1}", 100.0 * days_with(&outcomes, rate));
            rows.push(vec![
                name(stress),
                name(way),
                with(0.95),
                with(REFERENCE),
                with(0.99),
                reached_on(&outcomes, 5),
                reached_on(&outcomes, 50),
            ]);
        }
    }
    table(2, &heads, &rows)
}

/// The mean over days of a quantile, in percent.
fn reached_on(outcomes: &[&Outcome], quantile: usize) -> String {
    let rates = outcomes.iter().map(|outcome| outcome.day_rates[quantile]);
    percent(rates.sum::<f64>() / outcomes.len() as f64)
}

/// The days of the study.
pub(super) fn day_list(subject: &Subject<'_>) -> Markup {
    let rows = subject.study.definition.days.iter().map(|day| {
        let (orders, couriers) = (day.n_orders.to_string(), day.n_couriers.to_string());
        vec![
            name(&day.name),
            name(&day.path),
            day.digest.clone(),
            orders,
            couriers,
        ]
    });
    table(
        3,
        &[
            "day",
            "file",
            "SHA-256 of the problem",
            "orders",
            "couriers",
        ],
        &rows.collect::<Vec<_>>(),
    )
}

/// The stresses of the study.
pub(super) fn stress_list(subject: &Subject<'_>) -> Markup {
    let heads = [
        "stress",
        "spread",
        "travel times",
        "service times",
        "incidents",
        "delay at the start",
        "memory of traffic",
    ];
    let rows = subject.study.definition.stresses.iter().map(|stress| {
        let factors = [
            stress.spread,
            stress.travel,
            stress.service,
            stress.incidents,
            stress.start_delay,
            stress.memory,
        ];
        let factors = factors.map(|factor| format!("×{}", super::plot::trimmed(factor, 3)));
        let mut cells = vec![name(&stress.name)];
        cells.extend(factors);
        cells
    });
    table(1, &heads, &rows.collect::<Vec<_>>())
}
