//! Rung 7, `busy_loop`: an event loop of our own, without a single waker.
//!
//! Who needs a waker, if the loop asks everybody anyway? This one owns the jobs, polls each in turn, drops those that
//! are ready, and starts over until none is left. The context it polls with holds a waker that does nothing
//! (`Waker::noop`), and the sleep is the one from `never_wakes`: it looks at the clock and keeps no waker. What was a
//! hang there is right here, for a waker is an agreement between a future and its executor, and this executor never
//! waits for a call.
//!
//! No second thread, no channel, twenty thousand jobs: all fine, and a core burnt as in `busy_wake`. But the loop now
//! knows every job. If it also knew the next deadline, it could sleep until then: the next rung.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::SECOND;
use crate::measure::{Row, Task};

/// Pending until the deadline.
struct Sleep {
    deadline: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.deadline { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Polls all of `jobs`, over and over, until none is left.
fn run_to_end<F: Future<Output = ()>>(mut jobs: Vec<Pin<Box<F>>>) {
    let mut cx = Context::from_waker(Waker::noop());
    while !jobs.is_empty() {
        jobs.retain_mut(|job| job.as_mut().poll(&mut cx).is_pending());
    }
}

/// Runs the jobs on the loop, which never rests.
pub(crate) fn run(task: &Task) -> Result<Vec<Row>, String> {
    let row = task.measured("", SECOND, |sheet| {
        let jobs = (1..=task.jobs).map(|n| async move {
            sheet.counted(n, Sleep { deadline: Instant::now() + SECOND }).await;
            sheet.print(n);
        });
        run_to_end(jobs.map(Box::pin).collect());
        Ok(())
    })?;
    Ok(vec![row])
}
