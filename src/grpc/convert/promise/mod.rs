//! Days whose windows are promised: their terms, quotes, promises and the ledger.

mod order;
mod quote;
mod request;
mod terms;
#[cfg(test)]
mod tests;
mod view;

pub use order::booking_message;
pub use quote::{Clocks, quote_message};
pub use request::{
    Amendment, Hold, RequestFields, entry_number, id_of, page_size, read_amendment, read_booking,
    read_hold, read_promise_states, request_findings,
};
pub use terms::{read_terms, terms_message};
pub use view::{day_message, entry_message, promise_message};
