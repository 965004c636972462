//! Couriers as vehicle types: those who differ in nothing that matters to the solver are one.
//!
//! Knows couriers and depots; of orders only which sets of them a courier may not serve.

use std::collections::BTreeMap;

use super::narrow;
use super::scene::{Scene, Station};
use crate::model::{BreakStart, Courier, CourierId, ProfileId};
use crate::solver::problem::{Break, BreakRule, Reload, VehicleType};
use crate::units::{BasisPoints, ExactCost, Meters, Seconds, Timestamp};

/// Everything that makes two couriers one vehicle type.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KindKey<'a> {
    capacity: Vec<i64>,
    pub(super) stations: (Station<'a>, Option<Station<'a>>),
    /// Stations with their loading times, in the order of the courier's depots.
    pub(super) reloads: Vec<(Station<'a>, i64)>,
    breaks: Vec<Break>,
    times: [i64; 6],
    costs: [i64; 4],
    limits: [i64; 3],
    pub(super) travel: (ProfileId, BasisPoints),
    pub(super) pace: BasisPoints,
    /// Which of [`Scene::exclusions`].
    pub(super) excluded: usize,
}

impl<'a> Scene<'a> {
    /// Kinds of vehicles with their couriers, in the order of their first courier, so that renaming nothing changes
    /// nothing; those in `starts` start then.
    pub(super) fn kinds(
        &self,
        starts: &BTreeMap<CourierId, Timestamp>,
    ) -> Vec<(KindKey<'a>, Vec<usize>)> {
        let mut members: BTreeMap<KindKey<'_>, Vec<usize>> = BTreeMap::new();
        for (number, courier) in self.problem.couriers.iter().enumerate() {
            if let Some(key) = self.kind_key(number, courier, starts.get(&courier.id)) {
                members.entry(key).or_default().push(number);
            }
        }
        let mut kinds: Vec<(KindKey<'_>, Vec<usize>)> = members.into_iter().collect();
        kinds.sort_by_key(|(_, couriers)| couriers[0]);
        kinds
    }

    /// What kind of vehicle `courier` is; `None` if a depot is unknown, which validation excludes.
    fn kind_key(
        &self,
        number: usize,
        courier: &'a Courier,
        start: Option<&Timestamp>,
    ) -> Option<KindKey<'a>> {
        let limits = &courier.limits;
        let span = courier.shift.end - courier.shift.start;
        let costs = &courier.costs;
        Some(KindKey {
            capacity: self
                .dimensions
                .iter()
                .map(|name| {
                    courier
                        .capacities
                        .get(*name)
                        .map_or(i64::MAX, |load| load.0)
                })
                .collect(),
            stations: (
                self.station(self.problem.start_place(courier)?, courier.start_depot()),
                (self.problem.end_place(courier))
                    .map(|place| self.station(place, courier.end_depot())),
            ),
            reloads: if courier.may_reload() {
                (courier.reload_depots.iter())
                    .map(|id| {
                        let depot = self.problem.depot(id)?;
                        Some((self.station(depot.place, Some(id)), depot.loading.0))
                    })
                    .collect::<Option<_>>()?
            } else {
                Vec::new()
            },
            breaks: self.breaks(courier),
            times: [
                self.time(*start.unwrap_or(&courier.shift.start)),
                start.map_or(i64::MAX, |&start| self.time(start)),
                self.time(courier.shift.end),
                self.problem.loading(courier).0,
                limits.max_duty.unwrap_or(span).min(span).0,
                limits.regular_duty.unwrap_or(span).min(span).0,
            ],
            costs: [
                ExactCost::from_cost(costs.fixed).0,
                if self.is_free {
                    1
                } else {
                    ExactCost::of_distance(Meters(1), costs.per_km).0
                },
                ExactCost::of_time(Seconds(1), costs.per_hour).0,
                ExactCost::of_time(Seconds(1), costs.overtime_per_hour).0,
            ],
            limits: [
                limits.max_stops.map_or(i64::MAX, i64::from),
                limits.max_distance.map_or(i64::MAX, |distance| distance.0),
                courier.max_reloads.map_or(i64::MAX, i64::from),
            ],
            travel: (courier.profile.clone(), courier.speed_factor),
            pace: courier.service_factor,
            excluded: self.exclusion_of[number],
        })
    }

    fn breaks(&self, courier: &Courier) -> Vec<Break> {
        let breaks = courier.breaks.iter().map(|pause| Break {
            duration: narrow(pause.duration.0),
            rule: match pause.start {
                BreakStart::Within(window) => BreakRule::Window {
                    start: narrow(self.time(window.start)),
                    end: narrow(self.time(window.end)),
                },
                BreakStart::AfterWork(limit) => BreakRule::AfterWork(narrow(limit.0)),
            },
        });
        breaks.collect()
    }

    /// The kind as a vehicle type, in positions in the lists of all stations, profiles and paces.
    pub(super) fn vehicle_type(
        &self,
        key: &KindKey<'a>,
        couriers: &[usize],
        stations: &[Station<'a>],
        profiles: &[(ProfileId, BasisPoints)],
        paces: &[BasisPoints],
    ) -> VehicleType {
        let [
            earliest,
            latest_start,
            latest,
            loading,
            max_duration,
            regular_duration,
        ] = key.times.map(narrow);
        let [fixed, per_distance, per_time, per_overtime] = key.costs;
        VehicleType {
            count: u32::try_from(couriers.len()).unwrap_or(u32::MAX),
            capacity: key.capacity.clone(),
            start: position(stations, &key.stations.0),
            end: key.stations.1.map(|station| position(stations, &station)),
            earliest,
            latest,
            latest_start,
            loading,
            reloads: (key.reloads.iter())
                .map(|(station, loading)| Reload {
                    station: position(stations, station),
                    loading: narrow(*loading),
                })
                .collect(),
            max_reloads: u32::try_from(key.limits[2]).unwrap_or(u32::MAX),
            breaks: key.breaks.clone(),
            fixed,
            per_distance,
            per_time,
            per_overtime,
            regular_duration,
            max_clients: u32::try_from(key.limits[0]).unwrap_or(u32::MAX),
            max_distance: key.limits[1],
            max_duration,
            profile: position(profiles, &key.travel),
            pace: position(paces, &key.pace),
        }
    }
}

fn position<T: Ord>(sorted: &[T], item: &T) -> usize {
    sorted
        .binary_search(item)
        .expect("the list was collected from all items")
}
