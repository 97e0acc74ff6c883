//! Configuring a runtime.

use std::num::NonZeroUsize;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;
use std::{fmt, io};

use super::companion::Prepare;
use super::local_runtime::{LocalOptions, LocalRuntime};
use super::runtime::Runtime;
use super::start;
use crate::blocking::Pool;
use crate::facade::{StdArc, available_parallelism};
use crate::recorder::Recorder;
use crate::scheduler::hooks::Hooks;
use crate::scheduler::thread_settings::{ThreadName, ThreadSettings};
use crate::scheduler::{Plan, Policy, RuntimeFlavor};
use crate::watchdog::Watchdog;

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
    flavor: RuntimeFlavor,
    name: Option<StdArc<str>>,
    worker_threads: Option<usize>,
    max_blocking_threads: usize,
    thread_keep_alive: Duration,
    threads: ThreadSettings,
    global_queue_interval: u32,
    event_interval: u32,
    pub(super) hooks: Hooks,
    paused: bool,
    io_grace: Duration,
    pub(super) recorder: Option<Recorder>,
    pub(super) watchdog: Option<Watchdog>,
    pub(super) companions: Vec<Prepare>,
}

// A function of the user's that panics leaves nothing of ours half done.
impl UnwindSafe for Builder {}
impl RefUnwindSafe for Builder {}

impl Builder {
    /// A runtime with several workers, one for each core unless [`worker_threads`](Self::worker_threads) says otherwise.
    #[must_use]
    pub fn new_multi_thread() -> Self {
        Self::new(RuntimeFlavor::MultiThread)
    }

    /// A runtime that runs all tasks on the thread that is in [`Runtime::block_on`], and none while no thread is.
    ///
    /// Timers have a driver thread of their own here too.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_current_thread().build()?;
    /// let here = std::thread::current().id();
    /// runtime.block_on(async move {
    ///     let there = fusee::spawn(async { std::thread::current().id() }).await.unwrap();
    ///     assert_eq!(there, here);
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn new_current_thread() -> Self {
        Self::new(RuntimeFlavor::CurrentThread)
    }

    fn new(flavor: RuntimeFlavor) -> Self {
        Self {
            flavor,
            name: None,
            worker_threads: None,
            max_blocking_threads: 512,
            thread_keep_alive: Duration::from_secs(10),
            threads: ThreadSettings { name: ThreadName::Numbered, stack_size: None },
            global_queue_interval: 61,
            event_interval: 61,
            hooks: Hooks::default(),
            paused: false,
            io_grace: Duration::from_millis(1),
            recorder: None,
            watchdog: None,
            companions: Vec::new(),
        }
    }

    /// Nothing: timers are always there. It is here so that programs carry over that call it.
    pub fn enable_time(&mut self) -> &mut Self {
        self
    }

    /// Nothing: sockets are always there, and cost nothing before the first. It is here so that programs carry over that call it; code that needs tokio's
    /// reactor does not find it for that.
    pub fn enable_io(&mut self) -> &mut Self {
        self
    }

    /// Nothing: all that there is is always there. It is here so that programs carry over that call it.
    pub fn enable_all(&mut self) -> &mut Self {
        self
    }

    /// A name for the runtime, which its [handles](super::Handle::name) tell; none by default. [`build`](Self::build) refuses a blank one.
    ///
    /// Threads are named by [`thread_name`](Self::thread_name).
    pub fn name(&mut self, name: impl Into<String>) -> &mut Self {
        self.name = Some(name.into().into());
        self
    }

    /// The number of workers. [`build`](Self::build) refuses 0, more than 32,768, and, where they are more than 512, as many as the process has no room for:
    /// on Linux some 16,000, by the memory maps that it may have (`vm.max_map_count`). A current-thread runtime has one whatever is said here.
    pub fn worker_threads(&mut self, count: usize) -> &mut Self {
        self.worker_threads = Some(count);
        self
    }

    /// The most threads that run blocking jobs at the same time; 512 by default. Those beyond wait in the order in which they
    /// were submitted. [`build`](Self::build) refuses 0.
    ///
    /// Threads start when they are needed, beside the workers. Where there are more than 512 and the process has no room for another, jobs wait for those that
    /// are there, as where the system refuses to start one. Jobs that wait for each other can take them all: a job that awaits
    /// another, queued behind it, waits for ever.
    pub fn max_blocking_threads(&mut self, count: usize) -> &mut Self {
        self.max_blocking_threads = count;
        self
    }

    /// How long a thread for blocking jobs is kept without a job; 10 seconds by default. Of those that have none the one that had a job last takes
    /// the next, so that what a burst has started ends though jobs go on coming.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let runtime = fusee::runtime::Builder::new_multi_thread()
    ///     .max_blocking_threads(4)
    ///     .thread_keep_alive(Duration::from_millis(100))
    ///     .build()?;
    /// let job = runtime.spawn_blocking(|| std::fs::read_to_string("Cargo.toml"));
    /// assert!(runtime.block_on(job).unwrap()?.contains("fusee"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_keep_alive(&mut self, duration: Duration) -> &mut Self {
        self.thread_keep_alive = duration;
        self
    }

    /// The name of the worker threads and of those for blocking jobs; the timer driver's is followed by `-driver`. [`build`](Self::build) refuses one with
    /// a nul byte. Of a thread's name Linux shows the first 15 bytes.
    ///
    /// By default workers are called `fusee-worker-0` and so on, by their [index](super::worker_index), the driver `fusee-driver`, and the threads for
    /// blocking jobs `fusee-pool-0` and so on, as they are started. A worker that [`block_in_place`](crate::task::block_in_place) hands on goes on under
    /// the name of the thread that takes it.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    /// let name = runtime.spawn(async { std::thread::current().name().map(str::to_owned) });
    /// assert_eq!(runtime.block_on(name).unwrap().as_deref(), Some("fusee-worker-0"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        self.threads.name = ThreadName::new(name);
        self
    }

    /// Asks `name` for the name of each thread as it is started, by [`build`](Self::build), by `spawn_blocking` or by `block_in_place`, on the
    /// thread that calls that. `build` asks for the workers', in their order, then for the timer driver's, which is followed by `-driver`.
    /// A name with a nul byte makes the start fail; so does a panic of `name`, but in `build`, which passes it on.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// let next = AtomicUsize::new(0);
    /// let runtime = fusee::runtime::Builder::new_multi_thread()
    ///     .thread_name_fn(move || format!("my-app-{}", next.fetch_add(1, Ordering::Relaxed)))
    ///     .build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_name_fn(&mut self, name: impl Fn() -> String + Send + Sync + 'static) -> &mut Self {
        self.threads.name = ThreadName::by(name);
        self
    }

    /// The stack size of the threads that the runtime starts, in bytes; the standard library's default otherwise. The system may
    /// round it up, or refuse it: then [`build`](Self::build) answers its error.
    ///
    /// They are the workers, those for blocking jobs, and the timer driver, which wakes foreign executors' wakers.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread().thread_stack_size(4 * 1024 * 1024).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.threads.stack_size = Some(bytes);
        self
    }

    /// A worker takes a task from outside the workers first on every so many polls; 61 by default. [`build`](Self::build) refuses 0.
    ///
    /// A smaller number favours tasks from foreign threads, a larger one those that workers queue. With 1 the latter wait for as long as
    /// tasks keep coming from outside.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread().global_queue_interval(31).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn global_queue_interval(&mut self, polls: u32) -> &mut Self {
        self.global_queue_interval = polls;
        self
    }

    /// A worker looks around after so many polls of tasks at the latest: whether timers of its own are due, or tasks have come from outside,
    /// and, on a current-thread runtime, whether `block_on`'s future was woken. 61 by default. [`build`](Self::build) refuses 0.
    ///
    /// Where so many polls take more than 100 µs it soon looks at timers and tasks from outside more often, up to every second poll.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_current_thread().event_interval(8).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn event_interval(&mut self, polls: u32) -> &mut Self {
        self.event_interval = polls;
        self
    }

    /// Starts the runtime with its clock paused, as by [`time::pause`](crate::time::pause); `false` by default. Needs the feature `test-util`.
    ///
    /// ```
    /// use fusee::runtime::Builder;
    /// use fusee::time::{Duration, Instant, sleep};
    ///
    /// let runtime = Builder::new_multi_thread().worker_threads(2).start_paused(true).build()?;
    /// runtime.block_on(async {
    ///     let start = Instant::now();
    ///     sleep(Duration::from_secs(3600)).await;
    ///     assert_eq!(start.elapsed(), Duration::from_secs(3600));
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "test-util")]
    pub fn start_paused(&mut self, paused: bool) -> &mut Self {
        self.paused = paused;
        self
    }

    /// Not there without the feature `test-util`, which the compiler then says.
    #[cfg(not(feature = "test-util"))]
    #[doc(hidden)]
    pub fn start_paused(&mut self, _: impl feature_test_util::IsOn) -> &mut Self {
        self
    }

    /// For how long, on the machine's clock, a paused clock waits for an answer before it jumps to the next timer, if a read, a write or the like has succeeded since
    /// its last jump; a millisecond by default. An exchange within the process, whose answer is there as soon as it was sent, is never overtaken by a
    /// jump. One with another process is, if it takes longer: see [`time::hold`](crate::time::hold). Needs the features `test-util` and `io`.
    ///
    /// ```
    /// use fusee::runtime::Builder;
    /// use fusee::time::Duration;
    ///
    /// let runtime = Builder::new_current_thread().start_paused(true).io_grace(Duration::from_millis(20)).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(all(feature = "test-util", feature = "io"))]
    pub fn io_grace(&mut self, grace: Duration) -> &mut Self {
        self.io_grace = grace;
        self
    }

    /// Starts the runtime's threads: the workers, of which a current-thread runtime has none, and the timer driver.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a configuration that cannot be; [`OutOfMemory`](io::ErrorKind::OutOfMemory) for more workers than there
    /// is room for; the operating system's error when a thread cannot be started. Those already started have then ended, and nothing is left of the runtime; called on a
    /// thread of some runtime, in a task, it does not wait for them to end.
    ///
    /// # Panics
    /// If the function of [`thread_name_fn`](Self::thread_name_fn) does.
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// let refused = fusee::runtime::Builder::new_multi_thread().worker_threads(0).build();
    /// assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
    /// ```
    pub fn build(&mut self) -> io::Result<Runtime> {
        let workers = self.check()?;
        let policy = Policy {
            flavor: self.flavor,
            global_queue_interval: self.global_queue_interval,
            event_interval: self.event_interval,
            io_grace: self.io_grace,
        };
        let blocking = Pool::new(self.max_blocking_threads, self.thread_keep_alive);
        let (name, threads, hooks) = (self.name.clone(), self.threads.clone(), self.hooks.clone());
        // The watchdog asks what a worker has begun last.
        let recorder = self.recorder.or(self.watchdog.as_ref().map(|_| Recorder::small()));
        let plan = Plan { name, policy, threads, blocking, hooks, recorder };
        let runtime = match self.flavor {
            RuntimeFlavor::CurrentThread => start::current_thread(plan, self.paused),
            RuntimeFlavor::MultiThread => start::multi_thread(plan, workers, self.paused),
        };
        runtime?.accompanied(&self.watchers())?.accompanied(&self.companions)
    }

    /// A runtime for futures that are not `Send`, to be used on this thread alone. Of this builder's settings it takes those of a
    /// current-thread runtime.
    ///
    /// # Errors
    /// As [`build`](Self::build); [`InvalidInput`](io::ErrorKind::InvalidInput) also for a multi-thread builder.
    ///
    /// ```
    /// use fusee::runtime::{Builder, LocalOptions};
    ///
    /// let runtime = Builder::new_current_thread().build_local(LocalOptions::default())?;
    /// runtime.block_on(async { fusee::task::spawn_local(async {}).await.unwrap() });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build_local(&mut self, options: LocalOptions) -> io::Result<LocalRuntime> {
        let LocalOptions { .. } = options;
        if self.flavor == RuntimeFlavor::MultiThread {
            let message = "a local runtime has one thread: build it with `Builder::new_current_thread`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        self.build().map(LocalRuntime::of)
    }

    /// Refuses what cannot be; else the number of workers.
    fn check(&self) -> io::Result<usize> {
        let refuse = |message: String| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        if self.global_queue_interval == 0 {
            return refuse("global_queue_interval must be at least 1".to_owned());
        }
        if self.event_interval == 0 {
            return refuse("event_interval must be at least 1".to_owned());
        }
        if self.max_blocking_threads == 0 {
            return refuse("max_blocking_threads must be at least 1".to_owned());
        }
        if self.name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            return refuse("name must not be blank".to_owned());
        }
        self.threads.name.check()?;
        self.recorder.as_ref().map_or(Ok(()), Recorder::check)?;
        self.watchdog.as_ref().map_or(Ok(()), Watchdog::check)?;
        match self.worker_threads {
            Some(0) => refuse("worker_threads must be at least 1".to_owned()),
            Some(count) if count > MAX_WORKERS => {
                refuse(format!("worker_threads must be at most {MAX_WORKERS}, not {count}"))
            }
            Some(count) => Ok(count),
            None => Ok(available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_WORKERS)),
        }
    }
}

/// What nothing is where the feature `test-util` is off.
#[cfg(not(feature = "test-util"))]
mod feature_test_util {
    #[diagnostic::on_unimplemented(
        message = "`start_paused` needs the feature `test-util` of `fusee`",
        label = "the feature `test-util` is off",
        note = "in Cargo.toml: `fusee = {{ …, features = [\"test-util\"] }}`"
    )]
    pub trait IsOn {}
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("flavor", &self.flavor)
            .field("name", &self.name)
            .field("worker_threads", &self.worker_threads)
            .field("max_blocking_threads", &self.max_blocking_threads)
            .field("thread_keep_alive", &self.thread_keep_alive)
            .field("thread_name", &self.threads.name)
            .field("thread_stack_size", &self.threads.stack_size)
            .field("global_queue_interval", &self.global_queue_interval)
            .field("event_interval", &self.event_interval)
            .finish_non_exhaustive()
    }
}
