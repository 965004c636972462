//! Generates the gRPC code from `proto/` without a `protoc` binary, and the descriptor set for reflection.

use std::{env, error::Error, fs, path::PathBuf};

const PROTOS: [&str; 11] = [
    "punctual/v1/benchmark.proto",
    "punctual/v1/calibration.proto",
    "punctual/v1/day.proto",
    "punctual/v1/errors.proto",
    "punctual/v1/exchange.proto",
    "punctual/v1/forecast.proto",
    "punctual/v1/history.proto",
    "punctual/v1/model.proto",
    "punctual/v1/planning.proto",
    "punctual/v1/promise.proto",
    "punctual/v1/sheet.proto",
];

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts by the environment"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = PROTOS.iter().map(|name| format!("proto/{name}"));
    let descriptors = protox::compile(files, ["proto"])?;
    let target = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    fs::write(target, prost::Message::encode_to_vec(&descriptors))?;
    tonic_prost_build::configure()
        // Maps are ordered so that encoding a message twice gives the same bytes.
        .btree_map(".")
        .compile_fds(descriptors)?;
    Ok(())
}
