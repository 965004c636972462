use super::super::sequence::{Change, Piece, Sequence};
use super::super::tour::Tour;
use super::{Operator, way};

/// Exchanges `first` clients from `u` on with `second` clients from `v` on, which another route has.
#[derive(Clone, Copy, Debug)]
pub(in crate::solver::local) struct Swap {
    pub(in crate::solver::local) first: u32,
    pub(in crate::solver::local) second: u32,
}

fn last(tour: &Tour<'_>, first: u32, length: u32) -> Option<u32> {
    let last = (1..length).try_fold(first, |node, _| {
        Some(tour.node(node).succ).filter(|&next| tour.is_client(next))
    });
    last.filter(|&last| tour.is_client(last))
}

impl Operator for Swap {
    fn detour(&self, tour: &Tour<'_>, u: u32, v: u32) -> Option<i64> {
        if tour.node(u).route == tour.node(v).route || !tour.is_client(v) {
            return None;
        }
        let ends = (last(tour, u, self.first)?, last(tour, v, self.second)?);
        let (a, b) = (tour.route(u), tour.route(v));
        let types = tour.problem.types();
        // What `kind` saves and pays where `out` leaves and `into` comes, each from a first to a last client.
        let exchange = |kind: u32, out: (u32, u32), into: (u32, u32)| {
            let (before, after) = (tour.node(out.0).pred, tour.node(out.1).succ);
            let inner = |(first, last)| {
                if first == last {
                    0
                } else {
                    tour.distance(kind, first, last)
                }
            };
            let added = way(&[
                tour.distance(kind, before, into.0),
                inner(into),
                tour.distance(kind, into.1, after),
            ])?;
            let removed =
                tour.distance(kind, before, out.0) + inner(out) + tour.distance(kind, out.1, after);
            Some(types[kind as usize].per_distance * (added - removed))
        };
        let (from_u, from_v) = ((u, ends.0), (v, ends.1));
        let detour = exchange(a.kind, from_u, from_v)? + exchange(b.kind, from_v, from_u)?;
        let holds = |kind: u32, n_clients: usize, out: u32, into: u32| {
            n_clients as u32 + into - out <= types[kind as usize].max_clients
        };
        if !holds(a.kind, a.clients.len(), self.first, self.second)
            || !holds(b.kind, b.clients.len(), self.second, self.first)
        {
            return None;
        }
        let is_admitted =
            a.kind == b.kind || tour.admits(b.kind, u, ends.0) && tour.admits(a.kind, v, ends.1);
        is_admitted.then_some(detour)
    }

    fn change(&self, tour: &Tour<'_>, u: u32, v: u32) -> Change {
        let ends = (
            last(tour, u, self.first).unwrap_or(u),
            last(tour, v, self.second).unwrap_or(v),
        );
        let sequence = |out: (u32, u32), into: (u32, u32)| {
            let (before, after) = (tour.node(out.0).pred, tour.node(out.1).succ);
            let pieces = [
                Piece::Head(before),
                Piece::Span(into.0, into.1),
                Piece::Tail(after),
            ];
            Sequence::new(tour.node(out.0).route, &pieces)
        };
        let (from_u, from_v) = ((u, ends.0), (v, ends.1));
        Change::two(sequence(from_u, from_v), sequence(from_v, from_u))
    }
}
