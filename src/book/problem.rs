//! A day's promises as a planning problem, and its plan as sequences.

use super::Book;
use crate::model::{DropPolicy, Order, PlaceIdx, Problem, Promise, RouteSketch};
use crate::promise::Day;

impl Book {
    /// The problem that the search for better plans, reports and couriers see: the day's depots and couriers with the orders
    /// of all promises in the plan, by id, each to be served in the window promised.
    #[must_use]
    pub fn problem(&self, day: &Day) -> Problem {
        let terms = day.terms();
        let mut problem = terms.base.clone();
        let promises = day.live().values().filter_map(|id| day.promises().get(id));
        for promise in promises {
            let Some(window) = terms.window(&promise.window) else {
                continue;
            };
            let place = u32::try_from(problem.places.len()).unwrap_or(u32::MAX);
            problem.places.push(promise.booking.place.clone());
            let (statement, told_at) = &promise.last;
            problem.orders.push(Order {
                place: PlaceIdx(place),
                promise: Some(Promise {
                    window: window.window,
                    promised_at: Some(*told_at),
                    stated_probability: Some(statement.probability),
                }),
                drop_policy: DropPolicy::MustServe,
                ..promise.booking.order.clone()
            });
        }
        problem
    }

    /// The routes as sequences with their starts.
    #[must_use]
    pub fn sketches(&self) -> Vec<RouteSketch> {
        let driven = self.routes.iter().filter(|route| !route.stops().is_empty());
        let sketch = driven.map(|route| RouteSketch {
            courier: route.courier(&self.site).clone(),
            orders: route
                .stops()
                .iter()
                .map(|stop| stop.order().clone())
                .collect(),
            start: Some(route.start()),
            reloads: Vec::new(),
        });
        sketch.collect()
    }
}
