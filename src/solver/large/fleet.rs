//! Deals free vehicles to regions, near stations first.

use std::collections::BTreeMap;

use rand::RngExt;

use crate::rng::Stream;
use crate::solver::problem::Problem;

/// What a region asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// A client of the region.
    pub(super) anchor: u32,
    /// Its claim, in relation to others.
    pub(super) weight: u64,
}

/// Vehicles by type: type and number, ascending.
pub(super) type Fleet = Vec<(u32, u32)>;

/// Deals all of `free` (numbers by type) to regions in proportion to their needs, each from stations as near as others
/// leave it, and each station's types as mixed as they are.
///
/// Shape: O(regions x stations) arcs, and the number of vehicles.
pub(super) fn deal(
    problem: &Problem,
    needs: &[Need],
    free: &[u32],
    rng: &mut Stream,
) -> Vec<Fleet> {
    let mut at_station: BTreeMap<(usize, usize), Vec<u32>> = BTreeMap::new();
    for (kind, vehicle) in problem.types().iter().enumerate() {
        if free[kind] > 0 {
            let station = (vehicle.profile, problem.start_node(kind));
            at_station.entry(station).or_default().push(kind as u32);
        }
    }
    let stations: Vec<_> = at_station.into_iter().collect();
    let stocks: Vec<u64> = stations
        .iter()
        .map(|(_, kinds)| {
            kinds
                .iter()
                .map(|&kind| u64::from(free[kind as usize]))
                .sum()
        })
        .collect();
    let weights: Vec<u64> = needs.iter().map(|need| need.weight).collect();
    let quotas = shares(stocks.iter().sum(), &weights, rng);
    let nodes: Vec<(usize, usize)> = stations.iter().map(|(station, _)| *station).collect();
    let assigned = assign(problem, needs, &nodes, quotas, stocks);
    let mut fleets = vec![BTreeMap::new(); needs.len()];
    for ((_, kinds), counts) in stations.iter().zip(assigned) {
        let mut pile = mixed(kinds, free, rng).into_iter();
        for (fleet, count) in fleets.iter_mut().zip(counts) {
            for kind in pile.by_ref().take(count as usize) {
                *fleet.entry(kind).or_insert(0) += 1;
            }
        }
    }
    fleets
        .into_iter()
        .map(|fleet| fleet.into_iter().collect())
        .collect()
}

/// `total` in parts proportional to `weights`; who gets what is left over by rounding is drawn.
fn shares(total: u64, weights: &[u64], rng: &mut Stream) -> Vec<u64> {
    let all = u128::from(weights.iter().sum::<u64>().max(1));
    let shift = rng.random_range(0..weights.len().max(1));
    let mut before = 0_u128;
    let mut given = 0;
    let mut shares = vec![0; weights.len()];
    for number in 0..weights.len() {
        let at = (number + shift) % weights.len();
        before += u128::from(weights[at]);
        let due = (u128::from(total) * before / all) as u64;
        shares[at] = due - given;
        given = due;
    }
    shares
}

/// How many vehicles of each station go to each region: the shortest ways first.
fn assign(
    problem: &Problem,
    needs: &[Need],
    stations: &[(usize, usize)],
    mut quotas: Vec<u64>,
    mut stocks: Vec<u64>,
) -> Vec<Vec<u64>> {
    let mut pairs: Vec<(i32, u32, u32)> = Vec::with_capacity(needs.len() * stations.len());
    for (row, &(profile, node)) in stations.iter().enumerate() {
        let way = |need: &Need| problem.arc(profile, node, need.anchor as usize).distance;
        pairs.extend(
            (0..)
                .zip(needs)
                .map(|(region, need)| (way(need), row as u32, region)),
        );
    }
    pairs.sort_unstable();
    let mut assigned = vec![vec![0; needs.len()]; stations.len()];
    for (_, row, region) in pairs {
        let (row, region) = (row as usize, region as usize);
        let count = quotas[region].min(stocks[row]);
        quotas[region] -= count;
        stocks[row] -= count;
        assigned[row][region] += count;
    }
    assigned
}

/// All free vehicles of some types in a row, of which every stretch has about the same mix; where it begins is drawn.
fn mixed(kinds: &[u32], free: &[u32], rng: &mut Stream) -> Vec<u32> {
    let spread = |&kind: &u32| {
        let count = free[kind as usize];
        (0..count).map(move |number| {
            (
                ((2 * u64::from(number) + 1) << 32) / (2 * u64::from(count)),
                kind,
            )
        })
    };
    let mut row: Vec<(u64, u32)> = kinds.iter().flat_map(spread).collect();
    row.sort_unstable();
    if !row.is_empty() {
        let first = rng.random_range(0..row.len());
        row.rotate_left(first);
    }
    row.into_iter().map(|(_, kind)| kind).collect()
}
