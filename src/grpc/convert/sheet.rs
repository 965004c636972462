//! Route sheets.

use super::enums::write_order_kind;
use super::order::contact_message;
use super::place::{point_message, window_message};
use super::plan::loads_message;
use super::scalar::{count, moment};
use crate::grpc::pb;
use crate::model::{Finding, Reason};
use crate::sheet::{
    self, Format, Language, LeaveByBasis, RemovedStop, RouteSheet, SheetBreak, SheetChanges,
    SheetReload, SheetStop, StopChange,
};

/// Reads the language of a sheet. The values of the enum have the codes of the languages in their names.
///
/// # Errors
/// If this version does not know it.
pub fn language(value: i32) -> Result<Language, Vec<Finding>> {
    let language = match pb::Language::try_from(value) {
        Ok(pb::Language::Unspecified) => Some(Language::En),
        Ok(known) => {
            let code = known.as_str_name().strip_prefix("LANGUAGE_");
            code.and_then(|code| code.parse().ok())
        }
        Err(_) => None,
    };
    language.ok_or_else(|| {
        let names: Vec<&str> = Language::ALL.iter().map(|known| known.code()).collect();
        let message = format!("sheets are printed in {}", names.join(", "));
        vec![Finding::new("language", "", Reason::UnknownName, message)]
    })
}

/// Reads what sheets are written as.
///
/// # Errors
/// If this version does not know it.
pub fn sheet_format(value: i32) -> Result<Format, Vec<Finding>> {
    match pb::SheetFormat::try_from(value) {
        Ok(pb::SheetFormat::Unspecified | pb::SheetFormat::Html) => Ok(Format::Html),
        Ok(pb::SheetFormat::Pdf) => Ok(Format::Pdf),
        Err(_) => {
            let message = "sheets are written as HTML and PDF";
            Err(vec![Finding::new(
                "format",
                "",
                Reason::UnknownName,
                message,
            )])
        }
    }
}

/// The message for a sheet.
#[must_use]
pub fn sheet_message(sheet: &RouteSheet) -> pb::RouteSheet {
    pb::RouteSheet {
        day_name: sheet.day_name.clone(),
        time_zone: sheet.time_zone.clone(),
        courier_id: sheet.courier.to_string(),
        courier_name: sheet.courier_name.clone(),
        courier_phone: sheet.courier_phone.clone(),
        start_place: sheet.start_place.clone(),
        loading_time: moment(sheet.loading),
        departure_time: moment(sheet.departure),
        leave_by_time: sheet.leave_by.and_then(moment),
        load_at_start: loads_message(&sheet.load_at_start),
        parcels_at_start: count(sheet.parcels_at_start),
        end_place: sheet.end_place.clone(),
        end_time: moment(sheet.end),
        distance_meters: sheet.distance.0,
        stops: sheet.stops.iter().map(stop_message).collect(),
        plan_version: sheet.plan_version.clone(),
        checksum: sheet.checksum.clone(),
        leave_by_confidence_percent: f64::from(sheet.leave_by_confidence.0) / 100.0,
        spread_is_default: sheet.spread_is_default,
        reloads: sheet.reloads.iter().map(reload_message).collect(),
        breaks: sheet.breaks.iter().map(break_message).collect(),
        start_location: sheet.start_location.map(point_message),
        end_location: sheet.end_location.map(point_message),
        leave_by_basis: match sheet.leave_by_basis {
            LeaveByBasis::SimulatedDays => pb::LeaveByBasis::SimulatedDays,
            LeaveByBasis::Slack => pb::LeaveByBasis::Slack,
        }
        .into(),
        changes: sheet.changes.as_ref().map(changes_message),
        stop_code_texts: sheet::stop_code_texts(sheet),
    }
}

fn changes_message(changes: &SheetChanges) -> pb::SheetChanges {
    let removed = |stop: &RemovedStop| pb::RemovedStop {
        number: count(stop.number),
        order_id: stop.order.to_string(),
        address: stop.address.clone(),
        taken_by: stop.taken_by.clone(),
        reference: stop.reference.clone(),
    };
    pb::SheetChanges {
        since_version: changes.since_version.clone(),
        is_changed: changes.is_changed,
        is_withdrawn: changes.is_withdrawn,
        removed: changes.removed.iter().map(removed).collect(),
    }
}

fn change_message(change: &StopChange) -> pb::StopChange {
    use pb::stop_change::Change;
    let change = match change {
        StopChange::New => Some(Change::NewStop(pb::NewStop {})),
        StopChange::Moved { from } => Some(Change::MovedFrom(from.clone())),
        StopChange::Retimed { arrival } => moment(*arrival).map(Change::RetimedFromTime),
        StopChange::Edited => Some(Change::EditedStop(pb::EditedStop {})),
    };
    pb::StopChange { change }
}

fn break_message(pause: &SheetBreak) -> pb::SheetBreak {
    pb::SheetBreak {
        after_stop: count(pause.after_stop),
        start_time: moment(pause.start),
        end_time: moment(pause.end),
    }
}

fn reload_message(reload: &SheetReload) -> pb::SheetReload {
    pb::SheetReload {
        after_stop: count(reload.after_stop),
        place: reload.place.clone(),
        arrival_time: moment(reload.arrival),
        loading_time: moment(reload.loading),
        departure_time: moment(reload.departure),
        load_at_departure: loads_message(&reload.load_at_departure),
        parcels_at_departure: count(reload.parcels_at_departure),
        location: reload.location.map(point_message),
    }
}

fn stop_message(stop: &SheetStop) -> pb::SheetStop {
    let band = stop.arrival_band;
    pb::SheetStop {
        number: count(stop.number),
        order_id: stop.order.to_string(),
        kind: write_order_kind(stop.kind),
        window: stop.window.map(window_message),
        arrival_time: moment(stop.arrival),
        arrival_p10_time: band.and_then(|band| moment(band.start)),
        arrival_p90_time: band.and_then(|band| moment(band.end)),
        leave_by_time: stop.leave_by.and_then(moment),
        address: stop.address.clone(),
        contact: contact_message(&stop.contact),
        entry_notes: stop.entry_notes.clone(),
        parcels: stop.parcels.map(count),
        loads: loads_message(&stop.loads),
        payment_note: stop.payment_note.clone(),
        notes: stop.notes.clone(),
        location: stop.location.map(point_message),
        changes: stop.changes.iter().map(change_message).collect(),
        is_leave_by_planned: stop.is_leave_by_planned,
        reference: stop.reference.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_value_in_the_api() {
        let values = (0..100).filter_map(|value| pb::Language::try_from(value).ok());
        let languages: Vec<Language> = values
            .map(|value| language(value as i32).expect("a language"))
            .collect();
        for known in Language::ALL {
            assert!(languages.contains(known), "{known:?}");
        }
        assert_eq!(language(99).expect_err("unknown")[0].field, "language");
    }

    #[test]
    fn an_unknown_format_is_named() {
        assert_eq!(sheet_format(0), Ok(Format::Html));
        assert_eq!(sheet_format(2), Ok(Format::Pdf));
        assert_eq!(sheet_format(9).expect_err("unknown")[0].field, "format");
    }
}
