//! Answers to browsers, with the headers that keep pages apart from everything else.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::grpc::json::{self, JsonMessage};
use crate::grpc::local::ApiError;

/// What pages may load: what this server gives, and tiles from `tiles` if they are configured.
pub(super) fn policy(tiles: &str) -> String {
    let origin = match tiles.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or_default();
            // A template may have a part that stands for several hosts.
            let host = host.replace("{s}", "*");
            format!(" {scheme}://{host}")
        }
        None => String::new(),
    };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{origin}; connect-src 'self'; \
         manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// An answer of a stated kind.
pub(super) fn of(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response {
    with_policy(status, content_type, body, &policy(""))
}

/// An answer of a stated kind under another policy of what may be loaded.
pub(super) fn with_policy(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
    policy: &str,
) -> Response {
    let mut answer = (status, body.into()).into_response();
    let headers = answer.headers_mut();
    let fixed = [
        (header::CONTENT_TYPE, content_type),
        // Browsers ask anew each time: a new version of the program is seen at once, and no disk keeps addresses.
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // The address of a courier's page is its key.
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// A page of one sentence.
pub(super) fn sentence(status: StatusCode, title: &str, text: &str) -> Response {
    let page = maud::html! {
        (maud::DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/assets/style.css";
            }
            body.plain { main { h1 { (title) } p { (text) } } }
        }
    };
    of(status, "text/html; charset=utf-8", page.into_string())
}

/// The JSON form of a message.
pub(super) async fn message<M: JsonMessage + 'static>(message: M) -> Response {
    let written = tokio::task::spawn_blocking(move || json::write_line(&message)).await;
    match written {
        Ok(text) => of(StatusCode::OK, JSON, text),
        // It was dropped because the process ends, or it panicked, which the log tells.
        Err(_) => of(
            StatusCode::INTERNAL_SERVER_ERROR,
            JSON,
            "{\"code\":\"INTERNAL\"}",
        ),
    }
}

/// What stood against a call.
pub(super) fn error(error: ApiError) -> Response {
    of(error.http, JSON, error.json)
}

/// The kind of all answers to scripts.
pub(super) const JSON: &str = "application/json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_loaded_from_elsewhere_but_configured_tiles() {
        assert!(policy("").contains("img-src 'self' data:; "));
        assert!(!policy("").contains("http"));
        let with = policy("https://{s}.tiles.example:8080/{z}/{x}/{y}.png");
        assert!(
            with.contains("img-src 'self' data: https://*.tiles.example:8080; "),
            "{with}"
        );
        assert!(with.starts_with("default-src 'none'; script-src 'self';"));
    }
}
