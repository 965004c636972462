//! A live day ahead of its record: what is taken down of it, and what is to be told once that is durable.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::{broadcast, oneshot};

use super::view::{LiveState, LiveView, Look, News, Reported, Told};
use super::{LiveError, Observed, Shared};
use crate::app::{Fault, RequestKey};
use crate::config;
use crate::day::{AlertChange, Entry, LiveDay, Recorded, Replan, Report, Start, bounds, span};
use crate::model::{Finding, Reason, TimeWindow};
use crate::store::{Lease, StoredReply};
use crate::units::{Seconds, Timestamp};

/// Couriers looked at between requests because of the time that has passed.
const LOOKS_MAX: usize = 8;
/// A day is under way from so long before the first shift.
const BEFORE: Seconds = Seconds(3_600);
/// And until so long after the last one.
const AFTER: Seconds = Seconds(4 * 3_600);

/// A live day as its writer knows it: ahead of the record while a batch is under way.
pub(super) struct Draft {
    pub(super) lease: Lease,
    pub(super) state: LiveState,
    /// Entries of this batch.
    pub(super) fresh: Vec<Entry>,
    /// Answers of this batch.
    pub(super) replies: Vec<StoredReply>,
    /// Couriers of whom something was reported in this batch.
    concerned: BTreeSet<usize>,
    /// What is to be told when they are durable.
    telling: Vec<Arc<News>>,
    /// When the day is under way.
    hours: TimeWindow,
}

/// Reports taken down, of which nobody has heard yet.
pub(super) struct Answering {
    pub(super) answer: oneshot::Sender<Result<Reported, LiveError>>,
    pub(super) reported: Reported,
    /// Couriers concerned.
    pub(super) couriers: BTreeSet<usize>,
}

impl Draft {
    /// Whether time passes by the clock, and something may come of it.
    pub(super) fn is_ticking(&self, now: Timestamp) -> bool {
        !self.state.start.is_simulated && self.hours.contains(now)
    }

    /// Whether somebody is to be looked at because of the time that has passed.
    pub(super) fn is_due(&self) -> bool {
        self.is_ticking(self.state.day.now()) && !self.state.day.due().is_empty()
    }

    /// Lets time pass by the clock, minute by minute.
    pub(super) fn pass(&mut self, now: Timestamp) {
        let minute = |at: Timestamp| at.0.div_euclid(60);
        if self.is_ticking(now) && minute(now) > minute(self.state.day.now()) {
            self.state.day.pass(now);
            self.write(Recorded::Passed);
        }
    }

    /// Looks at the couriers of whom something was reported, and at some of whom nothing was; tells those who reported what
    /// is to be expected.
    pub(super) fn look_at(&mut self, answering: &mut [Answering]) {
        let concerned = std::mem::take(&mut self.concerned);
        self.review(concerned);
        if self.is_ticking(self.state.day.now()) {
            let due = self.state.day.due();
            self.review(due.into_iter().take(LOOKS_MAX));
        }
        for Answering {
            reported, couriers, ..
        } in answering
        {
            let look = |courier: usize| {
                let (at, outlook) = self.state.day.look(courier)?;
                let outlook = Arc::clone(outlook);
                Some(Look {
                    courier,
                    at,
                    outlook,
                })
            };
            // The plan may have changed since.
            reported.roster = Arc::clone(self.state.day.day().roster());
            reported.looks = couriers.iter().copied().filter_map(look).collect();
        }
    }

    pub(super) fn look_at_all(&mut self) {
        self.review(0..self.state.day.day().couriers().len());
    }

    /// Looks at couriers, and takes down what is to be told of them.
    fn review(&mut self, couriers: impl IntoIterator<Item = usize>) {
        let changes = self.state.day.look_at(couriers);
        self.announce(changes);
    }

    /// Takes down what is to be told.
    fn announce(&mut self, changes: Vec<AlertChange>) {
        for change in changes {
            let (courier, _) = change.alert().stop;
            let routes = self.state.day.day().roster().routes();
            self.telling.push(Arc::new(News::Alert(Told {
                change: change.clone(),
                courier: routes[courier].courier.clone(),
                at: self.state.day.now(),
            })));
            self.write(Recorded::Alerted(change));
        }
    }

    /// Tells watchers what is on record now.
    pub(super) fn tell(&mut self) {
        let now = self.state.day.now();
        let before = self.state.clock.swap(now.0, Ordering::Relaxed);
        let passed = News::Passed(now);
        let passed = (self.state.start.is_simulated && now.0 > before).then(|| Arc::new(passed));
        for news in self.telling.drain(..).chain(passed) {
            // Nobody may be watching.
            drop(self.state.told.send(news));
        }
    }

    /// A day that begins.
    pub(super) fn new(lease: Lease, start: Arc<Start>, at: Timestamp, shared: &Shared) -> Self {
        let day = LiveDay::start(&start, at);
        let first = Recorded::Started(Box::new((*start).clone()));
        let mut draft = Self::of(lease, start, day, shared);
        draft.write(first);
        // Some promises may be at risk from the beginning.
        draft.look_at_all();
        draft
    }

    pub(super) fn of(lease: Lease, start: Arc<Start>, day: LiveDay, shared: &Shared) -> Self {
        let behind_max = config::count(shared.config.changes_behind_max);
        Self {
            lease,
            hours: hours(&start),
            state: LiveState {
                start,
                entries: 0,
                changed_at: day.now(),
                told: broadcast::Sender::new(behind_max),
                clock: Arc::new(AtomicI64::new(day.now().0)),
                day,
            },
            fresh: Vec::new(),
            replies: Vec::new(),
            concerned: BTreeSet::new(),
            telling: Vec::new(),
        }
    }

    /// Answers a request by how the day stands, and keeps the answer in case the request comes again.
    pub(super) fn reply(&mut self, key: RequestKey) -> Result<LiveView, LiveError> {
        let view = LiveView::of(&self.state);
        let body = serde_json::to_vec(&view);
        self.replies.push(StoredReply {
            request_id: key.id,
            digest: key.body,
            body: body.map_err(|error| Fault::log("write an answer", &error))?,
        });
        Ok(view)
    }

    fn write(&mut self, what: Recorded) {
        let state = &mut self.state;
        state.changed_at = state.day.now();
        self.fresh.push(Entry {
            number: state.entries,
            at: state.changed_at,
            what,
        });
        state.entries += 1;
    }

    /// Changes the plan; everybody is looked at anew.
    pub(super) fn replan(
        &mut self,
        replan: &Replan,
        as_of: Option<Timestamp>,
        clock: Timestamp,
    ) -> Result<(), LiveError> {
        let now = match as_of {
            None if self.state.start.is_simulated => self.state.day.now(),
            as_of => moment(&self.state.start, as_of, clock)?.max(self.state.day.now()),
        };
        self.state.day.try_replan(replan)?;
        if replan.is_nothing() {
            // What others have found for this plan still holds.
            return Ok(());
        }
        if self.state.day.pass(now) {
            self.write(Recorded::Passed);
        }
        let ended = self.state.day.take_replan(replan)?;
        self.write(Recorded::Replanned(Box::new(replan.clone())));
        self.announce(ended);
        // Whoever asked for it sees what comes of it.
        self.look_at_all();
        Ok(())
    }

    /// Takes down what is reported; also gives the couriers concerned.
    pub(super) fn report(
        &mut self,
        events: &[Observed],
        as_of: Option<Timestamp>,
        clock: Timestamp,
    ) -> Result<(Reported, BTreeSet<usize>), LiveError> {
        let is_simulated = self.state.start.is_simulated;
        if is_simulated && as_of.is_none() {
            let message = "the day is simulated: say what time it is";
            let finding = Finding::new("as_of_time", "", Reason::MissingField, message);
            return Err(vec![finding].into());
        }
        let now = moment(&self.state.start, as_of, clock)?.max(self.state.day.now());
        if events.is_empty() && !is_simulated {
            let finding = Finding::new(
                "events",
                "",
                Reason::MissingField,
                "at least one is required",
            );
            return Err(vec![finding].into());
        }
        let mut couriers = BTreeSet::new();
        let mut concerned = BTreeSet::new();
        let mut answers = Vec::with_capacity(events.len());
        let mut is_anything_new = false;
        for Observed { id, at, event } in events {
            let report = Report {
                id: id.clone(),
                at: *at,
                reported_at: now,
                event: event.clone(),
            };
            let taken = self.state.day.take(report.clone());
            if let Ok((taken, of)) = &taken {
                couriers.extend(taken.courier);
                concerned.extend(of.clone());
                if !taken.is_repeated {
                    is_anything_new = true;
                    self.write(Recorded::Reported(report));
                }
            }
            answers.push(taken.map(|(taken, _)| taken));
        }
        if is_simulated && !is_anything_new && now > self.state.day.now() {
            self.state.day.pass(now);
            self.write(Recorded::Passed);
        }
        if is_simulated {
            concerned.extend(self.state.day.due());
        }
        self.concerned.extend(concerned);
        let reported = Reported {
            answers,
            looks: Vec::new(),
            roster: Arc::clone(self.state.day.day().roster()),
            as_of: now,
        };
        Ok((reported, couriers))
    }
}

/// What time it is for a request: by whoever asks on a simulated day, by the clock on others.
pub(super) fn moment(
    start: &Start,
    said: Option<Timestamp>,
    clock: Timestamp,
) -> Result<Timestamp, LiveError> {
    let wrong = |reason, message: &str| {
        let finding = Finding::new("as_of_time", "", reason, message);
        Err(vec![finding].into())
    };
    match said {
        None if start.is_simulated => Ok(first_start(start)),
        None => Ok(clock),
        Some(_) if !start.is_simulated => {
            let message = "the day is not simulated: what time it is is known";
            wrong(Reason::Conflict, message)
        }
        Some(at) if !span(&start.problem).contains(at) => {
            wrong(Reason::OutOfRange, &bounds(span(&start.problem)))
        }
        Some(at) => Ok(at),
    }
}

/// Whether a day that is not simulated can still be followed at `clock`.
pub(super) fn is_current(start: &Start, clock: Timestamp) -> Result<(), LiveError> {
    let span = span(&start.problem);
    if start.is_simulated || clock <= span.end {
        return Ok(());
    }
    let message = format!(
        "the day of the plan is over, nothing that happens now can be reported of it (events {}); \
         to go through it again, say that it is simulated",
        bounds(span)
    );
    let finding = Finding::new("terms.is_simulated", "", Reason::Conflict, message);
    Err(vec![finding].into())
}

/// When the first courier starts loading.
fn first_start(start: &Start) -> Timestamp {
    let planned = start.plan.routes.iter().map(|route| route.start).min();
    planned.unwrap_or_else(|| hours(start).start)
}

/// When a day is under way by the clock.
pub(super) fn hours(start: &Start) -> TimeWindow {
    let shifts = || start.problem.couriers.iter().map(|courier| courier.shift);
    let first = shifts().map(|shift| shift.start).min().unwrap_or_default();
    let last = shifts().map(|shift| shift.end).max().unwrap_or_default();
    TimeWindow {
        start: first - BEFORE,
        end: last + AFTER,
    }
}
