use super::super::sequence::{Change, Piece, Sequence};
use super::super::tour::Tour;
use super::{Operator, way};

/// Takes `length` clients from `u` on and puts them behind `v`, backwards if so said; within one route this is or-opt.
#[derive(Clone, Copy, Debug)]
pub(in crate::solver::local) struct Relocate {
    pub(in crate::solver::local) length: u32,
    pub(in crate::solver::local) is_reversed: bool,
}

impl Relocate {
    /// The last of the clients moved.
    fn last(self, tour: &Tour<'_>, u: u32) -> Option<u32> {
        let last = (1..self.length).try_fold(u, |node, _| {
            Some(tour.node(node).succ).filter(|&next| tour.is_client(next))
        });
        last.filter(|&last| tour.is_client(last))
    }

    fn moved(self, u: u32, last: u32) -> Piece {
        if self.is_reversed {
            Piece::Back(last, u)
        } else {
            Piece::Span(u, last)
        }
    }
}

impl Operator for Relocate {
    fn detour(&self, tour: &Tour<'_>, u: u32, v: u32) -> Option<i64> {
        let last = self.last(tour, u)?;
        let (before, after) = (tour.node(u).pred, tour.node(last).succ);
        let (from, to) = (tour.route(u), tour.route(v));
        let is_within = tour.node(u).route == tour.node(v).route;
        let (at, place) = (tour.node(u).at, tour.node(v).at);
        if is_within && (at..at + self.length).contains(&place) || v == before {
            return None;
        }
        let next = tour.node(v).succ;
        let (first_in, last_in) = if self.is_reversed {
            (last, u)
        } else {
            (u, last)
        };
        let inner = |kind: u32, first: u32, last: u32| {
            if first == last {
                0
            } else {
                tour.distance(kind, first, last)
            }
        };
        let added = way(&[
            tour.distance(to.kind, v, first_in),
            inner(to.kind, first_in, last_in),
            tour.distance(to.kind, last_in, next),
        ])?;
        let closed = if tour.is_client(before) || tour.is_client(after) {
            way(&[tour.distance(from.kind, before, after)])?
        } else {
            0
        };
        let opened = tour.distance(to.kind, v, next);
        let removed = tour.distance(from.kind, before, u)
            + inner(from.kind, u, last)
            + tour.distance(from.kind, last, after);
        let (source, target) = (
            &tour.problem.types()[from.kind as usize],
            &tour.problem.types()[to.kind as usize],
        );
        let mut detour = source.per_distance * (closed - removed);
        if !is_within {
            let n_clients = to.clients.len() as u32 + self.length;
            if n_clients > target.max_clients || !tour.is_available(tour.node(v).route) {
                return None;
            }
            if from.kind != to.kind && !tour.admits(to.kind, u, last) {
                return None;
            }
            if from.clients.len() as u32 == self.length {
                detour -= source.fixed;
            }
            if to.clients.is_empty() {
                detour += target.fixed;
            }
        }
        Some(detour + target.per_distance * (added - opened))
    }

    fn change(&self, tour: &Tour<'_>, u: u32, v: u32) -> Change {
        let last = self.last(tour, u).unwrap_or(u);
        let (before, after, next) = (tour.node(u).pred, tour.node(last).succ, tour.node(v).succ);
        let (from, to) = (tour.node(u).route, tour.node(v).route);
        let moved = self.moved(u, last);
        if from != to {
            return Change::two(
                Sequence::new(from, &[Piece::Head(before), Piece::Tail(after)]),
                Sequence::new(to, &[Piece::Head(v), moved, Piece::Tail(next)]),
            );
        }
        let pieces = if tour.node(v).at < tour.node(u).at {
            [
                Piece::Head(v),
                moved,
                Piece::Span(next, before),
                Piece::Tail(after),
            ]
        } else {
            [
                Piece::Head(before),
                Piece::Span(after, v),
                moved,
                Piece::Tail(next),
            ]
        };
        Change::one(Sequence::new(from, &pieces))
    }
}
