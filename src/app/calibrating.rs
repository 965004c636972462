//! Judging forecasts by a history: as for studies, there is a turn to wait for and a thread to run on.

use tokio::sync::oneshot;

use super::planning::asked_to_close;
use super::{App, Fault, Refusal};
use crate::backtest::{self, Calibration};
use crate::model::{ForecastOptions, History};

/// Forecasts judged by what came of them.
#[derive(Clone, Debug)]
pub struct Calibrated {
    /// The judgement; `None` if nothing was promised.
    pub calibration: Option<Calibration>,
    /// How it was forecast, in full.
    pub options: ForecastOptions,
}

impl App {
    /// Forecasts the recorded days of `history` and tells how that agrees with what happened. Days vary as the options say,
    /// or else by this application's noise model, or else by the built-in defaults.
    ///
    /// Ends early when the future is dropped. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If there is no place among the running and waiting plans, the process is ending, or by our fault.
    pub async fn calibrate(
        &self,
        history: History,
        mut options: ForecastOptions,
    ) -> Result<Calibrated, Refusal> {
        self.configure(&mut options);
        let mut closing = self.closing.subscribe();
        let place = self.enter()?;
        let turn = tokio::select! {
            biased;
            () = asked_to_close(&mut closing) => return Err(Refusal::ShuttingDown),
            turn = place.turn() => turn,
        };
        let (sender, receiver) = oneshot::channel();
        let thread = std::thread::Builder::new().name("calibrate".to_owned());
        let spawned = thread.spawn(move || {
            let calibrated = calibrated(&history, options, &|| sender.is_closed());
            drop(turn);
            // The receiver is gone if the caller is.
            drop(sender.send(calibrated));
        });
        spawned.map_err(|error| Fault::log("start a thread for a calibration", &error))?;
        tokio::select! {
            calibrated = receiver => match calibrated {
                Ok(Ok(calibrated)) => Ok(calibrated),
                Ok(Err(error)) => Err(Fault::log("start threads for forecasts", &error).into()),
                Err(_) => Err(Fault::log("judge forecasts", &"the computation panicked").into()),
            },
            () = asked_to_close(&mut closing) => Err(Refusal::ShuttingDown),
        }
    }
}

fn calibrated(
    history: &History,
    options: ForecastOptions,
    is_unwanted: &(dyn Fn() -> bool + Sync),
) -> Result<Calibrated, rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .thread_name(|index| format!("calibrate-{index}"))
        .build()?;
    let calibration = pool.install(|| backtest::calibrate(history, &options, is_unwanted));
    Ok(Calibrated {
        calibration,
        options,
    })
}
