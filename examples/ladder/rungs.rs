//! The ladder: its rungs in order, what each shows, and how many jobs it runs unless told otherwise.

use futures::future::join_all;

use crate::measure::{Row, Task};
use crate::sheet::Sheet;
use crate::{
    SECOND, background_thread, busy_loop, busy_wake, event_loop, fusee, job, join, never_wakes, thread_per_sleep,
};

/// One system that runs the jobs.
pub(crate) struct Rung {
    pub(crate) name: &'static str,
    /// One sentence under the table.
    pub(crate) shows: &'static str,
    /// The job counts of a run that names none.
    pub(crate) counts: &'static [usize],
    pub(crate) run: fn(&Task) -> Result<Vec<Row>, String>,
}

/// From a hand-written future to the runtime.
pub(crate) const RUNGS: [Rung; 9] = [
    Rung {
        name: "job",
        shows: "a future written by hand passes its sleep's Pending up, and the waker down",
        counts: &[1_000, 20_000],
        run: job::run,
    },
    Rung {
        name: "join",
        shows: "a join written by hand polls every pending child on every wake-up, join_all only the child that woke",
        counts: &[1_000, 20_000],
        run: join::run,
    },
    Rung {
        name: "never_wakes",
        shows: "a sleep that keeps no waker hangs",
        counts: &[1_000, 20_000],
        run: never_wakes::run,
    },
    Rung {
        name: "busy_wake",
        shows: "a sleep that wakes itself is right, and burns a core",
        counts: &[1_000, 20_000],
        run: busy_wake::run,
    },
    Rung {
        name: "thread_per_sleep",
        shows: "a thread for every sleep works, until the system has no thread left",
        counts: &[1_000],
        run: thread_per_sleep::run,
    },
    Rung {
        name: "background_thread",
        shows: "one thread with a sorted map can wake everybody",
        counts: &[1_000, 20_000],
        run: background_thread::run,
    },
    Rung {
        name: "busy_loop",
        shows: "an event loop that asks everybody all the time needs no waker, and burns a core",
        counts: &[1_000, 20_000],
        run: busy_loop::run,
    },
    Rung {
        name: "event_loop",
        shows: "an event loop that sleeps until the first key of a global map is right and cheap, on one thread",
        counts: &[1_000, 20_000],
        run: on_event_loop,
    },
    Rung {
        name: "fusee",
        shows: "this runtime: a timer wheel per worker, one driver thread",
        counts: &[1_000, 20_000, 1_000_000],
        run: fusee::run,
    },
];

/// The rung `event_loop`: the jobs as one join, and as tasks. It stands here because the loop's own file knows
/// nothing of rungs: it is a small runtime that others can include as it is.
fn on_event_loop(task: &Task) -> Result<Vec<Row>, String> {
    let job = |sheet: &'static Sheet, n| async move {
        sheet.counted(n, event_loop::sleep(SECOND)).await;
        sheet.print(n);
    };
    let joined = task.measured("one join", SECOND, |sheet| {
        event_loop::block_on(join_all((1..=task.jobs).map(|n| job(sheet, n))));
        Ok(())
    })?;
    let spawned = task.measured("tasks", SECOND, |sheet| {
        event_loop::block_on(async {
            let handles: Vec<_> = (1..=task.jobs).map(|n| event_loop::spawn(job(sheet, n))).collect();
            for handle in handles {
                handle.await;
            }
        });
        Ok(())
    })?;
    Ok(vec![joined, spawned])
}
