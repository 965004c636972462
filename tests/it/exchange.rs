//! Tables imported and plans exported by a real server.

use std::path::Path;

use punctual::grpc::pb;
use punctual::grpc::pb::exchange_service_client::ExchangeServiceClient;
use rust_xlsxwriter::Workbook;
use tonic::Code;
use tonic::transport::Channel;
use tonic_types::StatusExt;

use crate::service::{Service, budget};

async fn exchange(service: &Service) -> ExchangeServiceClient<Channel> {
    ExchangeServiceClient::new(service.channel().await).max_decoding_message_size(64 << 20)
}

fn table(content: impl Into<Vec<u8>>) -> pb::TableFile {
    pb::TableFile {
        content: content.into(),
        ..pb::TableFile::default()
    }
}

fn bundled(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name);
    std::fs::read(path).unwrap()
}

fn store() -> pb::Depot {
    pb::Depot {
        id: "store".to_owned(),
        place: Some(pb::Place {
            location: Some(pb::GeoPoint {
                latitude: Some(55.7386),
                longitude: Some(37.6078),
            }),
            ..pb::Place::default()
        }),
        ..pb::Depot::default()
    }
}

/// The bundled tables, with `orders` in the place of theirs.
fn request(orders: impl Into<Vec<u8>>) -> pb::ImportDayRequest {
    pb::ImportDayRequest {
        orders: Some(table(orders)),
        couriers: Some(table(bundled("couriers.csv"))),
        own_depots: vec![store()],
        time_zone: "Europe/Moscow".to_owned(),
        date: "26.11.2026".to_owned(),
        ..pb::ImportDayRequest::default()
    }
}

/// Paths of what a status objects to.
fn fields(status: &tonic::Status) -> Vec<String> {
    let details = status.get_details_bad_request();
    let violations = details.map(|details| details.field_violations);
    let violations = violations.unwrap_or_default().into_iter();
    violations.map(|violation| violation.field).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_become_a_day_that_is_planned_and_exported_without_a_file() {
    let service = Service::start().await;
    let mut client = exchange(&service).await;
    let answer = client.import_day(request(bundled("orders.csv"))).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.findings, []);
    let problem = answer.problem.unwrap();
    assert_eq!((problem.orders.len(), problem.couriers.len()), (12, 2));
    assert_eq!(problem.name, "2026-11-26");
    let [couriers, orders] = &answer.tables[..] else {
        panic!("{:?}", answer.tables);
    };
    assert_eq!(couriers.part(), pb::TablePart::Couriers);
    assert_eq!((orders.rows_good, orders.rows_bad), (12, 0));
    assert_eq!(
        (orders.encoding(), orders.delimiter.as_str()),
        (pb::TextEncoding::Utf8, ";")
    );

    let request = pb::EvaluatePlanRequest {
        problem: Some(problem.clone()),
        routes: vec![pb::RouteSketch {
            courier_id: problem.couriers[0].id.clone(),
            order_ids: vec![problem.orders[0].id.clone()],
            ..pb::RouteSketch::default()
        }],
        forecast: None,
    };
    let plan = service.planning().await.evaluate_plan(request).await;
    let plan = plan.unwrap().into_inner();
    let day = pb::PlannedDay {
        problem: Some(problem),
        plan: plan.plan,
        forecast: plan.forecast,
        target_outcome: None,
    };
    for (format, name, begins) in [
        (pb::ExportFormat::Csv, "plan.csv", "\u{feff}"),
        (pb::ExportFormat::Xlsx, "plan.xlsx", "PK"),
        (pb::ExportFormat::Geojson, "plan.geojson", "{"),
        (pb::ExportFormat::Gpx, "plan.gpx", "<?xml"),
    ] {
        let request = pb::ExportPlanRequest {
            day: Some(day.clone()),
            format: format.into(),
            language: pb::Language::Ru.into(),
            courier_ids: Vec::new(),
        };
        let file = client.export_plan(request).await.unwrap().into_inner();
        assert_eq!(file.file_name, name);
        assert!(file.content.starts_with(begins.as_bytes()), "{name}");
        let is_table = format == pb::ExportFormat::Csv || format == pb::ExportFormat::Gpx;
        assert_eq!(file.unserved_not_shown, if is_table { 11 } else { 0 });
        assert_eq!(file.stops_not_shown, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_wrong_are_findings_and_left_out_on_request() {
    let service = Service::start().await;
    let mut client = exchange(&service).await;
    let orders = String::from_utf8(bundled("orders.csv")).unwrap();
    let orders = orders
        .replace("9:00-11:00", "11:00-9:00")
        .replace("A-107", "A-106");
    let answer = client.import_day(request(orders.clone())).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.problem, None);
    let found: Vec<(i64, &str, &str)> = answer
        .findings
        .iter()
        .map(|finding| (finding.row, finding.column.as_str(), finding.value.as_str()))
        .collect();
    assert_eq!(
        found,
        [(4, "Интервал", "11:00-9:00"), (8, "Номер заказа", "A-106")]
    );
    assert_eq!(answer.findings[0].part(), pb::TablePart::Orders);
    let keeping = pb::ImportDayRequest {
        keep_good: true,
        ..request(orders)
    };
    let answer = client.import_day(keeping).await.unwrap().into_inner();
    assert_eq!(
        (answer.problem.unwrap().orders.len(), answer.findings.len()),
        (10, 2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_sheets_and_a_matrix_are_chosen_as_by_the_command() {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("Notes").unwrap();
    let sheet = workbook.add_worksheet().set_name("Orders").unwrap();
    let rows = [["Ref", "window"], ["A", "9-12"], ["B", "9-12"]];
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    let orders = pb::TableFile {
        sheet: "Orders".to_owned(),
        columns: [("id".to_owned(), "Ref".to_owned())].into(),
        ..table(workbook.save_to_buffer().unwrap())
    };
    let ways = "from,to,sec,m\nstore,A,60,100\nA,store,60,100\nstore,B,60,100\nB,store,60,100\nA,B,9,9\nB,A,9,9\n";
    let asked = pb::ImportDayRequest {
        orders: Some(orders),
        matrix: Some(pb::TableFile {
            columns: [("meters".to_owned(), "m".to_owned())].into(),
            ..table(ways)
        }),
        ..request("")
    };
    let service = Service::start().await;
    let mut client = exchange(&service).await;
    let answer = client.import_day(asked).await.unwrap().into_inner();
    assert_eq!(answer.findings, []);
    let problem = answer.problem.unwrap();
    assert!(matches!(
        problem.travel_profiles[0].source,
        Some(pb::travel_profile::Source::Matrix(_))
    ));
    let mut planned = service.planning().await;
    let request = pb::SolvePlanRequest {
        problem: Some(problem),
        options: Some(budget(50)),
        ..pb::SolvePlanRequest::default()
    };
    planned.solve_plan(request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_make_no_day_are_refused_with_everything_that_is_wrong() {
    let service = Service::start().await;
    let mut client = exchange(&service).await;
    let empty = pb::ImportDayRequest::default();
    let status = client.import_day(empty).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(fields(&status), ["orders", "couriers", "depots"]);
    let bad = pb::ImportDayRequest {
        orders: Some(pb::TableFile {
            delimiter: "::".to_owned(),
            columns: [("shoe".to_owned(), "X".to_owned())].into(),
            encoding: 77,
            ..pb::TableFile::default()
        }),
        date: "yesterday".to_owned(),
        time_zone: "Mars/Olympus".to_owned(),
        preference_miss_cost: Some(0),
        ..request("")
    };
    let status = client.import_day(bad).await.unwrap_err();
    let expected = [
        "orders.content",
        "orders.delimiter",
        "orders.columns",
        "orders.encoding",
        "time_zone",
        "date",
        "preference_miss_cost",
    ];
    assert_eq!(fields(&status), expected);
    for (content, message) in [
        (&b"\n\n"[..], "a row of headings is needed"),
        (&b"PK\x03\x04 broken"[..], "the workbook cannot be read"),
        (&b"a,b\n1,2\n"[..], "no column says id"),
    ] {
        let status = client.import_day(request(content)).await.unwrap_err();
        assert_eq!(fields(&status), ["orders.content"], "{status:?}");
        assert!(status.message().contains(message), "{status:?}");
    }
    let exported = pb::ExportPlanRequest::default();
    let status = client.export_plan(exported).await.unwrap_err();
    assert_eq!(fields(&status), ["day", "format"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_what_they_unpack_to_are_bounded() {
    let service = Service::with(|config| {
        config.planning.orders_max = 10;
        config.server.message_bytes_max = 65_536;
    })
    .await;
    let mut client = exchange(&service).await;
    let line = "1,55.75 37.61,9-12\n";
    let long = "id,coordinates,window\n".to_owned() + &line.repeat(50);
    let status = client.import_day(request(long)).await.unwrap_err();
    assert_eq!(fields(&status), ["orders.content"]);
    assert!(status.message().contains("rows beyond 20"), "{status:?}");

    // One text of 32 KB, named in a thousand cells: a few kilobytes in all.
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for column in 0..100 {
        let heading = ["id", "coordinates", "window"].get(usize::from(column));
        let other = format!("other {column}");
        sheet
            .write_string(0, column, *heading.unwrap_or(&other.as_str()))
            .unwrap();
        for row in 1..10 {
            sheet.write_string(row, column, "x".repeat(30_000)).unwrap();
        }
    }
    let bomb = workbook.save_to_buffer().unwrap();
    assert!(bomb.len() < 30_000, "{}", bomb.len());
    let status = client.import_day(request(bomb)).await.unwrap_err();
    assert!(
        status.message().contains("more than 262144 bytes"),
        "{status:?}"
    );
    let large = vec![b'x'; 70_000];
    let status = client.import_day(request(large)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
}
