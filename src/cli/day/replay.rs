//! `punctual day replay`: a record played back, without a service.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use super::{Done, Failure, console, day_file, tables};
use crate::cli::failure::finding_line;
use crate::day::{AlertChange, Entry, LiveDay, Outcome, Recorded, Start, Unfit};
use crate::formats::write_history;
use crate::grpc::{convert, json, pb};
use crate::model::{History, OrderId};
use crate::units::{Seconds, Timestamp};

/// Plays a record back, exactly: which promises were kept, how late the others were, and who was told in time.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The record, as `punctual day record` writes it.
    record: PathBuf,
    /// Play only what was written until then, as in 2026-11-24T18:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,
    /// Write the routes that were made as planned, and of which everything was reported, to this file: a history in CSV that
    /// `punctual learn` reads.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

/// What a record says.
struct Played {
    start: Start,
    day: LiveDay,
    told: Vec<(AlertChange, Timestamp)>,
    entries: usize,
}

pub(super) fn run(replay: &Replay) -> Result<Done, Failure> {
    let played = play(replay)?;
    console::say(crate::cli::report::plain(&told(&played)))?;
    if let Some(path) = &replay.history {
        let date = date(&played.start);
        let Played { start, day, .. } = &played;
        let routes = day.day().history(&start.problem, &start.plan, date);
        let (n_written, n_planned) = (routes.len(), start.plan.routes.len());
        let text = write_history(&History { routes });
        fs::write(path, text)
            .map_err(|error| Failure::new(format!("write {}", path.display()), error))?;
        console::note(format!(
            "{n_written} of {} written to {}; the others were not made as planned, have reloads or breaks, or were not \
             reported in full",
            counted(n_planned, "route", "routes"),
            path.display()
        ));
    }
    Ok(Done::Fully)
}

/// Midnight UTC of the calendar day on which the first courier starts, by the clocks of the city.
fn date(start: &Start) -> Timestamp {
    let first = start.plan.routes.iter().map(|route| route.start).min();
    let zone = tables::zone_called(&start.problem.time_zone);
    let first = jiff::Timestamp::from_second(first.unwrap_or_default().0).unwrap_or_default();
    let date: Date = first.to_zoned(zone).date();
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC);
    Timestamp(midnight.map_or(0, |midnight| midnight.timestamp().as_second()))
}

fn play(replay: &Replay) -> Result<Played, Failure> {
    let action = format!("read {}", replay.record.display());
    let failed = |error: &dyn std::fmt::Display| Failure::new(&action, error);
    let file = File::open(&replay.record).map_err(|error| failed(&error))?;
    let limits = day_file::local_limits();
    let mut played: Option<Played> = None;
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| failed(&error))?;
        let wrong =
            |error: &dyn std::fmt::Display| failed(&format_args!("line {}: {error}", number + 1));
        let entry: pb::RecordEntry = json::read(&line).map_err(|error| wrong(&error))?;
        let roster = played.as_ref().map(|played| played.day.day().roster());
        let entry = convert::read_record_entry(&entry, roster.map(|roster| &**roster), &limits);
        let entry = entry.map_err(|found| {
            let lines: Vec<String> = found.iter().map(finding_line).collect();
            wrong(&lines.join("; "))
        })?;
        if replay.at.is_some_and(|at| entry.at.0 > at.as_second()) {
            break;
        }
        take(&mut played, entry).map_err(|error| wrong(&error))?;
    }
    played.ok_or_else(|| failed(&"the record is empty, or begins later"))
}

fn take(played: &mut Option<Played>, entry: Entry) -> Result<(), Unfit> {
    match played {
        None => {
            let (start, day) = LiveDay::replay([entry])?;
            *played = Some(Played {
                start,
                day,
                told: Vec::new(),
                entries: 1,
            });
        }
        Some(played) => {
            let expected = played.entries as u64;
            if entry.number != expected {
                return Err(Unfit {
                    number: entry.number,
                    what: format!("number {expected} is missing"),
                });
            }
            if let Recorded::Alerted(change) = &entry.what {
                played.told.push((change.clone(), entry.at));
            }
            played.day.apply(entry)?;
            played.entries += 1;
        }
    }
    Ok(())
}

/// Of the promises that were not kept: how many customers were told, and how many in time.
#[derive(Default)]
struct Notices {
    broken: usize,
    told: usize,
    in_time: usize,
}

fn told(played: &Played) -> String {
    let Played {
        start,
        day,
        told,
        entries,
    } = played;
    let state = day.day();
    let tally = day.tally();
    let zone = tables::zone_called(&start.problem.time_zone);
    let rate = tally.on_time_rate().map_or_else(
        || "nothing is known of any promise yet".to_owned(),
        |rate| format!("{:.1} % of those known on time", rate * 100.0),
    );
    let mut lateness: Vec<Seconds> = Vec::new();
    let mut notices = Notices::default();
    let mut stars = [(0, 0); 2];
    for order in state.outcomes() {
        let is_broken = order.is_broken(day.now());
        if let Outcome::Late { by, .. } = order.outcome {
            lateness.push(by);
        }
        if is_broken {
            notices.count(told, &order.order, start.terms.alerts.notice);
        }
        if let Some(rating) = state.rating(&order.order) {
            let (count, sum) = &mut stars[usize::from(is_broken)];
            *count += 1;
            *sum += u32::from(rating.stars);
        }
    }
    lateness.sort_unstable();
    let late = match &lateness[..] {
        [] => "Nobody was late.".to_owned(),
        late => {
            let minutes = |at: usize| (late[at].0 + 59) / 60;
            let (middle, last) = (minutes(late.len() / 2), minutes(late.len() - 1));
            format!("Late by {middle} min in the middle, {last} min at most.")
        }
    };
    let mean = |(count, sum): (u32, u32)| match count {
        0 => "none".to_owned(),
        _ => format!("{:.1} stars ({count})", f64::from(sum) / f64::from(count)),
    };
    let ratings = match stars {
        [(0, _), (0, _)] => "Nobody has rated a delivery.".to_owned(),
        [other, broken] => format!(
            "Ratings: {} where the promise was kept or is open, {} where it was not.",
            mean(other),
            mean(broken)
        ),
    };
    format!(
        "{}: {} until {}\n{} kept, {} late, {} not delivered, {} customers absent, {} overdue, {} open: {rate}\n{late}\n\
         {}\n{ratings}\nOpen alerts: {}.",
        start.id,
        counted(*entries, "entry", "entries"),
        tables::moment(day.now(), &zone),
        tally.kept,
        tally.late,
        tally.not_delivered,
        tally.absent,
        tally.overdue,
        tally.open,
        notices.words(start.terms.alerts.notice),
        day.alerts().open().len(),
    )
}

fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

impl Notices {
    fn words(&self, notice: Seconds) -> String {
        if self.broken == 0 {
            return "No promise was broken.".to_owned();
        }
        format!(
            "Of {} not kept, as far as is known, {} announced, {} of them at least {} min ahead.",
            counted(self.broken, "promise", "promises"),
            counted(self.told, "was", "were"),
            self.in_time,
            notice.0 / 60
        )
    }

    /// Counts one promise that was not kept.
    fn count(&mut self, told: &[(AlertChange, Timestamp)], order: &OrderId, notice: Seconds) {
        self.broken += 1;
        let raised = told.iter().find(|(change, _)| {
            matches!(change, AlertChange::Raised(_)) && change.alert().order == *order
        });
        if let Some((change, at)) = raised {
            self.told += 1;
            let ahead = change.alert().promised_end - *at;
            self.in_time += usize::from(ahead >= notice);
        }
    }
}
