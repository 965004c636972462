//! The first sentence of a report: which way would have kept more promises, and at what cost.

use super::{REFERENCE, Subject, percent, points, shown};
use crate::analysis::study::{Comparison, Contrast};

/// Longest name in a sentence.
const NAME_MAX: usize = 60;

/// The answer, and what it rests on, in sentences.
pub(super) fn answer(subject: &Subject<'_>) -> String {
    let Some(first) = subject.first(subject.base) else {
        return "Nothing has been tried out yet.".to_owned();
    };
    let name = shown(subject.ways[0], NAME_MAX);
    let base = format!("“{name}” keeps {} % of promises", percent(first.kept));
    let of_base: Vec<&Comparison> = subject
        .comparisons
        .iter()
        .filter(|found| found.stress == subject.base && found.n_days > 0)
        .collect();
    if of_base.is_empty() {
        return format!(
            "{base}; there is no other way to compare it with. {}",
            reached(first.kept)
        );
    }
    let Some(best) = best(&of_base, 100.0 * first.kept) else {
        return format!(
            "No other way would have kept more promises: {base}. {}",
            reached(first.kept)
        );
    };
    let kept = first.kept + best.kept.mean / 100.0;
    let couriers = match best.couriers.mean {
        mean if mean.abs() < 0.005 => "as many couriers".to_owned(),
        mean if mean > 0.0 => format!("{mean:.2} more couriers a day"),
        mean => format!("{:.2} fewer couriers a day", -mean),
    };
    format!(
        "“{}” would have kept more promises: {} % instead of {} % with “{name}” ({} points{}), at a cost {}{}, {} on the \
         way and {couriers}. {} {}",
        shown(&best.way, NAME_MAX),
        percent(kept),
        percent(first.kept),
        points(best.kept.mean, ""),
        interval(&best.kept),
        higher(best.cost.mean),
        match best.cost.estimate {
            Some(_) => format!(" ({})", interval(&best.cost).trim_start_matches(", ")),
            None => String::new(),
        },
        longer(best.driving.mean),
        surety(best),
        reached(kept),
    )
}

/// The cheapest of the ways that keep more promises than the first and reach the reference, or else the one that keeps
/// most.
fn best<'a>(comparisons: &[&'a Comparison], base: f64) -> Option<&'a Comparison> {
    let better = comparisons
        .iter()
        .copied()
        .filter(|found| found.kept.mean > 0.0);
    let better: Vec<&Comparison> = better.collect();
    let reaches = |found: &&&Comparison| base + found.kept.mean >= 100.0 * REFERENCE;
    let cheapest = better
        .iter()
        .filter(reaches)
        .min_by(|a, b| a.cost.mean.total_cmp(&b.cost.mean));
    let most = better
        .iter()
        .max_by(|a, b| a.kept.mean.total_cmp(&b.kept.mean));
    cheapest.or(most).copied()
}

fn interval(contrast: &Contrast) -> String {
    contrast.estimate.map_or_else(String::new, |found| {
        format!(
            ", 95 % interval {} to {}",
            points(found.low, ""),
            points(found.high, "")
        )
    })
}

fn higher(percent: f64) -> String {
    match percent {
        same if same.abs() < 0.005 => "that is the same".to_owned(),
        more if more > 0.0 => format!("{more:.2} % higher"),
        less => format!("{:.2} % lower", -less),
    }
}

fn longer(percent: f64) -> String {
    match percent {
        same if same.abs() < 0.005 => "as much time".to_owned(),
        more if more > 0.0 => format!("{more:.2} % more time"),
        less => format!("{:.2} % less time", -less),
    }
}

/// How sure it is that more promises are kept.
fn surety(best: &Comparison) -> String {
    let (wins, n_days) = (best.kept.wins, best.n_days);
    let Some(found) = best.kept.estimate else {
        return "This is one day alone, which says nothing about others.".to_owned();
    };
    let days = format!("It keeps more on {wins} of {n_days} days");
    if found.low > 0.0 {
        format!("{days}.")
    } else {
        format!("{days}, and the difference may be chance.")
    }
}

fn reached(kept: f64) -> String {
    let does = if kept >= REFERENCE {
        "reaches"
    } else {
        "does not reach"
    };
    format!(
        "That {does} the {} % that a grocer reported.",
        percent_short()
    )
}

fn percent_short() -> String {
    super::plot::trimmed(100.0 * REFERENCE, 1)
}
