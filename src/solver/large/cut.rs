//! Cuts many clients or routes into regions of neighbors.
//!
//! As for smaller problems the cut follows travel distances, not coordinates: things are ordered by how much nearer
//! they are to one of two distant clients than to the other (one axis of FastMap, Faloutsos and Lin, 1995) and cut in
//! two, again and again.

use rand::RngExt;

use crate::rng;
use crate::solver::problem::Problem;

/// Most clients that speak for a route.
const PROBES_MAX: usize = 4;
/// Halves of more items than this are cut at the same time.
const JOIN_ITEMS: usize = 4_000;

/// Something that stays together: a route, or a client that is in none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// What the caller calls it; unique.
    pub(super) name: u32,
    /// Number of clients.
    weight: u32,
    probes: [u32; PROBES_MAX],
    n_probes: u32,
}

impl Item {
    /// A client of its own.
    pub(super) fn of_client(name: u32, client: u32) -> Self {
        Self {
            name,
            weight: 1,
            probes: [client; PROBES_MAX],
            n_probes: 1,
        }
    }

    /// A route; `clients` must not be empty.
    pub(super) fn of_route(name: u32, clients: &[u32]) -> Self {
        let n_probes = clients.len().min(PROBES_MAX);
        let mut probes = [0; PROBES_MAX];
        for (number, probe) in probes.iter_mut().enumerate().take(n_probes) {
            *probe = clients[number * clients.len() / n_probes];
        }
        Self {
            name,
            weight: clients.len() as u32,
            probes,
            n_probes: n_probes as u32,
        }
    }

    /// A client that stands for the whole item.
    pub(super) fn anchor(&self) -> u32 {
        self.probes[self.n_probes as usize / 2]
    }

    fn probes(&self) -> &[u32] {
        &self.probes[..self.n_probes as usize]
    }
}

/// What the random numbers of a cut depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct CutKey {
    pub(super) seed: u64,
    pub(super) stream: u64,
    pub(super) round: u64,
}

/// Cuts items into `n_regions` regions of about equally many clients, none of them empty: fewer if there are fewer items
/// or if `stop` says that there is no time.
///
/// Shape: O(items x log regions) arcs, on all threads of the pool.
pub(super) fn cut(
    problem: &Problem,
    items: Vec<Item>,
    n_regions: usize,
    key: CutKey,
    stop: &(dyn Fn() -> bool + Sync),
) -> Vec<Vec<Item>> {
    if items.is_empty() {
        return Vec::new();
    }
    let cutter = Cutter { problem, key, stop };
    cutter.cut(items, n_regions.max(1), 1)
}

struct Cutter<'p> {
    problem: &'p Problem,
    key: CutKey,
    stop: &'p (dyn Fn() -> bool + Sync),
}

impl Cutter<'_> {
    /// `path` names the place in the tree of cuts.
    fn cut(&self, items: Vec<Item>, n_regions: usize, path: u64) -> Vec<Vec<Item>> {
        if n_regions == 1 || items.len() < 2 || (self.stop)() {
            return vec![items];
        }
        let n_left = n_regions / 2;
        let many = items.len() > JOIN_ITEMS;
        let (left, right) = self.bisect(items, n_left, n_regions, path);
        let cut_left = || self.cut(left, n_left, 2 * path);
        let cut_right = || self.cut(right, n_regions - n_left, 2 * path + 1);
        let (mut regions, others) = if many {
            rayon::join(cut_left, cut_right)
        } else {
            (cut_left(), cut_right())
        };
        regions.extend(others);
        regions
    }

    /// Cuts off `part` of `parts` of the clients.
    fn bisect(
        &self,
        mut items: Vec<Item>,
        part: usize,
        parts: usize,
        path: u64,
    ) -> (Vec<Item>, Vec<Item>) {
        let CutKey {
            seed,
            stream,
            round,
        } = self.key;
        let mut rng = rng::stream(seed, &[stream, round, path]);
        let profile = self.problem.types()[0].profile;
        let mut draw = || items[rng.random_range(0..items.len())].anchor();
        let pivot = draw();
        let way = |from: u32, to: u32| {
            i64::from(
                self.problem
                    .arc(profile, from as usize, to as usize)
                    .distance,
            )
        };
        // A random direction: the far pole is the farthest of a few, not of all, so that cuts differ between rounds.
        let candidates = [draw(), draw(), draw(), draw()];
        let pole = candidates
            .into_iter()
            .max_by_key(|&client| (way(pivot, client), client))
            .unwrap_or(pivot);
        let key = |item: &Item| {
            let side = |&client: &u32| way(pivot, client) - way(pole, client);
            let sum: i64 = item.probes().iter().map(side).sum();
            sum * 16 / i64::from(item.n_probes)
        };
        items.sort_by_cached_key(|item| (key(item), item.name));
        let all: u64 = items.iter().map(|item| u64::from(item.weight)).sum();
        let wanted = all * part as u64 / parts as u64;
        let mut before = 0;
        let cut = items.iter().position(|item| {
            before += u64::from(item.weight);
            before > wanted
        });
        let cut = cut.unwrap_or(items.len() - 1).clamp(1, items.len() - 1);
        let rest = items.split_off(cut);
        (items, rest)
    }
}
