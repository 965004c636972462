//! The pages in a real browser: Debian's Chromium without a screen. Pictures of what was seen are in `target/pages`.
//!
//! These tests need `PUNCTUAL_TEST_CHROMEDRIVER` to name the driver and pass without doing anything if it does not.

mod driver;
mod live;
mod promise_days;
mod spoken;

use driver::{Browser, Setup};
use punctual::grpc::json as form;
use punctual::grpc::pb;
use serde_json::json;

use crate::days;
use crate::pages::{planned, planned_for};
use crate::service::{Service, budget};

/// A day large enough to have something at risk.
fn day() -> pb::Problem {
    days::busy()
}

const FIRST_RISK: &str = "#list .row";

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatcher_finds_the_riskiest_stop_and_why_it_is_at_risk() {
    let Some(browser) = Browser::start(&Setup::default()) else {
        return;
    };
    let service = Service::with_pages(|_| ()).await;
    planned_for(3_000, &service, day()).await;
    browser.open(&format!("http://{}/", service.address));
    browser.until("document.querySelectorAll('#list .row').length > 20");
    let chances = browser.ask(
        "[...document.querySelectorAll('#list .row .badge')].map((badge) => Number.parseInt(badge.textContent))",
    );
    let chances: Vec<i64> = serde_json::from_value(chances).unwrap();
    assert!(chances.is_sorted() && chances[0] < 95, "{chances:?}");
    browser.until("document.querySelectorAll('.courier-row .service').length > 5");
    browser.picture("dispatcher");
    let order = browser.ask("document.querySelector('#list .row').dataset.order");
    browser.click(FIRST_RISK);
    browser.until("!document.getElementById('detail').hidden");
    let said = browser.text("#detail .reasons");
    assert!(
        said.contains("On 8 days of 10 the courier arrives at"),
        "{said}"
    );
    assert!(said.contains("What would help"), "{said}");
    browser.until(&format!(
        "document.querySelector('.stop-line[aria-current=true]')?.dataset.order === {order}"
    ));
    browser.until("document.querySelector('.stop-line[aria-current=true] .window')");
    browser.picture("dispatcher-order");
    browser.click("#detail .under button");
    browser.until("document.querySelector('#detail .stops')");
    browser.until("document.querySelector('#detail [data-link=courier]')");
    browser.picture("dispatcher-courier");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Gives a file to the page as if it had been chosen: the JSON of a planned day, or what `text` says.
fn choose_file(browser: &Browser, text: &str) {
    browser.ask(&format!(
        "((text) => {{
            const files = new DataTransfer();
            files.items.add(new File([text], 'plan.json'));
            const input = document.getElementById('file');
            input.files = files.files;
            input.dispatchEvent(new Event('change'));
        }})({})",
        json!(text)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_shown_without_a_plan_on_the_server() {
    let Some(browser) = Browser::start(&Setup::default()) else {
        return;
    };
    let service = Service::with_pages(|_| ()).await;
    let routes = pb::RouteSketch {
        courier_id: "courier-01".to_owned(),
        order_ids: vec!["order-0001".to_owned(), "order-0002".to_owned()],
        ..pb::RouteSketch::default()
    };
    let request = pb::EvaluatePlanRequest {
        problem: Some(days::small()),
        routes: vec![routes],
        forecast: None,
    };
    let mut client = service.planning().await;
    let evaluated = client.evaluate_plan(request).await.unwrap().into_inner();
    let day = pb::PlannedDay {
        problem: Some(days::small()),
        plan: evaluated.plan,
        forecast: evaluated.forecast,
        target_outcome: None,
    };
    browser.open(&format!("http://{}/", service.address));
    browser.until("!document.getElementById('welcome').hidden");
    choose_file(&browser, &form::write(&day));
    browser.until("document.querySelectorAll('#list .row').length === 2");
    assert_eq!(browser.text("#unserved-count"), "22");
    choose_file(&browser, "{\"orders\": []}");
    browser.until("!document.getElementById('notice').hidden");
    assert!(
        browser
            .text("#notice")
            .starts_with("This is not a planned day")
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_appears_while_it_is_searched_for() {
    let Some(browser) = Browser::start(&Setup::default()) else {
        return;
    };
    let service = Service::with_pages(|_| ()).await;
    let request = pb::StartPlanRequest {
        request_id: "r".to_owned(),
        problem: Some(day()),
        options: Some(budget(8_000)),
        initial_plan: None,
    };
    browser.open(&format!("http://{}/", service.address));
    browser.until("!document.getElementById('welcome').hidden");
    let mut client = service.planning().await;
    client.start_plan(request).await.unwrap();
    browser.until("document.getElementById('progress-text').textContent.includes('done')");
    browser.until("document.getElementById('progress-text').textContent.includes('cost so far')");
    browser.picture("dispatcher-progress");
    browser.until("document.querySelector('#list .row')");
    browser.until("document.getElementById('progress').hidden");
    browser.until("document.getElementById('source').textContent.includes('120 orders · done')");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_reached_by_keyboard_in_russian_and_in_the_dark() {
    let setup = Setup {
        language: "ru",
        is_dark: true,
        ..Setup::default()
    };
    let Some(browser) = Browser::start(&setup) else {
        return;
    };
    let (tab, enter, escape, right) = ("\u{e004}", "\u{e007}", "\u{e00c}", "\u{e014}");
    let service = Service::with_pages(|_| ()).await;
    planned(&service, day()).await;
    browser.open(&format!("http://{}/", service.address));
    browser.until("document.querySelector('#list .row')");
    assert_eq!(browser.ask("document.documentElement.lang"), json!("ru"));
    browser.ask("document.getElementById('tab-risk').focus()");
    browser.press(&[right]);
    browser.until("document.querySelector('#list .row[data-courier]')");
    browser.press(&[tab, tab, enter]);
    browser.until("document.activeElement.tagName === 'H2'");
    let heading = browser.text("#detail h2");
    let first = browser.text("#list .row strong");
    assert!(heading.contains(&first), "{heading} is not of {first}");
    browser.picture("dispatcher-russian");
    let nameless = browser.ask(
        "[...document.querySelectorAll('button, select, input, canvas, progress')].filter((it) => !it.hidden && !it.textContent.trim() && !it.ariaLabel && !it.labels?.length).length",
    );
    assert_eq!(
        nameless,
        json!(0),
        "everything that takes the focus has a name"
    );
    browser.press(&[escape]);
    browser.until("document.getElementById('detail').hidden");
    browser.ask("document.getElementById('map').focus()");
    let before = browser.ask("document.getElementById('map').toDataURL()");
    browser.press(&["+", right]);
    browser.until("!document.hidden");
    let moved = "document.getElementById('map').toDataURL()";
    browser.until(&format!("{moved} !== {before}"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_courier_has_the_route_on_the_phone_without_a_network() {
    let setup = Setup {
        width: 390,
        height: 844,
        is_phone: true,
        ..Setup::default()
    };
    let Some(browser) = Browser::start(&setup) else {
        return;
    };
    let mut service = Service::with_pages(|_| ()).await;
    let job = planned(&service, day()).await;
    browser.open(&format!("http://{}/", service.address));
    browser.until("document.querySelector('#list .row')");
    browser.picture("dispatcher-phone");
    browser.click("#tab-couriers");
    browser.click("#list .row[data-courier]");
    browser.until("document.querySelector('[data-link=courier]')");
    let link = browser.ask("document.querySelector('[data-link=courier]').href");
    let link = link.as_str().unwrap();
    assert!(link.contains("/c/") && link.contains(&job));
    browser.open(link);
    browser.until("document.documentElement.dataset.saved === 'true'");
    let stops = browser.ask("document.querySelectorAll('.card').length");
    assert!(stops.as_u64() > Some(3));
    let first = browser.text(".card");
    browser.until("document.querySelector('.card a[href^=\"geo:\"]')");
    browser.until("document.querySelector('.card a[href^=\"tel:+7\"]')");
    browser.picture("courier");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    service.shut_down();
    service.ended().await.unwrap();
    browser.open("about:blank");
    browser.open(link);
    browser.until("document.querySelector('#state.offline')");
    assert_eq!(
        browser.ask("document.querySelectorAll('.card').length"),
        stops
    );
    assert_eq!(browser.text(".card"), first);
    browser.picture("courier-offline");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nobody_serves_says_what_stands_against_it_and_what_would_help() {
    for (language, block, help) in [
        ("en", "What stands against it", "What would help"),
        ("ru", "Что мешает", "Что поможет"),
    ] {
        let setup = Setup {
            language,
            ..Setup::default()
        };
        let Some(browser) = Browser::start(&setup) else {
            return;
        };
        let service = Service::with_pages(|_| ()).await;
        let mut problem = day();
        problem.couriers.truncate(3);
        planned(&service, problem).await;
        browser.open(&format!("http://{}/", service.address));
        browser.click("#tab-unserved");
        browser.click("#list .row[data-order]");
        browser.until("document.querySelector('#detail .reasons li')");
        let said = browser.text("#detail .reasons");
        assert!(said.contains(block) && said.contains(help), "{said}");
        assert!(said.contains("courier-0"), "{said}");
        browser.picture(&format!("dispatcher-unserved-{language}"));
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_data_says_stays_text() {
    let Some(browser) = Browser::start(&Setup::default()) else {
        return;
    };
    let service = Service::with_pages(|_| ()).await;
    let evil =
        "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
    let mut problem = day();
    problem.name = format!("{evil} \u{202e}reversed");
    problem
        .couriers
        .iter_mut()
        .for_each(|courier| courier.name = evil.to_owned());
    for order in &mut problem.orders {
        let place = order.place.as_mut().unwrap();
        place.address = format!(
            "רחוב הנביאים 7 {evil} {}",
            "очень длинный адрес ".repeat(12)
        );
        order.notes = format!("{evil} 🚚🎂");
        order.contact = Some(pb::Contact {
            name: format!("אורי {evil}"),
            phone: "javascript:alert(1)".to_owned(),
        });
    }
    planned(&service, problem).await;
    browser.open(&format!("http://{}/", service.address));
    browser.click(FIRST_RISK);
    browser.until("document.querySelector('#detail .facts')");
    assert!(browser.text("#detail .facts").contains(evil));
    browser.picture("dispatcher-hostile");
    browser.click("#detail .under button");
    browser.until("document.querySelector('[data-link=courier]')");
    let title = browser.ask("document.title");
    assert!(
        title.as_str().is_some_and(|title| title.starts_with('<')),
        "{title}"
    );
    assert_eq!(
        browser.ask("document.querySelectorAll('main img, main script').length"),
        json!(0)
    );
    let link = browser.ask("document.querySelector('[data-link=courier]').href");
    browser.open(link.as_str().unwrap());
    browser.until("document.querySelector('.card')");
    browser.picture("courier-hostile");
    assert_eq!(
        browser.ask("document.querySelectorAll('main img, main script').length"),
        json!(0)
    );
    let hrefs = browser.ask("[...document.links].map((link) => link.protocol)");
    let hrefs: Vec<String> = serde_json::from_value(hrefs).unwrap();
    assert!(
        hrefs
            .iter()
            .all(|scheme| ["geo:", "tel:"].contains(&scheme.as_str())),
        "{hrefs:?}"
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
