//! `punctual day`, against a running service.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use punctual::grpc::{json, pb};
use tempfile::TempDir;

use crate::service::Service;

/// A service, and a folder with a day and an order.
struct Desk {
    folder: TempDir,
    server: String,
    _service: Service,
}

impl Desk {
    async fn start() -> Self {
        let service = Service::start().await;
        let desk = Self {
            folder: TempDir::new().unwrap(),
            server: format!("http://{}", service.address),
            _service: service,
        };
        let generate = ["generate", "--preset", "small"];
        let file = |kind, name| [&generate[..], &[kind, "--output", name]].concat();
        run(desk.folder.path(), &file("--promises", "day.json")).success();
        run(desk.folder.path(), &file("--customer", "order.json")).success();
        desk
    }

    /// Runs `punctual day` with `arguments`, words separated by spaces.
    fn day(&self, arguments: &str) -> Assert {
        let mut words = vec!["day"];
        words.extend(arguments.split_whitespace());
        words.extend(["--server", &self.server]);
        run(self.folder.path(), &words)
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Assert {
    let mut command = Command::cargo_bin("punctual").unwrap();
    command
        .current_dir(folder)
        .args(arguments)
        .timeout(crate::service::PATIENCE)
        .assert()
}

fn printed(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn said(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_opened_filled_and_closed_from_the_command_line() {
    let desk = Desk::start().await;
    let opened = desk.day("open day.json --date 2035-06-05").success();
    assert!(printed(&opened).starts_with("2035-06-05 is open: 0 confirmed"));
    assert!(printed(&opened).contains("target: 98.1 %, nobody under 90 %"));
    let days = desk.day("status").success();
    assert_eq!(printed(&days), "2035-06-05\n");

    let quoted = desk
        .day("quote 2035-06-05 --order order.json --json")
        .success();
    let quote: pb::QuoteWindowsResponse = json::read(&printed(&quoted)).unwrap();
    let offered = quote.windows.iter().find(|window| window.is_offered);
    let window = &offered.unwrap().window_id;
    let quoted = desk.day("quote 2035-06-05 --order order.json").success();
    assert!(printed(&quoted).contains(window.as_str()) && printed(&quoted).contains("Good until"));
    assert!(
        printed(&quoted).contains(" MSK; plan version"),
        "{}",
        printed(&quoted)
    );

    let hold = format!("hold 2035-06-05 {window} --order order.json --request-id a --json");
    let held = desk.day(&hold).success();
    let promise: pb::PromiseRecord = json::read(&printed(&held)).unwrap();
    assert_eq!(
        printed(&desk.day(&hold).success()),
        printed(&held),
        "a replay"
    );
    let id = &promise.promise_id;
    let confirmed = desk.day(&format!("confirm 2035-06-05 {id}")).success();
    assert!(printed(&confirmed).starts_with(&format!("{id}: confirmed\n  order order-0001")));
    let listed = desk.day("list 2035-06-05 --state confirmed").success();
    assert!(printed(&listed).contains(id.as_str()));
    let shown = desk.day(&format!("show 2035-06-05 {id}")).success();
    assert!(printed(&shown).contains("comes at"));
    let ledger = desk.day("ledger 2035-06-05").success();
    for kind in ["opened", "held", "confirmed"] {
        assert!(printed(&ledger).contains(kind), "{}", printed(&ledger));
    }

    let closed = desk.day("close 2035-06-05 --output plan.json").success();
    assert!(printed(&closed).contains("is closed: 1 confirmed"));
    let again = desk.day("open day.json --date 2035-06-05").code(1);
    assert!(said(&again).contains("is closed"), "{}", said(&again));
    let again = desk.day("close 2035-06-05").code(1);
    assert!(said(&again).contains("punctual day status 2035-06-05 --output FILE"));
    desk.day("status 2035-06-05 --output again.json").success();
    let plan = |name| fs::read_to_string(desk.folder.path().join(name)).unwrap();
    assert_eq!(plan("again.json"), plan("plan.json"));
    run(
        desk.folder.path(),
        &["sheet", "plan.json", "--output", "sheets"],
    )
    .success();
    assert_eq!(
        fs::read_dir(desk.folder.path().join("sheets"))
            .unwrap()
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_with_what_there_is_instead() {
    let desk = Desk::start().await;
    desk.day("open day.json --date 2035-06-05").success();
    let order = fs::read_to_string(desk.folder.path().join("order.json")).unwrap();
    let mut large: pb::Order = json::read(&order).unwrap();
    large.loads = [("kg".to_owned(), 1_000_000)].into();
    fs::write(desk.folder.path().join("large.json"), json::write(&large)).unwrap();
    let quoted = desk.day("quote 2035-06-05 --order large.json").code(2);
    assert!(printed(&quoted).contains("No window can be promised."));
    let refused = desk.day("hold 2035-06-05 10-12 --order large.json").code(1);
    assert!(
        said(&refused).contains("kg too large"),
        "{}",
        said(&refused)
    );
    let mut nameless = large.clone();
    nameless.id = "a b".to_owned();
    fs::write(desk.folder.path().join("id.json"), json::write(&nameless)).unwrap();
    let refused = desk.day("quote 2035-06-05 --order id.json").code(1);
    assert_eq!(said(&refused).matches("order.id: ").count(), 1);
    let unknown = desk.day("confirm 2035-06-05 p-0").code(1);
    assert!(said(&unknown).contains("NotFound"), "{}", said(&unknown));
    let nothing = desk.day("amend 2035-06-05 p-0").code(64);
    assert!(said(&nothing).contains("<--window <ID>|--order <FILE>>"));
    let spread = "amend 2035-06-05 p-0 --window 12-14 --spread kg=2";
    assert!(said(&desk.day(spread).code(64)).contains("--order <FILE>"));
    for wrong in ["9999-12-31", "0001-01-01", "soon"] {
        let refused = desk.day(&format!("open day.json --date {wrong}")).code(64);
        assert!(
            said(&refused).contains("1971 to 9998"),
            "{}",
            said(&refused)
        );
    }
    let past = desk.day("open day.json --date 05.06.2020").success();
    assert!(printed(&past).starts_with("2020-06-05 is open"));
    let quoted = desk.day("quote 2020-06-05 --order order.json").code(2);
    assert!(printed(&quoted).contains("its cut-off, 2020-06-05 08:00, has passed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_closes_without_a_promise_has_a_plan_without_sheets() {
    let desk = Desk::start().await;
    desk.day("open day.json --date 2035-06-05").success();
    desk.day("close 2035-06-05 --output plan.json").success();
    let sheet = ["sheet", "plan.json", "--output", "sheets"];
    let run = run(desk.folder.path(), &sheet).success();
    assert!(said(&run).contains("no sheet was written: the plan has no routes"));
}

#[test]
fn nobody_there_is_said_so() {
    let folder = TempDir::new().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let refused = run(folder.path(), &["day", "status", "--server", &address]).code(1);
    assert!(said(&refused).contains("is `punctual serve` running?"));
}

#[test]
fn an_address_that_is_not_plain_http_is_refused_unasked() {
    let folder = TempDir::new().unwrap();
    for (address, why) in [
        ("https://127.0.0.1:1", "there is no encryption"),
        ("ftp://127.0.0.1:1", "only http:// can be spoken"),
        ("", "an address is needed"),
        ("http://", "an address is needed"),
    ] {
        let refused = run(folder.path(), &["day", "status", "--server", address]).code(64);
        assert!(said(&refused).contains(why), "{}", said(&refused));
    }
}

#[test]
fn a_store_that_cannot_be_used_is_said_before_serving() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let with = |more: [&'static str; 2]| run(folder.path(), &[&serve[..], &more].concat()).code(1);
    let refused = said(&with(["--data", "file"]));
    assert!(refused.contains("open the store sqlite:file"), "{refused}");
    assert!(refused.contains("it is a file"), "{refused}");
    let refused = said(&with(["--store", "mysql://x"]));
    assert!(
        refused.contains("postgres://USER:PASSWORD@HOST"),
        "{refused}"
    );
    let nobody = "postgres://shop:s3cret@127.0.0.1:1/days";
    let refused = said(&with(["--store", nobody]));
    assert!(
        refused.contains("open the store postgres://127.0.0.1:1/days"),
        "{refused}"
    );
    assert!(refused.contains("Connection refused"), "{refused}");
    assert!(!refused.contains("s3cret"), "{refused}");
}
