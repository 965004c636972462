//! A headless Chromium, driven over the WebDriver protocol.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http;
use crate::service::PATIENCE;

/// How a browser is set up.
pub(super) struct Setup {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) language: &'static str,
    pub(super) is_dark: bool,
    /// Whether it is a phone, with two pixels for each of its own.
    pub(super) is_phone: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            width: 1_400,
            height: 1_000,
            language: "en",
            is_dark: false,
            is_phone: false,
        }
    }
}

/// A browser of the test's own. It ends with this value.
pub(super) struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
}

impl Browser {
    /// Starts a browser; `None` where the tests are not told of a driver.
    pub(super) fn start(setup: &Setup) -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "tests have no configuration")]
        let program = std::env::var("PUNCTUAL_TEST_CHROMEDRIVER");
        let Ok(program) = program else {
            println!("skipped: PUNCTUAL_TEST_CHROMEDRIVER names no chromedriver");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap();
        drop(port);
        let driver = Command::new(program)
            .arg(format!("--port={}", address.port()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("PUNCTUAL_TEST_CHROMEDRIVER names a program");
        let mut browser = Self {
            driver,
            address,
            session: String::new(),
        };
        browser.wait("the driver", || {
            std::net::TcpStream::connect(address).is_ok()
        });
        let opened = browser.call("POST", "/session", &capabilities(setup));
        browser.session = opened["sessionId"].as_str().unwrap().to_owned();
        if setup.is_dark {
            let dark = json!([{"name": "prefers-color-scheme", "value": "dark"}]);
            browser.tell("Emulation.setEmulatedMedia", &json!({"features": dark}));
        }
        Some(browser)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let host = self.address.to_string();
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let reply = http::send(self.address, method, path, &host, &body);
        let value = reply.json()["value"].take();
        assert!(reply.status == 200, "{method} {path} {body}: {value}");
        value
    }

    fn of_session(&self, method: &str, path: &str, body: &Value) -> Value {
        self.call(method, &format!("/session/{}{path}", self.session), body)
    }

    /// A command of Chromium's own.
    pub(super) fn tell(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.of_session("POST", "/goog/cdp/execute", &body)
    }

    pub(super) fn open(&self, address: &str) {
        self.of_session("POST", "/url", &json!({"url": address}));
    }

    /// The value of an expression in the page.
    pub(super) fn ask(&self, expression: &str) -> Value {
        let body = json!({"script": format!("return {expression};"), "args": []});
        self.of_session("POST", "/execute/sync", &body)
    }

    /// The text of the first element that a selector finds.
    pub(super) fn text(&self, selector: &str) -> String {
        let text = self.ask(&format!(
            "document.querySelector({selector:?})?.textContent"
        ));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true.
    pub(super) fn until(&self, expression: &str) {
        self.wait(expression, || {
            self.ask(&format!("Boolean({expression})")) == json!(true)
        });
    }

    #[expect(clippy::disallowed_methods, reason = "a browser takes real time")]
    fn wait(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < 2 * PATIENCE, "never: {what}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub(super) fn click(&self, selector: &str) {
        self.until(&format!("document.querySelector({selector:?})"));
        self.ask(&format!("document.querySelector({selector:?}).click()"));
    }

    /// Types keys, one after the other, into what has the focus.
    pub(super) fn press(&self, keys: &[&str]) {
        let strokes = keys.iter().flat_map(|key| {
            [
                json!({"type": "keyDown", "value": key}),
                json!({"type": "keyUp", "value": key}),
            ]
        });
        let strokes: Vec<Value> = strokes.collect();
        let body = json!({"actions": [{"type": "key", "id": "keys", "actions": strokes}]});
        self.of_session("POST", "/actions", &body);
    }

    /// What the browser objected to: errors of scripts, of the policy, of loading.
    pub(super) fn complaints(&self) -> Vec<String> {
        let log = self.of_session("POST", "/se/log", &json!({"type": "browser"}));
        let entries = log.as_array().unwrap().iter();
        entries.map(|entry| entry["message"].to_string()).collect()
    }

    /// Keeps a picture of the page where the tests leave what people may want to look at.
    pub(super) fn picture(&self, name: &str) {
        let picture = self.of_session("GET", "/screenshot", &Value::Null);
        let bytes = unbase64(picture.as_str().unwrap());
        let folder = pictures();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver takes its browser along; killed alone it would leave it behind.
        let _ = std::panic::catch_unwind(|| {
            http::send(
                self.address,
                "GET",
                "/shutdown",
                &self.address.to_string(),
                "",
            )
        });
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages")
}

fn capabilities(setup: &Setup) -> Value {
    let language = setup.language;
    let size = format!("--window-size={},{}", setup.width, setup.height);
    let mut options = json!({
        // As root, and in containers, there is no sandbox.
        "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", size, format!("--lang={language}")],
        "prefs": {"intl.accept_languages": language},
    });
    if setup.is_phone {
        let metrics = json!({"width": setup.width, "height": setup.height, "pixelRatio": 2});
        options["mobileEmulation"] = json!({"deviceMetrics": metrics});
    }
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL"},
    }}})
}

fn unbase64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut n_bits, mut bytes) = (0_u32, 0, Vec::new());
    for digit in text.bytes() {
        let Some(value) = DIGITS.iter().position(|known| *known == digit) else {
            continue;
        };
        bits = (bits << 6) | u32::try_from(value).unwrap();
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push(u8::try_from((bits >> n_bits) & 0xff).unwrap());
            bits &= (1 << n_bits) - 1;
        }
    }
    bytes
}
