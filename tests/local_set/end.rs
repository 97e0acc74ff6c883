//! The end of a set: its futures are dropped once, on its thread, whatever they do then and whatever other threads do.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::thread;

use fusee::task::{AbortHandle, JoinHandle, LocalSet, spawn_local, yield_now};
use fusee::time::{Duration, sleep};
use futures::channel::oneshot;
use futures::executor;

use crate::stays::{Slot, Stays, wake};
use crate::support::{Drops, Random, on_1_2_and_4_workers, on_drop, poll_once, quiet_panic, until, watchdog, workers};

#[test]
fn a_dropped_set_drops_every_future_once_on_its_thread() {
    on_1_2_and_4_workers(|runtime| {
        let (local, drops) = (LocalSet::new(), Drops::new());
        let shared = Rc::new(());
        let mut slots = Vec::new();
        let mut spawn = || {
            let (stays, shared) = (Stays::new(usize::MAX, &drops), shared.clone());
            slots.push(stays.waker.clone());
            local.spawn_local(async move {
                let _shared = shared;
                stays.await
            })
        };
        let mut tasks: Vec<_> = (0..10).map(|_| spawn()).collect();
        local.block_on(&runtime, yield_now());
        // Ten never polled, some woken here, some woken and aborted elsewhere.
        tasks.extend((0..10).map(|_| spawn()));
        wake(&slots[0]);
        let (elsewhere, abort) = (slots.clone(), tasks[1].abort_handle());
        thread::spawn(move || {
            wake(&elsewhere[2]);
            abort.abort();
        })
        .join()
        .unwrap();
        assert_eq!(drops.count(), 0);
        drop(local);
        assert_eq!(drops.count(), 20);
        assert_eq!(Rc::strong_count(&shared), 1);
        for task in tasks {
            assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        }
        // What is left of the tasks may be woken for ever, here and elsewhere.
        slots.iter().for_each(|slot| wake(slot));
        thread::spawn(move || slots.iter().for_each(|slot| wake(slot))).join().unwrap();
        assert_eq!(drops.count(), 20);
    });
}

/// What is dropped with a set wakes, aborts, spawns, awaits and panics.
#[test]
fn drops_at_the_sets_end_may_do_what_they_like() {
    watchdog(|| {
        let (local, drops) = (LocalSet::new(), Drops::new());
        let aborts: Rc<RefCell<Vec<AbortHandle>>> = Rc::default();
        let slots: Rc<RefCell<Vec<Slot>>> = Rc::default();
        let refused: Rc<RefCell<Vec<JoinHandle<Rc<()>>>>> = Rc::default();
        for n in 0..30 {
            let (all, wakers, handles, drops_in) = (aborts.clone(), slots.clone(), refused.clone(), drops.clone());
            let stays = Stays::new(usize::MAX, &drops);
            slots.borrow_mut().push(stays.waker.clone());
            let task = local.spawn_local(async move {
                let _held = on_drop(move || {
                    wakers.borrow().iter().for_each(|slot| wake(slot));
                    all.borrow()[(n * 7 + 1) % 30].abort();
                    let token = drops_in.token();
                    let mut task = spawn_local(async move {
                        let _token = token;
                        Rc::new(())
                    });
                    assert!(
                        matches!(poll_once(&mut task, Waker::noop()), Poll::Ready(Err(_))),
                        "it is refused at once"
                    );
                    let slot = wakers.borrow()[n].clone();
                    handles.borrow_mut().push(spawn_local(async { unreachable!("it is never polled") }));
                    thread::spawn(move || wake(&slot)).join().unwrap();
                    if n % 5 == 0 {
                        quiet_panic("a drop");
                    }
                });
                stays.await
            });
            aborts.borrow_mut().push(task.abort_handle());
        }
        executor::block_on(local.run_until(yield_now()));
        drop(local);
        assert_eq!(drops.count(), 60);
        assert_eq!(refused.borrow().len(), 30, "each drop was inside the set, and came to its end");
        assert!(refused.borrow().iter().all(JoinHandle::is_finished));
        assert!(aborts.borrow().iter().all(AbortHandle::is_finished));
    });
}

#[test]
fn wakes_and_aborts_race_the_sets_end() {
    on_1_2_and_4_workers(|runtime| {
        let drops = Drops::new();
        for round in 1..=200 {
            let local = LocalSet::new();
            let stays = Stays::new(usize::MAX, &drops);
            let slot = stays.waker.clone();
            let task = local.spawn_local(stays);
            local.block_on(&runtime, yield_now());
            let (abort, mut random) = (task.abort_handle(), Random::new(round));
            let meddles = thread::spawn(move || {
                random.jitter(12);
                wake(&slot);
                abort.abort();
                wake(&slot);
                drop(abort);
            });
            drop(local);
            assert!(task.is_finished());
            assert_eq!(drops.count() as u64, round);
            drop(task);
            meddles.join().unwrap();
        }
    });
}

/// Each thread keeps a set in a thread-local, which is dropped while the thread ends: before or after our own thread-locals, as the
/// order of their first use has it.
#[test]
fn a_set_in_a_thread_local_ends_with_its_thread() {
    thread_local! {
        static LOCAL: RefCell<Option<LocalSet>> = const { RefCell::new(None) };
    }
    on_1_2_and_4_workers(|runtime| {
        for set_first in [true, false] {
            let (drops, spawned) = (Drops::new(), Arc::new(AtomicUsize::new(0)));
            let (tokens, counts, handle) = (drops.clone(), spawned.clone(), runtime.handle().clone());
            let ends = thread::spawn(move || {
                if set_first {
                    LOCAL.set(None);
                }
                let local = LocalSet::new();
                for _ in 0..3 {
                    let (stays, counts) = (Stays::new(usize::MAX, &tokens), counts.clone());
                    let slot = stays.waker.clone();
                    drop(local.spawn_local(async move {
                        let _held = on_drop(move || {
                            wake(&slot);
                            counts.fetch_add(1, Ordering::SeqCst);
                            // Refused by the closed set; a panic, which stays in the task, if the thread has lost its current set.
                            drop(spawn_local(async {}));
                        });
                        stays.await;
                    }));
                }
                handle.block_on(local.run_until(yield_now()));
                LOCAL.set(Some(local));
            });
            ends.join().unwrap();
            until("the thread's locals have gone", || drops.count() == 3);
            assert_eq!(spawned.load(Ordering::SeqCst), 3);
        }
    });
}

#[test]
fn a_set_outlives_its_runtime() {
    on_1_2_and_4_workers(|runtime| {
        let (local, drops) = (LocalSet::new(), Drops::new());
        let token = drops.token();
        let sleeps = local.spawn_local(async move {
            let _token = token;
            sleep(Duration::from_secs(3600)).await;
        });
        let (go, wait) = oneshot::channel();
        let waits = local.spawn_local(wait);
        local.block_on(&runtime, yield_now());
        drop(runtime);
        // On another runtime its tasks go on, but a timer of the first one's panics.
        let other = workers(1);
        go.send(Cell::new(42)).unwrap();
        assert_eq!(local.block_on(&other, waits).unwrap().unwrap().get(), 42);
        assert!(local.block_on(&other, sleeps).unwrap_err().is_panic());
        drop(local);
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn a_set_that_is_never_dropped_is_harmless() {
    /// Where it stays in reach, for those who look for leaks.
    static KEPT: AtomicPtr<LocalSet> = AtomicPtr::new(ptr::null_mut());
    watchdog(|| {
        let drops = Drops::new();
        let token = drops.token();
        let (slot, tells) = (Slot::default(), drops.clone());
        let keep = slot.clone();
        let abort = thread::spawn(move || {
            let local = LocalSet::new();
            let task = local.spawn_local(poll_fn(move |context| -> Poll<Rc<()>> {
                let _token = &token;
                *keep.lock().unwrap() = Some(context.waker().clone());
                Poll::Pending
            }));
            executor::block_on(local.run_until(yield_now()));
            KEPT.store(Box::into_raw(Box::new(local)), Ordering::SeqCst);
            task.abort_handle()
        })
        .join()
        .unwrap();
        wake(&slot);
        abort.abort();
        assert!(!abort.is_finished(), "nobody runs it any more");
        assert_eq!(tells.count(), 0);
    });
}

#[test]
fn a_set_in_a_task_of_another_ends_with_it() {
    watchdog(|| {
        let (runtime, drops) = (workers(1), Drops::new());
        let outer = LocalSet::new();
        let stays = Stays::new(usize::MAX, &drops);
        drop(outer.spawn_local(async move {
            let inner = LocalSet::new();
            drop(inner.spawn_local(stays));
            inner.run_until(pending::<()>()).await;
        }));
        outer.block_on(&runtime, yield_now());
        assert_eq!(drops.count(), 0);
        drop(outer);
        assert_eq!(drops.count(), 1);
    });
}
