//! Learning from histories: what is asked, and what comes of it.

use super::history::read_recorded_routes;
use super::noise::{noise_message, read_noise};
use super::read::{At, Sink};
use super::scalar::{count, percent};
use crate::app::{
    Evidence, HELD_OUT_SHARE, Lecture, Lesson, Part, Promotion, Refusal, Taught, Verdict,
};
use crate::grpc::pb;
use crate::model::{Finding, Reason};

/// The shares of the days that noise models can be compared on, in percent.
const HELD_OUT: std::ops::RangeInclusive<f64> = 10.0..=50.0;

/// Reads what to learn from.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_learn_request(request: &pb::LearnNoiseRequest) -> Result<Lecture, Refusal> {
    let sink = Sink::default();
    let at = At::root(&sink);
    if request.routes.is_empty() {
        let message = "at least one recorded route is needed";
        at.field("routes").report(Reason::MissingField, message);
    }
    let current = (request.current.as_ref()).map(|noise| read_noise(&at.field("current"), noise));
    let held_out = request.held_out_percent.unwrap_or(percent(HELD_OUT_SHARE));
    if !HELD_OUT.contains(&held_out) {
        let message = format!(
            "{held_out} is not between {} and {}",
            HELD_OUT.start(),
            HELD_OUT.end()
        );
        at.field("held_out_percent")
            .report(Reason::OutOfRange, message);
    }
    let mut found: Vec<Finding> = sink.take();
    match read_recorded_routes("routes", &request.routes) {
        Ok(history) if found.is_empty() => Ok(Lecture {
            history,
            current: current.flatten(),
            held_out: held_out / 100.0,
        }),
        Ok(_) => Err(Refusal::Invalid(found)),
        Err(of_routes) => {
            found.extend(of_routes);
            Err(Refusal::Invalid(found))
        }
    }
}

/// The message for what was learnt.
#[must_use]
pub fn taught_message(taught: &Taught) -> pb::LearnNoiseResponse {
    let Taught {
        learnt,
        promotion,
        extent,
    } = taught;
    pb::LearnNoiseResponse {
        noise: Some(noise_message(&learnt.noise)),
        is_calibrated: learnt.is_calibrated(),
        shortages: learnt.shortages.iter().map(ToString::to_string).collect(),
        lessons: learnt.lessons.iter().map(lesson_message).collect(),
        promotion: Some(promotion_message(promotion)),
        extent: Some(pb::HistoryExtent {
            days: count(extent.days),
            couriers: count(extent.couriers),
            routes: count(extent.routes),
            orders: count(extent.orders),
        }),
    }
}

fn lesson_message(lesson: &Lesson) -> pb::NoiseLesson {
    // Chances are percentages on the wire.
    let unit = if lesson.part == Part::IncidentChance {
        100.0
    } else {
        1.0
    };
    pb::NoiseLesson {
        part: part(lesson.part) as i32,
        is_learnt: lesson.is_learnt(),
        before: lesson.before * unit,
        value: lesson.value * unit,
        standard_error: lesson.error.map(|error| error * unit),
        evidence: evidence(lesson.evidence) as i32,
        have: count(lesson.have),
        need: count(lesson.need),
    }
}

fn part(part: Part) -> pb::NoisePart {
    use pb::NoisePart as Wire;
    match part {
        Part::TravelBias => Wire::TravelBias,
        Part::TravelCells => Wire::TravelCells,
        Part::DayTraffic => Wire::DayTraffic,
        Part::HourTraffic => Wire::HourTraffic,
        Part::HourMemory => Wire::HourMemory,
        Part::CityShare => Wire::CityShare,
        Part::CourierDrive => Wire::CourierDrive,
        Part::CourierDriveDaily => Wire::CourierDriveDaily,
        Part::LegVariance => Wire::LegVariance,
        Part::ShortLegVariance => Wire::ShortLegVariance,
        Part::ServiceBias => Wire::ServiceBias,
        Part::ServiceZones => Wire::ServiceZones,
        Part::ServiceSpread => Wire::ServiceSpread,
        Part::CourierService => Wire::CourierService,
        Part::CourierServiceDaily => Wire::CourierServiceDaily,
        Part::IncidentChance => Wire::IncidentChance,
        Part::IncidentMean => Wire::IncidentMean,
        Part::Start => Wire::Start,
    }
}

fn evidence(evidence: Evidence) -> pb::NoiseEvidence {
    use pb::NoiseEvidence as Wire;
    match evidence {
        Evidence::Days => Wire::Days,
        Evidence::Couriers => Wire::Couriers,
        Evidence::Legs => Wire::Legs,
        Evidence::Services => Wire::Services,
        Evidence::Incidents => Wire::Incidents,
        Evidence::Starts => Wire::Starts,
        Evidence::Zones => Wire::Zones,
    }
}

fn promotion_message(promotion: &Promotion) -> pb::NoisePromotion {
    let verdict = match promotion.verdict() {
        Verdict::Better => pb::NoiseVerdict::Better,
        Verdict::Open => pb::NoiseVerdict::Open,
        Verdict::Worse => pb::NoiseVerdict::Worse,
        Verdict::Unknown => pb::NoiseVerdict::Unknown,
    };
    pb::NoisePromotion {
        verdict: verdict as i32,
        days_learnt: count(promotion.days_learnt),
        days_held_out: count(promotion.days_held_out),
        routes: count(promotion.routes),
        arrivals: count(promotion.arrivals),
        current_score_seconds: promotion.current_score,
        learnt_score_seconds: promotion.learnt_score,
        difference_seconds: promotion.difference.map(|found| found.mean),
        difference_low_seconds: promotion.difference.map(|found| found.low),
        difference_high_seconds: promotion.difference.map(|found| found.high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_routes_or_with_odd_numbers_is_refused() {
        let request = pb::LearnNoiseRequest {
            routes: Vec::new(),
            current: Some(pb::NoiseModel {
                day_sigma: Some(-1.0),
                ..pb::NoiseModel::default()
            }),
            held_out_percent: Some(f64::NAN),
        };
        let Err(Refusal::Invalid(found)) = read_learn_request(&request) else {
            panic!("it should have been refused");
        };
        let fields: Vec<&str> = found.iter().map(|finding| finding.field.as_str()).collect();
        assert_eq!(fields, ["routes", "current.day_sigma", "held_out_percent"]);
    }
}
