//! What a route costs with everything it breaks, from its pieces.

use super::segment::{LoadSegment, TimeSegment};
use super::sequence::{Piece, Sequence};
use super::tour::Tour;
use crate::solver::duration::duration_cost;

/// What a route costs; nothing if it has no clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Price {
    /// All of it, but for the windows chosen.
    pub(super) cost: i64,
    /// The part of it that does not follow from distance alone: duration and penalties.
    pub(super) soft: i64,
    /// The part of it that is for what is broken.
    pub(super) penalty: i64,
}

/// What joining pieces gives.
struct Sum {
    count: u32,
    distance: i64,
    time: TimeSegment,
    /// Where it ends, as a node of the problem.
    last: u32,
}

impl Tour<'_> {
    /// The price of a sequence.
    pub(super) fn price(&self, sequence: &Sequence) -> Price {
        let kind = self.routes[sequence.route as usize].kind;
        let Some(sum) = self.join(kind, sequence.pieces()) else {
            return Price::default();
        };
        if sum.count == 0 {
            return Price::default();
        }
        let vehicle = &self.problem.types()[kind as usize];
        let (weights, time) = (&self.penalties, sum.time);
        let late = time.total_warp() + (time.duration - vehicle.max_duration).max(0);
        let far = (sum.distance - vehicle.max_distance).max(0);
        let mut penalty = weights.time * i64::from(late) + weights.distance * far;
        for (dim, (&weight, &room)) in weights.load.iter().zip(&vehicle.capacity).enumerate() {
            let load = self.join_loads(sequence.pieces(), dim);
            penalty += weight * (load.fullest() - room).max(0);
        }
        let soft = penalty + duration_cost(vehicle, time.duration);
        Price {
            cost: vehicle.fixed + vehicle.per_distance * sum.distance + soft,
            soft,
            penalty,
        }
    }

    /// Joins pieces driven by a vehicle of type `kind`; `None` if there are none.
    #[inline]
    fn join(&self, kind: u32, pieces: &[Piece]) -> Option<Sum> {
        let (first, rest) = pieces.split_first()?;
        let mut sum = match *first {
            Piece::Head(node) => {
                let node = self.node(node);
                Sum {
                    count: node.at,
                    distance: node.distance,
                    time: node.before,
                    last: node.place,
                }
            }
            Piece::Span(client, _) | Piece::Back(client, _) | Piece::Tail(client) => {
                let node = self.node(client);
                let rest = self.tail(client);
                return Some(Sum {
                    count: rest.0,
                    distance: rest.1,
                    time: node.after,
                    last: node.place,
                });
            }
        };
        for piece in rest {
            match *piece {
                Piece::Head(_) => {}
                Piece::Span(first, last) => {
                    self.add_client(kind, &mut sum, first);
                    let mut client = first;
                    while client != last {
                        client = self.node(client).succ;
                        self.add_client(kind, &mut sum, client);
                    }
                }
                Piece::Back(first, last) => {
                    self.add_client(kind, &mut sum, first);
                    let mut client = first;
                    while client != last {
                        client = self.node(client).pred;
                        self.add_client(kind, &mut sum, client);
                    }
                }
                Piece::Tail(node) => {
                    let (count, distance) = self.tail(node);
                    self.add(kind, &mut sum, node, self.node(node).after);
                    sum.count += count;
                    sum.distance += distance;
                }
            }
        }
        Some(sum)
    }

    /// Number of clients and distance from `node` to the end of its route.
    #[inline]
    fn tail(&self, node: u32) -> (u32, i64) {
        let (route, node) = (self.node(node).route, self.node(node));
        let end = self.node(self.start(route) + 1);
        let at = node.at.max(1);
        (end.at - at, end.distance - node.distance)
    }

    #[inline]
    fn add_client(&self, kind: u32, sum: &mut Sum, client: u32) {
        self.add(kind, sum, client, self.alone(client, kind));
        sum.count += 1;
    }

    /// Goes on to `node`, from where on the time is `time`.
    #[inline]
    fn add(&self, kind: u32, sum: &mut Sum, node: u32, time: TimeSegment) {
        let place = self.node(node).place;
        let profile = self.problem.types()[kind as usize].profile;
        let arc = self.problem.arc(profile, sum.last as usize, place as usize);
        sum.time = sum.time.then(arc.duration, time);
        sum.distance += i64::from(arc.distance);
        sum.last = place;
    }

    /// Joins the loads of pieces in one dimension.
    #[inline]
    fn join_loads(&self, pieces: &[Piece], dim: usize) -> LoadSegment {
        let mut load = LoadSegment::default();
        for piece in pieces {
            load = match *piece {
                Piece::Head(node) => load.then(self.load_before(node, dim)),
                Piece::Tail(node) => load.then(self.load_after(node, dim)),
                Piece::Span(first, last) => {
                    self.load_clients(load, first, last, dim, |node| node.succ)
                }
                Piece::Back(first, last) => {
                    self.load_clients(load, first, last, dim, |node| node.pred)
                }
            };
        }
        load
    }

    #[inline]
    fn load_clients(
        &self,
        mut load: LoadSegment,
        first: u32,
        last: u32,
        dim: usize,
        next: impl Fn(&super::tour::Node) -> u32,
    ) -> LoadSegment {
        let mut client = first;
        load = load.then(self.load_alone(client, dim));
        while client != last {
            client = next(self.node(client));
            load = load.then(self.load_alone(client, dim));
        }
        load
    }
}
