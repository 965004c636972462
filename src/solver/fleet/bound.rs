//! How many vehicles are needed at least, whatever the routes.

use crate::solver::problem::{FAR, Problem};

/// How many clients a search for mutually exclusive ones begins with.
const CLIQUE_SEEDS: usize = 24;

/// A number of vehicles without which `clients` cannot all be served.
///
/// The largest of: what their loads take in each dimension, what their number takes, and how many of them no two can
/// share a route.
pub(super) fn vehicles_min(problem: &Problem, clients: &[u32]) -> usize {
    by_load(problem, clients)
        .max(by_number(problem, clients))
        .max(by_time(problem, clients))
}

/// As many of the roomiest vehicles as deliveries and collections fill, each for itself.
fn by_load(problem: &Problem, clients: &[u32]) -> usize {
    let sums = (0..problem.n_dims()).flat_map(|dim| {
        let data = || clients.iter().map(|&c| &problem.clients()[c as usize]);
        let delivered: i128 = data().map(|client| i128::from(client.delivery[dim])).sum();
        let collected: i128 = data()
            .map(|client| i128::from(client.collection[dim]))
            .sum();
        [(dim, delivered), (dim, collected)]
    });
    sums.map(|(dim, sum)| vehicles_for(problem, sum, |kind| problem.types()[kind].capacity[dim]))
        .max()
        .unwrap_or(0)
}

fn by_number(problem: &Problem, clients: &[u32]) -> usize {
    vehicles_for(problem, clients.len() as i128, |kind| {
        i64::from(problem.types()[kind].max_clients)
    })
}

/// How many vehicles hold `sum` together if the roomiest go first.
fn vehicles_for(problem: &Problem, sum: i128, room: impl Fn(usize) -> i64) -> usize {
    let mut kinds: Vec<(i64, u32)> = (0..problem.types().len())
        .map(|kind| (room(kind), problem.types()[kind].count))
        .collect();
    kinds.sort_unstable_by(|a, b| b.cmp(a));
    let mut left = sum;
    let mut vehicles = 0;
    for (room, count) in kinds {
        if left <= 0 || room <= 0 {
            break;
        }
        let needed = (left - 1) / i128::from(room) + 1;
        let used = needed.min(i128::from(count));
        left -= used * i128::from(room);
        vehicles += used as usize;
    }
    vehicles
}

/// The size of the largest set found of clients of which no two can share a route: greedily, those with narrow windows
/// first, from a few beginnings.
fn by_time(problem: &Problem, clients: &[u32]) -> usize {
    let spans: Vec<Span> = clients.iter().map(|&c| Span::new(problem, c)).collect();
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|&at| (spans[at].last - spans[at].first, at));
    let mut largest = 0;
    for &seed in order.iter().take(CLIQUE_SEEDS) {
        let mut clique = vec![&spans[seed]];
        for span in order.iter().map(|&at| &spans[at]) {
            if clique.iter().all(|other| span.excludes(problem, other)) {
                clique.push(span);
            }
        }
        largest = largest.max(clique.len());
    }
    largest
}

/// When a client can be served, at the very best.
struct Span {
    client: u32,
    first: i32,
    last: i32,
    service: i32,
}

impl Span {
    fn new(problem: &Problem, client: u32) -> Self {
        let data = &problem.clients()[client as usize];
        let windows = || data.windows.iter();
        let kinds =
            || (0..problem.types().len()).filter(|&kind| problem.admits(kind, client as usize));
        // No vehicle is there before it can have arrived from its start.
        let arrival = |kind: usize| {
            let vehicle = &problem.types()[kind];
            let way = problem.arc(vehicle.profile, problem.start_node(kind), client as usize);
            vehicle.earliest + vehicle.loading + way.duration
        };
        let opening = windows().map(|window| window.start).min().unwrap_or(0);
        Self {
            client,
            first: kinds().map(arrival).min().unwrap_or(opening).max(opening),
            last: windows().map(|window| window.end).max().unwrap_or(0),
            service: kinds()
                .map(|kind| data.service[problem.types()[kind].pace])
                .min()
                .unwrap_or(0),
        }
    }

    /// Whether the two cannot be in one route, in either sequence.
    ///
    /// Only direct ways are looked at, so ways must not be longer than detours; where they are, this is a guess.
    fn excludes(&self, problem: &Problem, other: &Self) -> bool {
        self.client != other.client
            && !self.reaches(problem, other)
            && !other.reaches(problem, self)
    }

    fn reaches(&self, problem: &Problem, other: &Self) -> bool {
        (0..problem.n_profiles()).any(|profile| {
            let way = problem.arc(profile, self.client as usize, other.client as usize);
            way.duration < FAR && self.first + self.service + way.duration <= other.last
        })
    }
}
