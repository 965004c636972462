//! Messages to model values and back: the only place where the wire and the model meet.
//!
//! Reading collects every error of shape (missing fields, malformed ids, numbers that the model cannot hold) with the
//! path of its field; what the values mean is judged later by `Problem::validate`. Writing cannot fail.

mod benchmark;
mod calibration;
mod courier;
mod enums;
mod exchange;
mod finding;
mod forecast;
mod frontier;
mod history;
mod learning;
mod live;
mod noise;
mod options;
mod order;
mod place;
mod plan;
mod problem;
mod progress;
mod promise;
mod read;
mod read_plan;
mod request;
mod scalar;
mod sheet;
mod sketch;
mod target;

pub use benchmark::{benchmark_progress_message, read_benchmark_request, study_message};
pub use calibration::{calibration_message, read_calibration_request};
pub use exchange::{
    DayImport, PlanExport, TableBounds, day_import_findings, imported_day_message, read_day_import,
    read_plan_export,
};
pub use finding::{findings_message, prefixed, validation_message};
pub use forecast::forecast_message;
pub use frontier::{frontier_message, frontier_progress_message, read_frontier_request};
pub use history::read_recorded_routes;
pub use learning::{read_learn_request, taught_message};
pub use live::{
    LiveSource, alert_change_message, courier_message, courier_risk_message, event_answer,
    event_message, live_day_message, live_terms_message, open_alert_message, plan_now_message,
    read_event, read_live_terms, read_plan_change, read_record_entry, read_remedy_terms,
    read_repair_request, record_entry_message, refusal_findings, remedy_message, repair_message,
    source_of,
};
pub use noise::{noise_message, read_noise_model};
pub use options::read_scenarios;
pub use plan::{plan_message, planned_day};
pub use problem::{order_messages, problem_frame, problem_message, read_problem};
pub use progress::{progress_message, solved_message};
pub use promise::{
    Amendment, Clocks, Hold, RequestFields, booking_message, day_message, entry_message,
    entry_number, id_of, page_size, promise_message, quote_message, read_amendment, read_booking,
    read_hold, read_promise_states, read_terms, request_findings, terms_message,
};
pub use request::{
    Routes, SheetDay, SheetOrder, missing, pair, read_day_in, read_evaluate_request,
    read_forecast_request, read_planned_day, read_sheet_order, read_solve_request,
};
pub(super) use scalar::{count, moment, moment_of};
pub use sheet::{language, sheet_format, sheet_message};
pub use target::{EXPECTED_PERCENT, FLOOR_PERCENT};
