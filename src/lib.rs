//! Punctual plans delivery days that keep their promises.
//!
//! The architecture map will stand here: modules in reading order and what each may know.

pub mod clock;
pub mod forecast;
pub mod model;
pub mod planner;
pub mod rng;
pub mod travel;
pub mod units;
