//! Rung 4, `busy_wake`: a sleep that wakes itself.
//!
//! The waker must be called, so call it: at once, in every poll that is not ready. The promise behind `Pending` is
//! kept, the hang is gone, every number appears. But "wake me" means "ask me again now", so the executor never rests:
//! it polls a thousand sleeps round and round, millions of times, to learn a thousand times that a second has passed.
//! The CPU time in the table is the price: a whole core for as long as anything sleeps.
//!
//! What a sleep needs is somebody else who calls the waker, and *later*. The next rung finds somebody.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures::future::join_all;

use crate::SECOND;
use crate::block_on::block_on;
use crate::measure::{Row, Task};

/// Pending until the deadline, and asks to be polled again right away.
struct Sleep {
    deadline: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.deadline {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Joins the jobs on one thread, which never rests.
pub(crate) fn run(task: &Task) -> Result<Vec<Row>, String> {
    let row = task.measured("", SECOND, |sheet| {
        let jobs = (1..=task.jobs).map(|n| async move {
            sheet.counted(n, Sleep { deadline: Instant::now() + SECOND }).await;
            sheet.print(n);
        });
        block_on(join_all(jobs));
        Ok(())
    })?;
    Ok(vec![row])
}
