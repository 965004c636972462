//! The optimizer: vehicle routing with time windows by ruin and recreate, annealed in parallel.
//!
//! Knows only dense indices and integers. Never sees an id, a calendar, a file, a log line, or a float in a cost; the
//! clock is handed in. In reading order: [`problem`] (what is to be solved), [`clockwork`] (travel at any time of day),
//! [`solution`] (what comes out, and its evaluation from scratch), [`start`] and `fit` (given routes to start from),
//! `state` (routes changed in place and undone, vehicles changed for cheaper ones), `duration`, `timed`, `breaks`,
//! `walk` and `loads` (what rich routes carry), `insertion` (the best place for a client), `trip` (the best place for a trip of
//! its own), `ruin`, `recreate`, `tails` (exchange of tails), `lane` (annealing one part or a whole solution),
//! `cooling` (its temperature), [`schedule`] (how far the search is, and making it again), `turns` (lanes on threads),
//! `decompose` (cutting a solution into parts), `fleet` (saving vehicles), `local` (a search that may break
//! constraints at a price), `memetic` (good solutions recombined), [`search`] (the whole), `large` (problems too large
//! for a table of arcs).
#![allow(
    clippy::cast_possible_truncation,
    reason = "indices fit 32 bits: Problem::new bounds the number of clients, and slots are at most as many"
)]

mod breaks;
pub mod clockwork;
pub mod control;
mod cooling;
mod decompose;
mod duration;
mod fit;
mod fleet;
pub mod hazard;
mod insertion;
mod lane;
mod large;
mod loads;
pub mod local;
mod memetic;
mod neighborhood;
pub mod params;
pub mod problem;
mod recreate;
mod ruin;
pub mod schedule;
pub mod search;
pub mod solution;
pub mod start;
mod state;
pub mod success;
mod tails;
mod timed;
mod trip;
mod turns;
mod walk;

#[cfg(test)]
mod fleet_tests;
#[cfg(test)]
mod hazard_tests;
#[cfg(test)]
mod optimality_tests;
#[cfg(test)]
mod start_tests;
#[cfg(test)]
mod tests;
