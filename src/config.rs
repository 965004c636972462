//! Every knob of the process: name, unit, bounds, default, meaning. The only module that reads the environment.
//!
//! Values come from the defaults, then a TOML file, then environment variables (`PUNCTUAL_<SECTION>_<NAME>`), then
//! command line flags; the later wins. Nothing below the application layer reads configuration.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Prefix of the environment variables that are read.
const ENV_PREFIX: &str = "PUNCTUAL_";

/// The configuration cannot be used; every problem is named.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is not usable:\n  {}", .0.join("\n  "))]
pub struct ConfigError(pub Vec<String>);

/// One numeric knob as the outside sees it.
struct Knob {
    name: &'static str,
    doc: &'static str,
    min: u64,
    max: u64,
}

/// Declares a section of numeric knobs: fields, defaults, bounds and documentation from one table.
macro_rules! section {
    ($(#[$doc:meta])* $section:ident { $($(#[doc = $knob_doc:literal])+ $knob:ident = $default:literal in $min:literal ..= $max:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $section {
            $($(#[doc = $knob_doc])+ pub $knob: u64,)+
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($knob: $default,)+ }
            }
        }

        impl $section {
            const KNOBS: &'static [Knob] = &[$(Knob {
                name: stringify!($knob),
                doc: concat!($($knob_doc, "\n"),+),
                min: $min,
                max: $max,
            },)+];

            fn slot(&mut self, name: &str) -> Option<&mut u64> {
                match name {
                    $(stringify!($knob) => Some(&mut self.$knob),)+
                    _ => None,
                }
            }

            fn values(&self) -> Vec<u64> {
                vec![$(self.$knob,)+]
            }
        }
    };
}

section! {
    /// How calls are accepted and limited.
    ServerConfig {
        /// Largest request message, in bytes. A day of 1,000 orders with all texts takes about 1 MiB: for days of
        /// 100,000 such orders give 134217728, and callers must allow themselves as much.
        message_bytes_max = 33_554_432 in 65_536..=268_435_456;
        /// Largest answer, in bytes.
        answer_bytes_max = 134_217_728 in 1_048_576..=1_073_741_824;
        /// Requests read or computed at the same time, plans being searched not counted. Times `message_bytes_max`,
        /// this bounds the memory that callers can make the server set aside: at most 2 GiB.
        requests_in_flight_max = 16 in 1..=1_024;
        /// Time from a request's first byte to the start of its answer, in milliseconds.
        request_time_ms = 60_000 in 100..=3_600_000;
        /// Open connections; more wait in the listener's backlog.
        connections_max = 256 in 1..=65_536;
        /// Time for a new connection to introduce itself with the HTTP/2 preface, in milliseconds.
        handshake_ms = 5_000 in 10..=60_000;
        /// Calls at the same time on one connection.
        streams_per_connection_max = 32 in 1..=1_024;
        /// Size of a call's headers, in bytes.
        header_bytes_max = 8_192 in 1_024..=65_536;
        /// Time between HTTP/2 pings on a connection, in milliseconds: finds dead peers.
        keepalive_interval_ms = 30_000 in 1_000..=3_600_000;
        /// Time for a ping to be answered, in milliseconds.
        keepalive_timeout_ms = 10_000 in 100..=600_000;
        /// Age at which a connection is asked to reconnect, in milliseconds. Open streams may end first; a connection
        /// that does not go is closed after the longest plan could have ended.
        connection_age_ms = 600_000 in 1_000..=86_400_000;
        /// Time for calls to end after a request to shut down, in milliseconds.
        drain_ms = 10_000 in 0..=600_000;
    }
}

section! {
    /// How plans are searched for and kept.
    PlanningConfig {
        /// Plans searched for at the same time.
        plans_running_max = 2 in 1..=256;
        /// Plans waiting for their turn; beyond, requests are refused at once.
        plans_queued_max = 16 in 0..=65_536;
        /// Search threads of one plan; 0 means one for every processor. Plans running at the same time have the same
        /// claim on the processors, which the operating system shares among their threads.
        threads_per_plan_max = 0 in 0..=256;
        /// Wall time for a search that does not ask for any, in milliseconds.
        time_budget_default_ms = 30_000 in 1..=86_400_000;
        /// Largest wall time a search may ask for, in milliseconds.
        time_budget_max_ms = 3_600_000 in 1..=86_400_000;
        /// Part of a call's deadline that is kept for the way of the answer, in milliseconds.
        deadline_reserve_ms = 100 in 0..=60_000;
        /// Finished jobs kept for reading; the oldest go first.
        jobs_kept_max = 64 in 1..=65_536;
        /// Plans of `SolvePlan` and `PlanFrontier` kept for reading, as jobs that are done; the oldest go first. 0 keeps
        /// none.
        plans_kept_max = 16 in 0..=65_536;
        /// Orders in one problem. Up to 4,000 orders the search keeps travel times between all places, at most 256 MiB
        /// for every travel profile; beyond, about 1 KiB an order, and planning a whole day from
        /// a file about 37 KiB.
        orders_max = 100_000 in 1..=100_000;
        /// Couriers in one problem.
        couriers_max = 10_000 in 1..=100_000;
        /// Travel profiles in one problem.
        profiles_max = 16 in 1..=1_000;
    }
}

section! {
    /// How promises are made and kept.
    PromiseConfig {
        /// Changes of promises that may wait to be written; beyond, requests are refused at once.
        changes_waiting_max = 1_024 in 1..=65_536;
        /// Time for which a quote is good, in seconds: a hold looks again in any case.
        quote_seconds = 60 in 1..=3_600;
        /// Wall time of one search for a better plan of an open day, in milliseconds; 0 never searches.
        improve_ms = 2_000 in 0..=600_000;
        /// Search threads for that.
        improve_threads = 1 in 1..=256;
        /// Time after which a day may be taken over from a server that does not answer any more, in milliseconds.
        lease_ms = 3_000 in 500..=60_000;
    }
}

section! {
    /// How days under way are followed.
    LiveConfig {
        /// Live days in memory at the same time; those out of use make room for others.
        days_max = 64 in 1..=4_096;
        /// Time after which a live day is out of use that nobody has asked for and that is not under way by the clock, in
        /// seconds.
        idle_seconds = 600 in 1..=86_400;
        /// Requests about one live day that may wait for their turn; beyond, requests are refused at once.
        requests_waiting_max = 1_024 in 1..=65_536;
        /// Changes of alerts that a watcher may be behind before it is told to ask again.
        changes_behind_max = 1_024 in 1..=65_536;
    }
}

impl ServerConfig {
    /// Memory that callers can make the server set aside for requests, in bytes.
    #[must_use]
    pub fn request_memory_bytes(&self) -> u64 {
        self.requests_in_flight_max
            .saturating_mul(self.message_bytes_max)
    }
}

impl PlanningConfig {
    /// Search threads that a plan may have.
    #[must_use]
    pub fn threads_granted(&self, wanted: Option<usize>) -> usize {
        let max = match self.threads_per_plan_max {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            max => count(max),
        };
        wanted.unwrap_or(max).clamp(1, max)
    }
}

/// A knob as a number of things.
///
/// Every bound above fits into 32 bits, so nothing is lost on any supported platform.
#[must_use]
pub fn count(knob: u64) -> usize {
    usize::try_from(knob).unwrap_or(usize::MAX)
}

/// A knob in milliseconds as a duration.
#[must_use]
pub fn millis(knob: u64) -> Duration {
    Duration::from_millis(knob)
}

/// The whole process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Address and port to listen on. Loopback by default: exposing the service is a decision.
    pub listen: SocketAddr,
    /// Which log lines are written: a level, or levels of modules ("info,punctual=debug").
    pub log: String,
    /// File with the noise model for requests that have none of their own; `None` for the built-in defaults.
    pub noise: Option<PathBuf>,
    /// Directory where ledgers of promises and records of live days are kept, unless `store` says otherwise.
    pub data: PathBuf,
    /// Where ledgers and records are kept: `memory`, `sqlite:DIRECTORY` or `postgres://...`; empty for SQLite in `data`.
    pub store: String,
    /// Address that other servers on the same store send callers to; empty for `listen`.
    pub advertise: String,
    /// Where browsers are served.
    pub http: PagesAt,
    /// Names that browsers may call the server by, besides `localhost` and addresses; without ports.
    pub page_hosts: Vec<String>,
    /// Where maps get tiles from: an address with `{z}`, `{x}` and `{y}`. Empty for none.
    pub tiles: String,
    /// How calls are accepted and limited.
    pub server: ServerConfig,
    /// How plans are searched for and kept.
    pub planning: PlanningConfig,
    /// How promises are made and kept.
    pub promises: PromiseConfig,
    /// How days under way are followed.
    pub live: LiveConfig,
}

/// Where pages are served to browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PagesAt {
    /// On the port of the API.
    SamePort,
    /// On a port of their own.
    Address(SocketAddr),
    /// Not at all.
    Nowhere,
}

impl std::str::FromStr for PagesAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" => Ok(Self::SamePort),
            "off" => Ok(Self::Nowhere),
            address => address
                .parse()
                .map(Self::Address)
                .map_err(|_| format!("{text:?} is neither \"off\" nor an address with a port")),
        }
    }
}

impl std::fmt::Display for PagesAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SamePort => Ok(()),
            Self::Nowhere => f.write_str("off"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 50_061)),
            log: "info".to_owned(),
            noise: None,
            data: PathBuf::from("punctual-data"),
            store: String::new(),
            advertise: String::new(),
            http: PagesAt::SamePort,
            page_hosts: Vec::new(),
            tiles: String::new(),
            server: ServerConfig::default(),
            planning: PlanningConfig::default(),
            promises: PromiseConfig::default(),
            live: LiveConfig::default(),
        }
    }
}

impl Config {
    /// The configuration from a TOML text (if there is one) and the process's environment.
    ///
    /// # Errors
    /// All unknown keys, values of the wrong type and values out of bounds at once.
    pub fn load(toml: Option<&str>) -> Result<Self, ConfigError> {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::from_sources(toml.unwrap_or_default(), environment)
    }

    /// The configuration from a TOML text and the given environment.
    ///
    /// # Errors
    /// All unknown keys, values of the wrong type and values out of bounds at once.
    pub fn from_sources(
        toml: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let mut problems = Vec::new();
        match toml.parse::<toml::Table>() {
            Ok(table) => config.apply_table(&table, &mut problems),
            Err(error) => problems.push(error.to_string().trim_end().to_owned()),
        }
        for (name, value) in environment {
            // What tests are told by the environment is none of the process's settings.
            let key = name.strip_prefix(ENV_PREFIX);
            if let Some(key) = key.filter(|key| !key.starts_with("TEST_")) {
                let key = key.to_ascii_lowercase();
                let (section, knob) = match key.split_once('_') {
                    Some((section @ ("server" | "planning" | "promises" | "live"), knob)) => {
                        (section, knob)
                    }
                    _ => ("", key.as_str()),
                };
                config
                    .apply(section, knob, &value)
                    .unwrap_or_else(|problem| problems.push(format!("{name}: {problem}")));
            }
        }
        problems.extend(config.problems());
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(problems))
        }
    }

    /// Checks all bounds.
    ///
    /// # Errors
    /// Everything that is out of bounds, at once.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let problems = self.problems();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ConfigError(problems))
        }
    }

    /// The configuration as a commented TOML text that [`Config::load`] reads back.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let noise = self.noise.as_deref();
        let noise = noise.map_or(String::new(), |path| path.to_string_lossy().into_owned());
        let mut text = format!(
            "# Address and port to listen on.\nlisten = \"{}\"\n\n# Which log lines are written: off, error, warn, info, debug, trace, or levels of modules, as in\n\
             # \"info,punctual=debug\".\nlog = {}\n\n\
             # File with the noise model (the JSON form of punctual.v1.NoiseModel) for requests that have none of their\n\
             # own. Empty means the built-in defaults.\nnoise = {}\n\n\
             # Directory where ledgers of promises and records of live days are kept, unless `store` says otherwise.\ndata = {}\n\n\
             # Where ledgers and records are kept: \"memory\", \"sqlite:DIRECTORY\" or \"postgres://...\". Empty means\n\
             # SQLite in `data`. A password is not shown.\nstore = {}\n\n\
             # Address that other servers on the same store send callers to. Empty means `listen`.\nadvertise = {}\n\n\
             # Where the dispatcher's page is served: an address with a port, or \"off\". Empty means the port of `listen`.\n\
             http = \"{}\"\n\n\
             # Names that browsers may call the server by, separated by commas. Addresses and localhost always do.\n\
             page_hosts = {}\n\n\
             # Where maps get tiles from, as in \"https://tiles.example/{{z}}/{{x}}/{{y}}.png\". Empty means that nothing is\n\
             # asked for elsewhere.\ntiles = {}\n",
            self.listen,
            toml::Value::String(self.log.clone()),
            toml::Value::String(noise),
            toml::Value::String(self.data.to_string_lossy().into_owned()),
            toml::Value::String(without_password(&self.store)),
            toml::Value::String(self.advertise.clone()),
            self.http,
            toml::Value::String(self.page_hosts.join(",")),
            toml::Value::String(self.tiles.clone()),
        );
        let sections = [
            ("server", ServerConfig::KNOBS, self.server.values()),
            ("planning", PlanningConfig::KNOBS, self.planning.values()),
            ("promises", PromiseConfig::KNOBS, self.promises.values()),
            ("live", LiveConfig::KNOBS, self.live.values()),
        ];
        for (name, knobs, values) in sections {
            text.push_str(&format!("\n[{name}]\n"));
            for (knob, value) in knobs.iter().zip(values) {
                for line in knob.doc.lines() {
                    text.push_str(&format!("#{line}\n"));
                }
                text.push_str(&format!("# {} to {}.\n", knob.min, knob.max));
                text.push_str(&format!("{} = {value}\n", knob.name));
            }
        }
        text
    }

    fn apply_table(&mut self, table: &toml::Table, problems: &mut Vec<String>) {
        for (key, value) in table {
            let toml::Value::Table(section) = value else {
                self.apply("", key, &scalar(value))
                    .unwrap_or_else(|problem| problems.push(format!("{key}: {problem}")));
                continue;
            };
            for (knob, value) in section {
                self.apply(key, knob, &scalar(value))
                    .unwrap_or_else(|problem| problems.push(format!("{key}.{knob}: {problem}")));
            }
        }
    }

    fn apply(&mut self, section: &str, knob: &str, value: &str) -> Result<(), String> {
        let slot = match (section, knob) {
            ("", "listen") => {
                self.listen = value
                    .parse()
                    .map_err(|_| format!("{value:?} is not an address with a port"))?;
                return Ok(());
            }
            ("", "log") => {
                check_log(value)?;
                value.clone_into(&mut self.log);
                return Ok(());
            }
            ("", "noise") => {
                self.noise = (!value.is_empty()).then(|| PathBuf::from(value));
                return Ok(());
            }
            ("", "data") if value.is_empty() => return Err("a directory is needed".to_owned()),
            ("", "data") => {
                self.data = PathBuf::from(value);
                return Ok(());
            }
            ("", "store") => {
                value.clone_into(&mut self.store);
                return Ok(());
            }
            ("", "advertise") => {
                value.clone_into(&mut self.advertise);
                return Ok(());
            }
            ("", "http") => {
                self.http = value.parse()?;
                return Ok(());
            }
            ("", "page_hosts") => {
                self.page_hosts = read_hosts(value)?;
                return Ok(());
            }
            ("", "tiles") => {
                check_tiles(value)?;
                value.clone_into(&mut self.tiles);
                return Ok(());
            }
            ("server", knob) => self.server.slot(knob),
            ("planning", knob) => self.planning.slot(knob),
            ("promises", knob) => self.promises.slot(knob),
            ("live", knob) => self.live.slot(knob),
            _ => None,
        };
        let slot = slot.ok_or("there is no such setting")?;
        *slot = value
            .parse()
            .map_err(|_| format!("{value:?} is not a whole number"))?;
        Ok(())
    }

    fn problems(&self) -> Vec<String> {
        let server = ServerConfig::KNOBS.iter().zip(self.server.values());
        let planning = PlanningConfig::KNOBS.iter().zip(self.planning.values());
        let promises = PromiseConfig::KNOBS.iter().zip(self.promises.values());
        let live = LiveConfig::KNOBS.iter().zip(self.live.values());
        let mut problems: Vec<String> = server
            .map(|(knob, value)| ("server", knob, value))
            .chain(planning.map(|(knob, value)| ("planning", knob, value)))
            .chain(promises.map(|(knob, value)| ("promises", knob, value)))
            .chain(live.map(|(knob, value)| ("live", knob, value)))
            .filter(|(_, knob, value)| !(knob.min..=knob.max).contains(value))
            .map(|(section, knob, value)| {
                format!(
                    "{section}.{}: {value} is not between {} and {}",
                    knob.name, knob.min, knob.max
                )
            })
            .collect();
        if self.server.request_memory_bytes() > 2 << 30 {
            problems.push(
                "server.requests_in_flight_max times server.message_bytes_max is more than 2 GiB"
                    .to_owned(),
            );
        }
        if self.planning.time_budget_default_ms > self.planning.time_budget_max_ms {
            problems.push(
                "planning.time_budget_default_ms is more than planning.time_budget_max_ms"
                    .to_owned(),
            );
        }
        problems
    }
}

/// The URL of a database with stars for what may be a password.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) if query.contains("password") => (place, "?***".to_owned()),
        Some((place, query)) => (place, format!("?{query}")),
        None => (rest, String::new()),
    };
    let place = match place.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:***@{host}"),
            None => place.to_owned(),
        },
        None => place.to_owned(),
    };
    format!("{scheme}://{place}{query}")
}

/// Reads names of hosts, separated by commas.
fn read_hosts(text: &str) -> Result<Vec<String>, String> {
    let names = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let is_sound = |name: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        name.chars().all(allowed)
    };
    names
        .map(|name| match is_sound(name) {
            true => Ok(name.to_ascii_lowercase()),
            false => Err(format!("{name:?} is not the name of a host, without port")),
        })
        .collect()
}

/// Refuses what is no template of tiles: its origin goes into a header, so it has no blanks, quotes or semicolons.
fn check_tiles(template: &str) -> Result<(), String> {
    let is_web = template.starts_with("https://") || template.starts_with("http://");
    let has_all = ["{z}", "{x}", "{y}"]
        .iter()
        .all(|part| template.contains(part));
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"'<>;,\\".contains(c);
    if template.is_empty() || (is_web && has_all && template.chars().all(is_plain)) {
        return Ok(());
    }
    Err(format!(
        "{template:?} is not an address of tiles, as in https://tiles.example/{{z}}/{{x}}/{{y}}.png"
    ))
}

/// What may stand alone or behind `=` in a log filter.
const LOG_LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Refuses log filters in which a part is no level: `tracing` takes any other word for the name of a module, so that
/// nothing else is logged.
fn check_log(filter: &str) -> Result<(), String> {
    let is_level = |word: &str| {
        LOG_LEVELS
            .iter()
            .any(|level| level.eq_ignore_ascii_case(word.trim()))
    };
    let is_sound = |part: &str| match part.rsplit_once('=') {
        Some((target, level)) => !target.trim().is_empty() && is_level(level),
        None => is_level(part),
    };
    match filter.split(',').all(is_sound) {
        true => Ok(()),
        false => Err(format!(
            "{filter:?} is not a log filter: give one of {}, or levels of modules, as in info,punctual=debug",
            LOG_LEVELS.join(", ")
        )),
    }
}

/// A TOML value as the text one would type.
fn scalar(value: &toml::Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn the_defaults_are_within_their_own_bounds() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let config = Config::from_sources(
            "listen = \"127.0.0.1:1\"\n[planning]\nplans_running_max = 3\norders_max = 7",
            environment(&[
                ("PUNCTUAL_PLANNING_PLANS_RUNNING_MAX", "4"),
                ("PUNCTUAL_LISTEN", "0.0.0.0:2"),
                ("HOME", "/root"),
                ("PUNCTUAL_TEST_PYTHON", "python3"),
            ]),
        )
        .unwrap();
        assert_eq!(config.planning.plans_running_max, 4);
        assert_eq!(config.planning.orders_max, 7);
        assert_eq!(config.listen, "0.0.0.0:2".parse().unwrap());
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let toml =
            "speed = 1\n[server]\ndrain_ms = -1\nconnections_max = 0\nport = 3\n[planing]\nx = 1";
        let ConfigError(problems) = Config::from_sources(
            toml,
            environment(&[("PUNCTUAL_PLANNING_ORDERS_MAX", "many")]),
        )
        .unwrap_err();
        let expected = [
            "planing.x: there is no such setting",
            "server.connections_max: 0 is not between 1 and 65536",
            "server.port: there is no such setting",
            "server.drain_ms: \"-1\" is not a whole number",
            "speed: there is no such setting",
            "PUNCTUAL_PLANNING_ORDERS_MAX: \"many\" is not a whole number",
        ];
        for problem in expected {
            assert!(
                problems.iter().any(|p| p == problem),
                "{problem} in {problems:?}"
            );
        }
        assert_eq!(problems.len(), expected.len());
    }

    #[test]
    fn a_log_filter_has_a_level_in_every_part() {
        for good in [
            "warn",
            "INFO",
            "info,punctual=debug",
            "off, punctual::grpc=trace",
        ] {
            let pairs = [("PUNCTUAL_LOG", good)];
            let config = Config::from_sources("", environment(&pairs)).unwrap();
            assert_eq!(config.log, good);
        }
        for bad in [
            "loud",
            "",
            "info,punctual",
            "punctual=shout",
            "=info",
            "info,",
        ] {
            let pairs = [("PUNCTUAL_LOG", bad)];
            let ConfigError(problems) = Config::from_sources("", environment(&pairs)).unwrap_err();
            assert_eq!(problems.len(), 1);
            let named =
                format!("PUNCTUAL_LOG: {bad:?} is not a log filter: give one of off, error,");
            assert!(problems[0].starts_with(&named), "{problems:?}");
        }
    }

    #[test]
    fn the_memory_that_callers_can_claim_is_bounded() {
        let toml = "[server]\nrequests_in_flight_max = 1000\nmessage_bytes_max = 100000000";
        let ConfigError(problems) = Config::from_sources(toml, []).unwrap_err();
        assert!(problems[0].contains("2 GiB"), "{problems:?}");
    }

    #[test]
    fn what_would_break_out_of_a_header_is_no_template_of_tiles() {
        for bad in [
            "https://tiles.example/{z}/{x}.png",
            "ftp://tiles.example/{z}/{x}/{y}.png",
            "https://tiles.example/{z}/{x}/{y}.png; script-src *",
            "https://tiles.example, *",
        ] {
            let ConfigError(problems) =
                Config::from_sources("", environment(&[("PUNCTUAL_TILES", bad)])).unwrap_err();
            assert_eq!(problems.len(), 1, "{bad}");
        }
    }

    #[test]
    fn the_printed_configuration_has_no_password() {
        let shown = |url: &str| without_password(url);
        assert_eq!(
            shown("postgres://shop:s3:cr@t@db/days"),
            "postgres://shop:***@db/days"
        );
        assert_eq!(
            shown("postgres://db/days?password=s3cret"),
            "postgres://db/days?***"
        );
        assert_eq!(shown("sqlite:/var/x"), "sqlite:/var/x");
    }

    #[test]
    fn the_printed_configuration_reads_back() {
        let mut config = Config::default();
        config.planning.orders_max = 17;
        config.noise = Some(PathBuf::from("noise/2026 \"10\".json"));
        config.data = PathBuf::from("/var/lib/punctual");
        config.store = "postgres://shop@db:5432/days?application_name=a".to_owned();
        config.advertise = "10.0.0.2:50061".to_owned();
        config.http = PagesAt::Address("0.0.0.0:80".parse().unwrap());
        config.page_hosts = vec!["dispatch.example".to_owned(), "b".to_owned()];
        config.tiles = "https://tiles.example/{z}/{x}/{y}.png".to_owned();
        assert_eq!(Config::from_sources(&config.to_toml(), []), Ok(config));
    }
}
