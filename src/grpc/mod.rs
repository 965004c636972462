//! The wire: the only module that knows tonic and protobuf.
//!
//! [`convert`] alone turns messages into model values, [`status`] alone names status codes. Everything else hands
//! requests to [`crate::app`] and answers back.

mod benchmarking;
mod calls;
mod connections;
pub mod convert;
mod digest;
mod exchanging;
mod following;
mod forecasting;
mod health;
pub mod json;
pub mod local;
mod mending;
pub mod noise_file;
mod planning;
mod promising;
pub mod server;
mod sheets;
pub mod status;
mod stream;

pub use digest::{input_digest, plan_version};

/// Generated from `proto/`: messages, clients and servers.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::too_many_lines,
    clippy::wildcard_enum_match_arm
)]
pub mod pb {
    tonic::include_proto!("punctual.v1");
}

/// The compiled `proto/` files, for reflection and for the JSON form of messages.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Name of the protobuf package, and with it the prefix of every service's name.
pub const PACKAGE: &str = "punctual.v1";
