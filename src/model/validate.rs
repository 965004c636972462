//! What is wrong with a problem: all of it at once.

use super::{Finding, Problem};

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
        todo!()
    }
}
