//! What a problem has beyond the plain: found out once, so that what is absent costs nothing to search.

use super::{Client, VehicleType};

/// What a problem has beyond time windows and deliveries; what is absent costs nothing to search.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::solver) struct Features {
    /// Duration costs, overtime, duration limits, or breaks.
    pub(in crate::solver) durations: bool,
    /// Clients that are not ready at the start.
    pub(in crate::solver) releases: bool,
    /// Goods brought back.
    pub(in crate::solver) collections: bool,
    /// Distance limits.
    pub(in crate::solver) distances: bool,
    /// Clients that not every vehicle may serve.
    pub(in crate::solver) admissions: bool,
    /// Travel that depends on the time of day.
    pub(in crate::solver) timed: bool,
    /// Vehicle types that may take over each other's routes.
    pub(in crate::solver) siblings: bool,
    /// Limits on the number of clients.
    pub(in crate::solver) counts: bool,
    /// Routes of several trips.
    pub(in crate::solver) reloads: bool,
    /// Clients whose trips may not start or end everywhere.
    pub(in crate::solver) stations: bool,
    /// Drivers who take breaks.
    pub(in crate::solver) breaks: bool,
    /// A limit on the harm that routes do.
    pub(in crate::solver) hazards: bool,
}

impl Features {
    /// Whether routes carry more than earliest departures and latest arrivals.
    pub(in crate::solver) fn are_rich(self) -> bool {
        self.durations || self.releases || self.collections
    }

    /// Whether more than times and detours decides where a client fits.
    pub(in crate::solver) fn are_weighed(self) -> bool {
        self.durations || self.collections
    }

    /// Those of clients and vehicles; travel and siblings are told by who knows them.
    pub(super) fn of(clients: &[Client], types: &[VehicleType]) -> Self {
        Self {
            durations: types
                .iter()
                .any(|kind| kind.minds_duration() || !kind.breaks.is_empty()),
            releases: clients.iter().any(|client| client.ready.is_some()),
            collections: clients
                .iter()
                .any(|client| client.collection.iter().any(|&load| load > 0)),
            distances: types.iter().any(|kind| kind.max_distance < i64::MAX),
            admissions: clients
                .iter()
                .any(|client| client.admitted.contains(&false)),
            timed: false,
            siblings: false,
            counts: types.iter().any(|kind| kind.max_clients < u32::MAX),
            reloads: types.iter().any(VehicleType::may_reload),
            stations: clients
                .iter()
                .any(|client| !client.sources.is_empty() || !client.sinks.is_empty()),
            breaks: types.iter().any(|kind| !kind.breaks.is_empty()),
            hazards: false,
        }
    }
}
