//! What was said of the traffic, beside what is learnt of it.

use super::TrafficShift;
use crate::forecast::draws;
use crate::units::Timestamp;

/// Everything that was said, in the sequence of its beginning.
#[derive(Clone, Debug, Default)]
pub(super) struct Jams(Vec<Jam>);

#[derive(Clone, Copy, Debug)]
struct Jam {
    since: Timestamp,
    until: Option<Timestamp>,
    /// Key of the zone; `None` for all.
    zone: Option<u64>,
    factor: f64,
}

impl Jams {
    pub(super) fn new(shifts: &[TrafficShift]) -> Self {
        let jam = |shift: &TrafficShift| Jam {
            since: shift.since,
            until: shift.until,
            zone: shift.zone.as_ref().map(|zone| draws::key(zone.as_str())),
            factor: f64::from(shift.factor.0.max(1)) / 10_000.0,
        };
        let mut jams: Vec<Jam> = shifts.iter().map(jam).collect();
        jams.sort_by_key(|jam| jam.since);
        Self(jams)
    }

    /// The factor on ways into the zone with key `zone` at `moment`. What is said of the zone counts before what is said
    /// of all, and what was said last before what was said earlier.
    pub(super) fn factor(&self, zone: u64, moment: Timestamp) -> f64 {
        let said = |wanted: Option<u64>| {
            let mut begun = self.0.iter().filter(|jam| jam.since <= moment);
            let last = begun.rfind(|jam| jam.zone == wanted)?;
            let holds = last.until.is_none_or(|until| moment <= until);
            (holds && (last.factor - 1.0).abs() > 1e-9).then_some(last.factor)
        };
        if self.0.is_empty() {
            return 1.0;
        }
        said(Some(zone)).or_else(|| said(None)).unwrap_or(1.0)
    }

    /// Moments strictly between `from` and `to` at which something changes, in sequence.
    pub(super) fn changes(&self, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let ends = |jam: &Jam| jam.until.map(|until| Timestamp(until.0.saturating_add(1)));
        let moments = self
            .0
            .iter()
            .flat_map(|jam| [Some(jam.since), ends(jam)])
            .flatten();
        let mut moments: Vec<Timestamp> = moments.filter(|at| from < *at && *at < to).collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::fixture::at;
    use crate::model::ZoneId;
    use crate::units::BasisPoints;

    #[test]
    fn what_is_said_of_a_zone_counts_before_what_is_said_of_all() {
        let shift = |zone: Option<&str>, since, until, factor| TrafficShift {
            since,
            until,
            zone: zone.map(|zone| ZoneId::parse(zone).unwrap()),
            factor: BasisPoints(factor),
        };
        let jams = Jams::new(&[
            shift(Some("north"), at(9, 0), Some(at(10, 0)), 20_000),
            shift(None, at(8, 0), None, 12_000),
            shift(None, at(11, 0), None, 10_000),
        ]);
        let [north, south] = ["north", "south"].map(draws::key);
        let percent = |zone, moment| (jams.factor(zone, moment) * 100.0).round();
        for (moment, in_north, in_south) in [
            (at(7, 0), 100.0, 100.0),
            (at(8, 30), 120.0, 120.0),
            (at(9, 30), 200.0, 120.0),
            (at(10, 30), 120.0, 120.0),
            (at(11, 30), 100.0, 100.0),
        ] {
            assert!((percent(north, moment) - in_north).abs() < 0.5);
            assert!((percent(south, moment) - in_south).abs() < 0.5);
        }
        assert_eq!(jams.changes(at(8, 30), at(10, 30)).len(), 2);
    }
}
