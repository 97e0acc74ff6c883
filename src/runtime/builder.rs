//! Configuring a runtime and starting its threads.

use std::num::NonZeroUsize;
use std::task::Waker;
use std::{fmt, io};

use super::context;
use super::handle::Handle;
use super::runtime::Runtime;
use crate::park::Parker;
use crate::scheduler::hooks::Hooks;
use crate::scheduler::worker::{Seed, Worker};
use crate::scheduler::{Scheduler, Shard};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Arc, available_parallelism};
use crate::task::waker::wake_quietly;
use crate::time::driver::Timers;

/// The most workers that a runtime takes.
const MAX_WORKERS: usize = 32_768;

/// Configures a [`Runtime`].
///
/// ```
/// let runtime = fusee::runtime::Builder::new_multi_thread()
///     .worker_threads(4)
///     .thread_name("my-app")
///     .build()?;
/// assert_eq!(runtime.metrics().num_workers(), 4);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Builder {
    worker_threads: Option<usize>,
    thread_name: String,
    thread_stack_size: Option<usize>,
    global_queue_interval: u32,
    pub(super) hooks: Hooks,
}

impl Builder {
    /// A runtime with several workers, one for each core unless [`worker_threads`](Self::worker_threads) says otherwise.
    #[must_use]
    pub fn new_multi_thread() -> Self {
        Self {
            worker_threads: None,
            thread_name: "fusee-worker".to_owned(),
            thread_stack_size: None,
            global_queue_interval: 61,
            hooks: Hooks::default(),
        }
    }

    /// The number of workers. [`build`](Self::build) refuses 0 and more than 32,768.
    pub fn worker_threads(&mut self, count: usize) -> &mut Self {
        self.worker_threads = Some(count);
        self
    }

    /// The name of the worker threads; `fusee-worker` by default. [`build`](Self::build) refuses one with a nul byte.
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        self.thread_name = name.into();
        self
    }

    /// The stack size of the worker threads, in bytes; the standard library's default otherwise.
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.thread_stack_size = Some(bytes);
        self
    }

    /// A worker takes a task from outside the workers first on every so many polls; 61 by default. [`build`](Self::build) refuses 0.
    ///
    /// A smaller number favours tasks from foreign threads, a larger one those that workers queue.
    pub fn global_queue_interval(&mut self, polls: u32) -> &mut Self {
        self.global_queue_interval = polls;
        self
    }

    /// Starts the runtime's threads: the workers and the timer driver.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a configuration that cannot be; the operating system's error when a
    /// thread cannot be started. Those already started have then ended, and nothing is left of the runtime; called on a
    /// thread of some runtime, in a task, it does not wait for them to end.
    pub fn build(&mut self) -> io::Result<Runtime> {
        let workers = self.checked_worker_threads()?;
        let seeds: Vec<Seed> = (0..workers).map(|_| Seed::new()).collect();
        let parker = Parker::new();
        let timers = Timers::new(workers + 1, parker.unparker());
        let remotes = seeds.iter().map(Seed::remote).collect();
        let scheduler = Arc::new(Scheduler::new(remotes, timers, self.global_queue_interval, self.hooks.clone()));
        let handle = Handle::new(Shard::new(scheduler.clone(), workers));
        // From here on an error drops the runtime, which ends and joins the threads that it has.
        let mut runtime = Runtime::new_without_threads(handle);
        let driver = self.start_driver(scheduler.clone(), parker);
        runtime.set_driver(driver.map_err(|error| because("the timer driver could not be started", &error))?);
        for (index, seed) in seeds.into_iter().enumerate() {
            let worker = seed.into_worker(Shard::new(scheduler.clone(), index));
            let started = self.start_worker(worker);
            runtime.add_worker(started.map_err(|error| {
                because(&format!("worker {} of {workers} could not be started", index + 1), &error)
            })?);
        }
        Ok(runtime)
    }

    fn checked_worker_threads(&self) -> io::Result<usize> {
        let refuse = |message: String| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        if self.global_queue_interval == 0 {
            return refuse("global_queue_interval must be at least 1".to_owned());
        }
        if self.thread_name.contains('\0') {
            return refuse(format!("thread_name must not contain a nul byte: {:?}", self.thread_name));
        }
        match self.worker_threads {
            Some(0) => refuse("worker_threads must be at least 1".to_owned()),
            Some(count) if count > MAX_WORKERS => {
                refuse(format!("worker_threads must be at most {MAX_WORKERS}, not {count}"))
            }
            Some(count) => Ok(count),
            None => Ok(available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_WORKERS)),
        }
    }

    fn start_worker(&self, worker: Worker) -> io::Result<JoinHandle<()>> {
        let mut thread = thread::Builder::new().name(self.thread_name.clone());
        if let Some(bytes) = self.thread_stack_size {
            thread = thread.stack_size(bytes);
        }
        thread.spawn(move || {
            context::become_runtime_thread();
            let handle = Handle::new(worker.shard().clone());
            let _entered = context::enter(&handle);
            handle.scheduler().thread_hooks().around(|| worker.run());
        })
    }

    fn start_driver(&self, scheduler: Arc<Scheduler>, parker: Parker) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name("fusee-driver".to_owned()).spawn(move || {
            context::become_runtime_thread();
            crate::sync::sharpen_timers();
            scheduler.timers().drive(&parker, |due: &mut Vec<Waker>| due.drain(..).for_each(wake_quietly));
        })
    }
}

/// `error` with what it kept from happening.
fn because(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("worker_threads", &self.worker_threads)
            .field("thread_name", &self.thread_name)
            .field("thread_stack_size", &self.thread_stack_size)
            .field("global_queue_interval", &self.global_queue_interval)
            .finish()
    }
}
