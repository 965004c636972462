//! A plan as what is looked up while it is written.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::words::Words;
use super::{ExportDay, ExportLanguage};
use crate::model::{
    Courier, CourierId, Order, OrderId, Place, Problem, Route, RouteForecast, Stop, StopForecast,
    TimeWindow,
};
use crate::units::Timestamp;

/// A planned day with indexes.
pub(super) struct View<'a> {
    pub(super) day: &'a ExportDay<'a>,
    pub(super) language: ExportLanguage,
    pub(super) words: &'static Words,
    pub(super) zone: TimeZone,
    orders: HashMap<&'a OrderId, &'a Order>,
    couriers: HashMap<&'a CourierId, &'a Courier>,
    stop_forecasts: HashMap<&'a OrderId, &'a StopForecast>,
    route_forecasts: HashMap<&'a CourierId, &'a RouteForecast>,
}

/// One stop of a route.
pub(super) struct Visit<'a> {
    pub(super) courier: &'a Courier,
    /// 1 for the first trip.
    pub(super) trip: usize,
    /// 1 for the first stop.
    pub(super) number: usize,
    pub(super) order: &'a Order,
    pub(super) place: &'a Place,
    pub(super) stop: &'a Stop,
    pub(super) forecast: Option<&'a StopForecast>,
}

impl<'a> View<'a> {
    pub(super) fn new(day: &'a ExportDay<'a>, language: ExportLanguage) -> Self {
        let problem = day.problem;
        let routes = day.forecast.iter().flat_map(|forecast| &forecast.routes);
        let stops = routes.clone().flat_map(|route| &route.stops);
        let orders = problem.orders.iter();
        let couriers = problem.couriers.iter();
        Self {
            day,
            language,
            words: Words::of(language),
            zone: TimeZone::get(&problem.time_zone).unwrap_or(TimeZone::UTC),
            orders: orders.map(|order| (&order.id, order)).collect(),
            couriers: couriers.map(|courier| (&courier.id, courier)).collect(),
            stop_forecasts: stops.map(|stop| (&stop.order, stop)).collect(),
            route_forecasts: routes.map(|route| (&route.courier, route)).collect(),
        }
    }

    pub(super) fn problem(&self) -> &'a Problem {
        self.day.problem
    }

    /// Routes with their couriers; what the problem does not know is left out.
    pub(super) fn routes(&self) -> impl Iterator<Item = (&'a Route, &'a Courier)> {
        let routes = self.day.plan.routes.iter();
        routes.filter_map(|route| Some((route, *self.couriers.get(&route.courier)?)))
    }

    pub(super) fn route_forecast(&self, route: &Route) -> Option<&'a RouteForecast> {
        self.route_forecasts.get(&route.courier).copied()
    }

    /// The order called `id`.
    pub(super) fn order(&self, id: &OrderId) -> Option<&'a Order> {
        self.orders.get(id).copied()
    }

    /// The stops of a route.
    pub(super) fn visits(
        &self,
        route: &'a Route,
        courier: &'a Courier,
    ) -> impl Iterator<Item = Visit<'a>> {
        route
            .stops
            .iter()
            .enumerate()
            .filter_map(move |(at, stop)| {
                let order = self.order(&stop.order)?;
                let reloads = route.reloads.iter();
                Some(Visit {
                    courier,
                    trip: 1 + reloads.filter(|reload| reload.n_before <= at).count(),
                    number: at + 1,
                    order,
                    place: self.problem().place(order.place),
                    stop,
                    forecast: self.stop_forecasts.get(&stop.order).copied(),
                })
            })
    }

    /// Every dimension that some order states, in alphabetical order.
    pub(super) fn dimensions(&self) -> Vec<&'a str> {
        let loads = self
            .problem()
            .orders
            .iter()
            .flat_map(|order| order.loads.keys());
        let dimensions: BTreeSet<&str> = loads.map(String::as_str).collect();
        dimensions.into_iter().collect()
    }

    /// What clocks show at `moment`.
    pub(super) fn clock(&self, moment: Timestamp) -> DateTime {
        let limit = if moment.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        let moment = jiff::Timestamp::from_second(moment.0).unwrap_or(limit);
        self.zone.to_datetime(moment)
    }

    /// A moment with its offset from UTC, as in `2026-11-26T18:00:00+03:00`.
    pub(super) fn exact(&self, moment: Timestamp) -> String {
        let at = jiff::Timestamp::from_second(moment.0).unwrap_or_default();
        let offset = self.zone.to_offset(at);
        at.display_with_offset(offset).to_string()
    }

    /// A window as text: the date once if both ends are on it.
    pub(super) fn window_text(&self, window: TimeWindow) -> String {
        let [start, end] = [window.start, window.end].map(|moment| self.clock(moment));
        let date = self.words.date;
        if start.date() == end.date() && start.second() == 0 && end.second() == 0 {
            let [from, to] = [start, end].map(|clock| clock.strftime("%H:%M").to_string());
            return format!("{} {from}-{to}", start.strftime(date));
        }
        let moment = self.words.moment;
        format!("{} - {}", start.strftime(moment), end.strftime(moment))
    }
}

/// Things one after the other, with a comma in between.
pub(super) fn listed<T: Display>(things: impl IntoIterator<Item = T>) -> String {
    let things: Vec<String> = things.into_iter().map(|thing| thing.to_string()).collect();
    things.join(", ")
}
