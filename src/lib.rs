//! Punctual plans delivery days that keep their promises.
//!
//! The architecture map will stand here: modules in reading order and what each may know.

pub mod check;
pub mod cli;
pub mod clock;
pub mod formats;
pub mod generate;
pub mod model;
pub mod planner;
pub mod rng;
pub mod sheet;
pub mod solver;
pub mod travel;
pub mod units;
