//! The wrapper around threads: what runs inside it, on which threads, and that no wrapper keeps work from being done once.

mod support;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, LocalOptions, Runtime};
use fusee::task;
use futures::executor;
use support::{Drops, Latch, block_a_worker, holding, message, on_drop, quiet_panic, until, watchdog};

thread_local!(static DEPTH: Cell<usize> = const { Cell::new(0) });

/// How many wrappers the thread is in.
fn depth() -> usize {
    DEPTH.get()
}

/// Tells its wrapper's depth to the thread, which must be inside it for all of the work.
fn wrapped(mut builder: Builder) -> Builder {
    builder.around_threads(|work| {
        let before = DEPTH.replace(DEPTH.get() + 1);
        work();
        assert_eq!(DEPTH.replace(before), before + 1, "guards nest");
    });
    builder
}

fn current_thread() -> Builder {
    wrapped(Builder::new_current_thread())
}

fn workers(count: usize) -> Builder {
    let mut builder = wrapped(Builder::new_multi_thread());
    builder.worker_threads(count);
    builder
}

fn on_every_flavour(body: impl Fn(Runtime) + Send + 'static) {
    watchdog(move || {
        for mut builder in [current_thread(), workers(1), workers(4)] {
            body(builder.build().unwrap());
            assert_eq!(depth(), 0);
        }
    });
}

/// A place for what was seen elsewhere.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<usize>>>);

impl Seen {
    fn note(&self) {
        self.0.lock().unwrap().push(depth());
    }

    fn all(&self) -> Vec<usize> {
        self.0.lock().unwrap().clone()
    }
}

#[test]
fn polls_and_jobs_run_inside() {
    on_every_flavour(|runtime| {
        assert_eq!(runtime.block_on(async { depth() }), 1);
        assert_eq!(runtime.handle().block_on(async { depth() }), 1);
        assert_eq!(runtime.block_on(runtime.spawn(async { depth() })).unwrap(), 1);
        assert_eq!(runtime.block_on(runtime.spawn_blocking(depth)).unwrap(), 1);
        let handle = runtime.handle().clone();
        let nested = move || (handle.block_on(async { depth() }), depth());
        assert_eq!(runtime.block_on(runtime.spawn_blocking(nested)).unwrap(), (2, 1));
    });
}

#[test]
fn a_root_future_is_dropped_inside() {
    on_every_flavour(|runtime| {
        let seen = Seen::default();
        let (ends, panics) = (seen.clone(), seen.clone());
        runtime.block_on(async move { drop(on_drop(move || ends.note())) });
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let held = on_drop(move || panics.note());
            runtime.block_on(poll_fn(move |_| {
                let _held = &held;
                if depth() == 1 { quiet_panic("in the poll") } else { Poll::Ready(()) }
            }));
        }));
        assert_eq!(message(&*caught.unwrap_err()), "in the poll");
        assert_eq!(seen.all(), [1, 1]);
    });
}

#[test]
fn a_worker_that_is_handed_on_stays_inside() {
    watchdog(|| {
        let runtime = workers(1).build().unwrap();
        let handle = runtime.handle().clone();
        let task = runtime.spawn(async move {
            let other = fusee::spawn(async { depth() });
            // The one worker is needed by the other task: a thread of the pool works as it.
            let there = task::block_in_place(|| handle.block_on(other)).unwrap();
            (depth(), there)
        });
        assert_eq!(executor::block_on(task).unwrap(), (1, 1));
        assert_eq!(runtime.block_on(runtime.spawn(async { depth() })).unwrap(), 1);
    });
}

#[test]
fn wakers_that_the_driver_wakes_run_inside() {
    struct Notes(Seen);
    impl Wake for Notes {
        fn wake(self: Arc<Self>) {
            self.0.note();
        }
    }
    on_every_flavour(|runtime| {
        let seen = Seen::default();
        let _entered = runtime.enter();
        let mut sleep = pin!(fusee::time::sleep(Duration::from_millis(1)));
        let waker = Waker::from(Arc::new(Notes(seen.clone())));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        until("the driver has fired", || !seen.all().is_empty());
        assert_eq!(seen.all(), [1]);
    });
}

#[test]
fn hooks_around_threads_run_inside() {
    watchdog(|| {
        let seen = Seen::default();
        let [start, stop, park, unpark] = std::array::from_fn(|_| {
            let seen = seen.clone();
            move || seen.note()
        });
        let runtime = workers(2)
            .on_thread_start(start)
            .on_thread_stop(stop)
            .on_thread_park(park)
            .on_thread_unpark(unpark)
            .build()
            .unwrap();
        runtime.block_on(runtime.spawn_blocking(|| {})).unwrap();
        drop(runtime);
        let seen = seen.all();
        assert!(seen.len() >= 8 && seen.iter().all(|&depth| depth == 1), "{seen:?}");
    });
}

#[test]
fn what_a_shutdown_drops_is_dropped_inside() {
    on_every_flavour(|runtime| {
        let seen = Seen::default();
        for _ in 0..10 {
            let seen = seen.clone();
            // Not polled yet, some of them.
            let held = on_drop(move || seen.note());
            runtime.spawn(holding(held, |_| Poll::<()>::Pending));
        }
        drop(runtime);
        assert_eq!(seen.all(), [1; 10]);
    });
}

#[test]
fn a_job_that_a_shutdown_cancels_is_dropped_inside() {
    watchdog(|| {
        let seen = Seen::default();
        let runtime = workers(1).max_blocking_threads(1).build().unwrap();
        let (started, end) = (Latch::new(), Latch::new());
        let (tell, wait) = (started.clone(), end.clone());
        runtime.spawn_blocking(move || {
            tell.open();
            wait.wait();
        });
        started.wait();
        let held = {
            let seen = seen.clone();
            on_drop(move || seen.note())
        };
        runtime.spawn_blocking(move || drop(held));
        runtime.shutdown_background();
        assert_eq!(seen.all(), [1]);
        end.open();
    });
}

#[test]
fn a_local_runtime_polls_and_drops_inside() {
    watchdog(|| {
        let seen = Seen::default();
        let runtime = current_thread().build_local(LocalOptions::default()).unwrap();
        assert_eq!(runtime.block_on(async { (depth(), task::spawn_local(async { depth() }).await.unwrap()) }), (1, 1));
        let dropped = seen.clone();
        runtime.spawn_local(async move {
            let _held = on_drop(move || dropped.note());
            pending::<()>().await;
        });
        runtime.block_on(task::yield_now());
        drop(runtime);
        assert_eq!(seen.all(), [1]);
    });
}

#[test]
fn a_runtime_dropped_in_a_task_of_another_is_inside_both() {
    watchdog(|| {
        let seen = Seen::default();
        let (outer, inner) = (workers(1).build().unwrap(), current_thread().build().unwrap());
        let dropped = seen.clone();
        inner.spawn(async move {
            let _held = on_drop(move || dropped.note());
            pending::<()>().await;
        });
        inner.block_on(task::yield_now());
        outer.block_on(outer.spawn(async move { drop(inner) })).unwrap();
        assert_eq!(seen.all(), [2]);
    });
}

#[test]
fn what_a_runtime_that_has_shut_down_refuses_is_dropped_where_it_is_spawned() {
    on_every_flavour(|runtime| {
        let seen = Seen::default();
        let handle = runtime.handle().clone();
        drop(runtime);
        let (task, job) = (seen.clone(), seen.clone());
        let (in_task, in_job) = (on_drop(move || task.note()), on_drop(move || job.note()));
        drop(handle.spawn(async move { drop(in_task) }));
        drop(handle.spawn_blocking(move || drop(in_job)));
        assert_eq!(seen.all(), [0, 0]);
    });
}

/// All that a runtime does, whatever its wrapper is like.
fn works(runtime: &Runtime) {
    for n in 0..10 {
        assert_eq!(runtime.block_on(async move { n }), n);
        assert_eq!(runtime.block_on(runtime.spawn(async move { n })).unwrap(), n);
        assert_eq!(runtime.block_on(runtime.spawn_blocking(move || n)).unwrap(), n);
    }
    runtime.block_on(async { fusee::time::sleep(Duration::from_millis(1)).await });
    let payload = catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { quiet_panic("the root's") }))).unwrap_err();
    assert_eq!(message(&*payload), "the root's");
}

/// Runs `works` with `wrapper` on each flavour.
fn works_with(wrapper: impl Fn(&mut dyn FnMut()) + Clone + Send + Sync + 'static) {
    watchdog(move || {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let runtime = builder.worker_threads(2).around_threads(wrapper.clone()).build().unwrap();
            works(&runtime);
        }
    });
}

#[test]
fn work_that_is_not_called_is_done_after_the_wrapper() {
    works_with(|_| {});
}

#[test]
fn work_that_is_called_twice_is_done_once() {
    let rounds = Arc::new(AtomicUsize::new(0));
    let counter = rounds.clone();
    works_with(move |work| {
        work();
        work();
        work();
        counter.fetch_add(1, Ordering::SeqCst);
    });
    assert!(rounds.load(Ordering::SeqCst) > 40);
}

#[test]
fn a_wrapper_that_panics_before_its_work_harms_nobody() {
    let drops = Drops::new();
    let tokens = drops.clone();
    works_with(move |_| resume_unwind(Box::new(tokens.token())));
    assert!(drops.count() > 40, "{}", drops.count());
}

#[test]
fn a_wrapper_that_panics_after_its_work_harms_nobody() {
    let drops = Drops::new();
    let tokens = drops.clone();
    works_with(move |work| {
        work();
        resume_unwind(Box::new(tokens.token()))
    });
    assert!(drops.count() > 40, "{}", drops.count());
}

#[test]
fn the_wrapper_sees_nothing_of_a_roots_panic() {
    watchdog(|| {
        let returned = Arc::new(AtomicUsize::new(0));
        let counter = returned.clone();
        let runtime = Builder::new_current_thread()
            .around_threads(move |work| {
                work();
                assert!(!thread::panicking());
                counter.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        let payload = catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { resume_unwind(Box::new(7u32)) })));
        assert_eq!(payload.map(|()| 0).unwrap_err().downcast_ref(), Some(&7u32));
        // The driver is inside still.
        assert_eq!(returned.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_wrapper_that_blocks_on_its_runtime_is_refused_and_the_work_done() {
    watchdog(|| {
        let slot: Arc<Mutex<Option<fusee::runtime::Handle>>> = Arc::default();
        let (own, refused) = (slot.clone(), Arc::new(AtomicUsize::new(0)));
        let (counter, here) = (refused.clone(), thread::current().id());
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .around_threads(move |work| {
                let handle = own.lock().unwrap().clone();
                if let Some(handle) = handle.filter(|_| thread::current().id() == here) {
                    let blocked = catch_unwind(AssertUnwindSafe(|| handle.block_on(async {})));
                    counter.fetch_add(usize::from(blocked.is_err()), Ordering::SeqCst);
                }
                work();
            })
            .build()
            .unwrap();
        *slot.lock().unwrap() = Some(runtime.handle().clone());
        assert_eq!(runtime.block_on(async { 7 }), 7);
        assert_eq!(refused.load(Ordering::SeqCst), 1);
        assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 7)).unwrap(), 7);
        // Else its memory stays.
        *slot.lock().unwrap() = None;
    });
}

#[test]
fn the_second_wrapper_replaces_the_first_and_goes_with_the_runtime() {
    watchdog(|| {
        let drops = Drops::new();
        let (first, second) = (drops.token(), drops.token());
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).around_threads(move |_| panic!("a wrapper that was replaced: {first:?}"));
        builder.around_threads(move |work| {
            let _held = &second;
            work();
        });
        assert_eq!(drops.count(), 1);
        let runtime = builder.build().unwrap();
        drop(builder);
        let (end, blocked) = block_a_worker(&runtime);
        end.open();
        runtime.block_on(blocked).unwrap();
        assert_eq!(drops.count(), 1);
        drop(runtime);
        until("the wrapper is dropped", || drops.count() == 2);
    });
}
