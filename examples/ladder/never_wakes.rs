//! Rung 3, `never_wakes`: a sleep that hangs.
//!
//! The first sleep that comes to mind looks at the clock: time is up, `Ready`; it is not, `Pending`. It compiles, and
//! it hangs.
//! `Pending` is a promise, "I kept your waker and will call it", and this sleep keeps nothing. The executor polls once,
//! is told to wait for a call, and waits for ever: nobody is left who could make it.
//!
//! The rung proves each half of that. *It hangs*: with a second of grace past the last deadline, the waker was not
//! called and no number was printed. *Because nobody holds the waker*: a waker made from an `Arc` is a counted
//! reference, and while the jobs are pending the count is what it was before they were polled. A count that does not
//! rise is a wake-up that cannot come. And *nothing else is wrong*: polled once more by hand, after the deadline,
//! every job prints its number.
//!
//! A runtime that counts the wakers of its tasks can say so itself: spawned on this one, such a job is reported as it strands.
//!
//! The next rung keeps the promise in the laziest way there is.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use fusee::runtime::{Builder, TaskMeta};

use crate::SECOND;
use crate::join::JoinFuture;
use crate::measure::{Ending, Row, Task};
use crate::units::grouped;

/// How long the executor waits for a wake-up that is due after one second.
const GRACE: Duration = Duration::from_secs(2);

/// Pending until the deadline, and silent about it.
struct Sleep {
    deadline: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        // The mistake: `_cx` holds the waker, and goes unread.
        if Instant::now() >= self.deadline { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Notes a wake-up, and ends the executor's wait.
struct Alarm {
    rung: AtomicBool,
    thread: Thread,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Waits for `alarm`, at most `timeout`; whether it rang.
fn rang_within(alarm: &Alarm, timeout: Duration) -> bool {
    let end = Instant::now() + timeout;
    loop {
        let rest = end.saturating_duration_since(Instant::now());
        if alarm.rung.load(Ordering::Acquire) || rest.is_zero() {
            return alarm.rung.load(Ordering::Acquire);
        }
        thread::park_timeout(rest);
    }
}

/// Spawns one such job on the runtime, which tells of a task that nobody can wake; what its dump says of it.
fn reported() -> Result<String, String> {
    let (tell, told) = channel();
    let hook = move |task: &TaskMeta<'_>| {
        let _ = tell.send(task.id());
    };
    let builder = &mut Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).on_task_stranded(hook).build().map_err(|error| error.to_string())?;
    let job = runtime.spawn(Sleep { deadline: Instant::now() + SECOND });
    let stranded = told.recv_timeout(GRACE).map_err(|_| "no task was told of as stranded".to_owned())?;
    let dump = runtime.handle().dump().to_string();
    job.abort();
    if stranded == job.id() { Ok(dump) } else { Err(format!("another task is stranded: {dump}")) }
}

/// Polls the jobs, waits in vain, says why, and then prints the numbers after all.
pub(crate) fn run(task: &Task) -> Result<Vec<Row>, String> {
    let mut holders = 0;
    let mut row = task.measured("", SECOND, |sheet| {
        let deadline = Instant::now() + SECOND;
        let jobs = (1..=task.jobs).map(|n| async move {
            sheet.counted(n, Sleep { deadline }).await;
            sheet.print(n);
        });
        let mut all = JoinFuture::new(jobs);

        let alarm = Arc::new(Alarm { rung: AtomicBool::new(false), thread: thread::current() });
        let waker = Waker::from(alarm.clone());
        let mut cx = Context::from_waker(&waker);
        let before = Arc::strong_count(&alarm);
        if Pin::new(&mut all).poll(&mut cx).is_ready() {
            return Err("the jobs were ready at once: nobody slept".to_owned());
        }
        holders = Arc::strong_count(&alarm) - before;
        let rang = rang_within(&alarm, GRACE);
        if rang || holders != 0 || sheet.numbers().count() != 0 {
            return Err(format!(
                "it should hang, but rang: {rang}, wakers kept: {holders}, printed: {}",
                sheet.numbers().count()
            ));
        }

        match Pin::new(&mut all).poll(&mut cx) {
            Poll::Ready(()) => Ok(()),
            Poll::Pending => Err("a poll past the deadline should have found every job ready".to_owned()),
        }
    })?;
    row.ending = Ending::Hangs;
    let jobs = grouped(task.jobs as u64);
    #[cfg(target_pointer_width = "64")]
    let report = format!(" Spawned on fusee, one is told of at once, and a dump says:\n{}", reported()?);
    // On others wakers are not counted.
    #[cfg(not(target_pointer_width = "64"))]
    let report = "";
    row.note = Some(format!(
        "hangs: {GRACE:?} after the start nothing had called the waker, and nothing could: {holders} of the {jobs} \
         pending jobs kept it. Polled once more by hand, all of them print.{report}"
    ));
    Ok(vec![row])
}
