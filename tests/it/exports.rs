//! Plans for spreadsheets, maps and navigators, by the command itself. The plan in `tests/data/export` has texts in it that
//! look like formulas, markup and quotation marks.

use std::fs;
use std::path::{Path, PathBuf};

use calamine::{Data, Reader, Xlsx, open_workbook};
use punctual::grpc::{json, pb};
use tempfile::TempDir;

use crate::command::{punctual, text};
use crate::days;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/export")
}

/// A folder with the plan.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::copy(data().join("plan.json"), folder.path().join("plan.json")).unwrap();
    folder
}

fn planned() -> pb::PlannedDay {
    json::read(&fs::read_to_string(data().join("plan.json")).unwrap()).unwrap()
}

fn export(folder: &Path, language: &str, output: &str) {
    let arguments = ["export", "plan.json", "--language", language, "-o", output];
    let run = punctual(folder, &arguments).success();
    let printed = text(&run.get_output().stdout);
    assert_eq!(printed, format!("{output}: 1 route, 3 stops\n"));
}

#[test]
fn exports_are_as_they_were() {
    let folder = folder();
    for (language, format) in [
        ("en", "csv"),
        ("ru", "csv"),
        ("en", "geojson"),
        ("en", "gpx"),
        ("ru", "gpx"),
    ] {
        let name = format!("plan.{language}.{format}");
        export(folder.path(), language, &name);
        let written = fs::read_to_string(folder.path().join(&name)).unwrap();
        let expected = fs::read_to_string(data().join(&name)).unwrap();
        assert!(
            written == expected,
            "{name} is no longer tests/data/export/{name}; it is now:\n{written}"
        );
    }
}

#[test]
fn equal_plans_give_equal_workbooks() {
    let folder = folder();
    export(folder.path(), "en", "a.xlsx");
    export(folder.path(), "en", "b.xlsx");
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read("a.xlsx") == read("b.xlsx"));
}

#[test]
fn a_workbook_has_real_dates_and_no_formulas() {
    let folder = folder();
    export(folder.path(), "ru", "plan.xlsx");
    let mut workbook: Xlsx<_> = open_workbook(folder.path().join("plan.xlsx")).unwrap();
    let names = ["Остановки", "Маршруты", "Не обслужены"];
    assert_eq!(workbook.sheet_names(), names);
    for name in names {
        let formulas = workbook.worksheet_formula(name).unwrap();
        assert!(formulas.cells().all(|(.., formula)| formula.is_empty()));
    }
    let stops = workbook.worksheet_range("Остановки").unwrap();
    let of = |heading: &str| {
        let headings = stops.rows().next().unwrap();
        let column = headings.iter().position(|cell| *cell == heading).unwrap();
        stops.rows().nth(1).unwrap()[column].clone()
    };
    assert_eq!(of("Адрес"), "=HYPERLINK(\"http://example.test\";\"x\")");
    assert_eq!(of("Телефон"), "+7 900 000-00-01");
    assert_eq!(of("Груз kg"), 60.0);
    let Data::DateTime(arrival) = of("Прибытие") else {
        panic!("{:?}", of("Прибытие"))
    };
    let (year, month, day, hour, minute, second, _) = arrival.to_ymd_hms_milli();
    assert_eq!((year, month, day), (2026, 11, 26));
    assert_eq!((hour, minute, second), (10, 10, 54));
    let unserved = workbook.worksheet_range("Не обслужены").unwrap();
    let row = unserved.rows().nth(1).unwrap();
    assert_eq!(row[0], "a-4");
    let reason = "anna: не помещается (kg) 210";
    assert!(row.iter().any(|cell| *cell == reason), "{row:?}");
}

/// Orders by id, without what no table says.
fn orders(day: pb::Problem) -> Vec<pb::Order> {
    let mut orders = day.orders;
    orders.sort_by(|a, b| a.id.cmp(&b.id));
    for order in &mut orders {
        if let Some(promise) = &mut order.promise {
            promise.promised_time = None;
            promise.stated_probability_percent = None;
        }
        order.preference = None;
    }
    orders
}

/// What an export says once it is imported again, for couriers called `couriers` and a depot called `depot`.
fn imported(folder: &Path, orders: &str, couriers: &[&str], depot: &str) -> Vec<pb::Order> {
    let mut table = "id,from,to,skills\n".to_owned();
    for courier in couriers {
        table += courier;
        table += ",22.11.2026 22:00,27.11.2026 10:00,\"cold, heavy, id_check, alcohol\"\n";
    }
    fs::write(folder.join("couriers.csv"), table).unwrap();
    let depot = format!("{depot}=55.74,37.61");
    let arguments = [
        "import",
        orders,
        "--couriers",
        "couriers.csv",
        "--depot",
        &depot,
        "--time-zone",
        "Europe/Moscow",
        "--service",
        "0",
        "-o",
        "again.json",
    ];
    punctual(folder, &arguments).success();
    let text = fs::read_to_string(folder.join("again.json")).unwrap();
    self::orders(json::read(&text).unwrap())
}

#[test]
fn what_is_exported_and_imported_again_says_the_same() {
    let folder = folder();
    let mut expected = orders(planned().problem.unwrap());
    // The last order is not served, and so is no stop.
    expected.pop();
    for output in ["en.csv", "ru.csv", "en.xlsx", "ru.xlsx"] {
        export(folder.path(), &output[..2], output);
        assert_eq!(
            imported(folder.path(), output, &["anna"], "store"),
            expected,
            "{output}"
        );
    }
}

#[test]
fn a_generated_day_survives_the_way_there_and_back() {
    let folder = TempDir::new().unwrap();
    let day = days::small();
    fs::write(folder.path().join("day.json"), json::write(&day)).unwrap();
    let plan = [
        "plan",
        "day.json",
        "--iterations",
        "500",
        "--output",
        "plan.json",
    ];
    punctual(folder.path(), &plan).success();
    for output in ["plan.csv", "plan.xlsx"] {
        punctual(folder.path(), &["export", "plan.json", "-o", output]).success();
        let couriers: Vec<&str> = day
            .couriers
            .iter()
            .map(|courier| courier.id.as_str())
            .collect();
        let mut again = imported(folder.path(), output, &couriers, &day.depots[0].id);
        let mut expected = orders(day.clone());
        for order in expected.iter_mut().chain(&mut again) {
            order.forbidden_courier_ids.sort();
        }
        assert_eq!(again, expected, "{output}");
    }
}

#[test]
fn a_plan_apart_from_its_day_needs_the_day() {
    let folder = folder();
    let day = planned();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    write("bare.json", json::write(&day.plan.unwrap()));
    write("day.json", json::write(&day.problem.unwrap()));
    let bare = ["export", "bare.json", "-o", "bare.csv"];
    let run = punctual(folder.path(), &bare).code(64);
    assert!(text(&run.get_output().stderr).contains("--day DAY.json"));
    punctual(folder.path(), &[&bare[..], &["--day", "day.json"]].concat()).success();
    let bare = fs::read_to_string(folder.path().join("bare.csv")).unwrap();
    assert!(bare.contains("a-1"));
    // A plan of another day names orders that are not there.
    write("other.json", json::write(&days::small()));
    let other = ["export", "plan.json", "--day", "other.json", "-o", "p.csv"];
    let run = punctual(folder.path(), &other).code(1);
    assert!(text(&run.get_output().stderr).contains("plan.routes[0]"));
}

#[test]
fn places_without_coordinates_are_told_of_and_left_out_of_maps() {
    let folder = TempDir::new().unwrap();
    let mut day = days::with_matrix();
    // Somebody who works around the clock.
    let courier = &mut day.couriers[0];
    courier.limits = None;
    courier.costs = None;
    let shift = courier.shift.as_mut().unwrap();
    shift.end_time.as_mut().unwrap().seconds += 10 * 3_600;
    for order in &mut day.orders {
        order.place.as_mut().unwrap().location = None;
    }
    fs::write(folder.path().join("day.json"), json::write(&day)).unwrap();
    let plan = [
        "plan",
        "day.json",
        "--iterations",
        "50",
        "--output",
        "plan.json",
    ];
    punctual(folder.path(), &plan);
    for output in ["plan.gpx", "plan.geojson"] {
        let run = punctual(folder.path(), &["export", "plan.json", "-o", output]).success();
        let said = text(&run.get_output().stderr);
        assert!(said.contains("2 stops without coordinates"), "{said}");
    }
    let map = fs::read_to_string(folder.path().join("plan.geojson")).unwrap();
    let map: serde_json::Value = serde_json::from_str(&map).unwrap();
    let features = map["features"].as_array().unwrap();
    let stop = features
        .iter()
        .find(|feature| feature["properties"]["kind"] == "stop");
    assert!(stop.unwrap()["geometry"].is_null());
}

#[test]
fn one_courier_and_the_format_can_be_chosen() {
    let folder = folder();
    let to = |more: &[&str]| {
        punctual(
            folder.path(),
            &[&["export", "plan.json"][..], more].concat(),
        )
    };
    to(&["-o", "plan.txt"]).code(64);
    to(&["-o", "plan.txt", "--format", "pdf"]).code(64);
    to(&["-o", "plan.txt", "--format", "gpx", "--courier", "anna"]).success();
    let run = to(&["-o", "a.csv", "--courier", "boris"]).code(64);
    assert!(text(&run.get_output().stderr).contains("these couriers have routes: anna"));
    to(&["-o", "no/plan.csv"]).code(1);
    let gpx = fs::read_to_string(folder.path().join("plan.txt")).unwrap();
    assert_eq!(gpx.matches("<rte>").count(), 1);
}
