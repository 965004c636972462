//! Messages too large or cut short, peers that keep silent: answered or dropped, with the server unharmed.

use std::time::Duration;

use http::Request;
use http::uri::PathAndQuery;
use prost::Message;
use punctual::grpc::pb;
use punctual::grpc::pb::planning_service_client::PlanningServiceClient;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::Service as _;

use crate::days;
use crate::service::{Service, read_to_end, solve_request, within};

/// Sends `frame` as the whole body of a call and gives the status of the answer.
async fn send_raw(service: &Service, frame: Vec<u8>) -> Status {
    let path = PathAndQuery::from_static("/punctual.v1.PlanningService/ValidateProblem");
    let uri = format!("http://{}{path}", service.address);
    let request = Request::post(uri)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::new(http_body_util::Full::new(frame.into())))
        .unwrap();
    let mut channel = service.channel().await;
    std::future::poll_fn(|cx| channel.poll_ready(cx))
        .await
        .unwrap();
    let answer = within(channel.call(request)).await.unwrap();
    Status::from_header_map(answer.headers()).expect("the answer is a status")
}

/// A gRPC frame that announces `announced` bytes and has `bytes`.
fn frame(announced: usize, bytes: &[u8]) -> Vec<u8> {
    let announced = u32::try_from(announced).unwrap();
    [&[0], announced.to_be_bytes().as_slice(), bytes].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_the_limit_is_refused_and_the_connection_lives_on() {
    let service = Service::with(|config| config.server.message_bytes_max = 65_536).await;
    let mut client = service.planning().await;
    let mut day = days::small();
    day.name = "x".repeat(200_000);
    let refused = client
        .solve_plan(solve_request(day, 100))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "TOO_LARGE"
    );
    assert!(refused.get_details_retry_info().is_none());
    let events = client
        .solve_plan(solve_request(days::small(), 100))
        .await
        .unwrap();
    read_to_end(events.into_inner()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_cut_short_is_the_callers_fault() {
    let service = Service::start().await;
    let request = pb::ValidateProblemRequest {
        problem: Some(days::small()),
    };
    let bytes = request.encode_to_vec();
    let short = &bytes[..bytes.len() - 7];
    for frame in [frame(bytes.len(), short), frame(short.len(), short)] {
        let status = send_raw(&service, frame).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert_eq!(
            status.get_details_error_info().unwrap().reason,
            "MALFORMED_MESSAGE"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_keeps_silent_is_dropped() {
    let service = Service::with(|config| config.server.handshake_ms = 50).await;
    let mut silent = TcpStream::connect(service.address).await.unwrap();
    let mut buffer = Vec::new();
    // Whatever the server says first, the end of the connection is the end of this read.
    let _ = within(silent.read_to_end(&mut buffer)).await;
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let service = Service::with(|config| config.server.connections_max = 1).await;
    let mut first = service.planning().await;
    let request = || pb::ValidateProblemRequest {
        problem: Some(days::small()),
    };
    first.validate_problem(request()).await.unwrap();
    let second = async {
        let mut client = service.planning().await;
        client.validate_problem(request()).await
    };
    let mut second = std::pin::pin!(second);
    let early = tokio::time::timeout(Duration::from_millis(200), &mut second).await;
    assert!(early.is_err(), "the only place is taken");
    drop(first);
    within(second).await.unwrap();
}

// On one thread, so that calls reach the server in the order they are made here.
#[tokio::test]
async fn calls_beyond_the_limit_are_refused_but_health_checks_are_not() {
    let service = Service::with(|config| config.server.requests_in_flight_max = 1).await;
    let channel = service.channel().await;
    // A call whose message never comes holds the only place.
    let (sender, receiver) = tokio::sync::mpsc::channel::<pb::ValidateProblemRequest>(1);
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let messages = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let path = PathAndQuery::from_static("/punctual.v1.PlanningService/ValidateProblem");
    let codec = tonic_prost::ProstCodec::<_, pb::ValidateProblemResponse>::default();
    let stuck = grpc.client_streaming(tonic::Request::new(messages), path, codec);
    let mut stuck = std::pin::pin!(stuck);
    let mut client = PlanningServiceClient::new(channel.clone());
    let request = || pb::ValidateProblemRequest {
        problem: Some(days::small()),
    };
    let refused = tokio::select! {
        biased;
        _ = &mut stuck => panic!("its message has not come"),
        refused = within(client.validate_problem(request())) => refused.unwrap_err(),
    };
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "BUSY");
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let check = tonic_health::pb::HealthCheckRequest::default();
    within(health.check(check)).await.unwrap();
    sender.send(request()).await.unwrap();
    drop(sender);
    within(stuck).await.unwrap();
    within(client.validate_problem(request())).await.unwrap();
}
