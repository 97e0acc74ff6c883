//! Where tasks wait, to the line: the stack of each `.await`.

use std::backtrace::Backtrace;
use std::fmt::{self, Display, Formatter};
use std::panic::Location;
use std::time::Duration;

use super::TaskState;
use crate::facade::{RawInstant, StdArc};
use crate::runtime::Handle;
use crate::scheduler::Scheduler;
use crate::scheduler::survey::Surveyed;
use crate::task::Id;
use crate::task::cell;
use crate::task::tracer::Tracer;

/// So many tasks are asked at a time: others go on between.
const STEP: usize = 64;

/// What of a stack is the runtime's: above, where a waker is cloned; below, where a task is polled.
const CLONE: &str = "clone_traced";
const POLL: &str = "fusee::task::cell::";

/// Where a task waits. `Display` shows the calls that lead there from the task's own future, the innermost first.
///
/// See [`Handle::wait_traces`] for an example.
#[derive(Debug)]
pub struct WaitTrace {
    task: Id,
    name: Option<StdArc<str>>,
    spawned_at: Option<&'static Location<'static>>,
    stacks: Vec<Backtrace>,
}

impl Handle {
    /// Asks up to `most` tasks where they wait, those first that have waited for the longest time: an async backtrace, through the futures of any crate, for which nothing is annotated.
    ///
    /// Each of them is woken and polled once more, with a waker that remembers the stack at which it is cloned, which is where the future lies that is waited for. That is a spurious wake-up, which every future
    /// must bear; but it runs the task's code, unlike a [dump](Self::dump). Asked are tasks that wait, and not those of a [`LocalSet`](crate::task::LocalSet), nor stranded ones; those that no worker came to poll
    /// within `patience`, or that ended before they were polled, are left out. Lines need debug information (`debug = "line-tables-only"`); without it there are names, and calls that were inlined are missing.
    ///
    /// A future that keeps the waker which it has, and does not compare it, shows nothing; and a trace ends at a future that gives wakers of its own to others, as [`watched`](super::watched()) does, and `FuturesUnordered`. A task that was asked was polled just now, from outside: dumps and recordings tell it so.
    ///
    /// # Blocking
    /// It blocks the thread until all have answered, or for `patience`: call it where no tasks run, or in [`spawn_blocking`](crate::task::spawn_blocking). A worker that calls it keeps its own tasks from answering. Several callers wait for each other, each for its own `patience`; a task that calls it while it is asked itself waits for that long, too. A stack takes some microseconds, and to show the first of them tens of milliseconds: debug information is read, and while it is, in any thread of the process, no stack can be taken: a worker that is to take one waits.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    /// let (_sender, receiver) = futures::channel::oneshot::channel::<()>();
    /// let task = runtime.spawn(async move { receiver.await });
    /// loop {
    ///     let traces = runtime.handle().wait_traces(100, Duration::from_secs(10));
    ///     if let [trace] = &traces[..] {
    ///         assert_eq!((trace.task(), trace.stacks().len()), (task.id(), 1));
    ///         println!("{trace}");
    ///         break;
    ///     }
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn wait_traces(&self, most: usize, patience: Duration) -> Vec<WaitTrace> {
        // Far away, if it is beyond what the clock can say.
        let now = RawInstant::now();
        let deadline = now.checked_add(patience).unwrap_or(now + Duration::from_secs(1 << 30));
        let scheduler = self.scheduler();
        if scheduler.is_forked() {
            return Vec::new();
        }
        let Some(asking) = scheduler.begin_traces(deadline) else { return Vec::new() };
        let mut waiting = scheduler.survey();
        waiting.retain(|task| {
            let waits = TaskState::of(task.word) == TaskState::Waiting && !task.word.is_stranded();
            waits && task.local_set.is_none()
        });
        waiting.sort_by_key(|task| std::cmp::Reverse(task.polled));
        waiting.truncate(most);
        let mut traces = Vec::new();
        for tasks in waiting.chunks(STEP) {
            if !ask(scheduler, &asking.tracer, tasks, deadline, &mut traces) {
                break;
            }
        }
        traces
    }
}

/// Adds what `tasks` answer. False if there was no more time.
fn ask(
    scheduler: &Scheduler,
    tracer: &Tracer,
    tasks: &[Surveyed],
    deadline: RawInstant,
    traces: &mut Vec<WaitTrace>,
) -> bool {
    for Surveyed { task, .. } in tasks {
        tracer.ask(task.id());
        if !task.trace() {
            tracer.withdraw(task.id());
        }
    }
    let ends = |task: &Surveyed| {
        let word = task.task.snapshot();
        word.is_complete() || word.is_cancelled()
    };
    let is_gone = |id| scheduler.is_closed() || tasks.iter().any(|task| task.task.id() == id && ends(task));
    let goes_on = tracer.wait(deadline, is_gone) && !scheduler.is_closed();
    let mut answers = tracer.take();
    traces.extend(tasks.iter().filter_map(|Surveyed { task, spawned_at, .. }| {
        let stacks = answers.remove(&task.id())?;
        Some(WaitTrace { task: task.id(), name: task.name().cloned(), spawned_at: *spawned_at, stacks })
    }));
    goes_on
}

impl WaitTrace {
    /// The task.
    pub fn task(&self) -> Id {
        self.task
    }

    /// Its name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The call that spawned it; see [`TaskDump::spawned_at`](super::TaskDump::spawned_at).
    pub fn spawned_at(&self) -> Option<&'static Location<'static>> {
        self.spawned_at
    }

    /// The whole stacks, from the clone of the waker down to the start of the thread: one for each thing that it waits for at once. None if what it waits for has kept its waker.
    pub fn stacks(&self) -> &[Backtrace] {
        &self.stacks
    }
}

impl Display for WaitTrace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.task)?;
        if let Some(name) = self.name() {
            write!(f, " {name:?}")?;
        }
        if let Some(place) = self.spawned_at {
            write!(f, ", spawned at {place}")?;
        }
        match self.stacks.len() {
            0 => return write!(f, ", does not tell where it waits"),
            1 => write!(f, ", waits at")?,
            count => write!(f, ", waits at {count} places:")?,
        }
        for (index, stack) in self.stacks.iter().enumerate() {
            if index > 0 {
                write!(f, "\n  and at")?;
            }
            let text = stack.to_string();
            own(&text).iter().try_for_each(|line| write!(f, "\n  {}", line.strip_prefix("       ").unwrap_or(line)))?;
        }
        Ok(())
    }
}

/// The lines of a stack that are the task's, without the numbers of its frames; all of them if it is not known which.
fn own(text: &str) -> Vec<&str> {
    let lines: Vec<_> = text.lines().collect();
    let is_place = |line: &&str| line.trim_start().starts_with("at ");
    // A call, and its place in the next line if that is known.
    let mut calls = lines.chunk_by(|_, next| is_place(next));
    let is_in = |call: &[&str], name: &str, file: &str| {
        call[0].contains(name) || call.get(1).is_some_and(|place| place.contains(file))
    };
    let is_clone = |call: &[&str]| call[0].contains(CLONE);
    // What the standard library has above that.
    let is_wakers = |call: &[&str]| is_in(call, "core::task::wake::Waker", "core/src/task/wake.rs");
    let is_poll = |call: &[&str]| is_in(call, POLL, cell::FILE);
    if !calls.by_ref().any(is_clone) || !calls.clone().any(is_poll) {
        return lines;
    }
    let own = calls.skip_while(|call| is_wakers(call)).take_while(|call| !is_poll(call));
    own.flatten().map(|line| without_number(line)).collect()
}

/// A line without the number of its frame, if it has one.
fn without_number(line: &str) -> &str {
    match line.trim_start().split_once(": ") {
        Some((number, rest)) if number.parse::<u32>().is_ok() => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_runtimes_own_is_left_out_with_and_without_lines() {
        let lines = "   0: fusee::task::tracer::note_clone\n   1: fusee::task::waker::clone_traced\n             at ./src/task/waker.rs:1:2\n   \
                     2: <core::task::wake::Waker as core::clone::Clone>::clone\n   3: app::leaf::{{closure}}\n             at ./src/main.rs:3:4\n   \
                     4: app::main::{{closure}}\n   5: fusee::task::cell::Cell<F,S>::run\n   6: main";
        let told = ["app::leaf::{{closure}}", "             at ./src/main.rs:3:4", "app::main::{{closure}}"];
        assert_eq!(own(lines), told);
        // Of calls that were inlined there may be the last part of the name alone.
        let inlined = format!(
            "   0: clone_traced\n             at ./src/task/waker.rs:1:2\n   1: clone\n             at /rustc/1/library/core/src/task/wake.rs:1:2\n   2: poll\n   \
             3: {{closure#0}}\n             at ./{}:3:4",
            cell::FILE
        );
        assert_eq!(own(&inlined), ["poll"]);
        assert_eq!(own("   0: <unknown>\n   1: main").len(), 2);
    }
}
