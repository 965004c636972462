//! Planned travel times of now, each looked up once.

use std::cell::Cell;

use crate::model::{PlaceIdx, Problem};
use crate::travel::TravelTimes;
use crate::units::{BasisPoints, Timestamp};

/// Days with more places than this look every way up again.
const PLACES_MAX: usize = 3_000;

/// Seconds that ways take as planned for who leaves now.
pub(super) struct Ways<'a> {
    problem: &'a Problem,
    travel: &'a TravelTimes<'a>,
    now: Timestamp,
    /// By profile, then by pair of places; negative if not looked up yet. Empty for large days.
    tables: Vec<Vec<Cell<f32>>>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(problem: &'a Problem, travel: &'a TravelTimes<'a>, now: Timestamp) -> Self {
        let n = problem.places.len();
        let table = || match n {
            0..=PLACES_MAX => vec![Cell::new(-1.0); n * n],
            _ => Vec::new(),
        };
        Self {
            tables: problem.profiles.iter().map(|_| table()).collect(),
            problem,
            travel,
            now,
        }
    }

    /// Seconds from `from` to `to` under the profile with number `profile`, at its own speed; infinite if there is no way.
    pub(super) fn seconds(&self, profile: usize, from: PlaceIdx, to: PlaceIdx) -> f64 {
        if from == to {
            return 0.0;
        }
        let cell = from.index() * self.problem.places.len() + to.index();
        let cell = self.tables[profile].get(cell);
        if let Some(known) = cell.map(Cell::get)
            && known >= 0.0
        {
            return f64::from(known);
        }
        let id = &self.problem.profiles[profile].id;
        let way = self.travel.profile_way(id, BasisPoints::ONE, from, to);
        let seconds = way.map_or(f64::INFINITY, |way| way.duration(self.now).0 as f64);
        if let Some(cell) = cell {
            cell.set(narrow(seconds));
        }
        seconds
    }
}

#[expect(clippy::cast_possible_truncation, reason = "loses digits, not range")]
fn narrow(seconds: f64) -> f32 {
    seconds as f32
}
