//! The vehicles of an instance: numbered in the text, alike in kinds.

use std::collections::BTreeMap;

/// What a vehicle is. Costs and times are in integer units.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::formats) struct Kind {
    /// Node where its route begins and ends.
    pub(in crate::formats) depot: usize,
    /// What it holds.
    pub(in crate::formats) capacity: i64,
    /// Cost of using it.
    pub(in crate::formats) fixed: i64,
    /// Cost of a unit of distance.
    pub(in crate::formats) per_distance: i64,
    /// Longest time from leaving the depot to being back; `None` for no limit.
    pub(in crate::formats) max_duration: Option<i64>,
    /// Nodes that it may serve, ascending; `None` for all.
    pub(in crate::formats) clients: Option<Vec<usize>>,
    /// Depots where it may load for further trips, ascending.
    pub(in crate::formats) reloads: Vec<usize>,
}

impl Kind {
    /// Whether it may serve the client at `node`.
    pub(super) fn may_serve(&self, node: usize) -> bool {
        self.clients
            .as_ref()
            .is_none_or(|clients| clients.binary_search(&node).is_ok())
    }
}

/// All vehicles: the number of each tells its kind.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::formats) struct Fleet {
    /// Kinds that differ from each other, with how many vehicles there are of each.
    pub(super) kinds: Vec<(Kind, u32)>,
    /// The kind of each vehicle; empty if all are of one kind.
    kind_of: Vec<usize>,
}

impl Fleet {
    /// So many vehicles of one kind.
    pub(in crate::formats) fn uniform(kind: Kind, count: u32) -> Self {
        Self {
            kinds: vec![(kind, count)],
            kind_of: Vec::new(),
        }
    }

    /// These vehicles, of which at least one; kinds are in the order of their first vehicles.
    pub(in crate::formats) fn of(vehicles: impl IntoIterator<Item = Kind>) -> Self {
        let mut known: BTreeMap<Kind, usize> = BTreeMap::new();
        let mut counts: Vec<u32> = Vec::new();
        let mut kind_of = Vec::new();
        for vehicle in vehicles {
            let kind = *known.entry(vehicle).or_insert(counts.len());
            if kind == counts.len() {
                counts.push(0);
            }
            counts[kind] += 1;
            kind_of.push(kind);
        }
        let mut kinds: Vec<(usize, Kind)> = known.into_iter().map(|(k, at)| (at, k)).collect();
        kinds.sort_unstable_by_key(|&(at, _)| at);
        let kinds: Vec<(Kind, u32)> = kinds
            .into_iter()
            .map(|(at, kind)| (kind, counts[at]))
            .collect();
        if kinds.len() == 1 {
            kind_of.clear();
        }
        Self { kinds, kind_of }
    }

    /// Number of vehicles.
    pub(super) fn n_vehicles(&self) -> usize {
        self.kinds.iter().map(|&(_, count)| count as usize).sum()
    }

    /// Whether it matters which vehicle drives a route.
    pub(super) fn is_mixed(&self) -> bool {
        self.kinds.len() > 1
    }

    /// What vehicle number `vehicle`, from 0, is.
    pub(super) fn vehicle(&self, vehicle: usize) -> &Kind {
        &self.kinds[self.kind_of.get(vehicle).copied().unwrap_or(0)].0
    }

    /// The kind of vehicle number `vehicle`, from 0, by number; `None` if there is no such vehicle.
    pub(super) fn kind_of(&self, vehicle: usize) -> Option<usize> {
        if self.kind_of.is_empty() {
            return (vehicle < self.n_vehicles()).then_some(0);
        }
        self.kind_of.get(vehicle).copied()
    }

    /// Puts routes, each with the number of its kind, to vehicles of these kinds: every vehicle has an entry if they
    /// differ, only the routes have one if not.
    ///
    /// # Panics
    /// If there are more routes of a kind than vehicles.
    pub(super) fn assign(&self, routes: Vec<(usize, Vec<usize>)>) -> Vec<Vec<usize>> {
        if !self.is_mixed() {
            return routes.into_iter().map(|(_, route)| route).collect();
        }
        let mut vehicles = vec![Vec::new(); self.kinds.len()];
        for (vehicle, &kind) in self.kind_of.iter().enumerate().rev() {
            vehicles[kind].push(vehicle);
        }
        let mut assigned = vec![Vec::new(); self.kind_of.len()];
        for (kind, route) in routes {
            let vehicle = vehicles[kind]
                .pop()
                .expect("the solver uses no more vehicles than there are");
            assigned[vehicle] = route;
        }
        assigned
    }
}
