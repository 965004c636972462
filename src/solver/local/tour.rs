//! Routes as the local search sees them: every node with the segments before and after it, every route with its price.
//!
//! Constraints on time, load and distance may be broken at a price. Hard are: which vehicles may serve whom, how many
//! vehicles there are, how many clients one may have, and that there is a way from each node to the next.

use super::penalty::Penalties;
use super::price::Price;
use super::segment::{LoadSegment, TimeSegment};
use super::sequence::{Change, Piece, Sequence};
use crate::solver::problem::Problem;
use crate::solver::state::{NONE, Route};

/// A client, or the start or the end of a route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// Its route, or [`NONE`].
    pub(super) route: u32,
    /// Number of clients of the route up to here.
    pub(super) at: u32,
    /// Node before.
    pub(super) pred: u32,
    /// Node after.
    pub(super) succ: u32,
    /// Where it is, as a node of the problem.
    pub(super) place: u32,
    /// Itself alone.
    pub(super) alone: TimeSegment,
    /// From the start of the route to here.
    pub(super) before: TimeSegment,
    /// From here to the end of the route.
    pub(super) after: TimeSegment,
    /// Distance from the start of the route.
    pub(super) distance: i64,
    /// Distance back to the start of the route through the same nodes.
    pub(super) back: i64,
}

impl Node {
    const NOWHERE: Self = Self {
        route: NONE,
        at: 0,
        pred: NONE,
        succ: NONE,
        place: 0,
        alone: TimeSegment::NOTHING,
        before: TimeSegment::NOTHING,
        after: TimeSegment::NOTHING,
        distance: 0,
        back: 0,
    };
}

/// One vehicle's sequence.
#[derive(Clone, Debug)]
pub(super) struct TourRoute {
    pub(super) kind: u32,
    pub(super) clients: Vec<u32>,
    pub(super) price: Price,
    /// When it changed last.
    pub(super) stamp: u32,
}

/// A solution that may break soft constraints.
///
/// Shape: clients are nodes `0..n`; route `r` starts at node `n + 2 r` and ends at the next one. There is an empty
/// route for each vehicle type with a free vehicle.
#[derive(Debug)]
pub(in crate::solver) struct Tour<'p> {
    pub(super) problem: &'p Problem,
    pub(super) penalties: Penalties,
    n: u32,
    pub(super) nodes: Vec<Node>,
    pub(super) windows: Vec<u8>,
    loads_before: Vec<LoadSegment>,
    loads_after: Vec<LoadSegment>,
    pub(super) routes: Vec<TourRoute>,
    used: Vec<u32>,
    /// Number of changes made.
    pub(super) now: u32,
    /// Clients that got another node before or after them.
    pub(super) touched: Vec<u32>,
}

impl<'p> Tour<'p> {
    /// A tour without routes.
    pub(in crate::solver) fn new(problem: &'p Problem, penalties: Penalties) -> Self {
        let n = problem.n_clients();
        let place = |client: usize| Node {
            place: client as u32,
            ..Node::NOWHERE
        };
        Self {
            problem,
            penalties,
            n: n as u32,
            nodes: (0..n).map(place).collect(),
            windows: vec![0; n],
            loads_before: vec![LoadSegment::default(); n * problem.n_dims()],
            loads_after: vec![LoadSegment::default(); n * problem.n_dims()],
            routes: Vec::new(),
            used: vec![0; problem.types().len()],
            now: 0,
            touched: Vec::new(),
        }
    }

    /// Takes over routes, of which there may be no more than vehicles; forgets what was there before.
    pub(in crate::solver) fn load<'r>(&mut self, routes: impl IntoIterator<Item = &'r Route>) {
        for node in &mut self.nodes[..self.n as usize] {
            (node.route, node.pred, node.succ) = (NONE, NONE, NONE);
        }
        self.routes.clear();
        self.used.fill(0);
        self.touched.clear();
        for route in routes {
            let clients = route.visits.iter().map(|&(client, _)| client).collect();
            for &(client, window) in &route.visits {
                self.windows[client as usize] = window;
            }
            let index = self.add_route(route.kind);
            self.set_clients(index, clients);
        }
        self.offer_vehicles();
    }

    /// Routes with clients, numbered as slots from zero on.
    pub(in crate::solver) fn to_routes(&self) -> Vec<Route> {
        let used = self.routes.iter().filter(|route| !route.clients.is_empty());
        let visit = |&client: &u32| (client, self.windows[client as usize]);
        used.zip(0..)
            .map(|(route, slot)| Route {
                slot,
                kind: route.kind,
                previous: None,
                version: 0,
                locked: 0,
                visits: route.clients.iter().map(visit).collect(),
            })
            .collect()
    }

    /// Clients that no route has.
    pub(in crate::solver) fn absent(&self) -> Vec<u32> {
        let is_absent = |client: &u32| self.nodes[*client as usize].route == NONE;
        (0..self.n).filter(is_absent).collect()
    }

    /// Whether no constraint is broken.
    pub(in crate::solver) fn is_feasible(&self) -> bool {
        self.routes.iter().all(|route| route.price.penalty == 0)
    }

    /// Cost of routes, penalties and of leaving clients out.
    pub(in crate::solver) fn cost(&self) -> i64 {
        let routes: i64 = self.routes.iter().map(|route| route.price.cost).sum();
        let clients = (0..self.n as usize).map(|client| {
            if self.nodes[client].route == NONE {
                self.problem.drop_cost(client)
            } else {
                self.problem.clients()[client].windows[self.windows[client] as usize].cost
            }
        });
        routes + clients.sum::<i64>()
    }

    /// Prices all routes by other weights.
    pub(in crate::solver) fn set_penalties(&mut self, penalties: Penalties) {
        self.penalties = penalties;
        for route in 0..self.routes.len() as u32 {
            let whole = Sequence::new(route, &[Piece::Tail(self.start(route))]);
            self.routes[route as usize].price = self.price(&whole);
        }
    }

    /// The node where a route starts.
    pub(super) fn start(&self, route: u32) -> u32 {
        self.n + 2 * route
    }

    /// Whether `node` is a client.
    #[inline]
    pub(super) fn is_client(&self, node: u32) -> bool {
        node < self.n
    }

    /// What is known of `node`.
    #[inline]
    pub(super) fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    /// The route of a node that has one.
    #[inline]
    pub(super) fn route(&self, node: u32) -> &TourRoute {
        &self.routes[self.nodes[node as usize].route as usize]
    }

    /// Whether `route` has clients or a vehicle to serve some.
    pub(super) fn is_available(&self, route: u32) -> bool {
        let TourRoute { kind, clients, .. } = &self.routes[route as usize];
        !clients.is_empty()
            || self.used[*kind as usize] < self.problem.types()[*kind as usize].count
    }

    /// Whether vehicles of type `kind` may serve the clients from `first` to `last`.
    pub(super) fn admits(&self, kind: u32, first: u32, last: u32) -> bool {
        let mut client = first;
        while self.problem.admits(kind as usize, client as usize) {
            if client == last {
                return true;
            }
            client = self.node(client).succ;
        }
        false
    }

    /// Distance from one node to another for vehicles of type `kind`; a client or the start, then a client or the end.
    #[inline]
    pub(super) fn distance(&self, kind: u32, from: u32, to: u32) -> i64 {
        let (from, to) = (self.node(from).place, self.node(to).place);
        let profile = self.problem.types()[kind as usize].profile;
        i64::from(
            self.problem
                .arc(profile, from as usize, to as usize)
                .distance,
        )
    }

    /// A client alone, served by a vehicle of type `kind` in the window chosen.
    #[inline]
    pub(super) fn alone(&self, client: u32, kind: u32) -> TimeSegment {
        let node = self.node(client);
        if node.route != NONE && self.routes[node.route as usize].kind == kind {
            return node.alone;
        }
        self.visit(client, kind)
    }

    fn visit(&self, client: u32, kind: u32) -> TimeSegment {
        let data = &self.problem.clients()[client as usize];
        let window = &data.windows[self.windows[client as usize] as usize];
        let service = data.service[self.problem.types()[kind as usize].pace];
        TimeSegment::visit(service, window.start, window.end, data.ready)
    }

    /// Loads from the start of the route to `node`.
    #[inline]
    pub(super) fn load_before(&self, node: u32, dim: usize) -> LoadSegment {
        self.loads_before[node as usize * self.problem.n_dims() + dim]
    }

    /// Loads from `node` to the end of the route.
    #[inline]
    pub(super) fn load_after(&self, node: u32, dim: usize) -> LoadSegment {
        self.loads_after[node as usize * self.problem.n_dims() + dim]
    }

    /// What is on board for `client`.
    #[inline]
    pub(super) fn load_alone(&self, client: u32, dim: usize) -> LoadSegment {
        let data = &self.problem.clients()[client as usize];
        LoadSegment::visit(data.delivery[dim], data.collection[dim])
    }

    /// Makes a change of one or two routes.
    pub(super) fn apply(&mut self, change: &Change) {
        let mut made = [const { Vec::new() }; 2];
        for (sequence, clients) in change.sequences().iter().zip(&mut made) {
            *clients = self.expand(sequence);
        }
        for (sequence, clients) in change.sequences().iter().zip(made) {
            self.set_clients(sequence.route, clients);
        }
        self.offer_vehicles();
    }

    /// Adds an empty route for each vehicle type that has a free vehicle and none yet.
    pub(super) fn offer_vehicles(&mut self) {
        for kind in 0..self.used.len() as u32 {
            let is_offer = |route: &TourRoute| route.kind == kind && route.clients.is_empty();
            let is_free = self.used[kind as usize] < self.problem.types()[kind as usize].count;
            if is_free && !self.routes.iter().any(is_offer) {
                self.add_route(kind);
            }
        }
    }

    fn add_route(&mut self, kind: u32) -> u32 {
        let index = self.routes.len() as u32;
        let vehicle = &self.problem.types()[kind as usize];
        let start = TimeSegment::visit(vehicle.loading, vehicle.earliest, vehicle.latest, None);
        let end = TimeSegment::visit(0, vehicle.earliest, vehicle.latest, None);
        let places = [
            self.problem.start_node(kind as usize),
            self.problem.end_node(kind as usize),
        ];
        let nodes = self.start(index) as usize + 2;
        if self.nodes.len() < nodes {
            self.nodes.resize(nodes, Node::NOWHERE);
            let loads = nodes * self.problem.n_dims();
            self.loads_before.resize(loads, LoadSegment::default());
            self.loads_after.resize(loads, LoadSegment::default());
        }
        let first = self.start(index) as usize;
        for (number, (alone, place)) in [start, end].into_iter().zip(places).enumerate() {
            self.nodes[first + number] = Node {
                route: index,
                place: place as u32,
                alone,
                ..Node::NOWHERE
            };
        }
        self.routes.push(TourRoute {
            kind,
            clients: Vec::new(),
            price: Price::default(),
            stamp: self.now,
        });
        self.set_clients(index, Vec::new());
        index
    }

    /// Gives a route other clients. Clients that it loses must be given to another route next.
    pub(super) fn set_clients(&mut self, route: u32, clients: Vec<u32>) {
        let old = &mut self.routes[route as usize];
        let kind = old.kind as usize;
        self.used[kind] -= u32::from(!old.clients.is_empty());
        self.used[kind] += u32::from(!clients.is_empty());
        self.now += 1;
        old.stamp = self.now;
        let (start, end) = (self.start(route), self.start(route) + 1);
        let mut pred = start;
        for (at, &node) in (1..).zip(clients.iter().chain([&end])) {
            let alone = if node == end {
                self.nodes[end as usize].alone
            } else {
                self.visit(node, kind as u32)
            };
            if self.nodes[pred as usize].succ != node || self.nodes[node as usize].pred != pred {
                self.touched
                    .extend([pred, node].into_iter().filter(|&node| node < self.n));
            }
            self.nodes[pred as usize].succ = node;
            let new = &mut self.nodes[node as usize];
            (new.route, new.at, new.pred, new.alone) = (route, at, pred, alone);
            pred = node;
        }
        self.routes[route as usize].clients = clients;
        self.refresh_before(route);
        self.refresh_after(route);
        let whole = Sequence::new(route, &[Piece::Tail(start)]);
        self.routes[route as usize].price = self.price(&whole);
    }

    fn refresh_before(&mut self, route: u32) {
        let dims = self.problem.n_dims();
        let profile = self.problem.types()[self.routes[route as usize].kind as usize].profile;
        let mut pred = self.start(route);
        let first = &mut self.nodes[pred as usize];
        first.before = first.alone;
        (first.distance, first.back) = (0, 0);
        self.loads_before[pred as usize * dims..(pred as usize + 1) * dims]
            .fill(LoadSegment::default());
        while self.nodes[pred as usize].succ != NONE {
            let before = self.nodes[pred as usize];
            let node = before.succ;
            let (from, to) = (
                before.place as usize,
                self.nodes[node as usize].place as usize,
            );
            let arc = self.problem.arc(profile, from, to);
            let back = self.problem.arc(profile, to, from);
            let new = &mut self.nodes[node as usize];
            new.before = before.before.then(arc.duration, new.alone);
            new.distance = before.distance + i64::from(arc.distance);
            new.back = before.back + i64::from(back.distance);
            for dim in 0..dims {
                let load = self.load_before(pred, dim);
                self.loads_before[node as usize * dims + dim] = if node < self.n {
                    load.then(self.load_alone(node, dim))
                } else {
                    load
                };
            }
            pred = node;
        }
    }

    fn refresh_after(&mut self, route: u32) {
        let dims = self.problem.n_dims();
        let profile = self.problem.types()[self.routes[route as usize].kind as usize].profile;
        let mut succ = self.start(route) + 1;
        let last = &mut self.nodes[succ as usize];
        last.after = last.alone;
        self.loads_after[succ as usize * dims..(succ as usize + 1) * dims]
            .fill(LoadSegment::default());
        while self.nodes[succ as usize].pred != NONE {
            let after = self.nodes[succ as usize];
            let node = after.pred;
            let new = &mut self.nodes[node as usize];
            let arc = self
                .problem
                .arc(profile, new.place as usize, after.place as usize);
            new.after = new.alone.then(arc.duration, after.after);
            for dim in 0..dims {
                let load = self.load_after(succ, dim);
                self.loads_after[node as usize * dims + dim] = if node < self.n {
                    self.load_alone(node, dim).then(load)
                } else {
                    load
                };
            }
            succ = node;
        }
    }
}
