//! Days under way on a running service.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use jiff::tz::TimeZone;
use prost_types::Timestamp;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::client::{self, Client, Keyed, Server};
use super::{Done, Failure, console, day_file, tables};
use crate::grpc::pb::start_live_day_request::Source;
use crate::grpc::pb::watch_risk_response::Told;
use crate::grpc::{json, pb};

/// Entries of a record asked for at once.
const PAGE_SIZE: i32 = 1_000;
/// Events on the way to the service.
const ON_THE_WAY: usize = 256;

/// Starts to follow a day under way, from a plan or from a closed day of promises.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true)))]
pub(super) struct Start {
    /// Names the live day.
    day: String,
    /// The plan: the JSON form of `punctual.v1.PlannedDay`, as `punctual plan` and `punctual day close` write it. Either it or
    /// `--promises` is required.
    #[arg(long, value_name = "FILE", group = "source")]
    plan: Option<PathBuf>,
    /// The closed day of promises, instead of a plan.
    #[arg(long, value_name = "DAY", group = "source")]
    promises: Option<String>,
    /// A promise with a smaller chance than this is at risk. By default 60.
    #[arg(long, value_name = "PERCENT")]
    alert_below: Option<f64>,
    /// How much the day varies: the JSON form of `punctual.v1.NoiseModel`.
    #[arg(long, value_name = "FILE")]
    noise: Option<PathBuf>,
    /// Follow a simulated day: what time it is is said with every report.
    #[arg(long)]
    simulated: bool,
    #[command(flatten)]
    keyed: Keyed,
    #[command(flatten)]
    server: Server,
}

/// Reports events, one in a line; exits with 2 if some are refused or contradict others, or lines are no events. Without any,
/// lets time pass on a simulated day, up to `--as-of`.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// The live day.
    day: String,
    /// The events: in each line the JSON form of `punctual.v1.LiveEvent`. By default standard input.
    file: Option<PathBuf>,
    /// On a simulated day, what time it is, as in 2026-11-24T09:30:00Z. By default the time of each event.
    #[arg(long, value_name = "TIME")]
    as_of: Option<jiff::Timestamp>,
    #[command(flatten)]
    server: Server,
}

/// Says how a day under way stands and which promises are at risk.
#[derive(Debug, Args)]
pub(super) struct Risk {
    /// The live day; without one, which live days there are.
    day: Option<String>,
    /// Go on telling what changes, until interrupted.
    #[arg(long, requires = "day")]
    watch: bool,
    #[command(flatten)]
    server: Server,
}

/// Writes the record of a day under way: in each line the JSON form of `punctual.v1.RecordEntry`.
#[derive(Debug, Args)]
pub(super) struct Record {
    /// The live day.
    day: String,
    /// Where to write it. By default standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

pub(super) async fn start(start: Start) -> Result<Done, Failure> {
    let source = match (&start.plan, start.promises) {
        (Some(path), _) => Source::Plan(day_file::read(path)?),
        (None, promises) => Source::PromiseDayId(promises.unwrap_or_default()),
    };
    let noise = start.noise.as_deref().map(day_file::read).transpose()?;
    let mut client = Client::connect(&start.server).await?;
    let request_id = start.keyed.id();
    let request = pb::StartLiveDayRequest {
        request_id: request_id.clone(),
        terms: Some(pb::LiveDayTerms {
            live_day_id: start.day,
            alert_below_percent: start.alert_below,
            noise,
            is_simulated: start.simulated,
            ..pb::LiveDayTerms::default()
        }),
        source: Some(source),
        as_of_time: None,
    };
    let started = client.live.start_live_day(request).await;
    let started =
        started.map_err(|status| client::failed("start the day", &request_id, &status))?;
    let day = started.into_inner().live_day.unwrap_or_default();
    client.tell(&day, |day| {
        let mut text = tables::live_day(day);
        if day.open_alerts > 0 {
            text.push_str("\nWhich ones are at risk, and why: day risk ");
            text.push_str(&day.live_day_id);
        }
        text
    })
}

async fn read(client: &mut Client, day: &str) -> Result<pb::GetLiveDayResponse, Failure> {
    let request = pb::GetLiveDayRequest {
        live_day_id: day.to_owned(),
        ..pb::GetLiveDayRequest::default()
    };
    let read = client.live.get_live_day(request).await;
    let read = read.map_err(|status| Failure::status("read the day", &status))?;
    Ok(read.into_inner())
}

pub(super) async fn risk(risk: Risk) -> Result<Done, Failure> {
    let mut client = Client::connect(&risk.server).await?;
    let Some(day) = risk.day else {
        let days = client.live.list_live_days(pb::ListLiveDaysRequest {}).await;
        let days = days.map_err(|status| Failure::status("list the live days", &status))?;
        return client.tell(&days.into_inner(), |days| days.live_day_ids.join("\n"));
    };
    let read = self::read(&mut client, &day).await?;
    if !risk.watch {
        return client.tell(&read, tables::risk);
    }
    let summary = read.live_day.unwrap_or_default();
    let zone = TimeZone::get(&summary.time_zone).unwrap_or(TimeZone::UTC);
    let request = pb::WatchRiskRequest { live_day_id: day };
    let watching = client.live.watch_risk(request).await;
    let failed = |status: tonic::Status| Failure::status("watch the day", &status);
    let mut watching = watching.map_err(failed)?.into_inner();
    while let Some(told) = watching.message().await.map_err(failed)? {
        if client.is_json {
            console::say(json::write_line(&told))?;
            continue;
        }
        match told.told {
            Some(Told::Open(open)) => {
                for alert in &open.alerts {
                    console::say(tables::alert("open", alert, &zone))?;
                }
            }
            Some(Told::Change(change)) => {
                let alert = change.alert.clone().unwrap_or_default();
                console::say(tables::alert(tables::change_kind(&change), &alert, &zone))?;
            }
            Some(Told::Heartbeat(_)) | None => {}
        }
    }
    Ok(Done::Fully)
}

/// The lines of a file, or of standard input.
fn lines(path: Option<&Path>) -> Result<Box<dyn BufRead + Send>, Failure> {
    Ok(match path {
        Some(path) => {
            let file = File::open(path);
            let failed = |error| Failure::new(format!("read {}", path.display()), error);
            Box::new(BufReader::new(file.map_err(failed)?))
        }
        None => Box::new(BufReader::new(io::stdin())),
    })
}

/// Sends the events in `lines`; gives how many lines were none, each of which it says.
fn send(
    lines: Box<dyn BufRead + Send>,
    day: &str,
    as_of: Option<Timestamp>,
    is_simulated: bool,
    events: &tokio::sync::mpsc::Sender<pb::StreamEventsRequest>,
) -> Result<usize, Failure> {
    let mut unread = 0;
    let mut is_empty = true;
    let message = |event, as_of_time| pb::StreamEventsRequest {
        live_day_id: day.to_owned(),
        event,
        as_of_time,
    };
    for (number, line) in lines.lines().enumerate() {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(format!("read line {} of the events", number + 1), error)
        };
        let line = line.map_err(|error| failed(&error))?;
        if line.trim().is_empty() {
            continue;
        }
        is_empty = false;
        let event: pb::LiveEvent = match json::read(&line) {
            Ok(event) => event,
            Err(error) => {
                console::note(format!("line {}: {error}", number + 1));
                unread += 1;
                continue;
            }
        };
        let as_of_time = as_of.or(event.event_time.filter(|_| is_simulated));
        if events
            .blocking_send(message(Some(event), as_of_time))
            .is_err()
        {
            // The stream has ended, which says why.
            return Ok(unread);
        }
    }
    if is_empty && is_simulated && as_of.is_some() {
        // Nothing happened, but time has passed.
        drop(events.blocking_send(message(None, as_of)));
    }
    Ok(unread)
}

/// How many events had which answer.
#[derive(Default)]
struct Count {
    taken: usize,
    repeated: usize,
    contradictions: usize,
    refused: usize,
}

impl Count {
    fn words(&self) -> String {
        format!(
            "{} taken, {} repeated, {} without effect since they contradict others, {} refused",
            self.taken, self.repeated, self.contradictions, self.refused
        )
    }

    fn add(&mut self, answer: &pb::EventAnswer) {
        *match answer.outcome() {
            pb::EventOutcome::Taken => &mut self.taken,
            pb::EventOutcome::Repeated => &mut self.repeated,
            pb::EventOutcome::Contradiction => &mut self.contradictions,
            pb::EventOutcome::Refused | pb::EventOutcome::Unspecified => &mut self.refused,
        } += 1;
    }
}

pub(super) async fn report(report: Report) -> Result<Done, Failure> {
    let lines = lines(report.file.as_deref())?;
    let mut client = Client::connect(&report.server).await?;
    let day = self::read(&mut client, &report.day).await?;
    let is_simulated = day.live_day.unwrap_or_default().is_simulated;
    let as_of = report.as_of.map(|at| Timestamp {
        seconds: at.as_second(),
        nanos: 0,
    });
    let (events, sent) = tokio::sync::mpsc::channel(ON_THE_WAY);
    let id = report.day;
    let sending =
        tokio::task::spawn_blocking(move || send(lines, &id, as_of, is_simulated, &events));
    let answers = client.live.stream_events(ReceiverStream::new(sent)).await;
    let failed = |status: tonic::Status| Failure::status("report", &status);
    let mut answers = answers.map_err(failed)?.into_inner();
    let mut count = Count::default();
    while let Some(told) = answers.next().await {
        let told = told.map_err(|status| {
            console::note(format!(
                "{}; then it ended: report the same again, what is on record is not taken twice",
                count.words()
            ));
            failed(status)
        })?;
        if let Some(answer) = &told.answer {
            count.add(answer);
            if !client.is_json {
                for finding in &answer.findings {
                    let pb::Finding { field, message, .. } = finding;
                    let line = format!("{}: {field}: {message}", answer.event_id);
                    console::note(crate::cli::report::plain(&line));
                }
            }
        }
        if client.is_json {
            console::say(json::write_line(&told))?;
        }
    }
    let unread = sending.await;
    let unread = unread.map_err(|error| Failure::new("send the events", error))?;
    if !client.is_json {
        console::say(count.words())?;
    }
    let unread = unread?;
    if unread > 0 {
        console::note(format!(
            "{unread} of the lines are no events, and were not sent"
        ));
    }
    Ok(if count.contradictions + count.refused + unread == 0 {
        Done::Fully
    } else {
        Done::InPart
    })
}

pub(super) async fn record(record: Record) -> Result<Done, Failure> {
    let mut client = Client::connect(&record.server).await?;
    let failed = |error: io::Error| Failure::new("write the record", error);
    let mut sink: Box<dyn Write> = match &record.output {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(failed)?)),
        None => Box::new(BufWriter::new(io::stdout())),
    };
    let mut page_token = String::new();
    loop {
        let request = pb::ListReportsRequest {
            live_day_id: record.day.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let page = client.live.list_reports(request).await;
        let page = page.map_err(|status| Failure::status("read the record", &status))?;
        let page = page.into_inner();
        for entry in &page.entries {
            writeln!(sink, "{}", json::write_line(entry)).map_err(failed)?;
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    sink.flush().map_err(failed)?;
    Ok(Done::Fully)
}
