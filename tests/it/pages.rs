//! What browsers are given, asked for without a browser.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use punctual::config::PagesAt;
use punctual::grpc::pb::promise_service_client::PromiseServiceClient;
use punctual::grpc::{json, pb};
use serde_json::Value;
use tonic::Code;
use tonic::transport::Channel;

use crate::days;
use crate::http::{get, send};
use crate::promises;
use crate::service::{Service, budget, read_to_end, solve_request};

/// Plans a day as a job to its end, and gives its id.
pub(crate) async fn planned(service: &Service, problem: pb::Problem) -> String {
    planned_for(300, service, problem).await
}

/// The same with so many milliseconds for the search.
pub(crate) async fn planned_for(millis: u64, service: &Service, problem: pb::Problem) -> String {
    let mut client = service.planning().await;
    let request = pb::StartPlanRequest {
        request_id: format!("r-{}", problem.name),
        problem: Some(problem),
        options: Some(budget(millis)),
        initial_plan: None,
    };
    let job_id = client.start_plan(request).await.unwrap();
    let job_id = job_id.into_inner().job_id;
    let request = pb::WatchPlanRequest {
        job_id: job_id.clone(),
    };
    let mut events = client.watch_plan(request).await.unwrap().into_inner();
    while events.message().await.unwrap().is_some() {}
    job_id
}

fn links(address: SocketAddr, job: &str) -> Vec<(String, String)> {
    let links = get(address, &format!("/api/plans/{job}/links")).json();
    let links = links["links"].as_object().unwrap().iter();
    links
        .map(|(courier, link)| (courier.clone(), link.as_str().unwrap().to_owned()))
        .collect()
}

/// The addresses that stand in attributes of a page.
fn loaded(page: &str) -> Vec<String> {
    let parts = page.split(['"', '\'']);
    let assets = parts.filter(|part| part.starts_with("/assets/") || part.starts_with("./"));
    assets
        .map(|part| part.replacen("./", "/assets/", 1))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_and_all_that_it_loads_comes_from_here_under_a_strict_policy() {
    let service = Service::with_pages(|_| ()).await;
    let mut to_see = vec!["/".to_owned()];
    let mut seen = Vec::new();
    while let Some(path) = to_see.pop() {
        if seen.contains(&path) {
            continue;
        }
        let reply = get(service.address, &path);
        assert_eq!(reply.status, 200, "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(!policy.contains("unsafe") && !policy.contains("http"));
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        to_see.extend(loaded(&reply.body));
        seen.push(path);
    }
    assert!(seen.len() > 12, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_given_as_the_api_gives_them() {
    let service = Service::with_pages(|_| ()).await;
    let job_id = planned(&service, days::small()).await;
    let listed = get(service.address, "/api/plans").json();
    assert_eq!(listed["jobs"][0]["jobId"], job_id.as_str());
    assert_eq!(listed["jobs"][0]["state"], "JOB_STATE_DONE");
    let mut client = service.planning().await;
    let request = pb::GetPlanRequest {
        job_id: job_id.clone(),
        with_problem: true,
    };
    let mut job = client.get_plan(request).await.unwrap().into_inner();
    job.problem.as_mut().unwrap().travel_profiles.clear();
    let expected: Value = serde_json::from_str(&json::write(&job)).unwrap();
    let given = get(service.address, &format!("/api/plans/{job_id}"));
    assert_eq!(given.header("content-type"), "application/json");
    assert_eq!(given.json(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_that_callers_waited_for_are_shown_like_those_of_jobs() {
    let service = Service::with_pages(|config| config.planning.plans_kept_max = 2).await;
    let mut client = service.planning().await;
    let job_id = planned(&service, days::small()).await;
    let request = solve_request(days::small(), 300);
    let solved = client.solve_plan(request).await.unwrap().into_inner();
    let (_, solved) = read_to_end(solved).await.unwrap();
    let listed = || get(service.address, "/api/plans").json()["jobs"].take();
    let newest = &listed()[0];
    assert_eq!(newest["origin"], "JOB_ORIGIN_SOLVED");
    assert_eq!(newest["state"], "JOB_STATE_DONE");
    let id = newest["jobId"].as_str().unwrap();
    let given = get(service.address, &format!("/api/plans/{id}")).json();
    let version = &given["solved"]["plan"]["version"];
    assert_eq!(*version, solved.plan.unwrap().version.as_str());
    assert!(given["problem"]["orders"].is_array());
    assert!(!links(service.address, id).is_empty());
    let request = pb::PlanFrontierRequest {
        problem: Some(days::small()),
        options: Some(pb::SolveOptions {
            iteration_limit: Some(2_000),
            ..budget(20_000)
        }),
        target_percents: vec![80.0, 98.0],
        ..pb::PlanFrontierRequest::default()
    };
    let mut events = client.plan_frontier(request).await.unwrap().into_inner();
    while events.message().await.unwrap().is_some() {}
    let all = listed();
    let all = all.as_array().unwrap();
    assert_eq!(all[0]["origin"], "JOB_ORIGIN_FRONTIER");
    assert_eq!(all[0]["targetPercent"], 98.0);
    let of_calls = all.iter().filter(|job| job["jobId"] != job_id.as_str());
    assert_eq!(of_calls.count(), 2, "no more than the configuration says");
    let has_job = all.iter().any(|job| job["jobId"] == job_id.as_str());
    assert!(has_job, "and the job is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_over_the_limit_are_refused() {
    let service = Service::with_pages(|config| config.server.header_bytes_max = 4_096).await;
    let by = |path: &str, host: &str| send(service.address, "GET", path, host, "").status;
    assert_eq!(by("/", "localhost"), 200);
    assert_eq!(by("/", &"x".repeat(5_000)), 431);
    assert_eq!(by(&format!("/?{}", "x".repeat(5_000)), "localhost"), 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_watched_to_its_end() {
    let service = Service::with_pages(|_| ()).await;
    let mut client = service.planning().await;
    let request = pb::StartPlanRequest {
        request_id: "r".to_owned(),
        problem: Some(days::small()),
        options: Some(budget(1_500)),
        initial_plan: None,
    };
    let job_id = client.start_plan(request).await.unwrap();
    let job_id = job_id.into_inner().job_id;
    let reply = get(service.address, &format!("/api/plans/{job_id}/events"));
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let events: Vec<Value> = reply
        .body
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert!(events.len() > 1, "{reply:?}");
    let last = events.last().unwrap();
    assert_eq!(last["state"], "JOB_STATE_DONE");
    assert!(last["progress"]["cost"].is_string());
    assert!(events.iter().all(|event| event.get("solved").is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_what_the_api_says() {
    let service = Service::with_pages(|_| ()).await;
    let mut client = service.planning().await;
    let request = pb::GetPlanRequest {
        job_id: "job-0".to_owned(),
        with_problem: false,
    };
    let status = client.get_plan(request).await.unwrap_err();
    for path in ["", "/events", "/links"] {
        let reply = get(service.address, &format!("/api/plans/job-0{path}"));
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.json()["message"], status.message());
        assert_eq!(reply.json()["reason"], "UNKNOWN_JOB");
    }
    let reply = get(service.address, "/api/days/monday");
    assert_eq!(
        (reply.status, &reply.json()["reason"]),
        (404, &Value::from("UNKNOWN_DAY"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_promises_are_given_with_their_plan() {
    let service = Service::with_pages(|_| ()).await;
    let terms = include_str!("../../data/promise-day.json");
    let terms: pb::DayTerms = json::read(terms).unwrap();
    let day = terms.day_id.clone();
    let request = pb::OpenDayRequest {
        request_id: "open".to_owned(),
        terms: Some(terms),
    };
    service.promises().await.open_day(request).await.unwrap();
    let listed = get(service.address, "/api/days").json();
    assert_eq!(listed["dayIds"][0], day.as_str());
    let summary = get(service.address, &format!("/api/days/{day}/summary")).json();
    assert_eq!(summary["day"]["state"], "DAY_STATE_OPEN");
    assert!(summary.get("plan").is_none());
    let given = get(service.address, &format!("/api/days/{day}")).json();
    assert!(given["plan"]["problem"]["couriers"].is_array());
    assert!(given["plan"]["problem"].get("travelProfiles").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_courier_sees_the_own_route_and_nothing_of_others() {
    let service = Service::with_pages(|_| ()).await;
    let job_id = planned(&service, days::small()).await;
    let links = links(service.address, &job_id);
    assert!(links.len() > 1, "{links:?}");
    for (courier, link) in &links {
        assert_eq!(get(service.address, link).status, 200);
        let route = get(service.address, &format!("{link}/route"));
        let day = route.json();
        assert_eq!(day["plan"]["routes"][0]["courierId"], courier.as_str());
        let n_stops = day["plan"]["routes"][0]["stops"].as_array().unwrap().len();
        assert_eq!(day["problem"]["orders"].as_array().unwrap().len(), n_stops);
        let others = links.iter().filter(|(other, _)| other != courier);
        for (other, _) in others {
            assert!(!route.body.contains(other.as_str()), "{other}");
        }
        assert!(!route.body.to_lowercase().contains("cost"));
    }
}

/// `punctual serve` as a process of its own, on a store. It ends with this value.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(store: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_punctual"))
            .args(["serve", "--listen", "127.0.0.1:0", "--store", store])
            .env_remove("PUNCTUAL_TEST_POSTGRES")
            .env_remove("PUNCTUAL_TEST_CHROMEDRIVER")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("serving on ").unwrap();
        let address = address.parse().unwrap();
        Self { child, address }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Opens a day at a server and holds a window for a customer, so that a courier has a route.
async fn fill_a_day(address: SocketAddr) {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    let mut client = PromiseServiceClient::new(channel.connect().await.unwrap());
    let request = pb::OpenDayRequest {
        request_id: "open".to_owned(),
        terms: Some(promises::terms()),
    };
    client.open_day(request).await.unwrap();
    let quote = pb::QuoteWindowsRequest {
        day_id: promises::day_id(),
        order: Some(promises::order(0)),
        ..pb::QuoteWindowsRequest::default()
    };
    let quoted = client.quote_windows(quote).await.unwrap().into_inner();
    let mut windows = quoted.windows.into_iter();
    let hold = pb::HoldWindowRequest {
        request_id: "hold".to_owned(),
        day_id: promises::day_id(),
        order: Some(promises::order(0)),
        window_id: windows.find(|quote| quote.is_offered).unwrap().window_id,
        ..pb::HoldWindowRequest::default()
    };
    client.hold_window(hold).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn couriers_addresses_outlive_the_process_where_promises_do() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().display());
    let server = Process::start(&store);
    fill_a_day(server.address).await;
    let path = format!("/api/days/{}/links", promises::day_id());
    let links = get(server.address, &path).json();
    let mut of_couriers = links["links"].as_object().unwrap().values();
    let link = of_couriers.next().unwrap().as_str().unwrap().to_owned();
    assert_eq!(get(server.address, &link).status, 200);
    drop(server);
    let server = Process::start(&store);
    assert_eq!(get(server.address, &link).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_a_couriers_address_finds_nothing() {
    let service = Service::with_pages(|_| ()).await;
    let job_id = planned(&service, days::small()).await;
    let (_, link) = &links(service.address, &job_id)[0];
    let code = &link["/c/".len().."/c/".len() + 32];
    let other = if code.starts_with('0') { "1" } else { "0" };
    let guesses = [
        link.replacen(&code[..1], other, 1),
        link[..link.len() - 1].to_owned(),
        "/c/0".to_owned(),
        format!("/c/{}job~{job_id}~courier-01", "0".repeat(32)),
        "/c/%00%ff".to_owned(),
        format!("/c/{}", "a".repeat(5_000)),
    ];
    for guess in guesses {
        for path in [guess.clone(), format!("{guess}/route")] {
            let reply = get(service.address, &path);
            assert!((400..500).contains(&reply.status), "{path}");
            assert!(!reply.body.contains("order-"));
        }
    }
    let page = get(service.address, "/c/0123456789abcdef0123456789abcdef");
    assert_eq!(page.status, 404);
    assert!(page.body.contains("There is no route at this address"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_lies_beside_the_pages() {
    let service = Service::with_pages(|_| ()).await;
    for path in [
        "/../Cargo.toml",
        "/assets/../../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/mod.rs",
        "/assets//etc/passwd",
        "/assets/",
        "/index.html",
        "/c/",
    ] {
        let reply = get(service.address, path);
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (404, "There is nothing here.\n"),
            "{path}"
        );
    }
    let posted = send(service.address, "POST", "/api/plans", "localhost", "{}");
    assert_eq!(posted.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_called_by_a_name_that_nobody_gave_it_shows_nothing() {
    let service = Service::with_pages(|config| {
        config.page_hosts = vec!["dispatch.example".to_owned()];
    })
    .await;
    let by = |host: &str| send(service.address, "GET", "/api/plans", host, "").status;
    assert_eq!(by("evil.example"), 421);
    assert_eq!(by("dispatch.example:80"), 200);
    assert_eq!(by("localhost:50061"), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_are_asked_for_only_where_the_configuration_says() {
    let plain = Service::with_pages(|_| ()).await;
    assert!(
        get(plain.address, "/")
            .body
            .contains("name=\"tiles\" content=\"\"")
    );
    let tiles = "https://tiles.example/{z}/{x}/{y}.png";
    let service = Service::with_pages(|config| config.tiles = tiles.to_owned()).await;
    let page = get(service.address, "/");
    assert!(
        page.body
            .contains(&format!("name=\"tiles\" content=\"{tiles}\""))
    );
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("img-src 'self' data: https://tiles.example;"),
        "{policy}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_as_it_was_beside_the_pages() {
    let service = Service::with_pages(|_| ()).await;
    let mut client = service.planning().await;
    let request = pb::ValidateProblemRequest {
        problem: Some(days::small()),
    };
    client.validate_problem(request).await.unwrap();
    let mut grpc = tonic::client::Grpc::new(service.channel().await);
    grpc.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/punctual.v1.Nothing/AtAll");
    let codec = tonic_prost::ProstCodec::<pb::ListPlansRequest, pb::ListPlansResponse>::default();
    let called = grpc
        .unary(tonic::Request::new(pb::ListPlansRequest {}), path, codec)
        .await;
    assert_eq!(called.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_can_have_a_port_of_their_own() {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut service = Service::with_pages(|config| config.http = PagesAt::Address(anywhere)).await;
    assert_ne!(service.pages_address, service.address);
    assert_eq!(get(service.pages_address, "/").status, 200);
    assert_eq!(get(service.pages_address, "/api/plans").status, 200);
    assert_eq!(get(service.pages_address, "/nothing").status, 404);
    planned(&service, days::small()).await;
    service.shut_down();
    service.ended().await.unwrap();
}
