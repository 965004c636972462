//! Taking a problem in: what could be read of it, what is wrong with it, and which orders to set aside.

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
    /// Ids of the orders set aside, as written in the request.
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
        Findings {
            errors: [self.unreadable.clone(), locate(found.errors)].concat(),
            warnings: locate(found.warnings),
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
        let mut bad: Vec<usize> = errors.iter().filter_map(Finding::order_position).collect();
        bad.sort_unstable();
        bad.dedup();
        let mut positions = std::mem::take(&mut self.positions.orders).into_iter();
        self.problem.orders.retain(|_| {
            let position = positions.next();
            position.is_some_and(|position| bad.binary_search(&position).is_err())
        });
        if !bad.is_empty() {
            let rest = self.problem.validate();
            if !rest.errors.is_empty() {
                return Err([errors, rest.errors].concat());
            }
        }
        warnings.splice(0..0, errors);
        let set_aside = bad.iter().filter_map(|&at| self.order_ids.get(at).cloned());
        Ok(Accepted {
            set_aside: set_aside.collect(),
            problem: self.problem,
            warnings,
        })
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

impl Positions {
    /// `finding` with its index as in the request.
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
            break;
        }
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
