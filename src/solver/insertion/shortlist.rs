//! Gaps ranked by an estimate, of which only the best few are tried exactly: where the exact growth of a route's duration
//! takes more than constant time.

use super::Place;

/// The few places of a route with the least estimates, ascending.
pub(super) struct Shortlist<const LENGTH: usize> {
    places: [(Place, i64); LENGTH],
}

impl<const LENGTH: usize> Shortlist<LENGTH> {
    pub(super) fn new() -> Self {
        Self {
            places: [(Place::NOWHERE, 0); LENGTH],
        }
    }

    /// Lists a place, whose `delta` is an estimate of which `fixed` is certain, if it is among the best.
    pub(super) fn offer(&mut self, place: Place, fixed: i64) {
        let last = LENGTH - 1;
        if place.delta < self.places[last].0.delta {
            self.places[last] = (place, fixed);
            self.places.sort_by_key(|(place, _)| place.delta);
        }
    }

    /// The best place by what is certain and the exact `growth` of what is not; without a growth, a place is out.
    pub(super) fn best(&self, growth: impl Fn(Place) -> Option<i64>) -> Place {
        let mut best = Place::NOWHERE;
        for &(place, fixed) in &self.places {
            if place.delta >= best.delta {
                break;
            }
            let delta = growth(place).map(|growth| fixed + growth);
            if let Some(delta) = delta.filter(|&delta| delta < best.delta) {
                best = Place { delta, ..place };
            }
        }
        best
    }
}
