//! What a courier with an earlier sheet has to know about the new one.

use std::collections::{BTreeMap, BTreeSet};

use super::{RemovedStop, RouteSheet, SheetChanges, SheetStop, StopChange};
use crate::model::OrderId;
use crate::units::{Seconds, Timestamp};

/// A leave-by time that moves by less is not worth a mark: forecasts differ by chance.
const LEAVE_BY_MOVES: Seconds = Seconds(300);

/// Marks in `sheets` what differs from `before`, and appends a sheet without stops for every courier of `before` who
/// drives no more; its plan version is still the earlier one.
///
/// Shape: both are the sheets of all couriers of a plan, each courier at most once. Within a route, as few stops as
/// possible count as moved: those outside a longest common subsequence of the old and the new sequence.
pub(super) fn mark(sheets: &mut Vec<RouteSheet>, before: &[RouteSheet], since_version: &str) {
    let was = Places::new(before);
    let is = Places::new(sheets);
    let mut marked: Vec<RouteSheet> = Vec::with_capacity(sheets.len());
    for sheet in sheets.iter() {
        let old = before.iter().find(|old| old.courier == sheet.courier);
        let mut sheet = sheet.clone();
        mark_stops(&mut sheet, old, &was);
        let removed = old.map_or_else(Vec::new, |old| removed(old, &sheet, &is));
        let is_changed = !removed.is_empty()
            || sheet.stops.iter().any(|stop| !stop.changes.is_empty())
            || old.is_none_or(|old| frame_differs(&sheet, old));
        sheet.changes = Some(SheetChanges {
            since_version: since_version.to_owned(),
            is_changed,
            is_withdrawn: false,
            removed,
        });
        marked.push(sheet);
    }
    let drives_no_more = |old: &&RouteSheet| !sheets.iter().any(|now| now.courier == old.courier);
    let withdrawn = before.iter().filter(drives_no_more);
    marked.extend(withdrawn.map(|old| withdraw(old, &is, since_version)));
    *sheets = marked;
}

/// Which stop serves an order.
struct Places<'a>(BTreeMap<&'a OrderId, (&'a RouteSheet, &'a SheetStop)>);

impl<'a> Places<'a> {
    fn new(sheets: &'a [RouteSheet]) -> Self {
        let stops = sheets
            .iter()
            .flat_map(|sheet| sheet.stops.iter().map(move |stop| (sheet, stop)));
        Self(
            stops
                .map(|(sheet, stop)| (&stop.order, (sheet, stop)))
                .collect(),
        )
    }
}

fn mark_stops(sheet: &mut RouteSheet, old: Option<&RouteSheet>, was: &Places<'_>) {
    let stays = old.map_or_else(BTreeSet::new, |old| in_sequence(&sheet.stops, &old.stops));
    for stop in &mut sheet.stops {
        let Some((from, former)) = was.0.get(&stop.order) else {
            stop.changes = vec![StopChange::New];
            continue;
        };
        let mut changes = Vec::new();
        if from.courier != sheet.courier {
            let from = from.courier_name.clone();
            changes.push(StopChange::Moved { from });
        } else if !stays.contains(&stop.order) {
            let from = String::new();
            changes.push(StopChange::Moved { from });
        }
        if is_retimed(stop, former) {
            let arrival = former.arrival;
            changes.push(StopChange::Retimed { arrival });
        }
        if is_edited(stop, former) {
            changes.push(StopChange::Edited);
        }
        stop.changes = changes;
    }
}

/// The orders of a longest common subsequence of both routes.
///
/// Source: patience sorting, as in Fredman (1975), "On computing the length of longest increasing subsequences".
fn in_sequence(now: &[SheetStop], before: &[SheetStop]) -> BTreeSet<OrderId> {
    let place: BTreeMap<&OrderId, usize> = before
        .iter()
        .enumerate()
        .map(|(index, stop)| (&stop.order, index))
        .collect();
    let common: Vec<(usize, &OrderId)> = now
        .iter()
        .filter_map(|stop| Some((*place.get(&stop.order)?, &stop.order)))
        .collect();
    // The last element of the best sequence of each length, as an index into `common`, and what comes before each.
    let mut tails: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(common.len());
    for (index, (at, _)) in common.iter().enumerate() {
        let length = tails.partition_point(|&tail| common[tail].0 < *at);
        previous.push(length.checked_sub(1).map(|shorter| tails[shorter]));
        if length == tails.len() {
            tails.push(index);
        } else {
            tails[length] = index;
        }
    }
    let last = tails.last().copied();
    std::iter::successors(last, |&index| previous[index])
        .map(|index| common[index].1.clone())
        .collect()
}

fn is_retimed(now: &SheetStop, before: &SheetStop) -> bool {
    let is_later_or_earlier = match (now.leave_by, before.leave_by) {
        (Some(now), Some(before)) => (now - before).0.abs() >= LEAVE_BY_MOVES.0,
        // Only the last stop has none; whoever comes before it is marked by other means.
        _ => false,
    };
    minute(now.arrival) != minute(before.arrival)
        || now.window != before.window
        || is_later_or_earlier
}

fn is_edited(now: &SheetStop, before: &SheetStop) -> bool {
    (now.kind, &now.address, &now.contact) != (before.kind, &before.address, &before.contact)
        || (&now.entry_notes, &now.notes) != (&before.entry_notes, &before.notes)
        || (now.parcels, &now.loads) != (before.parcels, &before.loads)
        || now.payment_note != before.payment_note
}

/// Whether anything of a route besides its stops is another.
fn frame_differs(now: &RouteSheet, before: &RouteSheet) -> bool {
    let frame = |sheet: &RouteSheet| {
        let moments = [sheet.loading, sheet.departure].map(minute);
        let loads = (sheet.load_at_start.clone(), sheet.parcels_at_start);
        let places = (sheet.start_place.clone(), sheet.end_place.clone());
        (moments, loads, places)
    };
    frame(now) != frame(before) || now.reloads != before.reloads || now.breaks != before.breaks
}

fn minute(moment: Timestamp) -> i64 {
    moment.0.div_euclid(60)
}

fn removed(old: &RouteSheet, now: &RouteSheet, is: &Places<'_>) -> Vec<RemovedStop> {
    let goes = |stop: &&SheetStop| !now.stops.iter().any(|now| now.order == stop.order);
    old.stops
        .iter()
        .filter(goes)
        .map(|stop| removed_stop(stop, is))
        .collect()
}

fn removed_stop(stop: &SheetStop, is: &Places<'_>) -> RemovedStop {
    let taken_by = is.0.get(&stop.order);
    RemovedStop {
        number: stop.number,
        order: stop.order.clone(),
        reference: stop.reference.clone(),
        address: stop.address.clone(),
        taken_by: taken_by.map_or_else(String::new, |(sheet, _)| sheet.courier_name.clone()),
    }
}

/// The sheet of a courier who drives no more.
fn withdraw(old: &RouteSheet, is: &Places<'_>, since_version: &str) -> RouteSheet {
    RouteSheet {
        stops: Vec::new(),
        reloads: Vec::new(),
        breaks: Vec::new(),
        load_at_start: BTreeMap::new(),
        parcels_at_start: 0,
        leave_by: None,
        changes: Some(SheetChanges {
            since_version: since_version.to_owned(),
            is_changed: true,
            is_withdrawn: true,
            removed: old
                .stops
                .iter()
                .map(|stop| removed_stop(stop, is))
                .collect(),
        }),
        ..old.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TimeWindow;
    use crate::sheet::sample;

    fn of(courier: &str, orders: &[&str]) -> RouteSheet {
        let mut sheet = sample::small();
        sheet.courier = crate::model::CourierId::parse(courier).expect("an id");
        sheet.courier_name = courier.to_uppercase();
        sheet.reloads.clear();
        sheet.breaks.clear();
        sheet.stops = orders
            .iter()
            .zip(1..)
            .map(|(order, number)| SheetStop {
                number,
                order: OrderId::parse(order).expect("an id"),
                ..sample::small().stops[0].clone()
            })
            .collect();
        sheet
    }

    fn marked(now: &[RouteSheet], before: &[RouteSheet]) -> Vec<RouteSheet> {
        let mut sheets = now.to_vec();
        mark(&mut sheets, before, "before");
        sheets
    }

    /// The marks of the stops of the first sheet, in words.
    fn marks(now: &[RouteSheet], before: &[RouteSheet]) -> Vec<String> {
        let word = |change: &StopChange| match change {
            StopChange::New => "new".to_owned(),
            StopChange::Moved { from } => format!("moved {from}").trim().to_owned(),
            StopChange::Retimed { .. } => "retimed".to_owned(),
            StopChange::Edited => "edited".to_owned(),
        };
        let stops = marked(now, before)[0].stops.clone();
        let words = |stop: &SheetStop| stop.changes.iter().map(word).collect::<Vec<_>>().join("+");
        stops.iter().map(words).collect()
    }

    fn changes(sheet: &RouteSheet) -> &SheetChanges {
        sheet.changes.as_ref().expect("it was compared")
    }

    #[test]
    fn the_same_plan_has_no_change() {
        let sheets = [of("a", &["1", "2"]), of("b", &["3"])];
        for sheet in marked(&sheets, &sheets) {
            assert!(!changes(&sheet).is_changed);
            assert!(sheet.stops.iter().all(|stop| stop.changes.is_empty()));
        }
    }

    #[test]
    fn new_stops_and_those_of_other_couriers_are_told_apart() {
        let before = [of("a", &["1"]), of("b", &["2"])];
        let now = [of("a", &["1", "2", "3"])];
        assert_eq!(marks(&now, &before), ["", "moved B", "new"]);
    }

    #[test]
    fn as_few_stops_as_possible_count_as_moved() {
        let before = [of("a", &["1", "2", "3", "4", "5"])];
        let now = [of("a", &["5", "1", "2", "3", "4"])];
        assert_eq!(marks(&now, &before), ["moved", "", "", "", ""]);
    }

    #[test]
    fn removed_stops_say_where_they_went() {
        let before = [of("a", &["1", "2", "3"]), of("b", &["4"])];
        let now = [of("a", &["1"]), of("b", &["4", "2"])];
        let sheets = marked(&now, &before);
        let removed = &changes(&sheets[0]).removed;
        let told: Vec<(u32, &str, &str)> = removed
            .iter()
            .map(|stop| (stop.number, stop.order.as_str(), stop.taken_by.as_str()))
            .collect();
        assert_eq!(told, [(2, "2", "B"), (3, "3", "")]);
    }

    #[test]
    fn times_count_by_the_printed_minute_and_leave_by_times_by_five() {
        let before = [of("a", &["1", "2"])];
        let with = |edit: fn(&mut SheetStop)| {
            let mut now = before.clone();
            edit(&mut now[0].stops[0]);
            marks(&now, &before).remove(0)
        };
        assert_eq!(with(|stop| stop.arrival.0 += 59), "");
        assert_eq!(with(|stop| stop.arrival.0 += 60), "retimed");
        assert_eq!(
            with(|stop| stop.leave_by = stop.leave_by.map(|at| at + Seconds(299))),
            ""
        );
        assert_eq!(
            with(|stop| stop.leave_by = stop.leave_by.map(|at| at - Seconds(300))),
            "retimed"
        );
        let other = |stop: &mut SheetStop| {
            stop.window = stop.window.map(|window| TimeWindow {
                end: window.end + Seconds(60),
                ..window
            });
            stop.contact.phone.push('1');
        };
        assert_eq!(with(other), "retimed+edited");
    }

    #[test]
    fn a_courier_who_drives_no_more_is_told() {
        let before = [of("a", &["1"]), of("b", &["2", "3"])];
        let now = [of("a", &["1", "3"])];
        let sheets = marked(&now, &before);
        assert_eq!(sheets.len(), 2);
        assert!(sheets[1].stops.is_empty());
        let changes = changes(&sheets[1]);
        assert!(changes.is_withdrawn && changes.is_changed);
        assert_eq!(changes.removed.len(), 2);
        assert_eq!(changes.removed[1].taken_by, "A");
    }

    #[test]
    fn another_load_or_break_is_a_change_without_a_mark() {
        let before = [of("a", &["1"])];
        let mut now = before.clone();
        now[0].parcels_at_start += 1;
        assert!(changes(&marked(&now, &before)[0]).is_changed);
        let mut now = before.clone();
        now[0].breaks = sample::small().breaks;
        assert!(changes(&marked(&now, &before)[0]).is_changed);
    }
}
