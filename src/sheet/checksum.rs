//! The checksum that tells whether two sheets say the same.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use sha2::{Digest, Sha256};

use super::{
    LeaveByBasis, RemovedStop, RouteSheet, SheetBreak, SheetChanges, SheetReload, SheetStop,
    StopChange,
};
use crate::model::{Contact, GeoPoint, OrderKind, TimeWindow};
use crate::units::{Load, Timestamp};

/// First eight hexadecimal digits of the SHA-256 of everything on `sheet` but its checksum field.
///
/// The language of printing does not enter: the Russian and the English print of a sheet carry the same checksum.
pub(super) fn checksum(sheet: &RouteSheet) -> String {
    let digest = Sha256::digest(canonical(sheet).0.as_bytes());
    digest.iter().take(4).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Fields in a fixed order, each as `name length:value`, so that no two sheets share a text.
struct Canonical(String);

impl Canonical {
    fn field(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        let _ = writeln!(self.0, "{name} {}:{value}", value.len());
    }

    fn moment(&mut self, name: &str, moment: Option<Timestamp>) {
        self.field(name, moment.map_or_else(String::new, |at| at.0.to_string()));
    }

    fn window(&mut self, name: &str, window: Option<TimeWindow>) {
        self.moment(name, window.map(|window| window.start));
        self.moment(name, window.map(|window| window.end));
    }

    fn location(&mut self, location: Option<GeoPoint>) {
        let text = |at: GeoPoint| format!("{:.6} {:.6}", at.latitude, at.longitude);
        self.field("location", location.map_or_else(String::new, text));
    }

    fn loads(&mut self, name: &str, loads: &BTreeMap<String, Load>) {
        self.field(name, loads.len());
        for (dimension, load) in loads {
            self.field("dimension", dimension);
            self.field("load", load);
        }
    }
}

/// All structs are taken apart without `..`, so that a new field cannot be forgotten here.
fn canonical(sheet: &RouteSheet) -> Canonical {
    let RouteSheet {
        day_name,
        time_zone,
        courier,
        courier_name,
        courier_phone,
        start_place,
        start_location,
        loading,
        departure,
        leave_by,
        load_at_start,
        parcels_at_start,
        end_place,
        end_location,
        end,
        distance,
        stops,
        reloads,
        breaks,
        plan_version,
        checksum: _,
        leave_by_basis,
        leave_by_confidence,
        spread_is_default,
        changes,
    } = sheet;
    let mut text = Canonical(String::new());
    text.field("day", day_name);
    text.field("zone", time_zone);
    text.field("courier", courier);
    text.field("courier_name", courier_name);
    text.field("courier_phone", courier_phone);
    text.field("start_place", start_place);
    text.location(*start_location);
    text.moment("loading", Some(*loading));
    text.moment("departure", Some(*departure));
    text.moment("leave_by", *leave_by);
    text.loads("load_at_start", load_at_start);
    text.field("parcels_at_start", parcels_at_start);
    text.field("end_place", end_place);
    text.location(*end_location);
    text.moment("end", Some(*end));
    text.field("distance", distance);
    text.field("plan_version", plan_version);
    let basis = match leave_by_basis {
        LeaveByBasis::SimulatedDays => "days",
        LeaveByBasis::Slack => "slack",
    };
    text.field("basis", basis);
    text.field("confidence", leave_by_confidence.0);
    text.field("spread_is_default", spread_is_default);
    text.field("stops", stops.len());
    for stop in stops {
        write_stop(&mut text, stop);
    }
    for reload in reloads {
        write_reload(&mut text, reload);
    }
    for pause in breaks {
        write_break(&mut text, *pause);
    }
    if let Some(changes) = changes {
        write_changes(&mut text, changes);
    }
    text
}

fn write_break(text: &mut Canonical, pause: SheetBreak) {
    let SheetBreak {
        after_stop,
        start,
        end,
    } = pause;
    text.field("break", after_stop);
    text.moment("start", Some(start));
    text.moment("end", Some(end));
}

fn write_changes(text: &mut Canonical, changes: &SheetChanges) {
    let SheetChanges {
        since_version,
        is_changed,
        is_withdrawn,
        removed,
    } = changes;
    text.field("since", since_version);
    text.field("is_changed", is_changed);
    text.field("is_withdrawn", is_withdrawn);
    for stop in removed {
        let RemovedStop {
            number,
            order,
            reference,
            address,
            taken_by,
        } = stop;
        text.field("removed", number);
        text.field("order", order);
        text.field("reference", reference);
        text.field("address", address);
        text.field("taken_by", taken_by);
    }
}

fn write_change(text: &mut Canonical, change: &StopChange) {
    match change {
        StopChange::New => text.field("new", ""),
        StopChange::Moved { from } => text.field("moved", from),
        StopChange::Retimed { arrival } => text.moment("retimed", Some(*arrival)),
        StopChange::Edited => text.field("edited", ""),
    }
}

fn write_reload(text: &mut Canonical, reload: &SheetReload) {
    let SheetReload {
        after_stop,
        place,
        location,
        arrival,
        loading,
        departure,
        load_at_departure,
        parcels_at_departure,
    } = reload;
    text.field("reload", after_stop);
    text.field("place", place);
    text.location(*location);
    text.moment("arrival", Some(*arrival));
    text.moment("loading", Some(*loading));
    text.moment("departure", Some(*departure));
    text.loads("load_at_departure", load_at_departure);
    text.field("parcels_at_departure", parcels_at_departure);
}

fn write_stop(text: &mut Canonical, stop: &SheetStop) {
    let SheetStop {
        number,
        order,
        reference,
        kind,
        window,
        arrival,
        arrival_band,
        leave_by,
        is_leave_by_planned,
        address,
        location,
        contact: Contact { name, phone },
        entry_notes,
        parcels,
        loads,
        payment_note,
        notes,
        changes,
    } = stop;
    text.field("number", number);
    text.field("order", order);
    text.field("reference", reference);
    text.field(
        "kind",
        match kind {
            OrderKind::Delivery => "delivery",
            OrderKind::Collection => "collection",
        },
    );
    text.window("window", *window);
    text.moment("arrival", Some(*arrival));
    text.window("arrival_band", *arrival_band);
    text.moment("leave_by", *leave_by);
    text.field("is_leave_by_planned", is_leave_by_planned);
    text.field("address", address);
    text.location(*location);
    text.field("contact_name", name);
    text.field("contact_phone", phone);
    text.field("entry_notes", entry_notes);
    text.field(
        "parcels",
        parcels.map_or_else(String::new, |count| count.to_string()),
    );
    text.loads("loads", loads);
    text.field("payment_note", payment_note);
    text.field("notes", notes);
    for change in changes {
        write_change(text, change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::sample;

    #[test]
    fn equal_sheets_have_equal_checksums_of_eight_hex_digits() {
        let sum = checksum(&sample::small());
        assert_eq!(sum, checksum(&sample::small()));
        assert_eq!(sum.len(), 8);
        assert!(sum.chars().all(|c| c.is_ascii_hexdigit()));
    }

    #[test]
    fn every_change_on_the_sheet_changes_the_checksum() {
        let edits: [fn(&mut RouteSheet); 15] = [
            |sheet| sheet.plan_version.push('x'),
            |sheet| sheet.departure.0 += 1,
            |sheet| sheet.leave_by = None,
            |sheet| sheet.spread_is_default = !sheet.spread_is_default,
            |sheet| sheet.stops.swap(0, 1),
            |sheet| sheet.stops[0].notes.push(' '),
            |sheet| sheet.stops[0].parcels = None,
            |sheet| sheet.reloads.clear(),
            |sheet| sheet.reloads[0].after_stop = 1,
            |sheet| sheet.breaks.clear(),
            |sheet| sheet.breaks[0].end.0 += 1,
            |sheet| sheet.leave_by_basis = LeaveByBasis::Slack,
            |sheet| sheet.start_location = None,
            |sheet| sheet.stops[0].changes.push(StopChange::New),
            |sheet| {
                sheet.stops[1].loads.clear();
            },
        ];
        let original = checksum(&sample::small());
        for (position, edit) in edits.iter().enumerate() {
            let mut sheet = sample::small();
            edit(&mut sheet);
            assert_ne!(original, checksum(&sheet), "edit {position}");
        }
    }

    #[test]
    fn text_that_moves_from_one_field_to_the_next_is_noticed() {
        let mut sheet = sample::small();
        sheet.stops[0].entry_notes = "a\nnotes 1:b".into();
        sheet.stops[0].notes = String::new();
        let merged = checksum(&sheet);
        sheet.stops[0].entry_notes = "a".into();
        sheet.stops[0].notes = "b".into();
        assert_ne!(merged, checksum(&sheet));
    }

    #[test]
    fn the_checksum_does_not_depend_on_itself() {
        let mut sheet = sample::small();
        let sum = checksum(&sheet);
        sheet.checksum = "ffffffff".into();
        assert_eq!(sum, checksum(&sheet));
    }
}
