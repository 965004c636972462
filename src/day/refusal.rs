//! Why a report is not taken. Whether it is depends on the report and the plan alone, never on what was reported before;
//! except that an id stands for one report.
//!
//! What is on record was taken by the rules of its time: rules that came later hold for new reports alone, so that records
//! written before stay readable.

use super::event::{Event, Report};
use super::roster::Roster;
use super::words::{bounds, clock, skew, span};
use crate::model::{CourierId, EventId, Finding, GeoPoint, OrderId, Reason};
use crate::units::{BasisPoints, Seconds, Timestamp};

/// Why a report is refused. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The report is wrong; all that is wrong with it.
    #[error("the report is not valid")]
    Invalid(Vec<Finding>),
    /// The id was used before, for something else.
    #[error("event id {0} was used before for another event; give every event an id of its own")]
    IdReused(EventId),
}

/// Factors on travel times that can be reported, in basis points.
const FACTORS: std::ops::RangeInclusive<u32> = 1_000..=100_000;

/// Longest text, in bytes.
const TEXT_MAX: usize = 2_000;

/// Most items of a list.
const ITEMS_MAX: usize = 1_000;

/// Where a report comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// From whoever saw it.
    Reported,
    /// From the record, where it was written when rules were fewer.
    Recorded,
}

/// Everything that is wrong with `report` on the day of `roster`, where clocks may be ahead by `tolerance`.
pub(super) fn findings(
    roster: &Roster,
    report: &Report,
    tolerance: Seconds,
    origin: Origin,
) -> Vec<Finding> {
    let mut check = Check {
        origin,
        kind: report.event.kind(),
        id: &report.id,
        findings: Vec::new(),
    };
    check.times(roster, report, tolerance);
    let courier = report.event.courier();
    if let Some(courier) = courier
        && roster.courier(courier).is_none()
    {
        check.unknown("courier_id", courier.as_str(), "courier");
    }
    if let Some(order) = report.event.order() {
        check.order(roster, courier, order);
    }
    check.content(roster, report);
    check.findings
}

/// The findings about one report.
struct Check<'a> {
    origin: Origin,
    kind: &'static str,
    id: &'a EventId,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn add(&mut self, field: &str, subject: &str, reason: Reason, message: String) {
        let field = format!("{}.{field}", self.kind);
        self.findings
            .push(Finding::new(field, subject, reason, message));
    }

    fn unknown(&mut self, field: &str, id: &str, what: &str) {
        let message = format!("the day has no {what} {id}");
        self.add(field, id, Reason::UnknownReference, message);
    }

    fn times(&mut self, roster: &Roster, report: &Report, tolerance: Seconds) {
        let id = self.id.as_str().to_owned();
        let ahead = Seconds(report.at.0.saturating_sub(report.reported_at.0));
        if ahead > tolerance {
            let cause = skew(ahead).map_or(String::new(), |skew| {
                format!(
                    "; the device's clock seems to be {} fast, as in another time zone",
                    span(skew)
                )
            });
            let message = format!(
                "happened at {}, {} after it was reported; clocks may be {} ahead{cause}",
                clock(report.at),
                span(ahead),
                span(tolerance)
            );
            let finding = Finding::new("event_time", &*id, Reason::OutOfRange, message);
            self.findings.push(finding);
        }
        if !roster.span.contains(report.at) {
            let message = bounds(roster.span);
            let finding = Finding::new("event_time", &*id, Reason::OutOfRange, message);
            self.findings.push(finding);
        }
    }

    /// An order has to be known, and in the route of who reports it.
    fn order(&mut self, roster: &Roster, courier: Option<&CourierId>, order: &OrderId) {
        let Some(place) = roster.order(order) else {
            self.unknown("order_id", order.as_str(), "order");
            return;
        };
        let Some(courier) = courier else { return };
        // Who had the order before the plan changed may have been there.
        let number = roster.courier(courier);
        if number.is_some_and(|number| roster.stop_of(number, order).is_some()) {
            return;
        }
        let driver = place.map(|(driver, _)| &roster.routes()[driver].courier);
        let message = match driver {
            Some(driver) => format!("the order is in the route of courier {driver}"),
            None => "the order is in no route".to_owned(),
        };
        self.add("order_id", order.as_str(), Reason::Conflict, message);
    }

    fn content(&mut self, roster: &Roster, report: &Report) {
        match &report.event {
            Event::DeliveredInPart { refused, .. } => self.refused(refused),
            Event::Failed { note, .. } => self.text("note", note),
            Event::Position { location, .. } => self.location(roster, *location),
            Event::Unavailable { until, note, .. } | Event::BrokenDown { until, note, .. } => {
                self.until(*until, report.at);
                self.until_day(roster, *until);
                self.text("note", note);
            }
            Event::Traffic {
                area,
                factor,
                until,
            } => {
                if let Some(area) = area
                    && !roster.has_zone(area)
                {
                    self.unknown("area_id", area.as_str(), "area");
                }
                self.factor(*factor);
                self.until(*until, report.at);
            }
            Event::Rating {
                stars,
                words,
                reason,
                ..
            } => {
                if !(1..=5).contains(stars) {
                    let message = format!("{stars} is not from 1 to 5");
                    self.add("stars", "", Reason::OutOfRange, message);
                }
                self.text("words", words);
                self.text("reason", reason);
            }
            Event::Departed { .. }
            | Event::Arrived { .. }
            | Event::ServiceStarted { .. }
            | Event::Delivered { .. }
            | Event::Skipped { .. } => {}
        }
    }

    fn refused(&mut self, items: &[super::event::RefusedItem]) {
        if items.is_empty() {
            let message = "name what was refused, or report a full delivery".to_owned();
            self.add("refused", "", Reason::MissingField, message);
        }
        if items.len() > ITEMS_MAX {
            let message = format!("{} items; at most {ITEMS_MAX} are taken", items.len());
            self.add("refused", "", Reason::TooLarge, message);
        }
        for (number, item) in items.iter().take(ITEMS_MAX).enumerate() {
            let field = |name: &str| format!("refused[{number}].{name}");
            if item.count == 0 {
                let message = "at least one".to_owned();
                self.add(&field("count"), &item.name, Reason::OutOfRange, message);
            }
            for (dimension, load) in &item.loads {
                if !(0..=1_000_000_000_000).contains(&load.0) {
                    let field = field(&format!("loads[{dimension}]"));
                    let message = format!("{load} is not from 0 to 10^12");
                    self.add(&field, &item.name, Reason::OutOfRange, message);
                }
            }
            self.text(&field("name"), &item.name);
            self.text(&field("reason"), &item.reason);
        }
    }

    fn text(&mut self, field: &str, text: &str) {
        if text.len() > TEXT_MAX {
            let message = format!("{} bytes; at most {TEXT_MAX} are taken", text.len());
            self.add(field, "", Reason::TooLarge, message);
        }
    }

    fn location(&mut self, roster: &Roster, location: GeoPoint) {
        let GeoPoint {
            latitude,
            longitude,
        } = location;
        if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
            let message = format!("{latitude}, {longitude} is no latitude and longitude");
            self.add("location", "", Reason::OutOfRange, message);
        } else if self.origin == Origin::Reported && !roster.is_near(location) {
            let message = format!(
                "{latitude}, {longitude} is more than 200 km from every place of the day: is the device lost?"
            );
            self.add("location", "", Reason::OutOfRange, message);
        }
    }

    /// Who goes on after the day does not go on, as far as the day is concerned.
    fn until_day(&mut self, roster: &Roster, until: Option<Timestamp>) {
        let is_late = until.is_some_and(|until| until > roster.span.end);
        if self.origin == Origin::Reported && is_late {
            let message = format!(
                "{}; leave it out if it is not known or not on this day",
                bounds(roster.span)
            );
            self.add("until_time", "", Reason::OutOfRange, message);
        }
    }

    fn until(&mut self, until: Option<Timestamp>, at: Timestamp) {
        if until.is_some_and(|until| until < at) {
            let message = "ends before it begins".to_owned();
            self.add("until_time", "", Reason::BadWindow, message);
        }
    }

    fn factor(&mut self, factor: BasisPoints) {
        if !FACTORS.contains(&factor.0) {
            let message = format!("{} is not from 0.1 to 10", f64::from(factor.0) / 10_000.0);
            self.add("factor", "", Reason::OutOfRange, message);
        }
    }
}
