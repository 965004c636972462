//! Around every call of the API: so many at once, a deadline, and honest statuses for what the transport finds wrong.
//!
//! A call counts from its headers to the headers of its answer, so a plan being streamed does not; those are limited
//! by admission. Health checks and reflection pass freely: a busy server is a healthy one.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response, StatusCode, Version};
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::{PACKAGE, status};
use crate::app::Refusal;
use crate::config::{self, ServerConfig};

/// Name of the header with a call's deadline, as the time that is left.
const TIMEOUT_HEADER: &str = "grpc-timeout";
/// Name of the header with a status's details; the transport's own statuses have none.
const DETAILS_HEADER: &str = "grpc-status-details-bin";

/// Wraps services in [`Calls`].
#[derive(Clone)]
pub(super) struct CallLayer {
    room: Arc<Semaphore>,
    time_max: Duration,
    header_bytes_max: usize,
}

impl CallLayer {
    pub(super) fn new(config: &ServerConfig) -> Self {
        Self {
            room: Arc::new(Semaphore::new(config::count(config.requests_in_flight_max))),
            time_max: config::millis(config.request_time_ms),
            header_bytes_max: config::count(config.header_bytes_max),
        }
    }
}

impl<S> Layer<S> for CallLayer {
    type Service = Calls<S>;

    fn layer(&self, inner: S) -> Calls<S> {
        Calls {
            inner,
            limits: self.clone(),
        }
    }
}

/// A service whose calls are limited.
#[derive(Clone)]
pub(super) struct Calls<S> {
    inner: S,
    limits: CallLayer,
}

type Answer<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

impl<S> Service<Request<Body>> for Calls<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer<Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Answer<Infallible> {
        // In HTTP/2 the transport has refused them already.
        if request.version() < Version::HTTP_2
            && header_bytes(&request) > self.limits.header_bytes_max
        {
            let mut refused = Response::new(Body::empty());
            *refused.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return Box::pin(std::future::ready(Ok(refused)));
        }
        let path = request.uri().path().trim_start_matches('/');
        if !path.starts_with(PACKAGE) {
            return Box::pin(self.inner.call(request));
        }
        let Ok(permit) = Arc::clone(&self.limits.room).try_acquire_owned() else {
            let busy = status::of(&Refusal::Busy).into_http();
            return Box::pin(std::future::ready(Ok(busy)));
        };
        let left = time_left(request.headers()).unwrap_or(Duration::MAX);
        let answer = tokio::time::timeout(left.min(self.limits.time_max), self.inner.call(request));
        Box::pin(async move {
            let answer = answer.await;
            drop(permit);
            match answer {
                Ok(answer) => answer.map(honest),
                Err(_) => Ok(status::of(&Refusal::TooLate).into_http()),
            }
        })
    }
}

/// The size of a request's headers and of its path, as HTTP/2 counts.
///
/// Source: RFC 9113, section 6.5.2, `SETTINGS_MAX_HEADER_LIST_SIZE`: 32 bytes a header beside name and value.
fn header_bytes<B>(request: &Request<B>) -> usize {
    let path = request.uri().path_and_query();
    let path = path.map_or(0, |path| path.as_str().len());
    let headers = request.headers().iter();
    let sizes = headers.map(|(name, value)| name.as_str().len() + value.len() + 32);
    path + sizes.sum::<usize>()
}

/// The answer, with statuses that the transport made replaced by ones that say whose fault it was.
fn honest(answer: Response<Body>) -> Response<Body> {
    let headers = answer.headers();
    if headers.contains_key(DETAILS_HEADER) {
        return answer;
    }
    let better = Status::from_header_map(headers).and_then(|status| status::of_transport(&status));
    better.map_or(answer, Status::into_http)
}

/// The time that the caller leaves for a call, if it says so.
///
/// Source: gRPC over HTTP/2, "Timeout": at most eight digits and a unit.
pub(super) fn time_left(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT_HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(TIMEOUT_HEADER, text.parse().unwrap());
        time_left(&headers)
    }

    #[test]
    fn deadlines_are_read_in_every_unit() {
        assert_eq!(left("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(
            left("99999999M"),
            Some(Duration::from_secs(99_999_999 * 60))
        );
        assert_eq!(left("3S"), Some(Duration::from_secs(3)));
        assert_eq!(left("250m"), Some(Duration::from_millis(250)));
        assert_eq!(left("7u"), Some(Duration::from_micros(7)));
        assert_eq!(left("9n"), Some(Duration::from_nanos(9)));
    }

    #[test]
    fn a_malformed_deadline_is_none() {
        for bad in ["", "S", "1", "-1S", "123456789S", "1 S", "1x", "+1S"] {
            assert_eq!(left(bad), None, "{bad}");
        }
        assert_eq!(time_left(&HeaderMap::new()), None);
    }
}
