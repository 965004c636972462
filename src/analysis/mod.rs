//! What measurements say: panels of benchmark runs, studies of plans, the calibration of forecasts, and how sure one can
//! be of each.
//!
//! Knows nothing of instances, of searching or of files; floats throughout, for statistics.

pub mod calibration;
pub mod panel;
pub mod resample;
mod statistics;
pub mod study;

pub use statistics::{Interval, geometric_mean, interval, mean};
