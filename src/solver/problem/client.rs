//! What a problem says of one client: its windows, its goods, and what leaving it out means. Knows types and stations by
//! number.

/// When service may start, and what choosing this window costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First second.
    pub start: i32,
    /// Last second.
    pub end: i32,
    /// Cost of starting service in this window.
    pub cost: i64,
}

/// What leaving a client out means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropRule {
    /// Outweighs everything else.
    Required,
    /// Outweighs every cost; the sum of these weights over the clients left out is minimized before cost.
    Tiered(u32),
    /// Costs this much, traded against other costs.
    Priced(i64),
}

/// One order to be served.
#[derive(Clone, Debug)]
pub struct Client {
    /// Windows to choose from, at least one.
    pub windows: Vec<Window>,
    /// The trip with this client begins to load no earlier.
    pub ready: Option<i32>,
    /// On board from the start of the trip to this client, by dimension.
    pub delivery: Vec<i64>,
    /// On board from this client to the end of the trip, by dimension.
    pub collection: Vec<i64>,
    /// What leaving it out means.
    pub drop: DropRule,
    /// Service time by pace (see [`VehicleType::pace`](super::VehicleType::pace)).
    pub service: Vec<i32>,
    /// For each vehicle type whether it may serve the client; empty if all may.
    pub admitted: Vec<bool>,
    /// For each station whether the trip that serves the client may start there; empty if it may start anywhere.
    pub sources: Vec<bool>,
    /// For each station whether the trip that serves the client may end there; empty if it may end anywhere.
    pub sinks: Vec<bool>,
}
