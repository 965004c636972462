//! Local search that may break constraints on time, load and distance at a price.
//!
//! Ruin and recreate keeps every constraint at every step, and on tight problems that leaves it in one basin. This goes
//! through what ruin and recreate cannot enter. In reading order: `segment` (what of a sequence matters to its
//! neighbors), `penalty` (the price of breaking something), `tour` (routes with their segments), `sequence` (changed
//! routes as pieces of present ones), `price` (what they cost), `operators` (the moves), `descent` (which of them are
//! tried), `insertion` and `repair` (in and out of tours).

pub(super) mod descent;
mod insertion;
pub mod measure;
mod operators;
pub(super) mod penalty;
mod price;
mod repair;
mod segment;
mod sequence;
pub(super) mod tour;

use super::problem::{Features, Problem};

/// Whether segments express everything that routes of the problem may break or cost.
///
/// What they cannot express switches the local search off, and nothing else.
pub(super) fn expresses(problem: &Problem) -> bool {
    // Named one by one: whoever adds a feature decides here.
    let Features {
        durations: _,
        releases: _,
        collections: _,
        distances: _,
        admissions: _,
        counts: _,
        siblings: _,
        timed,
        reloads,
        stations,
        breaks,
        hazards,
    } = problem.features();
    !timed && !reloads && !stations && !breaks && !hazards
}

#[cfg(test)]
mod tests;
