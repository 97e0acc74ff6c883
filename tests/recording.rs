//! What the flight recorder keeps of what a runtime's threads do.

mod support;

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fusee::insight::recording::{Event, EventKind, Outcome, Recording, Task, TrackSource};
use fusee::insight::{Recorder, Watchdog};
use fusee::runtime::{Builder, Runtime};
use fusee::task::{Id, spawn_blocking, yield_now};
use fusee::time::sleep;
use futures::channel::oneshot;
use support::{quiet_panic, until, watchdog};

fn recorded(recorder: Recorder) -> Runtime {
    Builder::new_current_thread().recorder(recorder).build().unwrap()
}

fn recorded_workers(workers: usize, recorder: Recorder) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).recorder(recorder).build().unwrap()
}

fn taken(runtime: &Runtime) -> Recording {
    runtime.handle().recording().unwrap()
}

/// The events of the tracks that `is_of` chooses, one track after the other.
fn events_of(recording: &Recording, is_of: impl Fn(TrackSource) -> bool) -> Vec<Event> {
    recording.tracks().iter().filter(|track| is_of(track.source())).flat_map(|track| track.events()).collect()
}

fn is_worker(source: TrackSource) -> bool {
    matches!(source, TrackSource::Worker(_))
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(Event::kind).collect()
}

/// Where among `events` the first is that is `wanted`.
fn position(events: &[Event], wanted: impl Fn(EventKind) -> bool) -> usize {
    let found = events.iter().position(|event| wanted(event.kind()));
    found.unwrap_or_else(|| panic!("{:?}", kinds(events)))
}

fn number(id: Id) -> u64 {
    u64::from_str_radix(id.to_string().trim_start_matches("0x"), 16).unwrap()
}

#[test]
fn a_task_is_recorded_from_its_spawn_to_its_end() {
    let runtime = recorded(Recorder::new());
    let (id, line) = runtime.block_on(async {
        let task = fusee::task::Builder::new().name("short").spawn(async {}).unwrap();
        let (id, line) = (task.id(), line!() - 1);
        task.await.unwrap();
        (number(id), line)
    });
    let recording = taken(&runtime);
    let events = events_of(&recording, is_worker);
    let of_task: Vec<_> = kinds(&events)
        .into_iter()
        .filter(|kind| match kind {
            EventKind::Spawn(task) | EventKind::Poll(task) | EventKind::End(task, _) => task.id() == id,
            EventKind::Name(task, _) => task.id() == id,
            _ => false,
        })
        .collect();
    let [EventKind::Spawn(spawned), EventKind::Name(_, name), EventKind::Poll(_), EventKind::End(_, Outcome::Ready)] =
        of_task[..]
    else {
        panic!("{of_task:?}");
    };
    let place = recording.place(spawned).unwrap();
    assert_eq!((place.file(), place.line()), (file!(), line));
    assert_eq!(recording.name(name), Some("short"));
    let spawn = position(&events, |kind| kind == EventKind::Spawn(spawned));
    assert_eq!(events[spawn - 1].kind(), EventKind::Root, "the root future spawned it");
    // The worker has no thread before and after.
    assert_eq!((events[0].kind(), events[events.len() - 1].kind()), (EventKind::Unpark, EventKind::Park));
}

#[test]
fn a_wake_stands_between_the_polls_of_who_wakes_and_who_is_woken() {
    let runtime = recorded(Recorder::new());
    let (waits, wakes) = runtime.block_on(async {
        let (sender, receiver) = oneshot::channel();
        let waits = fusee::spawn(receiver);
        // It waits before the other is there.
        yield_now().await;
        let wakes = fusee::spawn(async { sender.send(()).unwrap() });
        let ids = (number(waits.id()), number(wakes.id()));
        waits.await.unwrap().unwrap();
        ids
    });
    let events = events_of(&taken(&runtime), is_worker);
    let polled = |id| move |kind| matches!(kind, EventKind::Poll(task) if task.id() == id);
    let waker = position(&events, polled(wakes));
    let wake = waker + position(&events[waker..], |kind| matches!(kind, EventKind::Wake(task) if task.id() == waits));
    let end = position(&events, |kind| matches!(kind, EventKind::End(task, _) if task.id() == wakes));
    let last = wake + position(&events[wake..], polled(waits));
    assert!(waker < wake && wake < end && end < last, "{:?}", kinds(&events));
}

#[test]
fn how_a_task_ends_is_told() {
    let runtime = recorded(Recorder::new());
    let (panics, aborted) = runtime.block_on(async {
        let panics = fusee::spawn(async { quiet_panic("on purpose") });
        let aborted = fusee::spawn(sleep(Duration::from_secs(3_600)));
        yield_now().await;
        aborted.abort();
        let ids = (number(panics.id()), number(aborted.id()));
        assert!(panics.await.unwrap_err().is_panic() && aborted.await.unwrap_err().is_cancelled());
        ids
    });
    let events = events_of(&taken(&runtime), is_worker);
    for (id, outcome) in [(panics, Outcome::Panicked), (aborted, Outcome::Cancelled)] {
        position(&events, |kind| matches!(kind, EventKind::End(task, how) if task.id() == id && how == outcome));
    }
}

#[test]
fn a_poll_that_takes_long_has_exact_ends_and_timers_fire_before_they_wake() {
    const LONG: Duration = Duration::from_millis(20);
    let runtime = recorded(Recorder::new());
    let id = runtime.block_on(async {
        // The worker sleeps until the timer is due: what comes after has the time from there.
        let task = fusee::spawn(async {
            sleep(Duration::from_millis(1)).await;
            // tidy: real time, because the machine's clock is what is recorded.
            thread::sleep(LONG);
        });
        let id = number(task.id());
        task.await.unwrap();
        id
    });
    let events = events_of(&taken(&runtime), is_worker);
    let fire = position(&events, |kind| matches!(kind, EventKind::Fire { timers: 1, sources: 0 }));
    assert!(matches!(events[fire + 1].kind(), EventKind::Wake(task) if task.id() == id), "{:?}", kinds(&events));
    let poll = fire + position(&events[fire..], |kind| matches!(kind, EventKind::Poll(task) if task.id() == id));
    let after = &events[poll + 1..];
    assert!(events[poll].is_exact() && after[0].is_exact());
    assert!(after[0].at() - events[poll].at() >= LONG);
    let unpark = events[..fire].iter().rposition(|event| event.kind() == EventKind::Unpark).unwrap();
    assert_eq!(events[unpark - 1].kind(), EventKind::Park);
}

#[test]
fn one_slow_poll_among_quick_ones_is_found_by_the_watchdog_beside() {
    const SLOW: Duration = Duration::from_millis(100);
    let watchdog = Watchdog::new(SLOW / 2).on_alarm(|_| {});
    let runtime = Builder::new_current_thread().recorder(Recorder::new()).watchdog(watchdog).build().unwrap();
    let id = runtime.block_on(async {
        let quick = fusee::spawn(async {
            for _ in 0..50_000 {
                yield_now().await;
            }
        });
        let slow = fusee::spawn(async {
            for _ in 0..10_000 {
                yield_now().await;
            }
            // tidy: real time, because the machine's clock is what is recorded.
            thread::sleep(SLOW);
        });
        let id = number(slow.id());
        quick.await.unwrap();
        slow.await.unwrap();
        id
    });
    let events = events_of(&taken(&runtime), is_worker);
    let end = position(&events, |kind| matches!(kind, EventKind::End(task, Outcome::Ready) if task.id() == id));
    let poll = events[..end].iter().rposition(|event| matches!(event.kind(), EventKind::Poll(_))).unwrap();
    assert!(matches!(events[poll].kind(), EventKind::Poll(task) if task.id() == id));
    let lasted = events[end].at() - events[poll].at();
    assert!(lasted >= SLOW - SLOW / 4, "{lasted:?}");
}

#[test]
fn blocking_jobs_and_whom_they_wake_are_recorded_on_the_pools_threads() {
    let runtime = recorded_workers(1, Recorder::new());
    let (job, waits) = runtime.block_on(async {
        let (sender, receiver) = oneshot::channel();
        let waits = fusee::spawn(receiver);
        let id = waits.id();
        // Once it has a waker of the task there is somebody to wake.
        while runtime.handle().dump().tasks().iter().all(|task| task.id() != id) {
            yield_now().await;
        }
        let job = spawn_blocking(|| sender.send(()).unwrap());
        let ids = (number(job.id()), number(waits.id()));
        job.await.unwrap();
        waits.await.unwrap().unwrap();
        ids
    });
    let is_done = || {
        let events = events_of(&taken(&runtime), |source| matches!(source, TrackSource::Blocking(0)));
        let of_job = |kind: &EventKind| match kind {
            EventKind::BlockingBegin(task) | EventKind::BlockingEnd(task) => task.id() == job,
            EventKind::Wake(task) => task.id() == waits,
            _ => false,
        };
        let kinds: Vec<_> = kinds(&events).into_iter().filter(of_job).collect();
        matches!(kinds[..], [EventKind::BlockingBegin(_), EventKind::Wake(_), EventKind::BlockingEnd(_)])
    };
    // The handle resolves before the thread notes the end.
    until("the job's end is noted", is_done);
    let roots = events_of(&taken(&runtime), |source| matches!(source, TrackSource::BlockOn(0)));
    // The oldest are lost, if it has waited for the task for long.
    assert!(kinds(&roots).contains(&EventKind::Root));
}

#[test]
fn a_task_out_of_budget_gives_way_and_is_queued_again() {
    let runtime = recorded(Recorder::new());
    let id = runtime.block_on(async {
        let task = fusee::spawn(async {
            for _ in 0..1_000 {
                fusee::task::consume_budget().await;
            }
        });
        let id = number(task.id());
        task.await.unwrap();
        id
    });
    let events = events_of(&taken(&runtime), is_worker);
    let count = |wanted: &dyn Fn(EventKind) -> bool| events.iter().filter(|event| wanted(event.kind())).count();
    let polls = count(&|kind| matches!(kind, EventKind::Poll(task) if task.id() == id));
    let wakes = count(&|kind| matches!(kind, EventKind::Wake(task) if task.id() == id));
    let yields = count(&|kind| kind == EventKind::Yield);
    assert!(yields >= 3 && polls == yields + 1 && wakes == yields, "{yields} yields, {polls} polls, {wakes} wakes");
}

#[test]
fn the_oldest_events_are_lost_and_the_newest_are_there() {
    let runtime = recorded(Recorder::new().bytes_per_worker(4 * 1024));
    let id = runtime.block_on(async {
        for _ in 0..10_000 {
            yield_now().await;
        }
        let last = fusee::spawn(async {});
        let id = number(last.id());
        last.await.unwrap();
        id
    });
    let recording = taken(&runtime);
    let track = &recording.tracks()[0];
    let events = track.events();
    assert!(track.overwritten() > 9_000 && (256..512).contains(&events.len()), "{} of them", events.len());
    position(&events, |kind| matches!(kind, EventKind::End(task, Outcome::Ready) if task.id() == id));
}

#[test]
fn of_a_long_name_the_beginning_is_kept() {
    let runtime = recorded(Recorder::new());
    let (long, fits) = (format!("a{}", "é".repeat(1 << 16)), "n".repeat(256));
    for name in [&long, &fits] {
        let task = fusee::task::Builder::new().name(name).spawn_on(async {}, runtime.handle()).unwrap();
        runtime.block_on(task).unwrap();
    }
    let recording = taken(&runtime);
    let events = events_of(&recording, is_worker);
    let numbers = events.iter().filter_map(|event| match event.kind() {
        EventKind::Name(_, number) => Some(number),
        _ => None,
    });
    let names: Vec<_> = numbers.map(|number| recording.name(number).unwrap()).collect();
    assert_eq!(names, [&long[..255], &fits]);
}

#[test]
fn recordings_taken_while_workers_write_hold_together() {
    watchdog(|| {
        let runtime = recorded_workers(2, Recorder::new().bytes_per_worker(16 * 1024));
        let ends = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let ends = ends.clone();
                runtime.spawn(async move {
                    while !ends.load(Ordering::Relaxed) {
                        fusee::spawn(yield_now()).await.unwrap();
                    }
                })
            })
            .collect();
        let here =
            |recording: &Recording, task: Task| recording.place(task).is_some_and(|place| place.file() == file!());
        for _ in 0..300 {
            let recording = taken(&runtime);
            for track in recording.tracks() {
                let events = track.events();
                assert!(events.is_sorted_by_key(Event::at), "{:?}", track.source());
                assert!(events.iter().all(|event| event.at() <= recording.taken()));
                for event in events {
                    match event.kind() {
                        EventKind::Spawn(task) | EventKind::Poll(task) | EventKind::Wake(task) => {
                            assert!(here(&recording, task), "a word is taken for another: {event:?}");
                        }
                        EventKind::Steal { from, tasks } => assert!(from < 2 && tasks >= 1),
                        _ => {}
                    }
                }
            }
        }
        ends.store(true, Ordering::Relaxed);
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    });
}

#[test]
fn a_recording_outlives_its_runtime_and_is_taken_while_that_ends() {
    let runtime = recorded_workers(2, Recorder::new());
    let handle = runtime.handle().clone();
    let ended = Arc::new(AtomicBool::new(false));
    let reader = {
        let (handle, ended) = (handle.clone(), ended.clone());
        thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                assert!(handle.recording().is_some());
            }
        })
    };
    let sleeper = runtime.spawn(async { sleep(Duration::from_secs(3_600)).await });
    let id = number(sleeper.id());
    // It waits when it is dropped.
    until("it waits", || !runtime.handle().dump().tasks().is_empty());
    drop(runtime);
    ended.store(true, Ordering::Relaxed);
    reader.join().unwrap();
    let events = events_of(&handle.recording().unwrap(), |_| true);
    position(&events, |kind| matches!(kind, EventKind::Poll(task) if task.id() == id));
}

#[test]
fn a_ring_of_no_sensible_size_is_refused() {
    for bytes in [0, 4_095, (1 << 30) + 1, usize::MAX] {
        let built = Builder::new_multi_thread().recorder(Recorder::new().bytes_per_worker(bytes)).build();
        let error = built.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("bytes_per_worker"), "{error}");
    }
}

#[test]
fn more_names_than_are_kept_leave_tasks_without() {
    let runtime = recorded(Recorder::new());
    runtime.block_on(async {
        for number in 0..5_000 {
            let task = fusee::task::Builder::new().name(&format!("task {number}")).spawn(async {}).unwrap();
            task.await.unwrap();
        }
    });
    let recording = taken(&runtime);
    assert_eq!(recording.name(4_095), Some("task 4095"));
    assert_eq!(recording.name(4_096), None);
    let events = events_of(&recording, is_worker);
    let last = events.iter().filter(|event| matches!(event.kind(), EventKind::Name(..))).count();
    assert!(last <= 4_096);
}
