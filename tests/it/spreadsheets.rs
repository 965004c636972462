//! Days from spreadsheets, by the command itself.

use std::fs;
use std::path::Path;

use assert_cmd::assert::Assert;
use encoding_rs::WINDOWS_1251;
use punctual::grpc::{json, pb};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use tempfile::TempDir;

use crate::command::{punctual, text};

const STORE: &str = "store=55.7386,37.6078";
const COURIERS: &str = "id,from,to\nanna,8:00,21:00\n";

fn bundled(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name);
    fs::read_to_string(path).unwrap()
}

/// A folder with the bundled tables.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["orders.csv", "couriers.csv"] {
        fs::write(folder.path().join(name), bundled(name)).unwrap();
    }
    folder
}

/// Imports `orders` for 26 November in Moscow.
fn import(folder: &Path, orders: &str, more: &[&str]) -> Assert {
    import_with(folder, orders, "couriers.csv", more)
}

fn import_with(folder: &Path, orders: &str, couriers: &str, more: &[&str]) -> Assert {
    let arguments = [
        "import",
        orders,
        "--couriers",
        couriers,
        "--depot",
        STORE,
        "--time-zone",
        "Europe/Moscow",
        "--date",
        "26.11.2026",
        "-o",
        "day.json",
    ];
    punctual(folder, &[&arguments[..], more].concat())
}

fn complaints(run: &Assert) -> String {
    text(&run.get_output().stderr)
}

fn day(folder: &Path) -> pb::Problem {
    json::read(&fs::read_to_string(folder.join("day.json")).unwrap()).unwrap()
}

#[test]
fn the_bundled_tables_become_a_day_that_can_be_planned() {
    let folder = folder();
    let run = import(folder.path(), "orders.csv", &[]).success();
    let printed = text(&run.get_output().stdout);
    assert_eq!(printed, "day.json: 12 orders, 2 couriers, 1 depot\n");
    assert!(complaints(&run).contains("orders.csv: UTF-8, separated by semicolons: 12 orders"));
    let day = day(folder.path());
    let order = &day.orders[8];
    assert_eq!(
        (order.id.as_str(), order.notes.as_str()),
        ("A-109", "=осторожно, стекло")
    );
    assert_eq!(order.loads["grams"], 11_000);
    assert_eq!(order.service_duration.unwrap().seconds, 390);
    // 15:00 in Moscow.
    let window = order.promise.as_ref().unwrap().window.unwrap();
    assert_eq!(window.start_time.unwrap().seconds % 86_400, 12 * 3_600);
    let plan = [
        "plan",
        "day.json",
        "--iterations",
        "500",
        "--output",
        "plan.json",
    ];
    punctual(folder.path(), &plan).success();
}

#[test]
fn the_spreadsheets_in_the_readme_are_told_of_as_they_are() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let folder = folder();
    fs::create_dir(folder.path().join("data")).unwrap();
    for name in ["orders.csv", "couriers.csv"] {
        fs::write(folder.path().join("data").join(name), bundled(name)).unwrap();
    }
    let run = import_with(folder.path(), "data/orders.csv", "data/couriers.csv", &[]).success();
    let said = complaints(&run) + &text(&run.get_output().stdout);
    assert!(readme.contains(&said), "{said}");
    let mistakes = [
        ("12,4;", "12,4 кг;"),
        ("9:00-11:00", "11:00-9:00"),
        ("A-107", "A-106"),
    ];
    let bad = mistakes
        .iter()
        .fold(bundled("orders.csv"), |table, (right, wrong)| {
            table.replace(right, wrong)
        });
    fs::write(folder.path().join("bad.csv"), bad).unwrap();
    let run = import(folder.path(), "bad.csv", &[]).code(1);
    let said = complaints(&run);
    let (_, said) = said.split_once("punctual: ").unwrap();
    assert!(readme.contains(said), "{said}");
}

#[test]
fn a_table_in_windows_1251_becomes_the_same_day() {
    let folder = folder();
    import(folder.path(), "orders.csv", &[]).success();
    let expected = day(folder.path());
    let orders = bundled("orders.csv");
    let orders = WINDOWS_1251.encode(orders.trim_start_matches('\u{feff}')).0;
    fs::write(folder.path().join("old.csv"), &orders).unwrap();
    let run = import(folder.path(), "old.csv", &[]).success();
    assert!(complaints(&run).contains("old.csv: Windows-1251, separated by semicolons"));
    assert_eq!(day(folder.path()), expected);
    import(folder.path(), "old.csv", &["--encoding", "utf-8"]).code(1);
}

#[test]
fn orders_called_in_cyrillic_are_planned_printed_and_exported_as_they_are_called() {
    let folder = folder();
    let orders = bundled("orders.csv").replace("A-1", "Заказ №1");
    fs::write(folder.path().join("called.csv"), orders).unwrap();
    let run = import(folder.path(), "called.csv", &[]).success();
    let note =
        "12 orders; 12 ids written in the letters of ids, the first \"Заказ №101\" as Zakaz-N101";
    assert!(complaints(&run).contains(note), "{}", complaints(&run));
    let before = day(folder.path());
    assert_eq!(before.orders[0].id, "Zakaz-N101");
    assert_eq!(before.orders[0].reference, "Заказ №101");
    let file = folder.path();
    let plan = ["plan", "day.json", "--iterations", "500", "--output"];
    punctual(file, &[&plan[..], &["plan.json"]].concat()).success();
    let sheet = [
        "sheet",
        "plan.json",
        "--format",
        "html",
        "--output",
        "sheets",
    ];
    punctual(file, &sheet).success();
    let sheets = fs::read_dir(file.join("sheets")).unwrap();
    let sheets: Vec<String> = sheets
        .map(|sheet| fs::read_to_string(sheet.unwrap().path()).unwrap())
        .collect();
    let sheets = sheets.concat().replace('\u{a0}', " ");
    assert!(sheets.contains("Заказ №101") && !sheets.contains("Zakaz-N101"));
    let export = ["export", "plan.json", "--language", "ru", "--output"];
    punctual(file, &[&export[..], &["stops.csv"]].concat()).success();
    import(file, "stops.csv", &[]).success();
    let mut again = day(file).orders;
    again.sort_by(|a, b| a.id.cmp(&b.id));
    let called = |order: &pb::Order| (order.id.clone(), order.reference.clone());
    assert_eq!(
        again.iter().map(called).collect::<Vec<_>>(),
        before.orders.iter().map(called).collect::<Vec<_>>()
    );
}

#[test]
fn bad_rows_are_all_named_and_left_out_on_request() {
    let folder = folder();
    let orders = bundled("orders.csv")
        .replace("37,54253", "137,5x")
        .replace("9:00-11:00", "11:00-9:00")
        .replace("A-107", "A-106");
    fs::write(folder.path().join("bad.csv"), orders).unwrap();
    let run = import(folder.path(), "bad.csv", &["--report", "report.csv"]).code(1);
    let lines = [
        "bad.csv: row 2, \"Долгота\" = \"137,5x\": is no number of degrees; one is like 55.7558 or 55,7558",
        "bad.csv: row 4, \"Интервал\" = \"11:00-9:00\": ends before it starts; the start comes first",
        "bad.csv: row 8, \"Номер заказа\" = \"A-106\": stands in row 7, too; ids must differ",
    ];
    let said = complaints(&run);
    assert!(
        said.contains("punctual: import bad.csv: 3 problems"),
        "{said}"
    );
    for line in lines {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!folder.path().join("day.json").exists());
    let report = fs::read_to_string(folder.path().join("report.csv")).unwrap();
    assert_eq!(report.lines().count(), 4);
    assert!(
        report.contains("bad.csv,4,Интервал,11:00-9:00,"),
        "{report}"
    );

    let run = import(folder.path(), "bad.csv", &["--keep-good"]).code(2);
    assert!(complaints(&run).contains("left out: bad.csv: row 8"));
    assert_eq!(day(folder.path()).orders.len(), 9);
}

#[test]
fn what_rows_mean_together_is_said_by_row_as_well() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("couriers.csv"), COURIERS).unwrap();
    let orders =
        "id,coordinates,window,skills\n1,\"55.75, 37.61\",9-12,\n\n2,\"55.75, 37.62\",9-12,fly\n";
    fs::write(at("orders.csv"), orders).unwrap();
    let run = import(folder.path(), "orders.csv", &[]).code(1);
    let line = "orders.csv: row 4, \"required_skills\": no courier has the skill `fly`";
    assert!(complaints(&run).contains(line), "{}", complaints(&run));
    import(folder.path(), "orders.csv", &["--keep-good"]).code(2);
    assert_eq!(day(folder.path()).orders.len(), 1);
}

#[test]
fn headings_that_are_missing_are_named_with_those_seen() {
    let folder = folder();
    let orders = bundled("orders.csv")
        .replace("Широта", "Y")
        .replace("Долгота", "X");
    fs::write(folder.path().join("odd.csv"), orders).unwrap();
    let run = import(folder.path(), "odd.csv", &[]).code(1);
    let said = complaints(&run);
    assert!(
        said.contains("no column says latitude and longitude"),
        "{said}"
    );
    assert!(said.contains("\"Адрес\", \"Y\", \"X\""), "{said}");
    let columns = ["--column", "latitude=Y", "--column", "longitude=X"];
    import(folder.path(), "odd.csv", &columns).success();
    let run = import(folder.path(), "odd.csv", &["--column", "shoe=X"]).code(64);
    assert!(complaints(&run).contains("orders have no field \"shoe\""));
}

/// A workbook with orders, with formulas and merged cells among them, and couriers.
fn workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let plain = Format::new();
    let date = Format::new().set_num_format("dd.mm.yyyy");
    let time = Format::new().set_num_format("hh:mm");
    let sheet = workbook.add_worksheet().set_name("Заказы").unwrap();
    sheet
        .merge_range(0, 0, 0, 5, "Заказы на завтра", &plain)
        .unwrap();
    let headings = [
        "Заказ",
        "Дата",
        "С",
        "До",
        "Широта",
        "Долгота",
        "Вес, кг",
        "Телефон",
        "Адрес",
    ];
    for (column, heading) in (0..).zip(headings) {
        sheet.write_string(1, column, heading).unwrap();
    }
    let day = ExcelDateTime::from_ymd(2026, 11, 27).unwrap();
    sheet.merge_range(2, 1, 3, 1, "", &date).unwrap();
    sheet.write_datetime_with_format(2, 1, &day, &date).unwrap();
    for (row, hour) in [(2, 10), (3, 14)] {
        let id = Formula::new("CONCAT(\"A-\",ROW())").set_result(format!("A-{row}"));
        sheet.write_formula(row, 0, id).unwrap();
        let from = ExcelDateTime::from_hms(hour, 20, 0).unwrap();
        sheet
            .write_datetime_with_format(row, 2, &from, &time)
            .unwrap();
        let to = Formula::new("C3+1/12").set_result(format!("{}", (f64::from(hour) + 2.0) / 24.0));
        sheet.write_formula_with_format(row, 3, to, &time).unwrap();
        sheet.write_number(row, 4, 55.75).unwrap();
        sheet.write_number(row, 5, 37.61).unwrap();
        sheet
            .write_formula(
                row,
                6,
                Formula::new("0.1+0.2").set_result("0.30000000000000004"),
            )
            .unwrap();
        sheet.write_number(row, 7, 79_001_234_567_f64).unwrap();
    }
    sheet
        .merge_range(2, 8, 3, 8, "Арбат, д. 1", &plain)
        .unwrap();
    let sheet = workbook.add_worksheet().set_name("Курьеры").unwrap();
    for (column, (heading, value)) in (0..).zip([
        ("Код", "anna"),
        ("Смена", "8:00-21:00"),
        ("Дата", "27.11.2026"),
    ]) {
        sheet.write_string(0, column, heading).unwrap();
        sheet.write_string(1, column, value).unwrap();
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_with_formulas_dates_and_merged_cells_becomes_a_day() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("day.xlsx"), workbook()).unwrap();
    let arguments = [
        "import",
        "day.xlsx",
        "--couriers",
        "day.xlsx",
        "--couriers-sheet",
        "Курьеры",
        "--depot",
        STORE,
        "--time-zone",
        "Europe/Moscow",
        "-o",
        "day.json",
    ];
    let run = punctual(folder.path(), &arguments).success();
    assert!(complaints(&run).contains("sheet \"Заказы\" (others: \"Курьеры\")"));
    assert!(complaints(&run).contains("day.xlsx (Курьеры): sheet \"Курьеры\""));
    let orders = day(folder.path()).orders;
    assert_eq!(orders.len(), 2);
    for (order, (id, hour)) in orders.iter().zip([("A-2", 10), ("A-3", 14)]) {
        assert_eq!(order.id, id);
        assert_eq!(order.loads["grams"], 300);
        assert_eq!(order.contact.as_ref().unwrap().phone, "79001234567");
        assert_eq!(order.place.as_ref().unwrap().address, "Арбат, д. 1");
        let window = order.promise.as_ref().unwrap().window.unwrap();
        let [start, end] = [window.start_time, window.end_time].map(|time| time.unwrap().seconds);
        // 27 November, three hours ahead of UTC.
        assert_eq!(start, 1_795_737_600 + (hour - 3) * 3_600 + 20 * 60);
        assert_eq!(end - start, 100 * 60);
    }
    let sheet = ["--sheet", "Задания"];
    let run = punctual(folder.path(), &[&arguments[..], &sheet].concat()).code(1);
    assert!(complaints(&run).contains("there are Заказы, Курьеры"));
}

#[test]
fn where_every_order_is_wrong_that_is_all_that_is_said() {
    let folder = folder();
    let table = "id,coordinates,window\n1,55.75 37.61,later\n";
    fs::write(folder.path().join("bad.csv"), table).unwrap();
    for more in [&[][..], &["--keep-good"]] {
        let run = import(folder.path(), "bad.csv", more).code(1);
        let said = complaints(&run);
        assert!(said.contains("row 2, \"window\" = \"later\""), "{said}");
        assert!(!said.contains("there are no orders"), "{said}");
    }
}

#[test]
fn wrong_arguments_exit_with_64_and_files_that_are_not_there_with_1() {
    let folder = folder();
    let with = |more: &[&str]| import(folder.path(), "orders.csv", more);
    with(&["--time-limit", "1s"]).code(64);
    with(&["--depot", "store"]).code(64);
    with(&["--column", "phone"]).code(64);
    with(&["--service", "-1"]).code(64);
    let arguments = [
        "import",
        "orders.csv",
        "--couriers",
        "couriers.csv",
        "-o",
        "day.json",
    ];
    let run = punctual(folder.path(), &arguments).code(64);
    assert!(complaints(&run).contains("give --depots FILE or --depot"));
    let zone = ["--depot", STORE, "--time-zone", "Mars/Olympus"];
    punctual(folder.path(), &[&arguments[..], &zone].concat()).code(64);
    import(folder.path(), "nothing.csv", &[]).code(1);
    with(&["--report", "no/report.csv"]).code(1);
    fs::write(folder.path().join("empty.csv"), "").unwrap();
    let run = import(folder.path(), "empty.csv", &[]).code(1);
    assert!(complaints(&run).contains("read empty.csv: there is nothing in it"));
    fs::write(folder.path().join("broken.xlsx"), &workbook()[..2_000]).unwrap();
    let run = import(folder.path(), "broken.xlsx", &[]).code(1);
    assert!(complaints(&run).contains("the workbook cannot be read"));
    assert!(!folder.path().join("day.json").exists());
}

#[test]
fn a_matrix_breaks_and_preferences_come_from_tables() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let couriers = "id,shift,breaks\nanna,8:00-21:00,\"30 min 12:00-14:00; 15 min after 4 h\"\n";
    fs::write(at("couriers.csv"), couriers).unwrap();
    let orders = "id,window,preferred,place id\nA,9-12,10-11,gate\nB,9-18,,\n";
    fs::write(at("orders.csv"), orders).unwrap();
    fs::write(at("depots.csv"), "id,address\nstore,Quay 1\n").unwrap();
    let ways = "from,to,minutes,km\nstore,gate,10,5\ngate,store,12,5\nstore,B,20,9\nB,store,20,9\ngate,B,7,3\nB,gate,7,3\n";
    fs::write(at("ways.csv"), ways).unwrap();
    let tables = ["--couriers", "couriers.csv", "--depots", "depots.csv"];
    let rest = [
        "--matrix",
        "ways.csv",
        "--preference-cost",
        "500",
        "--date",
        "26.11.2026",
        "-o",
        "day.json",
    ];
    let all = [&["import", "orders.csv"], &tables[..], &rest].concat();
    let run = punctual(folder.path(), &all).success();
    assert!(complaints(&run).contains("ways.csv: UTF-8, separated by commas: 6 ways"));
    let day = day(folder.path());
    let source = day.travel_profiles[0].source.as_ref().unwrap();
    let pb::travel_profile::Source::Matrix(matrix) = source else {
        panic!("{source:?}");
    };
    assert_eq!(matrix.place_ids, ["B", "gate", "store"]);
    assert_eq!(
        matrix.duration_seconds,
        [0, 420, 1_200, 420, 0, 720, 1_200, 600, 0]
    );
    assert_eq!(day.orders[1].place.as_ref().unwrap().id, "B");
    assert_eq!(day.orders[0].preference.as_ref().unwrap().miss_cost, 500);
    assert_eq!(day.couriers[0].breaks.len(), 2);
    let plan = [
        "plan",
        "day.json",
        "--iterations",
        "200",
        "--output",
        "plan.json",
    ];
    let run = punctual(folder.path(), &plan).success();
    assert!(text(&run.get_output().stdout).contains("0 orders unserved"));

    fs::write(at("ways.csv"), ways.replace("B,gate,7,3", "B,gate,7,far")).unwrap();
    let run = punctual(folder.path(), &all).code(1);
    let line = "ways.csv: row 7, \"km\" = \"far\": is no number from 0 to 10000";
    assert!(complaints(&run).contains(line), "{}", complaints(&run));
    fs::write(at("ways.csv"), "from,to,minutes,km\nstore,gate,10,5\n").unwrap();
    let run = punctual(folder.path(), &all).code(1);
    let line = "row 3, \"place.id\": the matrix of profile `car` has no row for `B`";
    assert!(complaints(&run).contains(line), "{}", complaints(&run));
    punctual(folder.path(), &[&all[..], &["--speed", "20"]].concat()).code(64);
}
