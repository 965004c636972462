//! Taking a problem in: what could be read of it, what is wrong with it, and which orders to set aside.

use std::collections::BTreeSet;

use crate::config::{self, PlanningConfig};
use crate::model::{Finding, Findings, Problem, Reason};

/// What to do with invalid orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInvalidOrder {
    /// Refuse the request.
    Reject,
    /// Plan the others.
    SetAside,
}

/// Where the things of a problem stood in the request: things that could not be read are missing in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    /// Of the depots.
    pub depots: Vec<usize>,
    /// Of the couriers.
    pub couriers: Vec<usize>,
    /// Of the orders.
    pub orders: Vec<usize>,
    /// Of the travel profiles.
    pub profiles: Vec<usize>,
}

/// A problem as far as it could be read.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Everything that could be read.
    pub problem: Problem,
    /// What could not be, with paths as in the request.
    pub unreadable: Vec<Finding>,
    /// Where the things that could be read stood in the request.
    pub positions: Positions,
    /// The ids of all orders as written in the request.
    pub order_ids: Vec<String>,
}

/// A problem that has passed validation.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The problem, without the orders set aside.
    pub problem: Problem,
    /// Ids of the orders set aside, as written in the request: one for each order, so that an id that stands there
    /// several times is here as often, and names no order of the problem.
    pub set_aside: Vec<String>,
    /// Why they were set aside, and what else deserves a look.
    pub warnings: Vec<Finding>,
}

impl Draft {
    /// Everything wrong or suspicious, with paths as in the request.
    #[must_use]
    pub fn findings(&self, config: &PlanningConfig) -> Findings {
        let oversize = self.oversize(config);
        if !oversize.is_empty() {
            // Validation takes time in proportion to the size, so it does not start.
            return Findings {
                errors: [self.unreadable.clone(), oversize].concat(),
                warnings: Vec::new(),
            };
        }
        let found = self.problem.validate();
        let keep = |finding: &Finding| !self.may_be_a_consequence(finding);
        let locate = |findings: Vec<Finding>| -> Vec<Finding> {
            let kept = findings.into_iter().filter(keep);
            kept.map(|finding| self.positions.locate(finding)).collect()
        };
        let warnings = found.warnings.into_iter();
        let warnings = warnings.filter(|finding| !self.may_be_unfounded(finding));
        Findings {
            errors: [self.unreadable.clone(), locate(found.errors)].concat(),
            warnings: locate(warnings.collect()),
        }
    }

    /// The problem to plan.
    ///
    /// # Errors
    /// Everything that stands against planning it.
    pub fn accept(
        mut self,
        config: &PlanningConfig,
        on_invalid_order: OnInvalidOrder,
    ) -> Result<Accepted, Vec<Finding>> {
        let Findings {
            errors,
            mut warnings,
        } = self.findings(config);
        let may_go_on = match on_invalid_order {
            OnInvalidOrder::Reject => errors.is_empty(),
            OnInvalidOrder::SetAside => errors.iter().all(|e| e.order_position().is_some()),
        };
        if !may_go_on {
            return Err(errors);
        }
        let mut bad: BTreeSet<usize> = errors.iter().filter_map(Finding::order_position).collect();
        let namesakes = self.namesakes(&bad);
        bad.extend(namesakes.iter().filter_map(Finding::order_position));
        if !bad.is_empty() && bad.len() == self.order_ids.len() {
            return Err([vec![none_left(bad.len())], errors, namesakes].concat());
        }
        let mut positions = std::mem::take(&mut self.positions.orders).into_iter();
        self.problem.orders.retain(|_| {
            let position = positions.next();
            position.is_some_and(|position| !bad.contains(&position))
        });
        if !bad.is_empty() {
            let rest = self.problem.validate();
            if !rest.errors.is_empty() {
                return Err([errors, rest.errors].concat());
            }
        }
        warnings.splice(0..0, [errors, namesakes].concat());
        let set_aside = bad.iter().filter_map(|&at| self.order_ids.get(at).cloned());
        Ok(Accepted {
            set_aside: set_aside.collect(),
            problem: self.problem,
            warnings,
        })
    }

    /// A finding for each order that is not among the `bad` ones but has the id of one: nobody could tell which of them
    /// an answer speaks of, so that all orders of the id are set aside.
    fn namesakes(&self, bad: &BTreeSet<usize>) -> Vec<Finding> {
        let ids: BTreeSet<&str> = bad
            .iter()
            .filter_map(|&at| self.order_ids.get(at).map(String::as_str))
            .collect();
        let orders = self.order_ids.iter().enumerate();
        orders
            .filter(|(at, id)| !bad.contains(at) && ids.contains(id.as_str()))
            .map(|(at, id)| {
                let message = "another order with this id is invalid, so that all orders with it are set aside";
                Finding::new(format!("orders[{at}].id"), id, Reason::DuplicateId, message)
            })
            .collect()
    }

    fn oversize(&self, config: &PlanningConfig) -> Vec<Finding> {
        let problem = &self.problem;
        let sizes = [
            ("orders", self.order_ids.len(), config.orders_max),
            ("couriers", problem.couriers.len(), config.couriers_max),
            (
                "travel_profiles",
                problem.profiles.len(),
                config.profiles_max,
            ),
        ];
        sizes
            .into_iter()
            .filter(|(_, size, max)| *size > config::count(*max))
            .map(|(field, size, max)| {
                let message = format!("{size} are more than the {max} that this server takes");
                Finding::new(field, "", Reason::TooLarge, message)
            })
            .collect()
    }

    /// Whether the warning `finding` may be due to things that could not be read: what orders lack may be had by a courier
    /// among them, and what a courier is of no use for may be an order among them.
    fn may_be_unfounded(&self, finding: &Finding) -> bool {
        if finding.order_position().is_none() {
            let is_about_use = [".shift", ".id"]
                .iter()
                .any(|field| finding.field.ends_with(field));
            return is_about_use && !self.unreadable.is_empty();
        }
        let field = finding
            .field
            .split_once("].")
            .map_or("", |(_, field)| field);
        let is_of_order = field.starts_with("preference") || finding.reason == Reason::Conflict;
        !is_of_order && self.unreadable.iter().any(|f| f.order_position().is_none())
    }

    /// Whether `finding` may come from things that could not be read rather than from the request.
    fn may_be_a_consequence(&self, finding: &Finding) -> bool {
        let whole = self.unreadable.iter().any(|f| f.order_position().is_none());
        match finding.reason {
            Reason::UnknownReference
            | Reason::UnknownSkill
            | Reason::UnreachablePlace
            | Reason::NoCourier => whole,
            Reason::EmptyProblem => !self.unreadable.is_empty(),
            Reason::MissingField
            | Reason::MalformedId
            | Reason::DuplicateId
            | Reason::OutOfRange
            | Reason::BadWindow
            | Reason::MatrixShape
            | Reason::TooLarge
            | Reason::Conflict
            | Reason::UnknownName => false,
        }
    }
}

/// What is said where every order would be set aside.
fn none_left(n_orders: usize) -> Finding {
    let message = match n_orders {
        1 => "the only order is invalid: with it set aside, no order is left to plan".to_owned(),
        n => format!("all {n} orders are invalid: with them set aside, no order is left to plan"),
    };
    Finding::new("orders", "", Reason::EmptyProblem, message)
}

impl Positions {
    /// `finding` with its index as in the request, and with that of the thing that had its id before.
    #[must_use]
    pub fn locate(&self, mut finding: Finding) -> Finding {
        let lists = [
            ("depots[", &self.depots),
            ("couriers[", &self.couriers),
            ("orders[", &self.orders),
            ("travel_profiles[", &self.profiles),
        ];
        for (list, positions) in lists {
            let Some((index, rest)) = finding
                .field
                .strip_prefix(list)
                .and_then(|rest| rest.split_once(']'))
            else {
                continue;
            };
            let position = index
                .parse()
                .ok()
                .and_then(|index: usize| positions.get(index));
            if let Some(position) = position {
                finding.field = format!("{list}{position}]{rest}");
            }
            if finding.reason == Reason::DuplicateId {
                finding.message = located(&finding.message, list, positions);
            }
            break;
        }
        finding
    }
}

/// `message` with the last index into `list` that it names as in the request.
fn located(message: &str, list: &str, positions: &[usize]) -> String {
    let parts = message.rsplit_once(list).and_then(|(before, after)| {
        let (index, rest) = after.split_once(']')?;
        let position = positions.get(index.parse::<usize>().ok()?)?;
        Some(format!("{before}{list}{position}]{rest}"))
    });
    parts.unwrap_or_else(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::Fixture;
    use crate::model::{CourierId, OrderId};
    use crate::units::Load;

    #[test]
    fn findings_name_the_position_in_the_request() {
        let positions = Positions {
            orders: vec![0, 2, 5],
            ..Positions::default()
        };
        let at = |field: &str| {
            let finding = Finding::new(field, "", Reason::BadWindow, "");
            positions.locate(finding).field
        };
        assert_eq!(
            at("orders[2].windows[1].end_time"),
            "orders[5].windows[1].end_time"
        );
        assert_eq!(at("orders[1]"), "orders[2]");
        assert_eq!(at("couriers[0].shift"), "couriers[0].shift");
        assert_eq!(at("orders"), "orders");
    }

    #[test]
    fn a_problem_larger_than_the_server_takes_is_not_even_validated() {
        let draft = Draft {
            order_ids: vec!["a".to_owned(); 3],
            ..Draft::default()
        };
        let config = PlanningConfig {
            orders_max: 2,
            ..PlanningConfig::default()
        };
        let found = draft.findings(&config);
        assert_eq!(found.errors.len(), 1);
        assert_eq!(found.errors[0].reason, Reason::TooLarge);
    }

    /// A day of three orders, of which the request had the second one without a place.
    fn draft(ids: &[&str]) -> Draft {
        let mut fixture = Fixture::new().courier("anna", |_| {});
        for (number, id) in (1..).zip(ids) {
            // Places have names of their own.
            fixture = fixture.order(&format!("order-{number}"), (number, 0), |order| {
                order.id = OrderId::parse(id).expect("tests use plain ids");
            });
        }
        Draft {
            problem: fixture.build(),
            unreadable: Vec::new(),
            positions: Positions {
                depots: vec![0],
                couriers: vec![0],
                orders: (0..ids.len()).collect(),
                profiles: vec![0],
            },
            order_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    fn without_readable(mut draft: Draft, position: usize) -> Draft {
        let id = draft.problem.orders.remove(position).id.to_string();
        draft.positions.orders.remove(position);
        let field = format!("orders[{position}].place");
        let missing = Finding::new(field, id, Reason::MissingField, "this field is required");
        draft.unreadable.push(missing);
        draft
    }

    #[test]
    fn all_orders_of_an_id_are_set_aside_if_one_is() {
        let config = PlanningConfig::default();
        for draft in [
            draft(&["a", "b", "a"]),
            without_readable(draft(&["a", "b", "a"]), 0),
        ] {
            let accepted = draft.accept(&config, OnInvalidOrder::SetAside).unwrap();
            assert_eq!(accepted.set_aside, ["a", "a"]);
            let left = accepted.problem.orders.iter();
            let left: Vec<&str> = left.map(|order| order.id.as_str()).collect();
            assert_eq!(left, ["b"]);
            for position in [0, 2] {
                let mut said = accepted.warnings.iter();
                assert!(
                    said.any(|finding| finding.order_position() == Some(position)),
                    "{:?}",
                    accepted.warnings
                );
            }
        }
    }

    #[test]
    fn a_duplicate_names_the_first_of_its_id_as_in_the_request() {
        let draft = without_readable(draft(&["c", "a", "b", "a"]), 0);
        let found = draft.findings(&PlanningConfig::default()).errors;
        assert_eq!(found[1].field, "orders[3].id");
        assert!(found[1].message.contains("by orders[1]:"), "{found:?}");
    }

    #[test]
    fn where_no_order_is_left_that_is_said_first_with_what_is_wrong_with_each() {
        let mut draft = draft(&["a", "b"]);
        for order in &mut draft.problem.orders {
            order.windows.clear();
        }
        let config = PlanningConfig::default();
        let found = draft.accept(&config, OnInvalidOrder::SetAside).unwrap_err();
        let fields: Vec<&str> = found.iter().map(|finding| finding.field.as_str()).collect();
        assert_eq!(fields, ["orders", "orders[0].windows", "orders[1].windows"]);
        assert!(found[0].message.starts_with("all 2 orders are invalid"));
    }

    #[test]
    fn an_order_that_cannot_be_read_may_be_what_a_courier_is_for() {
        let mut draft = draft(&["a", "b"]);
        let heavy = |problem: &mut Problem| {
            let small = ("kg".to_owned(), Load(0));
            let mut courier = problem.couriers[0].clone();
            courier.id = CourierId::parse("boris").expect("tests use plain ids");
            courier.capacities.extend([small]);
            problem.couriers.push(courier);
        };
        heavy(&mut draft.problem);
        draft.positions.couriers.push(1);
        let config = PlanningConfig::default();
        assert_eq!(draft.findings(&config).warnings.len(), 1);
        let found = without_readable(draft, 0).findings(&config);
        assert_eq!((found.errors.len(), found.warnings.len()), (1, 0));
    }
}
