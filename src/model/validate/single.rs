//! One order more for a day that has been judged already.

use super::place::Atlas;
use super::{Context, Findings, Subject, order};
use crate::model::{Order, Place, PlaceIdx, Problem};

impl Problem {
    /// Everything that is wrong or suspicious with an order at `place` that is to be added to this problem, which must
    /// have no errors of its own; paths are from the order down. The order's own reference to a place says nothing.
    ///
    /// Who could serve it, and when, is not judged: an order that asks for a skill that nobody has is sound.
    ///
    /// Shape: O(couriers + matrix rows).
    #[must_use]
    pub fn validate_order(&self, order: &Order, place: &Place) -> Findings {
        let mut findings = Findings::default();
        let context = Context::new(self, Atlas::of_place(self, place));
        let mut subject = Subject::new(&mut findings, String::new(), order.id.as_str());
        let profiles = context.profiles_of(|_| true);
        context
            .atlas
            .check_place(&mut subject, "place", PlaceIdx(0), &profiles);
        order::check_figures(&mut subject, order);
        order::check_limits(self, &mut subject, order);
        order::check_ready_time(&context, &mut subject, order);
        order::check_preference(&context, &mut subject, order);
        order::check_references(&context, &mut subject, order);
        context
            .calendar
            .check_windows(&mut subject, "windows", &order.windows);
        findings
    }
}

#[cfg(test)]
mod tests {
    use crate::generate::{DaySpec, generate};
    use crate::model::Reason;

    #[test]
    fn an_order_of_a_sound_day_is_sound_on_its_own() {
        let mut problem = generate(&DaySpec::small());
        for order in std::mem::take(&mut problem.orders) {
            let found = problem.validate_order(&order, problem.place(order.place));
            assert_eq!(found.errors, [], "{}", order.id);
        }
    }

    #[test]
    fn a_load_that_no_courier_states_is_warned_of() {
        let mut problem = generate(&DaySpec::small());
        let mut order = problem.orders[0].clone();
        let place = problem.place(order.place).clone();
        order.loads.insert("kgs".to_owned(), crate::units::Load(40));
        let found = problem.validate_order(&order, &place);
        assert_eq!(found.errors, []);
        let warned: Vec<&str> = found.warnings.iter().map(|w| w.field.as_str()).collect();
        assert_eq!(warned, ["loads[\"kgs\"]"]);
        // Nothing is known of what vehicles hold at all: that may well be meant.
        for courier in &mut problem.couriers {
            courier.capacities.clear();
        }
        assert_eq!(problem.validate_order(&order, &place).warnings, []);
    }

    #[test]
    fn paths_are_from_the_order_down() {
        let problem = generate(&DaySpec::small());
        let mut order = problem.orders[0].clone();
        let mut place = problem.place(order.place).clone();
        order.service.0 = -1;
        order.required_skills.insert("fly".to_owned());
        place.location = None;
        let found = problem.validate_order(&order, &place).errors;
        let paths = found
            .iter()
            .map(|finding| (finding.field.as_str(), finding.reason));
        assert_eq!(
            paths.collect::<Vec<_>>(),
            [
                ("place.location", Reason::MissingField),
                ("service_duration", Reason::OutOfRange)
            ]
        );
        assert!(
            found
                .iter()
                .all(|finding| finding.subject == order.id.as_str())
        );
    }
}
