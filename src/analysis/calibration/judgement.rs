//! All that forecasts of one group are judged by, in one place.

use super::{
    BANDS, Coverage, Histogram, Outcome, Rank, Recalibration, Reliability, by_day, margin,
};

/// One forecast of a moment that was promised, with what came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// The chance that the promise would be kept, and whether it was.
    pub outcome: Outcome,
    /// Where the actual moment lies among those forecast.
    pub rank: Rank,
    /// The continuous ranked probability score of the moment.
    pub crps: f64,
}

/// How forecasts of one group agree with what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Of the chances.
    pub reliability: Reliability,
    /// What would have to be done to the chances.
    pub recalibration: Recalibration,
    /// Of the moments.
    pub histogram: Histogram,
    /// Bands around the middle moment, one for each of [`BANDS`].
    pub coverage: Vec<Coverage>,
    /// Mean continuous ranked probability score, in the unit of the moments.
    pub crps: f64,
}

impl Judgement {
    /// Judges `cases`; `None` of nothing.
    #[must_use]
    pub fn of(cases: &[Case]) -> Option<Self> {
        let outcomes: Vec<Outcome> = cases.iter().map(|case| case.outcome).collect();
        let ranks: Vec<Rank> = cases.iter().map(|case| case.rank).collect();
        Some(Self {
            reliability: Reliability::of(&outcomes)?,
            recalibration: Recalibration::of(&outcomes),
            histogram: Histogram::of(&ranks)?,
            coverage: coverage(&ranks),
            crps: cases.iter().map(|case| case.crps).sum::<f64>() / cases.len() as f64,
        })
    }
}

/// The share of promises that one day was forecast to keep, and the one that it kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayCase {
    /// Expected share.
    pub predicted: f64,
    /// Actual share.
    pub happened: f64,
    /// Where the actual share lies among those forecast.
    pub rank: Rank,
}

/// How forecasts of days' shares agree with what happened: what promises of a day have in common shows here first.
#[derive(Clone, Debug, PartialEq)]
pub struct DayJudgement {
    /// Days judged.
    pub n: usize,
    /// Mean of the expected shares.
    pub predicted: f64,
    /// Mean of the actual shares.
    pub happened: f64,
    /// Mean of how far the two are apart on a day.
    pub apart: f64,
    /// Half the width of the 95 % interval of the mean difference; `None` of one day.
    pub margin: Option<f64>,
    /// Where the actual shares lie.
    pub histogram: Histogram,
    /// Bands around the middle share, one for each of [`BANDS`].
    pub coverage: Vec<Coverage>,
}

impl DayJudgement {
    /// Judges `days`; `None` of nothing.
    #[must_use]
    pub fn of(days: &[DayCase]) -> Option<Self> {
        let ranks: Vec<Rank> = days.iter().map(|day| day.rank).collect();
        let n = days.len() as f64;
        let mean = |value: &dyn Fn(&DayCase) -> f64| days.iter().map(value).sum::<f64>() / n;
        let gaps = (0..).zip(days.iter().map(|day| day.happened - day.predicted));
        Some(Self {
            n: days.len(),
            histogram: Histogram::of(&ranks)?,
            predicted: mean(&|day| day.predicted),
            happened: mean(&|day| day.happened),
            apart: mean(&|day| (day.happened - day.predicted).abs()),
            margin: margin(&by_day(gaps)),
            coverage: coverage(&ranks),
        })
    }
}

fn coverage(ranks: &[Rank]) -> Vec<Coverage> {
    let bands = BANDS.iter();
    bands
        .filter_map(|&band| Coverage::of(ranks, band))
        .collect()
}
