//! The builder's methods that set hooks: user code around the tasks and threads of the runtime to be built.
//!
//! Where they are called stands in `task/hooks.rs` and `scheduler/hooks.rs`.

use super::Builder;
use crate::facade::StdArc;
use crate::scheduler::hooks::Wrapper;
use crate::task::hooks::Stranding;
use crate::task::meta::TaskMeta;

/// # Hooks
/// One of each kind; a second replaces the first. A hook that panics is as good as one that returns: its payload is dropped and nothing ends, neither
/// a task nor a thread. None runs under a lock of the runtime's, so that it may do what any code may: it may spawn, with
/// [`spawn`](crate::task::spawn()) on a worker and through [`Handle::try_current`](super::Handle::try_current) anywhere. While it runs, its thread does nothing else.
///
/// Hooks are told of the tasks of a [`LocalRuntime`](super::LocalRuntime), local ones too; not of those of a [`LocalSet`](crate::task::LocalSet), which belongs to no runtime.
///
/// The runtime owns its hooks: one that owns a [`Handle`](super::Handle) to it in turn keeps its memory, though not its threads, for ever.
impl Builder {
    /// Calls `hook` for each task that is spawned, on the thread that spawns it, before the task can run anywhere.
    ///
    /// Tasks that the runtime refuses because it has shut down are announced too. Hooks for tasks cost each task of the runtime
    /// the room for its name and its origin.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// let spawned = Arc::new(AtomicUsize::new(0));
    /// let counter = spawned.clone();
    /// let runtime = fusee::runtime::Builder::new_multi_thread()
    ///     .on_task_spawn(move |_| drop(counter.fetch_add(1, Ordering::Relaxed)))
    ///     .build()?;
    /// let _task = runtime.spawn(async {});
    /// assert_eq!(spawned.load(Ordering::Relaxed), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_task_spawn<F>(&mut self, hook: F) -> &mut Self
    where
        F: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.task.spawn = Some(StdArc::new(hook));
        self
    }

    /// Calls `hook` for each task once it is gone: after its future has been dropped, on the thread that dropped it, and before its handle
    /// resolves. The output may live on.
    ///
    /// Exactly once for each task that was spawned, whether it completed, panicked, was aborted, was dropped by the runtime's
    /// shutdown, or was refused by a runtime that had shut down. A hook that spawns a successor for each task that ends does so without end
    /// once the runtime refuses them: it asks first whether its program is to go on.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread()
    ///     .on_task_terminate(|task| println!("{} is gone", task.id()))
    ///     .build()?;
    /// runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_task_terminate<F>(&mut self, hook: F) -> &mut Self
    where
        F: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.task.terminate = Some(StdArc::new(hook));
        self
    }

    /// Calls `hook` before each poll of a task, on the thread that polls it.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread()
    ///     .on_before_task_poll(|task| println!("{} runs", task.id()))
    ///     .on_after_task_poll(|task| println!("{} waits, or is ready", task.id()))
    ///     .build()?;
    /// runtime.block_on(async { fusee::spawn(fusee::task::yield_now()).await.unwrap() });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_before_task_poll<F>(&mut self, hook: F) -> &mut Self
    where
        F: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.task.before_poll = Some(StdArc::new(hook));
        self
    }

    /// Calls `hook` after each poll of a task, on the thread that polled it, also after one that panicked. The future has not been
    /// dropped yet.
    ///
    /// See [`on_before_task_poll`](Self::on_before_task_poll) for an example.
    pub fn on_after_task_poll<F>(&mut self, hook: F) -> &mut Self
    where
        F: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.task.after_poll = Some(StdArc::new(hook));
        self
    }

    /// Calls `hook` for each task that can never run again: it waits, and nobody has a waker of it. Only an abort or the end of the runtime can end it.
    ///
    /// It is certain, and told at once: by the thread that polled the task, after a poll that left no waker behind, or by the one that dropped the last, after that: there
    /// the hook runs within the drop of a waker, under whatever locks its owner holds meanwhile. A task
    /// is told of again if it was polled meanwhile, as by [`abort`](crate::task::JoinHandle::abort) alone it never is. One that is meant to wait for its abort, in
    /// [`std::future::pending`], is told of like any other. Nothing is told once the runtime shuts down; nor of a waker that lies in the task itself, nor of tasks
    /// that wait for one another. On systems with words of 32 bits nothing is told at all.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    ///
    /// let (tell, told) = channel();
    /// let runtime = fusee::runtime::Builder::new_multi_thread()
    ///     .on_task_stranded(move |task| drop(tell.send(task.spawned_at().line())))
    ///     .build()?;
    /// let task = runtime.spawn(std::future::pending::<()>());
    /// # #[cfg(target_pointer_width = "64")]
    /// assert_eq!(told.recv()?, line!() - 2);
    /// task.abort();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_task_stranded<F>(&mut self, hook: F) -> &mut Self
    where
        F: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.task.stranding = Some(StdArc::new(Stranding::new(StdArc::new(hook))));
        self
    }

    /// Whether the runtime counts its tasks' polls and notes who wakes and joins them, for its
    /// [dumps](super::Handle::dump), and keeps histograms of how long polls take and are waited for
    /// ([`RuntimeMetrics::poll_times`](super::RuntimeMetrics::poll_times)); by default it does not, and that costs
    /// nothing.
    ///
    /// It costs each task a second allocation, two looks at the clock a poll and one a wake, and each worker 16 KB. It
    /// is for the tasks that hooks are told of: those of a [`LocalSet`](crate::task::LocalSet) are not counted. See
    /// [`insight`](crate::insight#statistics) for what is told.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread().task_statistics(true).build()?;
    /// let task = runtime.spawn(std::future::pending::<()>());
    /// while runtime.handle().dump().tasks().is_empty() {
    ///     std::thread::yield_now();
    /// }
    /// let dump = runtime.handle().dump();
    /// assert_eq!((dump.tasks()[0].id(), dump.tasks()[0].polls()), (task.id(), Some(1)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn task_statistics(&mut self, on: bool) -> &mut Self {
        self.hooks.task.statistics = on;
        self
    }

    /// Calls `hook` on each thread that the runtime starts, as it starts, before any task, job or timer: on each worker, each thread for blocking jobs, and
    /// the timer driver's, whose name ends in `-driver` (a foreign executor's wakers run there). The runtime is entered
    /// there. A thread in `block_on` is the caller's: that one is told of no start and no end.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread()
    ///     .on_thread_start(|| println!("{:?} starts", std::thread::current().id()))
    ///     .on_thread_stop(|| println!("{:?} stops", std::thread::current().id()))
    ///     .build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_start<F>(&mut self, hook: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.hooks.thread.start = Some(StdArc::new(hook));
        self
    }

    /// Calls `hook` on each thread that the runtime has started, before it ends, after the last task, job or timer.
    ///
    /// See [`on_thread_start`](Self::on_thread_start) for an example.
    pub fn on_thread_stop<F>(&mut self, hook: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.hooks.thread.stop = Some(StdArc::new(hook));
        self
    }

    /// Calls `hook` on a worker that goes idle, before it parks. A worker whose hook spawns a task looks for
    /// work once more instead.
    ///
    /// Calls of this hook and of [`on_thread_unpark`](Self::on_thread_unpark) alternate on each worker. One that is woken and finds nothing to do
    /// goes on idling, and neither is called; nor is either on the timer driver's thread, which is no worker. On a current-thread runtime the thread in `block_on` that runs the tasks calls both.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread()
    ///     .on_thread_park(|| println!("nothing to do"))
    ///     .on_thread_unpark(|| println!("something to do"))
    ///     .build()?;
    /// runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_park<F>(&mut self, hook: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.hooks.thread.park = Some(StdArc::new(hook));
        self
    }

    /// Calls `hook` on a worker that was idle and has found a task, before it polls that, or that ends.
    ///
    /// See [`on_thread_park`](Self::on_thread_park) for an example.
    pub fn on_thread_unpark<F>(&mut self, hook: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.hooks.thread.unpark = Some(StdArc::new(hook));
        self
    }

    /// Calls `wrapper` on each thread that works for the runtime, with the work that it has there: so a guard can be held around all of it, that of another
    /// crate's context for one.
    ///
    /// Within that work are all polls, all jobs, all other hooks of the runtime, and the drops of futures and closures by the runtime: the threads that it starts call the wrapper once
    /// each, the timer driver's too; a thread in `block_on` calls it for each `block_on`, and one that shuts the runtime down while it
    /// drops what is left of tasks and jobs. So it may be called within itself, as by a `block_on` in a blocking job. [`Handle::enter`](super::Handle::enter) does not call it,
    /// nor does who spawns what is refused, because the runtime has shut down or no thread can be started: that is dropped where it is spawned.
    ///
    /// The work is done exactly once: a second call of it does nothing, and if there was none, it is done after the wrapper has returned or panicked. A panic of
    /// the wrapper ends there, as a hook's. One of `block_on`'s future goes to the caller with its payload, and the wrapper sees nothing of it: the call of the
    /// work returns to it as always.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// thread_local!(static TENANT: Cell<&'static str> = const { Cell::new("nobody") });
    ///
    /// let runtime = fusee::runtime::Builder::new_multi_thread()
    ///     .around_threads(|work| {
    ///         TENANT.set("somebody");
    ///         work();
    ///         TENANT.set("nobody");
    ///     })
    ///     .build()?;
    /// runtime.block_on(async {
    ///     assert_eq!(TENANT.get(), "somebody");
    ///     assert_eq!(fusee::spawn(async { TENANT.get() }).await.unwrap(), "somebody");
    /// });
    /// assert_eq!(TENANT.get(), "nobody");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn around_threads<F>(&mut self, wrapper: F) -> &mut Self
    where
        F: Fn(&mut dyn FnMut()) + Send + Sync + 'static,
    {
        self.hooks.thread.wrapper = Some(Wrapper::new(wrapper));
        self
    }
}
