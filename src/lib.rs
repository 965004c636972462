//! Punctual plans delivery days, says how likely each promise is to be kept, and prints what couriers work from.
//!
//! # The way data flows
//!
//! A value enters at the top, each module changes its form once, and it leaves at the bottom.
//!
//! ```text
//!  dispatch system -- gRPC --> grpc::convert --> model (validated orders, couriers, windows)
//!                                                  |
//!                              app (admission, jobs, threads of their own for each search)
//!                                                  |
//!                              planner::translate: ids -> dense indices, with travel times
//!                              planner::reliability: days of `forecast` to try routes out on, for a target
//!                                                  |
//!                              solver (parallel lanes, anytime, deterministic)
//!                                                  |
//!                              planner: sequences -> times, costs, explanations
//!                                                  |
//!                              check (independent verdict) --> forecast (simulated days)
//!                                                  |
//!          grpc answers  |  web (pages)  |  sheet (what is printed)  |  cli (tables, files)
//! ```
//!
//! Promises go a way of their own: `app` asks the `book` of a day what can be promised, its one writer appends what is to
//! a ledger (`promise`) in the `store`, and only what is stored is shown; the planner looks for better routes meanwhile.
//!
//! So do days under way: what is reported is appended to a record (`day`) in the same `store` before anybody is answered,
//! by the one writer of that day in `app`, who looks anew at the couriers concerned and tells alerts to watchers.
//!
//! Spreadsheets join at the ends: `formats` makes a problem of tables of orders and couriers, and tables, maps and routes
//! for navigators of a plan.
//!
//! What happened on days gone by goes another way: `formats` or `grpc::convert` make a history of it, `forecast::learn` a
//! noise model of that, `app` tries it out on days that it has not seen, and forecasts take it.
//!
//! # Modules in reading order
//!
//! | layer | module | what it is | may use of this crate |
//! |---|---|---|---|
//! | 0 | [`units`] | quantities as integer newtypes | |
//! | 0 | [`rng`], [`clock`] | the only sources of randomness and of time | |
//! | 0 | [`config`], [`telemetry`] | what a process can be told; logs | |
//! | 1 | [`model`] | the nouns of the business and what is wrong with them | layer 0 |
//! | 2 | [`travel`] | how long it takes from place to place, at any time of day | layers 0 to 1 |
//! | 3 | [`solver`] | the optimizer, in dense indices | `units`, `rng`, `clock` |
//! | 3 | [`check`] | judges plans by its own arithmetic | `units`, `model`, `travel` |
//! | 3 | [`forecast`] | how likely promises are to be kept | layers 0 to 2 |
//! | 3 | [`promise`] | the ledger of a day's promises, as a pure state machine | `units`, `model` |
//! | 4 | [`planner`] | from a problem to a checked plan | layers 0 to 3 |
//! | 4 | [`book`] | the plan behind a day's promises: what can be promised, how surely, and what it costs | layers 0 to 3 |
//! | 4 | [`day`] | a day under way: what was reported, where everybody is, what is to be expected, whom to warn | `model`, `travel`, `forecast` |
//! | 4 | [`formats`] | benchmark instances and solutions, histories as CSV, orders from and plans to spreadsheets and maps | `model`, `solver` |
//! | 4 | [`sheet`] | route sheets, as data, as HTML and as PDF | layers 0 to 2 |
//! | 4 | [`generate`] | invented days that look real | layers 0 to 1, `promise` |
//! | 4 | [`analysis`] | what measurements and studies say, and how surely | `rng` |
//! | 4 | [`bench`](mod@bench) | studies: days planned in several ways, plans tried out under stresses | layers 0 to 4 |
//! | 4 | [`store`] | where ledgers and records are kept: SQLite, PostgreSQL, memory | `rng`, `clock`, `model`, `promise`, `day` |
//! | 4 | [`backtest`] | recorded days forecast as they could have been, beside what came of them | `model`, `travel`, `forecast`, `analysis` |
//! | 5 | [`remedy`] | what can be done about promises at risk: remedies, repair of the rest of the day | layers 0 to 4 |
//! | 5 | [`report`] | studies and calibrations as an HTML page, studies as CSV and Parquet | `analysis`, `backtest` |
//! | 5 | [`app`] | use cases: admission, jobs, planning on threads of its own, learning | layers 0 to 4 |
//! | 6 | [`grpc`] | the API; knows tonic and protobuf, alone | layers 0 to 5 |
//! | 7 | [`web`] | what browsers are served: the dispatcher's page, a courier's own route | `config`, `grpc` |
//! | 8 | [`cli`] | the command line | everything |
//!
//! # Invariants
//!
//! * `solver` never sees an id, a calendar, a file, a log line or a float in a cost, and a clock only where it is handed
//!   one. Ids become dense indices in `planner` and nowhere else.
//! * The same problem, seed and iteration limit give the same plan for any number of threads: work is cut into parts by
//!   the problem alone, and random numbers are keyed by what they are for.
//! * Every plan is judged by `check`, which shares no code with `solver` or with the timing in `planner`.
//! * Only `grpc` turns wire bytes into model values and names status codes; only `config` reads the environment.
//! * A search never runs on the threads that serve calls.
//! * Costs, times and loads are integers; floats appear in coordinates, in the forecast's statistics, and as the
//!   temperature of the search.
//!
//! `tests/tidy.rs` guards the layers, the size of files and what is banned.

pub mod analysis;
pub mod app;
pub mod backtest;
pub mod bench;
pub mod book;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod day;
pub mod forecast;
pub mod formats;
pub mod generate;
pub mod grpc;
pub mod model;
pub mod planner;
pub mod promise;
pub mod remedy;
pub mod report;
pub mod rng;
pub mod sheet;
pub mod solver;
pub mod store;
pub mod telemetry;
pub mod travel;
pub mod units;
pub mod web;
