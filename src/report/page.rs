//! The report as one HTML page.

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

use super::answer::answer;
use super::{Subject, figures, shown, tables};
use crate::analysis::study::{Settings, Study, Way, WaySource};

/// The page: complete in itself, for screens, light and dark, and for paper.
#[must_use]
pub fn html(study: &Study) -> String {
    let subject = Subject::new(study);
    let body = markup! {
        h1 { "Ways to plan compared" }
        p.answer { (answer(&subject)) }
        p.facts { (facts(study)) }
        @if !study.outcomes.is_empty() { (sections(&subject)) }
        (reproduce(&subject))
    };
    document("Ways to plan compared: promises kept and cost", &body)
}

/// A page with the style of all reports.
pub(super) fn document(title: &str, body: &Markup) -> String {
    let document = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("report.css"))) }
            }
            body { (body) }
        }
    };
    document.into_string()
}

/// How much was tried out.
fn facts(study: &Study) -> Markup {
    let definition = &study.definition;
    let n_orders: usize = definition.days.iter().map(|day| day.n_orders).sum();
    let n_all = definition.days.len() * definition.ways.len() * definition.stresses.len();
    markup! {
        (counted(definition.days.len(), "day")) " with " (counted(n_orders, "order")) ", planned in "
        (counted(definition.ways.len(), "way")) "; every plan tried out on " (definition.scenarios)
        " simulated days under each of " (counted(definition.stresses.len(), "stress")) "."
        @if !study.is_finished() {
            " " strong { "The study is not finished: " (study.outcomes.len()) " of " (n_all) " results are there." }
        }
    }
}

pub(super) fn counted(count: usize, noun: &str) -> String {
    let ending = match (count, noun.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {noun}{ending}")
}

/// A question, a plot, the sentence that explains it, and the numbers.
pub(super) fn section(title: &str, says: &str, figure: &Markup, numbers: &Markup) -> Markup {
    markup! {
        section {
            h2 { (title) }
            p { (says) }
            (figure)
            (numbers)
        }
    }
}

/// What ways come to and how they differ.
fn sections(subject: &Subject<'_>) -> Markup {
    let first = subject.names.first().map_or("", String::as_str);
    let none = markup! {};
    markup! {
        (section(
            "What do more promises cost?",
            &format!(
                "Each point is a way to plan, better the further right and the lower; the dashed line is the 98.1 % that a \
                 grocer reported. “{first}” has the error of simulating, the others the 95 % interval, over days, of their \
                 difference from it; ways that differ by their target alone are joined."
            ),
            &figures::frontier(subject),
            &tables::overview(subject),
        ))
        @if subject.ways.len() > 1 {
            (section(
                "How sure are the differences?",
                &format!(
                    "Differences from “{first}” on the same days: a bar that does not cross the dashed line is a difference \
                     that days like these would show again (95 % intervals over days, p-values adjusted by Holm's rule)."
                ),
                &figures::differences(subject),
                &tables::differences(subject),
            ))
        }
        @if let Some(rows) = tables::equal_terms(subject) {
            (section(
                "What do other ways come to on equal terms?",
                "Ways that differ by their target alone form a frontier: the others are compared with it where it keeps as \
                 many promises, and where it costs as much.",
                &none,
                &rows,
            ))
        }
        (promise_sections(subject))
    }
}

/// Which promises are kept, and whether that was to be foreseen.
fn promise_sections(subject: &Subject<'_>) -> Markup {
    let base = shown(subject.base, 40);
    markup! {
        (section(
            "How many promises does a day keep?",
            "The higher a line, the more days keep at least as many promises as stand below it; at the dashed line, 98.1 %.",
            &figures::days(subject),
            &tables::days(subject),
        ))
        (section(
            "Can predicted chances be believed?",
            "Promises are sorted by their predicted chance; on the dashed line, exactly as many are kept as predicted, below \
             it fewer. Predictions know of no stress; axes are stretched towards 100 %, points at an edge may lie beyond it, \
             bars are 95 % intervals over days.",
            &figures::calibration(subject),
            &tables::calibration(subject),
        ))
        @if let Some(rows) = tables::optimism_rows(subject) {
            (section(
                "Do plans for a target promise too much?",
                "A plan is fitted to the simulated days that it was made for; what it keeps less of on others is its optimism.",
                &markup! {},
                &rows,
            ))
        }
        (section(
            "At what hour are promises broken?",
            &format!("The share of promises kept, by the hour in which the promised time begins, under “{base}”; bars are 95 % \
                intervals over days."),
            &figures::by_hour(subject),
            &tables::by_hour(subject),
        ))
        (section(
            "Do some couriers keep fewer than others?",
            &format!("All couriers of all days in the order of what they keep, under “{base}”, the three who keep least with \
                a mark: a line that drops at its left end means that a few routes break most promises."),
            &figures::by_courier(subject),
            &tables::by_courier(subject),
        ))
    }
}

/// How all of it is made again.
fn reproduce(subject: &Subject<'_>) -> Markup {
    let study = subject.study;
    let definition = &study.definition;
    markup! {
        section {
            h2 { "How to make this again" }
            p {
                "A promise is kept if service starts by the last moment of its window, plus the grace of the noise model; an early \
                 courier waits. An order that is left out is a promise not kept. Shares are expectations over simulated \
                 days, the same days for all ways."
            }
            p {
                "Made by Punctual " (shown(&study.punctual, 40)) " with " (definition.scenarios) " simulated days, seed "
                (definition.seed) ", noise "
                @if definition.noise.is_some() { "of a model of its own (below)" } @else { "with built-in values" }
                ". With the file of the study, " code { "punctual bench study --definition study.json --output again.json" }
                " makes it again: the same figures if the iterations of the searches, not their time, are limited."
            }
            h3 { "Days" }
            (tables::day_list(subject))
            h3 { "Ways" }
            ul { @for way in &definition.ways { li { b { (shown(&way.name, 60)) } ": " (source(way)) } } }
            h3 { "Stresses, as factors on the noise" }
            (tables::stress_list(subject))
            @if let Some(noise) = &definition.noise {
                h3 { "Noise model" }
                pre { (format!("{noise:#}")) }
            }
        }
    }
}

/// Where the plans of a way come from.
fn source(way: &Way) -> String {
    let settings = match &way.source {
        WaySource::Given { path } => return format!("plans made elsewhere, {}", shown(path, 120)),
        WaySource::Planned(settings) => settings,
    };
    let Settings {
        time_ms,
        iterations,
        on_time_percent,
        floor_percent,
        fleet_first,
        seed,
    } = settings;
    let mut parts = Vec::new();
    parts.extend(time_ms.map(|time| format!("{} s for each search", time as f64 / 1_000.0)));
    parts.extend(iterations.map(|iterations| format!("{iterations} iterations")));
    parts.push(on_time_percent.map_or_else(
        || "planned as if nothing varied".to_owned(),
        |target| format!("planned to keep {target} % of promises"),
    ));
    parts.extend(floor_percent.map(|floor| format!("every promise kept on {floor} % of days")));
    parts.extend(fleet_first.then(|| "few couriers before low cost".to_owned()));
    parts.push(format!("seed {seed}"));
    parts.join(", ")
}
