//! Behavior from outside: real servers on loopback ports, real clients, and the command itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod benchmark;
mod benchmark_service;
mod browser;
mod bundled;
mod calibration;
mod command;
mod day_command;
mod days;
mod evaluation;
mod exports;
mod frontier;
mod history_command;
mod http;
mod jobs;
mod large;
mod learning;
mod limits;
mod live_pages;
mod pages;
mod promise_input;
mod promises;
mod readme;
mod readme_python;
mod report;
mod service;
mod solve;
mod spreadsheets;
mod standard_services;
mod store;
mod study;
mod usage;
mod warm;
