//! `punctual demo promises`: a morning of customers at the running service.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Args;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, oneshot};
use tonic::transport::Channel;

use super::morning::{MORNING, Visitor, visitors};
use super::tally::{HEAD, Tally, story};
use super::verdict::{Promised, verdict};
use super::visit::{Outcome, Shop, Visit, failed};
use super::{connect, local_config, name_of, read_day, start_server};
use crate::cli::day::to_date;
use crate::cli::{ANSWER_BYTES_MAX, Done, Failure, argument, console, day_file, report, serve};
use crate::clock::{Clock, WallClock};
use crate::config::Config;
use crate::grpc::pb;
use crate::grpc::pb::promise_service_client::PromiseServiceClient;
use crate::rng;

/// Connections that visitors share.
const CHANNELS: usize = 8;
/// Lines that the morning is told in: one each quarter of an hour.
const LINES: u32 = 16;
/// Visits told in a line each, of each quarter of an hour, at most.
const STORIES_MAX: usize = 2;

/// Plays a morning of customers at the checkout: they ask which windows can be promised, choose, hold, confirm or leave,
/// many at once, while the plan behind the promises is improved. Shows what is promised and refused, and why, how the
/// on-time forecast changes as the day fills, and the share of visits that see an open window. At the end the day is
/// closed, and its plan is played out on days of its own: what was kept of what was stated?
///
/// Each order of the day is a customer who wants the window that it has there; others only look. At ten a newsletter brings
/// a rush. Without --server, the service runs in this process on a loopback port with the embedded store.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How long the morning of four hours takes here.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = argument::duration)]
    lasts: Duration,
    /// Visitors who only look, for each customer who would buy.
    #[arg(long, value_name = "NUMBER", default_value_t = 9, value_parser = clap::value_parser!(u16).range(0..=1_000))]
    looks: u16,
    /// A running service to play against, as `http://HOST:PORT`.
    #[arg(long, value_name = "URL", conflicts_with_all = ["data", "stay"])]
    server: Option<String>,
    /// Directory where the service of this process keeps its ledger; by default one that is removed at the end.
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Keep serving after the morning until Ctrl-C, the dispatcher's page included.
    #[arg(long)]
    stay: bool,
    /// Another day: the JSON form of `punctual.v1.Problem`; its orders are the customers, their promised windows are offered.
    #[arg(long, value_name = "FILE")]
    day: Option<PathBuf>,
    /// The date that the day is moved to; by default tomorrow.
    #[arg(long, value_name = "DATE", value_parser = argument::date)]
    date: Option<Date>,
    /// Name of the day. One that the service has already is not played again.
    #[arg(long, value_name = "NAME", default_value = "demo-promises")]
    name: String,
    /// Share of promises that the day is to keep, in percent, 50 to 99.9.
    #[arg(long, value_name = "PERCENT", default_value_t = 98.1, value_parser = argument::expected_percent)]
    on_time: f64,
    /// Chance of each promise, at least, in percent, 1 to 99.
    #[arg(long, value_name = "PERCENT", default_value_t = 90.0, value_parser = argument::floor_percent)]
    floor: f64,
    /// Write the closed day's plan to this file: the JSON form of `punctual.v1.PlannedDay`, which `punctual sheet` reads.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    random: argument::Random,
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    let day = Customers::of(read_day(arguments.day.as_deref())?, &arguments)?;
    if let Some(path) = &arguments.output {
        day_file::expect_writable(path)?;
    }
    day_file::runtime(day_file::LOCAL_LOG)?.block_on(demonstrate(day, arguments))
}

async fn demonstrate(day: Customers, arguments: Arguments) -> Result<Done, Failure> {
    if let Some(url) = &arguments.server {
        return play(url, &day, &arguments).await;
    }
    let ledger = Ledger::ready(arguments.data.as_deref())?;
    let config = Config {
        data: ledger.folder.clone(),
        store: String::new(),
        ..local_config()
    };
    let (end, ended) = oneshot::channel::<()>();
    let (address, serving) = start_server(&config, ended).await?;
    let url = format!("http://{address}");
    console::say(format_args!(
        "The service listens on {address}; the dispatcher's page is at {url}/."
    ))?;
    let played = play(&url, &day, &arguments).await;
    if played.is_ok() && arguments.stay {
        console::say(format_args!("Still serving on {address} until Ctrl-C."))?;
        serve::shutdown_signal()?.await;
    }
    // An error means that the server has ended already, and why comes next.
    let _ = end.send(());
    let served = serving.await;
    let served = served.map_err(|error| Failure::new("serve", error))?;
    served.map_err(|error| Failure::new("serve", error))?;
    played
}

/// Where the ledger is kept.
struct Ledger {
    folder: PathBuf,
    is_removed: bool,
}

impl Ledger {
    fn ready(folder: Option<&Path>) -> Result<Self, Failure> {
        let fresh = || {
            let name = format!("punctual-demo-{:032x}", rng::unguessable());
            std::env::temp_dir().join(name)
        };
        let ledger = Self {
            folder: folder.map_or_else(fresh, Path::to_path_buf),
            is_removed: folder.is_none(),
        };
        day_file::ready_folder(&ledger.folder)?;
        Ok(ledger)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if self.is_removed {
            // What cannot be removed is among temporary files.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// A day to promise, and who wants what of it.
struct Customers {
    terms: pb::DayTerms,
    orders: Vec<pb::Order>,
    /// Which of the windows each of them wants.
    wanted: Vec<usize>,
}

impl Customers {
    /// The day of `problem` without its orders, who are the customers, moved to the date.
    fn of(mut problem: pb::Problem, arguments: &Arguments) -> Result<Self, Failure> {
        let zone = TimeZone::get(&problem.time_zone).unwrap_or(TimeZone::UTC);
        let span = |order: &pb::Order| {
            let window = order.promise.as_ref()?.window?;
            Some((window.start_time?.seconds, window.end_time?.seconds))
        };
        problem.orders.retain(|order| span(order).is_some());
        let mut spans: Vec<(i64, i64)> = problem.orders.iter().filter_map(span).collect();
        let all = spans.clone();
        spans.sort_unstable();
        spans.dedup();
        let wanted = all.iter().filter_map(|span| spans.binary_search(span).ok());
        let wanted = wanted.collect();
        for order in &mut problem.orders {
            (order.promise, order.preference, order.drop_policy) = (None, None, None);
        }
        let mut terms = pb::DayTerms {
            day_id: arguments.name.clone(),
            problem: Some(problem),
            windows: spans.iter().map(|span| offered(*span, &zone)).collect(),
            on_time_target: Some(pb::OnTimeTarget {
                expected_percent: arguments.on_time,
                floor_percent: Some(arguments.floor),
            }),
            seed: Some(arguments.random.seed),
            ..pb::DayTerms::default()
        };
        let date = match arguments.date {
            Some(date) => date,
            None => tomorrow(&zone)?,
        };
        let moved = to_date(&mut terms, date);
        moved.map_err(|error| Failure::new(format!("move the day to {date}"), error))?;
        let problem = terms.problem.as_mut();
        let orders = problem.map(|problem| std::mem::take(&mut problem.orders));
        Ok(Self {
            terms,
            orders: orders.unwrap_or_default(),
            wanted,
        })
    }
}

/// A window, called by its hours: `08-10`, or `0830-1030`.
fn offered((start, end): (i64, i64), zone: &TimeZone) -> pb::OfferedWindow {
    let is_hourly = start % 3_600 == 0 && end % 3_600 == 0;
    let format = if is_hourly { "%H" } else { "%H%M" };
    let hour = |seconds: i64| {
        let moment = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        moment.to_zoned(zone.clone()).strftime(format).to_string()
    };
    let moment = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    pb::OfferedWindow {
        id: format!("{}-{}", hour(start), hour(end)),
        window: Some(pb::TimeWindow {
            start_time: moment(start),
            end_time: moment(end),
        }),
        cut_off_time: None,
    }
}

fn tomorrow(zone: &TimeZone) -> Result<Date, Failure> {
    let now = jiff::Timestamp::from_second(WallClock::system().now().0);
    let today = now.map(|now| now.to_zoned(zone.clone()).date());
    let tomorrow = today.and_then(|today| today.checked_add(1.day()));
    tomorrow.map_err(|error| Failure::new("find out the date", error))
}

/// The morning at the service at `url`, and what came of it.
async fn play(url: &str, day: &Customers, arguments: &Arguments) -> Result<Done, Failure> {
    let mut channels = Vec::new();
    for _ in 0..CHANNELS {
        channels.push(connect(url).await?);
    }
    let run = format!("demo {:016x}", rng::unguessable() >> 64);
    let shops = channels.into_iter().map(|channel| Shop {
        promises: PromiseServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX),
        day: day.terms.day_id.clone(),
        run: run.clone(),
    });
    let shops: Vec<Shop> = shops.collect();
    let mut promises = shops[0].promises.clone();
    open(&mut promises, day, &run).await?;
    let looks = usize::from(arguments.looks);
    console::say(format_args!(
        "{}: {}, {}; {} come in a morning of four hours, which takes {:.0} s here.\n\n{HEAD}",
        day.terms.problem.as_ref().map_or_else(String::new, name_of),
        report::counted(day.terms.windows.len(), "window"),
        report::counted(
            day.terms
                .problem
                .as_ref()
                .map_or(0, |day| day.couriers.len()),
            "courier"
        ),
        report::counted(day.orders.len() * (1 + looks), "visitor"),
        arguments.lasts.as_secs_f64(),
    ))?;
    let everybody = visitors(day.orders.len(), looks, arguments.random.seed);
    let Traded {
        tally,
        promised,
        most,
    } = trade(&shops, day, everybody, arguments.lasts).await?;
    console::say(format_args!("\n{}", tally.summary(most)))?;
    let closed = close(&mut promises, &day.terms.day_id, &run).await?;
    if let (Some(path), Some(plan)) = (&arguments.output, &closed.plan) {
        day_file::write(path, plan)?;
    }
    console::say(format_args!(
        "\n{}",
        verdict(closed, &promised, arguments.random.seed)?
    ))?;
    Ok(Done::Fully)
}

/// Closes the day, and reads it with its plan.
async fn close(
    promises: &mut PromiseServiceClient<Channel>,
    day: &str,
    run: &str,
) -> Result<pb::GetDayResponse, Failure> {
    let request = pb::CloseDayRequest {
        request_id: format!("{run} close"),
        day_id: day.to_owned(),
    };
    let closed = promises.close_day(request).await;
    closed.map_err(failed("close the day"))?;
    let request = pb::GetDayRequest {
        day_id: day.to_owned(),
        with_terms: true,
        with_plan: true,
        scenarios: None,
    };
    let closed = promises.get_day(request).await;
    Ok(closed.map_err(failed("read the plan"))?.into_inner())
}

/// Opens the day, which must be a new one.
async fn open(
    promises: &mut PromiseServiceClient<Channel>,
    day: &Customers,
    run: &str,
) -> Result<(), Failure> {
    let request = pb::OpenDayRequest {
        request_id: format!("{run} open"),
        terms: Some(day.terms.clone()),
    };
    let opened = promises.open_day(request).await;
    let opened = match opened {
        Err(status) if status.code() == tonic::Code::AlreadyExists => None,
        opened => opened.map_err(failed("open the day"))?.into_inner().day,
    };
    match opened {
        Some(day) if day.entries == 1 => Ok(()),
        _ => Err(Failure::new(
            "open the day",
            format!(
                "there is one called {} already; give another --name",
                day.terms.day_id
            ),
        )),
    }
}

/// What came of the morning.
struct Traded {
    tally: Tally,
    promised: BTreeMap<String, Promised>,
    /// Visitors at the same time.
    most: usize,
}

/// Lets everybody in when it is time, and tells what happens.
async fn trade(
    shops: &[Shop],
    day: &Customers,
    everybody: Vec<Visitor>,
    lasts: Duration,
) -> Result<Traded, Failure> {
    let clock = Clock::start();
    let most = Arc::new(AtomicUsize::new(0));
    let mut visits = let_in(shops, day, everybody, lasts, &most);
    let mut morning = Morning {
        day,
        promises: shops[0].promises.clone(),
        quarter: Tally::default(),
        stories: Vec::new(),
        traded: Traded {
            tally: Tally::default(),
            promised: BTreeMap::new(),
            most: 0,
        },
    };
    let quarter = lasts / LINES;
    for line in 1..=LINES {
        loop {
            let left = (quarter * line).saturating_sub(clock.elapsed());
            // The last quarter of an hour ends with the last visit.
            let visit = if line == LINES {
                visits.recv().await
            } else {
                match tokio::time::timeout(left, visits.recv()).await {
                    Ok(visit) => visit,
                    Err(_) => break,
                }
            };
            let Some(visit) = visit else { break };
            morning.note(&visit?);
        }
        morning.tell(line).await?;
    }
    morning.traded.most = most.load(Ordering::SeqCst);
    Ok(morning.traded)
}

/// Lets everybody in when it is time, each in a task of its own; notes how many are inside at once, at `most`.
fn let_in(
    shops: &[Shop],
    day: &Customers,
    everybody: Vec<Visitor>,
    lasts: Duration,
    most: &Arc<AtomicUsize>,
) -> mpsc::UnboundedReceiver<Result<Visit, Failure>> {
    let (told, visits) = mpsc::unbounded_channel();
    let clock = Clock::start();
    let inside = Arc::new(AtomicUsize::new(0));
    let speed = lasts.as_secs_f64() / MORNING;
    for (number, visitor) in everybody.into_iter().enumerate() {
        let shop = shops[number % shops.len()].clone();
        let mut order = day.orders[visitor.order].clone();
        if !visitor.is_buyer {
            order.id = format!("look-{number}");
        }
        let wanted = day.wanted[visitor.order];
        let (inside, most, told) = (Arc::clone(&inside), Arc::clone(most), told.clone());
        let due = Duration::from_secs_f64(visitor.at * speed).saturating_sub(clock.elapsed());
        tokio::spawn(async move {
            tokio::time::sleep(due).await;
            let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            let visit = shop.serve(visitor, order, wanted).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            // Nobody listens any more once a visit has failed.
            drop(told.send(visit));
        });
    }
    visits
}

/// The morning as it is told.
struct Morning<'a> {
    day: &'a Customers,
    promises: PromiseServiceClient<Channel>,
    /// Visits since the last line.
    quarter: Tally,
    stories: Vec<String>,
    traded: Traded,
}

impl Morning<'_> {
    fn note(&mut self, visit: &Visit) {
        self.quarter.add(visit);
        self.traded.tally.add(visit);
        let order = &self.day.orders[visit.visitor.order].id;
        if let Outcome::Promised {
            window,
            percent,
            at_close,
            ..
        } = visit.outcome
        {
            let promised = Promised {
                window: self.day.terms.windows[window].window,
                percent,
                at_close,
            };
            self.traded.promised.insert(order.clone(), promised);
        }
        let story = story(visit, order, &self.day.terms.windows);
        if self.stories.len() < STORIES_MAX {
            self.stories.extend(story);
        }
    }

    /// Tells a quarter of an hour.
    async fn tell(&mut self, line: u32) -> Result<(), Failure> {
        let request = pb::GetDayRequest {
            day_id: self.day.terms.day_id.clone(),
            ..pb::GetDayRequest::default()
        };
        let read = self.promises.get_day(request).await;
        let read = read.map_err(failed("read the day"))?.into_inner();
        let quarter = std::mem::take(&mut self.quarter);
        let seconds = MORNING * f64::from(line) / f64::from(LINES);
        let told = quarter.line(seconds, &read.day.unwrap_or_default());
        console::say(report::plain(&told))?;
        for story in self.stories.drain(..) {
            console::say(report::plain(&story))?;
        }
        Ok(())
    }
}
