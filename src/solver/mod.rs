//! The optimizer: vehicle routing with time windows by ruin and recreate, annealed in parallel.
//!
//! Knows only dense indices and integers. Never sees an id, a calendar, a file, a log line, or a float in a cost; the
//! clock is handed in. In reading order: [`problem`] (what is to be solved), [`solution`] (what comes out, and its
//! evaluation from scratch), `clockwork` (travel at any time of day), `state` (routes changed in place and undone),
//! `duration`, `timed` and `loads` (what rich routes carry), `insertion` (the best place for a client), `ruin`, `recreate`, `lane` (annealing one part or a whole
//! solution), `cooling` (its temperature), `turns` (lanes on threads), `decompose` (cutting a solution into parts),
//! [`search`] (the whole).
#![allow(
    clippy::cast_possible_truncation,
    reason = "indices fit 32 bits: Problem::new bounds the number of clients, and slots are at most as many"
)]

pub mod clockwork;
pub mod control;
mod cooling;
mod decompose;
mod duration;
mod insertion;
mod lane;
mod loads;
mod neighborhood;
pub mod params;
pub mod problem;
mod recreate;
mod ruin;
pub mod search;
pub mod solution;
mod state;
mod timed;
mod turns;

#[cfg(test)]
mod tests;
