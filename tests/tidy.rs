//! Guards what the compiler does not: which module may know which, how long files are, and what is banned.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module of the crate may use of it. `units` is open to all.
const MAY_USE: [(&str, &[&str]); 28] = [
    ("units", &[]),
    ("rng", &[]),
    ("clock", &[]),
    ("config", &[]),
    ("telemetry", &["config"]),
    ("model", &[]),
    ("travel", &["model"]),
    ("solver", &["rng", "clock"]),
    ("check", &["model", "travel"]),
    ("forecast", &["rng", "model", "travel"]),
    ("promise", &["model"]),
    ("day", &["model", "travel", "forecast"]),
    ("book", &["model", "travel", "forecast", "promise"]),
    (
        "planner",
        &[
            "rng", "clock", "model", "travel", "solver", "forecast", "check",
        ],
    ),
    ("world", &["rng", "model", "travel", "day"]),
    ("store", &["rng", "clock", "model", "promise", "day"]),
    ("formats", &["model", "solver"]),
    ("sheet", &["model", "travel"]),
    ("generate", &["rng", "model", "promise"]),
    ("analysis", &["rng"]),
    ("backtest", &["model", "travel", "forecast", "analysis"]),
    (
        "remedy",
        &[
            "rng", "clock", "model", "travel", "check", "forecast", "day", "planner",
        ],
    ),
    ("report", &["analysis", "backtest"]),
    (
        "bench",
        &[
            "rng", "clock", "model", "travel", "check", "forecast", "planner", "formats",
            "analysis", "promise", "book", "day", "remedy", "world",
        ],
    ),
    (
        "app",
        &[
            "rng", "clock", "config", "model", "travel", "check", "forecast", "planner", "sheet",
            "analysis", "backtest", "bench", "promise", "book", "store", "day", "remedy",
        ],
    ),
    (
        "grpc",
        &[
            "rng",
            "clock",
            "config",
            "telemetry",
            "model",
            "planner",
            "formats",
            "sheet",
            "analysis",
            "backtest",
            "bench",
            "promise",
            "day",
            "store",
            "app",
        ],
    ),
    ("web", &["config", "grpc"]),
    (
        "cli",
        &[
            "rng",
            "clock",
            "config",
            "telemetry",
            "model",
            "solver",
            "planner",
            "formats",
            "sheet",
            "generate",
            "analysis",
            "backtest",
            "bench",
            "report",
            "day",
            "app",
            "grpc",
            "day",
            "travel",
            "world",
            "web",
        ],
    ),
];

/// Longest file, in lines, tests included.
const LINES_MAX: usize = 800;

/// What must not stand in a module's code, and why.
const BANNED: [(&str, &str, &str); 9] = [
    (
        "solver",
        "HashMap",
        "its order of iteration is not the same in every run",
    ),
    (
        "solver",
        "f32",
        "costs are integers; f64 is for temperature and statistics",
    ),
    ("solver", "println!", "the core does not write"),
    ("check", "crate::solver", "the checker is independent"),
    ("check", "crate::planner", "the checker is independent"),
    ("model", "tonic::", "only grpc knows the wire"),
    ("planner", "tonic::", "only grpc knows the wire"),
    ("app", "tonic::", "only grpc knows the wire"),
    ("web", "tonic::", "only grpc knows the wire"),
];

/// Words that mark unfinished work, put together so that this file does not contain them.
fn unfinished() -> [String; 4] {
    [
        ["to", "do!("],
        ["unimple", "mented!("],
        ["FIX", "ME"],
        ["TO", "DO"],
    ]
    .map(|[a, b]| format!("{a}{b}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Sources by module of the crate, with the path below `src`.
fn modules() -> BTreeMap<String, Vec<(String, String)>> {
    let source = root().join("src");
    let mut modules: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for path in rust_files(&source) {
        let name = path
            .strip_prefix(&source)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let module = name
            .split('/')
            .next()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        modules
            .entry(module)
            .or_default()
            .push((name, fs::read_to_string(&path).unwrap()));
    }
    modules
}

/// Without the parts that only tests see: they may use what they like.
fn product_code<'a>(name: &str, text: &'a str) -> &'a str {
    const FOR_TESTS: [&str; 4] = ["tests.rs", "/tests/", "fixture", "generate/workload.rs"];
    if FOR_TESTS.iter().any(|part| name.contains(part)) {
        return "";
    }
    text.split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text)
}

#[test]
fn modules_use_only_what_their_layer_may() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut faults = Vec::new();
    for (module, files) in modules() {
        if module == "lib" || module == "main" {
            continue;
        }
        let Some(allowed) = allowed.get(module.as_str()) else {
            faults.push(format!(
                "src/{module} is in no layer: add it to MAY_USE and to the map in src/lib.rs"
            ));
            continue;
        };
        for (name, text) in &files {
            for used in product_code(name, text).split("crate::").skip(1) {
                let used: String = used
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let is_known = MAY_USE.iter().any(|(known, _)| *known == used);
                if is_known
                    && used != module
                    && used != "units"
                    && !allowed.contains(&used.as_str())
                {
                    faults.push(format!("src/{name} uses crate::{used}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn banned_words_stay_out() {
    let mut faults = Vec::new();
    for (module, files) in modules() {
        for (name, text) in &files {
            for (_, word, why) in BANNED.iter().filter(|(banned_in, ..)| *banned_in == module) {
                if product_code(name, text).contains(word) {
                    faults.push(format!("src/{name} has {word}: {why}"));
                }
            }
            for word in unfinished() {
                if text.contains(&word) {
                    faults.push(format!("src/{name} has {word}: finish it or leave it out"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let files = ["src", "tests", "benches", "proto"].map(|folder| rust_files(&root().join(folder)));
    let too_long = files.into_iter().flatten().filter_map(|path| {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        (lines > LINES_MAX).then(|| {
            format!(
                "{} has {lines} lines: split it along a seam",
                path.display()
            )
        })
    });
    let faults: Vec<String> = too_long.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_map_names_every_module() {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let missing: Vec<String> = modules()
        .into_keys()
        .filter(|module| module != "lib" && module != "main")
        .filter(|module| !map.contains(&format!("[`{module}`]")))
        .collect();
    assert!(
        missing.is_empty(),
        "src/lib.rs does not explain {}",
        missing.join(", ")
    );
}

#[test]
fn every_message_and_field_of_the_protocol_is_explained() {
    let mut faults = Vec::new();
    for entry in fs::read_dir(root().join("proto/punctual/v1")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut before = "";
        for (number, line) in text.lines().enumerate() {
            let code = line.trim();
            let declares = ["message ", "enum ", "service ", "rpc ", "oneof "]
                .iter()
                .any(|word| code.starts_with(word))
                || (code.ends_with(';') && code.contains(" = ") && !code.starts_with("syntax"));
            if declares && !before.trim().starts_with("//") {
                faults.push(format!("{}:{} has no comment", path.display(), number + 1));
            }
            before = line;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_bundled_data_stay_small() {
    let size = |folder: &str| -> u64 {
        let entries = fs::read_dir(root().join(folder)).into_iter().flatten();
        let found = entries.map(|entry| entry.unwrap().metadata().unwrap());
        let files = found.filter(std::fs::Metadata::is_file);
        files.map(|file| file.len()).sum()
    };
    let own = size("data") + size("data/messages") + size("data/pictures");
    assert!(own <= 1 << 20, "data/ has {own} bytes, at most 1 MiB");
    let fonts = size("data/fonts");
    assert!(
        fonts <= 3 << 19,
        "data/fonts/ has {fonts} bytes, at most two faces"
    );
}
