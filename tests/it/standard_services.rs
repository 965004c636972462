//! Health checking and reflection.

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::service::{Service, within};

const SERVICES: [&str; 4] = [
    "punctual.v1.PlanningService",
    "punctual.v1.ForecastService",
    "punctual.v1.RouteSheetService",
    "punctual.v1.BenchmarkService",
];

fn check(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_healthy_until_the_server_ends() {
    let mut service = Service::start().await;
    let mut client = HealthClient::new(service.channel().await);
    for name in SERVICES.into_iter().chain([""]) {
        let health = client.check(check(name)).await.unwrap().into_inner();
        assert_eq!(health.status(), ServingStatus::Serving, "{name}");
    }
    let mut watch = client.watch(check("")).await.unwrap().into_inner();
    let first = within(watch.message()).await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::Serving);
    service.shut_down();
    let next = within(watch.message()).await.unwrap().unwrap();
    assert_eq!(next.status(), ServingStatus::NotServing);
    drop((watch, client));
    service.ended().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_stream_does_not_keep_the_server_from_ending() {
    let mut service = Service::with(|config| config.server.drain_ms = 200).await;
    let mut client = HealthClient::new(service.channel().await);
    let mut watch = client.watch(check("")).await.unwrap().into_inner();
    within(watch.message()).await.unwrap().unwrap();
    service.shut_down();
    service.ended().await.unwrap();
}

/// Lists the services through one version of the reflection protocol.
macro_rules! lists_services {
    ($name:ident, $version:ident) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
            use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
            use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
            use tonic_reflection::pb::$version::{ServerReflectionRequest, ServiceResponse};
            let service = Service::start().await;
            let mut client = ServerReflectionClient::new(service.channel().await);
            let request = ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::ListServices(String::new())),
            };
            let answers = client
                .server_reflection_info(tokio_stream::once(request))
                .await;
            let answer = within(answers.unwrap().get_mut().message())
                .await
                .unwrap()
                .unwrap();
            let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
                panic!("{answer:?}");
            };
            let names: Vec<String> = list
                .service
                .into_iter()
                .map(|ServiceResponse { name }| name)
                .collect();
            for service in SERVICES.into_iter().chain(["grpc.health.v1.Health"]) {
                assert!(
                    names.iter().any(|name| name == service),
                    "{service} in {names:?}"
                );
            }
        }
    };
}

lists_services!(reflection_lists_the_services, v1);
lists_services!(the_older_reflection_lists_them_too, v1alpha);
