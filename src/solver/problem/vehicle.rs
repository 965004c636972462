//! What a problem says of vehicles that are alike: where they drive, what they hold, what they cost and when they rest.
//! Knows stations, profiles and paces by number.

/// A station where a vehicle may end one trip and load for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reload {
    /// Which station.
    pub station: usize,
    /// Time between beginning to load, when the vehicle is there and all goods of the trip are ready, and leaving.
    pub loading: i32,
}

/// When a driver's break has to begin, if it is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakRule {
    /// In a window; owed by a route that starts before its end and ends after it.
    Window {
        /// First second.
        start: i32,
        /// Last second.
        end: i32,
    },
    /// No later than this much after the end of the break before, or the start of the route if there was none, with a client
    /// in between; owed by a route that ends later than that.
    AfterWork(i32),
}

/// A break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Break {
    /// How long it takes.
    pub duration: i32,
    /// When it has to begin.
    pub rule: BreakRule,
}

/// Vehicles that are alike.
#[derive(Clone, Debug)]
pub struct VehicleType {
    /// How many there are.
    pub count: u32,
    /// What one holds, by dimension; `i64::MAX` for no limit.
    pub capacity: Vec<i64>,
    /// Station where routes start.
    pub start: usize,
    /// Station where routes end; `None` to end at the last client.
    pub end: Option<usize>,
    /// Earliest start.
    pub earliest: i32,
    /// Latest end.
    pub latest: i32,
    /// Latest start of who takes breaks, which are owed by the start; others are held by their first client's window.
    pub latest_start: i32,
    /// Time between the start and leaving the start station.
    pub loading: i32,
    /// Where it may load for further trips, 255 stations at most.
    pub reloads: Vec<Reload>,
    /// Largest number of further trips.
    pub max_reloads: u32,
    /// Breaks, taken in this sequence, behind the loading at the start or the service of a client.
    pub breaks: Vec<Break>,
    /// Cost of a route with any client.
    pub fixed: i64,
    /// Cost of one unit of distance.
    pub per_distance: i64,
    /// Cost of one second from start to end.
    pub per_time: i64,
    /// Cost of one second beyond `regular_duration`, on top.
    pub per_overtime: i64,
    /// Duration without overtime.
    pub regular_duration: i32,
    /// Largest number of clients.
    pub max_clients: u32,
    /// Largest distance.
    pub max_distance: i64,
    /// Longest time from start to end.
    pub max_duration: i32,
    /// Which arcs it drives on.
    pub profile: usize,
    /// Which of the clients' service times it has.
    pub pace: usize,
}

impl VehicleType {
    /// Whether its routes may have several trips.
    #[must_use]
    pub fn may_reload(&self) -> bool {
        !self.reloads.is_empty() && self.max_reloads > 0
    }

    /// Whether it matters how long its routes take.
    pub(in crate::solver) fn minds_duration(&self) -> bool {
        self.per_time > 0
            || self.per_overtime > 0
            || self.max_duration < self.latest - self.earliest
    }
}
