//! The built binary as a server of its own, for benches over gRPC.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server on a free port, which ends with this.
pub(crate) struct Service {
    child: Child,
    /// Where it answers.
    pub(crate) url: String,
}

impl Service {
    /// Starts one with its store in `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_punctual"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.join("data"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let said = child.stdout.take().expect("it is piped");
        BufReader::new(said)
            .read_line(&mut line)
            .expect("the server says where it listens");
        let address = line.trim().trim_start_matches("serving on ");
        Self {
            url: format!("http://{address}"),
            child,
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
