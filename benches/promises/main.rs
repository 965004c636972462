//! How long promises take on a full day: 5,000 confirmed orders, 160 couriers, 10 windows.
//!
//! First in process, one quote of all windows after the other. Then over gRPC, from eight clients at once, against the
//! built binary with its embedded store: quotes, and holds until they are acknowledged. `PUNCTUAL_*` settings reach that
//! process; `PUNCTUAL_PROMISES_IMPROVE_MS=0` shows how much the search for better plans takes away.

mod load;
#[path = "../server/mod.rs"]
mod server;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use punctual::book::{Book, Caller, Site};
use punctual::clock::Clock;
use punctual::generate::{DaySpec, bookings, day_terms};
use punctual::model::{DayId, TimeWindow, WindowId};
use punctual::promise::{Booking, DayTerms, OfferedWindow};
use punctual::units::{Seconds, Timestamp};

/// Orders in the plan.
const ORDERS: usize = 5_000;
const COURIERS: u32 = 160;
/// Windows of two hours, one starting every hour.
const WINDOWS: usize = 10;
/// Customers, those who find no room included.
const CUSTOMERS: u32 = 9_000;
/// Customers who come when the day is full.
pub(crate) const LATER: usize = 300;
/// Quotes timed in process.
const QUOTES: usize = 2_000;

fn spec() -> DaySpec {
    DaySpec {
        date: jiff::civil::date(2035, 6, 5),
        orders: CUSTOMERS,
        couriers: COURIERS,
        // Baskets and distances that let a courier make more than thirty stops.
        basket_median_kg: 2.0,
        radius_km: 6.0,
        ..DaySpec::default()
    }
}

fn terms(spec: &DaySpec) -> DayTerms {
    let mut terms = day_terms(spec);
    let first = terms.windows[0].window.start;
    let windows = (0..WINDOWS).map(|number| {
        let start = first + Seconds(number as i64 * 3_600);
        let window = TimeWindow {
            start,
            end: start + Seconds(7_200),
        };
        OfferedWindow {
            id: WindowId::parse(&format!("window-{number}")).expect("letters, a hyphen, digits"),
            window,
            cut_off: None,
        }
    });
    terms.windows = windows.collect();
    // So many orders have room in these shifts if promises may be broken: what a quote costs does not depend on that.
    terms.target = None;
    terms.id = DayId::parse("full-day").expect("letters and a hyphen");
    terms
}

/// A day as full as it gets, and customers who come after.
fn full_day(terms: &DayTerms, customers: &[Booking]) -> (Book, Vec<Booking>) {
    let mut book = Book::new(Arc::new(Site::new(Arc::new(terms.clone()))));
    let (first, later) = customers.split_at(customers.len() - LATER);
    for (number, booking) in first.iter().enumerate() {
        if book.totals().stops == ORDERS as u64 {
            break;
        }
        let caller = Caller::new(book.site(), Arc::new(booking.clone()));
        let windows = (0..WINDOWS).map(|nth| &terms.windows[(number * 7 + nth) % WINDOWS]);
        let taken = windows
            .filter_map(|window| book.take(&caller, window).ok())
            .next();
        if let Some(taken) = taken {
            book = taken.book;
        }
    }
    let later = later.to_vec();
    (book, later)
}

/// The middle and the 99th percentile.
fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    format!(
        "p50 {:.2} ms, p99 {:.2} ms",
        at(50).as_secs_f64() * 1e3,
        at(99).as_secs_f64() * 1e3
    )
}

fn in_process(terms: &DayTerms, customers: &[Booking]) {
    let begun = Clock::start();
    let (book, later) = full_day(terms, customers);
    println!(
        "in process: {} orders of {} customers, {} routes, {:.2} % expected on time, filled in {:.1?}",
        book.totals().stops,
        customers.len() - LATER,
        book.totals().routes,
        book.expected() * 100.0,
        begun.elapsed()
    );
    let quote = |booking: &Booking| {
        let caller = Caller::new(book.site(), Arc::new(booking.clone()));
        book.quote(&caller, &terms.windows, Timestamp(0))
    };
    let mut offered = 0.0;
    let times = later.iter().cycle().take(QUOTES).map(|booking| {
        let begun = Clock::start();
        let quotes = black_box(quote(booking));
        let took = begun.elapsed();
        let windows = quotes.iter().filter(|quote| quote.outcome.is_ok());
        offered += windows.count() as f64;
        took
    });
    let times: Vec<Duration> = times.collect();
    println!(
        "in process: a quote of {WINDOWS} windows: {}; {:.1} windows offered",
        percentiles(times),
        offered / QUOTES as f64
    );
    let mut criterion = Criterion::default().configure_from_args();
    let mut nth = 0;
    criterion.bench_function("quote", |bencher| {
        bencher.iter(|| {
            nth += 1;
            quote(&later[nth % later.len()])
        });
    });
    criterion.final_summary();
}

fn main() {
    let spec = spec();
    let (terms, customers) = (terms(&spec), bookings(&spec));
    in_process(&terms, &customers);
    load::over_grpc(&terms, &customers);
}
