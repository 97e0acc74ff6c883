//! Who is told of polls that take too long, and of what.

mod support;

use std::future::poll_fn;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::thread;
use std::time::{Duration, Instant};

use fusee::insight::{Activity, Alarm, Recorder, Watchdog};
use fusee::runtime::{Builder, Handle, Runtime};
use fusee::task::{Id, block_in_place, yield_now};
use fusee::time::sleep;
use support::{Latch, quiet_panic, watchdog};

const LIMIT: Duration = Duration::from_millis(30);

/// Longer than a busy machine keeps a thread from its CPU.
const GENEROUS: Duration = Duration::from_millis(100);

/// A watchdog with that limit, and what it tells.
fn told(limit: Duration) -> (Watchdog, Receiver<Alarm>) {
    let (tell, told) = channel();
    (Watchdog::new(limit).on_alarm(move |alarm| drop(tell.send(alarm.clone()))), told)
}

fn workers(count: usize, limit: Duration) -> (Runtime, Receiver<Alarm>) {
    let (watchdog, told) = told(limit);
    (Builder::new_multi_thread().worker_threads(count).watchdog(watchdog).build().unwrap(), told)
}

fn current_thread(limit: Duration) -> (Runtime, Receiver<Alarm>) {
    let (watchdog, told) = told(limit);
    (Builder::new_current_thread().watchdog(watchdog).build().unwrap(), told)
}

/// Computes until `ends`.
fn compute(ends: &AtomicBool) {
    while !ends.load(Ordering::Relaxed) {
        std::hint::black_box((0..1_000_u64).fold(1_u64, |product, n| product.wrapping_mul(31).wrapping_add(n)));
    }
}

#[test]
fn a_blocked_poll_is_told_of_while_it_blocks_and_once_more_when_it_has_ended() {
    watchdog(|| {
        let (runtime, told) = workers(2, LIMIT);
        let lock = Arc::new(Mutex::new(()));
        let held = lock.lock().unwrap();
        let waits = lock.clone();
        let named = fusee::task::Builder::new().name("reindex");
        let task = named.spawn_on(async move { drop(waits.lock().unwrap()) }, runtime.handle()).unwrap();
        let line = line!() - 1;
        let alarm = told.recv().unwrap();
        assert!(!alarm.has_ended() && alarm.lasted() >= LIMIT);
        assert_eq!((alarm.task(), alarm.name()), (Some(task.id()), Some("reindex")));
        let place = alarm.spawned_at().unwrap();
        assert_eq!((place.file(), place.line()), (file!(), line));
        if cfg!(target_os = "linux") {
            let text = alarm.to_string();
            assert!(matches!(alarm.activity(), Activity::Blocked { .. }), "{text}");
            assert!(cfg!(not(target_arch = "x86_64")) || text.contains("it waits in futex"), "{text}");
        }
        // It was told once.
        assert!(told.recv_timeout(3 * LIMIT).is_err());
        drop(held);
        runtime.block_on(task).unwrap();
        let end = told.recv().unwrap();
        assert!(end.has_ended() && end.lasted() > alarm.lasted());
        assert_eq!((end.task(), end.worker(), end.activity()), (alarm.task(), alarm.worker(), Activity::Unknown));
        assert!(told.try_recv().is_err());
    });
}

#[test]
fn an_honest_computation_is_told_apart() {
    watchdog(|| {
        let (runtime, told) = workers(1, LIMIT);
        let ends = Arc::new(AtomicBool::new(false));
        let until = ends.clone();
        let task = runtime.spawn(async move { compute(&until) });
        let alarm = told.recv().unwrap();
        ends.store(true, Ordering::Relaxed);
        runtime.block_on(task).unwrap();
        if cfg!(target_os = "linux") {
            // On a busy machine it may have had no CPU.
            assert!(matches!(alarm.activity(), Activity::Computing | Activity::Starved), "{alarm}");
        }
        assert!(alarm.name().is_none() && alarm.spawned_at().is_some());
    });
}

#[test]
fn the_future_of_block_on_is_told_of_where_its_thread_is_a_worker() {
    watchdog(|| {
        let (runtime, told) = current_thread(LIMIT);
        let alarm = runtime.block_on(async { told.recv().unwrap() });
        assert!(alarm.task().is_none() && alarm.to_string().contains("the future of block_on"), "{alarm}");
        assert!(told.recv().unwrap().has_ended());
    });
}

#[test]
fn a_waker_that_blocks_is_told_of() {
    struct Blocks(Latch);
    impl Wake for Blocks {
        fn wake(self: Arc<Self>) {
            self.0.wait();
        }
    }
    watchdog(|| {
        let (runtime, told) = workers(1, LIMIT);
        let latch = Latch::new();
        let waker = Arc::new(Blocks(latch.clone())).into();
        let task = runtime.spawn(async move {
            let mut sleep = Box::pin(sleep(Duration::from_millis(1)));
            assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            // It lives until the waker has been woken.
            poll_fn(|_| Poll::<()>::Pending).await;
            drop(sleep);
        });
        let alarm = told.recv().unwrap();
        latch.open();
        assert!(alarm.task().is_none() && alarm.to_string().contains("a waker"), "{alarm}");
        task.abort();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn nothing_is_told_of_quick_polls_of_sleep_of_blocking_jobs_nor_of_what_gave_its_worker_away() {
    watchdog(|| {
        for (runtime, told) in [workers(2, GENEROUS), workers(1, GENEROUS), current_thread(GENEROUS)] {
            let start = Instant::now();
            runtime.block_on(async {
                let begun = Instant::now();
                // The root future, again and again, without a task.
                while begun.elapsed() < 2 * GENEROUS {
                    yield_now().await;
                }
                // Tasks.
                let quick = fusee::spawn(async move {
                    while begun.elapsed() < 4 * GENEROUS {
                        yield_now().await;
                    }
                });
                quick.await.unwrap();
                // Nothing.
                sleep(3 * GENEROUS).await;
                // tidy: real time, because the watchdog goes by the machine's clock.
                fusee::task::spawn_blocking(|| thread::sleep(3 * GENEROUS)).await.unwrap();
                if Handle::current().runtime_flavor() == fusee::runtime::RuntimeFlavor::MultiThread {
                    // tidy: real time, because the machine's clock is gone by.
                    fusee::spawn(async { block_in_place(|| thread::sleep(3 * GENEROUS)) }).await.unwrap();
                }
            });
            drop(runtime);
            // A machine that gives no CPU for that long is told of, and rightly.
            let is_false = |alarm: &Alarm| !alarm.has_ended() && alarm.activity() != Activity::Starved;
            let alarms: Vec<_> = told.try_iter().filter(is_false).map(|alarm| alarm.to_string()).collect();
            assert!(alarms.is_empty(), "{alarms:?} in {:?}", start.elapsed());
        }
    });
}

#[test]
fn all_workers_are_watched() {
    watchdog(|| {
        let (runtime, told) = workers(2, LIMIT);
        let latch = Latch::new();
        let tasks = [(); 2].map(|()| {
            let latch = latch.clone();
            runtime.spawn(async move { latch.wait() })
        });
        let mut stuck = [told.recv().unwrap(), told.recv().unwrap()].map(|alarm| alarm.worker());
        stuck.sort_unstable();
        assert_eq!(stuck, [0, 1]);
        latch.open();
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    });
}

#[test]
fn what_blocks_a_shutdown_is_told_of() {
    watchdog(|| {
        let (runtime, told) = workers(1, LIMIT);
        let (latch, begun) = (Latch::new(), Latch::new());
        let (waits, begins) = (latch.clone(), begun.clone());
        drop(runtime.spawn(async move {
            begins.open();
            waits.wait();
        }));
        begun.wait();
        let opener = thread::spawn(move || {
            let alarm = told.recv().unwrap();
            latch.open();
            alarm
        });
        drop(runtime);
        assert!(opener.join().unwrap().task().is_some());
    });
}

#[test]
fn a_hook_that_panics_is_called_again_and_one_that_dumps_gets_its_dump() {
    watchdog(|| {
        let (tell, told) = channel();
        let hook = move |alarm: &Alarm| {
            let dump = Handle::current().dump().to_string();
            let _ = tell.send((alarm.has_ended(), dump));
            quiet_panic("on purpose");
        };
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).watchdog(Watchdog::new(LIMIT).on_alarm(hook)).build().unwrap();
        let latch = Latch::new();
        let waits = latch.clone();
        let task = runtime.spawn(async move {
            // It is in the dump once it has been pending.
            yield_now().await;
            waits.wait();
        });
        let (has_ended, dump) = told.recv().unwrap();
        assert!(!has_ended && dump.contains("running"), "{dump}");
        latch.open();
        runtime.block_on(task).unwrap();
        assert!(told.recv().unwrap().0);
    });
}

/// A hook for parking, or for unparking, that blocks once a task has ended: the alarms that there are.
fn blocks_in_hook(mut builder: Builder, parks: bool) -> Vec<Alarm> {
    let (settings, told) = told(LIMIT);
    let (is_armed, latch) = (Arc::new(AtomicBool::new(false)), Latch::new());
    let hook = {
        let (is_armed, latch) = (is_armed.clone(), latch.clone());
        move || {
            if is_armed.swap(false, Ordering::Relaxed) {
                latch.wait();
            }
        }
    };
    let _ = if parks { builder.on_thread_park(hook) } else { builder.on_thread_unpark(hook) };
    let runtime = builder.watchdog(settings).build().unwrap();
    // It has a copy of what tells.
    drop(builder);
    let is_told = Arc::new(AtomicBool::new(false));
    let tells = is_told.clone();
    let hears = thread::spawn(move || {
        let alarm = told.recv().unwrap();
        latch.open();
        let end = told.recv().unwrap();
        tells.store(true, Ordering::Relaxed);
        [alarm, end].into_iter().chain(told).collect()
    });
    runtime.block_on(async {
        fusee::spawn(async move { is_armed.store(true, Ordering::Relaxed) }).await.unwrap();
        // Until the worker has slept and woken.
        while !is_told.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(1)).await;
            fusee::spawn(async {}).await.unwrap();
        }
    });
    drop(runtime);
    hears.join().unwrap()
}

#[test]
fn a_hook_that_blocks_is_told_of_and_no_task_is_blamed() {
    watchdog(|| {
        for parks in [true, false] {
            let mut workers = Builder::new_multi_thread();
            workers.worker_threads(1);
            for builder in [workers, Builder::new_current_thread()] {
                let alarms = blocks_in_hook(builder, parks);
                assert!(alarms.iter().all(|alarm| alarm.task().is_none()), "{alarms:?}");
                let [alarm, end] = &alarms[..] else { panic!("{alarms:?}") };
                assert!(alarm.to_string().contains("in one hook for"), "{alarm}");
                assert!(!alarm.has_ended() && end.has_ended());
            }
        }
    });
}

#[test]
fn a_limit_that_is_too_short_or_too_long_is_refused() {
    for limit in [Duration::ZERO, Duration::from_micros(999), Duration::from_secs(86_401), Duration::MAX] {
        let error = Builder::new_multi_thread().watchdog(Watchdog::new(limit)).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("watchdog"), "{error}");
    }
}

/// Blocks for a while, if it is to.
async fn blocks(does: bool) {
    if does {
        // tidy: real time, because the watchdog goes by the machine's clock.
        thread::sleep(3 * LIMIT);
    }
}

#[test]
fn while_recording_is_paused_the_poll_is_told_without_its_task() {
    watchdog(|| {
        let (settings, told) = told(LIMIT);
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).recorder(Recorder::new().paused()).watchdog(settings).build().unwrap();
        runtime.block_on(runtime.spawn(blocks(true))).unwrap();
        let alarm = told.recv().unwrap();
        assert!(alarm.task().is_none() && alarm.to_string().contains("not recorded"), "{alarm}");
        assert!(told.recv().unwrap().has_ended());

        // What ran before the pause is not blamed.
        runtime.handle().resume_recording();
        let innocent = runtime.handle().clone();
        runtime
            .block_on(runtime.spawn(async move {
                while innocent.recording().unwrap().tracks()[0].events().is_empty() {
                    yield_now().await;
                }
                innocent.pause_recording();
            }))
            .unwrap();
        runtime.block_on(runtime.spawn(blocks(true))).unwrap();
        let alarm = told.recv().unwrap();
        assert!(alarm.task().is_none(), "{alarm}");
    });
}

#[test]
fn a_poll_that_has_done_thousands_of_things_before_it_blocks_is_told_of() {
    watchdog(|| {
        let (runtime, told) = workers(1, LIMIT);
        let task = runtime.spawn(async {
            (0..10_000).for_each(|_| drop(fusee::spawn(async {})));
            blocks(true).await;
        });
        let alarm = told.recv().unwrap();
        assert!(!alarm.has_ended() && alarm.task().is_none_or(|told| told == task.id()), "{alarm}");
        runtime.block_on(task).unwrap();
        assert!(told.recv().unwrap().has_ended());
        assert!(told.try_recv().is_err());
    });
}

#[test]
fn a_task_at_the_address_of_one_that_had_a_name_has_none() {
    /// As large as it is made to be; blocks if it is the task `named`.
    async fn sized<const SIZE: usize>(named: Id) -> bool {
        let room = [1_u8; SIZE];
        let is_reused = fusee::task::id() == named;
        // It is no new task when it blocks.
        yield_now().await;
        blocks(is_reused).await;
        std::hint::black_box(room);
        is_reused
    }
    watchdog(|| {
        let (runtime, told) = workers(1, LIMIT);
        let mut reused = 0;
        let mut try_size = |sized: fn(Id) -> fusee::task::JoinHandle<bool>| {
            let handle = runtime.spawn(async move {
                let named = fusee::task::Builder::new().name("innocent").spawn(blocks(false)).unwrap();
                let id = named.id();
                named.await.unwrap();
                sized(id).await.unwrap()
            });
            reused += usize::from(runtime.block_on(handle).unwrap());
        };
        try_size(|id| fusee::spawn(sized::<1>(id)));
        try_size(|id| fusee::spawn(sized::<16>(id)));
        try_size(|id| fusee::spawn(sized::<32>(id)));
        try_size(|id| fusee::spawn(sized::<48>(id)));
        try_size(|id| fusee::spawn(sized::<64>(id)));
        drop(runtime);
        let alarms: Vec<_> = told.iter().collect();
        assert!(alarms.iter().all(|alarm| alarm.name().is_none()), "{alarms:?}");
        // glibc's allocator gives one of them the place of the other.
        assert!(cfg!(not(all(target_os = "linux", target_env = "gnu"))) || reused > 0);
    });
}
