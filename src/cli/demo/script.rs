//! What goes wrong in the demonstration.

use crate::model::{Plan, Problem};
use crate::units::{Seconds, Timestamp};
use crate::world::{Breakdown, Severity, Trouble};

/// A jam at five in the afternoon, a device out of reach, customers who are not there and others who say what they think;
/// and three quarters of an hour into the jam the vehicle breaks down that has most stops left.
pub(super) fn script(problem: &Problem, plan: &Plan, seed: u64) -> Trouble {
    let severity = Severity {
        breakdowns: 0,
        hold_ups: 0,
        ..Severity::default()
    };
    let mut trouble = Trouble::generate(problem, plan, &severity, seed);
    let mut at = None;
    for jam in &mut trouble.jams {
        jam.told_after = Some(Seconds(600));
        at = Some(jam.window.start + Seconds(45 * 60));
    }
    let left = |at: Timestamp| {
        let left = |stops: &[crate::model::Stop]| {
            let ahead = stops.iter().filter(|stop| stop.arrival > at);
            ahead.count()
        };
        let routes = plan.routes.iter().filter(|route| route.departure < at);
        let routes = routes.map(|route| (left(&route.stops), route));
        routes.max_by_key(|(left, _)| *left)
    };
    if let Some(at) = at
        && let Some((1.., route)) = left(at)
    {
        trouble.breakdowns.push(Breakdown {
            courier: route.courier.clone(),
            at,
            until: None,
            told_after: Some(Seconds(300)),
            note: "the engine does not start".to_owned(),
        });
    }
    trouble
}
