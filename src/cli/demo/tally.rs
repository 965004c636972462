//! What visits come to: a line for each quarter of an hour, and everything at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use super::morning::clock;
use super::visit::{Outcome, Visit};
use crate::cli::report::counted;
use crate::grpc::pb;

/// Visits added up.
#[derive(Debug, Default)]
pub(super) struct Tally {
    visits: usize,
    /// Those that saw an open window.
    saw_open: usize,
    pub(super) buyers: usize,
    promised: usize,
    /// Promises of the window that was wanted.
    wanted: usize,
    let_go: usize,
    gone: usize,
    /// Refusals of the window that was wanted, of those who left without any, by reason.
    refused: BTreeMap<&'static str, usize>,
    quotes: Vec<Duration>,
    holds: Vec<Duration>,
    again: usize,
}

/// The heads of the columns of [`Tally::line`].
pub(super) const HEAD: &str = " time   visits   open   buyers   promised   other window   none   expected   lowest   couriers";

impl Tally {
    pub(super) fn add(&mut self, visit: &Visit) {
        self.visits += 1;
        self.saw_open += usize::from(visit.open > 0);
        self.buyers += usize::from(visit.visitor.is_buyer);
        self.quotes.push(visit.quoted);
        self.holds.extend(visit.held);
        self.again += visit.again;
        match &visit.outcome {
            Outcome::Looked => {}
            Outcome::Refused(refusal) => *self.refused.entry(reason(refusal)).or_default() += 1,
            Outcome::Gone => self.gone += 1,
            Outcome::LetGo => self.let_go += 1,
            Outcome::Promised { instead, .. } => {
                self.promised += 1;
                self.wanted += usize::from(instead.is_none());
            }
        }
    }

    fn without(&self) -> usize {
        self.gone + self.refused.values().sum::<usize>()
    }

    /// The visits of a quarter of an hour that ended at `seconds`, with the day as it is then.
    pub(super) fn line(&self, seconds: f64, day: &pb::DaySummary) -> String {
        let lowest = day
            .lowest_percent
            .map_or_else(|| "-".to_owned(), |lowest| format!("{lowest:.1} %"));
        format!(
            "{:>5}   {:>6}   {:>4}   {:>6}   {:>8}   {:>12}   {:>4}   {:>8}   {:>6}   {:>8}",
            clock(seconds),
            self.visits,
            share(self.saw_open, self.visits),
            self.buyers,
            self.promised,
            self.promised - self.wanted,
            self.without(),
            format!("{:.2} %", day.expected_on_time_percent),
            lowest,
            day.couriers,
        )
    }

    /// Everything, in sentences; `most` visitors were in the shop at once.
    pub(super) fn summary(mut self, most: usize) -> String {
        let reasons: Vec<String> = (self.refused.iter())
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        let mut without = vec![format!("{} left without", self.without())];
        if !reasons.is_empty() {
            let reasons = reasons.join(", ");
            without.push(format!(" (the window that they wanted: {reasons}"));
            if self.gone > 0 {
                without.push(format!("; {} found it gone", self.gone));
            }
            without.push(")".to_owned());
        }
        format!(
            "{}: {} of {} saw an open window. {} of {} have a promise, {} of them in another window than they came for; {} \
             let the hold go, {}.\n\
             Quotes: {}. Holds, on disk: {}. Up to {} at once; {} asked to come again later.",
            counted(self.visits, "visit"),
            share(self.saw_open, self.visits),
            self.visits,
            self.promised,
            counted(self.buyers, "buyer"),
            self.promised - self.wanted,
            self.let_go,
            without.concat(),
            percentiles(&mut self.quotes),
            percentiles(&mut self.holds),
            counted(most, "visitor"),
            counted(self.again, "request"),
        )
    }
}

/// A visit in which somebody did not get what was wanted, in a sentence.
pub(super) fn story(visit: &Visit, order: &str, windows: &[pb::OfferedWindow]) -> Option<String> {
    let name = |number: usize| windows.get(number).map_or("", |window| window.id.as_str());
    let (refusal, end) = match &visit.outcome {
        Outcome::Refused(refusal) => (refusal, "leaves".to_owned()),
        Outcome::Promised {
            window,
            percent,
            instead: Some(refusal),
            ..
        } => (
            refusal,
            format!("takes {}, kept with {percent:.1} %", name(*window)),
        ),
        Outcome::Looked | Outcome::Gone | Outcome::LetGo | Outcome::Promised { .. } => return None,
    };
    Some(format!(
        "        {order} wants {}, which cannot be promised: {}; {end}",
        name(visit.wanted),
        refusal.message,
    ))
}

fn reason(refusal: &pb::WindowRefusal) -> &'static str {
    match refusal.reason() {
        pb::WindowRefusalReason::Unspecified => "for no reason",
        pb::WindowRefusalReason::PastCutOff => "past its cut-off",
        pb::WindowRefusalReason::NoCourier => "for no courier",
        pb::WindowRefusalReason::NoRoom => "without room",
        pb::WindowRefusalReason::Target => "for the target",
        pb::WindowRefusalReason::DoorClosed => "with the door closed",
    }
}

fn share(part: usize, all: usize) -> String {
    match all {
        0 => "-".to_owned(),
        all => format!("{} %", (100 * part + all / 2) / all),
    }
}

/// The middle and the 99th percentile.
fn percentiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times.get(times.len().saturating_sub(1) * percent / 100);
        time.map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    format!("p50 {:.1} ms, p99 {:.1} ms", at(50), at(99))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::morning::visitors;

    fn visit(outcome: Outcome, open: usize) -> Visit {
        Visit {
            visitor: visitors(1, 0, 1)[0],
            wanted: 1,
            open,
            outcome,
            quoted: Duration::from_millis(2),
            held: None,
            again: 0,
        }
    }

    fn refusal() -> Box<pb::WindowRefusal> {
        Box::new(pb::WindowRefusal {
            reason: pb::WindowRefusalReason::NoRoom as i32,
            message: "courier-07 is 6 min short; possible from 10:06".to_owned(),
            ..pb::WindowRefusal::default()
        })
    }

    #[test]
    fn visits_are_told_with_what_became_of_them() {
        let mut tally = Tally::default();
        let promised = Outcome::Promised {
            window: 2,
            percent: 97.25,
            at_close: 97.5,
            instead: Some(refusal()),
        };
        tally.add(&visit(promised.clone(), 3));
        tally.add(&visit(Outcome::Refused(refusal()), 0));
        let text = tally.summary(2);
        assert!(
            text.starts_with("2 visits: 50 % of 2 saw an open window. 1 of 2 buyers"),
            "{text}"
        );
        assert!(text.contains("1 left without (the window that they wanted: 1 without room)"));
        let windows: Vec<pb::OfferedWindow> = (0..3)
            .map(|number| pb::OfferedWindow {
                id: format!("w{number}"),
                ..pb::OfferedWindow::default()
            })
            .collect();
        assert_eq!(
            story(&visit(promised, 3), "order-1", &windows).unwrap(),
            "        order-1 wants w1, which cannot be promised: courier-07 is 6 min short; possible from 10:06; takes \
             w2, kept with 97.2 %"
        );
        assert_eq!(story(&visit(Outcome::Looked, 3), "order-1", &windows), None);
    }
}
