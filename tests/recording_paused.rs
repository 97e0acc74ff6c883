//! What a recording says of the time in which it was paused.

mod support;

use std::thread;
use std::time::Duration;

use fusee::insight::Recorder;
use fusee::insight::recording::{Event, EventKind};
use fusee::runtime::{Builder, Runtime};
use fusee::task::yield_now;
use support::until;

fn recorded(recorder: Recorder) -> Runtime {
    Builder::new_current_thread().recorder(recorder).build().unwrap()
}

/// The events of its worker so far.
fn events_of(runtime: &Runtime) -> Vec<Event> {
    runtime.handle().recording().unwrap().tracks()[0].events()
}

#[test]
fn while_paused_nothing_is_recorded() {
    let runtime = recorded(Recorder::new().paused());
    let turns = || runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
    turns();
    assert!(events_of(&runtime).is_empty());
    runtime.handle().resume_recording();
    // A worker learns of it as it looks around.
    until("the worker records", || {
        turns();
        !events_of(&runtime).is_empty()
    });
    runtime.handle().pause_recording();
    let length = || events_of(&runtime).len();
    until("it records no more", || {
        let before = length();
        turns();
        length() == before
    });
}

#[test]
fn a_pause_is_no_poll_and_has_no_events() {
    const PAUSE: Duration = Duration::from_millis(50);
    let runtime = recorded(Recorder::new());
    let handle = runtime.handle().clone();
    let turns = async || {
        for _ in 0..10_000 {
            yield_now().await;
        }
    };
    let (begins, ends) = runtime.block_on(async {
        let task = fusee::spawn(async move {
            // Quick enough that many share a time.
            turns().await;
            handle.pause_recording();
            // The worker looks around, and learns of it.
            turns().await;
            let begins = handle.recording().unwrap().taken();
            // tidy: real time, because the machine's clock is what is recorded.
            thread::sleep(PAUSE);
            let ends = handle.recording().unwrap().taken();
            handle.resume_recording();
            turns().await;
            (begins, ends)
        });
        task.await.unwrap()
    });
    let events = events_of(&runtime);
    let (before, after) = events.split_at(events.partition_point(|event| event.at() <= begins));
    assert_eq!(before.last().map(Event::kind), Some(EventKind::Pause));
    assert!(before.last().unwrap().is_exact() && after[0].is_exact());
    assert!(after[0].at() >= ends, "{:?} is between {begins:?} and {ends:?}", after[0]);
}
