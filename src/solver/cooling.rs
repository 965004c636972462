//! The temperature of annealing by progress: one cooling over the whole search.
//!
//! Source: geometric cooling from Kirkpatrick, Gelatt and Vecchi (1983); starting temperatures fitted on public
//! instances as shares of the mean arc cost.

/// The temperature after a share `done` of the search, as a share of the start: at the end it is 1/`ratio`.
pub(super) fn share(ratio: f64, done: f64) -> f64 {
    ratio.powf(-done)
}

/// Start temperature as a share of the mean arc cost, for routes of `length` clients and `budget` iterations a client.
///
/// Long routes want a hotter start, and so does a search that has the time to cool slowly.
pub(super) fn start_heat(length: f64, budget: f64) -> f64 {
    const COOL: f64 = 0.12;
    const HOT: f64 = 0.4;
    let long = ((length - 12.0) / 12.0).clamp(0.0, 1.0);
    let patient = ((budget - 2_000.0) / 4_000.0).clamp(0.0, 1.0);
    COOL + (HOT - COOL) * long.max(patient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperature_falls_by_the_ratio_and_by_equal_factors() {
        assert!((share(100.0, 0.0) - 1.0).abs() < 1e-12);
        assert!((share(100.0, 0.5) - 0.1).abs() < 1e-12);
        assert!((share(100.0, 1.0) - 0.01).abs() < 1e-12);
    }

    #[test]
    fn long_routes_and_patient_searches_start_hotter() {
        let short = start_heat(10.0, 1_000.0);
        assert!(start_heat(40.0, 1_000.0) > short);
        assert!(start_heat(10.0, 10_000.0) > short);
        assert!((start_heat(10.0, f64::INFINITY) - start_heat(40.0, 0.0)).abs() < 1e-12);
    }
}
