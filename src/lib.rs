//! Punctual plans delivery days that keep their promises.
//!
//! The architecture map will stand here: modules in reading order and what each may know.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod forecast;
pub mod generate;
pub mod grpc;
pub mod model;
pub mod planner;
pub mod rng;
pub mod sheet;
pub mod telemetry;
pub mod travel;
pub mod units;
