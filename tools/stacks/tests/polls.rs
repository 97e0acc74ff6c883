//! Alarms, and the polls that they tell of: some have ended by the time of the report, some are many at once, some are
//! deep.
//!
//! What frees a poll is dropped before its runtime, which waits for it: a test that fails ends.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "support/calls.rs"]
mod calls;
#[path = "support/report.rs"]
mod reports;

use std::hint::black_box;
use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use calls::calls;
use fusee::insight::{Alarm, Watchdog};
use fusee::net::TcpListener;
use fusee::runtime::Builder;
use fusee_stacks::{Error, Report, Stacks};
use futures::channel::oneshot;
use futures::future::select;
use reports::report;

/// A watchdog that sends what `look` makes of each poll that goes on.
fn watchdog<T: Send + 'static>(tell: Sender<T>, look: impl Fn(&Alarm) -> T + Send + Sync + 'static) -> Watchdog {
    Watchdog::new(Duration::from_millis(50)).on_alarm(move |alarm| {
        if !alarm.has_ended() {
            drop(tell.send(look(alarm)));
        }
    })
}

fn told<T>(told: &Receiver<T>) -> T {
    told.recv_timeout(Duration::from_secs(60)).unwrap()
}

/// Blocks until a message comes.
#[inline(never)]
fn blocks(messages: &Receiver<()>) {
    messages.recv().unwrap();
    black_box(());
}

#[inline(never)]
fn locks(mutex: &Mutex<()>) {
    drop(mutex.lock().unwrap());
    black_box(());
}

/// Reports until the poll is known to have ended, for its thread comes to rest when it likes.
fn is_found_to_have_ended(stacks: &Stacks, alarm: &Alarm) {
    let begun = Instant::now();
    loop {
        let report = stacks.report(alarm);
        match report.stack() {
            Err(Error::PollEnded) => {
                let text = report.to_string();
                return assert!(text.ends_with("\n  no stack: the poll has ended"), "{text}");
            }
            _ => assert!(begun.elapsed() < Duration::from_secs(60), "{report:#}"),
        }
    }
}

#[test]
fn a_worker_that_has_nothing_to_do_has_ended_its_poll() {
    let (stacks, (tell, alarms)) = (Stacks::new(), channel());
    let watchdog = watchdog(tell, Alarm::clone);
    let runtime = Builder::new_multi_thread().worker_threads(1).watchdog(watchdog).build().unwrap();
    let (free, blocked) = channel();
    let task = runtime.spawn(async move { blocks(&blocked) });
    let alarm = told(&alarms);
    let report = report(&stacks, &alarm);
    assert_eq!(calls(report.stack().unwrap(), "polls::blocks").count(), 1, "{report:#}");
    free.send(()).unwrap();
    runtime.block_on(task).unwrap();
    is_found_to_have_ended(&stacks, &alarm);
}

/// A future of `block_on` blocks, and then waits for the second of what it is given: the poll that blocked is found to have ended.
fn ends_where_its_thread_waits<F: Future<Output = ()>>(
    root: impl FnOnce(Receiver<()>, oneshot::Receiver<()>) -> F + Send,
) {
    let (stacks, (tell, alarms)) = (Stacks::new(), channel());
    let (free, blocked) = channel();
    let (free_both, to_end) = oneshot::channel();
    let watchdog = watchdog(tell, Alarm::clone);
    let runtime = Builder::new_current_thread().watchdog(watchdog).build().unwrap();
    thread::scope(move |scope| {
        scope.spawn(move || runtime.block_on(async { root(blocked, to_end).await }));
        let alarm = told(&alarms);
        assert_eq!(alarm.task(), None);
        let report = report(&stacks, &alarm);
        assert_eq!(calls(report.stack().unwrap(), "polls::blocks").count(), 1, "{report:#}");
        free.send(()).unwrap();
        is_found_to_have_ended(&stacks, &alarm);
        free_both.send(()).unwrap();
    });
}

#[test]
fn a_thread_that_waits_in_block_on_has_ended_the_poll_of_its_future() {
    ends_where_its_thread_waits(async |blocked, to_end| {
        blocks(&blocked);
        to_end.await.unwrap();
    });
}

#[test]
fn a_thread_that_waits_in_the_selector_has_ended_the_poll_of_its_future() {
    ends_where_its_thread_waits(async |blocked, to_end| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        blocks(&blocked);
        // Nobody connects.
        let _ = select(pin!(listener.accept()), to_end).await;
    });
}

#[test]
fn the_alarm_of_a_polls_end_has_no_stack() {
    let (tell, alarms) = channel();
    let watchdog = Watchdog::new(Duration::from_millis(50)).on_alarm(move |alarm| drop(tell.send(alarm.clone())));
    let runtime = Builder::new_multi_thread().worker_threads(1).watchdog(watchdog).build().unwrap();
    let (free, blocked) = channel();
    runtime.spawn(async move { blocks(&blocked) });
    assert!(!told(&alarms).has_ended());
    free.send(()).unwrap();
    let alarm = told(&alarms);
    assert!(alarm.has_ended());
    let report = Stacks::new().report(&alarm);
    assert!(matches!(report.stack(), Err(Error::PollEnded)), "{report:#}");
    assert!(report.alarm().has_ended());
}

#[test]
fn many_alarms_at_once_have_each_their_stack() {
    const RUNTIMES: usize = 8;
    let stacks = Stacks::new();
    let (tell, reports) = channel::<Report>();
    let at_once = Arc::new(Barrier::new(RUNTIMES));
    let runtimes: Vec<_> = (0..RUNTIMES)
        .map(|number| {
            let (stacks, at_once) = (stacks.clone(), at_once.clone());
            let watchdog = watchdog(tell.clone(), move |alarm| {
                at_once.wait();
                report(&stacks, alarm)
            });
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(1).name(format!("runtime {number}"));
            builder.watchdog(watchdog).build().unwrap()
        })
        .collect();
    let mutex = Arc::new(Mutex::new(()));
    let locked = mutex.lock().unwrap();
    for runtime in &runtimes {
        let mutex = mutex.clone();
        runtime.spawn(async move { locks(&mutex) });
    }
    let mut names = Vec::new();
    for _ in 0..RUNTIMES {
        let report = told(&reports);
        let stack = report.stack().unwrap_or_else(|error| panic!("{error}: {report}"));
        assert!(stack.is_whole() && calls(stack, "polls::locks").count() == 1, "{report:#}");
        names.push(report.alarm().runtime().unwrap().to_owned());
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), RUNTIMES);
    drop(locked);
}

/// Blocks so many calls deep, each with so many bytes.
#[inline(never)]
fn goes_down<const BYTES: usize>(depth: u32, messages: &Receiver<()>) -> u8 {
    let bytes = black_box([1; BYTES]);
    if depth == 0 {
        blocks(messages);
    } else {
        black_box(goes_down::<BYTES>(depth - 1, messages));
    }
    black_box(bytes)[0]
}

/// How many calls are seen of a poll that is deeper than what is looked at.
fn seen_of<const BYTES: usize>(depth: u32) -> usize {
    let (stacks, (tell, reports)) = (Stacks::new(), channel());
    let watchdog = watchdog(tell, move |alarm| report(&stacks, alarm));
    let runtime = Builder::new_multi_thread().worker_threads(1).watchdog(watchdog).build().unwrap();
    let (free, blocked) = channel();
    let task = runtime.spawn(async move { goes_down::<BYTES>(depth, &blocked) });
    let report = told(&reports);
    free.send(()).unwrap();
    runtime.block_on(task).unwrap();
    let stack = report.stack().unwrap_or_else(|error| panic!("{error}: {report}"));
    assert!(!stack.is_whole());
    assert_eq!(calls(stack, "polls::blocks").count(), 1);
    assert!(report.to_string().ends_with("\n      (what is below is not known)"));
    stack.frames().iter().filter(|frame| !frame.is_inlined()).count()
}

#[test]
fn of_a_deep_stack_256_kib_are_seen() {
    let seen = seen_of::<1_024>(300);
    assert!((50..256).contains(&seen), "{seen}");
}

#[test]
fn of_many_calls_1000_are_seen() {
    assert_eq!(seen_of::<8>(1_500), 1_000);
}
