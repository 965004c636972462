//! What a study compares, from arguments and from files.

use std::path::Path;

use serde::Deserialize;

use super::Arguments;
use crate::analysis::study::{self, Settings, Stress, WaySource};
use crate::bench::can_simulate;
use crate::cli::bench::read_text;
use crate::cli::{Failure, argument};

/// Noise levels of a suite of benchmark instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
pub(super) enum Suite {
    /// Instances of Gehring and Homberger; a unit of time is as long as makes the mean service take 9 minutes.
    #[value(name = "GH-S", alias = "gh-s")]
    #[serde(rename = "GH-S")]
    Gh,
    /// Instances of ORTEC, in seconds.
    #[value(name = "ORTEC-S", alias = "ortec-s")]
    #[serde(rename = "ORTEC-S")]
    Ortec,
}

/// A study as people write it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) days: Vec<String>,
    pub(super) ways: Vec<WaySpec>,
    pub(super) stresses: Vec<Stress>,
    pub(super) suite: Option<Suite>,
    /// The name of a file, or the model itself.
    pub(super) noise: Option<serde_json::Value>,
    pub(super) scenarios: Option<u32>,
    pub(super) seed: Option<u64>,
}

/// A way as people write it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WaySpec {
    pub(super) name: String,
    /// Where given plans are; nothing else but the name goes with it.
    pub(super) plans: Option<String>,
    /// As in 20s.
    pub(super) time: Option<String>,
    pub(super) iterations: Option<u64>,
    pub(super) on_time: Option<f64>,
    pub(super) floor: Option<f64>,
    pub(super) fleet_first: bool,
    pub(super) seed: Option<u64>,
}

impl Spec {
    /// Adds what the arguments say.
    pub(super) fn add(&mut self, args: &Arguments) {
        self.days.extend(args.days.iter().cloned());
        self.ways
            .extend(args.ways.iter().chain(&args.plans).cloned());
        self.stresses.extend(args.stresses.iter().cloned());
        self.suite = args.suite.or(self.suite);
        self.scenarios = args.scenarios.or(self.scenarios);
        self.seed = args.seed.or(self.seed);
        let noise = args.noise.clone().map(serde_json::Value::String);
        self.noise = noise.or(self.noise.take());
    }

    /// The stresses: those named, or those of the suite, or the usual ones.
    pub(super) fn stresses(&self) -> Vec<Stress> {
        let stress = |name: &str, spread: f64, travel: f64, incidents: f64| Stress {
            name: name.to_owned(),
            spread,
            travel,
            incidents,
            ..Stress::default()
        };
        let base = || stress("base", 1.0, 1.0, 1.0);
        match (self.stresses.is_empty(), self.suite) {
            (false, _) => self.stresses.clone(),
            (true, Some(_)) => vec![
                stress("calm", 0.6, 1.0, 0.5),
                base(),
                stress("rough", 1.5, 1.0, 2.0),
            ],
            (true, None) => vec![
                base(),
                stress("noise x1.3", 1.3, 1.0, 1.0),
                stress("travel +5 %", 1.0, 1.05, 1.0),
                stress("incidents x2", 1.0, 1.0, 2.0),
            ],
        }
    }
}

impl WaySpec {
    /// The way, or everything that is wrong with it.
    pub(super) fn source(&self) -> Result<WaySource, Vec<String>> {
        let mut faults = Vec::new();
        let is_searched = Self {
            name: String::new(),
            plans: None,
            ..self.clone()
        } != Self::default();
        if let Some(path) = &self.plans {
            if is_searched {
                return Err(vec!["plans: given plans have no settings".to_owned()]);
            }
            return Ok(WaySource::Given { path: path.clone() });
        }
        let time = self.time.as_deref().map(argument::duration).transpose();
        let time = time.unwrap_or_else(|fault| {
            faults.push(format!("time: {fault}"));
            None
        });
        if self.time.is_none() && self.iterations.is_none() {
            faults.push("time: give a time, as in 20s, or iterations".to_owned());
        }
        for (field, value, low, high) in [
            ("on_time", self.on_time, 50.0, 99.9),
            ("floor", self.floor, 1.0, 99.0),
        ] {
            if value.is_some_and(|value| !(low..=high).contains(&value)) {
                faults.push(format!("{field}: it must be {low} to {high} percent"));
            }
        }
        if self.floor.is_some() && self.on_time.is_none() {
            faults.push("floor: it goes with on_time only".to_owned());
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(WaySource::Planned(Settings {
            time_ms: time.and_then(|time| u64::try_from(time.as_millis()).ok()),
            iterations: self.iterations,
            on_time_percent: self.on_time,
            floor_percent: self.floor,
            fleet_first: self.fleet_first,
            seed: self.seed.unwrap_or(1),
        }))
    }

    /// As it would have been written.
    fn of(way: &study::Way) -> Self {
        let name = way.name.clone();
        match &way.source {
            WaySource::Given { path } => Self {
                name,
                plans: Some(path.clone()),
                ..Self::default()
            },
            WaySource::Planned(settings) => Self {
                name,
                plans: None,
                time: settings.time_ms.map(|time| format!("{time}ms")),
                iterations: settings.iterations,
                on_time: settings.on_time_percent,
                floor: settings.floor_percent,
                fleet_first: settings.fleet_first,
                seed: Some(settings.seed),
            },
        }
    }
}

/// Reads a definition: TOML, JSON, or that of an earlier study.
pub(super) fn read(path: &Path) -> Result<Spec, Failure> {
    let failed =
        |cause: &dyn std::fmt::Display| Failure::new(format!("read {}", path.display()), cause);
    let text = read_text(path)?;
    if path.extension().is_none_or(|extension| extension != "json") {
        return toml::from_str(&text).map_err(|error| failed(&error));
    }
    let mut source = serde_json::Deserializer::from_str(&text);
    let is_study = serde_json::from_str::<serde_json::Value>(&text)
        .is_ok_and(|value| value.get("outcomes").is_some());
    if !is_study {
        return serde_path_to_error::deserialize(&mut source).map_err(|error| failed(&error));
    }
    let definition = study::read(&text)
        .map_err(|error| failed(&error))?
        .definition;
    Ok(Spec {
        days: definition.days.into_iter().map(|day| day.path).collect(),
        ways: definition.ways.iter().map(WaySpec::of).collect(),
        stresses: definition.stresses,
        suite: None,
        noise: definition.noise,
        scenarios: Some(definition.scenarios),
        seed: Some(definition.seed),
    })
}

/// Reads a way from an argument.
pub(super) fn way(text: &str) -> Result<WaySpec, String> {
    let (name, settings) = argument::named(text)?;
    let mut way = WaySpec {
        name,
        ..WaySpec::default()
    };
    for (key, value) in settings {
        match key {
            "time" => way.time = Some(value.to_owned()),
            "iterations" => way.iterations = Some(argument::number(key, value)?),
            "on-time" => way.on_time = Some(argument::number(key, value)?),
            "floor" => way.floor = Some(argument::number(key, value)?),
            "seed" => way.seed = Some(argument::number(key, value)?),
            "fleet-first" if value.is_empty() => way.fleet_first = true,
            _ => {
                return Err(format!(
                    "{key:?} is none of time, iterations, on-time, floor, fleet-first, seed"
                ));
            }
        }
    }
    Ok(way)
}

/// Reads a way from an argument in which everything is in bounds.
pub(super) fn sound_way(text: &str) -> Result<WaySpec, String> {
    let way = way(text)?;
    match way.source() {
        Ok(_) => Ok(way),
        Err(faults) => Err(faults.join("; ")),
    }
}

/// Reads where given plans are from an argument.
pub(super) fn plans(text: &str) -> Result<WaySpec, String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok(WaySpec {
            name: name.to_owned(),
            plans: Some(path.to_owned()),
            ..WaySpec::default()
        }),
        _ => Err("expected NAME=PATH".to_owned()),
    }
}

/// Reads a stress from an argument.
pub(super) fn stress(text: &str) -> Result<Stress, String> {
    let (name, factors) = argument::named(text)?;
    let mut stress = Stress {
        name,
        ..Stress::default()
    };
    for (key, value) in factors {
        let factor = match key {
            "spread" => &mut stress.spread,
            "travel" => &mut stress.travel,
            "service" => &mut stress.service,
            "incidents" => &mut stress.incidents,
            "start-delay" => &mut stress.start_delay,
            "memory" => &mut stress.memory,
            _ => {
                return Err(format!(
                    "{key:?} is none of spread, travel, service, incidents, start-delay, memory"
                ));
            }
        };
        *factor = argument::number(key, value)?;
    }
    Ok(stress)
}

/// Reads a stress from an argument in which everything is in bounds.
pub(super) fn sound_stress(text: &str) -> Result<Stress, String> {
    let stress = stress(text)?;
    let faults = stress.faults().into_iter();
    let faults: Vec<String> = faults
        .map(|(field, fault)| format!("{field}: {fault}"))
        .collect();
    match faults.is_empty() {
        true => Ok(stress),
        false => Err(faults.join("; ")),
    }
}

/// Reads a number of simulated days from an argument.
pub(super) fn scenarios(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(scenarios) if can_simulate(scenarios) => Ok(scenarios),
        _ => Err("a multiple of 256 from 256 to 65536 is needed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_read_as_people_write_them() {
        let way = way("98.1: time=20s, on-time=98.1, floor=90, fleet-first, seed=2").unwrap();
        let WaySource::Planned(settings) = way.source().unwrap() else {
            panic!("a way with settings is searched for");
        };
        let expected = Settings {
            time_ms: Some(20_000),
            iterations: None,
            on_time_percent: Some(98.1),
            floor_percent: Some(90.0),
            fleet_first: true,
            seed: 2,
        };
        assert_eq!(settings, expected);
        for bad in [
            "",
            ": time=1s",
            "a: tempo=1",
            "a: seed=x",
            "a: fleet-first=no",
        ] {
            assert!(super::way(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn everything_wrong_with_a_way_is_said_at_once() {
        let way = way("a: time=soon, on-time=20, floor=100").unwrap();
        let faults = way.source().unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
        let both = WaySpec {
            seed: Some(1),
            ..plans("theirs=folder").unwrap()
        };
        assert!(both.source().is_err());
    }

    #[test]
    fn a_stress_outside_its_bounds_is_found() {
        let stress = stress("odd: travel=9, spread=-1, memory=nan").unwrap();
        assert_eq!(stress.faults().len(), 3);
        assert!(Stress::default().faults().is_empty());
    }
}
