//! `BenchmarkService`.

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};

use super::{convert, pb, status};
use crate::app::{App, BenchView, Refusal};

/// Serves `BenchmarkService` from the application.
pub(super) struct Benchmarking {
    pub(super) app: Arc<App>,
}

type Answer = Result<pb::RunBenchmarkResponse, Status>;

impl Benchmarking {
    async fn run(
        &self,
        request: pb::RunBenchmarkRequest,
    ) -> Result<impl Stream<Item = Answer> + use<>, Refusal> {
        // The place first: a busy server refuses before it reads.
        let place = self.app.enter()?;
        let config = self.app.config().clone();
        let configured = self.app.noise().cloned();
        let read = self.app.compute().run("read a study", move || {
            convert::read_benchmark_request(&request, &config, configured)
        });
        let views = WatchStream::new(self.app.launch_bench(place, read.await??));
        let mut is_over = false;
        Ok(views
            .take_while(move |view| !std::mem::replace(&mut is_over, view.ended.is_some()))
            .map(|view| answer(&view)))
    }
}

fn answer(view: &BenchView) -> Answer {
    use pb::run_benchmark_response::Event;
    let event = match &view.ended {
        Some(Ok(study)) => Event::Study(convert::study_message(study)),
        Some(Err(refusal)) => return Err(status::of(refusal)),
        None => Event::Progress(convert::benchmark_progress_message(view)),
    };
    Ok(pb::RunBenchmarkResponse { event: Some(event) })
}

#[tonic::async_trait]
impl pb::benchmark_service_server::BenchmarkService for Benchmarking {
    type RunBenchmarkStream = Pin<Box<dyn Stream<Item = Answer> + Send>>;

    async fn run_benchmark(
        &self,
        request: Request<pb::RunBenchmarkRequest>,
    ) -> Result<Response<Self::RunBenchmarkStream>, Status> {
        match self.run(request.into_inner()).await {
            Ok(answers) => Ok(Response::new(Box::pin(answers))),
            Err(refusal) => Err(status::of(&refusal)),
        }
    }
}
