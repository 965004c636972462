//! What is remembered of places: the best one of a client in each route, as long as the route does not change.
//!
//! Knows routes by slot and version alone, never how a place was found.

use super::Place;

/// Remembers the best place of a client in a route as long as the route's version lasts.
///
/// Shape: a row per client, direct-mapped by slot. Rows move between parts with their clients.
#[derive(Clone, Debug, Default)]
pub(in crate::solver) struct Memory {
    row: Vec<Memo>,
}

/// The best place in the route of one version. Small, for most of the time of a query goes by waiting for memos.
#[derive(Clone, Copy, Debug)]
struct Memo {
    delta: i64,
    version: u32,
    /// The node to go behind, and in the upper eight bits the window.
    place: u32,
}

/// Columns of a [`Memory`]; a power of two. More slots than columns share them.
const MEMORY_COLUMNS: usize = 128;
/// Bits of a node in a memo.
const NODE_BITS: u32 = 24;
const NODE_MASK: u32 = (1 << NODE_BITS) - 1;

impl Memo {
    /// Of no route: versions begin at 1.
    const EMPTY: Self = Self {
        delta: 0,
        version: 0,
        place: 0,
    };

    fn new(version: u32, place: Place) -> Self {
        Self {
            delta: place.delta,
            version,
            place: place.after & NODE_MASK | u32::from(place.window) << NODE_BITS,
        }
    }

    fn place(self) -> Place {
        if self.delta == i64::MAX {
            return Place::NOWHERE;
        }
        Place {
            delta: self.delta,
            after: self.place & NODE_MASK,
            window: (self.place >> NODE_BITS) as u8,
        }
    }
}

impl Memory {
    /// The place remembered for the route in `slot`, if that still has `version`.
    #[inline]
    pub(super) fn get(&self, slot: u32, version: u32) -> Option<Place> {
        let memo = self.row.get(slot as usize % MEMORY_COLUMNS)?;
        (memo.version == version).then(|| memo.place())
    }

    #[inline]
    pub(super) fn set(&mut self, slot: u32, version: u32, place: Place) {
        if self.row.is_empty() {
            self.row = vec![Memo::EMPTY; MEMORY_COLUMNS];
        }
        self.row[slot as usize % MEMORY_COLUMNS] = Memo::new(version, place);
    }
}
