use super::super::sequence::{Change, Piece, Sequence};
use super::super::tour::Tour;
use super::{Operator, way};

/// Exchanges what comes after `u` with what comes after `v`, which another route of the same vehicle type has.
#[derive(Clone, Copy, Debug)]
pub(in crate::solver::local) struct TwoOptStar;

impl Operator for TwoOptStar {
    fn detour(&self, tour: &Tour<'_>, u: u32, v: u32) -> Option<i64> {
        let (a, b) = (tour.node(u), tour.node(v));
        let (from, to) = (
            &tour.routes[a.route as usize],
            &tour.routes[b.route as usize],
        );
        if a.route == b.route || from.kind != to.kind || !tour.is_available(b.route) {
            return None;
        }
        let vehicle = &tour.problem.types()[from.kind as usize];
        let (of_u, of_v) = (a.at, b.at);
        let (after_u, after_v) = (
            from.clients.len() as u32 - of_u,
            to.clients.len() as u32 - of_v,
        );
        if after_u == 0 && after_v == 0
            || of_u + after_v > vehicle.max_clients
            || of_v + after_u > vehicle.max_clients
        {
            return None;
        }
        let from_kind = from.kind;
        // A route without clients has no way from its start to its end.
        let leg = |from: u32, to: u32| {
            if tour.is_client(from) || tour.is_client(to) {
                tour.distance(from_kind, from, to)
            } else {
                0
            }
        };
        let added = way(&[leg(u, b.succ), leg(v, a.succ)])?;
        let removed = leg(u, a.succ) + leg(v, b.succ);
        let is_emptied = of_u + after_v == 0 || of_v + after_u == 0;
        let fixed = i64::from(to.clients.is_empty()) - i64::from(is_emptied);
        Some(vehicle.per_distance * (added - removed) + vehicle.fixed * fixed)
    }

    fn change(&self, tour: &Tour<'_>, u: u32, v: u32) -> Change {
        let sequence = |head: u32, other: u32| {
            let pieces = [Piece::Head(head), Piece::Tail(tour.node(other).succ)];
            Sequence::new(tour.node(head).route, &pieces)
        };
        Change::two(sequence(u, v), sequence(v, u))
    }
}
