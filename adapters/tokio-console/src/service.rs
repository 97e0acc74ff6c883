//! The protocol's calls. Nothing is kept for a client but what it was told: its updates are made when it takes them.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use console_api::instrument::instrument_server::Instrument;
use console_api::instrument::{
    InstrumentRequest, PauseRequest, PauseResponse, ResumeRequest, ResumeResponse, State, StateRequest,
    TaskDetailsRequest, Temporality, Update,
};
use console_api::tasks::TaskDetails;
use fusee::runtime::Handle;
use fusee::time::sleep;
use futures_util::stream::{self, Stream, StreamExt};
use tonic::{Request, Response, Status};

use crate::MOST_CLIENTS;
use crate::roster::{Roster, Told};

/// What all connections share.
pub(crate) struct Shared {
    handle: Handle,
    interval: Duration,
    roster: Mutex<Roster>,
    is_paused: AtomicBool,
    watching: AtomicUsize,
}

/// The service.
#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<Shared>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Shared {
    pub(crate) fn new(handle: Handle, interval: Duration) -> Self {
        let (is_paused, watching) = (AtomicBool::new(false), AtomicUsize::new(0));
        Self { handle, interval, roster: Mutex::default(), is_paused, watching }
    }

    fn roster(&self) -> MutexGuard<'_, Roster> {
        // A panic leaves tasks out at most, which are seen anew.
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn temporality(&self) -> Temporality {
        // Counter only: it carries nothing with it.
        if self.is_paused.load(Ordering::Relaxed) { Temporality::Paused } else { Temporality::Live }
    }
}

/// A client that watches, until this is dropped.
struct Watching(Arc<Shared>);

impl Watching {
    fn begin(shared: &Arc<Shared>) -> Result<Self, Status> {
        let watching = Self(shared.clone());
        // Counter only: it carries nothing with it.
        if shared.watching.fetch_add(1, Ordering::Relaxed) >= MOST_CLIENTS {
            return Err(Status::resource_exhausted(format!("{MOST_CLIENTS} clients watch already")));
        }
        Ok(watching)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // Counter only, as above.
        self.0.watching.fetch_sub(1, Ordering::Relaxed);
    }
}

#[tonic::async_trait]
impl Instrument for Service {
    type WatchUpdatesStream = Answers<Update>;
    type WatchTaskDetailsStream = Answers<TaskDetails>;
    type WatchStateStream = Answers<State>;

    async fn watch_updates(&self, _: Request<InstrumentRequest>) -> Result<Response<Answers<Update>>, Status> {
        let begin = (Watching::begin(&self.0)?, Told::default(), true);
        let updates = stream::unfold(begin, |(watching, mut told, is_first)| async move {
            let shared = &watching.0;
            if !is_first {
                sleep(shared.interval).await;
            }
            // Who comes while it is paused sees at least what there is.
            while !is_first && shared.temporality() == Temporality::Paused {
                sleep(shared.interval).await;
            }
            let update = shared.roster().update(&shared.handle, &mut told);
            Some((Ok(update), (watching, told, false)))
        });
        Ok(Response::new(updates.boxed()))
    }

    async fn watch_task_details(
        &self,
        request: Request<TaskDetailsRequest>,
    ) -> Result<Response<Answers<TaskDetails>>, Status> {
        let id = request.into_inner().id.ok_or_else(|| Status::invalid_argument("the task's id is missing"))?;
        if !self.0.roster().has(id.id) {
            return Err(Status::not_found("there is no such task any more"));
        }
        let details = stream::unfold((self.0.clone(), true), move |(shared, is_first)| async move {
            if !is_first {
                sleep(shared.interval).await;
            }
            let details =
                TaskDetails { task_id: Some(id), now: Some(SystemTime::now().into()), ..TaskDetails::default() };
            shared.roster().has(id.id).then(|| (Ok(details), (shared.clone(), false)))
        });
        Ok(Response::new(details.boxed()))
    }

    async fn watch_state(&self, _: Request<StateRequest>) -> Result<Response<Answers<State>>, Status> {
        let states = stream::unfold((self.0.clone(), None), |(shared, last)| async move {
            while last == Some(shared.temporality()) {
                sleep(shared.interval).await;
            }
            let now = shared.temporality();
            Some((Ok(State { temporality: now.into() }), (shared, Some(now))))
        });
        Ok(Response::new(states.boxed()))
    }

    async fn pause(&self, _: Request<PauseRequest>) -> Result<Response<PauseResponse>, Status> {
        // Counter only, as above.
        self.0.is_paused.store(true, Ordering::Relaxed);
        Ok(Response::new(PauseResponse {}))
    }

    async fn resume(&self, _: Request<ResumeRequest>) -> Result<Response<ResumeResponse>, Status> {
        // Counter only, as above.
        self.0.is_paused.store(false, Ordering::Relaxed);
        Ok(Response::new(ResumeResponse {}))
    }
}
