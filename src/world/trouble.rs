//! What goes wrong beyond what a noise model knows: jams, breakdowns, couriers who cannot be heard, and customers.

use std::collections::BTreeSet;

use rand::RngExt;

use super::Happening;
use crate::day::Event;
use crate::model::{CourierId, GeoPoint, Plan, Problem, Route, TimeWindow, ZoneId};
use crate::rng;
use crate::units::{BasisPoints, Seconds, Timestamp};

/// What goes wrong on a day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trouble {
    /// Traffic jams.
    pub jams: Vec<Jam>,
    /// Vehicles that stand still.
    pub breakdowns: Vec<Breakdown>,
    /// Couriers of whom nothing is heard.
    pub silences: Vec<Silence>,
    /// What customers do.
    pub customers: Customers,
}

/// A traffic jam.
#[derive(Clone, Debug, PartialEq)]
pub struct Jam {
    /// Ways into these parts of the city; all ways if there are none.
    pub zones: BTreeSet<ZoneId>,
    /// While it lasts.
    pub window: TimeWindow,
    /// How many times as long ways take, at least 1.
    pub factor: f64,
    /// How long after its beginning somebody says so; `None` if nobody does.
    pub told_after: Option<Seconds>,
}

/// A vehicle that stands still.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// Whose.
    pub courier: CourierId,
    /// From when on.
    pub at: Timestamp,
    /// When it goes on; `None` if it does not on that day.
    pub until: Option<Timestamp>,
    /// How long after it the courier calls, and says until when; `None` if the courier does not.
    pub told_after: Option<Seconds>,
    /// What the courier says.
    pub note: String,
}

/// A courier whose device does not reach anybody: what happens meanwhile is reported at the end of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// Who.
    pub courier: CourierId,
    /// While it lasts.
    pub window: TimeWindow,
}

/// What customers do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Customers {
    /// The share who do not open, 0 to 1.
    pub absent: f64,
    /// The share of those who do who send something back.
    pub refusing: f64,
    /// The share who say afterwards what it was like.
    pub rating: f64,
}

/// How much goes wrong on days that are made up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Severity {
    /// Jams of one and a half to two and a half hours in an area, one at five in the afternoon, if there are any.
    pub jams: u32,
    /// Vehicles that stand still, every other one for the rest of the day.
    pub breakdowns: u32,
    /// Couriers held up for 40 to 80 minutes who do not say so.
    pub hold_ups: u32,
    /// Couriers whose device does not reach anybody for 30 to 60 minutes.
    pub silences: u32,
    /// What customers do.
    pub customers: Customers,
}

impl Default for Severity {
    fn default() -> Self {
        Self {
            jams: 1,
            breakdowns: 1,
            hold_ups: 1,
            silences: 1,
            customers: Customers {
                absent: 0.02,
                refusing: 0.03,
                rating: 0.25,
            },
        }
    }
}

/// How far from its middle a jam reaches, in meters.
const JAM_RADIUS: f64 = 4_000.0;

impl Trouble {
    /// What goes wrong on a made-up day of `problem`, on which couriers set out by `plan`.
    #[must_use]
    pub fn generate(problem: &Problem, plan: &Plan, severity: &Severity, seed: u64) -> Self {
        let maker = Maker {
            problem,
            plan,
            seed: rng::hash(seed, &[0x7472_6f75]),
        };
        let mut breakdowns: Vec<Breakdown> = (0..severity.breakdowns)
            .filter_map(|number| maker.breakdown(number))
            .collect();
        breakdowns.extend((0..severity.hold_ups).filter_map(|number| maker.hold_up(number)));
        Self {
            jams: (0..severity.jams)
                .filter_map(|number| maker.jam(number))
                .collect(),
            breakdowns,
            silences: (0..severity.silences)
                .filter_map(|number| maker.silence(number))
                .collect(),
            customers: severity.customers,
        }
    }

    /// How many times as long a way into `zone` takes at `now`.
    pub(super) fn jam(&self, zone: &ZoneId, now: Timestamp) -> f64 {
        let jams = self.jams.iter().filter(|jam| {
            let is_there = jam.zones.is_empty() || jam.zones.contains(zone);
            is_there && jam.window.start <= now && now < jam.window.end
        });
        jams.map(|jam| jam.factor.max(1.0)).product()
    }

    /// Whether the vehicle of `courier` stands still at `now`.
    pub(super) fn stands(&self, courier: &CourierId, now: Timestamp) -> bool {
        self.of(courier)
            .any(|breakdown| breakdown.at <= now && breakdown.until.is_none_or(|until| now < until))
    }

    /// Whether the vehicle of `courier` stands still from `now` on, for the rest of the day.
    pub(super) fn stands_for_good(&self, courier: &CourierId, now: Timestamp) -> bool {
        self.of(courier)
            .any(|breakdown| breakdown.at <= now && breakdown.until.is_none())
    }

    /// The next moment after `now` at which one of these changes.
    pub(super) fn next_change(&self, courier: &CourierId, now: Timestamp) -> Option<Timestamp> {
        let jams = self.jams.iter();
        let jams = jams.flat_map(|jam| [jam.window.start, jam.window.end]);
        let outages = self.of(courier);
        let outages = outages.flat_map(|outage| [Some(outage.at), outage.until]);
        let changes = jams.chain(outages.flatten());
        changes.filter(|change| *change > now).min()
    }

    /// When it is heard what `courier` reports at `at`.
    pub(super) fn heard_at(&self, courier: &CourierId, at: Timestamp) -> Timestamp {
        let silences = self.silences.iter();
        let mut silent = silences.filter(|silence| {
            silence.courier == *courier && silence.window.start <= at && at < silence.window.end
        });
        silent.next().map_or(at, |silence| silence.window.end)
    }

    /// What people say of jams and breakdowns.
    pub(super) fn announcements(&self, problem: &Problem) -> Vec<Happening> {
        let all: BTreeSet<ZoneId> = problem.places.iter().map(|place| place.zone()).collect();
        let mut told = Vec::new();
        for jam in &self.jams {
            let Some(after) = jam.told_after else {
                continue;
            };
            let areas: Vec<Option<ZoneId>> = match jam.zones.is_empty() {
                true => vec![None],
                false => jam.zones.intersection(&all).cloned().map(Some).collect(),
            };
            let at = jam.window.start + after;
            told.extend(areas.into_iter().map(|area| Happening {
                at,
                reported_at: at,
                event: Event::Traffic {
                    area,
                    factor: times(jam.factor),
                    until: Some(jam.window.end.max(at)),
                },
            }));
        }
        for breakdown in &self.breakdowns {
            let Some(after) = breakdown.told_after else {
                continue;
            };
            told.push(Happening {
                at: breakdown.at,
                reported_at: breakdown.at + after,
                event: Event::BrokenDown {
                    courier: breakdown.courier.clone(),
                    until: breakdown.until,
                    note: breakdown.note.clone(),
                },
            });
        }
        told
    }

    fn of(&self, courier: &CourierId) -> impl Iterator<Item = &Breakdown> {
        let breakdowns = self.breakdowns.iter();
        breakdowns.filter(move |breakdown| breakdown.courier == *courier)
    }
}

/// How many times as long, as it is reported.
fn times(factor: f64) -> BasisPoints {
    let points = super::nature::whole(factor * 10_000.0).0;
    BasisPoints(u32::try_from(points).unwrap_or(u32::MAX))
}

/// Makes trouble up.
struct Maker<'a> {
    problem: &'a Problem,
    plan: &'a Plan,
    seed: u64,
}

impl Maker<'_> {
    fn draws(&self, of: u64, number: u32) -> rng::Stream {
        rng::stream(self.seed, &[of, u64::from(number)])
    }

    fn jam(&self, number: u32) -> Option<Jam> {
        let mut draws = self.draws(0, number);
        let first = self.plan.routes.iter().map(|route| route.departure).min()?;
        let last = self.plan.routes.iter().map(|route| route.end).max()?;
        let lasts = Seconds(draws.random_range(90..=150) * 60);
        let anywhere = draws.random_range(first.0..=last.0);
        let at = if number == 0 {
            self.at_five(first).unwrap_or(anywhere)
        } else {
            anywhere
        };
        let order = draws.random_range(0..self.problem.orders.len().max(1));
        let middle = self.problem.orders.get(order)?.place;
        let middle = self.problem.place(middle);
        let zones = match middle.location {
            Some(location) => self.zones_around(location),
            None => [middle.zone()].into(),
        };
        Some(Jam {
            zones,
            window: TimeWindow {
                start: Timestamp(at),
                end: Timestamp(at) + lasts,
            },
            factor: draws.random_range(1.5..2.2),
            told_after: draws.random_bool(0.7).then_some(Seconds(600)),
        })
    }

    /// Five in the afternoon on the day of `moment`, by the clocks of the city.
    fn at_five(&self, moment: Timestamp) -> Option<i64> {
        let zone = jiff::tz::TimeZone::get(&self.problem.time_zone).ok()?;
        let moment = jiff::Timestamp::from_second(moment.0).ok()?;
        let day = moment.to_zoned(zone.clone()).date();
        let five = day.at(17, 0, 0, 0).to_zoned(zone).ok()?;
        Some(five.timestamp().as_second())
    }

    fn zones_around(&self, middle: GeoPoint) -> BTreeSet<ZoneId> {
        let places = self.problem.places.iter().filter(|place| {
            let location = place.location;
            location.is_some_and(|location| location.meters_to(middle) <= JAM_RADIUS)
        });
        places.map(|place| place.zone()).collect()
    }

    /// A route, and a moment in the middle of it.
    fn moment(&self, draws: &mut rng::Stream) -> Option<(&Route, Timestamp)> {
        let routes = &self.plan.routes;
        let route = routes.get(draws.random_range(0..routes.len().max(1)))?;
        let share: f64 = draws.random_range(0.1..0.7);
        let span = (route.end - route.departure).0 as f64;
        Some((route, route.departure + super::nature::whole(share * span)))
    }

    fn breakdown(&self, number: u32) -> Option<Breakdown> {
        let mut draws = self.draws(1, number);
        let (route, at) = self.moment(&mut draws)?;
        let lasts = Seconds(draws.random_range(60..=120) * 60);
        let is_repaired = draws.random_bool(0.5);
        Some(Breakdown {
            courier: route.courier.clone(),
            at,
            until: is_repaired.then(|| at + lasts),
            told_after: Some(Seconds(300)),
            note: "the engine does not start".to_owned(),
        })
    }

    fn hold_up(&self, number: u32) -> Option<Breakdown> {
        let mut draws = self.draws(2, number);
        let (route, at) = self.moment(&mut draws)?;
        Some(Breakdown {
            courier: route.courier.clone(),
            at,
            until: Some(at + Seconds(draws.random_range(40..=80) * 60)),
            told_after: None,
            note: String::new(),
        })
    }

    fn silence(&self, number: u32) -> Option<Silence> {
        let mut draws = self.draws(3, number);
        let (route, at) = self.moment(&mut draws)?;
        let lasts = Seconds(draws.random_range(30..=60) * 60);
        Some(Silence {
            courier: route.courier.clone(),
            window: TimeWindow {
                start: at,
                end: at + lasts,
            },
        })
    }
}
