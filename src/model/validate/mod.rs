//! What is wrong with a problem: all of it at once.
//!
//! Knows the model only; ways are looked up in the caller's matrices and along great circles, without legs or routes.

mod bucket;
mod courier;
mod idle;
mod order;
mod place;
mod profile;
mod report;
mod service;
mod single;
mod time;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::hash::Hash;

use super::{
    Courier, CourierId, DepotId, Finding, OrderId, Problem, ProfileId, Reason, RouteEnd, RouteStart,
};
use place::Atlas;
use report::Subject;
pub use time::Calendar;

/// Everything found in a problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What makes the problem unusable.
    pub errors: Vec<Finding>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Finding>,
}

impl Problem {
    /// Everything that is wrong or suspicious, in the order of depots, couriers, orders and profiles.
    ///
    /// Errors about an order carry its path, so that a problem without the orders found has no such errors left.
    /// A problem without errors can be planned: references exist, bounds hold, and no sum of its figures overflows.
    /// All times lie between 1970 and 9999 and within seven days of the middle one of the couriers' shift starts.
    ///
    /// Shape: O(places + orders + couriers + matrix cells), and for an order that nobody can reach O(different couriers).
    #[must_use]
    pub fn validate(&self) -> Findings {
        let mut findings = Findings::default();
        let context = Context::new(self, Atlas::new(self));
        self.check_day(&mut findings);
        check_depots(&context, &mut findings);
        courier::check(&context, &mut findings);
        order::check(&context, &mut findings);
        profile::check(&context, &mut findings);
        findings
    }

    /// Time zone and emptiness.
    fn check_day(&self, findings: &mut Findings) {
        let mut day = Subject::new(findings, String::new(), "");
        if !self.time_zone.is_empty() && jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            let message = format!(
                "`{}` is no IANA time zone: give one as in `Europe/Moscow`, or none for UTC",
                self.time_zone
            );
            day.error("time_zone", Reason::UnknownName, message);
        }
        let lists = [
            ("couriers", self.couriers.is_empty()),
            ("orders", self.orders.is_empty()),
            ("travel_profiles", self.profiles.is_empty()),
        ];
        for (list, _) in lists.into_iter().filter(|(_, is_empty)| *is_empty) {
            let message = format!("there are no {list}: give at least one");
            day.error(list, Reason::EmptyProblem, message);
        }
    }
}

/// What the checks of one thing need to know of the others.
struct Context<'a> {
    problem: &'a Problem,
    couriers: HashMap<&'a CourierId, usize>,
    orders: HashMap<&'a OrderId, usize>,
    depots: HashMap<&'a DepotId, usize>,
    profiles: HashMap<&'a ProfileId, usize>,
    /// Every skill that some courier has.
    skills: BTreeSet<&'a str>,
    calendar: Calendar,
    atlas: Atlas<'a>,
}

impl<'a> Context<'a> {
    fn new(problem: &'a Problem, atlas: Atlas<'a>) -> Self {
        let skills = problem.couriers.iter().flat_map(|courier| &courier.skills);
        Self {
            problem,
            couriers: first_positions(problem.couriers.iter().map(|courier| &courier.id)),
            orders: first_positions(problem.orders.iter().map(|order| &order.id)),
            depots: first_positions(problem.depots.iter().map(|depot| &depot.id)),
            profiles: first_positions(problem.profiles.iter().map(|profile| &profile.id)),
            skills: skills.map(String::as_str).collect(),
            calendar: Calendar::new(problem),
            atlas,
        }
    }

    /// The profiles by which some courier that `belongs` travels.
    fn profiles_of(&self, belongs: impl Fn(&Courier) -> bool) -> BTreeSet<usize> {
        let couriers = self
            .problem
            .couriers
            .iter()
            .filter(|courier| belongs(courier));
        couriers
            .filter_map(|courier| self.profiles.get(&courier.profile).copied())
            .collect()
    }
}

/// Where each id stands first.
fn first_positions<'a, I: Eq + Hash>(ids: impl Iterator<Item = &'a I>) -> HashMap<&'a I, usize> {
    let mut positions = HashMap::new();
    for (position, id) in ids.enumerate() {
        positions.entry(id).or_insert(position);
    }
    positions
}

/// Reports an id that stands at another position first.
fn check_unique<I: Eq + Hash + Display>(
    subject: &mut Subject<'_>,
    list: &str,
    firsts: &HashMap<&I, usize>,
    id: &I,
    position: usize,
) {
    if let Some(first) = firsts.get(id).filter(|first| **first != position) {
        let message = format!("the id `{id}` is already used by {list}[{first}]: ids must differ");
        subject.error("id", Reason::DuplicateId, message);
    }
}

fn check_depots(context: &Context<'_>, findings: &mut Findings) {
    for (position, depot) in context.problem.depots.iter().enumerate() {
        let path = format!("depots[{position}]");
        let mut subject = Subject::new(findings, path, depot.id.as_str());
        check_unique(&mut subject, "depots", &context.depots, &depot.id, position);
        let profiles = context.profiles_of(|courier| {
            matches!(&courier.start, RouteStart::Depot(id) if *id == depot.id)
                || matches!(&courier.end, RouteEnd::Depot(id) if *id == depot.id)
                || courier.reload_depots.contains(&depot.id)
        });
        context
            .atlas
            .check_place(&mut subject, "place", depot.place, &profiles);
        subject.range("loading_duration", depot.loading.0, 0..=time::DAY, "s");
    }
}
