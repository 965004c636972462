//! Routes of one client: which vehicle may serve it alone, and at what cost.
//!
//! Knows nothing of the routes there are, but how many vehicles these have left.

use super::{Place, best_in_route, has_room};
use crate::solver::problem::Problem;
use crate::solver::state::State;

/// What each vehicle type asks for serving each client alone.
#[derive(Debug)]
pub(in crate::solver) struct Alone {
    /// For each client, types that can serve it alone and what that costs, cheapest first.
    offers: Vec<Vec<(i64, u32, u8)>>,
}

impl Alone {
    /// Computes the offers of all types for all clients.
    pub(in crate::solver) fn new(problem: &Problem) -> Self {
        let mut probe = Probe::new(problem);
        let offers = (0..problem.n_clients() as u32).map(|client| {
            let mut offers: Vec<(i64, u32, u8)> = (0..problem.types().len() as u32)
                .filter_map(|kind| probe.offer(client, kind))
                .collect();
            offers.sort_unstable();
            offers
        });
        Self {
            offers: offers.collect(),
        }
    }

    /// A free vehicle that can serve `client` alone: cost, type, window.
    ///
    /// The cheapest one, unless `pass_over` says so and there is another: what is cheapest for one client need not be
    /// for those who come after it.
    pub(in crate::solver) fn best(
        &self,
        state: &State<'_>,
        client: u32,
        mut pass_over: impl FnMut() -> bool,
    ) -> Option<(i64, u32, u8)> {
        let mut chosen = None;
        for &offer in &self.offers[client as usize] {
            if state.free_vehicles(offer.1 as usize) == 0 {
                continue;
            }
            if chosen.is_none_or(|_| pass_over()) {
                chosen = Some(offer);
            } else {
                break;
            }
        }
        chosen
    }
}

/// An otherwise empty state for trying clients in empty routes.
struct Probe<'p> {
    state: State<'p>,
}

impl<'p> Probe<'p> {
    fn new(problem: &'p Problem) -> Self {
        let mut state = State::new(problem, 1);
        state.load(&[], &[], &[0], &vec![1; problem.types().len()]);
        Self { state }
    }

    fn offer(&mut self, client: u32, kind: u32) -> Option<(i64, u32, u8)> {
        let slot = self.state.open(kind);
        let place = if has_room(&self.state, slot, client) && self.holds_collection(kind, client) {
            best_in_route(&self.state, slot, client)
        } else {
            Place::NOWHERE
        };
        let fixed = self.state.problem.types()[kind as usize].fixed;
        self.state.undo();
        (place.delta < i64::MAX).then(|| (place.delta + fixed, kind, place.window))
    }

    fn holds_collection(&self, kind: u32, client: u32) -> bool {
        let problem = self.state.problem;
        let (client, vehicle) = (
            &problem.clients()[client as usize],
            &problem.types()[kind as usize],
        );
        client
            .collection
            .iter()
            .zip(&vehicle.capacity)
            .all(|(load, room)| load <= room)
    }
}
