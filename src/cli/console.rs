//! Writing to standard output and standard error, wherever they go: a reader that has left is no reason to panic.

use std::fmt::Display;
use std::io::{self, Write};

use super::Failure;

/// Writes a result to standard output, with a line feed after it.
pub(super) fn say(text: impl Display) -> Result<(), Failure> {
    writeln!(io::stdout(), "{text}").map_err(|error| {
        // Whoever reads has enough, as `head` has.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::silent();
        }
        Failure::new("write to standard output", error)
    })
}

/// Writes something that is not a result to standard error, with a line feed after it.
pub(super) fn note(text: impl Display) {
    // If standard error cannot be written to, there is nowhere left to say so.
    let _ = writeln!(io::stderr(), "{text}");
}
