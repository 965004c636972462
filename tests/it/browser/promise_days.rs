//! Days of promises in a real browser: which one is shown first, and what is not promised yet.

use punctual::generate::{DaySpec, day_terms};
use punctual::grpc::{convert, pb};
use serde_json::json;

use super::driver::{Browser, Setup};
use crate::promises::Shop;
use crate::service::Service;

/// Terms of a day of some year.
fn terms_of(year: i16, id: &str) -> pb::DayTerms {
    let spec = DaySpec {
        date: jiff::civil::date(year, 6, 5),
        ..DaySpec::small()
    };
    pb::DayTerms {
        day_id: id.to_owned(),
        on_time_target: None,
        scenarios: Some(128),
        ..convert::terms_message(&day_terms(&spec))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_day_says_so_and_holds_are_no_promises() {
    let Some(browser) = Browser::start(&Setup::default()) else {
        return;
    };
    let mut shop = Shop::at(Service::with_pages(|_| ()).await, |_| ()).await;
    browser.open(&format!("http://{}/", shop.service().address));
    browser.until("document.querySelector('#list .empty')");
    assert_eq!(
        browser.text("#list .empty"),
        "Nothing is promised on this day yet."
    );
    assert_eq!(
        browser.text("#timeline"),
        "Nobody drives: no route has a stop."
    );
    let figures = browser.text("#summary");
    assert!(
        !figures.contains("100") && figures.contains("No holds"),
        "{figures}"
    );
    browser.picture("promises-empty");

    shop.promise_any(0).await;
    let held = shop.hold_any(1).await;
    let order = held.order.unwrap().id;
    browser.until("document.querySelectorAll('#list .row').length === 2");
    browser.until("document.querySelector('#list .chip')");
    let marked = browser.ask(
        "[...document.querySelectorAll('#list .row')].filter((row) => row.querySelector('.chip')).map((row) => row.dataset.order)",
    );
    assert_eq!(marked, json!([order]));
    let figures = browser.text("#summary");
    assert!(
        figures.contains("Promises confirmed1and 1 hold, not confirmed"),
        "{figures}"
    );
    browser.click(&format!("#list .row[data-order=\"{order}\"]"));
    browser.until("document.querySelector('#detail .hold')");
    assert!(browser.text("#detail").contains("Window held"));
    let services = "document.querySelectorAll('#timeline .courier-row .service')";
    browser.until(&format!("{services}.length >= 2"));
    assert_eq!(
        browser.ask("document.querySelectorAll('#timeline .courier-row .service.held').length"),
        json!(1)
    );
    assert!(browser.text("#legend").contains("held, not confirmed"));
    browser.picture("promises-held");
    shop.confirm(&held.promise_id).await.unwrap();
    browser.until("!document.querySelector('#list .chip')");
    assert!(
        browser
            .text("#summary")
            .contains("Promises confirmed2No holds")
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_opens_on_the_day_that_is_next_whatever_its_id() {
    let Some(browser) = Browser::start(&Setup::default()) else {
        return;
    };
    let service = Service::with_pages(|_| ()).await;
    let mut shop = Shop::at(service, |terms| *terms = terms_of(2036, "a-later")).await;
    for (year, id) in [(2035, "b-next"), (2021, "c-over")] {
        shop.open_day(id, terms_of(year, id)).await.unwrap();
    }
    browser.open(&format!("http://{}/", shop.service().address));
    browser.until("document.getElementById('source').value === 'day:b-next'");
    let chosen = browser.ask(
        "import('/assets/choice.js').then(({ byDate }) => [
            ['2026-11-25', '2026-11-26', '2026-11-27'],
            ['2026-11-25', '2026-11-28', 'moscow-2026-11-27'],
            ['2026-11-24', '2026-11-25'],
            ['2026-11-24', 'tomorrow'],
            [],
        ].map((ids) => byDate(ids, new Date(2026, 10, 26, 23, 59))))",
    );
    assert_eq!(
        chosen,
        json!(["2026-11-26", "moscow-2026-11-27", "2026-11-25", null, null])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_nobody_knows_is_named_and_no_choice() {
    let Some(browser) = Browser::start(&Setup::default()) else {
        return;
    };
    let mut shop = Shop::at(Service::with_pages(|_| ()).await, |_| ()).await;
    let address = shop.service().address;
    browser.open(&format!("http://{address}/#day=nosuch"));
    browser.until("!document.getElementById('notice').hidden");
    let said = browser.text("#notice");
    assert!(said.starts_with("There is no day nosuch"), "{said}");
    assert_eq!(browser.text("#said"), said);
    let choices = "[...document.getElementById('source').options].map(({ value }) => value)";
    let known = format!("day:{}", crate::promises::day_id());
    browser.until("document.getElementById('source').options.length === 2");
    assert_eq!(browser.ask(choices), json!(["", known]));
    assert_eq!(
        browser.ask("document.getElementById('source').value"),
        json!("")
    );
    browser.picture("promises-unknown");
    shop.open_day("nosuch", terms_of(2035, "nosuch"))
        .await
        .unwrap();
    browser.until("document.querySelector('#list .empty')");
    assert_eq!(
        browser.ask("document.getElementById('source').value"),
        json!("day:nosuch")
    );
    let complaints = browser.complaints();
    assert!(
        complaints.iter().all(|line| line.contains("404")),
        "{complaints:?}"
    );
}
