//! Hooks: what they are told, when, on which thread, and what they may do.

mod support;

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread::{self, ThreadId};

use fusee::runtime::{Builder, Handle, Runtime, TaskMeta};
use fusee::task::{self, AbortHandle, Id};
use futures::channel::oneshot;
use futures::executor;
use support::{Drops, Latch, holding, on_drop, quiet_panic, until, watchdog};

/// What happened, with the task and the thread that it happened to.
type Entry = (&'static str, Option<Id>, ThreadId);

/// All that happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Entry>>>);

impl Log {
    fn note(&self, what: &'static str, task: Option<Id>) {
        self.0.lock().unwrap().push((what, task, thread::current().id()));
    }

    fn hook(&self, what: &'static str) -> impl Fn(&TaskMeta<'_>) + Send + Sync + 'static {
        let log = self.clone();
        move |task| log.note(what, Some(task.id()))
    }

    fn thread_hook(&self, what: &'static str) -> impl Fn() + Send + Sync + 'static {
        let log = self.clone();
        move || log.note(what, None)
    }

    fn of(&self, task: Id) -> Vec<&'static str> {
        self.0.lock().unwrap().iter().filter(|entry| entry.1 == Some(task)).map(|entry| entry.0).collect()
    }

    fn count(&self, what: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|entry| entry.0 == what).count()
    }
}

/// A runtime whose hooks around tasks all note.
fn watched(workers: usize, log: &Log) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(workers)
        .on_task_spawn(log.hook("spawn"))
        .on_before_task_poll(log.hook("before"))
        .on_after_task_poll(log.hook("after"))
        .on_task_terminate(log.hook("terminate"))
        .build()
        .unwrap()
}

#[test]
fn a_task_is_announced_polled_and_gone_in_that_order() {
    watchdog(|| {
        for workers in [1, 2, 4] {
            let log = Log::default();
            let runtime = watched(workers, &log);
            let task = runtime.spawn(async {
                task::yield_now().await;
                task::yield_now().await;
            });
            let id = task.id();
            executor::block_on(task).unwrap();
            assert_eq!(log.of(id), ["spawn", "before", "after", "before", "after", "before", "after", "terminate"]);
        }
    });
}

#[test]
fn the_end_is_told_after_the_future_is_dropped_and_before_the_handle_resolves() {
    watchdog(|| {
        for workers in [1, 2, 4] {
            let log = Log::default();
            let runtime = watched(workers, &log);
            for _ in 0..100 {
                let (dropped, ready) = (log.clone(), log.clone());
                let held = on_drop(move || dropped.note("drop", task::try_id()));
                let task = runtime.spawn(holding(held, |_| Poll::Ready(())));
                let id = task.id();
                executor::block_on(task).unwrap();
                ready.note("resolved", Some(id));
                // An identifier comes again once its task is forgotten.
                let last = log.of(id).split_off(log.of(id).len() - 6);
                assert_eq!(last, ["spawn", "before", "after", "drop", "terminate", "resolved"]);
            }
        }
    });
}

#[test]
fn the_hook_for_its_end_finds_the_task_unfinished_and_may_abort_it() {
    watchdog(|| {
        let slot: Arc<Mutex<Option<AbortHandle>>> = Arc::default();
        let (found, seen) = channel();
        let handles = slot.clone();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .on_task_terminate(move |task| {
                let handle = handles.lock().unwrap().take().unwrap();
                handle.abort();
                found.send((handle.id() == task.id(), handle.is_finished())).unwrap();
            })
            .build()
            .unwrap();
        let (go, wait) = oneshot::channel();
        let task = runtime.spawn(async move { wait.await.unwrap() });
        *slot.lock().unwrap() = Some(task.abort_handle());
        go.send(7).unwrap();
        assert_eq!(executor::block_on(task).unwrap(), 7);
        assert_eq!(seen.try_recv(), Ok((true, false)));
    });
}

#[test]
fn each_task_ends_once_however_it_ends() {
    watchdog(|| {
        for workers in [1, 2, 4] {
            let log = Log::default();
            let runtime = watched(workers, &log);
            let handle = runtime.handle().clone();
            let completed = runtime.spawn(async {});
            let panicked = runtime.spawn(async { quiet_panic("a poll's panic") });
            let drop_panics = runtime.spawn(holding(on_drop(|| quiet_panic("a drop's panic")), |_| Poll::Ready(())));
            let aborted = runtime.spawn(pending::<()>());
            aborted.abort();
            let shut_down = runtime.spawn(pending::<()>());
            let mut ids = vec![completed.id(), panicked.id(), drop_panics.id(), aborted.id(), shut_down.id()];
            // Kept, as `shut_down` is, so that no identifier comes again.
            let kept =
                [completed.abort_handle(), panicked.abort_handle(), drop_panics.abort_handle(), aborted.abort_handle()];
            executor::block_on(completed).unwrap();
            executor::block_on(panicked).unwrap_err();
            executor::block_on(drop_panics).unwrap_err();
            executor::block_on(aborted).unwrap_err();
            drop(runtime);
            let refused = handle.spawn(pending::<()>());
            ids.push(refused.id());
            let polled: Vec<_> = ids.iter().map(|&id| log.of(id)).collect();
            for (at, told) in polled.iter().enumerate() {
                assert_eq!(told.iter().filter(|what| **what == "terminate").count(), 1, "task {at}: {told:?}");
                assert_eq!((told[0], told[told.len() - 1]), ("spawn", "terminate"), "task {at}: {told:?}");
            }
            assert_eq!(polled[1], ["spawn", "before", "after", "terminate"], "a poll that panics is told of too");
            assert_eq!(log.of(ids[5]), ["spawn", "terminate"], "a refused task is announced, and ends");
            assert_eq!(log.count("spawn"), 6);
            assert_eq!(log.count("terminate"), 6);
            drop((kept, shut_down));
        }
    });
}

#[test]
fn the_end_is_told_on_the_thread_that_drops_the_future() {
    watchdog(|| {
        let log = Log::default();
        let runtime = watched(4, &log);
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let log = log.clone();
                runtime.spawn(holding(on_drop(move || log.note("drop", task::try_id())), |_| Poll::Ready(())))
            })
            .collect();
        for task in &tasks {
            until("the task has ended", || task.is_finished());
        }
        let mut threads: HashMap<_, Vec<_>> = HashMap::new();
        for (what, id, thread) in log.0.lock().unwrap().iter() {
            if matches!(*what, "drop" | "terminate") {
                threads.entry(*id).or_default().push(*thread);
            }
        }
        assert_eq!(threads.len(), tasks.len());
        assert!(threads.values().all(|threads| threads.len() == 2 && threads[0] == threads[1]));
    });
}

#[test]
fn hooks_are_told_the_name_and_the_call_that_spawned_the_task() {
    watchdog(|| {
        type Seen = Arc<Mutex<Vec<(Option<String>, u32)>>>;
        let seen = Seen::default();
        let keep = |seen: &Seen| {
            let seen = seen.clone();
            move |task: &TaskMeta<'_>| {
                assert_eq!(task.spawned_at().file(), file!());
                seen.lock().unwrap().push((task.name().map(str::to_owned), task.spawned_at().line()));
            }
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .on_task_spawn(keep(&seen))
            .on_before_task_poll(keep(&seen))
            .on_after_task_poll(keep(&seen))
            .on_task_terminate(keep(&seen))
            .build()
            .unwrap();
        let expect = |name: Option<&str>, line, task| {
            executor::block_on::<fusee::task::JoinHandle<()>>(task).unwrap();
            assert_eq!(std::mem::take(&mut *seen.lock().unwrap()), vec![(name.map(str::to_owned), line); 4]);
        };
        let _entered = runtime.enter();
        expect(None, line!(), runtime.spawn(async {}));
        expect(None, line!(), runtime.handle().spawn(async {}));
        expect(None, line!(), fusee::spawn(async {}));
        expect(Some("a"), line!(), task::Builder::new().name("a").spawn(async {}).unwrap());
        expect(Some("b"), line!(), task::Builder::new().name("b").spawn_on(async {}, runtime.handle()).unwrap());
        // Large enough to be boxed.
        let large = [0u8; 4096];
        expect(None, line!(), fusee::spawn(async move { assert_eq!(large.len(), 4096) }));
    });
}

#[test]
fn a_hook_that_panics_harms_nobody_and_its_payload_is_dropped() {
    struct Payload(#[expect(dead_code, reason = "it counts in its drop")] support::Token);
    impl Drop for Payload {
        fn drop(&mut self) {
            quiet_panic("a payload's drop");
        }
    }
    fn bomb(drops: &Drops) -> impl Fn() + Send + Sync + 'static {
        let drops = drops.clone();
        move || std::panic::resume_unwind(Box::new(Payload(drops.token())))
    }
    fn task_bomb(drops: &Drops) -> impl Fn(&TaskMeta<'_>) + Send + Sync + 'static {
        let bomb = bomb(drops);
        move |_| bomb()
    }
    watchdog(|| {
        let drops = Drops::new();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .on_task_spawn(task_bomb(&drops))
            .on_before_task_poll(task_bomb(&drops))
            .on_after_task_poll(task_bomb(&drops))
            .on_task_terminate(task_bomb(&drops))
            .on_thread_start(bomb(&drops))
            .on_thread_stop(bomb(&drops))
            .on_thread_park(bomb(&drops))
            .on_thread_unpark(bomb(&drops))
            .build()
            .unwrap();
        for n in 0..100 {
            assert_eq!(executor::block_on(runtime.spawn(async move { n })).unwrap(), n);
        }
        drop(runtime);
        assert!(drops.count() >= 404, "four for each task and two for each thread, not {}", drops.count());
    });
}

#[test]
fn hooks_may_spawn_and_hold_nobody_up() {
    watchdog(|| {
        let (spawned, ran) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counter = ran.clone();
        let budget = spawned.clone();
        let spawn_one = move || {
            // Each spawn calls the hooks again: it ends.
            if budget.fetch_add(1, Ordering::SeqCst) < 50
                && let Ok(handle) = Handle::try_current()
            {
                let ran = counter.clone();
                handle.spawn(async move { ran.fetch_add(1, Ordering::SeqCst) });
            }
        };
        let [spawn, before, after, end] = std::array::from_fn(|_| {
            let spawn_one = spawn_one.clone();
            move |_: &TaskMeta<'_>| spawn_one()
        });
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .on_task_spawn(spawn)
            .on_before_task_poll(before)
            .on_after_task_poll(after)
            .on_task_terminate(end)
            .build()
            .unwrap();
        let _entered = runtime.enter();
        executor::block_on(runtime.spawn(async {})).unwrap();
        until("all that the hooks spawned has run", || ran.load(Ordering::SeqCst) == 50);
    });
}

#[test]
fn a_worker_that_a_park_hook_gives_work_does_not_park_on_it() {
    watchdog(|| {
        let ran = Latch::new();
        let (opener, once) = (ran.clone(), AtomicUsize::new(0));
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .on_thread_park(move || {
                if once.fetch_add(1, Ordering::SeqCst) == 0 {
                    let opener = opener.clone();
                    drop(fusee::spawn(async move { opener.open() }));
                }
            })
            .build()
            .unwrap();
        ran.wait();
        drop(runtime);
    });
}

#[test]
fn a_worker_held_by_its_park_hook_leaves_the_work_to_others() {
    watchdog(|| {
        let (release, held) = (Latch::new(), AtomicUsize::new(0));
        let (gate, parked) = (release.clone(), Latch::new());
        let arrived = parked.clone();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .on_thread_park(move || {
                // The second to park waits for the test: by then the first is asleep, or about to be.
                if held.fetch_add(1, Ordering::SeqCst) == 1 {
                    arrived.open();
                    gate.wait();
                }
            })
            .build()
            .unwrap();
        parked.wait();
        for n in 0..1000 {
            assert_eq!(executor::block_on(runtime.spawn(async move { n })).unwrap(), n);
        }
        release.open();
    });
}

#[test]
fn threads_start_and_stop_once_and_idle_in_turns() {
    watchdog(|| {
        let log = Log::default();
        let runtime = Builder::new_multi_thread()
            .worker_threads(3)
            .on_thread_start(log.thread_hook("start"))
            .on_thread_stop(log.thread_hook("stop"))
            .on_thread_park(log.thread_hook("park"))
            .on_thread_unpark(log.thread_hook("unpark"))
            .build()
            .unwrap();
        until("all workers idle", || log.count("park") >= 3);
        for _ in 0..100 {
            executor::block_on(runtime.spawn(async {})).unwrap();
        }
        drop(runtime);
        let (mut threads, mut workers): (HashMap<_, Vec<_>>, _) = (HashMap::new(), 0);
        for (what, _, thread) in log.0.lock().unwrap().iter() {
            threads.entry(*thread).or_default().push(*what);
        }
        assert_eq!(threads.len(), 4);
        for told in threads.values() {
            assert_eq!((told[0], told[told.len() - 1]), ("start", "stop"));
            let between = &told[1..told.len() - 1];
            if between.is_empty() {
                // The timer driver: no worker.
                continue;
            }
            workers += 1;
            assert!(between.len().is_multiple_of(2), "{between:?}");
            assert!(between.chunks(2).all(|pair| pair == ["park", "unpark"]), "{between:?}");
        }
        assert_eq!(workers, 3);
    });
}

#[test]
fn hooks_go_with_the_runtimes_that_a_builder_built() {
    watchdog(|| {
        let drops = Drops::new();
        let token = drops.token();
        let count = Arc::new(AtomicUsize::new(0));
        let counter = count.clone();
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).on_task_spawn(|_| panic!("a hook that was replaced"));
        builder.on_task_spawn(move |_| {
            let _held = &token;
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let (first, second) = (builder.build().unwrap(), builder.build().unwrap());
        drop(builder);
        executor::block_on(first.spawn(async {})).unwrap();
        executor::block_on(second.spawn(async {})).unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 2);
        drop(first);
        assert_eq!(drops.count(), 0);
        drop(second);
        until("the last runtime's hooks are dropped", || drops.count() == 1);
    });
}
