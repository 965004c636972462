//! The page of a calibration: whether forecasts can be believed.

use maud::{Markup, html};

use super::figures::label;
use super::page::{counted, document, section};
use super::plot::{Mark, Panel, Scale, trimmed};
use super::{percent, shown};
use crate::analysis::calibration::{Bin, Bounds, Coverage, Histogram, Judgement};
use crate::backtest::{Calibration, Group};

/// Width and height of a plot.
const SIZE: (f64, f64) = (520.0, 434.0);

/// The page: complete in itself, for screens, light and dark, and for paper. `made` tells in a sentence how the forecasts
/// were made.
#[must_use]
pub fn calibration_html(calibration: &Calibration, made: &str) -> String {
    let overall = &calibration.overall;
    let body = html! {
        h1 { "Can forecasts be believed?" }
        p.answer { (calibration.to_string()) }
        p.facts {
            (counted(overall.reliability.n, "promise")) " of " (counted(overall.reliability.n_days, "day")) ". "
            (shown(made, 400))
        }
        (section(
            "Are chances what they say?",
            "Promises are sorted by the chance that the morning's forecast gave them; on the dashed line, exactly as many are \
             kept as predicted, below it fewer. Bars are 95 % intervals over days; axes are stretched towards 100 %, points \
             at an edge may lie beyond it.",
            &diagram(overall),
            &bins(overall),
        ))
        (section(
            "Are arrivals and days where they were expected?",
            "Of the actual arrivals, and of the days' shares of kept promises, one tenth each should lie in every tenth of \
             those forecast, and bands around the middle should hold what they state. Many at both ends means that forecasts \
             are too sure.",
            &tenths(calibration),
            &bands(calibration),
        ))
        @for (title, groups) in [
            ("When were they forecast?", &calibration.by_lead),
            ("Where?", &calibration.by_zone),
            ("For what promised window (UTC)?", &calibration.by_slot),
            ("Who drove?", &calibration.by_courier),
        ] {
            section { h2 { (title) } (group_table(groups)) }
        }
    };
    document("Can forecasts be believed?", &body)
}

fn ends(bounds: Bounds) -> (f64, f64) {
    (bounds.low, bounds.high)
}

/// The interval over days where it is one; all promises alike leave none.
fn interval(bin: &Bin) -> Bounds {
    bin.by_days
        .filter(|bounds| bounds.low < bounds.high)
        .unwrap_or(bin.wilson)
}

fn diagram(judgement: &Judgement) -> Markup {
    let (low, high) = (0.3, 0.9993);
    let bins = &judgement.reliability.bins;
    let points = bins.iter().map(|bin| (bin.predicted, bin.happened));
    let mut marks = vec![
        Mark::Reference {
            from: (low, low),
            to: (high, high),
            words: String::new(),
        },
        Mark::Line {
            series: 0,
            points: points.collect(),
        },
    ];
    marks.extend(bins.iter().map(|bin| Mark::Point {
        series: 0,
        at: (bin.predicted, bin.happened),
        x_interval: None,
        y_interval: Some(ends(interval(bin))),
        says: format!(
            "predicted {} %: {} % of {} promises kept",
            percent(bin.predicted),
            percent(bin.happened),
            bin.n
        ),
    }));
    let panel = Panel {
        title: "Promises kept by predicted chance".to_owned(),
        x: label("predicted chance, %", Scale::Logit(low, high)),
        y: label("kept, %", Scale::Logit(low, high)),
        marks,
        width: SIZE.0,
        height: SIZE.1,
    };
    panel.draw()
}

fn range(bounds: Option<Bounds>) -> String {
    bounds.map_or_else(String::new, |bounds| {
        format!("{} to {}", percent(bounds.low), percent(bounds.high))
    })
}

fn bins(judgement: &Judgement) -> Markup {
    let edge = |share: f64| trimmed(100.0 * share, 1);
    html! {
        div.scroll { table {
            thead { tr {
                th { "forecast, %" } th.n { "promises" } th.n { "predicted, %" } th.n { "kept, %" } th.n { "95 % interval" }
            } }
            tbody { @for bin in &judgement.reliability.bins { tr {
                td { (edge(bin.from)) " to " (edge(bin.to)) }
                td.n { (bin.n) } td.n { (percent(bin.predicted)) } td.n { (percent(bin.happened)) }
                td.n { (range(Some(interval(bin)))) }
            } } }
        } }
    }
}

/// Shares by tenth, of arrivals and of days.
fn tenths(calibration: &Calibration) -> Markup {
    let panel = |title: &str, histogram: &Histogram| {
        let middles = (0..).map(|number| f64::from(number) / 10.0 + 0.05);
        let points = middles.zip(histogram.shares);
        let highest = histogram.shares.iter().copied().fold(0.2, f64::max);
        Panel {
            title: title.to_owned(),
            x: label("place in the forecast", Scale::Linear(0.0, 1.0)),
            y: label("share", Scale::Linear(0.0, 1.1 * highest)),
            marks: vec![
                Mark::Reference {
                    from: (0.0, 0.1),
                    to: (1.0, 0.1),
                    words: String::new(),
                },
                Mark::Line {
                    series: 0,
                    points: points.collect(),
                },
            ],
            width: 352.0,
            height: 260.0,
        }
    };
    html! {
        div.panels {
            (panel("Arrivals", &calibration.overall.histogram).draw())
            (panel("Days' shares of kept promises", &calibration.days.histogram).draw())
        }
    }
}

fn bands(calibration: &Calibration) -> Markup {
    let held = |band: &Coverage| format!("{} ({})", percent(band.held), range(band.interval));
    let pairs = calibration
        .overall
        .coverage
        .iter()
        .zip(&calibration.days.coverage);
    html! {
        div.scroll { table {
            thead { tr { th.n { "band, %" } th.n { "arrivals held, %" } th.n { "days held, %" } } }
            tbody { @for (arrivals, days) in pairs { tr {
                td.n { (trimmed(100.0 * arrivals.stated, 1)) } td.n { (held(arrivals)) } td.n { (held(days)) }
            } } }
        } }
    }
}

fn group_table(groups: &[Group]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th { "" } th.n { "promises" } th.n { "predicted, %" } th.n { "kept, %" } th.n { "95 % interval" }
                th.n { "error, points" } th.n { "by chance" } th.n { "intercept" } th.n { "slope" }
            } }
            tbody { @for group in groups {
                @let reliability = &group.judgement.reliability;
                @let correction = &group.judgement.recalibration;
                tr {
                    td { (shown(&group.name, 60)) } td.n { (reliability.n) }
                    td.n { (percent(reliability.predicted)) } td.n { (percent(reliability.happened)) }
                    td.n { (range(reliability.happened_by_days)) } td.n { (percent(reliability.error)) }
                    td.n { (reliability.error_by_chance.map(percent).unwrap_or_default()) }
                    td.n { (format!("{:.2}", correction.intercept)) } td.n { (format!("{:.2}", correction.slope)) }
                }
            } }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::calibration::{Case, DayCase, DayJudgement, Outcome, Rank};

    fn sample(name: &str) -> Calibration {
        let rank = |day, happened| Rank::of(day, &[1.0, 2.0, 3.0], happened);
        let cases: Vec<Case> = (0..40_i64)
            .map(|number| Case {
                outcome: Outcome {
                    day: number % 4,
                    predicted: if number < 20 { 0.9 } else { 0.97 },
                    happened: number % 10 != 0,
                },
                rank: rank(number % 4, 2.0),
                crps: 1.0,
            })
            .collect();
        let day = |day| DayCase {
            predicted: 0.9,
            happened: 0.9,
            rank: rank(day, 1.5),
        };
        let judgement = Judgement::of(&cases).unwrap();
        let group = Group {
            name: name.to_owned(),
            judgement: judgement.clone(),
        };
        Calibration {
            overall: judgement,
            days: DayJudgement::of(&[day(0), day(1)]).unwrap(),
            by_lead: Vec::new(),
            by_zone: vec![group],
            by_slot: Vec::new(),
            by_courier: Vec::new(),
        }
    }

    #[test]
    fn a_page_shows_every_bin_and_is_complete_in_itself() {
        let page = calibration_html(&sample("north"), "Made so.");
        for words in [
            "too thin",
            "90 to 95",
            "95 to 98",
            "north",
            "Made so.",
            "40 promises of 4 days",
        ] {
            assert!(page.contains(words), "{words}");
        }
        assert_eq!(page.matches("<svg").count(), 3);
        assert!(!page.contains("<script") && !page.contains("http://"));
    }

    #[test]
    fn names_cannot_become_markup() {
        let page = calibration_html(&sample("<b>\u{202e}x"), "");
        assert!(page.contains("&lt;b&gt;\u{fffd}x"), "{page}");
    }
}
