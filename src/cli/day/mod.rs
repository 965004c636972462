//! `punctual day`: promises and days under way of a running service, as a client of it.

mod client;
mod live;
mod order;
mod remedy;
mod replay;
mod shift;
mod tables;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use tonic::Code;

use super::{Done, Failure, argument, console, day_file};
use crate::grpc::pb;
use client::{Client, Keyed, Server};
use order::OrderArguments;
pub(super) use shift::to_date;

/// Opens delivery days on a running service, promises their windows, and follows them when they are under way.
///
/// Until a day is closed: open, status, quote, hold, confirm, release, amend, cancel, show, list, ledger, close. Under way:
/// start, report, risk, record, remedies, repair; `replay` plays a record back without a service.
///
/// Start the service with `punctual serve`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Open(Open),
    Status(Status),
    Quote(Quote),
    Hold(Hold),
    Confirm(Confirm),
    Release(Release),
    Amend(Amend),
    Cancel(Cancel),
    Show(Show),
    List(List),
    Ledger(Ledger),
    Close(Close),
    Start(live::Start),
    Report(live::Report),
    Risk(live::Risk),
    Record(live::Record),
    Remedies(remedy::Remedies),
    Repair(remedy::Repair),
    Replay(replay::Replay),
}

/// Opens a day on its terms.
#[derive(Debug, Args)]
struct Open {
    /// The terms: the JSON form of `punctual.v1.DayTerms`.
    file: PathBuf,
    /// The date, instead of the file's: shifts and windows keep their clock times, and the date in id and name changes.
    #[arg(long, value_name = "DATE", value_parser = argument::date)]
    date: Option<Date>,
    /// The day's id, instead of the file's.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    keyed: Keyed,
    #[command(flatten)]
    server: Server,
}

/// Says how a day stands; without a day, which days there are.
#[derive(Debug, Args)]
struct Status {
    /// The day.
    day: Option<String>,
    /// Write the plan, as it is now, to this file: the JSON form of `punctual.v1.PlannedDay`.
    #[arg(long, value_name = "FILE", requires = "day")]
    output: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

/// Says which windows can be promised to an order; exits with 2 if there is none.
#[derive(Debug, Args)]
struct Quote {
    /// The day.
    day: String,
    #[command(flatten)]
    order: OrderArguments,
    #[command(flatten)]
    server: Server,
}

/// Holds a window for an order.
#[derive(Debug, Args)]
struct Hold {
    /// The day.
    day: String,
    /// The window.
    window: String,
    #[command(flatten)]
    order: OrderArguments,
    /// The least chance of keeping the promise that will do, in percent.
    #[arg(long, value_name = "PERCENT")]
    at_least: Option<f64>,
    #[command(flatten)]
    keyed: Keyed,
    #[command(flatten)]
    server: Server,
}

/// Which promise of which day is to change.
#[derive(Debug, Args)]
struct Named {
    /// The day.
    day: String,
    /// The hold or promise.
    promise: String,
    #[command(flatten)]
    keyed: Keyed,
    #[command(flatten)]
    server: Server,
}

/// Makes a hold a promise.
#[derive(Debug, Args)]
struct Confirm {
    #[command(flatten)]
    named: Named,
}

/// Lets a hold go.
#[derive(Debug, Args)]
struct Release {
    #[command(flatten)]
    named: Named,
}

/// Takes a confirmed promise back.
#[derive(Debug, Args)]
struct Cancel {
    #[command(flatten)]
    named: Named,
}

/// Gives a hold or promise another window, another content, or both.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").args(["window", "file"]).required(true).multiple(true))]
struct Amend {
    #[command(flatten)]
    named: Named,
    /// The window from now on.
    #[arg(long, value_name = "ID")]
    window: Option<String>,
    #[command(flatten)]
    order: order::OrderIfAny,
    /// The least chance of keeping the promise that will do, in percent.
    #[arg(long, value_name = "PERCENT")]
    at_least: Option<f64>,
}

/// Shows a promise.
#[derive(Debug, Args)]
struct Show {
    /// The day.
    day: String,
    /// The hold or promise.
    promise: String,
    #[command(flatten)]
    server: Server,
}

/// Lists a day's promises.
#[derive(Debug, Args)]
struct List {
    /// The day.
    day: String,
    /// Only those in this state; may be given several times.
    #[arg(long, value_enum)]
    state: Vec<State>,
    #[command(flatten)]
    server: Server,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Held,
    Confirmed,
    Released,
    Expired,
    Cancelled,
}

/// Lists a day's ledger.
#[derive(Debug, Args)]
struct Ledger {
    /// The day.
    day: String,
    /// Only entries about this promise.
    #[arg(long, value_name = "ID")]
    promise: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// Closes a day: it takes no more orders, and its plan is final.
#[derive(Debug, Args)]
struct Close {
    /// The day.
    day: String,
    /// Write the plan to this file: the JSON form of `punctual.v1.PlannedDay`, which `punctual sheet` reads.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    keyed: Keyed,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    day_file::runtime(day_file::LOCAL_LOG)?.block_on(async {
        match arguments.command {
            Command::Open(open) => self::open(open).await,
            Command::Status(status) => self::status(status).await,
            Command::Quote(quote) => self::quote(quote).await,
            Command::Hold(hold) => self::hold(hold).await,
            Command::Confirm(confirm) => confirmed(confirm.named).await,
            Command::Release(release) => released(release.named).await,
            Command::Cancel(cancel) => cancelled(cancel.named).await,
            Command::Amend(amend) => self::amend(amend).await,
            Command::Show(show) => self::show(show).await,
            Command::List(list) => self::list(list).await,
            Command::Ledger(ledger) => self::ledger(ledger).await,
            Command::Close(close) => self::close(close).await,
            Command::Start(start) => live::start(start).await,
            Command::Report(report) => live::report(report).await,
            Command::Risk(risk) => live::risk(risk).await,
            Command::Record(record) => live::record(record).await,
            Command::Remedies(remedies) => remedy::remedies(remedies).await,
            Command::Repair(repair) => remedy::repair(repair).await,
            Command::Replay(replay) => replay::run(&replay),
        }
    })
}

async fn open(open: Open) -> Result<Done, Failure> {
    let mut terms: pb::DayTerms = day_file::read(&open.file)?;
    if let Some(date) = open.date {
        shift::to_date(&mut terms, date)
            .map_err(|error| Failure::new(format!("move the day to {date}"), error))?;
    }
    if let Some(id) = open.id {
        terms.day_id = id;
    }
    let mut client = Client::connect(&open.server).await?;
    let request_id = open.keyed.id();
    let request = pb::OpenDayRequest {
        request_id: request_id.clone(),
        terms: Some(terms),
    };
    let opened = client.promises.open_day(request).await;
    let opened = opened.map_err(|status| client::failed("open the day", &request_id, &status))?;
    let day = opened.into_inner().day.unwrap_or_default();
    if day.state() == pb::DayState::Closed {
        let cause = format!("{} was opened on these terms and is closed", day.day_id);
        return Err(Failure::new("open the day", cause));
    }
    client.tell_day(day)
}

async fn status(status: Status) -> Result<Done, Failure> {
    let mut client = Client::connect(&status.server).await?;
    let Some(day) = status.day else {
        let days = client.promises.list_days(pb::ListDaysRequest {}).await;
        let days = days.map_err(|status| Failure::status("list the days", &status))?;
        return client.tell(&days.into_inner(), |days| days.day_ids.join("\n"));
    };
    if let Some(path) = &status.output {
        day_file::expect_writable(path)?;
    }
    let read = client.day(&day, status.output.is_some()).await?;
    if let (Some(path), Some(plan)) = (&status.output, &read.plan) {
        day_file::write(path, plan)?;
    }
    client.tell_day(read.day.unwrap_or_default())
}

async fn quote(quote: Quote) -> Result<Done, Failure> {
    let order = quote.order.read()?;
    let mut client = Client::connect(&quote.server).await?;
    let zone = client.zone(&quote.day).await?;
    let request = pb::QuoteWindowsRequest {
        day_id: quote.day,
        order: Some(order),
        load_spreads: quote.order.spreads(),
    };
    let quoted = client.promises.quote_windows(request).await;
    let quoted = quoted.map_err(|status| Failure::status("quote windows", &status))?;
    let quoted = quoted.into_inner();
    for warning in &quoted.warnings {
        let line = format!(
            "warning: {} ({}): {}",
            warning.field, warning.subject_id, warning.message
        );
        console::note(crate::cli::report::plain(&line));
    }
    client.tell(&quoted, |quote| tables::quote(quote, &zone))?;
    let is_offered = quoted.windows.iter().any(|window| window.is_offered);
    Ok(if is_offered {
        Done::Fully
    } else {
        Done::InPart
    })
}

async fn hold(hold: Hold) -> Result<Done, Failure> {
    let order = hold.order.read()?;
    let mut client = Client::connect(&hold.server).await?;
    let request_id = hold.keyed.id();
    let request = pb::HoldWindowRequest {
        request_id: request_id.clone(),
        day_id: hold.day,
        order: Some(order),
        load_spreads: hold.order.spreads(),
        window_id: hold.window,
        least_percent: hold.at_least,
    };
    let held = client.promises.hold_window(request).await;
    let held = held.map_err(|status| client::failed("hold the window", &request_id, &status))?;
    client.tell_promise(held.into_inner().promise).await
}

async fn confirmed(named: Named) -> Result<Done, Failure> {
    let mut client = Client::connect(&named.server).await?;
    let request_id = named.keyed.id();
    let request = pb::ConfirmHoldRequest {
        request_id: request_id.clone(),
        day_id: named.day,
        promise_id: named.promise,
    };
    let answer = client.promises.confirm_hold(request).await;
    let answer = answer.map_err(|status| client::failed("confirm", &request_id, &status))?;
    client.tell_promise(answer.into_inner().promise).await
}

async fn released(named: Named) -> Result<Done, Failure> {
    let mut client = Client::connect(&named.server).await?;
    let request_id = named.keyed.id();
    let request = pb::ReleaseHoldRequest {
        request_id: request_id.clone(),
        day_id: named.day,
        promise_id: named.promise,
    };
    let answer = client.promises.release_hold(request).await;
    let answer = answer.map_err(|status| client::failed("release", &request_id, &status))?;
    client.tell_promise(answer.into_inner().promise).await
}

async fn cancelled(named: Named) -> Result<Done, Failure> {
    let mut client = Client::connect(&named.server).await?;
    let request_id = named.keyed.id();
    let request = pb::CancelPromiseRequest {
        request_id: request_id.clone(),
        day_id: named.day,
        promise_id: named.promise,
    };
    let answer = client.promises.cancel_promise(request).await;
    let answer = answer.map_err(|status| client::failed("cancel", &request_id, &status))?;
    client.tell_promise(answer.into_inner().promise).await
}

async fn amend(amend: Amend) -> Result<Done, Failure> {
    let order = amend.order.read()?;
    let mut client = Client::connect(&amend.named.server).await?;
    let request_id = amend.named.keyed.id();
    let request = pb::AmendPromiseRequest {
        request_id: request_id.clone(),
        day_id: amend.named.day,
        promise_id: amend.named.promise,
        window_id: amend.window.unwrap_or_default(),
        order,
        load_spreads: amend.order.spreads(),
        least_percent: amend.at_least,
    };
    let answer = client.promises.amend_promise(request).await;
    let answer = answer.map_err(|status| client::failed("amend", &request_id, &status))?;
    client.tell_promise(answer.into_inner().promise).await
}

async fn show(show: Show) -> Result<Done, Failure> {
    let mut client = Client::connect(&show.server).await?;
    let request = pb::GetPromiseRequest {
        day_id: show.day,
        promise_id: show.promise,
    };
    let answer = client.promises.get_promise(request).await;
    let answer = answer.map_err(|status| Failure::status("read the promise", &status))?;
    client.tell_promise(answer.into_inner().promise).await
}

async fn list(list: List) -> Result<Done, Failure> {
    let mut client = Client::connect(&list.server).await?;
    let zone = client.zone(&list.day).await?;
    let states = list.state.iter().map(|state| {
        let state = match state {
            State::Held => pb::PromiseState::Held,
            State::Confirmed => pb::PromiseState::Confirmed,
            State::Released => pb::PromiseState::Released,
            State::Expired => pb::PromiseState::Expired,
            State::Cancelled => pb::PromiseState::Cancelled,
        };
        state as i32
    });
    let promises = client.list(&list.day, states.collect()).await?;
    client.tell(&promises, |list| tables::promises(&list.promises, &zone))
}

async fn ledger(ledger: Ledger) -> Result<Done, Failure> {
    let mut client = Client::connect(&ledger.server).await?;
    let zone = client.zone(&ledger.day).await?;
    let promise = ledger.promise.unwrap_or_default();
    let entries = client.entries(&ledger.day, &promise).await?;
    client.tell(&entries, |list| tables::entries(&list.entries, &zone))
}

async fn close(close: Close) -> Result<Done, Failure> {
    if let Some(path) = &close.output {
        day_file::expect_writable(path)?;
    }
    let mut client = Client::connect(&close.server).await?;
    let request_id = close.keyed.id();
    let request = pb::CloseDayRequest {
        request_id: request_id.clone(),
        day_id: close.day.clone(),
    };
    let closed = client.promises.close_day(request).await;
    let closed = closed.map_err(|status| {
        let failure = client::failed("close the day", &request_id, &status);
        if status.code() != Code::FailedPrecondition {
            return failure;
        }
        let how = format!("its plan: punctual day status {} --output FILE", close.day);
        failure.with_detail(how)
    })?;
    if let Some(path) = &close.output {
        let plan = client.day(&close.day, true).await?.plan;
        day_file::write(path, &plan.unwrap_or_default())?;
    }
    client.tell_day(closed.into_inner().day.unwrap_or_default())
}
