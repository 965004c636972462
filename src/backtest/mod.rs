//! Recorded days, forecast as they could have been, beside what came of them: whether forecasts can be believed.
//!
//! Knows histories, forecasts and their calibration; nothing of plans, files or the wire.
//!
//! A promise counts as kept if service began by its last moment, plus grace. Forecasts are those of the morning, from what
//! had been planned, and of [`LEADS`] before each stop, from an actual departure on the way.

mod promise;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;

use crate::analysis::calibration::{
    Case, DayCase, DayJudgement, Judgement, MIN_DAYS, MIN_OUTCOMES, Rank, groups,
};
use crate::forecast::{forecast_recorded, forecast_recorded_ahead};
use crate::model::{ForecastOptions, History, RecordedRoute};
use crate::units::{Seconds, Timestamp};
use promise::Promise;

/// How long before a stop forecasts on the way are judged.
pub const LEADS: [Seconds; 3] = [Seconds(1_800), Seconds(3_600), Seconds(7_200)];

/// Whether forecasts agree with what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The morning's forecasts of all promises.
    pub overall: Judgement,
    /// The morning's forecasts of days' shares of kept promises.
    pub days: DayJudgement,
    /// Forecasts of all promises by when they were made: in the morning, then [`LEADS`] before, the longest first. Leads
    /// without any are left out.
    pub by_lead: Vec<Group>,
    /// The morning's forecasts by zone.
    pub by_zone: Vec<Group>,
    /// The morning's forecasts by promised window.
    pub by_slot: Vec<Group>,
    /// The morning's forecasts by courier.
    pub by_courier: Vec<Group>,
}

/// The forecasts of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they have in common: a zone, a courier, a promised window in UTC as in `08:00-10:00`, or when they were made.
    pub name: String,
    /// How they agree with what happened.
    pub judgement: Judgement,
}

/// What to make of a calibration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is too little to judge by.
    TooThin,
    /// Chances are so far off that somebody should look.
    Alarm,
    /// Nothing speaks against the forecasts.
    Sound,
}

impl Calibration {
    /// What to make of it: by the morning's forecasts of all promises alone. Of many couriers or zones, some look biased by
    /// chance, and lasting differences between couriers that the noise model does not know look like bias, too.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.overall.recalibration {
            correction if !correction.is_judged => Standing::TooThin,
            correction if correction.is_alarming() => Standing::Alarm,
            _ => Standing::Sound,
        }
    }
}

impl fmt::Display for Calibration {
    /// The standing with its reason, in a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reliability = &self.overall.reliability;
        let [predicted, happened] =
            [reliability.predicted, reliability.happened].map(|share| 100.0 * share);
        let correction = &self.overall.recalibration;
        match self.standing() {
            Standing::TooThin => write!(
                f,
                "The history is too thin to judge forecasts by: {} promises of {} days, and it takes {MIN_OUTCOMES} of \
                 {MIN_DAYS}.",
                reliability.n, reliability.n_days
            ),
            Standing::Alarm => write!(
                f,
                "Forecasts do not agree with what happened: {predicted:.2} % of promises were expected to be kept, \
                 {happened:.2} % were, and the log-odds of a chance p should be {:.2} + {:.2} logit(p).",
                correction.intercept, correction.slope
            ),
            Standing::Sound => write!(
                f,
                "Forecasts agree with what happened: {predicted:.2} % of promises were expected to be kept, {happened:.2} % \
                 were."
            ),
        }
    }
}

/// Forecasts the days of `history` and judges the forecasts; `None` if nothing was promised, or once it `is_unwanted`.
///
/// Runs in the caller's rayon pool; the answer depends on the arguments alone.
///
/// Shape: time in proportion to promises times scenarios; memory for the scenarios of one day.
#[must_use]
pub fn calibrate(
    history: &History,
    options: &ForecastOptions,
    is_unwanted: &dyn Fn() -> bool,
) -> Option<Calibration> {
    let (mut days, mut morning) = (Vec::new(), Vec::new());
    let mut ahead = [const { Vec::new() }; LEADS.len()];
    for routes in by_day(history).values() {
        if is_unwanted() {
            return None;
        }
        let (day, promises) = this_morning(routes, options);
        days.extend(day);
        morning.extend(promises);
        for (lead, found) in LEADS.iter().zip(&mut ahead) {
            let forecast = forecast_recorded_ahead(routes, options, *lead);
            found.extend(promise::read(routes, &forecast, options.grace));
        }
    }
    let leads = LEADS.iter().zip(&ahead).rev();
    let leads = leads.map(|(lead, found)| (format!("{} minutes before", lead.0 / 60), &found[..]));
    let by_lead = [("morning".to_owned(), &morning[..])]
        .into_iter()
        .chain(leads);
    Some(Calibration {
        overall: judge(&morning)?,
        days: DayJudgement::of(&days)?,
        by_lead: by_lead
            .filter_map(|(name, promises)| {
                let judgement = judge(promises)?;
                Some(Group { name, judgement })
            })
            .collect(),
        by_zone: by(&morning, |promise| promise.zone.as_str()),
        by_slot: by(&morning, |promise| promise.slot),
        by_courier: by(&morning, |promise| promise.courier.as_str()),
    })
}

fn by_day(history: &History) -> BTreeMap<Timestamp, Vec<&RecordedRoute>> {
    let mut days: BTreeMap<Timestamp, Vec<&RecordedRoute>> = BTreeMap::new();
    for route in &history.routes {
        days.entry(route.day).or_default().push(route);
    }
    days
}

/// The morning's forecasts of `routes`, all of one day.
fn this_morning<'a>(
    routes: &[&'a RecordedRoute],
    options: &ForecastOptions,
) -> (Option<DayCase>, Vec<Promise<'a>>) {
    let forecast = forecast_recorded(routes, options);
    let promises = promise::read(routes, &forecast.promises, options.grace);
    (day_case(&promises, &forecast.kept), promises)
}

/// The share of promises kept on a day, of which `kept` were in each scenario; `None` if nothing was promised.
fn day_case(promises: &[Promise<'_>], kept: &[u32]) -> Option<DayCase> {
    let day = promises.first()?.case.outcome.day;
    let n = promises.len() as f64;
    let mut shares: Vec<f64> = kept.iter().map(|kept| f64::from(*kept) / n).collect();
    shares.sort_unstable_by(f64::total_cmp);
    let n_kept = promises
        .iter()
        .filter(|promise| promise.case.outcome.happened);
    let happened = n_kept.count() as f64 / n;
    Some(DayCase {
        predicted: shares.iter().sum::<f64>() / shares.len() as f64,
        happened,
        rank: Rank::of(day, &shares, happened),
    })
}

fn judge(promises: &[Promise<'_>]) -> Option<Judgement> {
    let cases: Vec<Case> = promises.iter().map(|promise| promise.case).collect();
    Judgement::of(&cases)
}

/// The groups that `key` makes of promises.
fn by<'a, K: Ord + Send + ToString>(
    promises: &[Promise<'a>],
    key: impl Fn(&Promise<'a>) -> K,
) -> Vec<Group> {
    let groups = groups(promises, key).into_par_iter();
    let judged = groups.filter_map(|(key, promises)| {
        let judgement = judge(&promises)?;
        let name = key.to_string();
        Some(Group { name, judgement })
    });
    judged.collect()
}
