//! Rung 2, `join`: waiting for many futures at once, written by hand.
//!
//! `JoinFuture` owns its children and is ready once they all are. On each poll it polls *every* child that is left,
//! drops those that are ready, and answers `Pending` while any remain. Each child got the waker of the join itself,
//! so whichever child wakes first, the join is polled, and finds out who it was by asking all of them.
//!
//! That is right, and for a thousand jobs whose sleeps end together it is even cheap: they all wake, the join is
//! polled a few times, done. Let the sleeps end one after the other and the cost shows: each wake-up polls all the
//! children still pending, n + (n − 1) + … ≈ n²/2 polls in all. `join_all` from the futures crate gives every child a
//! waker of its own, which notes *which* child woke, and polls only that one: two polls a child, however they end.
//!
//! So this rung prints four rows: both joins with sleeps that end together, and (up to a few thousand jobs, for a
//! square grows) both with sleeps that end 100 µs apart; the time past is then counted from the end of the longest
//! sleep.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use fusee::time::{Instant, Sleep, sleep_until};
use futures::future::join_all;

use crate::SECOND;
use crate::job::JobFuture;
use crate::measure::{Row, Task};
use crate::sheet::{Counted, Sheet};

/// Past this many jobs, the rows whose polls grow with the square are left out.
const STAGGERED_MOST: usize = 5_000;

/// How far apart the staggered sleeps end.
const STAGGER: Duration = Duration::from_micros(100);

/// Ready once all its children are.
pub(crate) struct JoinFuture<F> {
    children: Vec<Pin<Box<F>>>,
}

impl<F> JoinFuture<F> {
    /// Joins `children`.
    pub(crate) fn new(children: impl Iterator<Item = F>) -> Self {
        Self { children: children.map(Box::pin).collect() }
    }
}

impl<F: Future<Output = ()>> Future for JoinFuture<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.children.retain_mut(|child| child.as_mut().poll(cx).is_pending());
        if self.children.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The jobs of one row: their sleeps end at once, or one after the other.
fn jobs(
    sheet: &'static Sheet,
    count: usize,
    stagger: Duration,
) -> impl Iterator<Item = JobFuture<Counted<Sleep>>> + use<> {
    let start = Instant::now();
    let after = move |n: usize| SECOND + stagger * u32::try_from(n).unwrap_or(u32::MAX);
    (1..=count).map(move |n| JobFuture::new(n, sheet, sheet.counted(n, sleep_until(start + after(n)))))
}

/// Joins the jobs by hand and with `join_all`, their sleeps ending together and apart.
pub(crate) fn run(task: &Task) -> Result<Vec<Row>, String> {
    let count = task.jobs;
    let mut rows = Vec::new();
    for (what, stagger) in [("together", Duration::ZERO), ("apart", STAGGER)] {
        if !stagger.is_zero() && count > STAGGERED_MOST {
            break;
        }
        let longest = SECOND + stagger * u32::try_from(count).unwrap_or(u32::MAX);
        rows.push(task.measured(&format!("JoinFuture, {what}"), longest, |sheet| {
            fusee::runtime::block_on(async { JoinFuture::new(jobs(sheet, count, stagger)).await });
            Ok(())
        })?);
        rows.push(task.measured(&format!("join_all, {what}"), longest, |sheet| {
            fusee::runtime::block_on(async { join_all(jobs(sheet, count, stagger)).await });
            Ok(())
        })?);
    }
    Ok(rows)
}
