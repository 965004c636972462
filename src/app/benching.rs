//! Studies as calls: they wait for a turn like plans, run on a thread of their own, and end when nobody listens.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use super::admission::Place;
use super::planning::asked_to_close;
use super::{App, Fault, Refusal};
use crate::analysis::study::Study;
use crate::bench::{Bench, Event, RunError};
use crate::planner::{Cancel, PlanProgress};

/// Where a study stands.
#[derive(Clone, Debug, Default)]
pub struct BenchView {
    /// Number of the plan that is being made, from 1; 0 while the study waits.
    pub number: usize,
    /// Plans in all.
    pub of: usize,
    /// The day being planned.
    pub day: String,
    /// The way it is planned in.
    pub way: String,
    /// The search.
    pub search: Option<PlanProgress>,
    /// How it ended, if it has.
    pub ended: Option<Result<Arc<Study>, Refusal>>,
}

impl App {
    /// Starts a study, which waits for its turn. It ends early when the last receiver is dropped.
    ///
    /// Must be called within a tokio runtime.
    #[must_use]
    pub fn launch_bench(&self, place: Place, bench: Bench) -> watch::Receiver<BenchView> {
        let (sender, receiver) = watch::channel(BenchView::default());
        let closing = self.closing.subscribe();
        tokio::spawn(supervise(place, bench, Arc::new(sender), closing));
        receiver
    }
}

async fn supervise(
    place: Place,
    bench: Bench,
    view: Arc<watch::Sender<BenchView>>,
    mut closing: watch::Receiver<bool>,
) {
    let turn = tokio::select! {
        biased;
        () = view.closed() => return,
        () = asked_to_close(&mut closing) => {
            view.send_modify(|view| view.ended = Some(Err(Refusal::ShuttingDown)));
            return;
        }
        turn = place.turn() => turn,
    };
    let (cancel, watched) = (Cancel::default(), Arc::clone(&view));
    let (sender, mut receiver) = oneshot::channel();
    let asked = cancel.clone();
    let spawned = std::thread::Builder::new()
        .name("bench".to_owned())
        .spawn(move || {
            let study = bench.run(None, &asked, &mut |event| tell(&watched, event));
            drop(turn);
            // The receiver waits for this for as long as the runtime lives.
            drop(sender.send(study));
        });
    let ended = match spawned {
        Err(error) => Err(Fault::log("start a thread for a study", &error).into()),
        Ok(_) => {
            let study = tokio::select! {
                study = &mut receiver => study,
                () = view.closed() => { cancel.cancel(); receiver.await }
                () = asked_to_close(&mut closing) => { cancel.cancel(); receiver.await }
            };
            match study {
                Ok(Ok(study)) => Ok(Arc::new(study)),
                Ok(Err(RunError::Stopped)) => Err(Refusal::ShuttingDown),
                Ok(Err(error)) => Err(Fault::log("run a study", &error).into()),
                Err(_) => Err(Fault::log("run a study", &"the study panicked").into()),
            }
        }
    };
    view.send_modify(|view| view.ended = Some(ended));
}

fn tell(view: &watch::Sender<BenchView>, event: Event<'_>) -> ControlFlow<()> {
    match event {
        Event::Begun {
            number,
            of,
            day,
            way,
        } => view.send_modify(|view| {
            (view.number, view.of, view.search) = (number, of, None);
            (view.day, view.way) = (day.to_owned(), way.to_owned());
        }),
        Event::Searching(progress) => view.send_modify(|view| view.search = Some(*progress)),
        Event::Advanced(_) => {}
    }
    if view.is_closed() {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}
