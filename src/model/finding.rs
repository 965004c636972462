//! Something wrong with a problem: where, what kind, and what would be right.

/// What kind of thing is wrong. The API's `ErrorReason` has the same cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A required field is missing.
    MissingField,
    /// An id is not an id.
    MalformedId,
    /// An id is used twice.
    DuplicateId,
    /// An id refers to nothing.
    UnknownReference,
    /// No courier has a required skill.
    UnknownSkill,
    /// A number is outside its bounds, or is not a number.
    OutOfRange,
    /// A window ends before it begins, overlaps another, or leaves no moment for the service to start.
    BadWindow,
    /// A matrix does not have the size its place ids ask for.
    MatrixShape,
    /// No allowed courier can travel to a place.
    UnreachablePlace,
    /// There is nothing to plan.
    EmptyProblem,
    /// The problem is larger than allowed.
    TooLarge,
    /// No courier is allowed to take the order.
    NoCourier,
    /// Fields contradict each other.
    Conflict,
    /// A time zone, language or other name is not known.
    UnknownName,
}

/// One thing that is wrong, or that deserves a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Path of the field from the problem down, as in `orders[3].windows[0].end_time`.
    pub field: String,
    /// Id of the order, courier, depot, place or profile concerned; empty if there is none.
    pub subject: String,
    /// What kind of thing is wrong.
    pub reason: Reason,
    /// What is wrong and what would be right.
    pub message: String,
}

const FIELD_CHARS_MAX: usize = 200;
const SUBJECT_CHARS_MAX: usize = 100;
const MESSAGE_CHARS_MAX: usize = 500;

fn presentable(text: String, chars_max: usize) -> String {
    let is_long = text.chars().nth(chars_max).is_some();
    if !is_long && !text.contains(char::is_control) {
        return text;
    }
    let shown: String = text.chars().take(chars_max).collect();
    let end = if is_long { "…" } else { "" };
    shown.replace(char::is_control, "\u{fffd}") + end
}

impl Finding {
    /// A finding about `field` of the thing called `subject`.
    ///
    /// Texts that come from outside are cut off when they are long, and lose the control characters with which they
    /// could pass for several lines.
    pub fn new(
        field: impl Into<String>,
        subject: impl Into<String>,
        reason: Reason,
        message: impl Into<String>,
    ) -> Self {
        Self {
            field: presentable(field.into(), FIELD_CHARS_MAX),
            subject: presentable(subject.into(), SUBJECT_CHARS_MAX),
            reason,
            message: presentable(message.into(), MESSAGE_CHARS_MAX),
        }
    }

    /// The position in `orders` that this finding is about, if it is about an order.
    #[must_use]
    pub fn order_position(&self) -> Option<usize> {
        self.field
            .strip_prefix("orders[")?
            .split(']')
            .next()?
            .parse()
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_outside_stay_short_and_on_one_line() {
        let id = "x".repeat(1_000) + "\nforged";
        let finding = Finding::new("orders[0].id", id, Reason::MalformedId, "a\nb\u{1b}[1m");
        assert_eq!(finding.subject.chars().count(), SUBJECT_CHARS_MAX + 1);
        assert_eq!(finding.message, "a\u{fffd}b\u{fffd}[1m");
        assert_eq!(finding.order_position(), Some(0));
    }
}
