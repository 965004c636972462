//! Whether some courier may take an order, can get there and back, has room for it, and is in time.

use std::collections::{BTreeMap, BTreeSet};

use super::place::Way;
use super::time::DAY;
use super::{Context, Findings, Subject, courier};
use crate::model::{Courier, DepotId, Order, OrderKind, PlaceIdx, Reason, RouteEnd, TimeWindow};
use crate::units::{Seconds, Timestamp};

/// The couriers, grouped so that thousands of orders can be tried against hundreds of them.
pub(super) struct Fleet<'a> {
    context: &'a Context<'a>,
    /// Whether it is said of every courier already that no order has a window within the shift.
    is_off_day: bool,
    /// Couriers that travel alike are of one class.
    class_of: Vec<usize>,
    classes: Vec<Class>,
    /// Positions of the couriers that have the skills and depots which a group of orders asks for.
    fitting: BTreeMap<Demand<'a>, Vec<usize>>,
}

/// What keeps couriers from an order, lists apart.
type Demand<'a> = (bool, &'a BTreeSet<String>, &'a BTreeSet<DepotId>);

/// Couriers whose ways and times are alike.
struct Class {
    /// Position of the first of them.
    courier: usize,
    /// Position of the profile, place of the start, place of the end; `None` if errors leave any of them open.
    ways: Option<(usize, PlaceIdx, Option<PlaceIdx>)>,
}

/// How far an order's courier gets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// There is no way.
    No,
    /// Only too late for the windows or the shift.
    Late,
    /// In time, or unknown because of errors reported elsewhere.
    InTime,
}

/// What keeps a courier from an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    Skill,
    List,
    Load,
    Way,
}

impl Obstacle {
    /// In the order of their numbers.
    pub(super) const ALL: [Self; 4] = [Self::Skill, Self::List, Self::Load, Self::Way];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Skill => "skills and depots",
            Self::List => "lists of couriers",
            Self::Load => "loads",
            Self::Way => "ways and times",
        }
    }
}

impl<'a> Fleet<'a> {
    /// To be asked after `findings` about couriers are there.
    pub(super) fn new(context: &'a Context<'a>, findings: &Findings) -> Self {
        let problem = context.problem;
        let of_shifts = findings.warnings.iter();
        let of_shifts = of_shifts.filter(|warning| warning.field.ends_with(".shift"));
        let mut keys = BTreeMap::new();
        let mut classes = Vec::new();
        let mut class_of = Vec::new();
        for (position, courier) in problem.couriers.iter().enumerate() {
            let ways = ways(context, courier);
            let key = (
                ways,
                courier.shift,
                problem.loading(courier),
                courier.speed_factor,
                courier.service_factor,
            );
            let class = *keys.entry(key).or_insert_with(|| {
                classes.push(Class {
                    courier: position,
                    ways,
                });
                classes.len() - 1
            });
            class_of.push(class);
        }
        Self {
            context,
            is_off_day: of_shifts.count() == problem.couriers.len(),
            class_of,
            classes,
            fitting: BTreeMap::new(),
        }
    }

    /// Reports an order that nobody may take, or reach; warns of one that nobody has room or time for.
    ///
    /// The order must have no errors of its own.
    pub(super) fn check(&mut self, subject: &mut Subject<'_>, order: &'a Order) {
        let context = self.context;
        if context.problem.couriers.is_empty() {
            return;
        }
        let demand = (
            order.kind == OrderKind::Collection,
            &order.required_skills,
            &order.depots,
        );
        let fitting = self
            .fitting
            .entry(demand)
            .or_insert_with(|| fitting(context, order));
        if fitting.is_empty() {
            let message = "no courier has all the required skills and starts or reloads (a delivery), or ends or reloads (a collection), at one of the depots";
            let is_about_depots = order.required_skills.is_empty();
            let field = if is_about_depots {
                "depot_ids"
            } else {
                "required_skills"
            };
            subject.error(field, Reason::NoCourier, message);
            return;
        }
        let couriers = &context.problem.couriers;
        let is_admitted = |position: &usize| couriers[*position].is_admitted_by(order);
        let allowed: Vec<usize> = fitting.iter().copied().filter(is_admitted).collect();
        if allowed.is_empty() {
            let message = format!(
                "the lists exclude all {} couriers that have the skills and depots: allow one",
                fitting.len()
            );
            subject.error("allowed_courier_ids", Reason::NoCourier, message);
            return;
        }
        self.check_reach(subject, order, &allowed);
        self.check_room(subject, order, &allowed);
    }

    /// What keeps the courier at `position` from `order`, which has no errors and may be served in `windows`.
    pub(super) fn obstacle(
        &self,
        position: usize,
        order: &Order,
        windows: &[TimeWindow],
    ) -> Option<Obstacle> {
        let courier = &self.context.problem.couriers[position];
        let class = &self.classes[self.class_of[position]];
        if !fits(self.context, courier, order) {
            Some(Obstacle::Skill)
        } else if !courier.is_admitted_by(order) {
            Some(Obstacle::List)
        } else if !has_room(courier, order) {
            Some(Obstacle::Load)
        } else if self.reach(class, order, windows) != Reach::InTime {
            Some(Obstacle::Way)
        } else {
            None
        }
    }

    fn check_reach(&self, subject: &mut Subject<'_>, order: &Order, allowed: &[usize]) {
        let windows = order.service_windows();
        let mut is_tried = vec![false; self.classes.len()];
        let mut best = Reach::No;
        for &position in allowed {
            let class = self.class_of[position];
            if !std::mem::replace(&mut is_tried[class], true) {
                best = best.max(self.reach(&self.classes[class], order, &windows));
            }
            if best == Reach::InTime {
                return;
            }
        }
        if best == Reach::No {
            let message = format!(
                "none of the {} couriers who may take the order has a way there and on to the end of the shift",
                allowed.len()
            );
            subject.error("place", Reason::UnreachablePlace, message);
        } else if !self.is_off_day {
            let message = "nobody who may take the order can start service in a window and end the shift in time, even going straight there";
            let field = if order.promise.is_some() {
                "promise.window"
            } else {
                "windows"
            };
            subject.warning(field, Reason::BadWindow, message);
        }
    }

    /// How far a courier of `class` gets who does nothing else.
    fn reach(&self, class: &Class, order: &Order, windows: &[TimeWindow]) -> Reach {
        let Some((profile, start, end)) = class.ways else {
            return Reach::InTime;
        };
        if !is_on_the_way(&self.context.problem.couriers[class.courier], order) {
            // Reached only on a later trip: what comes before it is up to the plan.
            return Reach::InTime;
        }
        let atlas = &self.context.atlas;
        let courier = &self.context.problem.couriers[class.courier];
        let onward = end.map_or(Way::Takes(Seconds::ZERO), |end| {
            atlas.way(profile, order.place, end)
        });
        let (there, onward) = match (atlas.way(profile, start, order.place), onward) {
            (Way::None, _) | (_, Way::None) => return Reach::No,
            (Way::Unknown, _) | (_, Way::Unknown) => return Reach::InTime,
            (Way::Takes(there), Way::Takes(onward)) => (
                courier.speed_factor.divide(there),
                courier.speed_factor.divide(onward),
            ),
        };
        let loading = self.context.problem.loading(courier);
        let arrival = self.earliest_start(courier, order) + loading + there;
        let open = windows.iter().find(|window| arrival <= window.end);
        let end =
            open.map(|window| window.start.max(arrival) + courier.service_time(order) + onward);
        match end {
            Some(end) if end <= courier.shift.end => Reach::InTime,
            Some(_) | None => Reach::Late,
        }
    }

    fn earliest_start(&self, courier: &Courier, order: &Order) -> Timestamp {
        match (order.kind, order.ready) {
            (OrderKind::Delivery, Some(ready)) => ready.max(courier.shift.start),
            (OrderKind::Delivery, None) | (OrderKind::Collection, _) => courier.shift.start,
        }
    }

    fn check_room(&self, subject: &mut Subject<'_>, order: &Order, allowed: &[usize]) {
        let couriers = &self.context.problem.couriers;
        let is_roomy = |&position: &usize| has_room(&couriers[position], order);
        if allowed.iter().any(is_roomy) {
            return;
        }
        let excess = order.loads.iter().find_map(|(dimension, load)| {
            let largest = allowed
                .iter()
                .map(|&position| room(&couriers[position], dimension))
                .max()?;
            (load.0 > largest).then_some((dimension, load, largest))
        });
        match excess {
            Some((dimension, load, largest)) => {
                let message = format!(
                    "{load} {dimension} fit none of the couriers who may take the order: the largest holds {largest}"
                );
                subject.warning(format!("loads[{dimension:?}]"), Reason::OutOfRange, message);
            }
            None => {
                let message = "no courier who may take the order has room in every dimension";
                subject.warning("loads", Reason::OutOfRange, message);
            }
        }
    }
}

/// Where and how `courier` travels; `None` if errors leave that open.
fn ways(context: &Context<'_>, courier: &Courier) -> Option<(usize, PlaceIdx, Option<PlaceIdx>)> {
    if !courier::is_computable(context, courier) {
        return None;
    }
    let profile = *context.profiles.get(&courier.profile)?;
    let start = context.problem.start_place(courier)?;
    let end = context.problem.end_place(courier);
    let is_end_known = end.is_some() || courier.end == RouteEnd::Open;
    let is_loading_sane = (0..=DAY).contains(&context.problem.loading(courier).0);
    (is_end_known && is_loading_sane).then_some((profile, start, end))
}

/// Whether a courier who does not reload has the goods of `order` where they belong.
fn is_on_the_way(courier: &Courier, order: &Order) -> bool {
    order.is_stocked_by(courier.start_depot(), courier.end_depot())
}

/// Positions of the couriers that have the skills and depots of `order`.
fn fitting(context: &Context<'_>, order: &Order) -> Vec<usize> {
    let couriers = context.problem.couriers.iter().enumerate();
    couriers
        .filter(|(_, courier)| fits(context, courier, order))
        .map(|(position, _)| position)
        .collect()
}

/// Whether `courier` has the skills and depots of `order`. One who names an unknown depot may mean any.
fn fits(context: &Context<'_>, courier: &Courier, order: &Order) -> bool {
    let named = [courier.start_depot(), courier.end_depot()];
    let mut named = named
        .into_iter()
        .flatten()
        .chain(courier.reload_depots.iter());
    order.required_skills.is_subset(&courier.skills)
        && (courier.comes_from_depot_of(order)
            || named.any(|depot| !context.depots.contains_key(depot)))
}

/// What `courier` holds of `dimension`; anything, if the capacity stated makes no sense.
fn room(courier: &Courier, dimension: &str) -> i64 {
    let capacity = courier.capacities.get(dimension).map(|capacity| capacity.0);
    capacity
        .filter(|&capacity| capacity >= 0)
        .unwrap_or(i64::MAX)
}

fn has_room(courier: &Courier, order: &Order) -> bool {
    let mut loads = order.loads.iter();
    loads.all(|(dimension, load)| load.0 <= room(courier, dimension))
}
