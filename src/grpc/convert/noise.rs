//! How much the day varies.

use std::collections::BTreeMap;

use super::read::{At, Sink};
use super::scalar::{percent, span};
use crate::grpc::pb;
use crate::model::{
    BiasCell, CourierEffect, CourierId, DepotId, Finding, LogFactor, NoiseModel, Reason, ZoneId,
};
use crate::units::Seconds;

/// Numbers of quantiles that a law of delays may have.
const QUANTILES: std::ops::RangeInclusive<usize> = 2..=1_001;
/// Largest mean of a logarithm, either way.
const LOG_MEAN_MAX: f64 = 2.0;

/// Reads a noise model; paths start at the model.
///
/// # Errors
/// Everything that is out of bounds, malformed or stated twice.
pub fn read_noise_model(noise: &pb::NoiseModel) -> Result<NoiseModel, Vec<Finding>> {
    let sink = Sink::default();
    let read = read_noise(&At::root(&sink), noise);
    read.ok_or_else(|| sink.take())
}

/// Reads how much the day varies; what is absent keeps its default.
pub(super) fn read_noise(at: &At<'_>, noise: &pb::NoiseModel) -> Option<NoiseModel> {
    let mut model = NoiseModel {
        version: (!noise.version.is_empty()).then(|| noise.version.clone()),
        ..NoiseModel::default()
    };
    let is_sound = [
        read_numbers(at, noise, &mut model),
        read_daily_parts(at, noise, &mut model),
        read_spans(at, noise, &mut model),
    ];
    let couriers = at.map("couriers", &noise.couriers, read_courier);
    let travel = at.map("travel_biases", &noise.travel_biases, read_travel_bias);
    let service = at.map("service_biases", &noise.service_biases, |at, bias| {
        let zone = at.zone("zone", &bias.zone);
        let factor = at.factor("factor", bias.factor.as_ref());
        Some((zone?, factor?))
    });
    let delays = at.map("start_delays", &noise.start_delays, read_start_delays);
    (model.couriers, model.travel_biases) = (couriers?, travel?);
    (model.service_biases, model.start_delays) = (service?, delays?);
    is_sound
        .into_iter()
        .all(|is_sound| is_sound)
        .then_some(model)
}

/// Puts the numbers of a noise model into `model`; says whether all is well.
fn read_numbers(at: &At<'_>, noise: &pb::NoiseModel, model: &mut NoiseModel) -> bool {
    let mut incident_percent = model.incident_probability * 100.0;
    let (leg, short_leg) = (&mut model.leg_variance, &mut model.leg_variance_minutes);
    let (day, hour) = (&mut model.day_sigma, &mut model.hour_sigma);
    let (drive, pace) = (
        &mut model.courier_drive_sigma,
        &mut model.courier_service_sigma,
    );
    let (door, incident) = (&mut model.service_sigma, &mut incident_percent);
    let minutes = noise.leg_variance_minutes;
    let numbers = [
        ("day_sigma", noise.day_sigma, 1.0, day),
        ("hour_sigma", noise.hour_sigma, 1.0, hour),
        ("city_share", noise.city_share, 1.0, &mut model.city_share),
        ("courier_drive_sigma", noise.courier_drive_sigma, 1.0, drive),
        (
            "courier_service_sigma",
            noise.courier_service_sigma,
            1.0,
            pace,
        ),
        ("leg_variance", noise.leg_variance, 1.0, leg),
        ("leg_variance_minutes", minutes, 10.0, short_leg),
        ("service_sigma", noise.service_sigma, 2.0, door),
        ("incident_percent", noise.incident_percent, 100.0, incident),
    ];
    let mut is_sound = true;
    for (field, value, max, slot) in numbers {
        is_sound &= at.set(field, value, max, slot);
    }
    model.incident_probability = incident_percent / 100.0;
    is_sound
}

/// Puts the parts of couriers' factors that change from day to day into `model`; says whether all is well.
fn read_daily_parts(at: &At<'_>, noise: &pb::NoiseModel, model: &mut NoiseModel) -> bool {
    let parts = [
        (
            "courier_drive_daily_sigma",
            noise.courier_drive_daily_sigma,
            model.courier_drive_sigma,
            &mut model.courier_drive_daily_sigma,
        ),
        (
            "courier_service_daily_sigma",
            noise.courier_service_daily_sigma,
            model.courier_service_sigma,
            &mut model.courier_service_daily_sigma,
        ),
    ];
    let mut is_sound = true;
    for (field, value, whole, slot) in parts {
        // A whole that is no number has been reported.
        *slot = slot.min(whole);
        is_sound &= at.set(field, value, whole.max(0.0), slot);
    }
    is_sound
}

/// Puts the spans of a noise model into `model`; says whether all is well.
fn read_spans(at: &At<'_>, noise: &pb::NoiseModel, model: &mut NoiseModel) -> bool {
    let (constant, incident) = (&mut model.hour_time_constant, &mut model.incident_mean);
    let spans = [
        (
            "hour_time_constant_duration",
            &noise.hour_time_constant_duration,
            Seconds(1),
            constant,
        ),
        (
            "incident_mean_duration",
            &noise.incident_mean_duration,
            Seconds::ZERO,
            incident,
        ),
        (
            "start_delay_duration",
            &noise.start_delay_duration,
            Seconds::ZERO,
            &mut model.start_delay,
        ),
    ];
    let mut is_sound = true;
    for (field, value, min, slot) in spans {
        match at.short_span(field, value.as_ref(), min, *slot) {
            Some(span) => *slot = span,
            None => is_sound = false,
        }
    }
    is_sound
}

/// The message that [`read_noise_model`] reads as `noise`, with every field stated.
#[must_use]
pub fn noise_message(noise: &NoiseModel) -> pb::NoiseModel {
    let couriers = noise.couriers.iter().map(|(id, effect)| pb::CourierEffect {
        courier_id: id.to_string(),
        drive: effect.drive.map(factor_message),
        service: effect.service.map(factor_message),
    });
    let travel = noise
        .travel_biases
        .iter()
        .map(|(cell, factor)| pb::TravelBias {
            zone: zone_text(cell.zone.as_ref()),
            utc_hour: cell.hour.map(i32::from),
            factor: Some(factor_message(*factor)),
        });
    let service = noise
        .service_biases
        .iter()
        .map(|(zone, factor)| pb::ServiceBias {
            zone: zone_text(zone.as_ref()),
            factor: Some(factor_message(*factor)),
        });
    let delays = noise
        .start_delays
        .iter()
        .map(|(depot, quantiles)| pb::StartDelays {
            depot_id: depot.to_string(),
            quantile_durations: quantiles.iter().copied().filter_map(span).collect(),
        });
    pb::NoiseModel {
        version: noise.version.clone().unwrap_or_default(),
        day_sigma: Some(noise.day_sigma),
        hour_sigma: Some(noise.hour_sigma),
        hour_time_constant_duration: span(noise.hour_time_constant),
        courier_drive_sigma: Some(noise.courier_drive_sigma),
        courier_service_sigma: Some(noise.courier_service_sigma),
        leg_variance: Some(noise.leg_variance),
        leg_variance_minutes: Some(noise.leg_variance_minutes),
        service_sigma: Some(noise.service_sigma),
        incident_percent: Some(percent(noise.incident_probability)),
        incident_mean_duration: span(noise.incident_mean),
        start_delay_duration: span(noise.start_delay),
        city_share: Some(noise.city_share),
        courier_drive_daily_sigma: Some(noise.courier_drive_daily_sigma),
        courier_service_daily_sigma: Some(noise.courier_service_daily_sigma),
        couriers: couriers.collect(),
        travel_biases: travel.collect(),
        service_biases: service.collect(),
        start_delays: delays.collect(),
    }
}

fn factor_message(factor: LogFactor) -> pb::LogFactor {
    pb::LogFactor {
        log_mean: factor.mean,
        log_sigma: factor.sigma,
    }
}

fn zone_text(zone: Option<&ZoneId>) -> String {
    zone.map(ToString::to_string).unwrap_or_default()
}

fn read_courier(at: &At<'_>, courier: &pb::CourierEffect) -> Option<(CourierId, CourierEffect)> {
    let id = at.id("courier_id", &courier.courier_id, CourierId::parse);
    let drive = at.factor_if_any("drive", courier.drive.as_ref());
    let service = at.factor_if_any("service", courier.service.as_ref());
    let effect = CourierEffect {
        drive: drive?,
        service: service?,
    };
    Some((id?, effect))
}

fn read_travel_bias(at: &At<'_>, bias: &pb::TravelBias) -> Option<(BiasCell, LogFactor)> {
    let zone = at.zone("zone", &bias.zone);
    let hour = match bias.utc_hour {
        Some(hour) => at.whole("utc_hour", hour, 0..=23).map(Some),
        None => Some(None),
    };
    let factor = at.factor("factor", bias.factor.as_ref());
    let cell = BiasCell {
        zone: zone?,
        hour: hour?.and_then(|hour| u8::try_from(hour).ok()),
    };
    Some((cell, factor?))
}

fn read_start_delays(at: &At<'_>, delays: &pb::StartDelays) -> Option<(DepotId, Vec<Seconds>)> {
    let depot = at.id("depot_id", &delays.depot_id, DepotId::parse);
    let quantiles = &delays.quantile_durations;
    if !QUANTILES.contains(&quantiles.len()) {
        let message = "between 2 and 1,001 quantiles are needed";
        at.field("quantile_durations")
            .report(Reason::OutOfRange, message);
        return None;
    }
    let read: Vec<Seconds> = at.all("quantile_durations", quantiles, |at, span| {
        let is_sound = span.nanos == 0 && (0..=86_400).contains(&span.seconds);
        if !is_sound {
            let message = "a delay is a whole number of seconds between none and one day";
            at.report(Reason::OutOfRange, message);
        }
        is_sound.then_some(Seconds(span.seconds))
    })?;
    if let Some(index) = (1..read.len()).find(|&index| read[index] < read[index - 1]) {
        let message = "a quantile is less than the one before";
        at.item("quantile_durations", index)
            .report(Reason::OutOfRange, message);
        return None;
    }
    Some((depot?, read))
}

impl At<'_> {
    /// Reads every entry of a repeated field, each with a key that none of the others may have.
    fn map<M, K: Ord, V>(
        &self,
        field: &'static str,
        items: &[M],
        read: impl Fn(&At<'_>, &M) -> Option<(K, V)>,
    ) -> Option<BTreeMap<K, V>> {
        let mut map = BTreeMap::new();
        let mut is_sound = true;
        for (index, item) in items.iter().enumerate() {
            let at = self.item(field, index);
            let Some((key, value)) = read(&at, item) else {
                is_sound = false;
                continue;
            };
            if map.insert(key, value).is_some() {
                at.report(
                    Reason::DuplicateId,
                    "an entry before this one is about the same",
                );
                is_sound = false;
            }
        }
        is_sound.then_some(map)
    }

    /// The id of a zone; `None` inside if the text is empty.
    pub(super) fn zone(&self, field: &'static str, text: &str) -> Option<Option<ZoneId>> {
        match text {
            "" => Some(None),
            text => self.id(field, text, ZoneId::parse).map(Some),
        }
    }

    fn factor(&self, field: &'static str, factor: Option<&pb::LogFactor>) -> Option<LogFactor> {
        self.required(field, factor)?;
        self.factor_if_any(field, factor)?
    }

    fn factor_if_any(
        &self,
        field: &'static str,
        factor: Option<&pb::LogFactor>,
    ) -> Option<Option<LogFactor>> {
        let Some(factor) = factor else {
            return Some(None);
        };
        let at = self.field(field);
        let is_known = (-LOG_MEAN_MAX..=LOG_MEAN_MAX).contains(&factor.log_mean);
        if !is_known {
            let message = format!(
                "{} is not between -{LOG_MEAN_MAX} and {LOG_MEAN_MAX}",
                factor.log_mean
            );
            at.field("log_mean").report(Reason::OutOfRange, message);
        }
        let mut sigma = factor.log_sigma;
        let is_sound = at.set("log_sigma", Some(factor.log_sigma), 1.0, &mut sigma) && is_known;
        is_sound.then_some(Some(LogFactor {
            mean: factor.log_mean,
            sigma,
        }))
    }

    /// Puts a number from 0 to `max` into `slot`, which keeps its default without one; says whether all is well.
    fn set(&self, field: &'static str, value: Option<f64>, max: f64, slot: &mut f64) -> bool {
        *slot = value.unwrap_or(*slot);
        let is_within = (0.0..=max).contains(slot);
        if !is_within {
            let message = format!("{slot} is not between 0 and {max}");
            self.field(field).report(Reason::OutOfRange, message);
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(findings: &[Finding]) -> Vec<&str> {
        let findings = findings.iter();
        findings.map(|finding| finding.field.as_str()).collect()
    }

    fn factor(log_mean: f64, log_sigma: f64) -> Option<pb::LogFactor> {
        Some(pb::LogFactor {
            log_mean,
            log_sigma,
        })
    }

    fn delays(depot_id: &str, seconds: &[i64]) -> pb::StartDelays {
        let span = |&seconds: &i64| prost_types::Duration { seconds, nanos: 0 };
        pb::StartDelays {
            depot_id: depot_id.to_owned(),
            quantile_durations: seconds.iter().map(span).collect(),
        }
    }

    #[test]
    fn a_model_that_says_nothing_is_the_default() {
        let read = read_noise_model(&pb::NoiseModel::default());
        assert_eq!(read, Ok(NoiseModel::default()));
    }

    #[test]
    fn what_is_learnt_is_read() {
        let model = read_noise_model(&pb::NoiseModel {
            couriers: vec![pb::CourierEffect {
                courier_id: "anna".to_owned(),
                drive: factor(-0.1, 0.02),
                service: None,
            }],
            travel_biases: vec![
                pb::TravelBias {
                    zone: "center".to_owned(),
                    utc_hour: Some(23),
                    factor: factor(0.3, 0.0),
                },
                pb::TravelBias {
                    factor: factor(0.1, 0.0),
                    ..pb::TravelBias::default()
                },
            ],
            start_delays: vec![delays("store", &[0, 60, 60])],
            ..pb::NoiseModel::default()
        })
        .unwrap();
        let anna = model.couriers.values().next().unwrap();
        assert_eq!(anna.drive.map(|factor| factor.mean), Some(-0.1));
        assert_eq!(anna.service, None);
        let hours: Vec<_> = model.travel_biases.keys().map(|cell| cell.hour).collect();
        assert_eq!(hours, [None, Some(23)]);
        let delays: Vec<_> = model.start_delays.into_values().collect();
        assert_eq!(delays, [[0, 60, 60].map(Seconds)]);
    }

    #[test]
    fn days_differ_no_more_than_couriers_do() {
        let noise = |drive, daily| pb::NoiseModel {
            courier_drive_sigma: Some(drive),
            courier_drive_daily_sigma: daily,
            ..pb::NoiseModel::default()
        };
        let daily = |noise| read_noise_model(&noise).map(|model| model.courier_drive_daily_sigma);
        assert_eq!(daily(noise(0.03, None)), Ok(0.03));
        assert_eq!(daily(noise(0.3, None)), Ok(0.05));
        let found = read_noise_model(&noise(0.03, Some(0.04))).unwrap_err();
        assert_eq!(paths(&found), ["courier_drive_daily_sigma"]);
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let nobody = pb::CourierEffect {
            courier_id: "anna".to_owned(),
            drive: factor(f64::NAN, 10.0),
            service: None,
        };
        let anna = pb::CourierEffect {
            drive: None,
            ..nobody.clone()
        };
        let bias = |zone: &str, utc_hour| pb::TravelBias {
            zone: zone.to_owned(),
            utc_hour,
            factor: factor(0.0, 0.0),
        };
        let found = read_noise_model(&pb::NoiseModel {
            city_share: Some(1.5),
            couriers: vec![nobody, anna.clone(), anna],
            travel_biases: vec![bias("a b", Some(24)), bias("c", None), bias("c", None)],
            service_biases: vec![pb::ServiceBias::default()],
            start_delays: vec![
                delays("one", &[5]),
                delays("down", &[5, 9, 8]),
                delays("long", &[0, 86_401]),
            ],
            ..pb::NoiseModel::default()
        })
        .unwrap_err();
        assert_eq!(
            paths(&found),
            [
                "city_share",
                "couriers[0].drive.log_mean",
                "couriers[0].drive.log_sigma",
                "couriers[2]",
                "travel_biases[0].zone",
                "travel_biases[0].utc_hour",
                "travel_biases[2]",
                "service_biases[0].factor",
                "start_delays[0].quantile_durations",
                "start_delays[1].quantile_durations[2]",
                "start_delays[2].quantile_durations[1]",
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(
            sigmas in proptest::array::uniform9(0.0..1.0_f64),
            spans in proptest::array::uniform3(1..86_400_i64),
            means in proptest::array::uniform4(-2.0..2.0_f64),
            known in proptest::bits::u8::ANY,
            hour in 0..24_u8,
        ) {
            let [day, hourly, share, drive, pace, leg, short, door, chance] = sigmas;
            let is_known = |bit: u8| known & (1 << bit) != 0;
            let factor = |number: usize| LogFactor { mean: means[number], sigma: sigmas[number] };
            let factor_if = |number: u8| is_known(number).then(|| factor(usize::from(number)));
            let zone = is_known(2).then(|| ZoneId::parse("north").unwrap());
            let effect = CourierEffect { drive: factor_if(0), service: factor_if(1) };
            let cell = BiasCell { zone: zone.clone(), hour: is_known(3).then_some(hour) };
            let delays = vec![Seconds(0), Seconds(spans[0])];
            let noise = NoiseModel {
                version: is_known(4).then(|| "mine-1".to_owned()),
                day_sigma: day,
                hour_sigma: hourly,
                hour_time_constant: Seconds(spans[0]),
                city_share: share,
                courier_drive_sigma: drive,
                courier_drive_daily_sigma: drive / 2.0,
                courier_service_sigma: pace,
                courier_service_daily_sigma: pace / 3.0,
                couriers: BTreeMap::from([(CourierId::parse("anna").unwrap(), effect)]),
                travel_biases: BTreeMap::from([(cell, factor(2))]),
                service_biases: BTreeMap::from([(zone, factor(3))]),
                leg_variance: leg,
                leg_variance_minutes: short * 10.0,
                service_sigma: door * 2.0,
                incident_probability: chance,
                incident_mean: Seconds(spans[1]),
                start_delay: Seconds(spans[2]),
                start_delays: BTreeMap::from([(DepotId::parse("store").unwrap(), delays)]),
            };
            let read = read_noise_model(&noise_message(&noise)).unwrap();
            // A percentage is a hundred times a share, up to rounding.
            proptest::prop_assert!((read.incident_probability - chance).abs() < 1e-12);
            let read = NoiseModel { incident_probability: chance, ..read };
            proptest::prop_assert_eq!(read, noise);
        }
    }
}
