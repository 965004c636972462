//! A day under way in a real browser: what is reported appears without a reload.

use serde_json::json;

use super::driver::{Browser, Setup};
use crate::days;
use crate::http::get;
use crate::live_pages::Followed;
use crate::service::Service;

const ALERTS: &str = "document.querySelectorAll('#list .row[data-order]').length";

/// Whether what can be done is shown.
const TOLD: &str = "document.querySelector('#detail [data-remedy=REMEDY_KIND_TELL_CUSTOMER]')";

/// Opens one alert after the other until there is one about which something can be done.
fn finds_what_can_be_applied(browser: &Browser) -> bool {
    let orders = browser.ask(
        "[...document.querySelectorAll('#list .row[data-order]')].map((row) => row.dataset.order)",
    );
    let orders: Vec<String> = serde_json::from_value(orders).unwrap();
    // Those with the best chances come last.
    orders.iter().rev().any(|order| {
        browser.click(&format!("#list .row[data-order=\"{order}\"]"));
        let is_it = format!("document.querySelector('#detail [data-alert=\"{order}\"]')");
        browser.until(&format!("{is_it} && {TOLD}"));
        browser.ask("document.querySelector('#detail [data-apply]') !== null") == json!(true)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_arrives_without_a_reload_with_its_cause_and_words_for_the_customer() {
    let Some(browser) = Browser::start(&Setup::default()) else {
        return;
    };
    let service = Service::with_pages(|_| ()).await;
    let mut day = Followed::start(&service, days::busy()).await;
    browser.open(&format!("http://{}/", service.address));
    browser.until("document.querySelector('#source optgroup[label=\"Days under way\"]')");
    browser.until("!document.getElementById('tab-alerts').hidden");
    browser.ask("window.isSamePage = true");
    let before = browser.ask(ALERTS).as_u64().unwrap();
    day.depart(0).await;
    day.deliver(0, 0).await;
    day.break_down(0, 4 * 3_600).await;
    let courier = day.plan.routes[0].courier_id.clone();
    let order = day.plan.routes[0].stops.last().unwrap().order_id.clone();
    browser.until(&format!("{ALERTS} > {before}"));
    browser.until("document.getElementById('news').textContent.includes('at risk')");
    let row = format!("#list .row[data-order=\"{order}\"]");
    browser.until(&format!("document.querySelector('{row}')"));
    let said = browser.text(&row);
    assert!(
        said.contains("promised until") && said.contains("incident"),
        "{said}"
    );
    browser.picture("live-alerts");
    browser.click(&row);
    browser.until("document.querySelector('#detail [data-alert]')");
    let said = browser.text("#detail [data-alert]");
    assert!(said.contains("before the end of the window"), "{said}");
    assert!(!browser.text("#detail .say").is_empty());
    browser.until(TOLD);
    browser.picture("live-order");
    assert!(finds_what_can_be_applied(&browser), "of no alert");
    browser.picture("live-remedies");
    browser.click("#detail [data-apply]");
    browser.until("document.getElementById('news').textContent.includes('Applied')");
    let summary = get(service.address, "/api/live/today/summary").json();
    assert_eq!(summary["liveDay"]["planVersion"], "1");
    browser.picture("live-applied");
    browser.click("#tab-couriers");
    let row = format!("#list .row[data-courier=\"{courier}\"]");
    browser.until(&format!(
        "document.querySelector('{row}').textContent.includes('broken down')"
    ));
    browser.click(&row);
    browser.until("document.querySelector('#detail .stops')");
    let said = browser.text("#detail .stops");
    assert!(
        said.contains("delivered ") && said.contains("· on time"),
        "{said}"
    );
    browser.picture("live-courier");
    assert_eq!(browser.ask("window.isSamePage"), json!(true));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_day_is_followed_on_a_phone_in_russian_by_keyboard() {
    let setup = Setup {
        width: 390,
        height: 844,
        language: "ru",
        is_phone: true,
        ..Setup::default()
    };
    let Some(browser) = Browser::start(&setup) else {
        return;
    };
    let (tab, enter, right) = ("\u{e004}", "\u{e007}", "\u{e014}");
    let service = Service::with_pages(|_| ()).await;
    let mut day = Followed::start(&service, days::busy()).await;
    for route in 0..2 {
        day.depart(route).await;
    }
    day.break_down(1, 5 * 3_600).await;
    browser.open(&format!(
        "http://{}/#live={}",
        service.address,
        Followed::ID
    ));
    browser.until(&format!("{ALERTS} > 1"));
    browser.picture("live-phone");
    browser.ask("document.getElementById('tab-alerts').focus()");
    browser.press(&[tab, tab, enter]);
    browser.until("document.activeElement.tagName === 'H2'");
    let said = browser.text("#detail [data-alert]");
    assert!(said.contains("Что можно сказать клиенту"), "{said}");
    browser.picture("live-phone-order");
    browser.ask("document.getElementById('tab-alerts').focus()");
    browser.press(&[right, right]);
    browser.until("document.querySelector('#list .row[data-courier]')");
    let wide = browser.ask("document.documentElement.scrollWidth <= innerWidth");
    assert_eq!(wide, json!(true), "nothing is wider than the phone");
    // What has the focus keeps it when there is news.
    browser.press(&[tab, tab]);
    let focused = browser.ask("document.activeElement.dataset.courier");
    day.deliver(0, 0).await;
    let courier = &day.plan.routes[0].courier_id;
    browser.until(&format!(
        "document.querySelector('#list .row[data-courier=\"{courier}\"]').textContent.includes('едет')"
    ));
    assert_eq!(
        browser.ask("document.activeElement.dataset.courier"),
        focused
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
