//! The record of a day under way: everything that made it what it is, in the sequence in which that happened. The
//! serialized form is what is stored: fields are added with a default, never renamed or removed.
//!
//! Besides what was reported, the record has the minutes that passed, since what is not heard of says something too, and
//! what was told of promises at risk, so that nothing is told twice. Played back, it gives the same state, the same forecast
//! and the same open alerts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::alerts::AlertChange;
use super::event::Report;
use super::live::{LiveDay, LiveTerms};
use super::replan::Replan;
use crate::model::{DayId, OrderId, Plan, Problem};
use crate::units::Timestamp;

/// How a day was started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Identifies the live day.
    pub id: DayId,
    /// On which terms.
    pub terms: LiveTerms,
    /// Whether its noise model is someone's own, not the built-in defaults.
    pub is_calibrated: bool,
    /// Whether whoever reports says what time it is.
    pub is_simulated: bool,
    /// The day.
    pub problem: Arc<Problem>,
    /// Its plan.
    pub plan: Arc<Plan>,
}

impl Start {
    /// Name and version of the noise model that chances rest on.
    #[must_use]
    pub fn noise_version(&self) -> &str {
        match (&self.terms.noise.version, self.is_calibrated) {
            (Some(version), _) => version,
            (None, true) => "request",
            (None, false) => "default",
        }
    }
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Recorded {
    /// The day was started.
    Started(Box<Start>),
    /// Something was reported.
    Reported(Report),
    /// Time passed, in which what should have been heard was not.
    Passed,
    /// Something was told of a promise.
    Alerted(AlertChange),
    /// The plan changed.
    Replanned(Box<Replan>),
}

impl Recorded {
    /// Its kind in one word, as the record's table has it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Reported(report) => report.event.kind(),
            Self::Passed => "passed",
            Self::Replanned(_) => "replanned",
            Self::Alerted(change) => match change {
                AlertChange::Raised(_) => "alert_raised",
                AlertChange::Moved(_) => "alert_moved",
                AlertChange::Cleared(_) => "alert_cleared",
                AlertChange::Ended(_) => "alert_ended",
            },
        }
    }

    /// The report, if it is one.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Reported(report) => Some(report),
            Self::Started(_) | Self::Passed | Self::Alerted(_) | Self::Replanned(_) => None,
        }
    }

    /// The order that it is about, if it is about one.
    #[must_use]
    pub fn order(&self) -> Option<&OrderId> {
        match self {
            Self::Reported(report) => report.event.order(),
            Self::Alerted(change) => Some(&change.alert().order),
            Self::Started(_) | Self::Passed | Self::Replanned(_) => None,
        }
    }
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number within the day: 0 starts it, then one by one.
    pub number: u64,
    /// When it was written; never before the entry before.
    pub at: Timestamp,
    /// What it says.
    pub what: Recorded,
}

/// An entry does not fit those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {number} of the record does not fit: {what}")]
pub struct Unfit {
    /// The entry.
    pub number: u64,
    /// What does not fit.
    pub what: String,
}

impl LiveDay {
    /// The day as it was started at `at`.
    #[must_use]
    pub fn start(start: &Start, at: Timestamp) -> Self {
        let mut day = Self::new(Arc::clone(&start.problem), &start.plan, &start.terms);
        day.pass(at);
        day
    }

    /// The day that a record tells of, and how it was started. Nobody is looked at.
    ///
    /// Shape: time in proportion to the entries, as for [`Self::take`].
    ///
    /// # Errors
    /// If an entry does not fit those before it.
    pub fn replay(entries: impl IntoIterator<Item = Entry>) -> Result<(Start, Self), Unfit> {
        let mut entries = entries.into_iter();
        let unfit = |number, what: &str| Unfit {
            number,
            what: what.to_owned(),
        };
        let (start, mut day) = match entries.next() {
            Some(Entry {
                number: 0,
                at,
                what: Recorded::Started(start),
            }) => {
                let day = Self::start(&start, at);
                (*start, day)
            }
            Some(other) => return Err(unfit(other.number, "the first one starts the day")),
            None => return Err(unfit(0, "there is none")),
        };
        for (expected, entry) in (1..).zip(entries) {
            if entry.number != expected {
                return Err(unfit(
                    entry.number,
                    &format!("number {expected} is missing"),
                ));
            }
            day.apply(entry)?;
        }
        Ok((start, day))
    }

    /// Does again what an entry after the first tells of.
    ///
    /// # Errors
    /// If it does not fit what was before.
    pub fn apply(&mut self, entry: Entry) -> Result<(), Unfit> {
        let Entry { number, at, what } = entry;
        let unfit = |what: String| Unfit { number, what };
        match what {
            Recorded::Started(_) => return Err(unfit("the day was started before".to_owned())),
            Recorded::Reported(report) => {
                let taken = self.recall(report);
                let (taken, _) = taken.map_err(|refusal| unfit(refusal.to_string()))?;
                if taken.is_repeated {
                    return Err(unfit("it was reported before".to_owned()));
                }
            }
            Recorded::Passed => {
                self.pass(at);
            }
            Recorded::Alerted(change) => self.restore(&change),
            Recorded::Replanned(replan) => {
                let ended = self.take_replan(&replan);
                ended.map_err(|refusal| unfit(refusal.to_string()))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{any_reports, planned};
    use super::*;
    use crate::model::NoiseModel;
    use crate::units::Seconds;

    fn start() -> Start {
        let (problem, plan) = planned();
        Start {
            id: DayId::parse("monday").unwrap(),
            terms: LiveTerms {
                noise: NoiseModel::default(),
                days: 128,
                ..LiveTerms::default()
            },
            is_calibrated: false,
            is_simulated: true,
            problem: Arc::new(problem),
            plan: Arc::new(plan),
        }
    }

    /// A day as it is lived, with its record.
    struct Lived {
        day: LiveDay,
        record: Vec<Entry>,
    }

    impl Lived {
        fn new(at: Timestamp) -> Self {
            let start = start();
            let mut lived = Self {
                day: LiveDay::start(&start, at),
                record: Vec::new(),
            };
            lived.write(at, Recorded::Started(Box::new(start)));
            lived
        }

        fn write(&mut self, at: Timestamp, what: Recorded) {
            let number = self.record.len() as u64;
            self.record.push(Entry { number, at, what });
        }

        fn tell(&mut self, changes: Vec<AlertChange>) {
            for change in changes {
                self.write(self.day.now(), Recorded::Alerted(change));
            }
        }

        fn live(&mut self, reports: Vec<Report>) {
            for report in reports {
                let at = report.reported_at;
                if self.day.pass(at) {
                    self.write(at, Recorded::Passed);
                }
                if let Ok((_, concerned)) = self.day.take(report.clone()) {
                    self.write(at, Recorded::Reported(report));
                    let changes = self.day.look_at(concerned);
                    self.tell(changes);
                }
                let changes = self.day.tick(at);
                self.tell(changes);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_record_played_back_is_the_day_that_was(mut reports in any_reports()) {
            reports.sort_by_key(|report| report.reported_at);
            let first = reports[0].at;
            let mut lived = Lived::new(first);
            lived.live(reports);
            let lines = lived.record.iter().map(|entry| serde_json::to_string(entry).unwrap());
            let read = lines.map(|line| serde_json::from_str(&line).unwrap());
            let entries: Vec<Entry> = read.collect();
            prop_assert_eq!(&entries, &lived.record);
            let (_, again) = LiveDay::replay(entries).unwrap();
            prop_assert_eq!(again.day(), lived.day.day());
            prop_assert_eq!(again.alerts(), lived.day.alerts());
            prop_assert_eq!(again.now(), lived.day.now());
            let later = lived.day.now() + Seconds(90);
            for courier in 0..3 {
                prop_assert_eq!(again.outlook(courier, later), lived.day.outlook(courier, later));
            }
            // What was told is not told again.
            let mut both = [lived.day, again];
            let told = both.each_mut().map(|day| {
                day.look_at(0..3)
            });
            prop_assert_eq!(&told[0], &told[1]);
        }
    }

    #[test]
    fn a_record_with_a_gap_or_without_beginning_is_no_day() {
        let lived = Lived::new(Timestamp(0));
        let mut gap = lived.record.clone();
        gap.push(Entry {
            number: 2,
            at: Timestamp(1),
            what: Recorded::Passed,
        });
        for (record, what) in [(gap, "number 1 is missing"), (Vec::new(), "there is none")] {
            let error = LiveDay::replay(record).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        let twice = [lived.record.clone(), lived.record].concat();
        assert!(LiveDay::replay(twice).is_err());
    }
}
