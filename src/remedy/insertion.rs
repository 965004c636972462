//! Where an order could go.

use super::goods::{Goods, Source};
use super::scene::{Crew, Halt, Scene};
use crate::model::PlaceIdx;

/// Places in one route that are looked at in full, those with the shortest detours.
const PLACES_MAX: usize = 4;

/// What the ids of depots begin with that vehicles have become.
pub(super) const VEHICLE: &str = "vehicle:";

/// An order put into a route.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Insertion {
    pub(super) courier: usize,
    /// The route to come with the order.
    pub(super) tail: Vec<Halt>,
    /// By how much more promises are broken, about.
    pub(super) toll: f64,
}

/// A place in a route, perhaps with a reload before it.
#[derive(Clone, Copy, Debug)]
struct Spot {
    position: usize,
    /// The depot to load at, and where in the route.
    reload: Option<(usize, usize)>,
    detour: f64,
}

impl Scene<'_> {
    /// The best places for `order` in the route to come `tail` of a courier, which comes to `before` without it: at most
    /// `max`, the best first.
    pub(super) fn insertions(
        &self,
        order: usize,
        courier: usize,
        tail: &[Halt],
        before: f64,
        max: usize,
    ) -> Vec<Insertion> {
        let crew = &self.crews[courier];
        if crew.is_lost || !self.may_serve(courier, order) {
            return Vec::new();
        }
        let mut spots = self.spots(order, courier, tail);
        spots.sort_by(|a, b| a.detour.total_cmp(&b.detour));
        spots.truncate(PLACES_MAX.max(max));
        let mut found: Vec<Insertion> = spots
            .iter()
            .map(|spot| {
                let tail = spot.applied(tail, order);
                let toll = self.walk(courier, &tail).toll - before;
                Insertion {
                    courier,
                    tail,
                    toll,
                }
            })
            .filter(|insertion| insertion.toll.is_finite())
            .collect();
        found.sort_by(|a, b| a.toll.total_cmp(&b.toll));
        found.truncate(max);
        found
    }

    /// Every place where the goods can be had, with the detour.
    fn spots(&self, order: usize, courier: usize, tail: &[Halt]) -> Vec<Spot> {
        let crew = &self.crews[courier];
        let place = self.problem.orders[order].place;
        let first = crew.n_locked.min(tail.len());
        let mut spots = Vec::new();
        for position in first..=tail.len() {
            let detour = self.detour(crew, tail, position, place);
            if !detour.is_finite() {
                continue;
            }
            match self.access(order, courier, tail, position) {
                Access::Here => spots.push(Spot {
                    position,
                    reload: None,
                    detour,
                }),
                Access::After(depots) => {
                    spots.extend(self.with_reload(crew, tail, position, first, order, &depots));
                }
                Access::Never => {}
            }
        }
        spots
    }

    /// The shortest ways to load at one of `depots` before going to `order` at `position`.
    fn with_reload(
        &self,
        crew: &Crew,
        tail: &[Halt],
        position: usize,
        first: usize,
        order: usize,
        depots: &[usize],
    ) -> Option<Spot> {
        let place = self.problem.orders[order].place;
        let mut best: Option<Spot> = None;
        for &depot in depots {
            let at = self.problem.depots[depot].place;
            // A reload in between would be of other goods.
            let mut last = tail[..position].iter();
            let last = last.rposition(|halt| matches!(halt, Halt::Reload(_)));
            let from = last.map_or(first, |last| (last + 1).max(first));
            for reload in from..=position {
                // What is loaded elsewhere would be missing.
                if !self.is_of_trip(crew, &tail[reload..], depot) {
                    continue;
                }
                let detour = if reload == position {
                    // There, then to the door.
                    let before = place_before(self, crew, tail, position);
                    let into = before.map_or(0.0, |before| self.seconds(crew, before, at));
                    let out = self.seconds(crew, at, place);
                    let after = self.place_after(tail, position);
                    let onto = after.map_or(0.0, |after| self.seconds(crew, place, after));
                    let direct = before.zip(after);
                    let direct = direct.map_or(0.0, |(from, to)| self.seconds(crew, from, to));
                    into + out + onto - direct
                } else {
                    self.detour(crew, tail, reload, at) + self.detour(crew, tail, position, place)
                };
                if best.is_none_or(|best| detour < best.detour) && detour.is_finite() {
                    best = Some(Spot {
                        position,
                        reload: Some((depot, reload)),
                        detour,
                    });
                }
            }
        }
        best
    }

    /// Whether all that is to be delivered in `rest` up to the next reload can be had at `depot`, or is in the vehicle.
    fn is_of_trip(&self, crew: &Crew, rest: &[Halt], depot: usize) -> bool {
        let trip = rest
            .iter()
            .take_while(|halt| !matches!(halt, Halt::Reload(_)));
        let mut orders = trip.filter_map(|halt| halt.order());
        orders.all(|order| {
            let is_here = crew.on_board.binary_search(&order).is_ok();
            is_here
                || match &self.sources[order] {
                    Source::Anywhere | Source::OnBoard(_) => true,
                    Source::At(depots) => depots.contains(&depot),
                }
        })
    }

    /// How a courier comes to have the goods of `order` at `position`.
    fn access(&self, order: usize, courier: usize, tail: &[Halt], position: usize) -> Access {
        let crew = &self.crews[courier];
        if crew.on_board.binary_search(&order).is_ok() {
            return Access::Here;
        }
        let depots = match &self.sources[order] {
            Source::Anywhere => return Access::Here,
            Source::OnBoard(_) => return Access::Never,
            Source::At(depots) => depots,
        };
        let mut before = tail[..position].iter().rev();
        let last = before.find_map(|halt| match halt {
            Halt::Reload(depot) => Some(*depot),
            Halt::Order(_) | Halt::Break(_) => None,
        });
        let station = match last {
            Some(depot) => Some(depot),
            None if crew.has_left => None,
            None => self.start_depot(courier),
        };
        if station.is_some_and(|station| depots.contains(&station)) {
            return Access::Here;
        }
        let may_reload = |depot: &usize| {
            let is_vehicle = self.is_vehicle(*depot);
            let id = &self.problem.depots[*depot].id;
            let own = &self.problem.couriers[courier].reload_depots;
            is_vehicle || self.goods == Goods::AtDepot || own.contains(id)
        };
        let open: Vec<usize> = depots.iter().copied().filter(may_reload).collect();
        if open.is_empty() {
            Access::Never
        } else {
            Access::After(open)
        }
    }

    /// Whether a depot is a vehicle that has broken down.
    pub(super) fn is_vehicle(&self, depot: usize) -> bool {
        let id = self.problem.depots[depot].id.as_str();
        id.starts_with(VEHICLE)
    }

    /// Seconds that going by `place` before the halt at `position` takes longer.
    fn detour(&self, crew: &Crew, tail: &[Halt], position: usize, place: PlaceIdx) -> f64 {
        let before = place_before(self, crew, tail, position);
        let after = self.place_after(tail, position);
        let into = before.map_or(0.0, |before| self.seconds(crew, before, place));
        let onto = after.map_or(0.0, |after| self.seconds(crew, place, after));
        let direct = before.zip(after);
        let direct = direct.map_or(0.0, |(from, to)| self.seconds(crew, from, to));
        into + onto - direct
    }

    fn place_of(&self, halt: Halt) -> Option<PlaceIdx> {
        match halt {
            Halt::Order(order) => Some(self.problem.orders[order].place),
            Halt::Reload(depot) => Some(self.problem.depots[depot].place),
            Halt::Break(_) => None,
        }
    }

    fn place_after(&self, tail: &[Halt], position: usize) -> Option<PlaceIdx> {
        tail[position..]
            .iter()
            .find_map(|halt| self.place_of(*halt))
    }

    /// `tail` without `orders`, and without reloads that were only made for them.
    pub(super) fn without(&self, courier: usize, tail: &[Halt], orders: &[usize]) -> Vec<Halt> {
        let mut kept: Vec<Halt> = tail.to_vec();
        kept.retain(|halt| halt.order().is_none_or(|order| !orders.contains(&order)));
        let planned = &self.crews[courier].tail;
        let mut at = 0;
        while at < kept.len() {
            let Halt::Reload(depot) = kept[at] else {
                at += 1;
                continue;
            };
            let trip = kept[at + 1..].iter();
            let trip = trip.take_while(|halt| !matches!(halt, Halt::Reload(_)));
            let mut orders = trip.filter_map(|halt| halt.order());
            let on_board = &self.crews[courier].on_board;
            let is_needed = orders.any(|order| on_board.binary_search(&order).is_err());
            // One that the plan had stays, with whatever it is for, as long as a stop comes after it.
            let is_last = kept[at + 1..].iter().all(|halt| halt.order().is_none());
            if (is_needed || planned.contains(&Halt::Reload(depot))) && !is_last {
                at += 1;
            } else {
                kept.remove(at);
            }
        }
        kept
    }
}

fn place_before(
    scene: &Scene<'_>,
    crew: &Crew,
    tail: &[Halt],
    position: usize,
) -> Option<PlaceIdx> {
    let before = tail[..position].iter().rev();
    let place = before.copied().find_map(|halt| scene.place_of(halt));
    place.or(crew.from)
}

/// How a courier comes to have goods.
enum Access {
    /// They are there.
    Here,
    /// By loading at one of these depots.
    After(Vec<usize>),
    /// Not at all.
    Never,
}

impl Spot {
    /// `tail` with `order` here.
    fn applied(&self, tail: &[Halt], order: usize) -> Vec<Halt> {
        let mut halts = Vec::with_capacity(tail.len() + 2);
        for at in 0..=tail.len() {
            if let Some((depot, reload)) = self.reload
                && reload == at
            {
                halts.push(Halt::Reload(depot));
            }
            if at == self.position {
                halts.push(Halt::Order(order));
            }
            halts.extend(tail.get(at).copied());
        }
        halts
    }
}
