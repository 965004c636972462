//! The promises of a delivery day: what may be promised, held, confirmed, amended and cancelled, and the ledger of it all.
//!
//! A pure state machine. A [`Day`] changes by [`Entry`]s alone, which are the ledger: append-only, each with the moment at
//! which it was written. What is decided (may this hold be confirmed now?) is decided here; where an order goes in the
//! plan and how likely its promise is to be kept is found out elsewhere and arrives as facts. Nothing here knows a clock, a
//! random number, a store or a route's times.
//!
//! An entry that a day cannot take is a fault, not a refusal: [`Day::apply`] then changes nothing and says what does not
//! fit.

mod day;
mod drift;
mod entry;
mod quote;
mod refusal;
mod terms;
#[cfg(test)]
mod tests;
mod validate;

pub use day::{Day, DayState, PromiseRecord, PromiseState, Sequence, Unfit};
pub use drift::Drift;
pub use entry::{Booking, End, Entry, Event, RouteChange, Statement};
pub use quote::{Offer, Quote, Shortfall, WindowQuote};
pub use refusal::Refusal;
pub use terms::{DayTerms, OfferedWindow, ServiceArea};
pub use validate::base_findings;
