use super::super::sequence::{Change, Piece, Sequence};
use super::super::tour::Tour;
use super::{Operator, way};

/// Drives what comes after `v` up to `u`, of the same route, backwards.
#[derive(Clone, Copy, Debug)]
pub(in crate::solver::local) struct TwoOpt;

impl Operator for TwoOpt {
    fn detour(&self, tour: &Tour<'_>, u: u32, v: u32) -> Option<i64> {
        let (last, before) = (tour.node(u), tour.node(v));
        if last.route != before.route || last.at < before.at + 2 {
            return None;
        }
        let kind = tour.route(u).kind;
        let first = tour.node(before.succ);
        let added = way(&[
            tour.distance(kind, v, u),
            last.back - first.back,
            tour.distance(kind, before.succ, last.succ),
        ])?;
        let removed = tour.node(last.succ).distance - before.distance;
        Some(tour.problem.types()[kind as usize].per_distance * (added - removed))
    }

    fn change(&self, tour: &Tour<'_>, u: u32, v: u32) -> Change {
        let pieces = [
            Piece::Head(v),
            Piece::Back(u, tour.node(v).succ),
            Piece::Tail(tour.node(u).succ),
        ];
        Change::one(Sequence::new(tour.node(u).route, &pieces))
    }
}
