//! Changed routes, written as the pieces of present routes that they consist of.

use super::tour::Tour;

/// A piece of a present route.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    /// From the start of a route to this node.
    Head(u32),
    /// From the first client to the second one, which is the same or a later one of the same route.
    Span(u32, u32),
    /// From the first client back to the second one, which is the same or an earlier one of the same route.
    Back(u32, u32),
    /// From this node to the end of a route.
    Tail(u32),
}

/// Most pieces of a sequence.
const PIECES_MAX: usize = 4;

/// What a route is to become. Heads and tails are of routes of the same vehicle type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequence {
    pub(super) route: u32,
    pieces: [Piece; PIECES_MAX],
    len: u8,
}

impl Sequence {
    /// Puts pieces together: a head or a tail at its start, and a tail at its end.
    pub(super) fn new(route: u32, pieces: &[Piece]) -> Self {
        let mut all = [Piece::Head(0); PIECES_MAX];
        all[..pieces.len()].copy_from_slice(pieces);
        Self {
            route,
            pieces: all,
            len: pieces.len() as u8,
        }
    }

    /// The pieces in sequence.
    #[inline]
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces[..self.len as usize]
    }
}

/// What one or two routes are to become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    sequences: [Sequence; 2],
    len: u8,
}

impl Change {
    /// Of one route.
    pub(super) fn one(sequence: Sequence) -> Self {
        Self {
            sequences: [sequence; 2],
            len: 1,
        }
    }

    /// Of two routes.
    pub(super) fn two(first: Sequence, second: Sequence) -> Self {
        Self {
            sequences: [first, second],
            len: 2,
        }
    }

    /// The routes.
    #[inline]
    pub(super) fn sequences(&self) -> &[Sequence] {
        &self.sequences[..self.len as usize]
    }
}

impl Tour<'_> {
    /// The clients of a sequence.
    pub(super) fn expand(&self, sequence: &Sequence) -> Vec<u32> {
        let mut clients = Vec::new();
        for &piece in sequence.pieces() {
            let from = clients.len();
            match piece {
                Piece::Head(node) => {
                    let at = self.node(node).at as usize;
                    clients.extend_from_slice(&self.route(node).clients[..at]);
                }
                Piece::Span(first, last) | Piece::Back(last, first) => {
                    let mut node = first;
                    clients.push(node);
                    while node != last {
                        node = self.node(node).succ;
                        clients.push(node);
                    }
                }
                Piece::Tail(node) => {
                    let at = self.node(node).at.max(1) as usize;
                    clients.extend_from_slice(&self.route(node).clients[at - 1..]);
                }
            }
            if matches!(piece, Piece::Back(..)) {
                clients[from..].reverse();
            }
        }
        clients
    }
}
