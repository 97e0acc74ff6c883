//! `spawn_blocking`: closures that block run beside the workers, once, in order, and whatever becomes of them reaches their handle.

mod support;

use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use fusee::runtime::{self, Builder, Handle, Runtime};
use fusee::task::{JoinHandle, spawn_blocking};
use fusee::time::sleep;
use futures::executor;
use support::{Drops, Latch, linger, message, on_drop, on_every_flavour, poll_once, quiet_panic, until, watchdog};

/// A runtime whose pool has one thread.
fn one_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build().expect("a runtime")
}

/// A job that has started and waits for the latch.
fn busy<R: Send + 'static>(runtime: &Runtime, open: &Latch, output: R) -> JoinHandle<R> {
    let (started, open) = (Latch::new(), open.clone());
    let tell = started.clone();
    let job = runtime.spawn_blocking(move || {
        tell.open();
        open.wait();
        linger();
        output
    });
    started.wait();
    job
}

fn assert_cancelled<T: std::fmt::Debug>(handle: JoinHandle<T>) {
    assert!(executor::block_on(handle).unwrap_err().is_cancelled());
}

#[test]
fn a_job_gives_its_output_wherever_it_is_spawned() {
    on_every_flavour(|runtime| {
        let handle = runtime.handle().clone();
        let in_task = runtime.spawn(async { spawn_blocking(|| 1).await.unwrap() });
        let foreign = thread::spawn(move || executor::block_on(handle.spawn_blocking(|| 2)).unwrap()).join().unwrap();
        let entered = {
            let _entered = runtime.enter();
            spawn_blocking(|| 4)
        };
        let sum = runtime.block_on(async {
            in_task.await.unwrap()
                + foreign
                + entered.await.unwrap()
                + spawn_blocking(|| 8).await.unwrap()
                + Handle::current().spawn_blocking(|| 16).await.unwrap()
                + runtime.spawn_blocking(|| 32).await.unwrap()
        });
        assert_eq!(sum, 63);
    });
}

#[test]
fn a_job_that_blocks_keeps_no_task_and_no_timer_waiting() {
    on_every_flavour(|runtime| {
        let open = Latch::new();
        let blocked: Vec<_> = (0..8).map(|n| busy(&runtime, &open, n)).collect();
        runtime.block_on(async {
            fusee::spawn(sleep(Duration::from_millis(1))).await.unwrap();
        });
        open.open();
        for (n, job) in blocked.into_iter().enumerate() {
            assert_eq!(runtime.block_on(job).unwrap(), n);
        }
    });
}

#[test]
fn a_job_is_inside_the_runtime_and_may_block_on_it() {
    on_every_flavour(|runtime| {
        let job = runtime.spawn_blocking(|| {
            let handle = Handle::current();
            let slept = handle.block_on(async {
                sleep(Duration::from_micros(10)).await;
                fusee::spawn(async { spawn_blocking(|| 42).await.unwrap() }).await.unwrap()
            });
            // It may again, afterwards; but not inside.
            let refused = handle.block_on(async {
                let inner = catch_unwind(AssertUnwindSafe(|| Handle::current().block_on(ready(()))));
                message(&*inner.unwrap_err()).to_owned()
            });
            assert!(refused.contains("`block_on`") && refused.contains("spawn_blocking"), "{refused}");
            let own = runtime::block_on(async { fusee::spawn(ready(1)).await.unwrap() });
            let nested = executor::block_on(spawn_blocking(|| executor::block_on(spawn_blocking(|| 2)).unwrap()));
            slept + own + nested.unwrap()
        });
        assert_eq!(runtime.block_on(job).unwrap(), 45);
    });
}

#[test]
fn a_job_has_no_budget_to_run_out_of() {
    on_every_flavour(|runtime| {
        let job = runtime.spawn_blocking(|| {
            let tasks: Vec<_> = (0..1000).map(|_| fusee::spawn(ready(()))).collect();
            until("all are complete", || tasks.iter().all(JoinHandle::is_finished));
            tasks.into_iter().all(|mut task| poll_once(&mut task, std::task::Waker::noop()).is_ready())
        });
        assert!(runtime.block_on(job).unwrap());
    });
}

#[test]
fn a_closure_of_64_kib_runs() {
    on_every_flavour(|runtime| {
        let large = [7u8; 64 * 1024];
        let job = runtime.spawn_blocking(move || large.iter().map(|byte| usize::from(*byte)).sum::<usize>());
        assert_eq!(runtime.block_on(job).unwrap(), 7 * 64 * 1024);
        let job = runtime.spawn_blocking(move || large);
        assert_eq!(runtime.block_on(job).unwrap(), large);
    });
}

#[test]
fn panics_in_the_closure_in_drops_and_in_payloads_leave_the_thread_to_the_next_job() {
    watchdog(|| {
        let runtime = one_thread();
        let panicked = runtime.spawn_blocking(|| quiet_panic("a job"));
        let payload = runtime.block_on(panicked).unwrap_err().into_panic();
        assert_eq!(message(&*payload), "a job");
        drop(runtime.spawn_blocking(|| quiet_panic("a job that nobody awaits")));
        drop(runtime.spawn_blocking(|| {
            std::panic::resume_unwind(Box::new(on_drop(|| quiet_panic("a payload"))));
        }));
        drop(runtime.spawn_blocking(|| on_drop(|| quiet_panic("an output"))));
        let captured = on_drop(|| quiet_panic("what the closure owns"));
        let owner = runtime.spawn_blocking(move || {
            let _captured = &captured;
        });
        assert!(runtime.block_on(owner).unwrap_err().is_panic());
        // Cancelled, its closure panics as it is dropped: the handle gets that instead.
        let open = Latch::new();
        let busy = busy(&runtime, &open, 1);
        let captured = on_drop(|| quiet_panic("what the closure owns"));
        let aborted = runtime.spawn_blocking(move || drop(captured));
        aborted.abort();
        open.open();
        assert!(runtime.block_on(aborted).unwrap_err().is_panic());
        assert_eq!(runtime.block_on(busy).unwrap(), 1);
        assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 42)).unwrap(), 42);
        assert_eq!(runtime.metrics().num_blocking_threads(), 1);
    });
}

#[test]
fn one_thread_runs_jobs_in_the_order_of_their_submission() {
    watchdog(|| {
        let runtime = one_thread();
        let (open, order) = (Latch::new(), Arc::new(Mutex::new(Vec::new())));
        let first = busy(&runtime, &open, ());
        let jobs: Vec<_> = (0..100)
            .map(|n| {
                let order = order.clone();
                runtime.spawn_blocking(move || order.lock().unwrap().push(n))
            })
            .collect();
        assert_eq!(runtime.metrics().blocking_queue_depth(), 100);
        open.open();
        runtime.block_on(async {
            first.await.unwrap();
            for job in jobs {
                job.await.unwrap();
            }
        });
        assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn dropping_the_handle_detaches_the_job() {
    on_every_flavour(|runtime| {
        let (tell, told) = mpsc::channel();
        drop(runtime.spawn_blocking(move || tell.send(42).unwrap()));
        assert_eq!(told.recv().unwrap(), 42);
    });
}

#[test]
fn an_abort_before_the_start_cancels_and_one_after_it_does_nothing() {
    watchdog(|| {
        let runtime = one_thread();
        let (open, drops) = (Latch::new(), Drops::new());
        let running = busy(&runtime, &open, 42);
        let token = drops.token();
        let waiting = runtime.spawn_blocking(move || {
            let _token = token;
            unreachable!("it was aborted before it started");
        });
        let kept = drops.token();
        let other = runtime.spawn_blocking(move || drop(kept));
        let abort = other.abort_handle();
        running.abort();
        waiting.abort();
        waiting.abort();
        assert!(!running.is_finished() && !waiting.is_finished());
        // The closure is dropped where it would have run, not on the thread that aborts.
        assert_eq!(drops.count(), 0);
        open.open();
        assert_eq!(runtime.block_on(running).unwrap(), 42);
        assert_cancelled(waiting);
        runtime.block_on(other).unwrap();
        assert_eq!(drops.count(), 2);
        abort.abort();
        assert!(abort.is_finished());
    });
}

#[test]
fn shutdown_waits_for_jobs_that_run_and_cancels_those_that_wait() {
    watchdog(|| {
        let runtime = one_thread();
        let (open, drops, handle) = (Latch::new(), Drops::new(), runtime.handle().clone());
        let running = busy(&runtime, &open, 42);
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let token = drops.token();
                runtime.spawn_blocking(move || drop(token))
            })
            .collect();
        let dropped = Latch::new();
        let tell = dropped.clone();
        let closer = thread::spawn(move || {
            drop(runtime);
            tell.open();
        });
        for job in waiting {
            assert_cancelled(job);
        }
        assert_eq!(drops.count(), 100);
        assert!(!running.is_finished() && !dropped.is_open());
        open.open();
        closer.join().unwrap();
        assert!(running.is_finished(), "the drop has waited for it");
        assert_eq!(executor::block_on(running).unwrap(), 42);
        let token = drops.token();
        let refused = handle.spawn_blocking(move || drop(token));
        assert!(refused.is_finished());
        assert_eq!(drops.count(), 101);
        assert_cancelled(refused);
    });
}

#[test]
fn shutdown_frees_a_job_and_a_worker_that_wait_for_jobs_that_never_start() {
    watchdog(|| {
        let runtime = one_thread();
        let (started, tell) = mpsc::channel();
        let also_started = started.clone();
        let job = runtime.spawn_blocking(move || {
            let nested = spawn_blocking(|| 1);
            started.send(()).unwrap();
            executor::block_on(nested).unwrap_err().is_cancelled()
        });
        tell.recv().unwrap();
        let task = runtime.spawn(async move {
            let nested = spawn_blocking(|| 1);
            also_started.send(()).unwrap();
            executor::block_on(nested).unwrap_err().is_cancelled()
        });
        tell.recv().unwrap();
        drop(runtime);
        assert!(executor::block_on(job).unwrap());
        assert!(executor::block_on(task).unwrap());
    });
}

#[test]
fn a_job_that_blocks_on_the_runtime_while_it_shuts_down_ends() {
    on_every_flavour(|runtime| {
        let (started, tell) = (Latch::new(), Latch::new());
        let open = started.clone();
        let seen = tell.clone();
        let job = runtime.spawn_blocking(move || {
            let task = fusee::spawn(pending::<()>());
            open.open();
            let cancelled = Handle::current().block_on(task).unwrap_err().is_cancelled();
            // The pool closes after the workers: this one may still run. What counts is that it resolves.
            let nested = Handle::current().block_on(async { spawn_blocking(|| ()).await });
            seen.open();
            cancelled && nested.map_or_else(|error| error.is_cancelled(), |()| true)
        });
        started.wait();
        drop(runtime);
        assert!(tell.is_open());
        assert!(executor::block_on(job).unwrap());
    });
}

#[test]
fn a_runtime_dropped_inside_its_own_jobs_detaches() {
    on_every_flavour(|runtime| {
        let (runtime, go) = (Arc::new(runtime), Latch::new());
        let jobs: Vec<_> = (0..4)
            .map(|n| {
                let (owned, open) = (runtime.clone(), go.clone());
                runtime.spawn_blocking(move || {
                    open.wait();
                    if n % 2 == 0 { drop(owned) } else { Handle::current().block_on(async move { drop(owned) }) }
                })
            })
            .collect();
        drop(runtime);
        go.open();
        for job in jobs {
            executor::block_on(job).unwrap();
        }
    });
}

#[test]
fn spawns_that_race_the_shutdown_resolve_one_way_or_the_other() {
    on_every_flavour(|runtime| {
        let workers = runtime.metrics().num_workers();
        drop(runtime);
        for _ in 0..30 {
            let runtime = Builder::new_multi_thread()
                .worker_threads(workers)
                .max_blocking_threads(2)
                .thread_keep_alive(Duration::ZERO)
                .build()
                .unwrap();
            let (ran, go) = (Arc::new(AtomicUsize::new(0)), Latch::new());
            let spawners: Vec<_> = (0..2)
                .map(|_| {
                    let (handle, ran, go) = (runtime.handle().clone(), ran.clone(), go.clone());
                    thread::spawn(move || {
                        go.wait();
                        let spawn = |_| {
                            let ran = ran.clone();
                            handle.spawn_blocking(move || ran.fetch_add(1, Ordering::SeqCst))
                        };
                        (0..50).map(spawn).collect::<Vec<_>>()
                    })
                })
                .collect();
            go.open();
            drop(runtime);
            let jobs = spawners.into_iter().flat_map(|spawner| spawner.join().unwrap());
            let outcomes: Vec<_> = jobs.map(executor::block_on).collect();
            let ok = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            assert_eq!(ok, ran.load(Ordering::SeqCst));
            assert!(outcomes.into_iter().filter_map(Result::err).all(|error| error.is_cancelled()));
        }
    });
}

#[test]
fn many_jobs_from_many_places_run_once_each_while_threads_come_and_go() {
    on_every_flavour(|runtime| {
        let workers = runtime.metrics().num_workers();
        for keep_alive in [Duration::ZERO, Duration::from_micros(50), Duration::from_secs(10), Duration::MAX] {
            let runtime = Builder::new_multi_thread()
                .worker_threads(workers)
                .max_blocking_threads(3)
                .thread_keep_alive(keep_alive)
                .build()
                .unwrap();
            let ran = Arc::new(AtomicUsize::new(0));
            let tasks: Vec<_> = (0..10)
                .map(|_| {
                    let ran = ran.clone();
                    runtime.spawn(async move {
                        for _ in 0..50 {
                            let ran = ran.clone();
                            spawn_blocking(move || ran.fetch_add(1, Ordering::SeqCst)).await.unwrap();
                        }
                    })
                })
                .collect();
            runtime.block_on(async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
            assert_eq!(ran.load(Ordering::SeqCst), 500);
            assert!(runtime.metrics().num_blocking_threads() <= 3);
        }
    });
}
