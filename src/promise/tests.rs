//! The ledger as a state machine.
