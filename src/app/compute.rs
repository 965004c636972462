//! One pool of threads for everything short that computes, so that the async runtime's threads never do.

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Fault, Refusal};

/// A pool of threads shared by all callers.
pub struct Compute {
    pool: ThreadPool,
}

impl Compute {
    /// A pool with one thread for every processor.
    ///
    /// # Errors
    /// If the operating system does not give the threads.
    pub fn new() -> std::io::Result<Self> {
        let pool = ThreadPoolBuilder::new()
            .thread_name(|index| format!("compute-{index}"))
            // The panic hook has logged it, and whoever waits for the result learns that there is none.
            .panic_handler(|_| ())
            .build()
            .map_err(std::io::Error::other)?;
        Ok(Self { pool })
    }

    /// Runs `work`, described by `action`, on the pool. Work that nobody waits for any more is still finished.
    ///
    /// # Errors
    /// A fault if `work` panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        action: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.pool.spawn_fifo(move || {
            let result = work();
            // The receiver is gone if the caller is; then the result goes too.
            drop(sender.send(result));
        });
        receiver
            .await
            .map_err(|_| Fault::log(action, &"the computation panicked").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_fault_and_the_pool_lives_on() {
        let compute = Compute::new().unwrap();
        let fault = compute.run("test", || panic!("on purpose")).await;
        assert!(matches!(fault, Err::<(), _>(Refusal::Fault(_))));
        assert_eq!(compute.run("test", || 7).await, Ok(7));
    }
}
