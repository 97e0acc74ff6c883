//! What a dump tells of a runtime's tasks, and who is told of stranded ones. `joins.rs`: who waits for whom; `local.rs`: tasks of local sets; `printed.rs`: a dump as text; `serial.rs`: a dump as data; `statistics.rs`: what is
//! counted on request; `wait_traces.rs`: where tasks wait; `watched.rs`: futures that are woken and not polled.

#[path = "insight/joins.rs"]
mod joins;
#[path = "insight/local.rs"]
mod local;
#[path = "insight/printed.rs"]
mod printed;
#[cfg(feature = "serde")]
#[path = "insight/serial.rs"]
mod serial;
#[path = "insight/statistics.rs"]
mod statistics;
mod support;
#[path = "insight/wait_traces.rs"]
mod wait_traces;
#[path = "insight/watched.rs"]
mod watched;

use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use fusee::insight::{Dump, TaskDump, TaskState, Wait};
use fusee::runtime::{Builder, Handle, Runtime};
use fusee::task::{Id, yield_now};
use fusee::time::{Instant, sleep, sleep_until};
use futures::channel::oneshot;
use support::{Latch, on_every_flavour, quiet_panic, until_within, watchdog, workers};

/// What the dump says of a task, once it has waited.
async fn of(id: Id) -> TaskDump {
    loop {
        if let Some(task) = Handle::current().dump().tasks().iter().find(|task| task.id() == id) {
            return task.clone();
        }
        yield_now().await;
    }
}

/// What the dump says of a task, once it waits.
async fn waiting(id: Id) -> TaskDump {
    loop {
        let task = of(id).await;
        if task.state() == TaskState::Waiting {
            return task;
        }
        yield_now().await;
    }
}

#[test]
fn a_task_is_told_by_name_place_and_what_it_waits_for() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let named = fusee::task::Builder::new().name("late").spawn(sleep(Duration::from_secs(3_600))).unwrap();
            let line = line!() - 1;
            let task = waiting(named.id()).await;
            assert_eq!(task.name(), Some("late"));
            let place = task.spawned_at().unwrap();
            assert_eq!((place.file(), place.line()), (file!(), line));
            let [Wait::Timer(left)] = task.waits() else { panic!("{task}") };
            assert!((Duration::from_secs(3_000)..=Duration::from_secs(3_600)).contains(left), "{left:?}");
            assert_eq!(task.wakers().unwrap_or(1), 1);
            assert!(!task.is_stranded());

            // A channel is none of the runtime's parts: there is a waker, and no more is known.
            let (sender, receiver) = oneshot::channel::<()>();
            let asks = fusee::spawn(receiver);
            let task = waiting(asks.id()).await;
            assert!(task.waits().is_empty() && !task.is_stranded() && task.name().is_none(), "{task}");
            sender.send(()).unwrap();
            asks.await.unwrap().unwrap();

            // Two waits at once.
            let both = fusee::spawn(async {
                let mut first = Box::pin(sleep(Duration::from_secs(1_000)));
                let mut second = Box::pin(sleep(Duration::from_secs(2_000)));
                poll_fn(|context| {
                    assert!(first.as_mut().poll(context).is_pending() && second.as_mut().poll(context).is_pending());
                    Poll::<()>::Pending
                })
                .await;
            });
            let task = waiting(both.id()).await;
            assert_eq!(task.waits().len(), 2, "{task}");
            assert_eq!(task.wakers().unwrap_or(2), 2);
            both.abort();
            assert!(both.await.unwrap_err().is_cancelled());
        });
    });
}

#[cfg(feature = "net")]
#[test]
fn a_task_that_waits_for_a_socket_is_told_by_its_source_and_direction() {
    use fusee::io::Interest;
    use fusee::net::{TcpListener, UdpSocket};

    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let accepts = fusee::spawn(async move { drop(listener.accept().await) });
            let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
            let reads = fusee::spawn({
                let socket = socket.clone();
                async move { drop(socket.recv(&mut [0; 8]).await) }
            });
            let ready = fusee::spawn(async move { drop(socket.ready(Interest::READABLE | Interest::ERROR).await) });
            let mut sources = HashSet::new();
            let (reads_it, with_errors) = (Interest::READABLE, Interest::READABLE | Interest::ERROR);
            for (task, asked) in [(&accepts, reads_it), (&reads, with_errors), (&ready, with_errors)] {
                let task = waiting(task.id()).await;
                let [Wait::Source(number, interest)] = task.waits() else { panic!("{task}") };
                assert_eq!(*interest, asked);
                sources.insert(*number);
            }
            assert_eq!(sources.len(), 2, "one of the sources is waited for twice");
        });
    });
}

#[cfg(feature = "test-util")]
#[test]
fn on_a_paused_clock_the_time_left_is_the_clocks() {
    watchdog(|| {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let late = fusee::spawn(sleep_until(start + Duration::from_secs(100)));
            sleep(Duration::from_secs(40)).await;
            let task = waiting(late.id()).await;
            assert_eq!(task.waits(), [Wait::Timer(Duration::from_secs(60))]);
            late.await.unwrap();
            assert!(Handle::current().dump().tasks().is_empty());
        });
    });
}

#[test]
fn a_worker_that_is_stuck_keeps_no_dump_waiting() {
    watchdog(|| {
        let runtime = workers(1);
        let (started, is_started) = channel();
        let (release, released) = channel::<()>();
        let stuck = runtime.spawn(async move {
            yield_now().await;
            started.send(()).unwrap();
            released.recv().unwrap();
        });
        is_started.recv().unwrap();
        let behind = runtime.spawn(async {});
        let dump = runtime.handle().dump();
        let [task] = dump.tasks() else { panic!("{dump}") };
        assert_eq!((task.id(), task.state(), task.is_stranded()), (stuck.id(), TaskState::Running, false));
        assert_eq!(dump.others(), 1, "one waits for its first poll");
        assert!(dump.to_string().contains("running"), "{dump}");
        release.send(()).unwrap();
        runtime.block_on(async { (stuck.await.unwrap(), behind.await.unwrap()) });
    });
}

#[test]
fn how_long_ago_a_task_was_polled_is_told() {
    watchdog(|| {
        let runtime = workers(2);
        runtime.block_on(async {
            let (_sender, receiver) = oneshot::channel::<()>();
            let idle = fusee::spawn(receiver);
            waiting(idle.id()).await;
            // The machine's time passes while others are polled.
            let begun = std::time::Instant::now();
            while begun.elapsed() < Duration::from_millis(50) {
                yield_now().await;
            }
            let task = of(idle.id()).await;
            assert!(task.polled() >= Duration::from_millis(45) && task.polled() < Duration::from_secs(100), "{task}");
            // The oldest comes first.
            let young = fusee::spawn(pending::<()>());
            waiting(young.id()).await;
            let dump = Handle::current().dump();
            assert_eq!(dump.tasks().iter().map(TaskDump::id).collect::<Vec<_>>(), [idle.id(), young.id()]);
        });
    });
}

/// Tasks that stay are all found, once each, while others come and go; so are those of many steps.
#[test]
fn a_dump_beside_tasks_that_come_and_go_misses_none_that_stays() {
    watchdog(|| {
        let runtime = workers(4);
        let stay: Vec<_> = (0..2_000).map(|_| runtime.spawn(pending::<()>())).collect();
        let stay: HashSet<_> = stay.iter().map(|task| task.id()).collect();
        let ends = Arc::new(AtomicBool::new(false));
        let churn: Vec<_> = (0..4)
            .map(|_| {
                let ends = ends.clone();
                runtime.spawn(async move {
                    while !ends.load(Ordering::Relaxed) {
                        let brood: Vec<_> = (0..100).map(|_| fusee::spawn(yield_now())).collect();
                        for task in brood {
                            task.await.unwrap();
                        }
                    }
                })
            })
            .collect();
        let has_all = |dump: &Dump| dump.tasks().iter().filter(|task| stay.contains(&task.id())).count() == stay.len();
        // All of them: those that come and go are in it as well.
        while !has_all(&runtime.handle().dump()) {
            thread::yield_now();
        }
        let dumps = || {
            for _ in 0..50 {
                let dump = runtime.handle().dump();
                let ids: HashSet<_> = dump.tasks().iter().map(TaskDump::id).collect();
                assert!(stay.is_subset(&ids), "{} of {} are missing", stay.difference(&ids).count(), stay.len());
                assert_eq!(ids.len(), dump.tasks().len(), "no task is told of twice");
            }
        };
        thread::scope(|scope| {
            // Two at a time, which wait for each other.
            let other = scope.spawn(dumps);
            dumps();
            other.join().unwrap();
        });
        ends.store(true, Ordering::Relaxed);
        runtime.block_on(async {
            for task in churn {
                task.await.unwrap();
            }
        });
        assert!(has_all(&runtime.handle().dump()));
    });
}

#[test]
fn after_the_end_there_is_nothing_to_tell() {
    watchdog(|| {
        let runtime = workers(2);
        let handle = runtime.handle().clone();
        runtime.block_on(async { waiting(fusee::spawn(pending::<()>()).id()).await });
        drop(runtime);
        let dump = handle.dump();
        assert!(dump.tasks().is_empty() && dump.others() == 0, "{dump}");
    });
}

/// A runtime that counts the tasks that it is told to be stranded.
fn told(workers: usize) -> (Runtime, Arc<Mutex<Vec<Id>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = told.clone();
    let mut builder = Builder::new_multi_thread();
    let builder = builder.worker_threads(workers).on_task_stranded(move |task| list.lock().unwrap().push(task.id()));
    (builder.build().unwrap(), told)
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_task_that_leaves_no_waker_is_told_of_once_and_marked_in_the_dump() {
    watchdog(|| {
        for count in [1, 2, 4] {
            let (runtime, told) = told(count);
            let stranded = runtime.spawn(pending::<()>());
            let sleeps = runtime.spawn(async { sleep(Duration::from_secs(3_600)).await });
            until_within(&runtime, "the task is told of", || !told.lock().unwrap().is_empty());
            runtime.block_on(async {
                assert!(waiting(stranded.id()).await.is_stranded());
                assert!(!waiting(sleeps.id()).await.is_stranded());
            });
            let dump = runtime.handle().dump();
            assert_eq!(dump.stranded().map(TaskDump::id).collect::<Vec<_>>(), [stranded.id()]);
            assert!(
                dump.to_string().contains("STRANDED") && dump.to_string().contains("; 1 can never run again"),
                "{dump}"
            );
            stranded.abort();
            assert!(runtime.block_on(stranded).unwrap_err().is_cancelled());
            drop(runtime);
            assert_eq!(told.lock().unwrap().len(), 1, "nothing is told of the end");
        }
    });
}

#[cfg(target_pointer_width = "64")]
#[test]
fn who_drops_the_last_waker_tells_of_it() {
    watchdog(|| {
        let (runtime, told) = told(2);
        let (give, given) = channel();
        let task = runtime.spawn(poll_fn(move |context| {
            give.send([context.waker().clone(), context.waker().clone()]).unwrap();
            Poll::<()>::Pending
        }));
        let [first, second] = given.recv().unwrap();
        runtime.block_on(waiting(task.id()));
        drop(first);
        assert!(told.lock().unwrap().is_empty(), "the second is there");
        thread::spawn(move || drop(second)).join().unwrap();
        assert_eq!(*told.lock().unwrap(), [task.id()], "told by the time that the drop returns");
        task.abort();
    });
}

#[test]
fn nobody_is_told_of_tasks_that_come_to_their_ends() {
    watchdog(|| {
        let (runtime, told) = told(4);
        runtime.block_on(async {
            for _ in 0..200 {
                let (sender, receiver) = oneshot::channel::<u32>();
                let reads = fusee::spawn(receiver);
                let chain = fusee::spawn(async move { reads.await.unwrap().unwrap() });
                let naps = fusee::spawn(sleep(Duration::from_micros(50)));
                let job = fusee::task::spawn_blocking(|| 1);
                yield_now().await;
                sender.send(job.await.unwrap()).unwrap();
                assert_eq!(chain.await.unwrap(), 1);
                naps.await.unwrap();
                let aborted = fusee::spawn(sleep(Duration::from_secs(60)));
                aborted.abort();
                assert!(aborted.await.unwrap_err().is_cancelled());
            }
        });
        drop(runtime);
        assert!(told.lock().unwrap().is_empty());
    });
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_hook_that_panics_or_asks_for_a_dump_does_no_harm() {
    watchdog(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let (count, latch) = (calls.clone(), Latch::new());
        let opens = latch.clone();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .on_task_stranded(move |_| {
                let dump = Handle::current().dump();
                assert!(dump.stranded().count() >= 1, "{dump}");
                count.fetch_add(1, Ordering::Relaxed);
                opens.open();
                quiet_panic("by the hook");
            })
            .build()
            .unwrap();
        let tasks = [(); 2].map(|()| runtime.spawn(pending::<()>()));
        latch.wait();
        until_within(&runtime, "both tasks are told of", || calls.load(Ordering::Relaxed) == 2);
        assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
        tasks.iter().for_each(|task| task.abort());
    });
}
