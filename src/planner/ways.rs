//! Ways between the nodes of a problem as the solver asks for them: in indices, without ids, and owned.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::model::{PlaceIdx, Problem, ProfileId};
use crate::solver::problem::{Arc, FAR, TABLE_CLIENTS_MAX};
use crate::travel::{GeoWays, Leg, TravelTimes};
use crate::units::{BasisPoints, Seconds};

/// All ways of a problem: by profile, at the speeds of couriers.
pub(super) struct Roads {
    ways: Vec<Ways>,
    /// For each of the solver's profiles, which ways it goes and how fast.
    profiles: Vec<(usize, BasisPoints)>,
}

impl Roads {
    /// Couriers of different speed drive the same ways: each way is measured once a profile.
    pub(super) fn new(
        problem: &Problem,
        travel: &TravelTimes<'_>,
        profiles: &[(ProfileId, BasisPoints)],
        places: &[PlaceIdx],
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let ids: BTreeSet<&ProfileId> = profiles.iter().map(|(id, _)| id).collect();
        let ways: Vec<Ways> = ids
            .into_iter()
            .map(|id| Ways::new(problem, travel, id.clone(), places, is_cancelled))
            .collect();
        let profile = |(id, speed): &(ProfileId, BasisPoints)| {
            let number = ways.iter().position(|ways| ways.profile == *id);
            (number.expect("there are ways for every profile"), *speed)
        };
        Self {
            profiles: profiles.iter().map(profile).collect(),
            ways,
        }
    }

    /// The profile's own travel time, whatever the speed and the time of day.
    pub(super) fn own(&self, profile: usize, from: usize, to: usize) -> Option<i32> {
        let (own, _) = self.ways[self.profiles[profile].0].get(from, to)?;
        Some(own)
    }

    /// The arc at the profile's own times.
    pub(super) fn arc(&self, profile: usize, from: usize, to: usize) -> Arc {
        let (number, speed) = self.profiles[profile];
        match self.ways[number].get(from, to) {
            Some((own, distance)) => Arc {
                duration: narrow(speed.divide(Seconds(i64::from(own))).0),
                distance,
            },
            None => Arc {
                duration: FAR,
                distance: FAR,
            },
        }
    }
}

/// Travel time and distance between all nodes under one profile, at the profile's own speed.
///
/// Shape: few nodes and the nodes of a matrix have a table (12 bytes a pair of nodes, or of rows in use); many nodes with
/// coordinates are measured when they are asked for.
pub(super) struct Ways {
    pub(super) profile: ProfileId,
    source: Source,
}

enum Source {
    Table(Table),
    /// A table between rows, and the row of each node.
    Rows(Vec<u32>, Table),
    Geo(GeoWays),
}

/// Ways between some places, row by row.
struct Table {
    n_places: usize,
    legs: Vec<Option<(i32, i32)>>,
}

impl Ways {
    /// The ways between `nodes` under `profile`; those still to be measured when `is_cancelled` says so count as none.
    pub(super) fn new(
        problem: &Problem,
        travel: &TravelTimes<'_>,
        profile: ProfileId,
        nodes: &[PlaceIdx],
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        if nodes.len() > TABLE_CLIENTS_MAX {
            return Self::of_many(problem, travel, profile, nodes, is_cancelled);
        }
        Self {
            source: Source::Table(Table::new(travel, &profile, nodes, is_cancelled)),
            profile,
        }
    }

    /// The same without a table of all nodes.
    fn of_many(
        problem: &Problem,
        travel: &TravelTimes<'_>,
        profile: ProfileId,
        nodes: &[PlaceIdx],
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let source = if let Some(geo) = travel.geo_ways(&profile, nodes) {
            Source::Geo(geo)
        } else {
            let (rows, places) = rows(problem, nodes);
            let table = Table::new(travel, &profile, &places, is_cancelled);
            Source::Rows(rows, table)
        };
        Self { profile, source }
    }

    /// Duration and distance; `None` if there is no way.
    pub(super) fn get(&self, from: usize, to: usize) -> Option<(i32, i32)> {
        match &self.source {
            Source::Table(table) => table.get(from, to),
            Source::Rows(rows, table) => table.get(rows[from] as usize, rows[to] as usize),
            Source::Geo(geo) => Some(narrow_leg(geo.leg(from, to))),
        }
    }
}

impl Table {
    fn new(
        travel: &TravelTimes<'_>,
        profile: &ProfileId,
        places: &[PlaceIdx],
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let leg = |from, to| travel.profile_leg(profile, from, to).map(narrow_leg);
        let row = |from: &PlaceIdx| -> Vec<Option<(i32, i32)>> {
            if is_cancelled() {
                return vec![None; places.len()];
            }
            places.iter().map(|to| leg(*from, *to)).collect()
        };
        Self {
            n_places: places.len(),
            legs: places.par_iter().flat_map_iter(row).collect(),
        }
    }

    fn get(&self, from: usize, to: usize) -> Option<(i32, i32)> {
        self.legs[from * self.n_places + to]
    }
}

/// For each node a number that nodes of one name share, as they share a matrix's row, and a place for each number.
fn rows(problem: &Problem, nodes: &[PlaceIdx]) -> (Vec<u32>, Vec<PlaceIdx>) {
    let mut row_of = BTreeMap::new();
    let mut places = Vec::new();
    let rows = nodes.iter().map(|&node| {
        let name = problem.places[node.index()].id.as_ref().ok_or(node);
        *row_of.entry(name).or_insert_with(|| {
            places.push(node);
            u32::try_from(places.len() - 1).unwrap_or(u32::MAX)
        })
    });
    let rows = rows.collect();
    (rows, places)
}

fn narrow_leg(leg: Leg) -> (i32, i32) {
    (narrow(leg.duration.0), narrow(leg.distance.0))
}

/// Times span at most days and distances are bounded by validation, so nothing is cut off.
pub(super) fn narrow(value: i64) -> i32 {
    i32::try_from(value.clamp(-i64::from(FAR), i64::from(FAR))).unwrap_or(FAR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::fixture::arbitrary::day;
    use crate::model::{GeoPoint, GeoTravel, TravelSource};

    fn assert_same_ways(problem: &Problem) {
        let travel = TravelTimes::new(problem);
        let depots = problem.depots.iter().map(|depot| depot.place);
        let orders = problem.orders.iter().map(|order| order.place);
        let nodes: Vec<PlaceIdx> = orders.chain(depots).collect();
        for profile in &problem.profiles {
            let few = Ways::new(problem, &travel, profile.id.clone(), &nodes, &|| false);
            let many = Ways::of_many(problem, &travel, profile.id.clone(), &nodes, &|| false);
            assert!(!matches!(many.source, Source::Table(_)));
            for (from, to) in (0..nodes.len()).flat_map(|a| (0..nodes.len()).map(move |b| (a, b))) {
                assert_eq!(few.get(from, to), many.get(from, to));
            }
        }
    }

    proptest! {
        #[test]
        fn many_places_have_the_same_ways_as_few(mut problem in day()) {
            assert_same_ways(&problem);
            for profile in &mut problem.profiles {
                profile.source = TravelSource::Geo(GeoTravel { speed_kmh: 21.5, detour_factor: 1.3 });
            }
            for (number, place) in (0..).zip(&mut problem.places) {
                let spread = f64::from(number * 37 % 100) / 400.0;
                place.location = Some(GeoPoint {
                    latitude: 55.6 + spread,
                    longitude: 37.8 - 2.0 * spread * spread,
                });
            }
            assert_same_ways(&problem);
        }
    }
}
