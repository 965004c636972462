//! The files of the pages, embedded.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::{Pages, answer};

/// One file.
pub(super) struct Asset {
    /// Where it is asked for.
    pub(super) path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

impl Asset {
    pub(super) fn answer(&self) -> Response {
        answer::of(StatusCode::OK, self.content_type, self.text)
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";
pub(super) const HTML: &str = "text/html; charset=utf-8";

macro_rules! assets {
    ($($file:literal $content_type:ident;)+) => {
        /// Every file that is given as it is.
        pub(super) static ALL: &[Asset] = &[$(Asset {
            path: concat!("/assets/", $file),
            content_type: $content_type,
            text: include_str!(concat!("assets/", $file)),
        }),+];
    };
}

assets! {
    "app.js" SCRIPT;
    "charts.js" SCRIPT;
    "choice.js" SCRIPT;
    "courier.css" STYLE;
    "courier.js" SCRIPT;
    "day.js" SCRIPT;
    "detail.js" SCRIPT;
    "dom.js" SCRIPT;
    "icon.svg" IMAGE;
    "lists.js" SCRIPT;
    "live.js" SCRIPT;
    "map.js" SCRIPT;
    "reasons.js" SCRIPT;
    "style.css" STYLE;
    "text.js" SCRIPT;
    "timeline.js" SCRIPT;
    "words-en.js" SCRIPT;
    "words-ru.js" SCRIPT;
}

/// What stands in the dispatcher's page in the place of the address of tiles.
const TILES_PLACE: &str = "content=\"\" data-tiles";

/// The dispatcher's page.
pub(super) async fn dispatcher(State(pages): State<Pages>) -> Response {
    let page = include_str!("assets/dispatcher.html");
    // The configuration has no tiles with quotes or angle brackets.
    let page = page.replacen(TILES_PLACE, &format!("content=\"{}\"", pages.tiles), 1);
    answer::with_policy(StatusCode::OK, HTML, page, &answer::policy(&pages.tiles))
}

/// A courier's page, the same for all of them.
pub(super) const COURIER: &str = include_str!("assets/courier.html");

/// The worker that keeps couriers' pages on their phones. It stands beside them: a worker sees what is below its own
/// address and nothing else.
pub(super) static WORKER: Asset = Asset {
    path: "/c/worker.js",
    content_type: SCRIPT,
    text: include_str!("assets/worker.js"),
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of a catalogue of words, in its order.
    fn keys(words: &str) -> Vec<&str> {
        let lines = words.lines().filter(|line| line.starts_with("  "));
        let keys = lines.filter_map(|line| line.trim().split_once(": "));
        let mut keys: Vec<&str> = keys.map(|(key, _)| key.trim_matches('"')).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn every_language_has_every_text() {
        let english = keys(include_str!("assets/words-en.js"));
        assert!(english.len() > 100 && english.contains(&"what-helps"));
        assert_eq!(english, keys(include_str!("assets/words-ru.js")));
        for page in [include_str!("assets/dispatcher.html"), COURIER] {
            for named in page.split("data-t").skip(1) {
                let key = named.split('"').nth(1).unwrap_or_default();
                let is_text = named.starts_with(['=', '-']);
                assert!(!is_text || english.contains(&key), "{key}");
            }
        }
    }

    /// Relative luminance of a color as in `#17212b`. Source: WCAG 2.2, "relative luminance".
    fn luminance(color: &str) -> f64 {
        let part = |at: usize| {
            let value = u8::from_str_radix(&color[at..at + 2], 16).unwrap();
            let share = f64::from(value) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    /// The variables that a piece of the style sheet sets.
    fn colors(style: &str) -> Vec<(&str, &str)> {
        let set = style.split([';', '{', '}']).map(str::trim);
        set.filter_map(|pair| pair.strip_prefix("--")?.split_once(": #"))
            .map(|(name, _)| {
                let after = style.split(&format!("--{name}: ")).nth(1).unwrap();
                (name, &after[..7])
            })
            .collect()
    }

    #[test]
    fn text_can_be_read_in_the_light_and_in_the_dark() {
        let style = include_str!("assets/style.css");
        let (light, rest) = style
            .split_once("@media (prefers-color-scheme: dark)")
            .unwrap();
        let (dark, _) = rest.split_once("* { box-sizing").unwrap();
        let (light, dark) = (colors(light), colors(dark));
        let of = |theme: &[(&str, &str)], name: &str| {
            let own = theme.iter().chain(&light).find(|(known, _)| *known == name);
            luminance(own.unwrap_or_else(|| panic!("no color {name}")).1)
        };
        let pairs = [
            ("ink", "paper"),
            ("ink", "ground"),
            ("ink", "hover"),
            ("muted", "paper"),
            ("muted", "ground"),
            ("muted", "hover"),
            ("accent", "paper"),
            ("accent-ink", "accent"),
            ("map-text", "map"),
            ("safe-ink", "safe-fill"),
            ("watch-ink", "watch-fill"),
            ("risk-ink", "risk-fill"),
            ("bad-ink", "bad-fill"),
            ("none-ink", "none-fill"),
        ];
        assert!(light.len() > 25 && dark.len() > 15);
        for (name, theme) in [("light", &light), ("dark", &dark)] {
            for (text, ground) in pairs {
                let (a, b) = (of(theme, text), of(theme, ground));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(
                    contrast >= 4.5,
                    "{name}: {text} on {ground} has {contrast:.2}"
                );
            }
            for route in 0..6 {
                let (a, b) = (of(theme, &format!("route-{route}")), of(theme, "map"));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 3.0, "{name}: route {route} has {contrast:.2}");
            }
        }
    }

    #[test]
    fn pages_have_no_script_or_style_of_their_own_and_load_only_what_is_embedded() {
        for page in [include_str!("assets/dispatcher.html"), COURIER] {
            assert!(!page.contains("style=") && !page.contains("<style"));
            assert!(!page.contains(" onclick") && !page.contains("http"));
            let loaded = page.split(['"']).filter(|part| part.starts_with('/'));
            for path in loaded.filter(|path| path.len() > 1) {
                assert!(ALL.iter().any(|asset| asset.path == path), "{path}");
            }
        }
        assert!(include_str!("assets/dispatcher.html").contains(TILES_PLACE));
    }

    #[test]
    fn scripts_put_no_html_into_pages_and_import_only_what_is_embedded() {
        let scripts = ALL.iter().filter(|asset| asset.content_type == SCRIPT);
        for asset in scripts.chain([&WORKER]) {
            for banned in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                assert!(!asset.text.contains(banned), "{} has {banned}", asset.path);
            }
            for import in asset.text.split("from \"").skip(1) {
                let path = import.split('"').next().unwrap_or_default();
                let path = path.trim_start_matches('.');
                let path = format!("/assets{path}");
                assert!(ALL.iter().any(|asset| asset.path == path), "{path}");
            }
        }
    }
}
