//! Orders as clients: their windows, their goods, and who may serve them from where.
//!
//! Knows one order at a time, and what all couriers have in common.

use super::kind::KindKey;
use super::narrow;
use super::scene::{Scene, Station};
use crate::model::{DropPolicy, Order, OrderKind, TimeWindow};
use crate::solver::problem::{Client, DropRule, Window};
use crate::units::{BasisPoints, ExactCost, Load, Timestamp};

/// Windows of one order that are told apart; further ones are not planned in.
const WINDOWS_MAX: usize = 250;

impl<'a> Scene<'a> {
    /// The order at position `number`, in positions in the lists of all stations, paces and kinds.
    pub(super) fn client(
        &self,
        number: usize,
        order: &Order,
        stations: &[Station<'a>],
        paces: &[BasisPoints],
        kinds: &[(KindKey<'a>, Vec<usize>)],
    ) -> Client {
        let stocked: Vec<bool> = if self.names_depots && !order.depots.is_empty() {
            let stocks = |station: &Station<'_>| {
                station
                    .depot
                    .is_some_and(|depot| order.depots.contains(depot))
            };
            stations.iter().map(stocks).collect()
        } else {
            Vec::new()
        };
        let (sources, sinks) = match order.kind {
            OrderKind::Delivery => (stocked, Vec::new()),
            OrderKind::Collection => (Vec::new(), stocked),
        };
        let loads: Vec<i64> = self
            .dimensions
            .iter()
            .map(|name| order.load(name))
            .map(|Load(load)| load)
            .collect();
        let nothing = vec![0; loads.len()];
        let (delivery, collection) = match order.kind {
            OrderKind::Delivery => (loads, nothing),
            OrderKind::Collection => (nothing, loads),
        };
        let admits = |(key, _): &(KindKey<'_>, Vec<usize>)| {
            let excluded = &self.exclusions[key.excluded];
            excluded.binary_search(&number).is_err()
        };
        Client {
            windows: self.windows(order),
            ready: order.ready.map(|moment| narrow(self.time(moment))),
            delivery,
            collection,
            drop: match order.drop_policy {
                DropPolicy::MustServe => DropRule::Required,
                DropPolicy::MayDrop { penalty } => {
                    DropRule::Tiered(u32::try_from(penalty).unwrap_or(u32::MAX))
                }
            },
            service: paces
                .iter()
                .map(|pace| narrow(pace.scale(order.service).0))
                .collect(),
            admitted: if self.restricted.binary_search(&number).is_ok() {
                kinds.iter().map(admits).collect()
            } else {
                Vec::new()
            },
            sources,
            sinks,
        }
    }

    /// The client served at given times, whatever its windows and service time are.
    pub(super) fn at_given_times(&self, client: Client, times: (Timestamp, Timestamp)) -> Client {
        let (arrival, departure) = times;
        let at = narrow(self.time(arrival));
        Client {
            windows: vec![Window {
                start: at,
                end: at,
                cost: 0,
            }],
            ready: None,
            service: vec![narrow((departure - arrival).0); client.service.len()],
            ..client
        }
    }

    /// Windows to choose from: preferred ones at no cost, then all of them at the cost of missing the preference.
    fn windows(&self, order: &Order) -> Vec<Window> {
        let hard = order.service_windows();
        let window = |window: TimeWindow, cost: i64| Window {
            start: narrow(self.time(window.start)),
            end: narrow(self.time(window.end)),
            cost,
        };
        let mut windows = Vec::new();
        let mut miss_cost = 0;
        if let Some(preference) = &order.preference {
            miss_cost = ExactCost::from_cost(preference.miss_cost).0;
            let liked = preference
                .windows
                .iter()
                .flat_map(|liked| hard.iter().filter_map(|hard| hard.intersection(*liked)));
            windows.extend(liked.map(|both| window(both, 0)));
        }
        windows.extend(hard.iter().map(|&hard| window(hard, miss_cost)));
        windows.truncate(WINDOWS_MAX);
        windows
    }
}
