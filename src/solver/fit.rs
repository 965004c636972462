//! Makes a given sequence a feasible route: chooses windows, and leaves out as few clients as possible.
//!
//! A dynamic program over the sequence with labels: what matters of the clients kept so far for those to come, of which
//! only those survive that no other is at least as good as in everything. Source: the resource-constrained shortest
//! path of Desaulniers, Desrosiers and Solomon (2005), on the sequence as an acyclic graph.

mod timed;

use super::duration::duration_cost;
use super::problem::{FAR, Problem};
use super::solution::evaluate;

/// Labels that survive behind one client. With this many there is no need to be exact.
const LABELS_MAX: usize = 64;

/// The clients of `sequence` that a vehicle of type `kind` can serve in this sequence, with windows, at least cost among
/// the largest sets; `None` if the first `locked` ones, which must stay, cannot be served.
///
/// Shape: with no more than a few windows and limits, time grows with the square of the sequence times the number of
/// clients left out. Exact unless more than [`LABELS_MAX`] labels would survive somewhere, travel depends on the time
/// of day, or the vehicle's driver takes breaks.
pub(super) fn fit(
    problem: &Problem,
    kind: usize,
    sequence: &[usize],
    locked: usize,
) -> Option<Vec<(u32, u8)>> {
    let is_simple = |&client: &usize| problem.clients()[client].windows.len() == 1;
    if sequence.iter().all(is_simple) {
        let visits: Vec<(u32, u8)> = sequence.iter().map(|&client| (client as u32, 0)).collect();
        if evaluate(problem, kind, &visits).is_some() {
            return Some(visits);
        }
    }
    if problem.features().timed || !problem.types()[kind].breaks.is_empty() {
        return timed::fit(problem, kind, sequence, locked);
    }
    let mut skips_max = 0;
    loop {
        let found = starts(problem, kind, sequence)
            .into_iter()
            .filter_map(|start| Run::new(problem, kind, sequence, locked, start).best(skips_max))
            .filter(|run| evaluate(problem, kind, &run.visits).is_some() || run.visits.is_empty())
            .min_by_key(|run| (run.skipped, run.cost));
        if let Some(found) = found {
            return Some(found.visits);
        }
        if skips_max >= sequence.len() - locked {
            return None;
        }
        skips_max = (2 * skips_max).clamp(1, sequence.len() - locked);
    }
}

/// The moments at which the route may start: when the vehicle or the goods of some client are ready.
fn starts(problem: &Problem, kind: usize, sequence: &[usize]) -> Vec<i32> {
    let earliest = problem.types()[kind].earliest;
    let ready = sequence
        .iter()
        .filter_map(|&client| problem.clients()[client].ready);
    let mut starts: Vec<i32> = ready
        .map(|ready| ready.max(earliest))
        .chain([earliest])
        .collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// What a run found.
struct Found {
    skipped: usize,
    cost: i64,
    visits: Vec<(u32, u8)>,
}

/// What matters of the clients kept so far. Less is better everywhere but in `latest_start`.
#[derive(Clone, Debug)]
struct Label {
    /// The last client kept, as a position in the sequence.
    last: Option<usize>,
    window: u8,
    /// The label before, as a position in the list of all.
    parent: usize,
    skipped: usize,
    departure: i32,
    /// The latest start of the route that keeps every window so far.
    latest_start: i32,
    /// Loading, travel and service so far.
    work: i32,
    distance: i64,
    /// For windows chosen and clients left out.
    cost: i64,
    /// By dimension: delivered so far, collected so far, and the fullest moment so far.
    loads: Vec<[i64; 3]>,
}

impl Label {
    fn dominates(&self, other: &Self) -> bool {
        let fuller = |(mine, theirs): (&[i64; 3], &[i64; 3])| {
            mine.iter().zip(theirs).all(|(mine, theirs)| mine <= theirs)
        };
        self.skipped <= other.skipped
            && self.departure <= other.departure
            && self.latest_start >= other.latest_start
            && self.work <= other.work
            && self.distance <= other.distance
            && self.cost <= other.cost
            && self.loads.iter().zip(&other.loads).all(fuller)
    }
}

/// One dynamic program: the route starts at a given moment.
struct Run<'a> {
    problem: &'a Problem,
    kind: usize,
    sequence: &'a [usize],
    locked: usize,
    start: i32,
    labels: Vec<Label>,
}

impl<'a> Run<'a> {
    fn new(
        problem: &'a Problem,
        kind: usize,
        sequence: &'a [usize],
        locked: usize,
        start: i32,
    ) -> Self {
        let vehicle = &problem.types()[kind];
        let empty = Label {
            last: None,
            window: 0,
            parent: 0,
            skipped: 0,
            departure: start + vehicle.loading,
            latest_start: vehicle.latest,
            work: vehicle.loading,
            distance: 0,
            cost: 0,
            loads: vec![[0; 3]; problem.n_dims()],
        };
        Self {
            problem,
            kind,
            sequence,
            locked,
            start,
            labels: vec![empty],
        }
    }

    /// The best route that leaves out at most `skips_max` clients.
    fn best(mut self, skips_max: usize) -> Option<Found> {
        // Behind the start, then behind each client: the labels that survive there.
        let mut behind: Vec<Vec<usize>> = vec![vec![0]];
        for position in 0..self.sequence.len() {
            let mut here: Vec<Label> = Vec::new();
            let first = position.saturating_sub(skips_max);
            for (last, labels) in behind.iter().enumerate().skip(first) {
                // Between the two lies what is left out: nothing that is locked.
                if (last..position).any(|left_out| left_out < self.locked) {
                    continue;
                }
                for &label in labels {
                    self.extend(label, last, position, skips_max, &mut here);
                }
            }
            here.sort_by_key(|label| (label.skipped, label.departure, label.cost));
            here.truncate(LABELS_MAX);
            let from = self.labels.len();
            self.labels.append(&mut here);
            behind.push((from..self.labels.len()).collect());
        }
        self.finish(&behind, skips_max)
    }

    /// What leaving out the clients between two positions costs.
    fn skip_cost(&self, from: usize, to: usize) -> i64 {
        let left_out = self.sequence[from..to].iter();
        left_out.fold(0, |sum: i64, &client| {
            sum.saturating_add(self.problem.drop_cost(client))
        })
    }

    /// Goes from `label`, behind which the sequence up to `last` is decided, to the client at `position`.
    fn extend(
        &self,
        label: usize,
        last: usize,
        position: usize,
        skips_max: usize,
        here: &mut Vec<Label>,
    ) {
        let before = &self.labels[label];
        let (problem, vehicle) = (self.problem, &self.problem.types()[self.kind]);
        let client = self.sequence[position];
        let data = &problem.clients()[client];
        let skipped = before.skipped + (position - last);
        let is_ready = data.ready.is_none_or(|ready| ready <= self.start);
        if skipped > skips_max || !is_ready || !problem.admits(self.kind, client) {
            return;
        }
        let from = before
            .last
            .map_or(problem.start_node(self.kind), |last| self.sequence[last]);
        let arc = problem.arc(vehicle.profile, from, client);
        let Some(loads) = self.loads(before, client).filter(|_| arc.duration < FAR) else {
            return;
        };
        let arrival = before.departure + arc.duration;
        let work = before.work + arc.duration;
        let service = data.service[vehicle.pace];
        for (number, window) in data.windows.iter().enumerate() {
            if arrival > window.end {
                continue;
            }
            let label = Label {
                last: Some(position),
                window: number as u8,
                parent: label,
                skipped,
                departure: arrival.max(window.start) + service,
                latest_start: before.latest_start.min(window.end - work),
                work: work + service,
                distance: before.distance + i64::from(arc.distance),
                cost: before
                    .cost
                    .saturating_add(window.cost + self.skip_cost(last, position)),
                loads: loads.clone(),
            };
            if !here.iter().any(|other| other.dominates(&label)) {
                here.retain(|other| !label.dominates(other));
                here.push(label);
            }
        }
    }

    /// Loads with one more client; `None` if the vehicle is too small.
    fn loads(&self, before: &Label, client: usize) -> Option<Vec<[i64; 3]>> {
        let data = &self.problem.clients()[client];
        let capacity = &self.problem.types()[self.kind].capacity;
        let with = |(dim, &[delivered, collected, fullest]): (usize, &[i64; 3])| {
            let delivered = delivered + data.delivery[dim];
            let collected = collected + data.collection[dim];
            // What is delivered here was on board at every moment before.
            let fullest = (fullest + data.delivery[dim]).max(collected);
            (fullest <= capacity[dim]).then_some([delivered, collected, fullest])
        };
        before.loads.iter().enumerate().map(with).collect()
    }

    /// The best of all ways to the end.
    fn finish(&self, behind: &[Vec<usize>], skips_max: usize) -> Option<Found> {
        let length = self.sequence.len();
        let (problem, vehicle) = (self.problem, &self.problem.types()[self.kind]);
        let mut best: Option<(usize, i64, usize)> = None;
        for (last, labels) in behind.iter().enumerate().skip(self.locked) {
            for &number in labels {
                let label = &self.labels[number];
                let skipped = label.skipped + (length - last);
                if skipped > skips_max || skipped + (vehicle.max_clients as usize) < length {
                    continue;
                }
                let mut cost = label.cost.saturating_add(self.skip_cost(last, length));
                if let Some(at) = label.last {
                    let end_node = problem.end_node(self.kind);
                    let arc = problem.arc(vehicle.profile, self.sequence[at], end_node);
                    let (end, work) = (label.departure + arc.duration, label.work + arc.duration);
                    let latest_start = label.latest_start.min(vehicle.latest - work);
                    let duration = work.max(end - latest_start);
                    let distance = label.distance + i64::from(arc.distance);
                    if arc.duration >= FAR
                        || end > vehicle.latest
                        || duration > vehicle.max_duration
                        || distance > vehicle.max_distance
                    {
                        continue;
                    }
                    cost = cost.saturating_add(
                        vehicle.fixed
                            + vehicle.per_distance * distance
                            + duration_cost(vehicle, duration),
                    );
                }
                if best.is_none_or(|(least, cheapest, _)| (skipped, cost) < (least, cheapest)) {
                    best = Some((skipped, cost, number));
                }
            }
        }
        let (skipped, cost, number) = best?;
        Some(Found {
            skipped,
            cost,
            visits: self.trace(number),
        })
    }

    fn trace(&self, mut number: usize) -> Vec<(u32, u8)> {
        let mut visits = Vec::new();
        while let Label {
            last: Some(position),
            window,
            parent,
            ..
        } = self.labels[number]
        {
            visits.push((self.sequence[position] as u32, window));
            number = parent;
        }
        visits.reverse();
        visits
    }
}
