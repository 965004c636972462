//! What is wrong with a problem: all of it at once.

use super::{Finding, Problem, Reason, TravelSource};

/// Everything found in a problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What makes the problem unusable.
    pub errors: Vec<Finding>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Finding>,
}

impl Problem {
    /// Everything that is wrong or suspicious, in the order of the fields.
    #[must_use]
    pub fn validate(&self) -> Findings {
        placeholder(self)
    }
}

fn placeholder(problem: &Problem) -> Findings {
    let mut errors = Vec::new();
    if problem.orders.is_empty() {
        errors.push(Finding::new(
            "orders",
            "",
            Reason::EmptyProblem,
            "there is no order",
        ));
    }
    if problem.couriers.is_empty() {
        errors.push(Finding::new(
            "couriers",
            "",
            Reason::EmptyProblem,
            "there is no courier",
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    for (i, order) in problem.orders.iter().enumerate() {
        let mut report = |field: &str, reason, message: &str| {
            errors.push(Finding::new(
                format!("orders[{i}]{field}"),
                order.id.as_str(),
                reason,
                message,
            ));
        };
        if !seen.insert(&order.id) {
            report(".id", Reason::DuplicateId, "the id is used twice");
        }
        if order.windows.is_empty() && order.promise.is_none() {
            report(
                ".windows",
                Reason::MissingField,
                "a window or a promise is required",
            );
        }
        for (w, window) in order.windows.iter().enumerate() {
            if window.end < window.start {
                report(
                    &format!(".windows[{w}]"),
                    Reason::BadWindow,
                    "the window ends before it begins",
                );
            }
        }
        if order.promise.is_some_and(|p| p.window.end < p.window.start) {
            report(
                ".promise.window",
                Reason::BadWindow,
                "the window ends before it begins",
            );
        }
        if order.loads.values().any(|load| load.0 < 0) {
            report(".loads", Reason::OutOfRange, "a load is at least 0");
        }
        if !problem
            .couriers
            .iter()
            .any(|c| order.required_skills.is_subset(&c.skills))
            && !order.required_skills.is_empty()
        {
            report(
                ".required_skills[0]",
                Reason::UnknownSkill,
                "no courier has the skill",
            );
        }
        let place = problem.place(order.place);
        if place
            .location
            .is_some_and(|p| !p.latitude.is_finite() || !p.longitude.is_finite())
        {
            report(
                ".place.location.latitude",
                Reason::OutOfRange,
                "not a number",
            );
        }
        for profile in &problem.profiles {
            if let TravelSource::Matrix(matrix) = &profile.source {
                let row = place
                    .id
                    .as_ref()
                    .and_then(|id| matrix.place_ids.iter().position(|p| p == id));
                let n = matrix.place_ids.len();
                if matrix.durations.len() == n * n
                    && row.is_some_and(|row| {
                        (0..n).all(|from| from == row || matrix.durations[from * n + row].is_none())
                    })
                {
                    report(
                        ".place",
                        Reason::UnreachablePlace,
                        "no courier can get there",
                    );
                }
            }
        }
    }
    for (i, profile) in problem.profiles.iter().enumerate() {
        if let TravelSource::Matrix(matrix) = &profile.source {
            if matrix.durations.len() != matrix.place_ids.len().pow(2) {
                errors.push(Finding::new(
                    format!("travel_profiles[{i}].matrix.duration_seconds"),
                    profile.id.as_str(),
                    Reason::MatrixShape,
                    "wrong size",
                ));
            }
        }
    }
    Findings {
        errors,
        warnings: Vec::new(),
    }
}
