//! Days under way: their terms, what is reported from them, what is to be expected, and their record.

mod event;
mod record;
mod remedy;
mod terms;
mod view;

pub use event::{event_message, read_event, refusal_findings};
pub use record::{plan_now_message, read_record_entry, record_entry_message, source_of};
pub use remedy::{
    read_plan_change, read_remedy_terms, read_repair_request, remedy_message, repair_message,
};
pub use terms::{LiveSource, live_terms_message, read_live_terms};
pub use view::{
    alert_change_message, courier_message, courier_risk_message, event_answer, live_day_message,
    open_alert_message,
};
