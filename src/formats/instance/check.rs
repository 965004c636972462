//! Judges solutions of an instance by its own arithmetic: shares none with the solver.

use super::Instance;
use super::fleet::Kind;

/// Why routes are not a solution. Vehicles are counted from 1, as solutions number their routes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A route visits what is no client, and no depot where the vehicle may load for another trip.
    #[error("route {vehicle}: node {node} is no client and no depot to reload at")]
    Node {
        /// Which route.
        vehicle: usize,
        /// Which node.
        node: usize,
    },
    /// A client that must be served is not, or one is served several times.
    #[error("client {0} is not served exactly once")]
    Coverage(usize),
    /// A client or the depot is reached too late.
    #[error("route {vehicle}: node {node} is reached {late} too late")]
    Late {
        /// Which route.
        vehicle: usize,
        /// Which node.
        node: usize,
        /// By how much.
        late: i64,
    },
    /// A route carries too much.
    #[error("route {vehicle} carries {excess} too much")]
    Overload {
        /// Which route.
        vehicle: usize,
        /// By how much.
        excess: i64,
    },
    /// A route takes too long.
    #[error("route {vehicle} takes {excess} too long")]
    Duration {
        /// Which route.
        vehicle: usize,
        /// By how much.
        excess: i64,
    },
    /// A vehicle serves a client that it may not.
    #[error("route {vehicle}: the vehicle may not serve client {node}")]
    Admission {
        /// Which route.
        vehicle: usize,
        /// Which client.
        node: usize,
    },
    /// There are more routes than vehicles.
    #[error("{0} routes more than vehicles")]
    Vehicles(usize),
}

impl Instance {
    /// Checks routes and gives their [cost](Instance::cost). Routes are sequences of nodes without the depots at both
    /// ends; a depot in between ends one trip and begins the next.
    ///
    /// Where vehicles differ, the first route is that of the first vehicle, and so on; a vehicle may have none.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self, routes: &[Vec<usize>]) -> Result<i64, Fault> {
        self.check_vehicles(routes)?;
        let mut visits = vec![0_u32; self.n_nodes()];
        for (vehicle, route) in (1..).zip(routes) {
            let kind = self.fleet.vehicle(vehicle - 1);
            let may_visit =
                |node: usize| self.is_client(node) || kind.reloads.binary_search(&node).is_ok();
            if let Some(&node) = route.iter().find(|&&node| !may_visit(node)) {
                return Err(Fault::Node { vehicle, node });
            }
            if !route.is_empty() {
                self.check_client_limits(vehicle, kind, route)?;
                self.check_times(vehicle, kind, route)?;
            }
            for &node in route {
                visits[node] += 1;
            }
        }
        let is_covered = |client: usize| match visits[client] {
            0 => self.prizes[client] > 0,
            n => n == 1,
        };
        match (self.n_depots..self.n_nodes()).find(|&client| !is_covered(client)) {
            Some(client) => Err(Fault::Coverage(client)),
            None => Ok(self.cost(routes)),
        }
    }

    /// What routes cost in integer units, whether they are a solution or not: their distance by what it costs, the
    /// vehicles used, and the prizes not collected.
    ///
    /// # Panics
    /// If a route visits what is no node.
    #[must_use]
    pub fn cost(&self, routes: &[Vec<usize>]) -> i64 {
        let used = routes.iter().enumerate().filter(|(_, r)| !r.is_empty());
        let of_route = |(vehicle, route): (usize, &Vec<usize>)| {
            let kind = self.fleet.vehicle(vehicle);
            kind.fixed + kind.per_distance * self.length(kind, route)
        };
        let driving: i64 = used.map(of_route).sum();
        let mut is_served = vec![false; self.n_nodes()];
        for &node in routes.iter().flatten() {
            is_served[node] = true;
        }
        let missed = self.prizes.iter().zip(&is_served);
        let missed = missed.filter(|(_, is_served)| !**is_served);
        driving + missed.map(|(prize, _)| prize).sum::<i64>()
    }

    fn check_vehicles(&self, routes: &[Vec<usize>]) -> Result<(), Fault> {
        let needed = if self.fleet.is_mixed() {
            let last = routes.iter().rposition(|route| !route.is_empty());
            last.map_or(0, |last| last + 1)
        } else {
            routes.iter().filter(|route| !route.is_empty()).count()
        };
        match needed.saturating_sub(self.fleet.n_vehicles()) {
            0 => Ok(()),
            excess => Err(Fault::Vehicles(excess)),
        }
    }

    fn check_client_limits(
        &self,
        vehicle: usize,
        kind: &Kind,
        route: &[usize],
    ) -> Result<(), Fault> {
        let mut clients = route.iter().filter(|&&node| self.is_client(node));
        if let Some(&node) = clients.find(|&&node| !kind.may_serve(node)) {
            return Err(Fault::Admission { vehicle, node });
        }
        for trip in route.split(|&node| !self.is_client(node)) {
            let load: i64 = trip.iter().map(|&node| self.demand[node]).sum();
            if load > kind.capacity {
                let excess = load - kind.capacity;
                return Err(Fault::Overload { vehicle, excess });
            }
        }
        Ok(())
    }

    pub(super) fn is_client(&self, node: usize) -> bool {
        (self.n_depots..self.n_nodes()).contains(&node)
    }

    fn length(&self, kind: &Kind, route: &[usize]) -> i64 {
        let stops = stops(kind, route);
        let legs = stops.iter().zip(&stops[1..]);
        legs.map(|(&from, &to)| self.distance(from, to)).sum()
    }

    /// Drives the route as early as possible to see whether it is in time, then as late as possible to see how long it
    /// takes at least.
    fn check_times(&self, vehicle: usize, kind: &Kind, route: &[usize]) -> Result<(), Fault> {
        let Some(windows) = &self.windows else {
            return Ok(());
        };
        let stops = stops(kind, route);
        let trips = route.split(|&node| !self.is_client(node));
        let ready: Vec<i64> = trips
            .map(|trip| trip.iter().map(|&node| self.releases[node]).max())
            .map(Option::unwrap_or_default)
            .collect();
        let drive = |start: i64| {
            let mut time = start;
            let mut is_late = Ok(());
            let mut goods = ready.iter();
            for (&from, &to) in stops.iter().zip(&stops[1..]) {
                if !self.is_client(from) {
                    time = time.max(goods.next().copied().unwrap_or(0));
                }
                time += self.service[from] + self.distance(from, to);
                time = time.max(windows[to].0);
                if time > windows[to].1 && is_late.is_ok() {
                    let late = time - windows[to].1;
                    is_late = Err(Fault::Late {
                        vehicle,
                        node: to,
                        late,
                    });
                }
            }
            (time, is_late)
        };
        drive(windows[kind.depot].0).1?;
        let Some(longest) = kind.max_duration else {
            return Ok(());
        };
        // The latest start from which every stop is still in time: backwards from the depot's closing.
        let mut latest = windows[kind.depot].1;
        for (&from, &to) in stops.iter().zip(&stops[1..]).rev() {
            latest = latest.min(windows[to].1) - self.distance(from, to) - self.service[from];
        }
        let start = latest.min(windows[kind.depot].1);
        match drive(start).0 - start - longest {
            excess if excess > 0 => Err(Fault::Duration { vehicle, excess }),
            _ => Ok(()),
        }
    }
}

/// The route with its depot at both ends.
fn stops(kind: &Kind, route: &[usize]) -> Vec<usize> {
    let depot = std::iter::once(&kind.depot);
    depot.clone().chain(route).chain(depot).copied().collect()
}
