//! Models of what is told of tasks while they run: that nobody can wake one any more, and which there are.

use std::future::poll_fn;
use std::sync::{Arc as StdArc, Mutex as StdMutex};
use std::task::{Context, Poll, Waker};

use super::stage::{AwaitFlag, Fate, Queue, Signal};
use crate::harness::{Model, join, spawn, witness};
use crate::task::JoinHandle;
use crate::task::hooks::{Stranding, TaskHooks};
use crate::task::meta::TaskMeta;
use crate::task::raw::Kept;

/// A task that has left two wakers behind, and how often it was told to be stranded.
struct Scene {
    queue: StdArc<Queue>,
    handle: JoinHandle<()>,
    wakers: [Waker; 2],
    told: StdArc<Fate>,
}

impl Scene {
    fn new() -> Self {
        let told = Fate::new();
        let tally = told.clone();
        let count =
            StdArc::new(move |_: &TaskMeta<'_>| _ = tally.wakes.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let hooks = TaskHooks { stranding: Some(StdArc::new(Stranding::new(count))), ..TaskHooks::default() };
        let queue = Queue::with_hooks(Some(hooks));
        let left: StdArc<StdMutex<Vec<Waker>>> = StdArc::default();
        let leaves = left.clone();
        let mut is_first = true;
        let handle = queue.spawn(poll_fn(move |context: &mut Context<'_>| {
            if std::mem::replace(&mut is_first, false) {
                leaves.lock().unwrap().extend([context.waker().clone(), context.waker().clone()]);
            }
            Poll::Pending
        }));
        queue.run_one();
        let wakers = std::mem::take(&mut *left.lock().unwrap());
        Self { queue, handle, wakers: wakers.try_into().unwrap(), told }
    }
}

/// The last two wakers are dropped at once: one of the two threads tells that the task is stranded.
///
/// Mutants: `stranded_checks_first`.
#[test]
fn stranded_by_drops() {
    Model::new("stranded_by_drops", 2).preemptions(3).check(|| {
        let Scene { queue, handle, wakers, told } = Scene::new();
        join(wakers.map(|waker| spawn(move || drop(waker))));
        assert_eq!(told.wakes(), 1, "a stranded task is told of once");
        handle.abort();
        assert!(queue.run_one());
    });
}

/// One of the last two wakers is dropped, and the other wakes: only after the poll that follows, which leaves no waker, the task is stranded.
///
/// Mutants: `stranded_ignores_wake`, `stranded_idle_silent`.
#[test]
fn stranded_vs_wake() {
    Model::new("stranded_vs_wake", 2).preemptions(3).check(|| {
        let Scene { queue, handle, wakers: [dropped, woken], told } = Scene::new();
        join([spawn(move || drop(dropped)), spawn(move || woken.wake())]);
        assert_eq!(told.wakes(), 0, "a task that was woken is not stranded");
        assert!(queue.run_one());
        assert_eq!(told.wakes(), 1, "nobody wakes it after that");
        handle.abort();
        assert!(queue.run_one());
    });
}

/// A task is asked where it waits while it is woken: it is polled after the wake, and there is one entry of it at a time.
///
/// Mutants: `trace_ignores_notified`.
#[test]
fn trace_vs_wake() {
    Model::new("trace_vs_wake", 10).preemptions(3).witnesses(&["asked", "not asked"]).check(|| {
        let (queue, signal, fate) = (Queue::new(), Signal::new(), Fate::new());
        let handle = queue.spawn(AwaitFlag::new(&signal, &fate));
        assert!(queue.run_one());
        let mut task = None;
        queue.list.begin_walk();
        // SAFETY: the list's reference keeps the task.
        queue.list.walk(1, |found| task = Some(unsafe { Kept::another(found) }));
        let task = task.expect("it is in the list");
        let asks = spawn(move || task.trace());
        let waker = signal.waker();
        let wakes = spawn(move || {
            signal.set();
            waker.wake();
        });
        queue.run_one();
        let is_asked = asks.join().unwrap();
        wakes.join().unwrap();
        assert!(queue.len() <= 1, "a task is queued once");
        while queue.run_one() {}
        witness(if is_asked { "asked" } else { "not asked" });
        assert!(handle.is_finished(), "no wake is lost");
    });
}

/// Walks through the list of `queue`, one task at a time: how many were found. None of them is complete while the list's lock is held.
fn walk(queue: &Queue) -> usize {
    let mut found = 0;
    queue.list.begin_walk();
    let visit = |task| {
        // SAFETY: the list's reference keeps the task.
        let task = unsafe { Kept::another(task) };
        assert!(!task.snapshot().is_complete(), "who is complete has left the list");
        found += 1;
    };
    let mut visit = visit;
    while queue.list.walk(1, &mut visit) {}
    found
}

/// A task completes while somebody walks through the list in which it is: he finds it or not, and the other in any case.
///
/// Mutants: `list_walk_keeps_cursor`.
#[test]
fn walk_vs_complete() {
    Model::new("walk_vs_complete", 10).preemptions(3).witnesses(&["found both", "found one"]).check(|| {
        let (queue, signal, fate) = (Queue::new(), Signal::new(), Fate::new());
        signal.set();
        let completes = queue.spawn(AwaitFlag::new(&signal, &fate));
        let stays = queue.spawn(AwaitFlag::new(&Signal::new(), &fate));
        let runs = queue.clone();
        let runner = spawn(move || assert!(runs.run_one()));
        let found = walk(&queue);
        runner.join().unwrap();
        assert!(completes.is_finished());
        witness(if found == 2 { "found both" } else { "found one" });
        assert!((1..=2).contains(&found));
        stays.abort();
        assert!(queue.run_one());
    });
}

/// The list is closed while somebody walks through it: what he has not found by then he does not look for.
///
/// Mutants: `list_walk_outlives_close`.
#[test]
fn walk_vs_close() {
    Model::new("walk_vs_close", 10).preemptions(3).witnesses(&["found both", "found none"]).check(|| {
        let (queue, fate) = (Queue::new(), Fate::new());
        let handles = [(); 2].map(|()| queue.spawn(AwaitFlag::new(&Signal::new(), &fate)));
        let closing = queue.clone();
        let closer = spawn(move || closing.list.close());
        match walk(&queue) {
            0 => witness("found none"),
            2 => witness("found both"),
            _ => {}
        }
        closer.join().unwrap();
        assert!(handles.iter().all(JoinHandle::is_finished));
        while queue.run_one() {}
    });
}
