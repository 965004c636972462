//! The last attempt to serve an order: every position in every route.

use std::cmp::Reverse;

use super::insertion::Base;
use crate::model::{DropPolicy, Problem, RouteSketch};
use crate::planner::initial::Pins;
use crate::planner::schedule::{Book, Tour};
use crate::travel::TravelTimes;
use crate::units::ExactCost;

/// What a sweep keeps to besides the problem.
#[derive(Clone, Copy, Debug)]
pub struct SweepTerms<'a> {
    /// What must not change.
    pub pins: &'a Pins,
    /// Whether an unused courier is the last resort, whatever it costs.
    pub fleet_first: bool,
}

/// Inserts the orders at the positions `unserved` wherever that breaks nothing, each where it adds the least cost.
///
/// Required orders come first, then those with the larger penalty. Unused couriers are tried too; starts are chosen
/// anew after each insertion, except where a sketch gives one. Orders that went in leave `unserved`, and routes that
/// were begun are appended to `sketches`.
///
/// The problem must have passed [`Problem::validate`], and the sketches [`sketch_findings`].
///
/// Shape: O(couriers + stops) insertions for an order, each timed in O(stops of the route) unless the windows rule it
/// out at once.
///
/// [`sketch_findings`]: crate::planner::schedule::sketch_findings
pub fn last_sweep(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    sketches: &mut Vec<RouteSketch>,
    unserved: &mut Vec<usize>,
    terms: &SweepTerms<'_>,
) {
    let book = Book::new(problem, travel);
    let mut fleet = Fleet::new(&book, sketches, terms);
    let mut queue = unserved.clone();
    queue.sort_by_key(|&position| match problem.orders[position].drop_policy {
        DropPolicy::MustServe => (0, Reverse(0)),
        DropPolicy::MayDrop { penalty } => (1, Reverse(penalty)),
    });
    // An order is a place for a break, too: what went in can let in what was refused before.
    let has_breaks = (problem.couriers.iter()).any(|courier| !courier.breaks.is_empty());
    loop {
        let n_before = queue.len();
        queue.retain(|&position| match fleet.cheapest(position) {
            Some(insertion) => {
                fleet.insert(insertion, sketches);
                false
            }
            None => true,
        });
        if !has_breaks || queue.len() == n_before {
            break;
        }
    }
    queue.sort_unstable();
    unserved.retain(|position| queue.binary_search(position).is_ok());
}

/// Every courier's tour as it stands.
struct Fleet<'a> {
    book: &'a Book<'a>,
    terms: &'a SweepTerms<'a>,
    bases: Vec<Base<'a>>,
    /// Which sketch each tour is.
    sketch_of: Vec<Option<usize>>,
}

/// A tour with one more order.
struct Insertion<'a> {
    /// Whether it is a last resort, then what it costs.
    rank: (bool, ExactCost),
    courier: usize,
    at: usize,
    tour: Tour<'a>,
}

impl<'a> Fleet<'a> {
    fn new(book: &'a Book<'a>, sketches: &[RouteSketch], terms: &'a SweepTerms<'a>) -> Self {
        let couriers = &book.problem.couriers;
        let mut sketch_of = vec![None; couriers.len()];
        for (row, sketch) in sketches.iter().enumerate() {
            if let Some(courier) = book.courier(&sketch.courier) {
                sketch_of[courier] = Some(row);
            }
        }
        let base = |(courier, row): (_, &Option<usize>)| {
            let sketch = row.map(|row| &sketches[row]);
            let orders = sketch.map_or(&[][..], |sketch| &sketch.orders);
            let positions: Vec<usize> = orders.iter().filter_map(|id| book.order(id)).collect();
            let start = sketch.and_then(|sketch| sketch.start);
            let reloads: Vec<_> = sketch
                .into_iter()
                .flat_map(RouteSketch::reloads_by_position)
                .collect();
            Base::new(book, Tour::new(book, courier, &positions, &reloads, start))
                .behind(terms.pins.of(&courier.id).locked)
        };
        Self {
            bases: couriers.iter().zip(&sketch_of).map(base).collect(),
            book,
            terms,
            sketch_of,
        }
    }

    /// The insertion of the order at `position` that breaks nothing and adds the least cost; the first of equals.
    fn cheapest(&self, position: usize) -> Option<Insertion<'a>> {
        let order = &self.book.problem.orders[position];
        let mut best: Option<Insertion<'a>> = None;
        for (courier, base) in self.bases.iter().enumerate() {
            if !base.courier().may_serve(order) {
                continue;
            }
            for at in base.places() {
                if !base.is_thinkable(position, at)
                    || !base.room_hurdles(order, at, None).is_empty()
                {
                    continue;
                }
                let Some(ways) = base.ways(order, at) else {
                    continue;
                };
                let tour = base.with(position, at, &ways, None);
                if !base.way_hurdles(&tour, at, None).is_empty() {
                    continue;
                }
                let cost = tour.cost(tour.start()).total() - base.cost;
                let is_last_resort = self.terms.fleet_first && base.tour.visits.is_empty();
                let rank = (is_last_resort, cost);
                if best.as_ref().is_none_or(|best| rank < best.rank) {
                    best = Some(Insertion {
                        rank,
                        courier,
                        at,
                        tour,
                    });
                }
            }
        }
        best
    }

    fn insert(&mut self, insertion: Insertion<'a>, sketches: &mut Vec<RouteSketch>) {
        let Insertion {
            courier, at, tour, ..
        } = insertion;
        let Some(order) = tour.visits[at].order() else {
            return;
        };
        let position = tour.n_orders_before(at);
        // Before a reload the order goes into the trip that ends there.
        let n_reloads = at - position;
        let row = *self.sketch_of[courier].get_or_insert_with(|| {
            sketches.push(RouteSketch {
                courier: tour.courier.id.clone(),
                orders: Vec::new(),
                start: None,
                reloads: Vec::new(),
            });
            sketches.len() - 1
        });
        sketches[row].orders.insert(position, order.id.clone());
        for reload in sketches[row].reloads.iter_mut().skip(n_reloads) {
            reload.n_before += 1;
        }
        let locked = self.terms.pins.of(&tour.courier.id).locked;
        self.bases[courier] = Base::new(self.book, tour).behind(locked);
    }
}
