//! Rung 1, `job`: a future written by hand.
//!
//! A job sleeps one second and then prints its number. As an `async` block that is two lines; here is what the
//! compiler makes of them. A future is a value with one method, `poll`, that somebody calls. It either answers
//! `Ready`, or it answers `Pending` and has seen to it that the waker in `cx` is called once it is worth asking
//! again.
//!
//! `JobFuture` keeps no waker itself. It polls the sleep inside it with the *same* `cx`, so the sleep gets the waker of
//! whoever polls the job; and as long as the sleep is pending, so is the job. That is how all futures nest: the leaf
//! keeps the waker, everything above it passes `Pending` up.
//!
//! Why `Pin<Box<S>>`: a future may point into itself (an `async` block does, across an `await`), so it must not move
//! once it was polled. The box gives it a fixed place on the heap, and the job, which holds a mere pointer, can move
//! as it likes.
//!
//! This rung runs on the finished runtime. What the runtime has to do for it, the next rungs find out one mistake at
//! a time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::SECOND;
use crate::measure::{Row, Task};
use crate::sheet::Sheet;

/// Sleeps, then prints its number.
pub(crate) struct JobFuture<S> {
    number: usize,
    sheet: &'static Sheet,
    sleep: Pin<Box<S>>,
}

impl<S> JobFuture<S> {
    /// The job `number`, which prints on `sheet` after `sleep`.
    pub(crate) fn new(number: usize, sheet: &'static Sheet, sleep: S) -> Self {
        Self { number, sheet, sleep: Box::pin(sleep) }
    }
}

impl<S: Future> Future for JobFuture<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // `ready!` returns `Pending` to our caller for as long as the sleep says so.
        ready!(self.sleep.as_mut().poll(cx));
        self.sheet.print(self.number);
        Poll::Ready(())
    }
}

/// Joins the jobs on the runtime.
pub(crate) fn run(task: &Task) -> Result<Vec<Row>, String> {
    let row = task.measured("", SECOND, |sheet| {
        fusee::runtime::block_on(async {
            let job = |n| JobFuture::new(n, sheet, sheet.counted(n, fusee::time::sleep(SECOND)));
            futures::future::join_all((1..=task.jobs).map(job)).await;
        });
        Ok(())
    })?;
    Ok(vec![row])
}
