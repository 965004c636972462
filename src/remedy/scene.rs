//! The day as a repair finds it: who is where, what is still to be done, and what is known of how fast things go.

use std::collections::BTreeMap;

use super::goods::{Goods, Source};
use super::ways::Ways;
use crate::day::{LiveDay, RosterRoute, StopState, Whereabouts};
use crate::forecast::{Hold, Tempo, WhatIf};
use crate::model::{
    Courier, DepotId, OrderId, OrderKind, PlaceIdx, Problem, ReloadSketch, RouteStart,
};
use crate::travel::TravelTimes;
use crate::units::{Load, Timestamp};

/// One thing that a courier is still to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Halt {
    /// The order at this position of the problem.
    Order(usize),
    /// Loading at the depot with this number.
    Reload(usize),
    /// The break with this number.
    Break(usize),
}

impl Halt {
    pub(super) fn order(self) -> Option<usize> {
        match self {
            Self::Order(order) => Some(order),
            Self::Reload(_) | Self::Break(_) => None,
        }
    }
}

/// One courier's day.
#[derive(Clone, Debug)]
pub(super) struct Crew {
    /// Orders at whose doors the courier was or is, in that sequence.
    pub(super) visited: Vec<OrderId>,
    /// The same without those that are in the route no more, and with those that are skipped: what a changed route begins
    /// with.
    pub(super) kept: Vec<OrderId>,
    /// Reloads and breaks that are over: how many of the planned ones.
    pub(super) passed: (usize, usize),
    /// What is to come, as it is now.
    pub(super) tail: Vec<Halt>,
    /// So many halts stay first: the courier is on the way to the last of them.
    pub(super) n_locked: usize,
    /// Where the courier is when free.
    pub(super) from: Option<PlaceIdx>,
    /// When.
    pub(super) free: Timestamp,
    pub(super) tempo: Tempo,
    /// Whether the courier has left the start.
    pub(super) has_left: bool,
    /// Whether the courier does not go on, nobody knows for how long.
    pub(super) is_lost: bool,
    /// When loading starts, or did.
    pub(super) start: Option<Timestamp>,
    /// What keeps the courier from going on, if that is not what the day knows.
    pub(super) hold: Option<Hold>,
    /// Room that is left for what is to come, by dimension of the scene.
    pub(super) room: Vec<Option<i64>>,
    /// Stops that may be to come.
    pub(super) stops_max: usize,
    /// By position of the problem, ascending: orders in the vehicle that are to come, or were skipped.
    pub(super) on_board: Vec<usize>,
    /// Number of the travel profile.
    pub(super) profile: usize,
    /// Factor on planned ways.
    pub(super) pace: f64,
}

/// Everything that changes are judged by.
pub(super) struct Scene<'a> {
    pub(super) live: &'a LiveDay,
    /// The problem, with what the change brings.
    pub(super) problem: &'a Problem,
    pub(super) travel: &'a TravelTimes<'a>,
    pub(super) what_if: WhatIf<'a>,
    pub(super) ways: Ways<'a>,
    pub(super) now: Timestamp,
    /// By position of the problem.
    pub(super) crews: Vec<Crew>,
    /// Where goods are, by position of the problem.
    pub(super) sources: Vec<Source>,
    pub(super) goods: Goods,
    /// Position of each order.
    pub(super) number_of: BTreeMap<&'a OrderId, usize>,
    /// Dimensions that some courier limits.
    pub(super) dimensions: Vec<String>,
    /// By order: loads in these dimensions.
    pub(super) loads: Vec<Vec<i64>>,
    /// By order: first and last moments at which service may start by what was told last, in seconds from now.
    pub(super) windows: Vec<Option<(f64, f64)>>,
    /// Square seconds by which expected arrivals vary for each second that they are ahead.
    pub(super) spread: f64,
    /// By courier: by how many seconds a route to come may end after the courier has to be done; empty while that is not
    /// known.
    pub(super) over_max: Vec<f64>,
}

/// What a scene is made from.
pub(super) struct Setting<'a> {
    pub(super) live: &'a LiveDay,
    pub(super) problem: &'a Problem,
    pub(super) travel: &'a TravelTimes<'a>,
    pub(super) goods: Goods,
    /// By courier: what keeps them from going on, other than the day knows.
    pub(super) holds: BTreeMap<usize, Hold>,
    /// By courier: the depot that the vehicle has become.
    pub(super) vehicles: Vec<Option<usize>>,
    /// Orders, by position, that are not wanted any more.
    pub(super) cancelled: Vec<usize>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(setting: &Setting<'a>) -> Self {
        let Setting {
            live,
            problem,
            travel,
            ..
        } = *setting;
        let now = live.now();
        let dimensions: std::collections::BTreeSet<&String> = (problem.couriers.iter())
            .flat_map(|courier| courier.capacities.keys())
            .collect();
        let dimensions: Vec<String> = dimensions.into_iter().cloned().collect();
        let number_of: BTreeMap<&OrderId, usize> = problem
            .orders
            .iter()
            .map(|order| &order.id)
            .zip(0..)
            .collect();
        let mut scene = Self {
            live,
            problem,
            travel,
            what_if: live.forecast().what_if(problem, travel),
            ways: Ways::new(problem, travel, now),
            now,
            crews: Vec::new(),
            sources: Vec::new(),
            goods: setting.goods,
            loads: (problem.orders.iter())
                .map(|order| dimensions.iter().map(|name| order.load(name).0).collect())
                .collect(),
            windows: (problem.orders.iter())
                .map(|order| {
                    let windows = order.service_windows();
                    let (first, last) = (windows.first()?, windows.last()?);
                    Some(((first.start - now).0 as f64, (last.end - now).0 as f64))
                })
                .collect(),
            dimensions,
            number_of,
            spread: 0.0,
            over_max: Vec::new(),
        };
        let crews = (0..problem.couriers.len()).map(|number| scene.crew(number, setting));
        scene.crews = crews.collect();
        scene.sources = scene.sources(setting.goods, &setting.vehicles);
        scene.spread = scene.spread();
        scene.over_max = scene.over_max();
        scene
    }

    /// How surely arrivals are known, from the bands that the last looks found.
    fn spread(&self) -> f64 {
        /// What comes of most days, for days on which nothing is to come yet.
        const USUAL: f64 = 60.0;
        let mut all = (USUAL, 1.0);
        for number in 0..self.crews.len() {
            let Some((at, outlook)) = self.live.look(number) else {
                continue;
            };
            let bands = outlook.stops.iter().filter_map(|stop| stop.arrival);
            for band in bands {
                let ahead = (band.p50 - at).0 as f64;
                if ahead > 600.0 {
                    let sigma = (band.p90 - band.p10).0 as f64 / 2.56;
                    all = (all.0 + sigma * sigma / ahead, all.1 + 1.0);
                }
            }
        }
        (all.0 / all.1).clamp(5.0, 500.0)
    }

    fn crew(&self, number: usize, setting: &Setting<'a>) -> Crew {
        let courier = &self.problem.couriers[number];
        let mut profile = self.problem.profiles.iter();
        let profile = profile.position(|profile| profile.id == courier.profile);
        let profile = profile.unwrap_or(0);
        let speed = f64::from(courier.speed_factor.0) / 10_000.0;
        let mut crew = Crew {
            visited: Vec::new(),
            kept: Vec::new(),
            passed: (0, 0),
            tail: Vec::new(),
            n_locked: 0,
            from: self.problem.start_place(courier),
            free: self.now.max(courier.shift.start) + self.problem.loading(courier),
            tempo: Tempo::default(),
            has_left: false,
            is_lost: false,
            start: None,
            hold: setting.holds.get(&number).copied(),
            room: self.room(courier),
            stops_max: courier
                .limits
                .max_stops
                .map_or(usize::MAX, |max| max as usize),
            on_board: Vec::new(),
            profile,
            pace: 1.0 / speed,
        };
        let day = self.live.day();
        let state = day.couriers().get(number);
        if let (Some(route), Some(state)) = (day.roster().routes().get(number), state) {
            self.join(&mut crew, number, route, state, setting);
        }
        let hold = crew.hold.unwrap_or_else(|| known_hold(state));
        crew.is_lost = hold == Hold::Lost;
        if let Hold::Until(until) = hold {
            crew.free = crew.free.max(until);
        }
        crew.pace *= crew.tempo.ways;
        crew
    }

    fn room(&self, courier: &Courier) -> Vec<Option<i64>> {
        let limit = |name: &String| courier.capacities.get(name).map(|load| load.0);
        self.dimensions.iter().map(limit).collect()
    }

    /// Adds what the day knows of a courier.
    fn join(
        &self,
        crew: &mut Crew,
        number: usize,
        route: &RosterRoute,
        state: &crate::day::CourierState,
        setting: &Setting<'a>,
    ) {
        let id = |stop: &usize| route.stops[*stop].order.clone();
        let is_current = |stop: &usize| !route.stops[*stop].is_former;
        crew.visited = state.visited.iter().map(id).collect();
        let visited = state.visited.iter().copied().filter(is_current);
        let rest = state.stops.iter().enumerate();
        let rest = rest.filter(|(stop, record)| {
            let is_over = record.state == StopState::Skipped || record.state == StopState::Moved;
            is_over && is_current(stop) && !state.visited.contains(stop)
        });
        let kept = visited.chain(rest.map(|(stop, _)| stop));
        crew.kept = kept.map(|stop| id(&stop)).collect();
        crew.start = route.start;
        crew.has_left = state.departure().is_some() || !state.visited.is_empty();
        crew.stops_max = crew.stops_max.saturating_sub(crew.kept.len());
        self.tail(crew, route, state, setting);
        if crew.has_left || route.start.is_some() {
            crew.tempo = self.live.forecast().tempo(number, self.now);
        }
        let place = |stop: usize| {
            let order = self.number_of.get(&route.stops[stop].order)?;
            Some(self.problem.orders[*order].place)
        };
        if !crew.has_left {
            if !crew.tail.is_empty() {
                crew.free = crew.tempo.free.max(self.now);
            }
            return;
        }
        crew.free = crew.tempo.free.max(self.now);
        let last = state.visited.last().copied();
        let at = match state.whereabouts {
            Whereabouts::OnTheWay { to, .. } => {
                let order = self.number_of.get(&route.stops[to].order).copied();
                let here = crew.tail.iter().position(|halt| halt.order() == order);
                crew.n_locked = here.map_or(0, |here| here + 1);
                // To a depot first: the way begins where the last one ended.
                let is_direct = crew.tail.first().is_some_and(|halt| halt.order() == order);
                if is_direct && order.is_some() {
                    Some(to)
                } else {
                    last
                }
            }
            Whereabouts::AtDoor { stop, .. } => Some(stop),
            Whereabouts::AtStart | Whereabouts::Finished { .. } => last,
        };
        crew.from = at.and_then(place).or(crew.from);
        if crew.tail.is_empty() && !matches!(state.whereabouts, Whereabouts::AtDoor { .. }) {
            crew.free = self.now;
        }
        self.fill(crew, route, state);
    }

    /// What is to come.
    fn tail(
        &self,
        crew: &mut Crew,
        route: &RosterRoute,
        state: &crate::day::CourierState,
        setting: &Setting<'a>,
    ) {
        let touched = state.visited.iter().copied();
        let touched = touched.filter(|stop| !route.stops[*stop].is_former).max();
        let n_reloaded = state.departures.len().saturating_sub(1);
        let is_over = |n_before: usize| touched.is_some_and(|stop| stop >= n_before);
        let reloads = route.reloads.iter();
        let over = reloads.filter(|reload| is_over(reload.n_before)).count();
        let n_reloads = over.max(n_reloaded).min(route.reloads.len());
        let n_breaks = (route.breaks.iter())
            .filter(|pause| is_over(pause.n_before))
            .count();
        crew.passed = (n_reloads, n_breaks);
        let mut reloads = route.reloads[n_reloads..].iter().peekable();
        let mut breaks = route.breaks[n_breaks..].iter().peekable();
        let depot = |reload: &ReloadSketch| {
            let depots = self.problem.depots.iter();
            depots.clone().position(|depot| depot.id == reload.depot)
        };
        let mut is_loaded = crew.has_left;
        let mut met: Option<&DepotId> = None;
        for stop in state.ahead() {
            while let Some(pause) = breaks.next_if(|pause| pause.n_before <= stop) {
                crew.tail.push(Halt::Break(pause.number));
            }
            while let Some(reload) = reloads.next_if(|reload| reload.n_before <= stop) {
                let Some(depot) = depot(reload) else { continue };
                crew.tail.push(Halt::Reload(depot));
                // What is taken over from another vehicle joins what is there.
                if self.is_vehicle(depot) {
                    met = Some(&self.problem.depots[depot].id);
                } else {
                    is_loaded = false;
                }
            }
            let Some(&order) = self.number_of.get(&route.stops[stop].order) else {
                continue;
            };
            if setting.cancelled.contains(&order) {
                continue;
            }
            crew.tail.push(Halt::Order(order));
            let depots = &self.problem.orders[order].depots;
            let is_taken_over = met.is_some_and(|met| depots.contains(met));
            if is_loaded && !is_taken_over && self.problem.orders[order].kind == OrderKind::Delivery
            {
                crew.on_board.push(order);
            }
        }
        crew.tail
            .extend(breaks.map(|pause| Halt::Break(pause.number)));
        crew.on_board.extend(self.skipped(route, state));
        crew.on_board.sort_unstable();
    }

    /// Orders that were skipped, and are in the vehicle: what was loaded for stops that are behind.
    fn skipped(&self, route: &RosterRoute, state: &crate::day::CourierState) -> Vec<usize> {
        if state.departure().is_none() && state.visited.is_empty() {
            return Vec::new();
        }
        let next = state.ahead().next().unwrap_or(route.stops.len());
        let loaded = route.reloads.iter().map(|reload| reload.n_before);
        // Who comes to a depot between brings back what was skipped before.
        let from = loaded.clone().filter(|before| *before <= next).max();
        let until = loaded.filter(|before| *before > next).min();
        let trip = from.unwrap_or(0)..until.unwrap_or(route.stops.len());
        let stops = route.stops.iter().zip(&state.stops).enumerate();
        let skipped = stops.filter(|(at, (stop, record))| {
            let is_here = trip.contains(at) && !stop.is_former;
            is_here && record.state == StopState::Skipped && stop.kind == OrderKind::Delivery
        });
        let order = |(_, (stop, _)): (usize, (&crate::day::RosterStop, _))| {
            self.number_of.get(&stop.order).copied()
        };
        skipped.filter_map(order).collect()
    }

    /// Takes off the room what is on board and stays there.
    fn fill(&self, crew: &mut Crew, route: &RosterRoute, state: &crate::day::CourierState) {
        let all = state.on_board(route);
        for (dimension, name) in self.dimensions.iter().enumerate() {
            let to_deliver = state.ahead().filter_map(|stop| {
                let stop = &route.stops[stop];
                let order = self.number_of.get(&stop.order)?;
                let is_here = crew.on_board.binary_search(order).is_ok();
                is_here.then(|| stop.loads.get(name).copied().unwrap_or_default())
            });
            let skipped = self.skipped(route, state);
            let skipped = skipped
                .iter()
                .map(|order| Load(self.loads[*order][dimension]));
            // Who was skipped may get the goods yet.
            let to_deliver: Load = to_deliver.chain(skipped).sum();
            let at_door = match state.whereabouts {
                Whereabouts::AtDoor { stop, .. } => {
                    let stop = &route.stops[stop];
                    match stop.kind {
                        OrderKind::Delivery => stop.loads.get(name).copied().unwrap_or_default(),
                        OrderKind::Collection => Load::ZERO,
                    }
                }
                Whereabouts::AtStart
                | Whereabouts::OnTheWay { .. }
                | Whereabouts::Finished { .. } => Load::ZERO,
            };
            let on_board = all.get(name).copied().unwrap_or_default();
            let stays = (on_board - to_deliver - at_door).0.max(0);
            if let Some(room) = &mut crew.room[dimension] {
                *room -= stays;
            }
        }
    }

    /// Seconds from `from` to `to` for a courier, as they are expected to be today.
    pub(super) fn seconds(&self, crew: &Crew, from: PlaceIdx, to: PlaceIdx) -> f64 {
        self.ways.seconds(crew.profile, from, to) * crew.pace
    }

    /// Whether skills and lists let a courier serve an order.
    pub(super) fn may_serve(&self, courier: usize, order: usize) -> bool {
        let courier = &self.problem.couriers[courier];
        let order = &self.problem.orders[order];
        order.required_skills.is_subset(&courier.skills) && courier.is_admitted_by(order)
    }

    /// The depot that a courier who has not left loads at.
    pub(super) fn start_depot(&self, courier: usize) -> Option<usize> {
        let RouteStart::Depot(id) = &self.problem.couriers[courier].start else {
            return None;
        };
        let mut depots = self.problem.depots.iter();
        depots.position(|depot| depot.id == *id)
    }

    /// By courier: what is to come.
    pub(super) fn tails(&self) -> Vec<Vec<Halt>> {
        self.crews.iter().map(|crew| crew.tail.clone()).collect()
    }
}

/// What the day knows to keep a courier from going on.
fn known_hold(state: Option<&std::sync::Arc<crate::day::CourierState>>) -> Hold {
    match state.and_then(|state| state.outage) {
        None => Hold::None,
        Some(outage) => outage.until.map_or(Hold::Lost, Hold::Until),
    }
}
