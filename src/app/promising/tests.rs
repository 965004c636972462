//! Promises, end to end but for the wire.
