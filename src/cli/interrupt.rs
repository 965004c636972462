//! Ctrl-C as a wish to end soon: the first one is noted, a second one ends the process.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

use super::{EXIT_FAILURE, Failure};

/// Knows whether somebody pressed Ctrl-C.
#[derive(Clone, Debug)]
pub(super) struct Interrupt {
    is_asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on.
    pub(super) fn listen() -> Result<Self, Failure> {
        let failed = |error| Failure::new("listen for signals", error);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let entered = runtime.enter();
        let mut interrupts = signal(SignalKind::interrupt()).map_err(failed)?;
        drop(entered);
        let is_asked = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&is_asked);
        let listen = move || {
            runtime.block_on(async {
                interrupts.recv().await;
                asked.store(true, Ordering::Relaxed);
                interrupts.recv().await;
                process::exit(i32::from(EXIT_FAILURE));
            });
        };
        thread::Builder::new()
            .name("interrupt".to_owned())
            .spawn(listen)
            .map_err(failed)?;
        Ok(Self { is_asked })
    }

    /// Whether somebody did.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }
}
