//! What people hear who do not see the page: the tree that Chromium hands to screen readers.

use serde_json::{Value, json};

use super::driver::{Browser, Setup};
use super::{FIRST_RISK, day};
use crate::pages::planned;
use crate::service::Service;

const TAB: &str = "\u{e004}";

/// Something that a screen reader tells.
struct Spoken {
    role: String,
    name: String,
    properties: Vec<(String, Value)>,
}

impl Spoken {
    fn property(&self, name: &str) -> Option<&Value> {
        let mut properties = self.properties.iter();
        properties.find_map(|(known, value)| (known == name).then_some(value))
    }
}

/// Everything that a screen reader tells of the page.
fn spoken(browser: &Browser) -> Vec<Spoken> {
    let tree = browser.tell("Accessibility.getFullAXTree", &json!({}));
    let nodes = tree["nodes"].as_array().unwrap().iter();
    let told = nodes.filter(|node| node["ignored"] == json!(false));
    told.map(|node| Spoken {
        role: node["role"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        name: node["name"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        properties: node["properties"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|property| {
                let name = property["name"].as_str().unwrap_or_default();
                (name.to_owned(), property["value"]["value"].clone())
            })
            .collect(),
    })
    .collect()
}

/// Names of everything that has a role.
fn named<'a>(told: &'a [Spoken], role: &str) -> Vec<&'a str> {
    let of_role = told.iter().filter(|node| node.role == role);
    of_role.map(|node| node.name.as_str()).collect()
}

/// Controls that nobody could ask for by name.
fn nameless(told: &[Spoken]) -> Vec<&str> {
    const CONTROLS: [&str; 8] = [
        "button",
        "combobox",
        "searchbox",
        "textbox",
        "tab",
        "link",
        "application",
        "progressbar",
    ];
    let controls = told
        .iter()
        .filter(|node| CONTROLS.contains(&node.role.as_str()));
    let nameless = controls.filter(|node| node.name.trim().is_empty());
    nameless.map(|node| node.role.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_reader_finds_every_part_of_the_page_by_its_name() {
    let Some(browser) = Browser::start(&Setup::default()) else {
        return;
    };
    let service = Service::with_pages(|_| ()).await;
    planned(&service, day()).await;
    browser.open(&format!("http://{}/", service.address));
    browser.click(FIRST_RISK);
    browser.until("document.activeElement.tagName === 'H2'");
    let order = browser.text("#list .row[aria-current=true] strong");
    let told = spoken(&browser);
    assert_eq!(nameless(&told), Vec::<&str>::new());
    assert_eq!(named(&told, "banner").len(), 1);
    assert_eq!(named(&told, "main").len(), 1);
    assert_eq!(named(&told, "complementary"), ["Details"]);
    let regions = named(&told, "region");
    for region in [
        "The plan in figures",
        "Lists",
        "Map of routes and stops",
        "Timeline",
    ] {
        assert!(
            regions.contains(&region),
            "{region} is not among {regions:?}"
        );
    }
    assert_eq!(named(&told, "combobox"), ["Plan", "Language"]);
    assert_eq!(
        named(&told, "searchbox"),
        ["Find an order, an address or a courier"]
    );
    assert_eq!(named(&told, "log"), ["News"]);
    let chosen: Vec<&Spoken> = told
        .iter()
        .filter(|node| node.role == "tab" && node.property("selected") == Some(&json!(true)))
        .collect();
    assert!(matches!(&chosen[..], [tab] if tab.name == "Risky first"));
    let title = browser.text("#day-name");
    let levels: Vec<(i64, &str)> = told
        .iter()
        .filter(|node| node.role == "heading")
        .filter_map(|node| Some((node.property("level")?.as_i64()?, node.name.as_str())))
        .collect();
    assert_eq!(levels[0], (1, title.as_str()));
    assert!(
        levels
            .iter()
            .any(|(level, name)| *level == 2 && name.contains(&order)),
        "{levels:?}"
    );
    assert!(
        levels.windows(2).all(|pair| pair[1].0 <= pair[0].0 + 1),
        "{levels:?}"
    );
    let rows = named(&told, "button");
    let chance = browser.ask("document.querySelector('#timeline .courier-row').ariaLabel");
    let chance = chance.as_str().unwrap();
    assert!(
        chance.contains("kept with") && rows.contains(&chance),
        "{chance}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_told_and_the_focus_goes_where_the_eye_does() {
    let Some(browser) = Browser::start(&Setup::default()) else {
        return;
    };
    let service = Service::with_pages(|_| ()).await;
    planned(&service, day()).await;
    browser.open(&format!("http://{}/", service.address));
    browser.until("document.querySelector('#list .row')");
    assert_eq!(browser.text("#said"), browser.text("#day-name"));
    browser.ask("window.stops = []");
    browser.ask("document.addEventListener('focusin', ({ target }) => window.stops.push(target.id || target.className))");
    browser.press(&[TAB; 7]);
    let stops = browser.ask("window.stops");
    assert_eq!(
        stops,
        json!([
            "skip", "source", "open", "language", "tab-risk", "search", "row"
        ])
    );
    browser.ask("document.getElementById('search').focus()");
    browser.press(&["z", "z", "z", "q"]);
    browser.until("document.querySelector('#list .empty')");
    assert_eq!(browser.text("#said"), "0 found");
    // Regions that are told stay in the page while they are empty, or what comes first is never heard.
    let there = browser.ask(
        "['news', 'said'].every((id) => getComputedStyle(document.getElementById(id)).display !== 'none')",
    );
    assert_eq!(there, json!(true));
    let told = spoken(&browser);
    let live: Vec<&str> = told
        .iter()
        .filter(|node| node.property("live").is_some())
        .map(|node| node.role.as_str())
        .collect();
    assert!(
        live.contains(&"status") && live.contains(&"log"),
        "{live:?}"
    );
    // The server goes away: that is said at once.
    drop(service);
    browser.until("!document.getElementById('failure').hidden");
    assert_eq!(named(&spoken(&browser), "alert").len(), 1);
}
