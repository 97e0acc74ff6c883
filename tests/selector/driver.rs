//! What the timer driver does for sources, and leaves to others.

use super::*;

#[test]
#[cfg(unix)]
fn the_driver_leaves_events_to_a_worker_that_goes_on_from_poll_to_poll() {
    const EXCHANGES: usize = 4_000;
    watchdog(|| {
        let runtime = workers(1);
        let (end, blocked) = block_a_worker(&runtime);
        // The driver waits for events, for the only worker does not.
        runtime.block_on(ask_foreign_server());
        let (_, ended, hog) = hog(&runtime);
        let exchange = runtime.spawn(exchange(EXCHANGES));
        let (wakes, start) = (runtime.metrics().driver_wake_count(), std::time::Instant::now());
        end.open();
        runtime.block_on(exchange).unwrap();
        let wakes = runtime.metrics().driver_wake_count() - wakes;
        ended.store(true, Ordering::Relaxed);
        runtime.block_on(hog).unwrap();
        runtime.block_on(blocked).unwrap();
        // The driver's watch looks once in a millisecond.
        let most = EXCHANGES as u64 / 4 + 2 * start.elapsed().as_millis() as u64;
        assert!(wakes <= most, "the driver woke {wakes} times, for {EXCHANGES} exchanges; at most {most}");
    });
}

#[test]
fn a_thread_beside_a_root_future_that_blocks_is_answered() {
    watchdog(|| {
        let runtime = current_thread();
        let metrics = runtime.metrics();
        let (handle, polled) = (runtime.handle().clone(), Latch::new());
        let (going, tell) = (Latch::new(), polled.clone());
        let wait = going.clone();
        let outsider = thread::spawn(move || {
            handle.block_on(ask_foreign_server());
            tell.open();
            wait.wait();
            handle.block_on(ask_foreign_server());
        });
        runtime.block_on(async move {
            polled.wait();
            // The driver leaves the selector to the worker.
            ask_foreign_server().await;
            let (wake, woken) = futures::channel::oneshot::channel();
            let before = metrics.worker_park_count(0);
            let waking = thread::spawn(move || {
                until("the worker parks", || metrics.worker_park_count(0) > before);
                wake.send(()).unwrap();
            });
            woken.await.unwrap();
            // Woken in its sleep, the worker has not looked for a task yet.
            going.open();
            outsider.join().unwrap();
            waking.join().unwrap();
        });
    });
}

#[test]
#[cfg(unix)]
fn a_root_future_that_blocks_holds_up_no_event_that_came_as_it_was_woken() {
    watchdog(|| {
        let runtime = current_thread();
        let (mut far, near) = std::os::unix::net::UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let (handle, read) = (runtime.handle().clone(), Arc::new(AtomicU64::new(0)));
        let reads = read.clone();
        let outsider = thread::spawn(move || {
            handle.block_on(async move {
                let mut near = fusee::net::UnixStream::from_std(near).unwrap();
                while near.read(&mut [0]).await.unwrap() == 1 {
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            });
        });
        for round in 1..=ROUNDS as u64 {
            let (wake, woken) = futures::channel::oneshot::channel();
            let (metrics, before) = (runtime.metrics(), runtime.metrics().worker_park_count(0));
            let waking = thread::spawn(move || {
                until("the worker parks", || metrics.worker_park_count(0) > before);
                far.write_all(&[1]).unwrap();
                wake.send(()).unwrap();
                far
            });
            runtime.block_on(async {
                woken.await.unwrap();
                until("the byte is read", || read.load(Ordering::SeqCst) == round);
            });
            far = waking.join().unwrap();
        }
        drop(far);
        outsider.join().unwrap();
    });
}

#[test]
fn the_driver_rests_while_tasks_wait_that_no_thread_can_run() {
    watchdog(|| {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        thread::spawn(move || handle.block_on(ask_foreign_server())).join().unwrap();
        // The worker leaves the selector, which calls the watch, and then tasks in its queue.
        runtime.block_on(async {
            ask_foreign_server().await;
            (0..3).for_each(|_| drop(fusee::spawn(yield_now())));
        });
        let metrics = runtime.metrics();
        let mut wakes = metrics.driver_wake_count();
        until("the driver rests", || {
            // tidy: real time, because only time shows that nobody wakes.
            thread::sleep(Duration::from_millis(20));
            std::mem::replace(&mut wakes, metrics.driver_wake_count()) == metrics.driver_wake_count()
        });
    });
}
