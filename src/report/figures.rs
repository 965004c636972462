//! The plots of a report, each from the study.

use maud::{Markup, html};

use super::measure::{Share, class_name, couriers, days_with, hours, reliability};
use super::plot::{Axis, Mark, Panel, Scale, trimmed};
use super::{REFERENCE, Subject, percent, points};
use crate::analysis::study::{Comparison, Contrast, frontiers};

/// Width of a plot that stands alone.
const WIDE: f64 = 720.0;
/// Width of one of several.
const NARROW: f64 = 352.0;
/// Points of a line: more cannot be seen.
const LINE_POINTS: usize = 120;

/// A panel for each stress, side by side.
fn panels(subject: &Subject<'_>, panel: impl Fn(&str, f64) -> Panel) -> Markup {
    let stresses = &subject.study.definition.stresses;
    let width = if stresses.len() > 1 { NARROW } else { WIDE };
    html! {
        (subject.legend())
        div.panels { @for stress in stresses { (panel(&stress.name, width).draw()) } }
    }
}

pub(super) fn label(words: &str, scale: Scale) -> Axis {
    Axis {
        label: words.to_owned(),
        scale,
        ticks: None,
    }
}

/// The grocer's rate as a line across, upright.
fn reference(low: f64, high: f64) -> Mark {
    let at = 100.0 * REFERENCE;
    Mark::Reference {
        from: (at, low),
        to: (at, high),
        words: format!("{} %", trimmed(at, 1)),
    }
}

/// The ends of an axis that shows `values` with some room.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return (0.0, 1.0);
    }
    let room = (0.06 * (high - low)).max(0.1);
    (low - room, high + room)
}

/// A way in the frontier plot.
struct Place {
    series: usize,
    kept: (f64, Option<(f64, f64)>),
    cost: (f64, Option<(f64, f64)>),
}

/// Where ways stand: promises kept, in percent, and how much more they cost than the first way, in percent.
fn places(subject: &Subject<'_>, stress: &str) -> Vec<Place> {
    let Some(first) = subject.first(stress) else {
        return Vec::new();
    };
    let base = 100.0 * first.kept;
    let error = 100.0 * first.kept_error;
    let mut places = vec![Place {
        series: 0,
        kept: (base, Some((base - error, base + error))),
        cost: (0.0, None),
    }];
    let interval = |contrast: &Contrast, base: f64| {
        contrast
            .estimate
            .map(|found| (base + found.low, base + found.high))
    };
    for (series, name) in subject.ways.iter().enumerate().skip(1) {
        let compared = subject
            .comparisons
            .iter()
            .find(|found| found.way == *name && found.stress == stress);
        if let Some(found) = compared.filter(|found| found.n_days > 0) {
            places.push(Place {
                series,
                kept: (base + found.kept.mean, interval(&found.kept, base)),
                cost: (found.cost.mean, interval(&found.cost, 0.0)),
            });
        }
    }
    places
}

/// Cost against promises kept.
pub(super) fn frontier(subject: &Subject<'_>) -> Markup {
    let all: Vec<Place> = subject
        .stresses
        .iter()
        .flat_map(|stress| places(subject, stress))
        .collect();
    let both = |value: &(f64, Option<(f64, f64)>)| {
        let (low, high) = value.1.unwrap_or((value.0, value.0));
        [value.0, low, high]
    };
    let kept = all
        .iter()
        .flat_map(|place| both(&place.kept))
        .chain([100.0 * REFERENCE]);
    let (x_low, x_high) = ends(kept);
    let (x_low, x_high) = (x_low.max(0.0), x_high.min(100.0));
    let (y_low, y_high) = ends(all.iter().flat_map(|place| both(&place.cost)));
    panels(subject, |stress, width| {
        let places = places(subject, stress);
        let mut marks = vec![reference(y_low, y_high)];
        for family in frontiers(subject.study) {
            let is_in = |way: &str| family.iter().any(|name| name == way);
            let members = places
                .iter()
                .filter(|place| is_in(subject.ways[place.series]));
            let mut points: Vec<(f64, f64)> =
                members.map(|place| (place.kept.0, place.cost.0)).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let series = subject.ways.iter().position(|way| is_in(way)).unwrap_or(0);
            marks.push(Mark::Line { series, points });
        }
        marks.extend(places.into_iter().map(|place| Mark::Point {
            series: place.series,
            at: (place.kept.0, place.cost.0),
            x_interval: place.kept.1,
            y_interval: place.cost.1,
            says: format!(
                "{}: {:.2} % kept, cost {}",
                subject.names[place.series],
                place.kept.0,
                points(place.cost.0, " %")
            ),
        }));
        Panel {
            title: stress_title(stress),
            x: label("promises kept, %", Scale::Linear(x_low, x_high)),
            y: label("cost above the first way, %", Scale::Linear(y_low, y_high)),
            marks,
            width,
            height: width * 0.3 + 180.0,
        }
    })
}

fn stress_title(stress: &str) -> String {
    super::shown(stress, 40)
}

/// What was predicted against what came of it.
pub(super) fn calibration(subject: &Subject<'_>) -> Markup {
    let (low, high) = (0.3, 0.9993);
    panels(subject, |stress, width| {
        let mut marks = vec![Mark::Reference {
            from: (low, low),
            to: (high, high),
            words: String::new(),
        }];
        for (series, way) in subject.ways.iter().enumerate() {
            let classes = reliability(&subject.study.outcomes_of(way, stress));
            let points = classes
                .iter()
                .map(|class| (class.predicted, class.kept.mean));
            marks.push(Mark::Line {
                series,
                points: points.collect(),
            });
            marks.extend(classes.iter().map(|class| Mark::Point {
                series,
                at: (class.predicted, class.kept.mean),
                x_interval: None,
                y_interval: class.kept.interval,
                says: format!(
                    "{}, predicted {} %: {} % of {} promises kept",
                    subject.names[series],
                    class_name(class.number),
                    percent(class.kept.mean),
                    class.kept.n
                ),
            }));
        }
        Panel {
            title: stress_title(stress),
            x: label("predicted chance, %", Scale::Logit(low, high)),
            y: label("kept, %", Scale::Logit(low, high)),
            marks,
            width: width.min(520.0),
            height: width.min(520.0) * 0.7 + 70.0,
        }
    })
}

/// Promises kept by the hour in which the promised time begins.
pub(super) fn by_hour(subject: &Subject<'_>) -> Markup {
    let of_ways = subject
        .ways
        .iter()
        .map(|way| hours(&subject.study.outcomes_of(way, subject.base)));
    let of_ways: Vec<_> = of_ways.collect();
    let names: std::collections::BTreeSet<&String> =
        of_ways.iter().flat_map(|hours| hours.keys()).collect();
    let names: Vec<&String> = names.into_iter().collect();
    let ticks = names
        .iter()
        .enumerate()
        .map(|(at, name)| (at as f64, super::shown(name, 8)));
    let least = of_ways.iter().flat_map(|hours| hours.values());
    let least = least
        .map(|share| share.interval.map_or(share.mean, |(low, _)| low))
        .fold(1.0, f64::min);
    let step = 0.5 / subject.ways.len().max(1) as f64;
    let mut marks = Vec::new();
    for (series, hours) in of_ways.iter().enumerate() {
        // Side by side, so that intervals do not cover each other.
        let shift = step * (series as f64 - 0.5 * (subject.ways.len() - 1) as f64);
        let found: Vec<(f64, &String, &Share)> = names
            .iter()
            .enumerate()
            .filter_map(|(at, name)| Some((at as f64 + shift, *name, hours.get(*name)?)))
            .collect();
        let points = found.iter().map(|(at, _, share)| (*at, 100.0 * share.mean));
        marks.push(Mark::Line {
            series,
            points: points.collect(),
        });
        marks.extend(found.iter().map(|(at, name, share)| {
            Mark::Point {
                series,
                at: (*at, 100.0 * share.mean),
                x_interval: None,
                y_interval: share
                    .interval
                    .map(|(low, high)| (100.0 * low, 100.0 * high)),
                says: format!(
                    "{}, {}: {} % of {} promises kept",
                    subject.names[series],
                    super::shown(name, 8),
                    percent(share.mean),
                    share.n
                ),
            }
        }));
    }
    let panel = Panel {
        title: stress_title(subject.base),
        x: Axis {
            label: "hour of the day in which the promised time begins".to_owned(),
            scale: Scale::Linear(-0.6, names.len() as f64 - 0.4),
            ticks: Some(ticks.collect()),
        },
        y: label(
            "promises kept, %",
            Scale::Linear((100.0 * least - 1.0).max(0.0), 100.0),
        ),
        marks,
        width: WIDE,
        height: 320.0,
    };
    html! { (subject.legend()) (panel.draw()) }
}

/// Couriers in the order of what they keep.
pub(super) fn by_courier(subject: &Subject<'_>) -> Markup {
    let mut least = 1.0_f64;
    let mut marks = Vec::new();
    for (series, way) in subject.ways.iter().enumerate() {
        let ranked = couriers(&subject.study.outcomes_of(way, subject.base));
        least = ranked.first().map_or(least, |(kept, ..)| least.min(*kept));
        let share = |rank: usize| 100.0 * (rank as f64 + 0.5) / ranked.len() as f64;
        let every = ranked.len().div_ceil(LINE_POINTS).max(1);
        let shown = ranked
            .iter()
            .enumerate()
            .filter(|(rank, _)| rank % every == 0 || rank + 1 == ranked.len());
        let line: Vec<(f64, f64)> = shown
            .map(|(rank, (kept, ..))| (share(rank), 100.0 * kept))
            .collect();
        marks.push(Mark::Line {
            series,
            points: line,
        });
        let worst = ranked.iter().enumerate().take(3);
        marks.extend(worst.map(|(rank, (kept, day, group))| Mark::Point {
            series,
            at: (share(rank), 100.0 * kept),
            x_interval: None,
            y_interval: None,
            says: format!(
                "{}, {}, {}: {} % of {} promises kept",
                subject.names[series],
                super::shown(day, 24),
                super::shown(&group.name, 24),
                percent(*kept),
                group.promises
            ),
        }));
    }
    let panel = Panel {
        title: stress_title(subject.base),
        x: label(
            "couriers on all days, from the one who keeps least, %",
            Scale::Linear(0.0, 100.0),
        ),
        y: label(
            "promises kept, %",
            Scale::Linear((100.0 * least - 1.0).max(0.0), 100.0),
        ),
        marks,
        width: WIDE,
        height: 320.0,
    };
    html! { (subject.legend()) (panel.draw()) }
}

/// How many simulated days keep so many promises.
pub(super) fn days(subject: &Subject<'_>) -> Markup {
    let lowest = subject
        .study
        .outcomes
        .iter()
        .filter_map(|outcome| outcome.day_rates.get(1).copied());
    let low = lowest.fold(REFERENCE - 0.02, f64::min).max(0.0);
    panels(subject, |stress, width| {
        let mut marks = vec![reference(0.0, 100.0)];
        for (series, way) in subject.ways.iter().enumerate() {
            let outcomes = subject.study.outcomes_of(way, stress);
            if outcomes.is_empty() {
                continue;
            }
            let rates =
                (0..=LINE_POINTS).map(|step| low + (1.0 - low) * step as f64 / LINE_POINTS as f64);
            let points: Vec<(f64, f64)> = rates
                .map(|rate| (100.0 * rate, 100.0 * days_with(&outcomes, rate)))
                .collect();
            let at = (100.0 * REFERENCE, 100.0 * days_with(&outcomes, REFERENCE));
            marks.push(Mark::Line { series, points });
            marks.push(Mark::Point {
                series,
                at,
                x_interval: None,
                y_interval: None,
                says: format!(
                    "{}: at least 98.1 % on {:.1} % of days",
                    subject.names[series], at.1
                ),
            });
        }
        Panel {
            title: stress_title(stress),
            x: label(
                "promises kept on one day, at least, %",
                Scale::Linear(100.0 * low, 100.0),
            ),
            y: label("days, %", Scale::Linear(0.0, 100.0)),
            marks,
            width,
            height: width * 0.2 + 210.0,
        }
    })
}

/// Differences from the first way, one row for each way and stress.
pub(super) fn differences(subject: &Subject<'_>) -> Markup {
    let kept: fn(&Comparison) -> &Contrast = |found| &found.kept;
    let cost: fn(&Comparison) -> &Contrast = |found| &found.cost;
    let figures = [
        ("Promises kept: right is better", "points", kept),
        ("Cost: left is better", "%", cost),
    ];
    html! {
        div.panels {
            @for (title, unit, figure) in figures { (difference_panel(subject, title, unit, figure).draw()) }
        }
    }
}

fn difference_panel(
    subject: &Subject<'_>,
    title: &str,
    unit: &str,
    figure: fn(&Comparison) -> &Contrast,
) -> Panel {
    let rows: Vec<&Comparison> = subject
        .comparisons
        .iter()
        .filter(|found| found.n_days > 0)
        .collect();
    let n = rows.len() as f64;
    let values = rows.iter().flat_map(|found| {
        let contrast = figure(found);
        let (low, high) = contrast
            .estimate
            .map_or((contrast.mean, contrast.mean), |found| {
                (found.low, found.high)
            });
        [low, high]
    });
    let (low, high) = ends(values.chain([0.0]));
    let names = rows.iter().enumerate().map(|(at, found)| {
        (
            at as f64,
            format!(
                "{} · {}",
                super::shown(&found.stress, 14),
                super::shown(&found.way, 14)
            ),
        )
    });
    let mut marks = vec![Mark::Reference {
        from: (0.0, n),
        to: (0.0, -1.0),
        words: String::new(),
    }];
    marks.extend(rows.iter().enumerate().map(|(at, found)| {
        let contrast = figure(found);
        Mark::Point {
            series: subject
                .ways
                .iter()
                .position(|way| **way == found.way)
                .unwrap_or(0),
            at: (contrast.mean, at as f64),
            x_interval: contrast.estimate.map(|found| (found.low, found.high)),
            y_interval: None,
            says: format!(
                "{}, {}: {}",
                super::shown(&found.stress, 24),
                super::shown(&found.way, 24),
                points(contrast.mean, "")
            ),
        }
    }));
    Panel {
        title: title.to_owned(),
        x: label(unit, Scale::Linear(low, high)),
        y: Axis {
            label: String::new(),
            scale: Scale::Linear(n - 0.4, -0.6),
            ticks: Some(names.collect()),
        },
        marks,
        width: NARROW,
        height: 18.0f64.mul_add(n, 96.0),
    }
}
