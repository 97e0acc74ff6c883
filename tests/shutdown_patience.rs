//! `shutdown_timeout` and `shutdown_background`: how long they wait and for what, from wherever they are called, and what is left afterwards.

mod support;

use std::array;
use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use fusee::fs::File;
use fusee::io::AsyncWriteExt;
use fusee::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use fusee::task::{JoinHandle, JoinSet, block_in_place};
use fusee::time::sleep;
use futures::executor;
use support::proc::threads_named;
use support::wakers::calling;
use support::{Drops, Latch, holding, linger, message, on_drop, poll_once, until, watchdog, workers};

/// The ways to shut a runtime down.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Drop,
    Zero,
    Background,
    Endless,
}

const WAYS: [Way; 4] = [Way::Drop, Way::Zero, Way::Background, Way::Endless];

impl Way {
    fn waits(self) -> bool {
        matches!(self, Self::Drop | Self::Endless)
    }

    fn shut_down(self, runtime: Runtime) {
        match self {
            Self::Drop => drop(runtime),
            Self::Zero => runtime.shutdown_timeout(Duration::ZERO),
            Self::Background => runtime.shutdown_background(),
            Self::Endless => runtime.shutdown_timeout(Duration::MAX),
        }
    }
}

/// Runs `body` for each way with each flavour, whose pool has one thread. No thread must be left after each.
#[track_caller]
fn in_every_way(name: &'static str, body: impl Fn(Runtime, Way) + Send + 'static) {
    watchdog(move || {
        for way in WAYS {
            for workers in [0, 1, 2, 4] {
                let mut builder =
                    if workers == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
                builder.worker_threads(workers.max(1)).max_blocking_threads(1).thread_name(name);
                body(builder.build().unwrap(), way);
                until("its threads are gone", || threads_named(name) == 0);
            }
        }
    });
}

fn assert_cancelled<T: std::fmt::Debug>(handle: JoinHandle<T>) {
    assert!(executor::block_on(handle).unwrap_err().is_cancelled());
}

/// A job that has started, and waits for `open`.
fn stuck(runtime: &Runtime, open: &Latch) -> JoinHandle<u32> {
    let (started, open) = (Latch::new(), open.clone());
    let tell = started.clone();
    let job = runtime.spawn_blocking(move || {
        tell.open();
        open.wait();
        linger();
        42
    });
    started.wait();
    job
}

#[test]
fn with_a_job_that_does_not_return_and_one_behind_it() {
    in_every_way("p-stuck-job", |runtime, way| {
        let (open, drops) = (Latch::new(), Drops::new());
        let (handle, job) = (runtime.handle().clone(), stuck(&runtime, &open));
        let (queued, waiting) = (drops.token(), drops.token());
        let queued = runtime.spawn_blocking(move || drop(queued));
        let waiting = runtime.spawn(holding(waiting, |_| std::task::Poll::<()>::Pending));
        let closer = thread::spawn(move || way.shut_down(runtime));
        if !way.waits() {
            // Before the job returns.
            closer.join().unwrap();
            assert!(!job.is_finished());
            assert_cancelled(queued);
            assert_cancelled(waiting);
            assert_eq!(drops.count(), 2);
            assert_cancelled(handle.spawn_blocking(|| ()));
            open.open();
        } else {
            assert_cancelled(queued);
            assert_cancelled(waiting);
            assert!(!closer.is_finished() && !job.is_finished());
            open.open();
            closer.join().unwrap();
            assert!(job.is_finished());
            // They are joined; the list that the system shows lags behind.
            until("the threads are gone", || threads_named("p-stuck-job") == 0);
        }
        assert_eq!(executor::block_on(job).unwrap(), 42);
    });
}

#[test]
fn with_a_task_that_does_not_return() {
    in_every_way("p-stuck-task", |runtime, way| {
        if runtime.handle().runtime_flavor() == RuntimeFlavor::CurrentThread {
            // It would hold the thread that is to shut it down.
            return;
        }
        let (open, started) = (Latch::new(), Latch::new());
        let (wait, tell) = (open.clone(), started.clone());
        let task = runtime.spawn(async move {
            tell.open();
            wait.wait();
            linger();
            42
        });
        started.wait();
        let waiting = runtime.spawn(pending::<()>());
        let others = runtime.metrics().num_workers() > 1;
        let closer = thread::spawn(move || way.shut_down(runtime));
        if !way.waits() {
            closer.join().unwrap();
            assert!(!task.is_finished());
            open.open();
            assert_cancelled(waiting);
        } else {
            if others {
                assert_cancelled(waiting);
            }
            assert!(!closer.is_finished() && !task.is_finished());
            open.open();
            closer.join().unwrap();
            assert!(task.is_finished());
        }
        assert_eq!(executor::block_on(task).unwrap(), 42);
    });
}

#[test]
fn a_finite_patience_comes_to_its_end_and_not_before() {
    watchdog(|| {
        for build in [Builder::new_current_thread, Builder::new_multi_thread] {
            let runtime = build().worker_threads(2).thread_name("p-finite").build().unwrap();
            let open = Latch::new();
            let (job, waiting) = (stuck(&runtime, &open), runtime.spawn(pending::<()>()));
            let (start, patience) = (Instant::now(), Duration::from_millis(30));
            runtime.shutdown_timeout(patience);
            assert!(start.elapsed() >= patience && !job.is_finished());
            assert_cancelled(waiting);
            open.open();
            assert_eq!(executor::block_on(job).unwrap(), 42);
            until("its threads are gone", || threads_named("p-finite") == 0);

            // Nobody needs it to the end.
            let runtime = build().worker_threads(2).thread_name("p-finite").build().unwrap();
            runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
            let waiting = runtime.spawn(pending::<()>());
            runtime.shutdown_timeout(support::PATIENCE * 10);
            assert!(waiting.is_finished());
            until("its threads are gone", || threads_named("p-finite") == 0);
        }
    });
}

/// Calls `f` with the runtime in a place where code of its own may be, and waits until it has been called.
type Place = fn(Runtime, Box<dyn FnOnce(Runtime) + Send>);

fn in_its_task(runtime: Runtime, f: Box<dyn FnOnce(Runtime) + Send>) {
    let handle = runtime.handle().clone();
    executor::block_on(handle.spawn(async move { f(runtime) })).unwrap();
}

fn in_the_drop_of_its_task(runtime: Runtime, f: Box<dyn FnOnce(Runtime) + Send>) {
    let (handle, polled) = (runtime.handle().clone(), Latch::new());
    let tell = polled.clone();
    let task = handle.spawn(holding(on_drop(move || f(runtime)), move |_| {
        tell.open();
        std::task::Poll::<()>::Pending
    }));
    polled.wait();
    task.abort();
    assert_cancelled(task);
}

fn in_its_block_in_place(runtime: Runtime, f: Box<dyn FnOnce(Runtime) + Send>) {
    let handle = runtime.handle().clone();
    executor::block_on(handle.spawn(async move { block_in_place(|| f(runtime)) })).unwrap();
}

fn in_its_job(runtime: Runtime, f: Box<dyn FnOnce(Runtime) + Send>) {
    let handle = runtime.handle().clone();
    executor::block_on(handle.spawn_blocking(move || f(runtime))).unwrap();
}

fn in_the_drop_of_its_jobs_output(runtime: Runtime, f: Box<dyn FnOnce(Runtime) + Send>) {
    let (handle, done, go) = (runtime.handle().clone(), Latch::new(), Latch::new());
    let (tell, open) = (done.clone(), go.clone());
    drop(handle.spawn_blocking(move || {
        open.wait();
        on_drop(move || {
            f(runtime);
            tell.open();
        })
    }));
    go.open();
    done.wait();
}

fn in_a_waker_that_its_driver_calls(runtime: Runtime, f: Box<dyn FnOnce(Runtime) + Send>) {
    let (handle, done) = (runtime.handle().clone(), Latch::new());
    let _entered = handle.enter();
    let mut pause = sleep(Duration::from_secs(3600));
    let tell = done.clone();
    let waker = calling(move || {
        f(runtime);
        tell.open();
    });
    assert!(poll_once(&mut pause, &waker).is_pending());
    // Not at once: a reset to what has passed calls the waker on its own thread.
    pause.reset(fusee::time::Instant::now() + Duration::from_millis(20));
    done.wait();
}

fn in_its_handles_block_on(runtime: Runtime, f: Box<dyn FnOnce(Runtime) + Send>) {
    let handle = runtime.handle().clone();
    handle.block_on(async move { f(runtime) });
}

fn in_a_task_of_another(runtime: Runtime, f: Box<dyn FnOnce(Runtime) + Send>) {
    let other = support::workers(1);
    other.block_on(other.spawn(async move { f(runtime) })).unwrap();
}

fn in_a_local_task_of_another(runtime: Runtime, f: Box<dyn FnOnce(Runtime) + Send>) {
    let local = fusee::task::LocalSet::new();
    let task = local.spawn_local(async move { f(runtime) });
    local.block_on(&support::current_thread(), task).unwrap();
}

#[test]
fn wherever_it_is_called_it_returns_and_the_rest_ends() {
    in_every_way("p-places", |runtime, way| {
        let flavor = runtime.handle().runtime_flavor();
        let count = runtime.metrics().num_workers();
        drop(runtime);
        let places: &[Place] = &[
            in_its_job,
            in_the_drop_of_its_jobs_output,
            in_a_waker_that_its_driver_calls,
            in_its_handles_block_on,
            in_a_task_of_another,
            in_a_local_task_of_another,
        ];
        let on_workers: &[Place] = &[in_its_task, in_the_drop_of_its_task, in_its_block_in_place];
        let multi = flavor == RuntimeFlavor::MultiThread;
        for place in places.iter().chain(if multi { on_workers } else { &[] }) {
            let mut builder = if multi { Builder::new_multi_thread() } else { Builder::new_current_thread() };
            let runtime = builder.worker_threads(count).thread_name("p-places").build().unwrap();
            let (handle, drops) = (runtime.handle().clone(), Drops::new());
            let waiting = runtime.spawn(holding(drops.token(), |_| std::task::Poll::<()>::Pending));
            let token = drops.token();
            let sleeping = runtime.spawn(async move {
                let _token = token;
                sleep(Duration::from_secs(3600)).await;
            });
            place(runtime, Box::new(move |runtime| way.shut_down(runtime)));
            assert_cancelled(waiting);
            assert_cancelled(sleeping);
            assert_eq!(drops.count(), 2);
            assert_cancelled(handle.spawn(async {}));
            assert_cancelled(handle.spawn_blocking(|| ()));
            until("its threads are gone", || threads_named("p-places") == 0);
        }
    });
}

#[test]
fn a_handle_afterwards_refuses_and_what_it_made_before_says_why() {
    in_every_way("p-handle", |runtime, way| {
        let (handle, drops) = (runtime.handle().clone(), Drops::new());
        let before = handle.block_on(async { [sleep(Duration::from_secs(3600)), sleep(Duration::from_secs(3600))] });
        let [mut polled, unpolled] = before;
        assert!(poll_once(&mut polled, std::task::Waker::noop()).is_pending());
        way.shut_down(runtime);

        let refused = |handle: &Handle| {
            assert_cancelled(handle.spawn(holding(drops.token(), |_| std::task::Poll::<()>::Pending)));
            let token = drops.token();
            assert_cancelled(handle.spawn_blocking(move || drop(token)));
            let mut set = JoinSet::new();
            let token = drops.token();
            set.spawn_on(async move { drop(token) }, handle);
            let token = drops.token();
            set.spawn_blocking_on(move || drop(token), handle);
            for _ in 0..2 {
                assert!(executor::block_on(set.join_next()).unwrap().unwrap_err().is_cancelled());
            }
        };
        refused(&handle);
        {
            let _entered = handle.enter();
            refused(&Handle::current());
        }
        handle.block_on(async { refused(&Handle::current()) });
        assert_eq!(drops.count(), 12);
        for pause in [polled, unpolled] {
            let payload = catch_unwind(AssertUnwindSafe(|| executor::block_on(pause))).unwrap_err();
            assert!(message(&*payload).contains("shut down"), "{}", message(&*payload));
        }
        assert_eq!(handle.block_on(async { 42 }), 42);
        until("nothing is counted any more", || {
            let metrics = handle.metrics();
            metrics.num_alive_tasks() == 0 && metrics.timers_live() == 0
        });
    });
}

#[test]
fn a_thread_whose_locals_are_slow_to_go_keeps_only_a_drop_waiting() {
    type Slow = support::OnDrop<Box<dyn FnOnce()>>;
    thread_local! {
        static SLOW: RefCell<Option<Slow>> = const { RefCell::new(None) };
    }
    watchdog(|| {
        for patience in [Duration::ZERO, Duration::from_millis(1)] {
            let runtime = workers(2);
            let go = Latch::new();
            let slow = |go: Latch| {
                let wait: Box<dyn FnOnce()> = Box::new(move || go.wait());
                SLOW.set(Some(support::on_drop(wait)));
            };
            let (of_worker, of_job) = (go.clone(), go.clone());
            runtime.block_on(runtime.spawn(async move { slow(of_worker) })).unwrap();
            runtime.block_on(runtime.spawn_blocking(move || slow(of_job))).unwrap();
            // It returns before the locals may go.
            runtime.shutdown_timeout(patience);
            go.open();
        }
    });
}

#[cfg(feature = "fs")]
#[test]
fn jobs_that_all_wait_for_their_writes_hold_up_no_end() {
    const JOBS: usize = 3;
    watchdog(|| {
        for way in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(JOBS).build().unwrap();
            let all_run = Arc::new(Barrier::new(JOBS + 1));
            let jobs: [_; JOBS] = array::from_fn(|index| {
                let (path, all_run) = (folder.path().join(index.to_string()), all_run.clone());
                runtime.spawn_blocking(move || {
                    let mut file = File::from_std(std::fs::File::create(path).unwrap());
                    all_run.wait();
                    Handle::current().block_on(async {
                        file.write_all(b"promised").await.unwrap();
                        file.flush().await
                    })
                })
            });
            all_run.wait();
            until("each job waits for another", || runtime.metrics().blocking_queue_depth() == JOBS);
            way.shut_down(runtime);
            assert!(!way.waits() || jobs.iter().all(JoinHandle::is_finished));
            for (index, job) in jobs.into_iter().enumerate() {
                executor::block_on(job).unwrap().unwrap();
                assert_eq!(std::fs::read(folder.path().join(index.to_string())).unwrap(), b"promised");
            }
        }
    });
}
