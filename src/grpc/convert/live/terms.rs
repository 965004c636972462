//! The terms of a live day.

use crate::day::{AlertRules, LiveTerms, Rules};
use crate::grpc::convert::noise::{noise_message, read_noise};
use crate::grpc::convert::read::{At, Sink};
use crate::grpc::convert::scalar::{count, percent, span};
use crate::grpc::pb;
use crate::model::{DayId, Finding, NoiseModel, Reason};
use crate::promise::DayTerms;
use crate::units::{BasisPoints, Seconds};

/// Simulated days of each look: a multiple of the first, up to the second.
const SCENARIOS: (u32, u32) = (128, 2_048);

/// How a live day is to be followed.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveSource {
    /// Its id.
    pub id: DayId,
    /// On which terms.
    pub terms: LiveTerms,
    /// Whether its noise model is someone's own.
    pub is_calibrated: bool,
    /// Whether requests say what time it is.
    pub is_simulated: bool,
}

/// Reads the terms of a live day. What they do not say is as the day of promises has it, if it comes from one, or else as
/// `noise` and the defaults have it. Paths are from the terms down.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read_live_terms(
    terms: &pb::LiveDayTerms,
    promised: Option<&DayTerms>,
    noise: Option<&NoiseModel>,
) -> Result<LiveSource, Vec<Finding>> {
    let sink = Sink::default();
    let read = read(&At::root(&sink), terms, promised, noise);
    let found = sink.take();
    match read {
        Some(read) if found.is_empty() => Ok(read),
        _ => Err(found),
    }
}

fn read(
    at: &At<'_>,
    terms: &pb::LiveDayTerms,
    promised: Option<&DayTerms>,
    noise: Option<&NoiseModel>,
) -> Option<LiveSource> {
    let id = at.id("live_day_id", &terms.live_day_id, DayId::parse);
    let alerts = read_alerts(at, terms);
    let grace = promised.map_or(Seconds::ZERO, |terms| terms.grace);
    let grace = at.short_span(
        "grace_duration",
        terms.grace_duration.as_ref(),
        Seconds::ZERO,
        grace,
    );
    let clock_tolerance = at.short_span(
        "clock_tolerance_duration",
        terms.clock_tolerance_duration.as_ref(),
        Seconds::ZERO,
        Rules::default().clock_tolerance,
    );
    let own_noise = match &terms.noise {
        Some(noise) => read_noise(&at.field("noise"), noise).map(Some),
        None => Some(None),
    };
    let promised_noise = promised.filter(|terms| terms.is_calibrated);
    let promised_noise = promised_noise.map(|terms| terms.noise.clone());
    let noise = own_noise?.or(promised_noise).or_else(|| noise.cloned());
    let days = read_scenarios(at, terms.scenarios);
    Some(LiveSource {
        id: id?,
        terms: LiveTerms {
            rules: Rules {
                grace: grace?,
                clock_tolerance: clock_tolerance?,
            },
            alerts: alerts?,
            noise: noise.clone().unwrap_or_default(),
            days: days?,
            seed: terms.seed.unwrap_or(LiveTerms::default().seed),
        },
        is_calibrated: noise.is_some(),
        is_simulated: terms.is_simulated,
    })
}

fn read_scenarios(at: &At<'_>, scenarios: Option<i32>) -> Option<u32> {
    let days = at.count_if_any("scenarios", scenarios)?;
    let days = days.unwrap_or(LiveTerms::default().days);
    let (step, most) = SCENARIOS;
    if (step..=most).contains(&days) && days.is_multiple_of(step) {
        return Some(days);
    }
    let message = format!("{days} is not a multiple of {step} from {step} to {most}");
    at.field("scenarios").report(Reason::OutOfRange, message);
    None
}

fn read_alerts(at: &At<'_>, terms: &pb::LiveDayTerms) -> Option<AlertRules> {
    let default = AlertRules::default();
    let levels = read_levels(at, terms);
    let notice = at.short_span(
        "notice_duration",
        terms.notice_duration.as_ref(),
        Seconds::ZERO,
        default.notice,
    );
    let moved = at.short_span(
        "moved_duration",
        terms.moved_duration.as_ref(),
        Seconds(60),
        default.moved,
    );
    let [threshold, clear, grave] = levels?;
    Some(AlertRules {
        threshold,
        clear,
        grave,
        notice: notice?,
        moved: moved?,
    })
}

/// The chances at which alerts are raised, cleared, and told again.
fn read_levels(at: &At<'_>, terms: &pb::LiveDayTerms) -> Option<[f64; 3]> {
    let default = AlertRules::default();
    let below = read_chance(at, "alert_below_percent", terms.alert_below_percent);
    let clear = read_chance(at, "clear_from_percent", terms.clear_from_percent);
    let grave = read_chance(at, "grave_below_percent", terms.grave_below_percent);
    let (below, clear, grave) = (below?, clear?, grave?);
    let below = below.unwrap_or(BasisPoints::of_share(default.threshold));
    let halfway = BasisPoints(u32::midpoint(below.0, BasisPoints::ONE.0));
    let clear = clear.unwrap_or(halfway);
    let grave = grave.unwrap_or(BasisPoints::of_share(default.grave).min(below));
    let mut is_sound = true;
    let mut conflict = |is_wrong: bool, field: &'static str, message: &str| {
        if is_wrong {
            at.field(field).report(Reason::Conflict, message);
            is_sound = false;
        }
    };
    conflict(
        clear < below,
        "clear_from_percent",
        "is below alert_below_percent: alerts would be raised and cleared at once",
    );
    conflict(
        grave > below,
        "grave_below_percent",
        "is above alert_below_percent: what is as good as broken is at risk",
    );
    let share = |points: BasisPoints| f64::from(points.0) / 10_000.0;
    is_sound.then(|| [below, clear, grave].map(share))
}

/// A chance that may be there.
fn read_chance(
    at: &At<'_>,
    field: &'static str,
    percent: Option<f64>,
) -> Option<Option<BasisPoints>> {
    let chance = at.percent_if_any(field, percent)?;
    if chance.is_some_and(|chance| chance > BasisPoints::ONE) {
        at.field(field)
            .report(Reason::OutOfRange, "a chance is 0 to 100 percent");
        return None;
    }
    Some(chance)
}

/// The message for terms.
#[must_use]
pub fn live_terms_message(source: &LiveSource) -> pb::LiveDayTerms {
    let LiveTerms {
        rules,
        alerts,
        noise,
        days,
        seed,
    } = &source.terms;
    pb::LiveDayTerms {
        live_day_id: source.id.to_string(),
        alert_below_percent: Some(percent(alerts.threshold)),
        clear_from_percent: Some(percent(alerts.clear)),
        notice_duration: span(alerts.notice),
        moved_duration: span(alerts.moved),
        grave_below_percent: Some(percent(alerts.grave)),
        grace_duration: span(rules.grace),
        clock_tolerance_duration: span(rules.clock_tolerance),
        noise: source.is_calibrated.then(|| noise_message(noise)),
        scenarios: Some(count(*days)),
        seed: Some(*seed),
        is_simulated: source.is_simulated,
    }
}
