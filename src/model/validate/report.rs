//! How findings about one thing are written down.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::Findings;
use crate::model::{Finding, Reason};

/// One thing of the problem, with its path and id, and the list its findings go to.
pub(super) struct Subject<'f> {
    findings: &'f mut Findings,
    path: String,
    id: &'f str,
}

impl<'f> Subject<'f> {
    /// The thing at `path`; the problem itself if that is empty.
    pub(super) fn new(findings: &'f mut Findings, path: String, id: &'f str) -> Self {
        Self { findings, path, id }
    }

    /// How many errors the problem has so far.
    pub(super) fn n_errors(&self) -> usize {
        self.findings.errors.len()
    }

    /// How many warnings the problem has so far.
    pub(super) fn n_warnings(&self) -> usize {
        self.findings.warnings.len()
    }

    pub(super) fn error(
        &mut self,
        field: impl Display,
        reason: Reason,
        message: impl Into<String>,
    ) {
        let finding = Finding::new(self.path_of(field), self.id, reason, message);
        self.findings.errors.push(finding);
    }

    pub(super) fn warning(
        &mut self,
        field: impl Display,
        reason: Reason,
        message: impl Into<String>,
    ) {
        let finding = Finding::new(self.path_of(field), self.id, reason, message);
        self.findings.warnings.push(finding);
    }

    /// An error if `value` is outside `bounds`.
    pub(super) fn range(
        &mut self,
        field: impl Display,
        value: i64,
        bounds: RangeInclusive<i64>,
        unit: &str,
    ) {
        if !bounds.contains(&value) {
            let bounds = match (bounds.start(), bounds.end()) {
                (least, &i64::MAX) => format!("at least {least} {unit}"),
                (least, most) => format!("{least} to {most} {unit}"),
            };
            let message = format!("{value} is out of range: it must be {}", bounds.trim_end());
            self.error(field, Reason::OutOfRange, message);
        }
    }

    /// An error if `value` is outside `bounds` or not a number.
    pub(super) fn real(
        &mut self,
        field: impl Display,
        value: f64,
        bounds: RangeInclusive<f64>,
        unit: &str,
    ) {
        if !bounds.contains(&value) {
            let (least, most) = (bounds.start(), bounds.end());
            let message = format!(
                "{value} is out of range: it must be a number from {least} to {most} {unit}"
            );
            self.error(field, Reason::OutOfRange, message);
        }
    }

    /// An error about a reference to something that the problem does not have.
    pub(super) fn unknown(&mut self, field: impl Display, noun: &str, id: impl Display) {
        let message =
            format!("the problem has no {noun} `{id}`: name one of its {noun}s or add it");
        self.error(field, Reason::UnknownReference, message);
    }

    fn path_of(&self, field: impl Display) -> String {
        if self.path.is_empty() {
            field.to_string()
        } else {
            format!("{}.{field}", self.path)
        }
    }
}
