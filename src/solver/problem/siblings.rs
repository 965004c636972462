//! Vehicle types that may take each other's routes as they are.

use super::{Features, VehicleType};

/// For each type, the types that drive the same routes at the same times, itself included: they differ at most in
/// number, capacity, fixed cost, cost of distance and whom they may serve. Empty for a type that has no other.
///
/// Where goods are brought back it depends on the sequence of a route what a vehicle must hold, and where vehicles reload
/// a route is several trips: there, no type has siblings.
pub(super) fn siblings(types: &[VehicleType], features: Features) -> Vec<Vec<u32>> {
    let of = |kind: &VehicleType| -> Vec<u32> {
        if features.collections || features.reloads {
            return Vec::new();
        }
        let alike = (0..)
            .zip(types)
            .filter(|(_, other)| course(other) == course(kind));
        let alike: Vec<u32> = alike.map(|(number, _)| number).collect();
        if alike.len() > 1 { alike } else { Vec::new() }
    };
    types.iter().map(of).collect()
}

/// Everything that decides which routes a vehicle can drive and what their times cost, but for what it carries.
fn course(kind: &VehicleType) -> impl PartialEq + '_ {
    (
        (kind.start, kind.end, kind.profile, kind.pace),
        (kind.earliest, kind.latest, kind.loading),
        (kind.per_time, kind.per_overtime, kind.regular_duration),
        (kind.max_clients, kind.max_distance, kind.max_duration),
        &kind.breaks,
    )
}
