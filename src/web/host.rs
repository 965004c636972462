//! By which names browsers may call the server.
//!
//! A page from elsewhere could have the name of its own site resolve to this server's address, and then read everything
//! as if it came from here. Such a page always calls by that name, so that names are taken only if they are expected.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{StatusCode, header};

use super::answer;

/// The names that are expected, besides addresses and `localhost`.
#[derive(Clone)]
pub(super) struct Hosts(Arc<[String]>);

impl Hosts {
    pub(super) fn new(names: &[String]) -> Self {
        Self(names.into())
    }

    fn has(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok() || name == "localhost" || self.0.contains(&name)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Refuses requests by an unexpected name.
pub(super) async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let authority = request
        .uri()
        .authority()
        .map(|host| host.as_str().to_owned());
    let named = request.headers().get(header::HOST);
    let named = named.and_then(|host| host.to_str().ok().map(str::to_owned));
    match named.or(authority) {
        Some(host) if hosts.has(&host) => next.run(request).await,
        _ => answer::sentence(
            StatusCode::MISDIRECTED_REQUEST,
            "Not by this name",
            "This server is not called by that name: the setting page_hosts has those that are expected.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_expected_names_are_taken_and_others_are_not() {
        let hosts = Hosts::new(&["dispatch.example".to_owned()]);
        for good in [
            "127.0.0.1:50061",
            "localhost",
            "LOCALHOST:1",
            "[::1]:50061",
            "10.0.0.2",
            "Dispatch.example:443",
        ] {
            assert!(hosts.has(good), "{good}");
        }
        for bad in [
            "evil.example",
            "localhost.evil.example",
            "",
            "127.0.0.1.evil.example:80",
        ] {
            assert!(!hosts.has(bad), "{bad}");
        }
    }
}
