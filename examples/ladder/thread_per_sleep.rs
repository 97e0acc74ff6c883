//! Rung 5, `thread_per_sleep`: a thread for every sleep.
//!
//! Somebody has to call the waker later, and a thread can wait: so each poll that is not ready starts a thread that
//! sleeps until the deadline, calls the waker, and ends. The executor rests in the meantime, the CPU is idle, the
//! numbers appear. A thousand jobs are a thousand threads, and that goes well.
//!
//! It does not go well for long. A thread takes a stack, a guard page and the kernel's own records, and somewhere
//! between a few dozen and some thirty thousand the system says no: too many processes for this user, too many maps
//! for this process, no address space, no memory. `thread::spawn` panics then; `Builder::spawn` returns the error,
//! and the rung reports it: it starts no more threads, lets those it started finish, and ends with one line.
//!
//! One refusal cannot be returned. A thread that was started well still has to set up its signal stack *before* its
//! closure runs, and if that finds no room the standard library can only abort. So threads are started in batches:
//! once the last batch has arrived in its closures, `thread_room` checks that the next has room for all it takes.
//!
//! (Each *pending poll* starts a thread: a join that polls its children needlessly would start more of them each
//! time.
//! `join_all` polls a child only once it was woken.) The next rung gets by with a single thread.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use futures::future::try_join_all;

use crate::SECOND;
use crate::block_on::block_on;
use crate::measure::{Row, Task};
use crate::thread_room;
use crate::units::grouped;

/// The threads that sleep on behalf of futures.
#[derive(Default)]
struct Sleepers {
    threads: Mutex<Threads>,
    arrived: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Threads {
    started: Vec<JoinHandle<()>>,
    /// How many more may be started before the room is looked at again.
    room: usize,
}

impl Sleepers {
    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a thread that calls `waker` at `deadline`.
    fn wake_at(&self, deadline: Instant, waker: Waker) -> io::Result<()> {
        let mut threads = self.threads();
        if threads.room == 0 {
            while self.arrived.load(Ordering::Relaxed) < threads.started.len() {
                thread::yield_now();
            }
            threads.room = thread_room::for_a_batch(threads.started.len())?;
        }
        threads.room -= 1;
        let arrived = self.arrived.clone();
        let thread = thread::Builder::new().spawn(move || {
            arrived.fetch_add(1, Ordering::Relaxed);
            thread::sleep(deadline.saturating_duration_since(Instant::now()));
            waker.wake();
        })?;
        threads.started.push(thread);
        Ok(())
    }

    /// Waits for every thread that was started; how many these were.
    fn finish(&self) -> usize {
        let started = mem::take(&mut self.threads().started);
        // A thread could only panic in its waker, which is `join_all`'s and does not.
        started.into_iter().map(JoinHandle::join).filter(Result::is_ok).count()
    }
}

/// Pending until the deadline, or an error if there is no thread to wait for it.
struct Sleep<'a> {
    deadline: Instant,
    sleepers: &'a Sleepers,
}

impl Future for Sleep<'_> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if Instant::now() >= self.deadline {
            return Poll::Ready(Ok(()));
        }
        match self.sleepers.wake_at(self.deadline, cx.waker().clone()) {
            Ok(()) => Poll::Pending,
            Err(refused) => Poll::Ready(Err(refused)),
        }
    }
}

/// Joins the jobs on one thread, each with a thread of its own to sleep.
pub(crate) fn run(task: &Task) -> Result<Vec<Row>, String> {
    let row = task.measured("", SECOND, |sheet| {
        let sleepers = &Sleepers::default();
        let jobs = (1..=task.jobs).map(|n| async move {
            sheet.counted(n, Sleep { deadline: Instant::now() + SECOND, sleepers }).await?;
            sheet.print(n);
            io::Result::Ok(())
        });
        let ended = block_on(try_join_all(jobs));
        let finished = sleepers.finish() as u64;
        ended.map(drop).map_err(|refused| {
            let (next, jobs) = (grouped(finished + 1), grouped(task.jobs as u64));
            let finished = grouped(finished);
            format!(
                "the system refused thread {next} of {jobs}: {refused}; the {finished} already started have finished"
            )
        })
    })?;
    Ok(vec![row])
}
