//! The connection to the service, and how its answers are told.

use std::fmt::Display;

use jiff::tz::TimeZone;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use super::{Done, Failure, console, tables};
use crate::cli::ANSWER_BYTES_MAX;
use crate::grpc::json::{self, JsonMessage};
use crate::grpc::pb;
use crate::grpc::pb::day_service_client::DayServiceClient;
use crate::grpc::pb::promise_service_client::PromiseServiceClient;
use crate::rng;

/// Entries of a list asked for at once.
const PAGE_SIZE: i32 = 1_000;

/// Which service to talk to, and how to tell what it answers.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Server {
    /// Where the service listens; http:// only.
    #[arg(
        long = "server",
        value_name = "URL",
        default_value = "http://127.0.0.1:50061"
    )]
    url: String,
    /// Print the service's answer as JSON.
    #[arg(long)]
    json: bool,
}

/// What makes a request the same as an earlier one.
#[derive(Debug, clap::Args)]
pub(super) struct Keyed {
    /// Identifies the request: repeated with the same id, it is answered as before. By default a new one.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
}

impl Keyed {
    /// The id, if it is one that may have been used before.
    pub(super) fn given(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    pub(super) fn id(&self) -> String {
        let fresh = || format!("{:032x}", rng::unguessable());
        self.request_id.clone().unwrap_or_else(fresh)
    }
}

/// `action` failed; if what became of it is not known, says how to find out.
pub(super) fn failed(action: &str, request_id: &str, status: &Status) -> Failure {
    let failure = Failure::status(action, status);
    if matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::Cancelled
    ) {
        let detail =
            format!("ask again with --request-id {request_id} to find out what became of it");
        return failure.with_detail(detail);
    }
    failure
}

/// A client of the service.
pub(super) struct Client {
    pub(super) promises: PromiseServiceClient<Channel>,
    pub(super) live: DayServiceClient<Channel>,
    pub(super) is_json: bool,
}

impl Server {
    /// The service's address with its scheme.
    fn endpoint(&self) -> Result<Endpoint, Failure> {
        let failed =
            |why: &dyn Display| Failure::usage(format!("read --server {:?}", self.url), why);
        let (scheme, address) = self.url.split_once("://").unwrap_or(("http", &self.url));
        if !scheme.eq_ignore_ascii_case("http") {
            // To go on in clear text would be what the caller wants to avoid.
            return Err(failed(
                &"only http:// can be spoken: there is no encryption",
            ));
        }
        if address.trim().is_empty() {
            return Err(failed(&"an address is needed, like http://127.0.0.1:50061"));
        }
        Channel::from_shared(format!("http://{address}")).map_err(|error| failed(&error))
    }
}

impl Client {
    pub(super) async fn connect(server: &Server) -> Result<Self, Failure> {
        let endpoint = server.endpoint()?;
        let channel = endpoint.connect().await.map_err(|_| {
            let why = "nobody answers there: is `punctual serve` running?";
            Failure::new(format!("connect to {}", server.url), why)
        })?;
        Ok(Self {
            promises: PromiseServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            live: DayServiceClient::new(channel)
                .max_decoding_message_size(ANSWER_BYTES_MAX)
                .max_encoding_message_size(ANSWER_BYTES_MAX),
            is_json: server.json,
        })
    }

    /// Whether answers are told as JSON.
    pub(super) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Prints an answer: as JSON if that was asked for, or else as `text`.
    pub(super) fn tell<M: JsonMessage>(
        &self,
        answer: &M,
        text: impl FnOnce(&M) -> String,
    ) -> Result<Done, Failure> {
        if self.is_json {
            console::say(json::write(answer).trim_end())?;
        } else {
            console::say(crate::cli::report::plain(&text(answer)))?;
        }
        Ok(Done::Fully)
    }

    pub(super) fn tell_day(&self, day: pb::DaySummary) -> Result<Done, Failure> {
        self.tell(&day, tables::day)
    }

    pub(super) async fn tell_promise(
        &mut self,
        promise: Option<pb::PromiseRecord>,
    ) -> Result<Done, Failure> {
        let promise = promise.unwrap_or_default();
        let zone = self.zone(&promise.day_id).await?;
        self.tell(&promise, |promise| tables::promise(promise, &zone))
    }

    pub(super) async fn day(
        &mut self,
        day: &str,
        with_plan: bool,
    ) -> Result<pb::GetDayResponse, Failure> {
        let request = pb::GetDayRequest {
            day_id: day.to_owned(),
            with_plan,
            ..pb::GetDayRequest::default()
        };
        let read = self.promises.get_day(request).await;
        let read = read.map_err(|status| Failure::status("read the day", &status))?;
        Ok(read.into_inner())
    }

    /// The time zone of a day.
    pub(super) async fn zone(&mut self, day: &str) -> Result<TimeZone, Failure> {
        if self.is_json {
            // JSON tells moments, not clock times.
            return Ok(TimeZone::UTC);
        }
        let day = self.day(day, false).await?.day.unwrap_or_default();
        Ok(tables::zone(&day))
    }

    pub(super) async fn list(
        &mut self,
        day: &str,
        states: Vec<i32>,
    ) -> Result<pb::ListPromisesResponse, Failure> {
        let mut request = pb::ListPromisesRequest {
            day_id: day.to_owned(),
            page_size: PAGE_SIZE,
            page_token: String::new(),
            states,
        };
        let mut all = pb::ListPromisesResponse::default();
        loop {
            let page = self.promises.list_promises(request.clone()).await;
            let page = page.map_err(|status| Failure::status("list promises", &status))?;
            let page = page.into_inner();
            all.promises.extend(page.promises);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            request.page_token = page.next_page_token;
        }
    }

    pub(super) async fn entries(
        &mut self,
        day: &str,
        promise: &str,
    ) -> Result<pb::ListEntriesResponse, Failure> {
        let mut request = pb::ListEntriesRequest {
            day_id: day.to_owned(),
            promise_id: promise.to_owned(),
            page_size: PAGE_SIZE,
            page_token: String::new(),
        };
        let mut all = pb::ListEntriesResponse::default();
        loop {
            let page = self.promises.list_entries(request.clone()).await;
            let page = page.map_err(|status| Failure::status("read the ledger", &status))?;
            let page = page.into_inner();
            all.entries.extend(page.entries);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            request.page_token = page.next_page_token;
        }
    }
}
