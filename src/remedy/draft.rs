//! A plan for the rest of the day: routes to come, and what they are in terms of the day.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::{Crew, Halt, Scene};
use crate::day::{NewBreak, NewReload, NewRoute, Replan, RosterRoute};
use crate::forecast::Trial;
use crate::model::{Courier, Order, OrderId, ReloadSketch};
use crate::units::Timestamp;

/// Routes to come.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draft {
    /// By courier.
    pub(super) tails: Vec<Vec<Halt>>,
    /// Orders that nobody serves.
    pub(super) pool: Vec<usize>,
    /// Couriers who have not left and start loading at another time than before.
    pub(super) starts: BTreeMap<usize, Timestamp>,
}

/// Halts as lists.
struct Lists {
    orders: Vec<OrderId>,
    reloads: Vec<NewReload>,
    breaks: Vec<NewBreak>,
}

impl Draft {
    /// The plan as it is.
    pub(super) fn unchanged(scene: &Scene<'_>, pool: Vec<usize>) -> Self {
        Self {
            tails: scene.tails(),
            pool,
            starts: BTreeMap::new(),
        }
    }

    /// Couriers whose routes are other than in `other`.
    pub(super) fn changed(&self, other: &Self) -> Vec<usize> {
        let is_other = |courier: &usize| {
            self.tails[*courier] != other.tails[*courier]
                || self.starts.get(courier) != other.starts.get(courier)
        };
        (0..self.tails.len()).filter(is_other).collect()
    }

    /// By order: who serves it.
    pub(super) fn drivers(&self) -> BTreeMap<usize, usize> {
        let tails = self.tails.iter().enumerate();
        let stops = tails.flat_map(|(courier, tail)| {
            let orders = tail.iter().filter_map(|halt| halt.order());
            orders.map(move |order| (order, courier))
        });
        stops.collect()
    }
}

impl Scene<'_> {
    /// When the courier with number `courier` starts, or started, loading in `draft`.
    pub(super) fn start(&self, draft: &Draft, courier: usize) -> Timestamp {
        let crew = &self.crews[courier];
        let loading = self.problem.loading(&self.problem.couriers[courier]);
        let early = crew.free - loading;
        let given = draft.starts.get(&courier).copied();
        let planned = given.or(crew.start).unwrap_or(early);
        let is_other = draft.tails[courier] != crew.tail;
        if is_other && !crew.has_left && planned < self.now {
            // What is planned now does not begin in the past.
            return planned.max(early);
        }
        planned
    }

    /// The route of a courier in `draft` to be tried out.
    pub(super) fn trial(&self, draft: &Draft, courier: usize) -> Trial {
        let crew = &self.crews[courier];
        let lists = self.lists(courier, &draft.tails[courier], &crew.visited);
        let reload = |reload: &NewReload| ReloadSketch::from(reload);
        Trial {
            orders: lists.orders,
            start: self.start(draft, courier),
            reloads: lists.reloads.iter().map(reload).collect(),
            breaks: (lists.breaks.iter())
                .map(|pause| (pause.number, pause.n_before))
                .collect(),
            hold: crew.hold,
        }
    }

    /// `first` stops, then `tail`, with the reloads and breaks of both.
    fn lists(&self, courier: usize, tail: &[Halt], first: &[OrderId]) -> Lists {
        let crew = &self.crews[courier];
        let route = self.live.day().roster().routes().get(courier);
        let mut lists = Lists {
            orders: first.to_vec(),
            reloads: Vec::new(),
            breaks: Vec::new(),
        };
        if let Some(route) = route {
            passed(&mut lists, crew, route, first);
        }
        for halt in tail {
            let n_before = lists.orders.len();
            match *halt {
                Halt::Order(order) => lists.orders.push(self.problem.orders[order].id.clone()),
                Halt::Reload(depot) => {
                    let depot = self.problem.depots[depot].id.clone();
                    lists.reloads.push(NewReload { depot, n_before });
                }
                Halt::Break(number) => lists.breaks.push(NewBreak { number, n_before }),
            }
        }
        let n_orders = lists.orders.len();
        lists.reloads.retain(|reload| reload.n_before < n_orders);
        lists
    }

    /// What turns `before` into `draft`; what the caller brings to the problem is not in it.
    pub(super) fn replan(&self, before: &Draft, draft: &Draft) -> Replan {
        let mut replan = Replan {
            version: self.live.version(),
            at: self.now,
            ..Replan::default()
        };
        let kept = draft.drivers();
        let is_to_come = |order: &OrderId| {
            let number = self.number_of.get(order);
            number.is_some_and(|number| kept.contains_key(number))
        };
        let mut changed = draft.changed(before);
        // Who skipped an order that somebody else comes for has it no more.
        let loses = |courier: &usize| self.crews[*courier].kept.iter().any(is_to_come);
        changed.extend((0..self.crews.len()).filter(loses));
        changed.sort_unstable();
        changed.dedup();
        for courier in changed {
            let crew = &self.crews[courier];
            let done = crew.kept.iter().filter(|order| !is_to_come(order));
            let done: Vec<OrderId> = done.cloned().collect();
            let lists = self.lists(courier, &draft.tails[courier], &done);
            replan
                .resumed
                .extend(self.resumed(courier, &draft.tails[courier]));
            let start = self.start(draft, courier);
            let is_new = crew.start != Some(start) && !lists.orders.is_empty();
            replan.routes.push(NewRoute {
                courier: self.problem.couriers[courier].id.clone(),
                orders: lists.orders,
                start: (is_new && !crew.has_left).then_some(start),
                reloads: lists.reloads,
                breaks: lists.breaks,
            });
            let visits = self.visits(&draft.tails[courier]);
            if !visits.is_empty() {
                replan.couriers.push(self.visitor(courier, &visits));
            }
            let gone = crew.on_board.iter();
            let gone = gone.filter(|order| !kept.contains_key(order));
            let id = |order: &usize| self.problem.orders[*order].id.clone();
            replan.left_on_board.extend(gone.map(id));
        }
        replan.orders = self.taken_over(draft);
        replan
    }

    /// Orders in the route to come of a courier who skipped them before.
    fn resumed(&self, courier: usize, tail: &[Halt]) -> Vec<OrderId> {
        let day = self.live.day();
        let Some(state) = day.couriers().get(courier) else {
            return Vec::new();
        };
        let orders = tail.iter().filter_map(|halt| halt.order());
        let ids = orders.map(|order| &self.problem.orders[order].id);
        let is_skipped = |id: &&OrderId| {
            let stop = day.roster().stop_of(courier, id);
            stop.is_some_and(|stop| state.stops[stop].skipped.is_some())
        };
        ids.filter(is_skipped).cloned().collect()
    }

    /// Vehicles that a route to come leads to, with the orders taken over there.
    fn visits(&self, tail: &[Halt]) -> Vec<(usize, Vec<usize>)> {
        let mut visits: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut is_there = false;
        for halt in tail {
            match *halt {
                Halt::Reload(depot) => {
                    is_there = self.is_vehicle(depot);
                    if is_there {
                        visits.push((depot, Vec::new()));
                    }
                }
                Halt::Order(order) => {
                    if let (true, Some((_, orders))) = (is_there, visits.last_mut()) {
                        orders.push(order);
                    }
                }
                Halt::Break(_) => {}
            }
        }
        visits
    }

    /// A courier who may load at vehicles.
    fn visitor(&self, courier: usize, visits: &[(usize, Vec<usize>)]) -> Courier {
        let mut courier = self.problem.couriers[courier].clone();
        let depots = visits
            .iter()
            .map(|(depot, _)| &self.problem.depots[*depot].id);
        let before = courier.reload_depots.len();
        courier.reload_depots.extend(depots.cloned());
        let more = u32::try_from(courier.reload_depots.len() - before).unwrap_or(0);
        courier.max_reloads = match courier.max_reloads {
            Some(max) => Some(max + more),
            None if before == 0 => Some(more),
            None => None,
        };
        courier
    }

    /// Orders that are taken over from vehicles: they can be had there alone.
    fn taken_over(&self, draft: &Draft) -> Vec<Order> {
        let mut orders = Vec::new();
        for (courier, tail) in draft.tails.iter().enumerate() {
            let own = &self.crews[courier].on_board;
            for (depot, taken) in self.visits(tail) {
                let id = &self.problem.depots[depot].id;
                for order in taken {
                    let order = match own.binary_search(&order) {
                        Ok(_) => continue,
                        Err(_) => &self.problem.orders[order],
                    };
                    let depots = BTreeSet::from([id.clone()]);
                    if order.depots != depots {
                        orders.push(Order {
                            depots,
                            ..order.clone()
                        });
                    }
                }
            }
        }
        orders
    }
}

/// Adds reloads and breaks that are over: they come after as many of the `first` stops as were to come before them.
fn passed(lists: &mut Lists, crew: &Crew, route: &RosterRoute, first: &[OrderId]) {
    let stops = route.stops.iter().zip(0_usize..);
    let number_of: BTreeMap<&OrderId, usize> = stops.map(|(stop, at)| (&stop.order, at)).collect();
    let n_before = |planned: usize| {
        let numbers = first.iter().filter_map(|order| number_of.get(order));
        numbers.filter(|number| **number < planned).count()
    };
    let (n_reloads, n_breaks) = crew.passed;
    lists
        .reloads
        .extend(route.reloads[..n_reloads].iter().map(|reload| NewReload {
            depot: reload.depot.clone(),
            n_before: n_before(reload.n_before),
        }));
    lists
        .breaks
        .extend(route.breaks[..n_breaks].iter().map(|pause| NewBreak {
            number: pause.number,
            n_before: n_before(pause.n_before),
        }));
}
